"""Lyapunov exponents along driven trajectories, given their regimes."""

import numpy as np
import pandas as pd

from neuroalrnn.exceptions import DataError, problems
from neuroalrnn.network.codes import check_codes
from neuroalrnn.network.maps import compute_jacobian
from neuroalrnn.network.run import Network
from neuroalrnn.regimes import ABSENT

ZERO = 1e-13


def compute_stretching(
    network: Network, regimes: np.ndarray, *, rng: np.random.Generator | None = None
) -> np.ndarray:
    """Compute how much each step stretches every direction of an orthonormal frame.

    ``Q_{t+1} R_{t+1} = J_{b_t} Q_t`` (Benettin et al. 1980); the frame starts at random, so that
    its first columns turn to the directions that grow most.

    Parameters
    ----------
    network : Network
        Trained network.
    regimes : array, shape (sequence, step) of int
        Codes, see `neuroalrnn.regimes.compute_regimes`; -1 where there is no step, which
        is left out.
    rng : numpy.random.Generator, optional
        For the first frame; ``default_rng(0)`` if absent.

    Returns
    -------
    array, shape (sequence, step, latent)
        ``log|R_ii|`` of the map that leaves each step, nats; -inf where a direction collapses
        (``|R_ii|`` below 1e-13 of the norm of ``J``), NaN where there is no step.

    Raises
    ------
    DataError
        Codes that this network does not have, or no step.
    """
    return stretch_together([(network, regimes)], rng=rng)[0]


def stretch_together(
    runs: list[tuple[Network, np.ndarray]], *, rng: np.random.Generator | None = None
) -> list[np.ndarray]:
    """Compute the stretching of several networks at once, faster than one after the other.

    Parameters
    ----------
    runs : list of (Network, array)
        Networks of equally many latents, each with its regimes; see `compute_stretching`.
    rng : numpy.random.Generator, optional
        For the first frame, which all of them share; ``default_rng(0)`` if absent.

    Returns
    -------
    list of array, shape (sequence, step, latent)
        As from `compute_stretching` of each.

    Raises
    ------
    DataError
        Codes that the network does not have, or no step.
    """
    runs = [(each, np.atleast_2d(check_codes(codes, each.n_pwl))) for each, codes in runs]
    if not all(regimes.size for _, regimes in runs):
        raise DataError("regimes: found none, expected at least one sequence and step")
    maps: list[np.ndarray] = []
    places: list[np.ndarray] = []
    for network, regimes in runs:
        codes, index = np.unique(regimes, return_inverse=True)
        places.append(len(maps) + index.reshape(regimes.shape))
        maps += [compute_jacobian(network, max(code, 0)) for code in codes]
    index, present = _joined(places), _joined([regimes != ABSENT for _, regimes in runs])
    found = _stretch(np.array(maps), index, present, rng)
    parts = np.split(found, np.cumsum([len(regimes) for _, regimes in runs])[:-1])
    return [part[:, : regimes.shape[1]] for part, (_, regimes) in zip(parts, runs, strict=True)]


def _joined(parts):
    """Parts (sequence, step) as one, with 0 where some are shorter."""
    longest = max(part.shape[1] for part in parts)
    padded = [np.pad(part, ((0, 0), (0, longest - part.shape[1]))) for part in parts]
    return np.concatenate(padded)


def _stretch(maps, index, present, rng):
    """Stretching along the maps at positions `index` (sequence, step), where steps are present."""
    floor = ZERO * np.linalg.norm(maps, axis=(1, 2))
    rng = np.random.default_rng(0) if rng is None else rng
    n_latent = maps.shape[-1]
    frame, _ = np.linalg.qr(rng.standard_normal((n_latent, n_latent)))
    frame = np.repeat(frame[None], len(index), axis=0)
    size = np.full((*index.shape, n_latent), np.nan)
    for t in range(index.shape[1]):
        here = slice(None) if present[:, t].all() else np.flatnonzero(present[:, t])
        frame[here], upper = np.linalg.qr(maps[index[here, t]] @ frame[here])
        size[here, t] = np.diagonal(upper, axis1=1, axis2=2)
    size = np.abs(size)
    size[size <= floor[index][..., None]] = 0.0
    with np.errstate(divide="ignore"):
        return np.log(size)


