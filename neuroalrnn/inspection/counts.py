"""Numbers of trials and their order: what is missing, out of order, twice, or too few."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from neuroalrnn.inspection.codes import no_options
from neuroalrnn.inspection.finding import Finding
from neuroalrnn.inspection.groups import lowest, n_different, numbered, steps
from neuroalrnn.inspection.guess import words
from neuroalrnn.inspection.view import View

# most sessions are as long as the usual one, up to this share
ALIKE, MOST_ALIKE = 0.1, 0.7
CLOCKS = {"time", "times", "timestamp", "onset", "clock", "elapsed", "started", "start"}


def no_label(view: View) -> Iterator[Finding]:
    """Find rows without a subject, session or block, as where a program wrote it only once."""
    for role in ("subject", "session", "block"):
        rows = view.holding(view.roles[role], [""]) if role in view.roles else np.zeros(0)
        if rows.any():
            yield Finding(
                f"{role} ({view.roles[role]!r}) is empty on {int(rows.sum())} rows",
                "fill in what stands above, or leave these rows out",
                rows,
            )


def jumps(view: View) -> Iterator[Finding]:
    """Find sessions with far fewer or more trials than nearly all others."""
    size = np.bincount(view.session)
    usual = np.median(size)
    alike = np.abs(size - usual) <= ALIKE * usual
    odd = (size < 0.6 * usual) | (size > 1.5 * usual)
    if len(size) >= 4 and alike.mean() >= MOST_ALIKE and odd.any():
        rows = odd[view.session]
        role = "session" if "session" in view.roles else "subject"
        few = size[odd]
        counts = f"{few.min()}" if few.min() == few.max() else f"{few.min()} to {few.max()}"
        yield Finding(
            f"{int(odd.sum())} of {len(size)} {role}s have {counts} rows, the others about "
            f"{usual:g} ({view.who(rows, role)}"
            + (f"; {view.who(rows, 'subject')})" if role == "session" else ")"),
            "look whether a session broke off, or two were joined",
            rows,
        )


def gaps(view: View) -> Iterator[Finding]:
    """Find gaps in trial numbers: trials were removed there."""
    step, same = _steps(view)
    rows = same & (step > 1)
    if rows.any() and rows.sum() < 0.5 * same.sum():
        yield Finding(
            f"trial numbers ({view.roles['trial']}) jump {int(rows.sum())} times, over "
            f"{int((step[rows] - 1).sum())} numbers",
            "trials were removed there: what follows is not what came next; lags are 0 there",
            rows,
        )


def falls(view: View) -> Iterator[Finding]:
    """Find trial numbers that fall within a session, and do not start again."""
    step, same = _steps(view)
    number = view.number(view.roles["trial"]) if "trial" in view.roles else np.zeros(len(step))
    least = lowest(view.session, number)
    rows = same & (step < 0) & (number > least + 1)
    if rows.any():
        yield Finding(
            f"trial numbers ({view.roles['trial']}) fall within a session, {int(rows.sum())} times",
            "sort the rows by subject, session and trial",
            rows,
        )


def restarts(view: View) -> Iterator[Finding]:
    """Find trial numbers that start again within a session where no column names blocks."""
    step, same = _steps(view)
    if not same.any() or "block" in view.roles:
        return
    number = view.number(view.roles["trial"])
    least = lowest(view.session, number)
    rows = same & (step < 0) & (number <= least + 1)
    if rows.any():
        yield Finding(
            f"trial numbers ({view.roles['trial']}) start again within a session, "
            f"{int(rows.sum())} times",
            "the role trial is left out; name the column that tells the pieces apart, if there is "
            "one, as session, or as block where they are one sitting",
            rows,
            {"leave": ["trial"]},
        )


def twice(view: View) -> Iterator[Finding]:
    """Find trial numbers that occur twice in a block."""
    step, same = _steps(view)
    if not same.any():
        return
    keys = numbered(view.block, view.codes(view.roles["trial"]))
    cells = numbered(*(view.codes(name) for name in view.columns))
    rows = pd.Series(keys).duplicated().to_numpy() & ~pd.Series(cells).duplicated().to_numpy()
    # numbers that start again are another matter
    if rows.any() and rows.mean() < 0.1 and (same & (step == 0)).any():
        yield Finding(
            f"trial numbers ({view.roles['trial']}) occur twice, {int(rows.sum())} times",
            "the role trial is left out, and trials count in the order of the rows",
            rows,
            {"leave": ["trial"]},
        )


def interleaved(view: View) -> Iterator[Finding]:
    """Find sessions whose rows do not stand together."""
    new = np.r_[True, view.session[1:] != view.session[:-1]]
    again = new & pd.Series(view.session).where(new).duplicated().to_numpy()
    if again.any():
        role = "session" if "session" in view.roles else "subject"
        yield Finding(
            f"rows of a {role} do not stand together, {int(again.sum())} times",
            "sort the rows by subject, session and trial, if their order within one is right",
            again,
        )


def clock_restarts(view: View) -> Iterator[Finding]:
    """Find a clock that starts again within a session: two sessions under one name."""
    for name in view.columns:
        if not set(words(name)) & CLOCKS or name in view.roles.values() or not view.is_number(name):
            continue
        values = view.number(name)
        step = steps(view.block, values)
        rise = -lowest(view.session, -values) - lowest(view.session, values)
        falls = step < -0.5 * rise
        if falls.any() and (step[np.isfinite(step)] > 0).mean() > 0.95:
            yield Finding(
                f"the clock {name!r} starts again within a session",
                "two sessions stand under one name: tell them apart in the column of sessions",
                falls,
            )


def lonely_option(view: View) -> Iterator[Finding]:
    """Find an option that only one subject ever chose."""
    name = view.role("choice")
    if name is None or view.n_subjects < 3:
        return
    choice = view.columns[name]
    alone = (n_different(choice.codes, view.subject) == 1) & ~choice.empty
    alone &= ~np.isin(choice.levels, no_options(view))
    rows = alone[choice.codes]
    if rows.any() and (~alone & ~choice.empty).any():
        yield Finding(
            f"only {view.who(rows, 'subject')} chose {', '.join(choice.levels[alone][:5])}",
            "no model can learn it from the others: look whether the codes of this subject differ",
            rows,
        )


def _steps(view) -> tuple[np.ndarray, np.ndarray]:
    """Steps of trial numbers, and where they lie within a block of a session."""
    n_rows = len(view)
    if "trial" not in view.roles:
        return np.zeros(n_rows), np.zeros(n_rows, dtype=bool)
    group = view.block if "block" in view.roles else view.session
    number = view.number(view.roles["trial"])
    step = np.r_[0.0, np.diff(number)]
    return step, np.r_[False, group[1:] == group[:-1]] & np.isfinite(step)
