"""The phase portrait of a network in a plane through the visited states.

A plane has a centre c and two orthonormal directions. States are projected on it; the flow, the
regions and their boundaries are those of the states that lie in it, ``c + x u_1 + y u_2``. With
more than two latents, a path that runs beside the plane can therefore seem to cross a boundary
where it does not. Definitions of this package.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from neuroalrnn.exceptions import DataError
from neuroalrnn.mechanism.dynamics._regions import compute_drives
from neuroalrnn.mechanism.dynamics.attractors import compute_attractors
from neuroalrnn.mechanism.dynamics.fixed_points import compute_fixed_points
from neuroalrnn.network.run import Network
from neuroalrnn.regimes import ABSENT, compute_regimes, used_regimes

N_PATHS, N_ARROWS, N_CELLS = 12, 14, 200
MARGIN, FARTHEST = 0.08, 2.0
PARALLEL = 1e-6


class Plane(NamedTuple):
    """Two directions through the visited states.

    Parameters
    ----------
    centre : array, shape (latent,)
        Mean of the visited states.
    axes : array, shape (2, latent)
        Orthonormal; the second is 0 if there is one latent only.
    names : (str, str)
        Names of the two directions.
    """

    centre: np.ndarray
    axes: np.ndarray
    names: tuple

    def project(self, states: np.ndarray) -> np.ndarray:
        """Project states on the plane.

        Parameters
        ----------
        states : array, shape (..., latent)
            Any states.

        Returns
        -------
        array, shape (..., 2)
            Coordinates in the plane, in latent units.
        """
        return (states - self.centre) @ self.axes.T

    def lift(self, positions: np.ndarray) -> np.ndarray:
        """Find the states at some coordinates in the plane.

        Parameters
        ----------
        positions : array, shape (..., 2)
            Coordinates in the plane, in latent units.

        Returns
        -------
        array, shape (..., latent)
            The states that lie in the plane there.
        """
        return self.centre + positions @ self.axes


class Portrait(NamedTuple):
    """Paths, regions and flow of a network in a plane; positions are in latent units.

    Regimes are given by their labels, -1 for regimes without one.

    Parameters
    ----------
    plane : Plane
        Plane on which the states are projected.
    limits : array, shape (2, 2)
        Least and largest coordinate of each direction.
    inputs : dict of str -> float
        The constant input of flow, points and lines: features that are not 0.
    paths : DataFrame, one row per step
        ``path, step, x, y, regime``; no rows where there is no step.
    regions : int array, shape (y, x)
        Label at every cell of the frame.
    boundaries : DataFrame, one row per PWL unit whose boundary crosses the frame
        ``unit`` (from 0) and the ends of the line ``z_i = 0``: ``x, y, x_end, y_end``.
    flow : DataFrame, one row per arrow
        ``x, y`` and the step from there, ``dx, dy``.
    points : DataFrame
        Isolated fixed points, all real ones and the virtual ones of labelled regimes: ``code,
        regime, x, y, is_real, is_stable`` (no eigenvalue beyond the unit circle).
    lines : DataFrame
        Directions of lines and planes of fixed points, and of slow manifolds, within their regions:
        ``code, regime, kind, x, y, x_end, y_end``. Those without end reach beyond the frame.
    """

    plane: Plane
    limits: np.ndarray
    inputs: dict
    paths: pd.DataFrame
    regions: np.ndarray
    boundaries: pd.DataFrame
    flow: pd.DataFrame
    points: pd.DataFrame
    lines: pd.DataFrame


def _choose_plane(
    latents: ArrayLike, directions: np.ndarray | None = None, names: tuple[str, str] | None = None
) -> Plane:
    """Choose a plane through the mean of visited states, by default of principal components.

    Parameters
    ----------
    latents : array, shape (..., latent)
        NaN where there is no step.
    directions : array, shape (2, latent), optional
        Such as a slow mode and the read-out. Of the second, the part orthogonal to the first.
    names : (str, str), optional
        Names of the directions.

    Returns
    -------
    Plane
        Centre, directions and their names.

    Raises
    ------
    DataError
        No states, or directions of another shape, zero or parallel.
    """
    states = np.reshape(latents, (-1, np.shape(latents)[-1]))
    states = states[np.isfinite(states).all(axis=1)]
    if not len(states):
        raise DataError("plane: found no states")
    centre = states.mean(axis=0)
    if directions is None:
        axes, usual = _principal_axes(states - centre)
    else:
        axes = _orthonormal(np.asarray(directions, float), len(centre))
        usual = "direction 1", "direction 2"
    return Plane(centre, axes, usual if names is None else tuple(names))


def compute_portrait(
    network: Network,
    latents: np.ndarray,
    *,
    plane: Plane | None = None,
    paths: np.ndarray | None = None,
    inputs: np.ndarray | None = None,
    features: Sequence[str] | None = None,
    labels: Mapping[int, int] | None = None,
) -> Portrait:
    """Compute paths, regions, flow, fixed points and line attractors in a plane.

    Parameters
    ----------
    network : Network
        Trained network.
    latents : array, shape (..., step, latent)
        Visited states; NaN where there is no step.
    plane : Plane, optional
        Default the first two principal components of `latents`.
    paths : array, shape (path, step, latent), optional
        Example trials; default the first 12 of `latents`.
    inputs : array, shape (feature,), optional
        Constant input of flow, fixed points and lines, as encoded; zeros if absent.
    features : sequence of str, optional
        Names of the inputs.
    labels : dict of int -> int, optional
        Label of each code, such as from `neuroalrnn.regimes.held_out.HeldOutRegimes`; default by
        falling use in `latents`.

    Returns
    -------
    Portrait
        The frame holds all paths, and real fixed points that are not farther away than twice its
        size.

    Raises
    ------
    DataError
    """
    latents = np.asarray(latents, float)
    plane = _choose_plane(latents) if plane is None else plane
    paths = latents.reshape(-1, *latents.shape[-2:])[:N_PATHS] if paths is None else paths
    codes = compute_regimes(latents, network.n_pwl)
    labels = _label_by_use(codes) if labels is None else labels
    drive = compute_drives(network, inputs)[0]
    inputs = np.zeros(network.input_weight.shape[1]) if inputs is None else np.asarray(inputs)
    names = [f"input {j}" for j in range(len(inputs))] if features is None else features
    path_table = _describe_paths(network, plane, paths, labels)
    points, folded = _find_points(network, plane, inputs, codes, labels)
    limits = _choose_limits(path_table, points[points["is_real"]])
    cells = _grid(limits, N_CELLS)
    if len(names) != len(inputs):
        raise DataError(f"features: found {len(names)} names of {len(inputs)} inputs")
    return Portrait(
        plane,
        limits,
        {str(name): float(value) for name, value in zip(names, inputs, strict=True) if value},
        path_table,
        _labelled(compute_regimes(plane.lift(cells), network.n_pwl), labels),
        _cut_boundaries(network, plane, limits),
        _compute_flow(network, plane, drive, _grid(limits, N_ARROWS)),
        points,
        _find_lines(network, plane, inputs, np.union1d(used_regimes(codes), folded), labels),
    )


def _principal_axes(centred):
    """First two principal components, largest entries positive, with their share of variance."""
    values, vectors = np.linalg.eigh(centred.T @ centred)
    axes, share = vectors[:, ::-1][:, :2].T, values[::-1][:2] / max(values.sum(), 1e-300)
    axes = axes * np.sign(axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)])[:, None]
    names = [f"PC {i + 1} ({100 * each:.0f} % of variance)" for i, each in enumerate(share)]
    if len(axes) == 1:
        return np.vstack([axes, np.zeros(1)]), ("latent", "")
    return axes, tuple(names)


def _orthonormal(directions, n_latent):
    if directions.shape != (2, n_latent):
        raise DataError(f"directions: found shape {directions.shape}, expected (2, {n_latent})")
    length = np.linalg.norm(directions, axis=1)
    if not (np.isfinite(length).all() and (length > 0).all()):
        raise DataError("directions: found one that is 0 or not finite")
    first, second = directions / length[:, None]
    rest = second - (second @ first) * first
    if np.linalg.norm(rest) <= PARALLEL:
        raise DataError("directions: found parallel ones, they span no plane")
    return np.array([first, rest / np.linalg.norm(rest)])


def _label_by_use(codes):
    found, counts = np.unique(codes[codes != ABSENT], return_counts=True)
    return {int(code): i for i, code in enumerate(found[np.argsort(-counts, kind="stable")])}


def _labelled(codes, labels):
    found, index = np.unique(codes, return_inverse=True)
    return np.array([labels.get(int(code), -1) for code in found])[index].reshape(codes.shape)


def _describe_paths(network, plane, paths, labels):
    paths = np.asarray(paths, float)
    path, step = np.nonzero(np.isfinite(paths).all(axis=-1))
    states = paths[path, step]
    if not len(states):
        raise DataError("paths: found no states")
    x, y = plane.project(states).T
    label = _labelled(compute_regimes(states, network.n_pwl), labels)
    return pd.DataFrame({"path": path, "step": step, "x": x, "y": y, "regime": label})


def _choose_limits(paths, points):
    positions = paths[["x", "y"]].to_numpy()
    low, high = positions.min(axis=0), positions.max(axis=0)
    size = high - low
    size = np.where(size > PARALLEL * size.max(), size, size.max() or 1.0)
    centre = (low + high) / 2
    real = points[["x", "y"]].to_numpy()
    near = real[(np.abs(real - centre) <= FARTHEST * size).all(axis=1)]
    edges = np.vstack([centre - size / 2, centre + size / 2, near])
    margin = MARGIN * np.ptp(edges, axis=0)
    return np.c_[edges.min(axis=0) - margin, edges.max(axis=0) + margin]


def _grid(limits, n):
    """Centres of n x n cells (y, x, 2)."""
    middle = (np.arange(n) + 0.5) / n
    x, y = (low + (high - low) * middle for low, high in limits)
    return np.stack(np.meshgrid(x, y), axis=-1)


def _compute_flow(network, plane, drive, grid):
    states = plane.lift(grid.reshape(-1, 2))
    n_linear = len(drive) - network.n_pwl
    phi = np.c_[states[:, :n_linear], np.maximum(states[:, n_linear:], 0)]
    after = states * network.self_slope + phi @ network.weight.T + drive
    x, y = plane.project(states).T
    dx, dy = (plane.project(after) - plane.project(states)).T
    return pd.DataFrame({"x": x, "y": y, "dx": dx, "dy": dy})


def _cut_boundaries(network, plane, limits):
    rows, first = [], len(plane.centre) - network.n_pwl
    for unit in range(network.n_pwl):
        ends = _clip(plane.centre[first + unit], plane.axes[:, first + unit], limits)
        if len(ends) == 2:
            rows.append((unit, *ends[0], *ends[1]))
    return pd.DataFrame(rows, columns=["unit", "x", "y", "x_end", "y_end"])


def _clip(offset, slope, limits):
    """Ends within a frame of the line ``offset + slope @ position = 0``."""
    found = set()
    for along, across in ((0, 1), (1, 0)):
        if abs(slope[across]) <= 1e-12:
            continue
        for edge in limits[along]:
            other = -(offset + slope[along] * edge) / slope[across]
            if limits[across][0] <= other <= limits[across][1]:
                found.add((edge, other) if along == 0 else (other, edge))
    ends = sorted(found)
    return [ends[0], ends[-1]] if len(ends) > 1 else []


def _find_points(network, plane, inputs, codes, labels):
    """Isolated fixed points, and the codes of regimes with lines or planes of them."""
    found = compute_fixed_points(network, inputs=inputs, regimes=used_regimes(codes))
    found = found.isel(condition=0)
    x, y = plane.project(found["point"].values).T
    code, kind = found["code"].values, found["kind"].values
    table = pd.DataFrame({"code": code, "regime": _labelled(code, labels), "x": x, "y": y})
    table["is_real"] = found["is_real"].values
    table["is_stable"] = found["n_unstable"].values == 0
    shown = (kind == "isolated") & (table["is_real"] | (table["regime"] >= 0))
    return table[shown].reset_index(drop=True), code[np.isin(kind, ("line", "plane"))]


def _find_lines(network, plane, inputs, codes, labels):
    found, rows = compute_attractors(network, codes, inputs=inputs), []
    far = 1e3 * max(np.abs(plane.centre).max(), 1.0)
    parts = zip(
        found.table.itertuples(), found.points, found.directions, found.extents, strict=True
    )
    for row, point, directions, extents in parts:
        if not row.is_real or row.kind not in ("line", "plane", "slow manifold"):
            continue
        for direction, extent in zip(directions, np.clip(extents, -far, far), strict=True):
            ends = plane.project(point + extent[:, None] * direction)
            rows.append((row.code, labels.get(int(row.code), -1), row.kind, *ends.ravel()))
    return pd.DataFrame(rows, columns=["code", "regime", "kind", "x", "y", "x_end", "y_end"])
