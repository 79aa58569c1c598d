"""Inputs that tell the choice: alone, two together, and by how well models predict."""

import json
from math import lgamma, log

import numpy as np

from neuroalrnn.data import caution
from neuroalrnn.data.coding import coded
from neuroalrnn.data.schema import is_after_choice, scored_trials
from neuroalrnn.data.terms import parse_terms
from neuroalrnn.exceptions import LeakageWarning

# share of choices
MOST_ERRORS = 0.001
# different values up to which an input is taken level by level, and stretches of sorted values
FEW = 20
# bits by which the choices must be shorter to write down by way of the inputs; of a pair more, as
# there are many pairs
BITS, BITS_OF_PAIR = 15, 30
# trials looked at first, as many of each choice, and share of errors that rules a pair out; then
# trials as they come
GLANCE, GLANCE_ERRORS = 300, 0.1
LOOK, LOOK_ERRORS = 1000, 0.005
MOST_IN_PAIRS = 200
MOST_NAMED = 10
# known after the choice, and with the state that was reached it tells which choice it was
TRANSITIONS = ("common", "transition")


def caution_of_telling_inputs(trials, inputs):
    """Warn of inputs that tell more than 99.9 % of choices, and keep that with the trials.

    Parameters
    ----------
    trials : xarray.Dataset
    inputs : iterable of str
        Variables that the AL-RNN receives; those of the dataset's own terms are looked at, too.

    Returns
    -------
    xarray.Dataset

    Warns
    -----
    LeakageWarning
        If an input taken as known before the choice tells it, or does so together with another one,
        or with the transition that followed. Telling means: at most 20 stretches of its sorted
        values (any number of different values up to 20) go with one choice each, but for 1 in 1,000
        trials, far beyond what chance would do. Beyond 200 inputs, not all pairs are looked at.
    """
    scored = scored_trials(trials)
    choice = np.unique(trials["choice"].values[scored], return_inverse=True)[1]
    names = _known_before(trials, inputs)
    values = {name: coded(trials, name)[0][1][scored] for name in names}
    tells = {name: _share_told([each], choice) for name, each in values.items()}
    found = [
        f"{name}: tells the choice of {_share(share)}. If this is known only after the choice, "
        "list it in after_choice"
        for name, share in tells.items()
        if share
    ]
    rest = {name: each for name, each in values.items() if not tells[name]}
    later = {
        name: coded(trials, name)[0][1][scored]
        for name in TRANSITIONS
        if name in trials and is_after_choice(trials, name)
    }
    paired = dict(list(rest.items())[:MOST_IN_PAIRS])
    pairs = [
        _tell_pair(one, other, share, other in later)
        for one, other, share in _telling_pairs(paired | later, set(later), choice)
    ]
    found += pairs[:MOST_NAMED]
    found += [f"{len(pairs) - MOST_NAMED} more pairs tell the choice"] * (len(pairs) > MOST_NAMED)
    if len(rest) > MOST_IN_PAIRS:
        found.append(
            f"whether two inputs together tell the choice was looked at among the first "
            f"{MOST_IN_PAIRS} of {len(rest)} only"
        )
    return caution(trials, found, LeakageWarning, stacklevel=4)


def perfect_models(trials, options):
    """Name models that predict more than 99.9 % of held-out choices.

    Parameters
    ----------
    trials : xarray.Dataset
    options : dict of str -> array, shape (trial, option)
        Held-out log-probabilities of every model.

    Returns
    -------
    list of str
        One sentence at most; none where almost all choices are the same.
    """
    scored = scored_trials(trials)
    choice = trials["choice"].values[scored].astype(int)
    most = min(MOST_ERRORS * len(choice), (len(choice) - np.bincount(choice).max()) / 2)
    perfect = [
        name
        for name, values in options.items()
        if np.isfinite(values[scored].max(axis=1)).all()
        and (values[scored].argmax(axis=1) != choice).sum() < most
    ]
    if not perfect:
        return []
    return [
        f"{', '.join(perfect)}: more than 99.9 % of held-out choices are predicted. Look for "
        "inputs that hold the choice, alone or two together; what is known only after it belongs "
        "into after_choice"
    ]


def _known_before(trials, inputs):
    terms = json.loads(trials.attrs.get("baselines", "{}")).values()
    used = {
        name
        for each in terms
        for pairs in parse_terms(trials, each)
        for name, lag in pairs
        if lag == 0
    }
    names = dict.fromkeys([*inputs, *sorted(used)])
    return [name for name in names if not is_after_choice(trials, name)]


def _telling_pairs(values, later, choice):
    """Pairs (one, other, share of choices told), after a glance at some trials."""
    names = list(values)
    if len(names) < 2:
        return
    seen = _balanced(choice)
    glance = np.stack([values[name][seen] for name in names], axis=1)
    ranks = _ranks(glance)
    for first in range(len(names) - 1):
        if names[first] in later:
            continue
        others = np.arange(first + 1, len(names))
        likely = np.zeros(len(others), dtype=bool)
        for keys, columns in _joined(glance, ranks, first, others):
            likely[columns] |= _is_likely(keys, choice[seen], GLANCE_ERRORS)
        for second in others[likely]:
            share = _share_told([values[names[each]] for each in (first, second)], choice)
            if share:
                yield names[first], names[second], share


