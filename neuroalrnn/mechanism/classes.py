"""Dynamical classes: groups of regimes with the same dynamics, of latents and read-out.

A PWL unit without outgoing weights doubles the number of regimes and changes no dynamics. Regimes
stay what they are, sign patterns; a *dynamical class* is a set of regimes with equal dynamics.
Definitions of this package.

Two regimes S, S' are dynamically equal if their maps ``J_S`` and ``J_S'`` agree on the subspace
that latents visit in either of them, and all read-out gains ``B J_S^k C`` agree, k = 0, ..., K.
"""

import numpy as np
import pandas as pd
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from neuroalrnn.exceptions import DataError
from neuroalrnn.network.maps import compute_jacobian
from neuroalrnn.network.run import Network
from neuroalrnn.regimes import compute_regimes, used_regimes
from neuroalrnn.results import Fit

TOLERANCE = 0.01
VARIANCE = 0.999
N_LAGS = 10


def compare_regimes(network: Network, latents: np.ndarray, *, n_lags: int = N_LAGS) -> pd.DataFrame:
    """Compute the distance between the dynamics of every two visited regimes.

    ``map_error = ||(J_S - J_S') V|| / max(||J_S V||, ||J_S' V||)`` in the Frobenius norm, with V an
    orthonormal basis of the visited subspace: the fewest directions that hold 99.9 % of the squared
    length of the latents visited in S or S'. Each unit is first scaled by its root mean square, so
    that the error does not depend on the units of the latents. ``gain_error`` is the same ratio for
    the gains ``B J_S^k C`` of all lags k = 0, ..., `n_lags` together.

    Parameters
    ----------
    network : Network
        Trained network.
    latents : array (..., latent)
        Visited by this network; NaN where there is no step.
    n_lags : int
        Longest lag of the gains, in steps.

    Returns
    -------
    pairs : DataFrame, one row per pair of regimes
        Columns code, other_code, map_error, gain_error (0 equal, of order 1 different).

    Raises
    ------
    DataError
        No step is present, or an impossible number of lags.
    """
    if n_lags < 0:
        raise DataError(f"n_lags: found {n_lags}, expected at least 0")
    visited, codes = _visited(network, latents)
    scale = np.sqrt(np.mean(visited**2, axis=0))
    scale = np.where(scale > 0, scale, 1.0)
    regimes, visited = used_regimes(codes), visited / scale
    gram = np.stack([visited[codes == code].T @ visited[codes == code] for code in regimes])
    jacobians = np.stack([compute_jacobian(network, code) for code in regimes])
    gains = _gains(network, jacobians, n_lags)
    scaled = jacobians * scale / scale[:, None]
    tables = [
        pd.DataFrame(
            {
                "code": regimes[i],
                "other_code": regimes[i + 1 :],
                "map_error": _map_errors(scaled[i], scaled[i + 1 :], gram[i] + gram[i + 1 :]),
                "gain_error": _relative(gains[i], gains[i + 1 :]),
            }
        )
        for i in range(len(regimes))
    ]
    return pd.concat(tables, ignore_index=True)


def _visited(network, latents):
    latents = np.asarray(latents, dtype=float)
    visited = latents[~np.isnan(latents).any(axis=-1)]
    if not len(visited):
        raise DataError("dynamical classes: found no present step")
    return visited, compute_regimes(visited, network.n_pwl)


def _map_errors(one, others, grams):
    """Relative distance of one map to others on what is visited in either (other,)."""
    size, directions = np.linalg.eigh(grams)
    size, directions = size[:, ::-1], directions[:, :, ::-1]
    before = np.cumsum(size, axis=1) - size
    basis = directions * (before < VARIANCE * size.sum(axis=1, keepdims=True))[:, None]
    return _relative(one @ basis, others @ basis)


def _gains(network, jacobians, n_lags):
    """``B J_S^k C`` of every regime (regime, lag, output, feature)."""
    gains, power = (
        [],
        np.broadcast_to(network.input_weight, (len(jacobians), *network.input_weight.shape)),
    )
    for _ in range(n_lags + 1):
        gains.append(network.readout @ power)
        power = jacobians @ power
    return np.stack(gains, axis=1)


