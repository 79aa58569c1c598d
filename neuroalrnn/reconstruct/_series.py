"""Checks of the series that a reconstruction is trained on."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from neuroalrnn.exceptions import DataError, problems


def check_series(series: ArrayLike | Sequence[ArrayLike], window: int) -> list[np.ndarray]:
    """Check one or several series.

    Parameters
    ----------
    series : array, shape (step, dimension), or list of such
        Recordings.
    window : int
        Number of steps that each of them must exceed.

    Returns
    -------
    list of array, shape (step, dimension)
        The series as floats.

    Raises
    ------
    DataError
        If a series is discrete, not finite or too short, or if dimensions differ.
    """
    several = series if isinstance(series, list | tuple) else [series]
    arrays = [np.asarray(each) for each in several]
    faults = [text for k, each in enumerate(arrays) for text in _faults(each, f"[{k}]", window)]
    if not arrays or len({each.shape[1:] for each in arrays}) > 1:
        faults.append("expected at least one, all of the same dimensions")
    if faults:
        raise problems(DataError, "series", faults)
    return [each.astype(float) for each in arrays]


def _faults(series, name, window):
    if series.ndim != 2:
        yield f"{name}: shape {series.shape}, expected (step, dimension)"
    elif series.dtype.kind != "f":
        yield f"{name}: {series.dtype}, expected continuous observations; cast if they are"
    elif not np.isfinite(series).all():
        yield f"{name}: not finite at {np.argwhere(~np.isfinite(series))[0].tolist()}; cut there"
    elif len(series) <= window:
        yield f"{name}: {len(series)} steps, expected more than window = {window}"


def moments(series: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Compute mean and standard deviation of all series together.

    Parameters
    ----------
    series : sequence of array, shape (step, dimension)
        Recordings.

    Returns
    -------
    mean, sd : array, shape (dimension,)
        Mean and standard deviation of each dimension.

    Raises
    ------
    DataError
        If a dimension is constant.
    """
    joined = np.concatenate(series)
    if (np.ptp(joined, axis=0) == 0).any():
        raise DataError("series: constant in a dimension; leave it out")
    return joined.mean(0), joined.std(0)
