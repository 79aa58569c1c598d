"""How close latents come to where a regime ends: labels near a boundary are fragile.

The regime changes where a PWL unit crosses 0, so that ``|z_i|``, in units of the spread of that
unit, says how much would have to change for another label. Definitions of this package.
"""

import numpy as np
import pandas as pd
import xarray as xr

from neuroalrnn.exceptions import DataError
from neuroalrnn.regimes import ABSENT
from neuroalrnn.regimes.steps import require_steps, steps_in_order, with_variables
from neuroalrnn.results.fold import label_steps

FRAGILE = 0.1


def boundary_distance(latents, n_pwl: int, *, scale=None) -> np.ndarray:
    """Distance to the nearest boundary of the regime, ``min_i |z_i| / sd(z_i)`` over PWL units.

    Parameters
    ----------
    latents : array (..., latent)
        Of one network; the PWL units are the last `n_pwl`. NaN where there is no step.
    n_pwl : int
    scale : array (n_pwl,), optional
        Standard deviations; those over all present steps of `latents` if absent.

    Returns
    -------
    distance : array (...)
        In standard deviations of the nearest unit; infinite without PWL units, and for a unit that
        never changes; NaN where there is no step.

    Raises
    ------
    DataError
        No step is present, more PWL units than latents, or a scale that is none.
    """
    latents = np.asarray(latents, dtype=float)
    absent = np.isnan(latents).any(axis=-1)
    if not 0 <= n_pwl <= latents.shape[-1]:
        raise DataError(f"n_pwl: found {n_pwl}, expected 0 to {latents.shape[-1]}")
    if absent.all():
        raise DataError("distance to the boundary: found no present step")
    units = latents[..., latents.shape[-1] - n_pwl :]
    scale = units[~absent].std(axis=0) if scale is None else np.asarray(scale, dtype=float)
    if scale.shape != (n_pwl,) or not (np.isfinite(scale) & (scale >= 0)).all():
        raise DataError(f"scale: found {scale}, expected {n_pwl} standard deviations")
    # Rounding makes the spread of a constant unit tiny rather than zero.
    moves = scale > 1e-12 * np.abs(units[~absent]).max(axis=0, initial=0.0)
    size = np.divide(np.abs(units), scale, out=np.full(units.shape, np.inf), where=moves)
    return np.where(absent, np.nan, size.min(axis=-1, initial=np.inf))


def compute_boundary_distance(fit) -> xr.DataArray:
    """Distance to the nearest boundary along every held-out trajectory.

    Each trial has the distance under the network that never saw its group. Standard deviations are
    those of that network's latents over all trials, so that a fold with few trials has a scale too.

    Parameters
    ----------
    fit : Fit

    Returns
    -------
    distance : DataArray (trial, step)
        See `boundary_distance`; with the trial coordinates of the fitted dataset.
    """
    values = np.full(fit.sequences.trial.shape, np.nan)
    for fold in [each for each in fit.folds if each.is_test.any()]:
        distance = boundary_distance(fold.latents, fold.network.n_pwl)
        values[fold.is_test] = distance[fold.is_test]
    return label_steps(fit, fit.sequences, values, name="boundary_distance")


def compute_fragile_share(
    distance: xr.DataArray, trials=None, *, by=("step",), limit: float = FRAGILE
) -> pd.DataFrame:
    """Share of steps so close to a boundary that their regime is fragile.

    Parameters
    ----------
    distance : DataArray (trial, step)
        From `compute_boundary_distance`; NaN where there is no step.
    trials : Dataset, optional
        Holds the variables named in `by`.
    by : sequence of str
        As in `neuroalrnn.regimes.compute_occupancy`.
    limit : float
        Standard deviations below which a step is fragile.

    Returns
    -------
    shares : DataFrame
        subject, the columns of `by`, fragile_share, median_distance (standard deviations), n_steps,
        limit.

    Raises
    ------
    DataError
        A limit that is not positive, or an unknown variable.
    """
    if not limit > 0:
        raise DataError(f"limit: found {limit}, expected a positive number")
    require_steps(distance)
    distance = distance.transpose("trial", "step")
    present = distance.copy(data=np.where(distance.isnull(), ABSENT, 0))
    steps = with_variables(steps_in_order(present, trials), by, present, trials)
    steps["distance"] = distance.to_numpy()[steps["row"], steps["column"]]
    steps["fragile"] = steps["distance"] < limit
    keys = list(dict.fromkeys(["subject", *by]))
    shares = steps.groupby(keys, sort=True, observed=True).agg(
        fragile_share=("fragile", "mean"),
        median_distance=("distance", "median"),
        n_steps=("distance", "size"),
    )
    return shares.reset_index().assign(limit=limit)
