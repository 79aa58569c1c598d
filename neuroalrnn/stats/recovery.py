"""Scores of recovery: how well a refit finds a truth that is known.

The definitions are those of this package.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.optimize import linear_sum_assignment
from scipy.stats import binomtest

from neuroalrnn.arguments import refuse, shown
from neuroalrnn.exceptions import DataError
from neuroalrnn.stats.checks import as_numbers, refuse_unnamed, require_columns

MOST_OFF = 1
MEANS = ("adjusted_rand", "adjusted_rand_clear", "eigenvalue_gap")
COUNTS = ("n_switches", "n_found", "n_exact", "n_by_chance")
SUMMARISED = ("true_n_pwl", "found_n_pwl", *MEANS, "badly_trained", *COUNTS)


def confusion_matrix(
    true: Sequence, found: Sequence, labels: Sequence | None = None
) -> pd.DataFrame:
    """Count how often each truth was found as what.

    Parameters
    ----------
    true, found : sequence, shape (run,)
        Label of each run as it was, and as it was found.
    labels : sequence, optional
        Labels in the order of rows and columns; default all that occur, sorted.

    Returns
    -------
    counts : DataFrame
        Rows are the truth, columns what was found.

    Raises
    ------
    DataError
        Different lengths, missing values, or values that are no label.
    """
    both = {"true": true, "found": found}.items()
    wrong = [f"{k} = {shown(v)}: expected labels" for k, v in both if np.ndim(v) != 1]
    refuse("confusion matrix", wrong, DataError)
    true, found = list(true), list(found)
    if len(true) != len(found):
        raise DataError(f"confusion matrix: {len(true)} true and {len(found)} found values")
    refuse_unnamed("confusion matrix", {"true": true, "found": found})
    labels = sorted({*true, *found}, key=_rank) if labels is None else list(labels)
    other = sorted({*map(str, [*true, *found])} - {*map(str, labels)})
    if other:
        raise DataError(
            f"confusion matrix: {', '.join(other)} not among {', '.join(map(str, labels))}"
        )
    counts = pd.crosstab(pd.Series(true, name="true"), pd.Series(found, name="found"))
    return counts.reindex(index=labels, columns=labels, fill_value=0).rename_axis(
        index="true", columns="found"
    )


def _rank(label):
    """Numbers by size, before all that is not a number."""
    return (isinstance(label, str), label)


def _share_found(n_found: int, n_runs: int) -> dict:
    """Share of runs in which the truth was found, with Wilson's 95 % interval."""
    if not (0 <= n_found <= n_runs and n_runs):
        raise DataError(f"share found: {n_found} of {n_runs} runs, expected at most all of some")
    interval = binomtest(int(n_found), int(n_runs)).proportion_ci(method="wilson")
    low, high = float(interval.low), float(interval.high)
    return {"share": n_found / n_runs, "low": low, "high": high, "n_runs": int(n_runs)}


def switch_agreement(
    true: ArrayLike, found: ArrayLike, *, margin: float = 0.25, within: int = MOST_OFF
) -> dict[str, int]:
    """Count the true switches of one unit that a matched unit makes at the same time.

    A true switch lies at step t if the signs of ``z_{t-1}`` and ``z_t`` differ. It counts where
    both lie at least `margin` standard deviations from the boundary, and is found if the other unit
    switches in the same sequence at most `within` steps away, in either direction. A unit that
    switches all the time finds everything: ``n_by_chance`` compares with the found switches of
    the next sequence, and `n_extra` counts found switches that are no true ones.

    Parameters
    ----------
    true, found : array, shape (sequence, step)
        A PWL unit and its match; NaN where a sequence has no such step.
    margin : float
        Distance from the boundary that a clear switch has, in standard deviations of the true unit.
    within : int
        Steps by which a found switch may come earlier or later.

    Returns
    -------
    dict of str to int
        Counts: ``n_switches`` (true and clear), ``n_found``, ``n_exact`` (in the same step),
        ``n_by_chance``, ``n_made`` (switches of the found unit) and ``n_extra``.

    Raises
    ------
    DataError
        Different shapes, or no step.
    """
    true, found = (as_numbers(x, n, "switches") for n, x in (("true", true), ("found", found)))
    if true.ndim != 2 or true.shape != found.shape or not np.isfinite(true).any():
        raise DataError(
            f"switches of shapes {true.shape} and {found.shape}: expected one shape (sequence, "
            "step), and steps that are present"
        )
    clear = np.abs(true) >= margin * np.nanstd(true)
    counts = _switches(true) & clear[:, 1:] & clear[:, :-1]
    made = _switches(found)
    near = _widen(made, within)
    return {
        "n_switches": int(counts.sum()),
        "n_found": int((counts & near).sum()),
        "n_exact": int((counts & made).sum()),
        "n_by_chance": int((counts & np.roll(near, 1, axis=0)).sum()),
        "n_made": int(made.sum()),
        "n_extra": int((made & ~_widen(_switches(true), within)).sum()),
    }


