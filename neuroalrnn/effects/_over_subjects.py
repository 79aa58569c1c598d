"""Means over subjects, with their intervals."""

import numpy as np
import pandas as pd
from scipy.stats import t

from neuroalrnn.data.schema import scored_trials


def mean_over_subjects(trials, values, rows=None):
    """Mean over subjects of the mean over their scored trials.

    Parameters
    ----------
    trials : xarray.Dataset
    values : array, shape (trial,)
        NaN where there is none.
    rows : bool array, shape (trial,), optional
        Trials that count; default all that are scored.

    Returns
    -------
    mean, low, high : float
        The mean and its 95 % interval by Student's t; without one for a single subject.
    n_subjects : int
    """
    known = np.isfinite(values) & (scored_trials(trials) if rows is None else rows)
    by_subject = pd.Series(values[known]).groupby(trials["subject"].values[known].astype(str))
    means = by_subject.mean().to_numpy()
    n = len(means)
    if not n:
        return np.nan, np.nan, np.nan, 0
    half = t.ppf(0.975, n - 1) * means.std(ddof=1) / np.sqrt(n) if n > 1 else np.nan
    return means.mean(), means.mean() - half, means.mean() + half, n


def widen(mean, low, high, n_subjects, of_folds):
    """Let an interval over subjects be as wide as one over networks, which were trained on some.

    Subjects who are alike have effects alike, by networks that are wrong alike: how far networks
    are off is told by a jackknife over folds, which leave out other subjects each.

    Parameters
    ----------
    mean, low, high : float
        Mean over subjects and its 95 % interval.
    n_subjects : int
        Number of subjects.
    of_folds : array, shape (fold,)
        The same mean by the network of each fold.

    Returns
    -------
    mean, low, high : float
        The mean as it was.
    n_subjects : int
        As it was.
    """
    n_folds = len(of_folds)
    if n_folds < 2:
        return mean, low, high, n_subjects
    error = (n_folds - 1) / np.sqrt(n_folds) * of_folds.std(ddof=1)
    half = np.nanmax([high - mean, t.ppf(0.975, n_folds - 1) * error])
    return mean, mean - half, mean + half, n_subjects
