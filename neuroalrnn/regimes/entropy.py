"""How unpredictable the sequence of regimes is: entropies of regimes and of their succession.

All in nats. The plug-in values are too small on short sequences; the corrected ones add the term of
Miller (1955) and Madow, one half over n for each symbol seen beyond the first.
"""

from functools import lru_cache

import numpy as np
import pandas as pd
import xarray as xr
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from neuroalrnn.exceptions import DataError, NotTestableError
from neuroalrnn.regimes import ABSENT
from neuroalrnn.regimes.steps import steps_in_order
from neuroalrnn.stats.checks import as_whole_numbers, refuse_unnamed, require_columns
from neuroalrnn.stats.defaults import N_CURVE_DRAWS
from neuroalrnn.stats.null_tests import number_labels

COVERAGE = 0.95
# blocks are numbered as long as their numbers fit into 64 bits
MOST_NUMBERED = 2**62


def occupancy_entropy(codes, *, corrected: bool = True) -> float:
    """Entropy of the shares of steps, ``H = -sum_i p_i log p_i + (K - 1) / (2 n)``.

    Parameters
    ----------
    codes : array (step,) of int
        n steps in K regimes.
    corrected : bool
        Whether to add the second term (Miller 1955).

    Returns
    -------
    entropy : float
        In nats.

    Raises
    ------
    DataError
        No step, or absent ones.
    """
    return _entropy(_count_blocks(_refuse_absent(codes), None, 1), corrected)


def markov_entropy_rate(codes, sequence=None, *, corrected: bool = True) -> float:
    """Entropy of the next regime given this one.

    ``h = -sum_i p_i sum_j T_ij log T_ij + sum_i (K_i - 1) / (2 n)``, with n pairs of steps inside a
    sequence, p_i the share of pairs that start at i, and K_i successors seen after i.

    Parameters
    ----------
    codes : array (step,) of int
        In time order.
    sequence : array (step,), optional
        Pairs are counted inside a sequence only.
    corrected : bool
        Whether to add the second term, that of Miller (1955) for each row.

    Returns
    -------
    rate : float
        In nats per step; the entropy rate if regimes are a Markov chain, else above it. NaN without
        any pair.

    Raises
    ------
    DataError
    """
    pairs = _blocks(_refuse_absent(codes), sequence, 2)
    return _markov_rate(pairs, corrected)


def block_entropy_rate(codes, sequence=None, *, length: int = 2, corrected: bool = True) -> float:
    """Entropy that one more step adds to a block, ``h(k) = H_k - H_{k - 1}`` (Shannon 1948).

    ``H_k`` is the entropy of the blocks of k successive steps inside a sequence, ``H_0 = 0``.

    Parameters
    ----------
    codes : array (step,) of int
        In time order.
    sequence : array (step,), optional
    length : int
        k, at least 1. Long blocks need many steps: ``H_k`` is too small, corrected or not, once
        most blocks occur once.
    corrected : bool
        Whether each ``H_k`` gets the term of Miller (1955).

    Returns
    -------
    rate : float
        In nats per step. NaN where no sequence has so many steps.

    Raises
    ------
    DataError
    """
    as_whole_numbers(length, "length", "entropy", least=1)
    codes = _refuse_absent(codes)
    longer = _count_blocks(codes, sequence, length)
    shorter = _count_blocks(codes, sequence, length - 1) if length > 1 else np.ones(1)
    return _entropy(longer, corrected) - _entropy(shorter, corrected)


def topological_entropy(codes, sequence=None) -> float:
    """Growth of the number of possible paths, ``log rho(adjacency)`` of the transitions in use.

    The spectral radius is the largest of the strongly connected components of the graph, which is
    exact where that of the whole matrix is not (chains of regimes that are never returned to).

    Parameters
    ----------
    codes : array (step,) of int
        In time order.
    sequence : array (step,), optional

    Returns
    -------
    entropy : float
        In nats per step; an upper bound of the entropy rate of any chain with these transitions. 0
        where no regime is returned to. Biased down as long as transitions remain unseen.

    Raises
    ------
    DataError
    """
    codes = _refuse_absent(codes)
    return _growth(np.unique(_blocks(codes, sequence, 2), axis=0).reshape(-1, 2))


def _growth(pairs) -> float:
    """Topological entropy of the graph of some pairs (pair, 2) that are different."""
    used, places = np.unique(pairs, return_inverse=True)
    return _growth_of_graph(used.size, places.astype(int).tobytes())


