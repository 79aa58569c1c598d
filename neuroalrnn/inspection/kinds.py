"""Rows that are no usual trials: practice, forced, timed out, screens, trials without answer."""

from collections.abc import Iterator, Set
from itertools import pairwise

import numpy as np

from neuroalrnn.inspection.codes import unchosen
from neuroalrnn.inspection.finding import Finding
from neuroalrnn.inspection.groups import share
from neuroalrnn.inspection.guess import words
from neuroalrnn.inspection.view import View

PRACTICE = {"practice", "prac", "training", "train", "instruction", "instructions", "tutorial",
            "demo", "warmup", "warm", "familiarization", "familiarisation", "example"}  # fmt: skip
FORCED = {"forced", "force", "instructed", "forcedchoice", "autowater", "nonrandom"}
TIMED_OUT = {"timeout", "timedout", "tooslow", "slow", "missed", "miss", "late", "omission",
             "omitted", "aborted", "abort", "violation", "violations", "viols"}  # fmt: skip
TRUE = {"1", "1.0", "true", "yes"}
# columns of more values are no labels of rows
MOST_VALUES = 30
HARDLY = 0.3
# in kinds of rows that are trials, at least half have a choice
HALF_EMPTY = 0.5
RARE = 0.1
FEW = 3
LEFT_OUT = "they are left out; if they are trials, take that out of keep"
UNSCORED = (
    "such a trial stays in its sequence, and no model is asked about it, where a column that is "
    "false there is given as scored"
)


def practice(view: View) -> Iterator[Finding]:
    """Find rows of practice or instruction."""
    for name, values, rows in _marked(view, PRACTICE):
        yield Finding(
            f"{int(rows.sum())} rows are practice by {name!r}",
            LEFT_OUT,
            rows,
            {"keep": {name: {"is_not": values}}},
        )


def forced(view: View) -> Iterator[Finding]:
    """Find trials whose choice was forced."""
    yield from _unscored(view, FORCED, "a forced choice")


def timed_out(view: View) -> Iterator[Finding]:
    """Find trials that ended without a valid answer."""
    yield from _unscored(view, TIMED_OUT, "timed out or broken off")


def screens(view: View) -> Iterator[Finding]:
    """Find kinds of rows that never have a choice, as instructions and fixation crosses."""
    name = view.role("choice")
    if name is None or not view.is_empty(name).any():
        return
    empty = view.is_empty(name)
    for other in _labels(view):
        column = view.columns[other]
        never = (share(column.codes, empty) == 1) & ~column.empty
        rows = never[column.codes] & (column.size[never].max(initial=0) >= FEW)
        # as good as all others have one
        is_kind = rows.any() and (~rows).any() and empty[~rows].mean() < HALF_EMPTY
        if is_kind and not _are_missed(view, other, rows):
            shown = ", ".join(repr(each[:30]) for each in column.levels[never][:3])
            yield Finding(
                f"rows with {other!r} = {shown} never have a choice ({int(rows.sum())} of "
                f"{len(rows)} rows)",
                LEFT_OUT,
                rows,
                {"keep": {other: {"is_not": list(column.levels[never])}}},
            )
            return


def _are_missed(view, name, rows) -> bool:
    """Whether rows are trials without an answer: marked so, or few, apart, and of one number."""
    if any((rows <= missed).all() for _, _, missed in _marked(view, TIMED_OUT)):
        return True
    alone = np.r_[True, (view.session[1:] != view.session[:-1]) | ~rows[:-1]]
    return view.is_number(name) and rows.mean() < RARE and alone[rows].mean() > 1 - RARE


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


def _unscored(view, known: Set[str], what) -> Iterator[Finding]:
    for name, values, rows in _marked(view, known):
        others = [each for each in view.columns[name].levels if each not in values]
        recipe = {"from": name, "equals": others}
        sets = {"derive": {"counts": recipe}, "columns": {"scored": "counts"}}
        told = "" not in others and "scored" not in view.roles and "choice" in view.roles
        # a trial that is scored needs a choice
        told = told and not (unchosen(view) & ~rows).any()
        yield Finding(
            f"{int(rows.sum())} rows are {what} by {name!r}", UNSCORED, rows, sets if told else {}
        )


def _marked(view, known: Set[str]) -> Iterator[tuple[str, list[str], np.ndarray]]:
    """First column that marks rows, by its name (true) or by its values; which values; rows."""
    for name in _labels(view):
        if name in (view.role("subject"), view.role("trial")):
            continue
        named = _known(name, known)
        values = [each for each in view.values(name)
                  if (each.lower() in TRUE if named else _known(each, known))]  # fmt: skip
        rows = view.holding(name, values)
        if rows.any() and rows.mean() <= HALF_EMPTY:
            yield name, values, rows
            return


def _known(name, known) -> bool:
    parts = words(name)
    pairs = {"".join(pair) for pair in pairwise(parts)}
    return bool(({*parts} | pairs) & known)


def _labels(view) -> list[str]:
    """Columns of few values that label rows, none of them written with the choice."""
    taken = {view.role(role) for role in ("choice", "rt", "reward", "correct")}
    return [
        name
        for name in view.columns
        if name not in taken and 2 <= view.n_levels(name) <= MOST_VALUES
    ]
