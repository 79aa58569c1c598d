"""Transient growth: how far a small change can grow before it decays with the eigenvalues."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.optimize import minimize

from neuroalrnn.exceptions import DataError
from neuroalrnn.network.codes import check_codes
from neuroalrnn.network.maps import ON_CIRCLE, compute_jacobian
from neuroalrnn.network.run import Network
from neuroalrnn.regimes import ABSENT
from neuroalrnn.stats.checks import as_whole_numbers

NEAREST = 1e-6


def compute_growth(network: Network, codes: Sequence[int], n_lags: int = 50) -> pd.DataFrame:
    """Compute how far a small change can grow within single regimes.

    Parameters
    ----------
    network : Network
        Trained network.
    codes : sequence of int
        Regimes, see `neuroalrnn.regimes.compute_regimes`.
    n_lags : int
        Longest lag, steps.

    Returns
    -------
    DataFrame, one row per regime
        ``code, spectral_radius, one_step`` (``|J|_2``), ``peak`` and ``peak_lag`` (largest
        ``|J^k|_2`` over k = 0, ..., n_lags, steps; the last lag if it still grows), ``henrici``
        (`henrici_departure`), ``kreiss`` (`kreiss_constant`).

    Raises
    ------
    DataError
    """
    _check(network, codes, n_lags)
    rows = []
    for code in codes:
        jacobian = compute_jacobian(network, code)
        norms = _power_norms(jacobian, n_lags)
        radius = np.abs(np.linalg.eigvals(jacobian)).max()
        head = (int(code), radius, np.linalg.norm(jacobian, 2), norms.max(), int(norms.argmax()))
        rows.append((*head, henrici_departure(jacobian), kreiss_constant(jacobian)))
    names = ["code", "spectral_radius", "one_step", "peak", "peak_lag", "henrici", "kreiss"]
    return pd.DataFrame(rows, columns=names)


def compute_functional_growth(
    network: Network, codes: Sequence[int], n_lags: int = 50
) -> pd.DataFrame:
    """Compute the effect of an input on the read-out some steps later, ``|B J^k C_j|_2``.

    The regime stays the same. Growth along directions that no input enters, or that the read-out
    does not depend on, does not count here.

    Parameters
    ----------
    network : Network
        Trained network.
    codes : sequence of int
        Codes of the regimes.
    n_lags : int
        Longest lag, steps.

    Returns
    -------
    DataFrame, one row per regime, feature and lag
        ``code, feature`` (position), ``lag`` (k, steps), ``growth`` (output per unit of input).

    Raises
    ------
    DataError
    """
    _check(network, codes, n_lags)
    parts = []
    for code in codes:
        jacobian, response = compute_jacobian(network, code), network.input_weight
        growth = np.empty((response.shape[1], n_lags + 1))
        for lag in range(n_lags + 1):
            growth[:, lag] = np.linalg.norm(network.readout @ response, axis=0)
            response = jacobian @ response
        feature, lags = (each.ravel() for each in np.indices(growth.shape))
        part = {"code": int(code), "feature": feature, "lag": lags, "growth": growth.ravel()}
        parts.append(pd.DataFrame(part))
    table = pd.concat(parts).sort_values(["code", "feature", "lag"], kind="stable")
    return table.reset_index(drop=True)


def compute_path_growth(
    network: Network, regimes: np.ndarray, n_lags: int = 20, *, feature: int | None = None
) -> pd.DataFrame:
    """Compute growth along the paths that sequences take through regimes.

    Parameters
    ----------
    network : Network
        Trained network.
    regimes : array, shape (sequence, step) of int
        Codes; -1 where there is no step.
    n_lags : int
        Longest lag, steps.
    feature : int, optional
        ``|B J ... J C_j|_2`` of this input, instead of the spectral norm of ``J ... J``.

    Returns
    -------
    DataFrame, one row per lag
        ``lag`` (steps), ``growth`` (median over steps), ``growth_low, growth_high`` (5 and 95 % of
        steps), ``growth_largest, n_steps`` (from which so many steps follow).

    Raises
    ------
    DataError
    """
    ends = {}
    if feature is not None:
        if feature not in range(n_features := network.input_weight.shape[1]):
            raise DataError(f"feature: found {feature!r}, expected 0 to {n_features - 1}")
        ends = {"left": network.readout, "right": network.input_weight[:, [feature]]}
    growth = path_amplification(network, regimes, n_lags, **ends)
    rows = []
    for lag in range(n_lags + 1):
        values = growth[..., lag][~np.isnan(growth[..., lag])]
        shares = np.quantile(values, [0.5, 0.05, 0.95, 1]) if values.size else [np.nan] * 4
        rows.append((lag, *shares, values.size))
    names = ["lag", "growth", "growth_low", "growth_high", "growth_largest", "n_steps"]
    return pd.DataFrame(rows, columns=names)


def path_amplification(
    network: Network,
    regimes: np.ndarray,
    n_lags: int,
    *,
    left: np.ndarray | None = None,
    right: np.ndarray | None = None,
) -> np.ndarray:
    """Compute amplification from each step on, ``G(t, k) = |L J_{b_{t+k-1}} ... J_{b_t} R|_2``.

    Parameters
    ----------
    network : Network
        Trained network.
    regimes : array, shape (sequence, step) of int
        Codes; -1 where there is no step.
    n_lags : int
        Longest lag, steps.
    left, right : array, shape (any, latent) and (latent, any), optional
        ``L`` and ``R``, the identity if absent.

    Returns
    -------
    array, shape (sequence, step, lag)
        Lags 0 to `n_lags`; NaN where the path is not that long.

    Raises
    ------
    DataError
    """
    regimes = np.atleast_2d(regimes)
    as_whole_numbers(n_lags, "n_lags", "growth", least=0)
    if not check_codes(regimes, network.n_pwl).size:
        raise DataError("regimes: found none, expected at least one sequence and step")
    identity = np.eye(len(network.bias))
    left, right = (identity if one is None else np.asarray(one) for one in (left, right))
    codes, index = np.unique(regimes, return_inverse=True)
    index = index.reshape(regimes.shape)
    maps = np.array([compute_jacobian(network, max(code, 0)) for code in codes])
    growth = np.full((*regimes.shape, n_lags + 1), np.nan)
    row, start = np.nonzero(regimes != ABSENT)
    growth[row, start, 0] = np.linalg.norm(left @ right, 2)
    # many steps share their next regimes: each word is multiplied out once
    word, product = np.zeros(len(row), dtype=int), right[None]
    for lag in range(1, n_lags + 1):
        on = start + lag - 1 < regimes.shape[1]
        row, start, word = row[on], start[on], word[on]
        on = regimes[row, start + lag - 1] != ABSENT
        row, start, word = row[on], start[on], word[on]
        pair = word * len(codes) + index[row, start + lag - 1]
        word, pair = pd.factorize(pair)
        product = maps[pair % len(codes)] @ product[pair // len(codes)]
        growth[row, start, lag] = _spectral_norms(left @ product)[word]
    return growth


def _spectral_norms(matrices):
    """Largest singular value of many small matrices, from the smaller Gram matrix of each."""
    largest = np.abs(matrices).max(axis=(1, 2), keepdims=True)
    scaled = matrices / np.where(largest > 0, largest, 1.0)
    if scaled.shape[1] > scaled.shape[2]:
        scaled = np.swapaxes(scaled, 1, 2)
    gram = scaled @ np.swapaxes(scaled, 1, 2)
    return largest[:, 0, 0] * np.sqrt(np.linalg.eigvalsh(gram)[:, -1])


def _power_norms(jacobian: np.ndarray, n_lags: int) -> np.ndarray:
    """Compute ``|J^k|_2`` for k = 0, ..., n_lags.

    Parameters
    ----------
    jacobian : array, shape (latent, latent)
        Linear map of one step, such as from `compute_jacobian`.
    n_lags : int
        Longest lag, in steps.

    Returns
    -------
    array, shape (lag,)
        Largest singular value of every power.
    """
    powers = [np.eye(len(jacobian))]
    for _ in range(n_lags):
        powers.append(jacobian @ powers[-1])
    return np.linalg.norm(np.array(powers), 2, axis=(1, 2))


def henrici_departure(jacobian: np.ndarray) -> float:
    """Compute the departure from normality, ``sqrt(|J|_F^2 - sum |lambda|^2)`` (Henrici 1962).

    Parameters
    ----------
    jacobian : array, shape (latent, latent)
        Linear map of one step, such as from `compute_jacobian`.

    Returns
    -------
    float
        0 for a normal matrix.
    """
    normal = (np.abs(np.linalg.eigvals(jacobian)) ** 2).sum()
    return float(np.sqrt(max((np.abs(jacobian) ** 2).sum() - normal, 0.0)))


def kreiss_constant(jacobian: np.ndarray, *, n_angles: int = 33, n_radii: int = 29) -> float:
    """Compute the Kreiss constant, ``sup_{|x| > 1} (|x| - 1) |(x I - J)^-1|_2``.

    It bounds transient growth, ``Kr <= sup_k |J^k|_2 <= e M Kr`` (Trefethen & Embree 2005). It is
    searched on a grid of ``|x| - 1 >= 1e-6`` and of angles, those of the eigenvalues among them,
    and refined from the three largest values; so it may only be too small.

    Parameters
    ----------
    jacobian : array, shape (latent, latent)
        Real.
    n_angles, n_radii : int
        Size of the grid, apart from angles of eigenvalues.

    Returns
    -------
    float
        Infinite if the spectral radius is above 1 (by more than 1e-9).
    """
    values = np.linalg.eigvals(jacobian)
    if np.abs(values).max(initial=0) > 1 + ON_CIRCLE:
        return np.inf

    def height(log_gap, angle):
        gap = np.exp(log_gap)
        x = ((1 + gap) * np.exp(1j * angle))[..., None, None]
        return gap / np.linalg.svd(x * np.eye(len(jacobian)) - jacobian, compute_uv=False)[..., -1]

    # a real matrix looks the same in the lower half plane
    angles = np.r_[np.linspace(0, np.pi, n_angles), np.abs(np.angle(values))]
    gaps = np.linspace(np.log(NEAREST), np.log(1e2), n_radii)
    grid = np.stack(np.meshgrid(gaps, angles), axis=-1).reshape(-1, 2)
    heights = height(*grid.T)
    bounds = [(gaps[0], gaps[-1]), (0, np.pi)]
    peaks = [
        -minimize(lambda x: -height(*x), x0, bounds=bounds, method="Nelder-Mead").fun
        for x0 in grid[np.argsort(-heights)[:3]]
    ]
    # far away the resolvent is that of 0, for which it is 1
    return float(max(1.0, heights.max(), *peaks))


def _check(network, codes, n_lags):
    as_whole_numbers(n_lags, "n_lags", "growth", least=0)
    codes = check_codes(codes, network.n_pwl, title="codes")
    if codes.ndim != 1 or not codes.size or (codes == ABSENT).any():
        raise DataError(
            f"codes: found {codes}, expected codes from 0 to {2**network.n_pwl - 1}, at least one"
        )