@lru_cache(maxsize=4096)
def _growth_of_graph(n_regimes, places) -> float:
    """The same of the bytes of their places; many subjects have the same graph."""
    if not n_regimes:
        return 0.0
    start, stop = np.frombuffer(places, dtype=int).reshape(-1, 2).T
    adjacency = np.zeros((n_regimes, n_regimes))
    adjacency[start, stop] = 1.0
    n_parts, part = connected_components(csr_matrix(adjacency), connection="strong")
    blocks = (adjacency[np.ix_(part == k, part == k)] for k in range(n_parts))
    radius = max(np.abs(np.linalg.eigvals(block)).max() for block in blocks)
    return float(np.log(max(radius, 1.0)))


def compute_entropies(
    regimes: xr.DataArray, trials=None, *, carry: str = "session", longest: int = 4
) -> pd.DataFrame:
    """Entropies of the regimes of each subject.

    Parameters
    ----------
    regimes : DataArray (trial, step) of int
        Select trials before (scored ones, say) to restrict what counts.
    trials : Dataset, optional
        Trial coordinates that `regimes` lacks.
    carry : {"session", "block", "trial"}
        Succession is looked at inside what the latent state is carried through.
    longest : int
        Longest block, at least 2.

    Returns
    -------
    entropies : DataFrame, one row per subject and measure
        subject; measure: "occupancy", "Markov rate", "block rate 2", ..., "topological";
        entropy_plug_in and entropy (corrected; nats, both equal for "topological", which has no
        correction; NaN where no sequence is long enough), n_regimes, n_steps.

    Raises
    ------
    DataError
        No present step, or regimes and trials that `steps_in_order` refuses.
    """
    as_whole_numbers(longest, "longest", "entropy", least=2)
    steps = steps_in_order(regimes, trials, carry=carry)
    if steps.empty:
        raise DataError("entropy: found no present step")
    codes = np.unique(steps["regime"].to_numpy(), return_inverse=True)[1]
    subject, names = number_labels(steps["subject"].to_numpy())
    sequence, n_steps = steps["sequence"].to_numpy(), np.bincount(subject)
    blocks = [_blocks_of_subjects(codes, sequence, subject, k) for k in range(1, longest + 1)]
    firsts = _count_of_subjects(
        _blocks(codes, sequence, 2)[:, :1], _blocks(subject, sequence, 2)[:, 0], len(names)
    )
    rows = []
    for k, name in enumerate(names):
        counts = [count[k] for _, count in blocks]
        shared = {"n_regimes": counts[0].size, "n_steps": n_steps[k]}
        measures = _measures(counts, firsts[1][k]) | {"topological": [_growth(blocks[1][0][k])] * 2}
        for measure, (plug_in, entropy) in measures.items():
            row = {"subject": name, "measure": measure}
            rows.append(row | {"entropy_plug_in": plug_in, "entropy": entropy} | shared)
    return pd.DataFrame(rows)


def _measures(counts, firsts) -> dict:
    """Entropies of one subject, plug-in and corrected, of counts of blocks by their length.

    `firsts` is how often each regime begins a pair.
    """
    both = (False, True)
    found = {"occupancy": [_entropy(counts[0], flag) for flag in both]}
    found["Markov rate"] = [_entropy(counts[1], flag) - _entropy(firsts, flag) for flag in both]
    for k in range(1, len(counts)):
        rates = [_entropy(counts[k], flag) - _entropy(counts[k - 1], flag) for flag in both]
        found[f"block rate {k + 1}"] = rates
    return found


def _blocks_of_subjects(codes, sequence, subject, length) -> tuple[list, list]:
    """Blocks of every subject in rising order, and how often each occurs."""
    blocks, whose = (_blocks(each, sequence, length) for each in (codes, subject))
    return _count_of_subjects(blocks, whose[:, 0], subject.max() + 1)


def _count_of_subjects(blocks, whose, n_subjects) -> tuple[list, list]:
    """Different blocks of every subject in rising order, and how often each occurs."""
    base, length = blocks.max(initial=0) + 1, blocks.shape[1]
    if int(base) ** length * int(n_subjects) >= MOST_NUMBERED:
        parts = [
            np.unique(blocks[whose == k], axis=0, return_counts=True) for k in range(n_subjects)
        ]
        used, counts = zip(*parts, strict=True)
        return list(used), list(counts)
    powers = base ** np.arange(length)[::-1]
    numbers, counts = np.unique(whose * base**length + blocks @ powers, return_counts=True)
    ends = np.searchsorted(numbers, np.arange(1, n_subjects) * base**length)
    used = numbers[:, None] // powers % base
    return np.split(used, ends), np.split(counts, ends)


