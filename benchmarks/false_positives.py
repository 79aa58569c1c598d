"""How often every statistic rejects where there is nothing, and where there is something."""

import time
import zlib
from typing import NamedTuple

import numpy as np

from benchmarks import nulls
from benchmarks.false_positive_rows import CONTROL, DISCOVERY, NULL, POWER, ROWS
from benchmarks.functional_rows import FUNCTIONAL
from benchmarks.rejections import Q
from neuroalrnn.exceptions import FitError, NotTestableError

QUICK = 20


class Found(NamedTuple):
    """Rate of a row in the data sets that could be tested."""

    rate: float
    n_sets: int
    n_refused: int
    limit: str
    as_expected: bool


def measure(rows=(*ROWS, *FUNCTIONAL), *, n_repeats=nulls.N_REPEATS, on_row=None):
    """Simulate all rows.

    Parameters
    ----------
    rows : list of Row
    n_repeats : int
        Data sets per row.
    on_row : callable, optional
        Called with each row and what was found.

    Returns
    -------
    dict of Row to Found
    """
    found = {}
    for row in rows:
        found[row] = judge(row, simulate(row, n_repeats))
        if on_row:
            on_row(row, found[row])
    return found


def simulate(row, n_repeats):
    """Simulate data sets of one row, with a seed of its own.

    Parameters
    ----------
    row : Row
    n_repeats : int

    Returns
    -------
    array (data set,)
        1 where the statistic rejects, 0 where not (or a share); NaN where it refuses.
    """
    rng = np.random.default_rng(zlib.crc32(f"{row.kind}: {name(row)}".encode()))
    found = []
    while sum(map(np.size, found)) < n_repeats:
        try:
            found.append(row.simulate(rng))
        except (FitError, NotTestableError):
            found.append(np.nan)
    return np.hstack(found)[:n_repeats]


def judge(row, outcomes):
    """Compare the rate of a row with its limit.

    Parameters
    ----------
    row : Row
    outcomes : array (data set,)
        From `simulate`.

    Returns
    -------
    Found
    """
    tested = outcomes[np.isfinite(outcomes)]
    n, rate = tested.size, float(tested.mean()) if tested.size else np.nan
    limit = row.bound or nulls.upper_limit(max(n, 1))
    if row.kind == DISCOVERY:
        limit = Q + 3 * tested.std(ddof=1) / np.sqrt(n)
    if row.kind in (POWER, CONTROL):
        text, fine = f"{'at least' if row.kind == POWER else 'above'} {limit:.1%}", rate >= limit
    elif row.kind == DISCOVERY:
        text, fine = f"at most {limit:.1%}", rate <= limit
    else:
        text, fine = f"{nulls.DEAD:.1%} to {limit:.1%}", nulls.DEAD < rate <= limit
    return Found(rate, n, outcomes.size - n, text.replace("%", " %"), bool(fine))


def name(row):
    """Statistic and situation of a row.

    Parameters
    ----------
    row : Row

    Returns
    -------
    str
    """
    return f"{row.statistic}; {row.situation}"


TITLES = {
    NULL: (
        "Nothing to find",
        "Share of data sets with p < .05. The limit is .05 and three standard errors of a rate "
        "(.10 for single sessions\nof slow series, which are tested together only); a rate of "
        "nearly zero is a failure too.",
    ),
    DISCOVERY: (
        "Several tests",
        f"Mean share of false discoveries at q = {Q:g}; three standard errors are allowed.",
    ),
    POWER: (
        "Something to find",
        "Share of data sets in which it is found. Limits are floors: they describe, and catch a "
        "later loss\nof power, but test no prediction. That of the window after a change and that "
        "of decoding were\nset with the rate in view.",
    ),
    CONTROL: (
        "Methods that must fail",
        "Not in the package, or not what it does by default. If these were not seen to fail, the "
        "simulations could not detect a bad method.",
    ),
}
HEAD = """# False positives

Simulated data without an effect in the population, but with real differences between subjects:
how often does every statistic of the package reject at .05? {n_repeats} data sets per row, seeds
fixed. Refused: data sets for which the statistic gave an error instead of a p; the rate is that of
the others. `benchmarks/nulls.py` makes the data, `benchmarks/false_positive_rows.py` has the rows;
those of functional regimes, whose labels come from the effects of fitted networks on new subjects,
are in `benchmarks/functional_rows.py` and `benchmarks/functional_rejections.py`.

    python -m benchmarks false_positives

{verdict}
"""


def write(path, found, n_repeats):
    """Write the table.

    Parameters
    ----------
    path : path-like
    found : dict of Row to Found
    n_repeats : int
    """
    outside = [name(row) for row, each in found.items() if not each.as_expected]
    verdict = f"{len(found) - len(outside)} of {len(found)} rows are within their limits."
    if outside:
        listed = "\n".join(f"- {each}" for each in outside)
        verdict = f"{verdict} Outside:\n\n{listed}"
    parts = [HEAD.format(n_repeats=n_repeats, verdict=verdict)]
    for kind, (title, text) in TITLES.items():
        lines = [_line(row, each) for row, each in found.items() if row.kind == kind]
        header = "| statistic | data | rate | refused | limit | |\n|---|---|---|---|---|---|"
        parts.append("\n".join([f"## {title}\n\n{text}\n", header, *lines, ""]))
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(parts))


def _line(row, found):
    rate = f"{found.rate:.1%}".replace("%", " %")
    verdict = "as expected" if found.as_expected else "**outside**"
    cells = [row.statistic, row.situation, rate, found.n_refused or "", found.limit, verdict]
    return f"| {' | '.join(map(str, cells))} |"


def run(path, *, quick=False, on_row=None):
    """Simulate everything and write the table.

    Parameters
    ----------
    path : path-like
    quick : bool
        Few data sets, which only show that everything runs; nothing is written.
    on_row : callable, optional

    Returns
    -------
    dict
        Number of rows, rows outside their limits, and seconds of the processor.
    """
    start = time.process_time()
    n_repeats = QUICK if quick else nulls.N_REPEATS
    found = measure(n_repeats=n_repeats, on_row=on_row)
    if not quick:
        write(path, found, n_repeats)
    return {
        "data_sets": n_repeats,
        "rows": len(found),
        "outside": [name(row) for row, each in found.items() if not each.as_expected],
        "processor_seconds": round(time.process_time() - start, 1),
    }