def _relative(one, others):
    """Distance relative to the larger of both norms, 0 where both are 0 (other,)."""
    one = np.broadcast_to(one, others.shape)
    axes = tuple(range(1, others.ndim))
    norm = np.maximum(*(np.sqrt((each**2).sum(axis=axes)) for each in (one, others)))
    distance = np.sqrt(((one - others) ** 2).sum(axis=axes))
    return np.divide(distance, norm, out=np.zeros_like(norm), where=norm > 0)


def compute_dynamical_classes(
    network: Network, latents: np.ndarray, *, n_lags: int = N_LAGS, tolerance: float = TOLERANCE
) -> pd.DataFrame:
    """Merge the visited regimes of a network that have equal dynamics.

    Agreement within a tolerance is not transitive, so every two regimes of a class must agree
    (complete linkage).

    Parameters
    ----------
    network : Network
        Trained network.
    latents : array (..., latent)
        Visited by this network; NaN where there is no step.
    n_lags : int
        Longest lag of the gains, in steps.
    tolerance : float
        Largest map and gain error of regimes that agree, see `compare_regimes`.

    Returns
    -------
    classes : DataFrame, one row per visited regime
        Columns code (sign pattern), dynamical_class (0, 1, ... by falling use), n_steps (of the
        regime), class_share (of all steps), n_regimes (in the class), largest_error (between two
        regimes of the class; 0 in a class of one).

    Raises
    ------
    DataError
    """
    if not 0 < tolerance < 1:
        raise DataError(f"tolerance: found {tolerance}, expected between 0 and 1")
    pairs = compare_regimes(network, latents, n_lags=n_lags)
    regimes, n_steps = np.unique(_visited(network, latents)[1], return_counts=True)
    error = pairs[["map_error", "gain_error"]].max(axis=1).to_numpy()
    table = pd.DataFrame({"code": regimes, "dynamical_class": 0, "n_steps": n_steps})
    if len(regimes) > 1:
        tree = linkage(error, method="complete")
        table["dynamical_class"] = fcluster(tree, tolerance, criterion="distance")
    parts = table.groupby("dynamical_class")
    use = parts["n_steps"].sum()
    table["class_share"] = parts["n_steps"].transform("sum") / n_steps.sum()
    table["n_regimes"] = parts["code"].transform("size")
    same = table["dynamical_class"].to_numpy()[:, None] == table["dynamical_class"].to_numpy()
    table["largest_error"] = (
        (squareform(error, checks=False) * same).max(axis=1) if error.size else 0.0
    )
    rank = use.rank(method="first", ascending=False).astype(int) - 1
    table["dynamical_class"] = table["dynamical_class"].map(rank)
    table["largest_error"] = table.groupby("dynamical_class")["largest_error"].transform("max")
    return table.sort_values(["dynamical_class", "code"], ignore_index=True)


def compute_held_out_classes(
    fit: Fit, *, n_lags: int = N_LAGS, tolerance: float = TOLERANCE
) -> pd.DataFrame:
    """Compute the dynamical classes of the network of each fold, over its held-out steps.

    Parameters
    ----------
    fit : Fit
        Fit whose networks are taken apart.
    n_lags : int
        Longest lag of the gains, in steps.
    tolerance : float
        Largest map and gain error of regimes that agree, see `compare_regimes`.

    Returns
    -------
    classes : DataFrame
        Columns fold (name), n_pwl, and those of `compute_dynamical_classes`. Classes of
        different folds are unrelated, even where they have the same number.
    """
    tables = []
    for fold in [each for each in fit.folds if each.is_test.any()]:
        network, latents = fold.network, fold.latents[fold.is_test]
        table = compute_dynamical_classes(network, latents, n_lags=n_lags, tolerance=tolerance)
        table.insert(0, "n_pwl", network.n_pwl)
        table.insert(0, "fold", fold.name)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)