def _markov_rate(pairs, corrected) -> float:
    joint, first = (_count_rows(part) for part in (pairs, pairs[:, :1]))
    return _entropy(joint, corrected) - _entropy(first, corrected)


def summarise_entropies(
    entropies: pd.DataFrame, *, n_draws: int = N_CURVE_DRAWS, rng: np.random.Generator | None = None
) -> pd.DataFrame:
    """Mean entropies over subjects, with intervals from resampled subjects.

    Steps follow each other too closely to be resampled.

    Parameters
    ----------
    entropies : DataFrame
        From `compute_entropies`.
    n_draws : int
        Resamples of the subjects, with replacement.
    rng : Generator, optional
        ``default_rng(0)`` if absent.

    Returns
    -------
    summary : DataFrame, one row per measure
        measure; entropy_plug_in and entropy (corrected; means, nats), ci_low and ci_high (95 %
        percentiles of the corrected mean), n_subjects, excluded (names of those whose
        sequences are too short).

    Raises
    ------
    DataError
        A table without these columns, or no draw.
    NotTestableError
        Fewer than two subjects.
    """
    rng = np.random.default_rng(0) if rng is None else rng
    require_columns("entropies", entropies, ("subject", "measure", "entropy_plug_in", "entropy"))
    as_whole_numbers(n_draws, "n_draws", "entropies", least=1)
    n_subjects = entropies["subject"].nunique()
    if n_subjects < 2:
        raise NotTestableError(
            f"an interval over subjects needs at least 2 of them, found {n_subjects}"
        )
    rows = []
    for measure, part in entropies.groupby("measure", sort=False):
        missing = part["entropy"].isna()
        rows.append(
            {
                "measure": measure,
                **part.loc[~missing, ["entropy_plug_in", "entropy"]].mean(),
                **_interval(part.loc[~missing, "entropy"].to_numpy(), n_draws, rng),
                "n_subjects": int((~missing).sum()),
                "excluded": ", ".join(map(str, part.loc[missing, "subject"])),
            }
        )
    return pd.DataFrame(rows)


def _interval(values, n_draws, rng) -> dict:
    if values.size < 2:
        return {"ci_low": np.nan, "ci_high": np.nan}
    means = rng.choice(values, (n_draws, values.size)).mean(axis=1)
    low, high = np.quantile(means, ((1 - COVERAGE) / 2, (1 + COVERAGE) / 2))
    return {"ci_low": low, "ci_high": high}


def _refuse_absent(codes) -> np.ndarray:
    codes = np.asarray(codes)
    if codes.ndim != 1 or not codes.size or codes.dtype.kind not in "iu" or (codes <= ABSENT).any():
        raise DataError(
            f"entropy: found {codes.size} values of type {codes.dtype} and shape {codes.shape}, "
            f"{int((codes == ABSENT).sum())} of them absent steps; expected the codes (step,) of "
            "present steps"
        )
    return codes


def _blocks(codes, sequence, length) -> np.ndarray:
    """Blocks of successive steps inside a sequence (block, length); a sequence is one run."""
    start = np.arange(max(codes.size - length + 1, 0))
    blocks = codes[start[:, None] + np.arange(length)]
    if sequence is None or length < 1:
        return blocks
    refuse_unnamed("entropy", {"sequence": sequence})
    sequence = np.asarray(sequence)
    if sequence.shape != codes.shape:
        raise DataError(
            f"entropy: sequence of shape {sequence.shape}, expected a label for each of "
            f"{codes.size} steps"
        )
    sequence = np.cumsum(np.r_[0, sequence[1:] != sequence[:-1]])
    return blocks[sequence[start] == sequence[start + length - 1]]


def _count_blocks(codes, sequence, length) -> np.ndarray:
    """How often each block occurs (block,)."""
    return _count_rows(_blocks(codes, sequence, length))


def _count_rows(rows) -> np.ndarray:
    """How often each row of codes occurs, by rising row."""
    used, places = np.unique(rows, return_inverse=True)
    if len(used) ** rows.shape[1] >= MOST_NUMBERED:
        return np.unique(rows, axis=0, return_counts=True)[1]
    numbers = places.reshape(rows.shape) @ len(used) ** np.arange(rows.shape[1])[::-1]
    return np.unique(numbers, return_counts=True)[1]


def _entropy(count, corrected) -> float:
    if not count.size:
        return np.nan
    share = count / count.sum()
    bias = (count.size - 1) / (2 * count.sum()) if corrected else 0.0
    return float(bias - (share * np.log(share)).sum())
