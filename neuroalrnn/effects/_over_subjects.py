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
