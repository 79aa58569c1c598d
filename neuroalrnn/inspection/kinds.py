"""Rows that are no usual trials: practice, forced, timed out, screens, trials without answer."""

from collections.abc import Iterator, Set
from itertools import pairwise

import numpy as np

from neuroalrnn.inspection.finding import Finding
from neuroalrnn.inspection.groups import share
from neuroalrnn.inspection.guess import words
from neuroalrnn.inspection.view import View

PRACTICE = {"practice", "prac", "training", "train", "instruction", "instructions", "tutorial",
            "demo", "warmup", "warm", "familiarization", "familiarisation", "example"}  # fmt: skip
FORCED = {"forced", "force", "instructed", "forcedchoice", "autowater", "nonrandom"}
TIMED_OUT = {"timeout", "timedout", "tooslow", "slow", "missed", "miss", "late", "omission",
             "omitted", "aborted", "abort", "violation", "violations", "viols"}  # fmt: skip
# columns of more values are no labels of rows
MOST_VALUES = 30
HARDLY = 0.3
# in kinds of rows that are trials, at least half have a choice
HALF_EMPTY = 0.5
UNSCORED = (
    "where the choice says nothing, give a column that is false there as scored: the trial stays "
    "in its sequence, and no model is asked about it"
)


def practice(view: View) -> Iterator[Finding]:
    """Find rows of practice or instruction."""
    yield from _marked(view, PRACTICE, "practice", "leave them out before the fit")


def forced(view: View) -> Iterator[Finding]:
    """Find trials whose choice was forced."""
    yield from _marked(view, FORCED, "a forced choice", UNSCORED)


def timed_out(view: View) -> Iterator[Finding]:
    """Find trials that ended without a valid answer."""
    yield from _marked(view, TIMED_OUT, "timed out or broken off", UNSCORED)


def screens(view: View) -> Iterator[Finding]:
    """Find kinds of rows that never have a choice, as instructions and fixation crosses."""
    name = view.role("choice")
    if name is None or not view.is_empty(name).any():
        return
    empty = view.is_empty(name)
    for other in _labels(view):
        column = view.columns[other]
        never = (share(column.codes, empty) == 1) & (column.size >= 3) & ~column.empty
        rows = never[column.codes]
        # as good as all others have one
        if rows.any() and (~rows).any() and empty[~rows].mean() < HALF_EMPTY:
            shown = ", ".join(repr(each[:30]) for each in column.levels[never][:3])
            yield Finding(
                f"rows with {other!r} = {shown} never have a choice ({int(rows.sum())} of "
                f"{len(rows)} rows)",
                "if they are screens and no trials, leave them out",
                rows,
            )
            return


def hardly_answers(view: View) -> Iterator[Finding]:
    """Find subjects who gave no choice on many trials, where others did."""
    name = view.role("choice")
    if name is None:
        return
    empty = view.is_empty(name)
    none = share(view.subject, empty)
    odd = (none > HARDLY) & (none > 3 * np.median(none) + 0.1)
    rows = odd[view.subject] & empty
    if rows.any():
        yield Finding(
            f"{view.who(rows, 'subject')} made no choice on {none[odd].min():.0%} "
            "of the trials or more",
            "look whether they took part; they count in every mean over subjects",
            rows,
        )


def _marked(view, known: Set[str], what, do) -> Iterator[Finding]:
    """Rows that a column marks, by its name (true) or by its values."""
    taken = {view.role(role) for role in ("choice", "subject", "rt", "reward", "correct", "trial")}
    for name in view.columns:
        if name in taken or name not in _labels(view, 2):
            continue
        rows = _true(view, name) if _known(name, known) else _saying(view, name, known)
        if rows.any() and rows.mean() <= HALF_EMPTY:
            yield Finding(f"{int(rows.sum())} rows are {what} by {name!r}", do, rows)
            return


def _known(name, known) -> bool:
    parts = words(name)
    pairs = {"".join(pair) for pair in pairwise(parts)}
    return bool(({*parts} | pairs) & known)


def _saying(view, name, known) -> np.ndarray:
    """Rows whose value is one of the words."""
    return view.holding(name, [value for value in view.values(name) if _known(value, known)])


def _true(view, name) -> np.ndarray:
    """Rows where a column of two values is true."""
    return view.holding(name, ("1", "1.0", "true", "True", "TRUE", "yes", "Yes"))


def _labels(view, least=2) -> list[str]:
    """Columns of few values that label rows."""
    names = [name for name in view.columns if name != view.role("choice")]
    return [name for name in names if least <= view.n_levels(name) <= MOST_VALUES]
