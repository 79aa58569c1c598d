"""Slow points: where the network moves least under constant inputs, regime by regime."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.optimize import lsq_linear
from scipy.spatial import cKDTree

from neuroalrnn.exceptions import DataError, problems
from neuroalrnn.mechanism.dynamics._regions import compute_drives
from neuroalrnn.network.maps import compute_jacobian
from neuroalrnn.network.run import Network
from neuroalrnn.regimes import compute_regimes, used_regimes

STILL = 1e-9


class SlowPoints(NamedTuple):
    """Slow points of the regimes that trajectories visit.

    Parameters
    ----------
    table : DataFrame, three rows per regime
        ``code, n_visits`` (latents in it), ``kind`` ("regime": slowest point of the whole regime;
        "box": slowest point of the box that the visiting latents span; "visited": slowest of these
        latents), ``is_exact`` (solved for, and the solver came to its end; not
        sampled), ``speed`` (``|F(z) - z|`` per step, units of
        the latents), ``is_fixed_point``, ``is_local_minimum`` (of the speed, in all directions;
        else the flow slows down further beyond the edge), ``is_unique`` (``J - I`` has full rank;
        else the point nearest to the mean visiting latent is given), ``n_on_edge`` (latents that
        are 0 at the edge of the regime, or at an edge of the box), ``distance`` (to the nearest
        latent of any regime, each latent in units of its standard deviation).
    points : array, shape (row, latent)
        Point of each row of the table.
    """

    table: pd.DataFrame
    points: np.ndarray


def compute_slow_points(
    network: Network, latents: np.ndarray, *, inputs: np.ndarray | None = None
) -> SlowPoints:
    """Find the slowest points under constant inputs in every visited regime.

    Inside a regime ``|F(z) - z|^2 = |(J_S - I) z + g|^2`` with ``g = C s + h`` is convex, and a
    regime (or a box in it) bounds single latents only: least squares with bounds finds its smallest
    value exactly (Stark & Parker 1995). Fixed points are slow points of speed 0. Which points are
    reported is a definition of this package.

    Parameters
    ----------
    network : Network
        Trained network.
    latents : array, shape (..., latent)
        Visited; NaN where there is no step.
    inputs : array, shape (feature,), optional
        Constant, as encoded; zeros if absent.

    Returns
    -------
    SlowPoints
        Three points of each visited regime.

    Raises
    ------
    DataError
    """
    latents = np.asarray(latents, dtype=float)
    drive = _check(network, latents, inputs)
    latents = latents.reshape(-1, latents.shape[-1])
    latents = latents[~np.isnan(latents).any(axis=1)]
    regimes = compute_regimes(latents, network.n_pwl)
    spread = latents.std(axis=0)
    spread[spread == 0] = 1.0
    nearest = cKDTree(latents / spread)
    rows, points = [], []
    for code in used_regimes(regimes):
        visiting = latents[regimes == code]
        for kind, found in _candidates(network, int(code), visiting, drive).items():
            point, edges, is_exact = found
            distance = nearest.query(point / spread)[0]
            head = (int(code), len(visiting), kind, is_exact)
            rows.append((*head, *_describe(network, int(code), point, drive), edges, distance))
            points.append(point)
    names = ["code", "n_visits", "kind", "is_exact", "speed", "is_fixed_point", "is_local_minimum"]
    names += ["is_unique", "n_on_edge", "distance"]
    return SlowPoints(pd.DataFrame(rows, columns=names), np.array(points))


def _check(network, latents, inputs):
    found = []
    n_latent = len(network.bias)
    if latents.ndim < 1 or latents.shape[-1] != n_latent:
        found.append(f"latents: found shape {latents.shape}, expected (..., {n_latent})")
    elif np.isinf(latents).any():
        found.append("latents: found infinite values")
    elif np.isnan(latents).any(axis=-1).all():
        found.append("latents: found no step")
    if np.ndim(inputs) > 1:
        found.append(f"inputs: found shape {np.shape(inputs)}, expected constant ones (feature,)")
    if found:
        raise problems(DataError, "slow points", found)
    return compute_drives(network, inputs)[0]


def _candidates(network, code, visiting, drive):
    """Point, number of edges that it lies on, and whether it is exact, by kind."""
    flow = compute_jacobian(network, code) - np.eye(len(drive))
    low, high = _edges(network, code)
    speed = np.linalg.norm(visiting @ flow.T + drive, axis=1)
    box = np.maximum(low, visiting.min(axis=0)), np.minimum(high, visiting.max(axis=0))
    return {
        "regime": _slowest(flow, drive, low, high, visiting.mean(axis=0)),
        "box": _slowest(flow, drive, *box, visiting.mean(axis=0)),
        "visited": (visiting[speed.argmin()], 0, False),
    }


def _edges(network, code):
    """Bounds (latent,) of a regime: PWL units above 0 where on, below where off."""
    low, high = np.full((2, len(network.bias)), [[-np.inf], [np.inf]])
    for unit in range(network.n_pwl):
        edge = low if code >> unit & 1 else high
        edge[len(network.bias) - network.n_pwl + unit] = 0.0
    return low, high


def _slowest(flow, drive, low, high, centre):
    """Least squares between bounds; of several solutions the one nearest to the centre."""
    free = low < high
    point = np.where(free, centre, low)
    if not free.any():
        return point, len(point), True
    bounds = (low - point)[free], (high - point)[free]
    target = -drive - flow @ point
    most = 100 * len(point)
    fit = lsq_linear(flow[:, free], target, bounds, method="bvls", tol=1e-14, max_iter=most)
    point[free] += fit.x
    # a latent held at a bound is put on it, free of rounding
    held = np.where(free, 0, -1)
    held[free] = fit.active_mask
    point = np.where(held < 0, low, np.where(held > 0, high, point))
    return point, int((held != 0).sum()), bool(fit.success)


def _describe(network, code, point, drive):
    """Speed, and whether the point is fixed, a local minimum, and the only one of its regime."""
    flow = compute_jacobian(network, code) - np.eye(len(drive))
    step = flow @ point + drive
    scale = np.linalg.norm(drive) + np.linalg.norm(flow) * np.linalg.norm(point)
    speed = np.linalg.norm(step)
    is_fixed = bool(speed <= STILL * scale)
    is_unique = bool(np.linalg.matrix_rank(flow) == len(drive))
    is_minimum = is_fixed or _is_minimum(network, flow, point, step)
    return speed, is_fixed, is_minimum, is_unique


def _is_minimum(network, flow, point, step):
    """No direction lowers the speed at first order, on either side of an edge that is touched."""
    slope = flow.T @ step
    tolerance = np.sqrt(STILL) * np.linalg.norm(flow) * np.linalg.norm(step)
    is_edge = (point == 0) & (np.arange(len(point)) >= len(point) - network.n_pwl)
    below = step * (network.self_slope - 1)
    above = below + network.weight.T @ step
    level = np.abs(slope) <= tolerance
    return bool(np.where(is_edge, (above >= -tolerance) & (below <= tolerance), level).all())
