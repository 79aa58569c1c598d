"""What several baselines share: whole sessions, a choice made inside, compiled kernels."""

from functools import cache, wraps

import numpy as np
import pandas as pd

from neuroalrnn.baselines.level import level
from neuroalrnn.data.schema import session_number
from neuroalrnn.exceptions import FitError, problems


def kernel(function):
    """Compile a function on its first call, and keep the compiled code where there is a place."""

    @cache
    def compiled():
        from numba import njit  # a second to import, and only fits need it

        try:
            return njit(nogil=True, cache=True, error_model="numpy")(function)
        except RuntimeError:  # nothing can be written, neither beside the file nor at home
            return njit(nogil=True, error_model="numpy")(function)

    @wraps(function)
    def call(*arguments):
        return compiled()(*arguments)

    return call


def whole_sessions(trials, index):
    """All trials, scored or not, of the sessions that some trials belong to.

    Parameters
    ----------
    trials : xarray.Dataset
    index : int array

    Returns
    -------
    rows : int array, shape (row,)
        Trials in dataset order.
    first : bool array, shape (row,)
        Whether a row is the first of its session.
    """
    session = session_number(trials)
    rows = np.flatnonzero(np.isin(session, session[index]))
    inside = session[rows]
    return rows, np.r_[True, inside[1:] != inside[:-1]][: len(rows)]


def choose_inside(baseline, candidates, trials, train, inner):
    """Choose what a baseline cannot learn from the likelihood of its own training trials.

    Every candidate is fitted and scored on the inner parts. The score is the mean held-out
    log-likelihood per trial of each subject, averaged over subjects; the best one is taken, the
    earlier one where two are equal.

    Parameters
    ----------
    baseline : callable
        ``baseline(trials, train, test, candidate) -> log-probabilities``.
    candidates : sequence
        Simplest first.
    trials : xarray.Dataset
    train : int array
        Scored training trials.
    inner : callable, optional
        ``inner(train)`` lists pairs (fit, validate) of scored trials, whole groups each.

    Returns
    -------
    candidate

    Raises
    ------
    FitError
        If there are several candidates, and no `inner` or no part from it.
    """
    if len(candidates) == 1:
        return candidates[0]
    parts = inner(train) if inner else []
    if not parts:
        text = f"{len(candidates)} candidates and no part to validate on: give `inner`, or one"
        raise problems(FitError, "choice inside", [text])
    choice, subject = trials["choice"].values, trials["subject"].values

    def score(candidate):
        likelihood = []
        for fit, validate in parts:
            value = level(baseline(trials, fit, validate, candidate), trials, fit, validate)
            made = value[np.arange(len(validate)), choice[validate].astype(int)]
            likelihood.append(pd.Series(made, index=subject[validate]))
        likelihood = pd.concat(likelihood)
        # what is not a number must lose
        finite = np.isfinite(likelihood).all()
        return likelihood.groupby(level=0).mean().mean() if finite else -np.inf

    scores = [score(each) for each in candidates]
    if not np.isfinite(scores).any():
        raise problems(FitError, "choice inside", ["no candidate predicts every validation trial"])
    return candidates[int(np.argmax(scores))]
