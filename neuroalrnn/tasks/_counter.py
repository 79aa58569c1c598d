"""A counter between two limits: what an agent believes, or how engaged it is.

A step is added to the counter on every trial, and the sum is cut at the limits. Cutting and adding
over several trials is one addition and one cut, so that the level after a change in the past has a
closed form.
"""

import numpy as np


def count(steps: np.ndarray, limit: float, start: float) -> np.ndarray:
    """Compute the level of the counter before every trial.

    Parameters
    ----------
    steps : array, shape (session, trial)
        What is added after each trial.
    limit : float
        The level is kept between ``-limit`` and ``limit``.
    start : float
        Level before the first trial.

    Returns
    -------
    array, shape (session, trial)
    """
    level = np.full(steps.shape, start)
    for t in range(1, steps.shape[1]):
        level[:, t] = np.clip(level[:, t - 1] + steps[:, t - 1], -limit, limit)
    return level


def count_otherwise(
    level: np.ndarray, steps: np.ndarray, other: np.ndarray, lag: int, limit: float
) -> np.ndarray:
    """Compute the level if the step of `lag` trials before had been another.

    Parameters
    ----------
    level, steps : array, shape (session, trial)
        As it was, see `count`.
    other : array, shape (session, trial)
        What is added instead.
    lag : int
        1 or more.
    limit : float
        The level is kept between ``-limit`` and ``limit``.

    Returns
    -------
    array, shape (session, trial)
        NaN on the first `lag` trials.
    """
    n_trials = steps.shape[1] - lag
    shift, low, high = np.zeros(1), np.array(-np.inf), np.array(np.inf)
    for later in range(1, lag):
        step = steps[:, later : later + n_trials]
        shift = shift + step
        low, high = (np.clip(edge + step, -limit, limit) for edge in (low, high))
    begin = np.clip(level[:, :n_trials] + other[:, :n_trials], -limit, limit)
    after = np.full(steps.shape, np.nan)
    after[:, lag:] = np.clip(begin + shift, low, high)
    return after
