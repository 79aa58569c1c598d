"""Test time courses of subjects by permutation of clusters.

A cluster is a run of neighbouring times at which t is beyond a threshold on the same side; its mass
is the sum of t. Its p compares the mass with the largest one of every permutation, so all times
(and units) together are one test (Maris & Oostenveld 2007, J Neurosci Methods 164:177). Several
courses that are tested apart form a family for `neuroalrnn.stats.benjamini_hochberg`.
"""

import warnings
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import sparse, stats

from neuroalrnn.arguments import checked, not_whole, optional
from neuroalrnn.exceptions import DataError, NotTestableError, problems
from neuroalrnn.stats.checks import RNG, SHARE, as_whole_numbers, not_labels
from neuroalrnn.stats.courses import check_courses
from neuroalrnn.stats.effects import smallest_p

TITLE = "cluster test"
N_PERMUTATIONS = 2048
FEWEST_PERMUTATIONS = 1000
FEWEST_SUBJECTS = 6
COLUMNS = (
    "unit",
    "start",
    "stop",
    "n_points",
    "mass",
    "p",
    "n_subjects",
    "n_permutations",
    "smallest_p",
    "threshold",
    "method",
    "note",
)
NOTE = "p is that of the cluster as a whole, not of its edges: no onset, no end, no single time"


class _Found(NamedTuple):
    """Clusters and null distribution, in the order of `mne.stats`."""

    t: np.ndarray
    clusters: list
    p: np.ndarray
    largest: np.ndarray  # largest mass of every permutation, the observed one first


@checked(
    DataError,
    time=optional(not_labels),
    unit=optional(not_labels),
    subject=optional(not_labels),
    cluster_alpha=SHARE,
    alpha=SHARE,
    n_permutations=partial(not_whole, least=1),
    rng=RNG,
)
def cluster_test(
    courses: ArrayLike,
    *,
    time: ArrayLike | None = None,
    unit: ArrayLike | None = None,
    subject: ArrayLike | None = None,
    cluster_alpha: float = 0.05,
    alpha: float = 0.05,
    n_permutations: int = N_PERMUTATIONS,
    rng: np.random.Generator | None = None,
) -> pd.DataFrame:
    """Test where the mean course of subjects differs from zero, by flipping signs of subjects.

    Paired designs: pass the difference of two courses. All sign-flips where there are no more than
    `n_permutations` of them.

    Parameters
    ----------
    courses : array (subject, time) or (subject, time, unit)
        Means of subjects, never trials.
    time : array (time,), optional
        Labels; positions if absent.
    unit : array (unit,), optional
        Labels; positions if absent. Units are not neighbours of each other: clusters stay within
        one, and p accounts for all of them.
    subject : array (subject,), optional
        Names, for messages.
    cluster_alpha : float
        Two-sided level of t (S - 1 df) that a time must pass to enter a cluster. It sets which
        clusters there are, not how many are found by chance.
    alpha : float
        Level of the claim that is wanted.
    n_permutations : int
        Number of permutations, the observed order included; at least 1,000.
    rng : Generator, optional
        Draws the permutations; ``default_rng(0)`` if absent.

    Returns
    -------
    table : DataFrame
        One row per cluster in the order of p, and no row where no time passes the threshold. The
        columns are ``unit`` (missing without units), ``start`` and ``stop`` (labels of the first
        and last time), ``n_points``, ``mass`` (sum of t, signed), ``p``, ``n_subjects``,
        ``n_permutations`` (done, the observed order included), ``smallest_p`` (that could have been
        reached), ``threshold`` (of t), ``method``, and ``note``: p speaks of the cluster, not of
        its edges.

    Raises
    ------
    DataError
        NaN (with subject and times), times at which no subject differs from another, a subject or
        time that occurs twice, times that do not run forwards, or an impossible level.
    NotTestableError
        The smallest possible p, 2 / 2^S, is above `alpha` (fewer than 6 subjects at .05).
    """
    (course,), axes = check_courses([courses], [subject], time, unit, title=TITLE)
    n = len(course)
    _check_options(n_permutations, cluster_alpha, alpha)
    if smallest_p(n) > alpha:
        raise NotTestableError(
            f"{TITLE}: flipping signs of {n} subjects cannot give a p below {smallest_p(n):.4g}, "
            f"so no claim at {alpha:g} is possible; show every subject instead"
        )
    threshold = stats.t.ppf(1 - cluster_alpha / 2, n - 1)
    found = _flip_signs(course, threshold, n_permutations, rng)
    smallest = max(smallest_p(n), 1 / n_permutations)
    kind = "all flips" if 2 ** (n - 1) <= n_permutations else "draws"
    text = f"cluster permutation, signs of subjects, {kind}"
    return _table(found, axes, n, threshold, smallest, text)


