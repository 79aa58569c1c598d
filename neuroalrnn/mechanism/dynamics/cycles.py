"""Cycles: closed walks through regimes along which the network returns to where it was."""

from itertools import islice
from typing import NamedTuple

import numpy as np
import pandas as pd

from neuroalrnn.exceptions import DataError, problems
from neuroalrnn.mechanism.dynamics._regions import compute_drives
from neuroalrnn.mechanism.dynamics._words import MOST_ILL, solve_words
from neuroalrnn.network.maps import count_unstable
from neuroalrnn.network.run import Network
from neuroalrnn.regimes import ABSENT, compute_regimes

MOST_FREE = 8
PART = 4096


class Cycles(NamedTuple):
    """Real cycles of a network, and how far the search went.

    Parameters
    ----------
    table : DataFrame, one row per cycle
        ``cycle, length`` (steps), ``regimes`` (tuple of codes, in order), ``spectral_radius`` and
        ``n_unstable`` (modes) of ``J_k ... J_1``, see
        `neuroalrnn.network.maps.count_unstable`, ``is_stable``, ``margin`` (smallest
        ``|z_i|`` of any PWL unit at any point; small values mark a fragile cycle), ``condition``
        (number of ``I - J_k ... J_1``, 1-norm).
    points : list of array, shape (length, latent)
        Those of each cycle; the first map takes point 0, in the first regime, to point 1.
    search : DataFrame, one row per length
        ``length, n_candidates`` (that exist), ``n_searched`` (fewer where the cap was hit),
        ``n_singular`` (``I - J_k ... J_1`` has no inverse: no isolated cycle), ``n_real``.
    """

    table: pd.DataFrame
    points: list
    search: pd.DataFrame


def find_cycles(
    network: Network,
    transitions: np.ndarray | None = None,
    *,
    inputs: np.ndarray | None = None,
    longest: int = 6,
    most: int = 100_000,
) -> Cycles:
    """Find all cycles up to a length, exactly.

    On a closed walk through regimes ``S_1, ..., S_k`` with drive ``g_i = C s_i + h`` the point
    ``z = (I - J_k ... J_1)^-1 sum_i (J_k ... J_{i+1}) g_i`` comes back to itself. The cycle is real
    if each of its points lies in its regime, and stable if no mode of ``J_k ... J_1`` is unstable.
    Candidates are primitive closed walks (no repeats of a shorter one), one for all of its
    rotations; shorter ones first, and in order of codes.

    Parameters
    ----------
    network : Network
        Trained network.
    transitions : array, shape (pair, 2) of int, optional
        Codes of regimes that may follow each other, see `_used_transitions`. Every pair of the
        2^P regimes if absent.
    inputs : array, shape (feature,) or (period, feature), optional
        Constant or periodic inputs as encoded, the first for the step that leaves point 0; zeros if
        absent. Lengths are multiples of the period.
    longest : int
        Steps of the longest cycle. With constant inputs length 1 is a fixed point.
    most : int
        Cap on the number of candidates looked at; ``search`` tells where it was hit.

    Returns
    -------
    Cycles
        Real cycles, and how far the search went.

    Raises
    ------
    DataError

    Notes
    -----
    Which candidates count is a definition of this package. Under constant inputs that no trial
    holds for long, a network can go round through transitions that trials never use: with few PWL
    units search every pair too, with many compare with where `compute_basins` ends.
    """
    drive = compute_drives(network, inputs)
    codes, allowed = _graph(network, transitions, longest, len(drive))
    powers = [np.linalg.matrix_power(allowed, n) for n in range(longest + 1)]
    rows, points, search = [], [], []
    for length in range(len(drive), longest + 1, len(drive)):
        walks = islice(_closed_walks(powers, length, len(drive)), most)
        words = codes[np.array(list(walks), dtype=int).reshape(-1, length)]
        found, orbits, n_singular = _real_cycles(network, words, drive)
        count = _count_candidates(powers, length, len(drive))
        search.append((length, count, len(words), n_singular, len(found)))
        rows += found
        points += orbits
        most -= len(words)
    names = ["length", "regimes", "spectral_radius", "n_unstable", "margin", "condition"]
    table = pd.DataFrame(rows, columns=names)
    table.insert(4, "is_stable", table["n_unstable"] == 0)
    table.insert(0, "cycle", np.arange(len(table)))
    names = ["length", "n_candidates", "n_searched", "n_singular", "n_real"]
    return Cycles(table, points, pd.DataFrame(search, columns=names))