def _switches(values):
    """Steps from the second on at which the sign changed, shape (sequence, step - 1)."""
    known = np.isfinite(values)
    return ((values[:, 1:] > 0) != (values[:, :-1] > 0)) & known[:, 1:] & known[:, :-1]


def _widen(marks, n_steps):
    wide = marks.copy()
    for lag in range(1, n_steps + 1):
        wide[:, lag:] |= marks[:, :-lag]
        wide[:, :-lag] |= marks[:, lag:]
    return wide


def match_eigenvalues(true: ArrayLike, found: ArrayLike) -> np.ndarray:
    """Compute the distance of each true eigenvalue to its partner among the found ones.

    Parameters
    ----------
    true : complex array, shape (value,)
        True eigenvalues.
    found : complex array, shape (other value,)
        Found eigenvalues, at least as many; those without a partner do not count.

    Returns
    -------
    distance : array, shape (value,)
        Sizes of ``true - found`` in the one-to-one match with the smallest sum (Hungarian method).

    Raises
    ------
    DataError
        Fewer found values than true ones, or values that are not finite.
    """
    true, found = np.asarray(true), np.asarray(found)
    fits = true.ndim == found.ndim == 1 and len(true) <= len(found)
    if not (fits and np.isfinite(true).all() and np.isfinite(found).all()):
        raise DataError(
            f"eigenvalues of shapes {true.shape} and {found.shape}: expected at least as many "
            "found as true ones, all finite"
        )
    gap = np.abs(np.asarray(true)[:, None] - np.asarray(found)[None, :])
    row, column = linear_sum_assignment(gap)
    return gap[row, column]


def summarise_recovery(
    table: pd.DataFrame, by: Sequence[str] = ("task", "n_subjects", "n_trials")
) -> pd.DataFrame:
    """Summarise by design how often P came back, and how well regimes and switches did.

    Parameters
    ----------
    table : DataFrame
        One row per run, from `neuroalrnn.recover.recovery`.
    by : sequence of str
        Columns that tell designs apart.

    Returns
    -------
    summary : DataFrame
        One row per design: the columns of `by`; ``share_n_pwl`` with ``low`` and ``high`` (95 %,
        Wilson 1927, J Am Stat Assoc 22:209) and ``n_runs``; ``n_badly_trained``;
        ``adjusted_rand``, ``adjusted_rand_clear`` and ``eigenvalue_gap`` (means over runs);
        ``share_switches``, ``share_switches_exact`` and ``share_switches_by_chance`` (of all clear
        switches of all runs) and ``n_switches``.

    Raises
    ------
    DataError
        A table without these columns.
    """
    require_columns("recovery", table, [*by, *SUMMARISED])
    rows = []
    for key, runs in table.groupby(list(by), sort=False):
        found = _share_found((runs["true_n_pwl"] == runs["found_n_pwl"]).sum(), len(runs))
        means = runs[list(MEANS)].mean()
        row = dict(zip(by, key, strict=True)) | {"share_n_pwl": found.pop("share")} | found
        row |= {"n_badly_trained": int(runs["badly_trained"].sum())} | means.to_dict()
        rows.append(row | _switch_shares(runs))
    return pd.DataFrame(rows)


def _switch_shares(runs):
    n_switches = int(runs["n_switches"].sum())
    names = {"share_switches": "n_found", "share_switches_exact": "n_exact",
             "share_switches_by_chance": "n_by_chance"}  # fmt: skip
    shares = {
        name: runs[count].sum() / n_switches if n_switches else np.nan
        for name, count in names.items()
    }
    return shares | {"n_switches": n_switches}
