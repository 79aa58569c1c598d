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
