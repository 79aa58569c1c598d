"""The region of latent space of a regime, and the part of a line or plane that lies in it."""

from typing import NamedTuple

import numpy as np
from scipy.optimize import linprog

from neuroalrnn.exceptions import DataError, problems


class Split(NamedTuple):
    """Singular values of ``I - J_S = U diag(s) V'``, the last `n_small` of them taken as 0.

    Attributes
    ----------
    left : array, shape (latent, latent)
        ``U``, columns by falling singular value.
    values : array, shape (latent,)
        ``s``
    right : array, shape (latent, latent)
        ``V'``, rows by falling singular value.
    n_small : int
    """

    left: np.ndarray
    values: np.ndarray
    right: np.ndarray
    n_small: int

    def directions(self):
        """Directions along which the map hardly moves, (direction, latent): rows of ``V'``."""
        return self.right[len(self.values) - self.n_small :]

    def push(self, drive):
        """Part of a drive that no fixed point can balance, (direction,): ``U_k' g``."""
        return drive @ self.left[:, len(self.values) - self.n_small :]

    def point(self, drive):
        """The least ``z`` with ``(I - J_S) z = g``, as far as the other directions allow."""
        kept = slice(len(self.values) - self.n_small)
        return (drive @ self.left[:, kept] / self.values[kept]) @ self.right[kept]


def split(jacobian, tolerance):
    """Singular values of ``I - J``, and how many are at most `tolerance` times the largest.

    Parameters
    ----------
    jacobian : array, shape (latent, latent)
    tolerance : float

    Returns
    -------
    Split
    """
    left, values, right = np.linalg.svd(np.eye(len(jacobian)) - jacobian)
    return Split(left, values, right, int((values <= tolerance * values[0]).sum()))


def compute_drives(network, inputs=None, codes=(), found=()):
    """What constant or periodic inputs add at each step, ``g = C s + h``.

    Parameters
    ----------
    network : Network
    inputs : array, shape (feature,) or (row, feature), optional
        As encoded, a row for each condition or each step of the period; zeros if absent.
    codes : sequence of int
        Regimes that go with them, to be checked.
    found : sequence of str
        Problems of the request that are known already.

    Returns
    -------
    array, shape (row, latent)

    Raises
    ------
    DataError
        Problems were known; parameters or inputs are not finite; inputs do not fit the network;
        there are no such regimes.
    """
    n_features = network.input_weight.shape[1]
    inputs = np.atleast_2d(np.zeros(n_features) if inputs is None else np.asarray(inputs, float))
    found = list(found)
    if not all(np.isfinite(each).all() for each in network[1:5]):
        found.append("network: found parameters that are not finite")
    if inputs.ndim != 2 or not len(inputs) or inputs.shape[1] != n_features:
        found.append(f"inputs: found shape {inputs.shape}, expected (row, {n_features})")
    elif not np.isfinite(inputs).all():
        found.append("inputs: found values that are not finite")
    wrong = [int(code) for code in codes if not 0 <= code < 2**network.n_pwl]
    if wrong:
        found.append(f"codes: found {wrong}, expected 0 to {2**network.n_pwl - 1}")
    if found:
        raise problems(DataError, "network, inputs and regimes", found)
    return inputs @ network.input_weight.T + network.bias


def compute_bits(codes, n_pwl):
    """Which PWL units are on, (regime, n_pwl) of bool."""
    return ((np.asarray(codes)[:, None] >> np.arange(n_pwl)) & 1).astype(bool)


def compute_margin(points, bits):
    """Signed distance of points to the nearest boundary of a region, ``min_i (+-z_i)``.

    Parameters
    ----------
    points : array, shape (..., latent)
    bits : array of bool, shape (..., n_pwl)
        See `compute_bits`.

    Returns
    -------
    array, shape (...)
        Latent units, positive inside; infinite without PWL units, NaN where there is no point.
    """
    pwl = points[..., points.shape[-1] - bits.shape[-1] :]
    margin = np.where(bits, pwl, 0.0 - pwl).min(axis=-1, initial=np.inf)
    return np.where(np.isnan(points).any(axis=-1), np.nan, margin)


def is_inside(points, bits):
    """Whether points lie in their region; 0 counts as off. Shapes as in `compute_margin`."""
    pwl = points[..., points.shape[-1] - bits.shape[-1] :]
    return ((pwl > 0) == bits).all(axis=-1) & np.isfinite(points).all(axis=-1)


def find_deepest(point, directions, bits):
    """The point of a line or plane with the largest margin, by linear programming.

    Among several the one nearest to the given point (sum of absolute steps along directions).
    Margins above twice the largest ``|z_i|`` of the given point (1 if that is 0) count the same.

    Parameters
    ----------
    point : array, shape (latent,)
    directions : array, shape (direction, latent)
        Orthonormal.
    bits : array of bool, shape (n_pwl,)

    Returns
    -------
    array, shape (latent,)
    """
    if not len(bits):
        return point
    slope, height, scale = _inequalities(point, directions, bits)
    n = len(directions)
    limits = np.c_[-slope, np.ones(len(bits))]
    bounds = [(None, None)] * n + [(None, 2)]
    depth = linprog(np.r_[np.zeros(n), -1], A_ub=limits, b_ub=height, bounds=bounds).x[-1]
    # the step is a difference of two that are not negative, so that its size is linear
    nearest = linprog(np.ones(2 * n), A_ub=np.c_[-slope, slope], b_ub=height - depth)
    step = np.zeros(2 * n) if nearest.x is None else nearest.x
    return point + scale * (step[:n] - step[n:]) @ directions


def find_extents(point, directions, bits):
    """How far a line or plane reaches inside a region, by linear programming.

    Parameters
    ----------
    point : array, shape (latent,)
        On it, and in the closed region.
    directions : array, shape (direction, latent)
        Orthonormal.
    bits : array of bool, shape (n_pwl,)

    Returns
    -------
    array, shape (direction, 2)
        Least and largest coordinate along each direction, counted from the point; infinite where
        the region does not end.
    """
    slope, height, scale = _inequalities(point, directions, bits)
    bounds = [(None, None)] * len(directions)
    extents = np.empty((len(directions), 2))
    for side, sign in enumerate((-1, 1)):
        for i, axis in enumerate(np.eye(len(directions))):
            found = linprog(-sign * axis, A_ub=-slope, b_ub=np.maximum(height, 0), bounds=bounds)
            extents[i, side] = scale * found.x[i] if found.status == 0 else sign * np.inf
    return extents


def _inequalities(point, directions, bits):
    """Inside if slope (n_pwl, direction) @ step + height (n_pwl,) >= 0, in units of a scale."""
    sign = np.where(bits, 1.0, -1.0)
    first = len(point) - len(bits)
    scale = np.abs(point).max() or 1.0
    return sign[:, None] * directions[:, first:].T, sign * point[first:] / scale, scale
