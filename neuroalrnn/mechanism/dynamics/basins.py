"""Basins: which attractor the network runs into, by the share of start points."""

from collections import Counter
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from neuroalrnn.exceptions import DataError, problems
from neuroalrnn.mechanism.dynamics._regions import compute_drives
from neuroalrnn.mechanism.dynamics._words import MOST_ILL, solve_words
from neuroalrnn.network.agent import NetworkAgent
from neuroalrnn.network.run import Network
from neuroalrnn.regimes import compute_regimes
from neuroalrnn.stats.checks import as_whole_numbers

DIVERGED = 1e8


class Basins(NamedTuple):
    """Where start points end.

    Parameters
    ----------
    table : DataFrame, one row per end, by falling share
        ``end, kind`` ("fixed point", "line attractor": not isolated, since ``I - J`` has no
        inverse; "cycle", "line of cycles", "diverges", "undecided"), ``length`` (steps; 0 for the
        last two kinds), ``regimes`` (tuple of codes), ``spectral_radius`` (NaN for the last two
        kinds), ``share, low, high`` (of start points; 95 % interval, Wilson 1927), ``n_starts``.
    ends : array, shape (start,) of int
        The end of each start point.
    points : list of array, shape (length, latent)
        Points of each end: solved for if isolated, else those of its first start point.
    """

    table: pd.DataFrame
    ends: np.ndarray
    points: list


def _sample_starts(
    latents: np.ndarray,
    n_starts: int = 1000,
    *,
    box: float | None = None,
    rng: np.random.Generator | None = None,
) -> np.ndarray:
    """Draw start points from visited latents, or from a box around them.

    Parameters
    ----------
    latents : array, shape (..., latent)
        NaN where there is no step.
    n_starts : int
        Number of start points.
    box : float, optional
        Draw uniformly from the box that the latents span, this many times as wide.
    rng : numpy.random.Generator, optional
        ``default_rng(0)`` if absent.

    Returns
    -------
    array, shape (start, latent)
        The start points.

    Raises
    ------
    DataError
    """
    rng = np.random.default_rng(0) if rng is None else rng
    latents = np.asarray(latents, dtype=float)
    latents = latents.reshape(-1, latents.shape[-1])
    latents = latents[~np.isnan(latents).any(axis=1)]
    if not len(latents):
        raise DataError("latents: found no step")
    as_whole_numbers(n_starts, "n_starts", "starts", least=1)
    if box is not None and not 0 < box < np.inf:
        raise DataError(f"box: found {box}, expected a positive width")
    if box is None:
        return latents[rng.integers(len(latents), size=n_starts)]
    low, high = latents.min(axis=0), latents.max(axis=0)
    margin = (box - 1) / 2 * (high - low)
    return rng.uniform(low - margin, high + margin, size=(n_starts, len(low)))


