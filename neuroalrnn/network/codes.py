"""Regimes as integers: which PWL units are on, and how many of them matter.

A regime is the sign pattern of the last `n_pwl` latents. It decides the affine map from this step
to the next one. Regimes are integers, ``code = sum_i 2^i [z_i > 0]`` with i = 0 the first PWL unit,
and -1 where a trial has no such step. All definitions here are those of this package.
"""

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from neuroalrnn.exceptions import DataError

Codes = ArrayLike | xr.DataArray
ABSENT = -1
MOST_PWL = 62


def check_codes(regimes: Codes, n_pwl: int | None = None, *, title: str = "regimes") -> np.ndarray:
    """Codes or labels of regimes as an array of integers.

    Parameters
    ----------
    regimes : array or DataArray of int
        Codes or labels of steps, -1 where there is no step.
    n_pwl : int, optional
        Codes must be below ``2^n_pwl``.
    title : str
        What was looked at, for the message.

    Returns
    -------
    values : array of int
        The same values, of the same shape.

    Raises
    ------
    DataError
        Other types than integers, values below -1, or codes of more PWL units.
    """
    values = np.asarray(regimes)
    if values.dtype.kind not in "iu" and values.size:
        raise DataError(
            f"{title}: found {values.dtype}, expected integers, -1 where there is no step; "
            "leave steps out with regimes.where(condition, -1), not with NaN"
        )
    least, largest = (values.min(), values.max()) if values.size else (0, 0)
    if least < ABSENT or (n_pwl is not None and largest >= 2**n_pwl):
        most = "" if n_pwl is None else f" to {2**n_pwl - 1}"
        raise DataError(f"{title}: found {least} to {largest}, expected codes from {ABSENT}{most}")
    return values


def compute_regimes(latents: Codes, n_pwl: int) -> Any:
    """Code the sign pattern of the PWL units.

    ``code = sum_{i < P} 2^i [z_{M - P + i} > 0]``; ``z = 0`` counts as off.

    Parameters
    ----------
    latents : array or DataArray (..., latent)
        Latents, of which the last `n_pwl` are the PWL units; NaN where there is no step.
    n_pwl : int
        Number of PWL units, from 0 (a linear model, one regime) to the number of latents.

    Returns
    -------
    regimes : array or DataArray (...) of int
        Codes, -1 where a latent is NaN. A DataArray keeps its coordinates and has
        ``attrs["n_pwl"]``.

    Raises
    ------
    DataError
    """
    if isinstance(latents, xr.DataArray):
        last = latents.transpose(..., "latent")
        frame = last.isel(latent=0, drop=True)
        codes = compute_regimes(last.to_numpy(), n_pwl)
        return frame.copy(data=codes).rename("regime").assign_attrs(n_pwl=int(n_pwl))
    latents = np.asarray(latents, dtype=float)
    if not latents.ndim:
        raise DataError("latents: found one number, expected (..., latent)")
    n_latent = latents.shape[-1]
    is_whole = isinstance(n_pwl, int | np.integer)
    if not (is_whole and 0 <= n_pwl <= min(n_latent, MOST_PWL)):
        raise DataError(f"n_pwl: found {n_pwl!r}, expected 0 to {min(n_latent, MOST_PWL)}")
    weight = 2 ** np.arange(n_pwl, dtype=np.int64)
    codes = (latents[..., n_latent - n_pwl :] > 0) @ weight
    return np.where(np.isnan(latents).any(axis=-1), ABSENT, codes).astype(np.int64)


def used_regimes(regimes: Codes) -> np.ndarray:
    """Distinct codes in use, in rising order.

    Parameters
    ----------
    regimes : array or DataArray of int
        Codes of the steps, -1 where there is no step.

    Returns
    -------
    codes : array (regime,) of int
        The codes, without that of absent steps.

    Raises
    ------
    DataError
        Other types than integers.
    """
    codes = np.unique(check_codes(regimes))
    return codes[codes != ABSENT]


def compute_duty_cycle(regimes: Codes, n_pwl: int) -> np.ndarray:
    """Compute the share of present steps at which each PWL unit is on.

    Parameters
    ----------
    regimes : array or DataArray of int
        Codes of the steps, -1 where there is no step.
    n_pwl : int
        Number of PWL units.

    Returns
    -------
    duty : array (n_pwl,)
        Share of each unit.

    Raises
    ------
    DataError
        No step is present, or a code has more than `n_pwl` units.
    """
    values = check_codes(regimes, n_pwl, title="duty cycle")
    values = values[values != ABSENT]
    if not values.size:
        raise DataError("duty cycle: found no present step")
    return ((values[:, None] >> np.arange(n_pwl)) & 1).mean(axis=0)


def effective_n_pwl(regimes: Codes, n_pwl: int, *, low: float = 0.01, high: float = 0.99) -> int:
    """Count the PWL units that are neither always on nor always off.

    Parameters
    ----------
    regimes : array or DataArray of int
        Codes of the steps that count.
    n_pwl : int
        Nominal number of PWL units.
    low, high : float
        Duty cycles that count, inclusive.

    Returns
    -------
    n_effective : int
        Number of these units; the others act linearly on these data.
    """
    duty = compute_duty_cycle(regimes, n_pwl)
    return int(((duty >= low) & (duty <= high)).sum())


def flipped_units(regime: int, other: int) -> tuple[int, ...]:
    """List the PWL units that are on in one of two regimes and off in the other.

    Parameters
    ----------
    regime, other : int
        Sign patterns, not labels.

    Returns
    -------
    units : tuple of int
        Positions of the units among the PWL units.

    Raises
    ------
    DataError
        A regime that is no sign pattern.
    """
    if min(regime, other) < 0:
        raise DataError(f"regimes: found {regime} and {other}, expected sign patterns from 0 on")
    code = int(regime) ^ int(other)
    return tuple(i for i in range(code.bit_length()) if code >> i & 1)
