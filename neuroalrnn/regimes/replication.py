"""Which trials are compared with which, and what a statement is replicated over."""

import numpy as np
import pandas as pd

from neuroalrnn.data.lags import reaches
from neuroalrnn.data.orders import connected, session_orders, stimulus_names
from neuroalrnn.data.schema import is_after_choice
from neuroalrnn.exceptions import DataError, NotTestableError, problems
from neuroalrnn.stats.null_tests import number_labels
from neuroalrnn.stats.trends import LOWEST, trend_columns

MOST_COMBINATIONS = 80
FIRST_TRIALS = 3


def stimuli(fit):
    """Inputs known before the choice, in the order of the encoding.

    Returns
    -------
    list of str
    """
    return [name for name in fit.encoding["inputs"] if not is_after_choice(fit.trials, name)]


def cells(trials, conditions):
    """Label of each trial's combination of conditions, such as ``"context=1, congruent=-1"``.

    Parameters
    ----------
    trials : xarray.Dataset
    conditions : list of str

    Returns
    -------
    array of str, shape (trial,)

    Raises
    ------
    DataError
        No such numeric variable on trial.
    """
    found = [
        f"{name!r}: expected a variable of trials that holds numbers"
        for name in conditions
        if name not in trials
        or trials[name].dims != ("trial",)
        or trials[name].dtype.kind not in "biuf"
    ]
    if found:
        raise problems(DataError, "conditions", found)
    if not conditions:
        return np.full(trials.sizes["trial"], "all")
    parts = [_told(name, trials[name].values) for name in conditions]
    texts, place = np.array([""]), 0
    for names, own in parts:
        used, place = np.unique(place * len(names) + own, return_inverse=True)
        before, now = np.divmod(used, len(names))
        start = [f"{text}, " if text else "" for text in texts]
        texts = np.array([start[i] + names[k] for i, k in zip(before, now, strict=True)])
    return texts[place]


def _told(name, values):
    """Texts such as "context=1" of the distinct values, and which of them each value has."""
    place, used = pd.factorize(values, use_na_sentinel=False)
    return [f"{name}={value:g}" for value in used], place


def nuisances(fit, degree=LOWEST, held=None):
    """What goes with regimes and with behaviour anyway, as columns of a regression.

    Per trial: its stimuli together with those of the trial before (one column per combination of
    inputs known before the choice, so that repetitions are held constant too), all inputs of the
    trial before (one column per combination; one column where there is none, at the start of a
    session or after trials that were removed), whether it is the first, second or third trial since
    the state was reset, and per session a polynomial in trial number, for learning and fatigue.

    Parameters
    ----------
    fit : Fit
    degree : int
        Of the polynomial, see `neuroalrnn.stats.trends.choose_degree`.
    held : list, optional
        From `label_nuisances` of this fit, where it is known.

    Returns
    -------
    array, shape (trial, column)

    Raises
    ------
    NotTestableError
        If the inputs take more than 80 combinations, as continuous ones do: they cannot be held
        constant this way.
    """
    held = label_nuisances(fit) if held is None else held
    return nuisance_columns(fit, degree, held)(np.arange(fit.trials.sizes["trial"]))


def nuisance_columns(fit, degree, held):
    """Columns of `nuisances` for some trials at a time, as those of all may be many.

    Parameters
    ----------
    fit, degree, held
        See `nuisances`.

    Returns
    -------
    callable
        Takes positions of trials, and returns an array, shape (trial, column).
    """
    trials = fit.trials
    *first, n_labels = np.cumsum([0, *(len(used) for used, _ in held)])
    trends = trend_columns(trials["session"].values, trials["subject"].values, degree)

    def columns(rows):
        found = np.zeros((len(rows), n_labels + trends.shape[1]))
        found[:, n_labels:] = trends[rows]
        for start, (_, place) in zip(first, held, strict=True):
            found[np.arange(len(rows)), start + place[rows]] = 1.0
        return found

    return columns


def label_nuisances(fit):
    """What goes with regimes and behaviour anyway, but for trends; see `nuisances`.

    Parameters
    ----------
    fit : Fit

    Returns
    -------
    list of (array, int array)
        Labels in use, and which of them each trial has: of stimuli, inputs, and time since a reset.

    Raises
    ------
    NotTestableError
        If there are more than 80 labels of stimuli or of inputs.
    """
    trials = fit.trials
    names = stimuli(fit)
    everything = [name for name in fit.encoding["inputs"] if name in trials]
    now = cells(trials, names)
    both = _label_pairs(now, _of_previous_trial(trials, now))
    before = number_labels(_of_previous_trial(trials, cells(trials, everything)))[::-1]
    since = np.minimum(_trials_since_reset(fit), FIRST_TRIALS)
    held = [both, before, np.unique(since, return_inverse=True)]
    for what, (used, _) in zip(("stimuli of two trials", "inputs"), held, strict=False):
        n_combinations = len(used)
        if n_combinations > MOST_COMBINATIONS:
            raise NotTestableError(
                f"the {what} take {n_combinations} combinations, more than {MOST_COMBINATIONS}: "
                "they cannot be held constant, so an effect could be theirs"
            )
    return held


def _label_pairs(now, before):
    """Labels of pairs of labels, in their order, and which of them each trial has."""
    (place, names), (other, others) = number_labels(now), number_labels(before)
    used, place = np.unique(place * len(others) + other, return_inverse=True)
    pairs = zip(*np.divmod(used, len(others)), strict=True)
    labels = np.array([f"{names[i]} after {others[k]}" for i, k in pairs])
    order = np.argsort(labels)
    return labels[order], np.argsort(order)[place]


def _of_previous_trial(trials, labels):
    known = reaches(trials, over_gaps=False)
    return np.where(known, np.roll(labels, 1), "no trial before")


def _trials_since_reset(fit):
    """Trials since the latent state started anew, from 0."""
    trials, sequence = fit.trials, session_labels(fit.trials)
    if fit.carry in ("block", "trial"):
        unit = {"block": "block", "trial": "trial_in_session"}[fit.encoding["carry"]]
        sequence = np.char.add(np.char.add(sequence, "/"), trials[unit].values.astype(str))
    return pd.Series(sequence).groupby(sequence, sort=False).cumcount().to_numpy()


def is_independent(fit):
    """Trials of subjects that stand for themselves in statements about regimes and stimuli.

    Subjects that share a stimulus order present the same inputs: their regimes are (nearly) one
    sequence, not several. The first subject of each such group stands for all of it.

    Parameters
    ----------
    fit : Fit

    Returns
    -------
    bool array, shape (trial,)
    """
    first = independent_groups(fit)
    number, names = number_labels(fit.trials["subject"].values)
    return np.array([first[name] == name for name in names.astype(str)])[number]


def independent_groups(fit):
    """Subjects that share stimulus orders, directly or through others, as one group.

    Parameters
    ----------
    fit : Fit

    Returns
    -------
    dict of str -> str
        First subject of the group of each subject.
    """
    varying = stimulus_names(fit.trials, stimuli(fit))
    alone = {name: name for name in np.unique(fit.trials["subject"].values.astype(str))}
    if not varying:
        return alone
    orders = session_orders(fit.trials, varying)
    return alone | connected(orders["subject"].to_numpy(), orders["order"].to_numpy())


def session_labels(trials):
    """Label "subject/session" of every trial.

    Parameters
    ----------
    trials : xarray.Dataset

    Returns
    -------
    array of str, shape (trial,)
    """
    subject, session = (trials[name].values.astype(str) for name in ("subject", "session"))
    return np.char.add(np.char.add(subject, "/"), session)
