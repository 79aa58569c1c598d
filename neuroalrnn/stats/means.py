"""Means over subjects of several quantities at once, with their intervals."""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats


def describe_over_subjects(values: pd.DataFrame, subject: ArrayLike) -> pd.DataFrame:
    """Describe means over subjects of the means over their trials, column by column.

    Parameters
    ----------
    values : pandas.DataFrame
        One row per trial; what is missing is left out.
    subject : array, shape (trial,)
        Subject of each trial.

    Returns
    -------
    pandas.DataFrame
        One row per column of `values`: ``mean``, its 95 % interval by Student's t ``ci_low,
        ci_high`` (NaN for one subject) and ``n_subjects``.
    """
    means = values.groupby(np.asarray(subject).astype(str)).mean()
    n = means.notna().sum()
    error = means.std(ddof=1) / np.sqrt(n)
    half = error * stats.t.ppf(0.975, np.maximum(n - 1, 1))
    mean = means.mean()
    found = {"mean": mean, "ci_low": mean - half, "ci_high": mean + half, "n_subjects": n}
    return pd.DataFrame(found).astype({"n_subjects": "int64"})


def widen_over_folds(described: pd.DataFrame, of_folds: pd.DataFrame) -> pd.DataFrame:
    """Let intervals over subjects be as wide as those over networks, which were trained on some.

    Parameters
    ----------
    described : pandas.DataFrame
        From `describe_over_subjects`.
    of_folds : pandas.DataFrame
        The same means by the network of each fold: one row per fold.

    Returns
    -------
    pandas.DataFrame
        With the wider of the two intervals; that over networks is a jackknife over folds, each of
        which leaves other subjects out.
    """
    n_folds = len(of_folds)
    if n_folds < 2:
        return described
    error = (n_folds - 1) / np.sqrt(n_folds) * of_folds.std(ddof=1)
    own = described["ci_high"] - described["mean"]
    half = np.fmax(own, stats.t.ppf(0.975, n_folds - 1) * error)
    low, high = described["mean"] - half, described["mean"] + half
    return described.assign(ci_low=low, ci_high=high)
