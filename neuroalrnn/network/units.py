"""Which PWL unit of one network is which of another that runs over the same steps."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import linear_sum_assignment

from neuroalrnn.exceptions import DataError


def match_units(first: ArrayLike, second: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Pair units one to one by the size of their correlation (Hungarian method).

    The size counts, not the sign: a rectified unit may return mirrored, since
    ``r(q) = q + r(-q)`` and linear units make up for the difference.

    Parameters
    ----------
    first : array, shape (..., unit)
        Latents of units, NaN where there is no step.
    second : array, shape (..., other unit)
        Latents of as many units or more at the same steps; steps that either lacks do not count.

    Returns
    -------
    order : int array, shape (unit,)
        Unit of `second` for every unit of `first`.
    correlation : array, shape (unit,)
        Pearson correlations of the pairs, with their signs; 0 where a unit does not vary.

    Raises
    ------
    DataError
        Other steps, or fewer units in `second`.

    Examples
    --------
    >>> order, correlation = match_units([[0.0, 1.0], [1.0, 0.0]], [[-1.0, 5.0], [1.0, 6.0]])
    >>> order.tolist(), correlation.tolist()
    ([0, 1], [1.0, -1.0])
    """
    first, second = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    fits = first.ndim == second.ndim > 1 and first.shape[:-1] == second.shape[:-1]
    if not fits or first.shape[-1] > second.shape[-1]:
        raise DataError(
            f"units of shapes {first.shape} and {second.shape}: expected the same steps, and at "
            "least as many units in the second"
        )
    both = np.isfinite(first).all(axis=-1) & np.isfinite(second).all(axis=-1)
    one, other = _standardised(first[both]), _standardised(second[both])
    correlation = one.T @ other / max(len(one), 1)
    unit, order = linear_sum_assignment(np.abs(correlation), maximize=True)
    return order, correlation[unit, order]


def _standardised(values):
    if not len(values):
        return values
    centred, size = values - values.mean(axis=0), values.std(axis=0)
    return np.where(size > 0, centred / np.where(size > 0, size, 1.0), 0.0)
