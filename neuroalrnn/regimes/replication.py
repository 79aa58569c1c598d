"""Which trials are compared with which, and what a statement is replicated over."""

import numpy as np
import pandas as pd

from neuroalrnn.data.lags import reaches
from neuroalrnn.data.orders import connected, session_orders, stimulus_names
from neuroalrnn.data.schema import is_after_choice
from neuroalrnn.exceptions import DataError, NotTestableError, problems
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
    places = np.stack([place for _, place in parts], axis=1)
    used, place = np.unique(places, axis=0, return_inverse=True)
    texts = [[names[k] for k in column] for (names, _), column in zip(parts, used.T, strict=True)]
    return np.array([", ".join(each) for each in zip(*texts, strict=True)])[place.ravel()]


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
    trials = fit.trials
    held = label_nuisances(fit) if held is None else held
    first = np.cumsum([0, *(len(used) for used, _ in held)])
    session, subject = trials["session"].values, trials["subject"].values
    columns = trend_columns(session, subject, degree, n_before=int(first[-1]))
    for start, (_, place) in zip(first, held, strict=False):
        columns[np.arange(len(columns)), start + place] = 1.0
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
    both = np.char.add(np.char.add(now, " after "), _of_previous_trial(trials, now))
    before = _of_previous_trial(trials, cells(trials, everything))
    since = np.minimum(_trials_since_reset(fit), FIRST_TRIALS)
    held = [np.unique(labels, return_inverse=True) for labels in (both, before, since)]
    for what, (used, _) in zip(("stimuli of two trials", "inputs"), held, strict=False):
        n_combinations = len(used)
        if n_combinations > MOST_COMBINATIONS:
            raise NotTestableError(
                f"the {what} take {n_combinations} combinations, more than {MOST_COMBINATIONS}: "
                "they cannot be held constant, so an effect could be theirs"
            )
    return held


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
    return np.array([first[name] == name for name in fit.trials["subject"].values.astype(str)])


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
