"""Means over subjects, with their intervals."""

import numpy as np
from scipy.stats import t

from neuroalrnn.data.schema import scored_trials
from neuroalrnn.stats.null_tests import number_labels


def mean_over_subjects(trials, values, rows=None, moves=None, of_folds=()):
    """Mean over subjects of the mean over their scored trials, as their choices correct it.

    Subjects who are alike have effects alike, by networks that are wrong alike: too small where
    training stopped early. What networks miss is told by the choices of subjects that they never
    saw. Subjects count with their effect as these would move it, see `moves_by_choices`. That takes
    the state of networks as it is; how far it differs between networks is added to the variance.

    Parameters
    ----------
    trials : xarray.Dataset
    values : array, shape (trial,)
        NaN where there is none.
    rows : bool array, shape (trial,), optional
        Trials that count; default all that are scored.
    moves : array, shape (subject,), optional
        What the choices of each subject add, subjects in the order of their names; default nothing.
    of_folds : array, shape (fold,)
        The same mean by the network of each fold.

    Returns
    -------
    mean, low, high : float
        The mean and its 95 % interval by Student's t, over subjects. Of a single one it is a
        jackknife over folds.
    n_subjects : int
    """
    known = np.isfinite(values) & (scored_trials(trials) if rows is None else rows)
    subject, names = number_subjects(trials)
    n_trials = np.bincount(subject[known], minlength=len(names))
    is_known = n_trials > 0
    means = np.bincount(subject[known], values[known], len(names))[is_known] / n_trials[is_known]
    if not len(means):
        return np.nan, np.nan, np.nan, 0
    n = len(means)
    moves = np.zeros(len(names)) if moves is None else moves
    own, others = n / len(names) * moves[is_known] + means, moves[~is_known] / len(names)
    mean = own.mean() + others.sum()
    half = _half(own, others, np.asarray(of_folds))
    return mean, mean - half, mean + half, n


def number_subjects(trials):
    """Number subjects in the order of their names.

    Parameters
    ----------
    trials : xarray.Dataset

    Returns
    -------
    number : int array, shape (trial,)
    names : array, shape (subject,)
    """
    labels = trials["subject"].values
    return number_labels(labels if isinstance(labels[0], str) else labels.astype(str))


def _half(own, others, of_folds):
    """Half of an interval, NaN where neither subjects nor folds are several."""
    n, n_folds = len(own), len(of_folds)
    apart = of_folds.var(ddof=1) if n_folds > 1 else 0.0
    if n == 1:
        error = (n_folds - 1) * np.sqrt(apart / n_folds) if n_folds > 1 else np.nan
        return t.ppf(0.975, n_folds - 1) * error
    error = own.var(ddof=1) / n + (others**2).sum() + apart / max(n_folds, 1)
    return t.ppf(0.975, n - 1) * np.sqrt(error)