@checked(
    DataError,
    time=optional(not_labels),
    unit=optional(not_labels),
    subject_a=optional(not_labels),
    subject_b=optional(not_labels),
    cluster_alpha=SHARE,
    n_permutations=partial(not_whole, least=1),
    rng=RNG,
)
def cluster_test_groups(
    courses_a: ArrayLike,
    courses_b: ArrayLike,
    *,
    time: ArrayLike | None = None,
    unit: ArrayLike | None = None,
    subject_a: ArrayLike | None = None,
    subject_b: ArrayLike | None = None,
    cluster_alpha: float = 0.05,
    n_permutations: int = N_PERMUTATIONS,
    rng: np.random.Generator | None = None,
) -> pd.DataFrame:
    """Test where the mean courses of two groups differ, by flipping signs within groups.

    Under no difference, a subject's deviation from the mean of its own group could as well have had
    the other sign (wild bootstrap: Wu 1986, Ann Stat 14:1261). The groups need not have the same
    variance, which permuting labels assumes.

    Parameters
    ----------
    courses_a, courses_b : array (subject, time) or (subject, time, unit)
        Means of subjects, of one group each, at least 6 subjects in both.
    time : array (time,), optional
        Labels; positions if absent.
    unit : array (unit,), optional
        Labels; positions if absent. Clusters stay within a unit, and p accounts for all units.
    subject_a, subject_b : array (subject,), optional
        Names, for messages.
    cluster_alpha : float
        Two-sided level of t (n_A + n_B - 2 df) that a time must pass to enter a cluster.
    n_permutations : int
        Number of permutations, the observed order included; at least 1,000.
    rng : Generator, optional
        Draws the signs; ``default_rng(0)`` if absent.

    Returns
    -------
    table : DataFrame
        Columns as from `cluster_test`; ``mass`` is the sum of Welch's t, positive where A is
        larger.

    Raises
    ------
    DataError
        As in `cluster_test`.
    NotTestableError
        Fewer than 6 subjects in a group.

    Notes
    -----
    Rejected without an effect, smooth noise, 800 data sets, per cent; the standard deviations are
    those of the first and of the second group:

    ================================ ===== ===============
    subjects, SDs, times             flips labels permuted
    ================================ ===== ===============
    6 and 20, 1 and 1, 60              5.4             4.8
    6 and 20, 3 and 1, 60              5.6            13.8
    6 and 20, 3 and 1, 200             4.2            17.8
    6 and 6, 3 and 1, 60               6.0            11.1
    4 and 20, 1 and 1, 60 (refused)    7.6             5.1
    ================================ ===== ===============
    """
    groups, axes = check_courses(
        [courses_a, courses_b], [subject_a, subject_b], time, unit, title=TITLE
    )
    sizes = [len(group) for group in groups]
    _check_options(n_permutations, cluster_alpha)
    if min(sizes) < FEWEST_SUBJECTS:
        raise NotTestableError(
            f"{TITLE}: found groups of {sizes[0]} and {sizes[1]} subjects, expected at least "
            f"{FEWEST_SUBJECTS} in both; show every subject instead"
        )
    threshold = stats.t.ppf(1 - cluster_alpha / 2, sum(sizes) - 2)
    rng = np.random.default_rng(0) if rng is None else rng
    observed = _welch(*(_moments(group, np.ones((1, len(group)))) for group in groups))
    flipped = _welch(*(_flip_deviations(group, n_permutations - 1, rng) for group in groups))
    largest = _largest_mass(np.concatenate([observed, flipped]), threshold)
    clusters = _find(observed[0], threshold)
    p = np.array([np.mean(largest >= abs(observed[0][where].sum())) for where in clusters])
    text = f"cluster test of two groups, Welch t, signs of deviations, {n_permutations - 1} draws"
    found = _Found(observed[0], clusters, p, largest)
    return _table(found, axes, sum(sizes), threshold, 1 / n_permutations, text)