def _used_transitions(regimes: np.ndarray) -> np.ndarray:
    """List the pairs of regimes that follow each other, a regime after itself included.

    Parameters
    ----------
    regimes : array, shape (sequence, step) of int
        Codes, see `neuroalrnn.regimes.compute_regimes`; -1 where there is no step.

    Returns
    -------
    array, shape (pair, 2) of int
        Distinct and sorted; pairs inside a sequence only.
    """
    regimes = np.atleast_2d(regimes)
    pairs = np.stack([regimes[:, :-1].ravel(), regimes[:, 1:].ravel()], axis=1)
    return np.unique(pairs[(pairs != ABSENT).all(axis=1)], axis=0)


def _graph(network, transitions, longest, period):
    """Codes (regime,) and which may follow which (regime, regime), 0 or 1."""
    found = []
    if longest < period:
        found.append(f"longest: found {longest}, expected at least the period {period}")
    if transitions is None:
        if network.n_pwl > MOST_FREE:
            found.append(f"n_pwl = {network.n_pwl} > {MOST_FREE}: pass the used transitions")
        transitions = np.indices([2 ** min(network.n_pwl, MOST_FREE)] * 2).reshape(2, -1).T
    transitions = np.asarray(transitions)
    if transitions.ndim != 2 or transitions.shape[1] != 2 or not len(transitions):
        found.append(f"transitions: found shape {transitions.shape}, expected (pair, 2)")
    elif transitions.min() < 0 or transitions.max() >= 2**network.n_pwl:
        found.append(f"transitions: expected codes from 0 to {2**network.n_pwl - 1}")
    if found:
        raise problems(DataError, "cycles", found)
    codes, index = np.unique(transitions, return_inverse=True)
    allowed = np.zeros((len(codes), len(codes)))
    allowed[tuple(index.reshape(transitions.shape).T)] = 1
    return codes, allowed


def _closed_walks(powers, length, period):
    """Primitive closed walks, each the smallest of its rotations by a period."""
    successors = [np.flatnonzero(row).tolist() for row in powers[1]]

    def extend(walk):
        if len(walk) == length:
            if all(walk < walk[i:] + walk[:i] for i in range(period, length, period)):
                yield walk
            return
        comes_back = powers[length - len(walk)][:, walk[0]]
        for following in successors[walk[-1]]:
            is_first = len(walk) % period == 0 and following < walk[0]
            if comes_back[following] and not is_first:
                yield from extend((*walk, following))

    for start in np.flatnonzero(np.diag(powers[length])).tolist():
        yield from extend((start,))


def _count_candidates(powers, length, period):
    """Number of walks that `_closed_walks` yields, from traces (Moebius inversion)."""
    primitive = {}
    n_periods = length // period
    for n in (n for n in range(1, n_periods + 1) if n_periods % n == 0):
        shorter = sum(count for m, count in primitive.items() if n % m == 0)
        primitive[n] = int(np.trace(powers[n * period])) - shorter
    return primitive[n_periods] // n_periods


def _real_cycles(network, words, drive):
    """Rows and points of the real cycles among candidates, and how many are singular."""
    rows, points, n_singular = [], [], 0
    for start in range(0, len(words), PART):
        part = words[start : start + PART]
        product, condition, orbit = solve_words(network, part, drive)
        n_singular += int((condition >= MOST_ILL).sum())
        real = (compute_regimes(orbit, network.n_pwl) == part).all(axis=1)
        margin = np.abs(orbit[..., len(network.bias) - network.n_pwl :])
        margin = margin.min(axis=(1, 2), initial=np.inf)
        for i in np.flatnonzero(real):
            word = tuple(part[i].tolist())
            stability = count_unstable(product[i])
            rows.append((len(word), word, *stability, margin[i], condition[i]))
            points.append(orbit[i])
    return rows, points, n_singular
