"""Line and plane attractors: regimes whose map hardly moves the state along some directions."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from neuroalrnn.mechanism.dynamics._regions import (
    compute_bits,
    compute_drives,
    compute_margin,
    find_deepest,
    find_extents,
    is_inside,
    split,
)
from neuroalrnn.network.maps import compute_jacobian
from neuroalrnn.network.run import Network

EXACT, APPROXIMATE = 1e-6, 1e-2


class Attractors(NamedTuple):
    """Fixed points, lines, planes, drifts and slow manifolds of regimes.

    Parameters
    ----------
    table : DataFrame, one row per regime and condition
        ``code, condition, kind`` (isolated, line, plane, drift, slow manifold), ``n_directions``
        (k small singular values of ``I - J_S``), ``singular_ratio`` (smallest to largest singular
        value), ``real, imag`` (of ``J_S``, that nearest to 1) and
        ``distance_to_one`` (its ``|lambda - 1|``): a small singular value and an eigenvalue near 1
        are different facts if ``J_S`` is not normal. ``is_real`` (some of it lies in its region),
        ``margin`` (of ``points``, latent units, positive inside), ``length`` (the largest of
        ``extents``, latent units; 0 if virtual or isolated, NaN if there is none), ``length_sd``
        (in standard deviations of the latents along that direction, NaN without latents),
        ``drift`` (size, latent units per step), ``is_defective`` (the eigenvalue 1 has too few
        eigenvectors: what is held or pushed moves ever faster, ``drift`` of kind drift is NaN).
    points : array, shape (row, latent)
        Isolated: the point. Line, plane, slow manifold: their point deepest in the region. Drift:
        NaN.
    directions : list of array, shape (k, latent)
        Orthonormal; the largest entry is positive.
    extents : list of array, shape (k, 2)
        How far each direction reaches inside the region, both ways from the point; infinite where
        the region does not end, NaN if virtual or a drift.
    drifts : array, shape (row, latent)
        What is added at each step.
    """

    table: pd.DataFrame
    points: np.ndarray
    directions: list
    extents: list
    drifts: np.ndarray


def compute_attractors(
    network: Network,
    codes: Sequence[int],
    *,
    inputs: np.ndarray | None = None,
    latents: np.ndarray | None = None,
    exact: float = EXACT,
    approximate: float = APPROXIMATE,
) -> Attractors:
    """Find the regimes that hold a value, with the directions and how far they reach.

    ``I - J_S = U diag(s) V'`` has k small singular values, below `exact` times the largest. If the
    drive ``g = C s + h`` has no part along the last k columns of U (below `exact` of its size),
    points ``z + V_k c`` stay where they are: a line (k = 1) or plane attractor, clipped to its
    region. Otherwise there is no fixed point and the state drifts by
    ``V_k (U_k' V_k)^-1 U_k' g`` per step. If values are below `approximate` only, ``V_k`` spans a
    slow manifold; no fixed point is claimed, and its drift is the step that the map takes from
    the point that is reported.

    Parameters
    ----------
    network : Network
        Trained network.
    codes : sequence of int
        Regimes, see `neuroalrnn.regimes.compute_regimes`.
    inputs : array, shape (feature,) or (condition, feature), optional
        Constant inputs as encoded; zeros if absent.
    latents : array, shape (..., latent), optional
        Visited states, for lengths in their standard deviations; NaN where there is no step.
    exact, approximate : float
        Limits of a small singular value, relative to the largest.

    Returns
    -------
    Attractors
        Table with one row per regime and condition, and their geometry.

    Raises
    ------
    DataError

    Notes
    -----
    The cases and their limits are a definition of this package.
    """
    found = []
    if not 0 < exact <= approximate < 1:
        found.append(f"expected 0 < exact <= approximate < 1: found {exact}, {approximate}")
    if latents is not None and np.shape(latents)[-1:] != network.bias.shape:
        found.append(f"latents: found shape {np.shape(latents)}, expected (..., latent)")
    if not len(codes):
        found.append("codes: found none, expected at least one regime")
    drives = compute_drives(network, inputs, codes, found)
    visited = np.empty((0, drives.shape[1])) if latents is None else _present(latents)
    rows, parts = [], []
    for code in codes:
        jacobian = compute_jacobian(network, code)
        bits = compute_bits([code], network.n_pwl)[0]
        shape = split(jacobian, exact)
        is_slow = shape.n_small == 0
        shape = split(jacobian, approximate) if is_slow else shape
        facts = _describe(jacobian, shape)
        for condition, drive in enumerate(drives):
            kind, *part = _solve(shape, jacobian, drive, bits, is_slow, exact)
            row = {"code": int(code), "condition": condition, "kind": kind} | facts
            rows.append(row | _describe_size(bits, visited, *part))
            rows[-1]["is_defective"] = not is_slow and _overlap(shape)[1] <= exact
            parts.append(part)
    points, directions, extents, drifts = map(list, zip(*parts, strict=True))
    return Attractors(pd.DataFrame(rows), np.array(points), directions, extents, np.array(drifts))


def _present(latents):
    latents = np.reshape(latents, (-1, np.shape(latents)[-1]))
    return latents[np.isfinite(latents).all(axis=1)]


def _describe(jacobian, shape):
    """Singular values and eigenvalues of a regime, whatever the drive."""
    values = np.linalg.eigvals(jacobian)
    nearest = values[np.abs(values - 1).argmin()]
    return {
        "n_directions": shape.n_small,
        "singular_ratio": shape.values[-1] / shape.values[0] if shape.values[0] else 0.0,
        "real": nearest.real,
        "imag": nearest.imag,
        "distance_to_one": abs(nearest - 1),
    }


def _solve(shape, jacobian, drive, bits, is_slow, exact):
    """Kind, point, directions, extents and drift."""
    directions = _turn(shape.directions())
    point, drift = shape.point(drive), np.zeros(len(drive))
    extents = np.full((len(directions), 2), np.nan)
    if not len(directions):
        return "isolated", point, directions, extents, drift
    is_balanced = np.linalg.norm(shape.push(drive)) <= exact * np.linalg.norm(drive)
    if not is_slow and not is_balanced:
        drift = _drift(shape, drive, exact)
        return "drift", np.full(len(drive), np.nan), directions, extents, drift
    point = find_deepest(point, directions, bits)
    if is_inside(point, bits):
        extents = find_extents(point, directions, bits)
    if is_slow:
        return "slow manifold", point, directions, extents, jacobian @ point + drive - point
    return "line" if len(directions) == 1 else "plane", point, directions, extents, drift


def _overlap(shape):
    """``U_k' V_k`` and its smallest singular value."""
    left = shape.left[:, len(shape.values) - shape.n_small :]
    overlap = left.T @ shape.directions().T
    return overlap, np.linalg.svd(overlap, compute_uv=False)[-1]


def _drift(shape, drive, exact):
    """``V_k (U_k' V_k)^-1 U_k' g``, NaN if left and right vectors are orthogonal."""
    overlap, smallest = _overlap(shape)
    if smallest <= exact:
        return np.full(len(drive), np.nan)
    return np.linalg.solve(overlap, shape.push(drive)) @ shape.directions()


def _turn(directions):
    """Each direction so that its largest entry is positive."""
    largest = np.abs(directions).argmax(axis=1)
    return directions * np.sign(directions[np.arange(len(directions)), largest])[:, None]


def _describe_size(bits, visited, point, directions, extents, drift):
    """Whether a point, line or plane lies in its region, its length and its drift."""
    is_real = bool(is_inside(point, bits))
    length, length_sd = (np.nan if np.isnan(point).any() else 0.0), np.nan
    if is_real and len(directions):
        lengths = extents[:, 1] - extents[:, 0]
        length, longest = lengths.max(), lengths.argmax()
        if len(visited):
            length_sd = length / (visited @ directions[longest]).std()
    return {
        "is_real": is_real,
        "margin": float(compute_margin(point, bits)),
        "length": length,
        "length_sd": length_sd,
        "drift": np.linalg.norm(drift),
    }