def _flip_deviations(group, n_draws, rng):
    n = len(group)
    deviation = (group - group.mean(axis=0)) * np.sqrt(n / (n - 1))
    return _moments(deviation, rng.integers(0, 2, (n_draws, n)) * 2.0 - 1.0)


def _moments(courses, signs):
    """Mean, and its squared standard error, of courses with signs (draw, time, unit)."""
    n = len(courses)
    mean = np.tensordot(signs, courses, axes=1) / n
    return mean, ((courses**2).mean(axis=0) - mean**2) / (n - 1)


def _welch(a, b):
    return (a[0] - b[0]) / np.sqrt(a[1] + b[1])


def _largest_mass(t, threshold):
    """Largest mass of a cluster of either sign, 0 without one (draw,)."""
    largest = np.zeros(len(t))
    for signed in (t, -t):
        mass = np.zeros((len(t), t.shape[2]))
        for now in np.moveaxis(signed, 1, 0):
            mass = np.where(now > threshold, mass + now, 0.0)
            largest = np.maximum(largest, mass.max(axis=1))
    return largest


def _find(t, threshold):
    """Indices (time, unit) of every cluster."""
    clusters = []
    for unit in range(t.shape[1]):
        side = np.sign(t[:, unit]) * (np.abs(t[:, unit]) > threshold)
        for run in np.split(np.arange(len(t)), np.flatnonzero(np.diff(side)) + 1):
            if side[run[0]]:
                clusters.append((run, np.full(run.size, unit)))
    return clusters


def _check_options(n_permutations, *levels):
    found = [f"level {each}: expected between 0 and 1" for each in levels if not 0 < each < 1]
    if as_whole_numbers(n_permutations, "n_permutations", TITLE) < FEWEST_PERMUTATIONS:
        found.append(
            f"n_permutations: found {n_permutations}, expected at least {FEWEST_PERMUTATIONS}"
        )
    if found:
        raise problems(DataError, TITLE, found)


def _flip_signs(courses, threshold, n_permutations, rng) -> _Found:
    from mne.stats import permutation_cluster_1samp_test

    n_times, n_units = courses.shape[1:]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "No clusters found", RuntimeWarning)
        found = permutation_cluster_1samp_test(
            courses,
            threshold=threshold,
            tail=0,
            n_permutations=n_permutations,
            adjacency=None if n_units == 1 else _within_units(n_times, n_units),
            out_type="indices",
            rng=np.random.default_rng(0) if rng is None else rng,
            verbose="error",
        )
    return _Found(*found)


def _within_units(n_times, n_units):
    """Neighbours in time only (time * unit, time * unit)."""
    step = sparse.diags_array([1.0, 1.0], offsets=[-1, 1], shape=(n_times, n_times))
    return sparse.coo_array(sparse.kron(step, sparse.eye_array(n_units)))


def _table(found, axes, n_subjects, threshold, smallest, method) -> pd.DataFrame:
    time, unit = axes
    rows = []
    for where, p in zip(found.clusters, found.p, strict=True):
        at = np.sort(where[0])
        row = {"unit": unit[where[1][0]], "start": time[at[0]], "stop": time[at[-1]]}
        row |= {"n_points": at.size, "mass": found.t[where].sum(), "p": p}
        rows.append(row | {"n_subjects": n_subjects, "n_permutations": found.largest.size})
    constant = {"smallest_p": smallest, "threshold": threshold, "method": method, "note": NOTE}
    table = pd.DataFrame(rows).assign(**constant).reindex(columns=list(COLUMNS))
    return table.sort_values("p", kind="stable", ignore_index=True)