def _balanced(choice):
    """Some trials of every choice, in their order."""
    shuffled = np.random.default_rng(0).permutation(len(choice))
    most = -(-GLANCE // (choice.max() + 1))
    parts = [shuffled[choice[shuffled] == code][:most] for code in np.unique(choice)]
    return np.sort(np.concatenate(parts))


def _is_likely(keys, choice, most):
    errors, stretches, _ = _explain(keys, choice)
    return _wrong(errors, stretches) <= most * len(choice)


def _ranks(table):
    return np.stack([np.unique(each, return_inverse=True)[1] for each in table.T], axis=1)


def _joined(table, ranks, first, others):
    """Keys that order trials by two inputs, shape (trial, pair), and which pairs they are of.

    One input within each level of the other, where that has few; else their product, as they are
    and from their medians.
    """
    own, theirs = ranks[:, [first]], ranks[:, others]
    few = theirs.max(axis=0) < FEW
    if own.max() < FEW:
        yield own * len(table) + theirs, np.arange(len(others))
        return
    if few.any():
        yield theirs[:, few] * len(table) + own, np.flatnonzero(few)
    if not few.all():
        columns = others[~few]
        for each in (table, table - np.median(table, axis=0)):
            yield each[:, [first]] * each[:, columns], np.flatnonzero(~few)


def _share_told(values, choice):
    """Share of choices that one or two inputs tell, 0 where chance could do it."""
    some = np.random.default_rng(0).integers(0, len(choice), LOOK)
    if len(choice) > LOOK and not any(
        _is_likely(keys, choice[some], LOOK_ERRORS)[0]
        for keys in _keys([each[some] for each in values])
    ):
        return 0.0
    bits = BITS if len(values) == 1 else BITS_OF_PAIR
    return max(_told(keys, choice, bits) for keys in _keys(values))


def _keys(values):
    """Columns of keys that order trials by one or two inputs."""
    table = np.stack(values, axis=1)
    if len(values) == 1:
        return [table]
    return [keys for keys, _ in _joined(table, _ranks(table), 0, np.array([1]))]


def _told(keys, choice, bits):
    """Share of choices that one column of keys tells, 0 where chance could do it."""
    n_trials, counts = len(choice), np.bincount(choice)
    errors, stretches, levels = (int(each[0]) for each in _explain(keys, choice))
    wrong = _wrong(errors, stretches if levels > FEW else 0)
    if not wrong < MOST_ERRORS * n_trials:
        return 0.0
    saved = _log_ways(n_trials, *counts) - _log_ways(n_trials, errors, n_trials - errors)
    saved -= _log_ways(levels - 1, stretches - 1, levels - stretches) + stretches * log(len(counts))
    return 1 - wrong / n_trials if saved >= bits * log(2) else 0.0


def _explain(keys, choice):
    """What is left when trials with one key get its commonest choice; per column of keys.

    Returns
    -------
    errors, stretches, levels : int arrays, shape (column,)
        Trials with another choice; stretches of sorted keys with one choice; different keys.
    """
    n_trials, width = keys.shape
    order = np.argsort(keys, axis=0)
    keys = np.take_along_axis(keys, order, axis=0)
    level = np.zeros(keys.shape, dtype=int)
    level[1:] = np.cumsum(keys[1:] != keys[:-1], axis=0)
    n_options = choice.max() + 1
    cell = (np.arange(width) * n_trials + level) * n_options + choice[order]
    counts = np.bincount(cell.ravel(), minlength=width * n_trials * n_options)
    counts = counts.reshape(width, n_trials, n_options)
    commonest, used = counts.argmax(axis=-1), counts.any(axis=-1)
    changes = (commonest[:, 1:] != commonest[:, :-1]) & used[:, 1:]
    return (n_trials - counts.max(axis=-1).sum(axis=-1), 1 + changes.sum(axis=-1), level[-1] + 1)


def _wrong(errors, stretches):
    """Errors, if only so many stretches count; every one beyond takes half a trial at least."""
    return errors + np.maximum(stretches - FEW, 0) / 2


def _log_ways(total, *parts):
    """Logarithm of the number of ways to divide a total into parts."""
    return lgamma(total + 1) - sum(lgamma(part + 1) for part in parts)


def _share(share):
    return "every scored trial" if share == 1 else f"{100 * share:.2f} % of scored trials"


def _tell_pair(one, other, share, is_later):
    if is_later:
        return (
            f"{one}: with {other}, which is known only after the choice, it tells the choice of "
            f"{_share(share)}. Then {one} is known only after the choice, too: list it in "
            "after_choice"
        )
    return (
        f"{one} and {other}: together (as by their product) they tell the choice of "
        f"{_share(share)}. If one of them is known only after the choice, list it in after_choice"
    )
