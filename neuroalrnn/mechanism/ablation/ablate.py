"""Ablation: how much worse a network predicts its test subjects under an intervention.

The cost of an intervention is the held-out log-likelihood per trial that it takes away; nothing is
trained again. Definitions of this package.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from neuroalrnn.data.sequences import Sequences
from neuroalrnn.exceptions import DataError, NotTestableError
from neuroalrnn.mechanism.ablation.replace import REPLACEMENTS, replace_units
from neuroalrnn.mechanism.ablation.summarise import ALL
from neuroalrnn.network.interventions import Intervention
from neuroalrnn.network.scores import Scores, score_trials
from neuroalrnn.results import Fit
from neuroalrnn.results.fold import Fold

# an ablated network may be wrong without bound: log-likelihoods count down to this
FLOOR = float(np.log(1e-12))
# of networks that run at once: more are a little faster, and take the memory of their scores
MOST_STEPS = 1_000_000
# of tables of costs; what divides the trials is called otherwise
COLUMNS = (
    *("fold", "unit", "rank", "replacement", "epoch", "retrained", "n_trials", "cost"),
    *("accuracy_cost", "n_floored", "n_pwl", "n_replaced", "train_cost"),
)
# what to call each intervention, as columns of a table, and what it does
Made = list[tuple[dict, Intervention]]
# a replacement, and the PWL units that have it
UnitSet = tuple[str, frozenset[int]]


def ablate(
    fit: Fit, make: Callable[[Fold, Sequences], Made], *, by: Sequence[str] = ()
) -> pd.DataFrame:
    """Compute the cost of interventions for each test subject.

    Parameters
    ----------
    fit : Fit
        Fit whose networks are taken apart.
    make : callable
        ``make(fold, sequences)`` returns a list of (dict, Intervention): what to call each
        intervention, as columns of the table, and what it does. See `_unit_replacements`.
    by : list of str
        Trial variables whose values divide the trials, such as conditions.

    Returns
    -------
    pandas.DataFrame
        From `_cost_table`, folds one after the other. Folds for which `make` returns nothing, and
        those without a scored choice that was held out, have no rows.

    Raises
    ------
    NotTestableError
        If the fit explains more than choices, or there is no intervention in any fold.
    DataError
        If there is no such variable of trials.
    """
    by = check_by(fit, by)
    folds = [each for each in fit.folds if each.test.scored.any()]
    made = [(fold, make(fold, fold.test)) for fold in folds]
    tables = [_cost_table(fold, fold.test, each, by) for fold, each in made if each]
    if not tables:
        raise NotTestableError("no fold has anything to intervene on, such as a PWL unit")
    return pd.concat(tables, ignore_index=True)


def check_by(fit: Fit, by: Sequence[str]) -> list[str]:
    """Check the names of trial variables whose values divide the trials.

    Parameters
    ----------
    fit : Fit
        Fit whose trials have these variables.
    by : list of str
        Names of trial variables, such as conditions.

    Returns
    -------
    list of str
        The same names without the subject, by which costs are divided in any case.

    Raises
    ------
    DataError
        If there is no such variable of trials, or it has the name of a column of the table.
    """
    if isinstance(by, str):
        raise DataError(f"by: found the text {by!r}, expected a list of names")
    by = [name for name in by if name != "subject"]
    if taken := [name for name in by if name in COLUMNS]:
        raise DataError(f"by: the table has columns {', '.join(taken)} of its own; rename these")
    if unknown := [n for n in by if n not in fit.trials or fit.trials[n].dims != ("trial",)]:
        raise DataError(f"by: the trials have no variable {', '.join(map(repr, unknown))}")
    return by


def _cost_table(
    fold: Fold, sequences: Sequences, made: Made, by: Sequence[str] = ()
) -> pd.DataFrame:
    """Compute the cost of interventions on the network of one fold, for each subject.

    Parameters
    ----------
    fold : Fold
        One fold of a fit, with its network and its subjects.
    sequences : Sequences
        Trials as encoded for the network.
    made : list of (dict, Intervention)
        For these sequences; at least one.
    by : list of str
        Trial variables whose values divide the trials.

    Returns
    -------
    pandas.DataFrame
        One row per intervention, subject and combination of `by`: ``fold``, the names of the
        intervention, `by`, ``subject, n_trials``; ``cost``, nats per trial that the intervention
        takes away (log-likelihoods below log 1e-12 count as that); ``accuracy_cost``, share of
        trials; ``n_floored``, trials with such a log-likelihood under the intervention.
    """

    def score(interventions):
        return score_trials(fold.network, sequences, interventions, available=fold.available)

    def tabulate(some):
        scores = score([each for _, each in some])
        pairs = zip(plain[1:], scores[1:], strict=True)
        scores = Scores(scores.trial, *(np.concatenate(pair) for pair in pairs))
        return tabulate_costs(fold, [name for name, _ in some], scores, by)

    plain = score([Intervention("none")])
    size = max(1, MOST_STEPS // sequences.trial.size)
    parts = [made[start : start + size] for start in range(0, len(made), size)]
    return pd.concat([tabulate(part) for part in parts], ignore_index=True)


def tabulate_costs(
    fold: Fold, names: list[dict], scores: Scores, by: Sequence[str] = ()
) -> pd.DataFrame:
    """Compare scores of several runs with those of the first run, subject by subject.

    Parameters
    ----------
    fold : Fold
        One fold of a fit, with its network and its subjects.
    names : list of dict
        What to call each run but the first, as columns of the table.
    scores : Scores
        Of all runs over the same trials, with a leading axis of runs. The first run is that of the
        network as it was fitted; others are of the same network under interventions, or of other
        networks.
    by : list of str
        Trial variables whose values divide the trials.

    Returns
    -------
    pandas.DataFrame
        See `_cost_table`.
    """
    keys = {name: fold.fit.trials[name].values[scores.trial] for name in [*by, "subject"]}
    groups = pd.DataFrame(keys).groupby(list(keys), dropna=False)
    number = groups.ngroup().to_numpy()
    order = np.argsort(number, kind="stable")
    n_trials = np.bincount(number, minlength=groups.ngroups)
    starts = np.cumsum(n_trials) - n_trials
    floored = np.maximum(scores.log_likelihood, FLOOR)
    floored, accuracy = floored[:, order], scores.accuracy[:, order]
    mean = [np.add.reduceat(values, starts, axis=1) / n_trials for values in (floored, accuracy)]
    is_below = (scores.log_likelihood[1:] < FLOOR)[:, order]
    below = np.add.reduceat(is_below, starts, axis=1, dtype=int)
    named = pd.DataFrame(names)
    table = named.assign(fold=fold.name).merge(groups.size().reset_index()[list(keys)], how="cross")
    return table[["fold", *named, *keys]].assign(
        n_trials=np.tile(n_trials, len(names)),
        cost=(mean[0][0] - mean[0][1:]).ravel(),
        accuracy_cost=(mean[1][0] - mean[1][1:]).ravel(),
        n_floored=below.ravel(),
    )


def _unit_replacements(
    fold: Fold,
    sequences: Sequences,
    *,
    replacements: Sequence[str] = REPLACEMENTS,
    epochs: Mapping[str, int | Sequence[int]] | None = None,
) -> Made:
    """Make interventions that replace every PWL unit, at all steps and in each epoch alone.

    Parameters
    ----------
    fold : Fold
        One fold of a fit, with its network and its subjects.
    sequences : Sequences
        Trials as encoded for the network.
    replacements : sequence of str
        See `replace_units`.
    epochs : dict of str -> int or list of int, optional
        Steps in the trial; default one epoch per step. Besides them there is always "all".

    Returns
    -------
    list of (dict, Intervention)
        Called by ``unit, replacement, epoch``.
    """
    if epochs is None:
        epochs = {str(name): i for i, name in enumerate(sequences.steps)}
    return [
        (
            {"unit": unit, "replacement": replacement, "epoch": epoch},
            replace_units(fold, sequences, unit, replacement, steps),
        )
        for replacement in replacements
        for epoch, steps in {ALL: None, **epochs}.items()
        for unit in range(fold.network.n_pwl)
    ]


def ablate_units(
    fit: Fit,
    *,
    by: Sequence[str] = (),
    replacements: Sequence[str] = REPLACEMENTS,
    epochs: Mapping[str, int | Sequence[int]] | None = None,
) -> pd.DataFrame:
    """Compute the ablation map: which PWL unit matters, when, and for which trials.

    Parameters
    ----------
    fit : Fit
        Fit whose networks are taken apart.
    by : list of str
        Trial variables whose values divide the trials.
    replacements : sequence of str
        Names of replacements, see `replace_units`.
    epochs : dict of str -> int or list of int, optional
        Steps in the trial, see `_unit_replacements`.

    Returns
    -------
    pandas.DataFrame
        As from `ablate`, with ``unit, rank, replacement, epoch``. Rank 1 is the unit whose
        replacement at all steps costs most on the *training* subjects of the fold, as a mean over
        subjects. Units of different folds are different units. Ranks can be compared across folds,
        and do not depend on test subjects.

    Raises
    ------
    NotTestableError, DataError
        As `ablate`; without PWL units there is nothing to ablate.
    """

    def make(fold, sequences):
        ranks = rank_units(fold, replacements)
        made = _unit_replacements(fold, sequences, replacements=replacements, epochs=epochs)
        return [
            ({**name, "rank": ranks[name["replacement"], name["unit"]]}, each)
            for name, each in made
        ]

    return ablate(fit, make, by=by)


def unit_sets(
    n_pwl: int, replacements: Sequence[str], sizes: Iterable[int] = (1,)
) -> list[UnitSet]:
    """List all sets of PWL units of some sizes, each with every replacement.

    Parameters
    ----------
    n_pwl : int
        Number of PWL units.
    replacements : sequence of str
        Names of replacements, see `replace_units`.
    sizes : iterable of int
        Numbers of units in a set.

    Returns
    -------
    list of (str, frozenset)
        For `train_costs`.
    """
    sets = [frozenset(each) for size in sizes for each in combinations(range(n_pwl), size)]
    return [(name, each) for name in replacements for each in sets]


def train_costs(fold: Fold, sets: Sequence[UnitSet]) -> dict[UnitSet, float]:
    """Compute the cost of replacing sets of PWL units, on the training subjects of a fold.

    Parameters
    ----------
    fold : Fold
        Fold whose network is taken; it keeps the costs, so that no set is run twice.
    sets : list of (str, frozenset)
        Replacement and units.

    Returns
    -------
    dict of (str, frozenset) -> float
        Nats per trial, mean over subjects.
    """
    known = fold.recall("train costs", dict)
    new = [each for each in dict.fromkeys(sets) if each not in known]
    if new:
        made = [
            ({"set": index}, replace_units(fold, fold.train, sorted(units), name))
            for index, (name, units) in enumerate(new)
        ]
        mean = _cost_table(fold, fold.train, made).groupby("set")["cost"].mean()
        known.update(zip(new, mean.tolist(), strict=True))
    return {each: known[each] for each in sets}


def rank_units(fold: Fold, replacements: Sequence[str]) -> dict[tuple[str, int], int]:
    """Rank all PWL units by their mean cost over training subjects.

    Parameters
    ----------
    fold : Fold
        One fold of a fit, with its network and its subjects.
    replacements : sequence of str
        Names of replacements, see `replace_units`.

    Returns
    -------
    dict of (str, int) -> int
        Rank of each replacement and unit; 1 costs most.
    """
    units = range(fold.network.n_pwl)
    costs = train_costs(fold, unit_sets(len(units), replacements))
    ranks: dict[tuple[str, int], int] = {}
    for name in replacements:
        gain = {unit: -costs[name, frozenset([unit])] for unit in units}
        falling = sorted(units, key=gain.__getitem__)
        ranks |= {(name, unit): rank for rank, unit in enumerate(falling, start=1)}
    return ranks