def compute_basins(
    network: Network,
    starts: np.ndarray,
    *,
    inputs: np.ndarray | None = None,
    n_steps: int = 2000,
    longest: int = 12,
    tolerance: float = 1e-6,
) -> Basins:
    """Run start points under constant inputs and tell where they end.

    A run ends at an attractor of length k if it comes back to itself after k steps and lies where
    the affine maps of these k steps say it should, ``(I - J_k ... J_1)^-1 c``, both within the
    tolerance. Runs through the same regimes then share one attractor, which is solved for, not
    averaged; where ``I - J_k ... J_1`` has no inverse there is a line (or plane) of them, one end
    for each sequence of regimes. A run that is still on its way is undecided. Definition of this
    package.

    Parameters
    ----------
    network : Network
        Trained network.
    starts : array, shape (start, latent)
        See `_sample_starts`.
    inputs : array, shape (feature,) or (period, feature), optional
        Constant or periodic inputs as encoded, the first for the first step; zeros if absent.
    n_steps : int
        Steps of each run, rounded up to whole periods. A mode of modulus m needs about
        ``log(tolerance) / log(m)`` of them.
    longest : int
        Steps of the longest cycle that is looked for.
    tolerance : float
        Relative to ``1 + |z|``.

    Returns
    -------
    Basins
        Where the start points end, by share.

    Raises
    ------
    DataError
    """
    drive = compute_drives(network, inputs)
    for name, each in (("n_steps", n_steps), ("longest", longest)):
        as_whole_numbers(each, name, "basins")
    if not 0 < tolerance < 1:
        raise DataError(f"tolerance: found {tolerance}, expected between 0 and 1")
    starts = np.asarray(starts, dtype=float)
    _check(network, starts, n_steps, longest, drive)
    orbit, diverges = _run(network, starts, drive, -(-n_steps // len(drive)) * len(drive), longest)
    keys = [("diverges", ()) if gone else ("undecided", ()) for gone in diverges]
    points = {("diverges", ()): np.empty((0, starts.shape[1]))}
    points[("undecided", ())] = points[("diverges", ())]
    pending = ~diverges
    for length in range(len(drive), longest + 1, len(drive)):
        close = tolerance * (1 + np.linalg.norm(orbit[:, 0], axis=1))
        back = np.linalg.norm(orbit[:, length] - orbit[:, 0], axis=1) <= close
        for start in np.flatnonzero(pending & back):
            pending[start] = False
            found = _settle(network, orbit[start, :length], drive, close[start])
            if found is not None:
                keys[start] = found[0]
                points.setdefault(*found)
    return _tabulate(network, keys, points)


def _check(network, starts, n_steps, longest, drive):
    found = []
    if starts.ndim != 2 or starts.shape[-1] != len(network.bias) or not len(starts):
        found.append(f"starts: found shape {starts.shape}, expected (start, {len(network.bias)})")
    elif not np.isfinite(starts).all():
        found.append("starts: found values that are not finite")
    if n_steps < 1:
        found.append(f"n_steps: found {n_steps}, expected at least 1")
    if longest < len(drive):
        found.append(f"longest: found {longest}, expected at least the period {len(drive)}")
    if found:
        raise problems(DataError, "basins", found)


def _run(network, starts, drive, n_steps, longest):
    """The last points (start, longest + 1, latent), and which runs diverged."""
    no_bias, identity = np.zeros_like(network.bias), np.eye(len(network.bias))
    agent = NetworkAgent(network._replace(bias=no_bias, input_weight=identity))
    bound = DIVERGED * (1 + np.abs(starts).max() + np.abs(drive).max())
    z, diverges = starts, np.zeros(len(starts), dtype=bool)
    orbit = []
    for t in range(n_steps + longest + 1):
        if t >= n_steps:
            orbit.append(z)
        moved = agent.advance(z, drive[t % len(drive)])
        diverges |= (np.abs(moved) > bound).any(axis=1)
        z = np.where(diverges[:, None], z, moved)
    return np.stack(orbit, axis=1), diverges


def _settle(network, orbit, drive, close):
    """Name and points of the attractor that a run came back to; None if it is not there yet."""
    # a unit that settles at 0 from either side gets one code
    regimes = compute_regimes(np.where(np.abs(orbit) <= close, 0.0, orbit), network.n_pwl)
    _, condition, solved = solve_words(network, regimes[None], drive)
    is_isolated = condition[0] < MOST_ILL
    if is_isolated and np.linalg.norm(solved[0, 0] - orbit[0]) > close:
        return None
    kind = ("fixed point", "cycle") if is_isolated else ("line attractor", "line of cycles")
    turns = range(0, len(orbit), len(drive))
    shift = min(turns, key=lambda i: tuple(np.roll(regimes, -i)))
    word = tuple(np.roll(regimes, -shift).tolist())
    orbit = solved[0] if is_isolated else orbit
    return (kind[len(orbit) > 1], word), np.roll(orbit, -shift, axis=0)


def _tabulate(network, keys, points):
    count = Counter(keys)
    names = sorted(count, key=lambda name: (-count[name], name))
    rows = []
    for end, name in enumerate(names):
        (kind, word), n_starts = name, count[name]
        radius = np.nan
        if word:
            words = np.array([word])
            product, _, _ = solve_words(network, words, np.zeros((1, len(network.bias))))
            radius = np.abs(np.linalg.eigvals(product[0])).max()
        low, high = binomtest(n_starts, len(keys)).proportion_ci(method="wilson")
        share = n_starts / len(keys)
        rows.append((end, kind, len(word), word, radius, share, low, high, n_starts))
    columns = ["end", "kind", "length", "regimes", "spectral_radius", "share", "low", "high"]
    table = pd.DataFrame(rows, columns=[*columns, "n_starts"])
    ends = np.array([names.index(key) for key in keys])
    return Basins(table, ends, [points[name] for name in names])