def compute_lyapunov(
    network: Network,
    regimes: np.ndarray,
    *,
    transient: int = 0,
    epoch: np.ndarray | None = None,
    step_seconds: float | None = None,
    rng: np.random.Generator | None = None,
    stretching: np.ndarray | None = None,
) -> pd.DataFrame:
    """Compute finite-time Lyapunov exponents of each sequence, given its inputs.

    ``Lambda_i = mean_t log|R_t,ii|`` over the steps after the transient. Their sum is
    ``sum_S occupancy(S) log|det J_S|``.

    Parameters
    ----------
    network : Network
        Trained network.
    regimes : array, shape (sequence, step) of int
        Codes; -1 where there is no step.
    transient : int
        First steps of each sequence that turn the frame and do not count.
    epoch : array, shape (sequence, step), optional
        Labels of steps, over which means are taken apart. Exponent i of an epoch belongs to the
        i-th direction of the whole sequence, so that exponents of epochs average, weighted by
        steps, to those of the sequence.
    step_seconds : float, optional
        Duration of a step.
    rng : numpy.random.Generator, optional
        See `compute_stretching`.
    stretching : array, shape (sequence, step, latent), optional
        Stretching along the same path, where it is already computed; see `stretch_together`.

    Returns
    -------
    DataFrame, one row per sequence, epoch and direction
        ``sequence, epoch`` (only if given), ``direction`` (0, 1, ...; the first grows most in long
        sequences, no order is forced on short ones), ``exponent`` (nats per step; -inf where some
        map is singular along the path), ``exponent_per_second`` (only if `step_seconds` is given),
        ``n_steps`` (that count), ``transient, n_minus_infinite`` (directions with -inf).

    Raises
    ------
    DataError
    """
    regimes = np.atleast_2d(check_codes(regimes, network.n_pwl))
    present = regimes != ABSENT
    _check(network, regimes, transient, epoch, step_seconds)
    counts = present & (np.cumsum(present, axis=1) > transient)
    if stretching is None:
        stretching = compute_stretching(network, regimes, rng=rng)
    rates = stretching[counts]
    keys = pd.DataFrame({"sequence": np.nonzero(counts)[0]})
    if epoch is not None:
        keys["epoch"] = np.broadcast_to(epoch, regimes.shape)[counts]
    groups = keys.groupby(list(keys), sort=True)
    sums = np.zeros((groups.ngroups, rates.shape[1]))
    np.add.at(sums, groups.ngroup().to_numpy(), rates)
    table = groups.size().rename("n_steps").reset_index()
    return _tidy(table, sums / table["n_steps"].to_numpy()[:, None], transient, step_seconds)


def _check(network, regimes, transient, epoch, step_seconds):
    found = []
    n_short = int(((regimes != ABSENT).sum(axis=1) <= transient).sum())
    if transient < 0:
        found.append(f"transient: found {transient}, expected at least 0")
    if n_short:
        found.append(f"{n_short} sequences end within the transient of {transient}: leave them out")
    if epoch is not None and np.shape(epoch) != regimes.shape:
        found.append(f"epoch: found shape {np.shape(epoch)}, expected {regimes.shape}")
    elif epoch is not None and pd.isna(np.asarray(epoch))[regimes != ABSENT].any():
        found.append("epoch: steps without a label; name them, or set their regimes to -1")
    if step_seconds is not None and not step_seconds > 0:
        found.append(f"step_seconds: found {step_seconds}, expected more than 0")
    if found:
        raise problems(DataError, "Lyapunov exponents", found)


def _tidy(table, exponents, transient, step_seconds):
    n_latent = exponents.shape[1]
    n_infinite = np.repeat(np.isneginf(exponents).sum(axis=1), n_latent)
    table = table.loc[table.index.repeat(n_latent)].reset_index(drop=True)
    n_steps = table.pop("n_steps")
    table["direction"] = np.tile(np.arange(n_latent), len(exponents))
    table["exponent"] = exponents.ravel()
    if step_seconds is not None:
        table["exponent_per_second"] = table["exponent"] / step_seconds
    return table.assign(n_steps=n_steps, transient=transient, n_minus_infinite=n_infinite)
