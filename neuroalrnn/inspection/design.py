"""What no split can tell apart, and what never changes."""

from collections.abc import Iterator

import numpy as np

from neuroalrnn.inspection.finding import Finding
from neuroalrnn.inspection.groups import n_different
from neuroalrnn.inspection.guess import has_name, words
from neuroalrnn.inspection.view import View

TREATMENTS = {"drug", "treatment", "dose", "group", "arm", "placebo", "stimulation", "stim",
              "laser", "opto", "manipulation", "lesion", "genotype", "condition", "diagnosis",
              "medication", "infusion"}  # fmt: skip
MOST_LEVELS = 4
SHORT = 10


def same_names(view: View) -> Iterator[Finding]:
    """Find columns of one name."""
    if view.twice:
        yield Finding(
            f"more than one column is called {', '.join(map(repr, view.twice))}",
            "rename all but one in the file",
        )


def never_changes(view: View) -> Iterator[Finding]:
    """Find roles whose column has one value throughout."""
    for role in ("choice", "reward", "correct", "rt"):
        name = view.role(role)
        if name is not None and len(view.values(name)) == 1 and len(view) > SHORT:
            yield Finding(
                f"{role} ({name!r}) is {view.values(name)[0]} on every row that has one",
                "look whether this is the right column, or whether the export lost something",
            )


def constant_block(view: View) -> Iterator[Finding]:
    """Find sessions or blocks in which one option was chosen throughout, by one who varies."""
    if view.role("choice") is None:
        return
    for role, piece in (("session", view.session), ("block", view.block)):
        rows = _stuck(view, piece) if role in view.roles else np.zeros(len(view), dtype=bool)
        if rows.any():
            yield Finding(
                f"the choice never changes in {view.who(rows, role)} "
                f"({view.who(rows, 'subject')}), and does elsewhere",
                "look whether a key stuck or the recording stopped",
                rows,
            )
            return


def _stuck(view, piece) -> np.ndarray:
    """Rows of pieces without a change, where the subject changes too often for that elsewhere."""
    name = view.roles["choice"]
    code = np.where(view.is_empty(name), -1, view.codes(name))
    same = np.r_[False, piece[1:] == piece[:-1]]
    stay = same & np.r_[False, code[1:] == code[:-1]]
    steps, stays = np.bincount(piece, same), np.bincount(piece, stay)
    subject = view.subject[np.unique(piece, return_index=True)[1]]
    rest = [np.bincount(subject, each)[subject] - each for each in (steps, stays)]
    chance = ((rest[1] + 1) / (rest[0] + 2)) ** steps
    odd = (stays == steps) & (steps >= SHORT - 1) & (chance * len(steps) < 0.01)
    return odd[piece] & (code >= 0)


def standing_times(view: View) -> Iterator[Finding]:
    """Find response times that repeat from row to row, though the clock is fine."""
    name = view.role("rt")
    if name is None:
        return
    times = view.number(name)
    same = np.r_[False, (times[1:] == times[:-1]) & (times[1:] > 0)]
    start = np.maximum.accumulate(np.where(same, 0, np.arange(len(same))))
    run = np.arange(len(same)) - start
    # a code that is repeated everywhere is no clock that stands still
    column = view.columns[name]
    in_runs = np.bincount(column.codes, same, minlength=len(column.levels))
    everywhere = (column.size > 0.01 * len(view)) & (in_runs < 0.5 * column.size)
    rows = (run >= 4) & ~everywhere[column.codes]
    if rows.any() and len(column.levels) > 50:
        yield Finding(
            f"{name!r} is the same on 5 or more rows in a row ({int(rows.sum())} rows)",
            "values were filled down or copied: empty them",
            rows,
        )


def lonely_level(view: View) -> Iterator[Finding]:
    """Find a treatment that only one subject had: no split can hold it out."""
    n_subjects = view.n_subjects
    for name in _treatments(view):
        column = view.columns[name]
        count = n_different(column.codes, view.subject)
        if count.sum() == n_subjects >= 4 and count.min() == 1 and count.max() > 1:
            rows = column.codes == count.argmin()
            yield Finding(
                f"only {view.who(rows, 'subject')} has {name!r} = {column.levels[count.argmin()]}",
                "it cannot be told from this subject, and is never in training when it is tested",
                rows,
            )


def in_one_order(view: View) -> Iterator[Finding]:
    """Find a treatment that came in the same session of every subject."""
    if "session" not in view.roles or view.n_subjects < 3:
        return
    session = view.codes(view.roles["session"])
    for name in _treatments(view):
        level = view.codes(name)
        is_told = (n_different(session, level) == 1).all() and session.max() > 0
        if is_told and (n_different(view.subject, level) > 1).all():
            yield Finding(
                f"{name!r} goes with {view.roles['session']!r} in the same way in every subject",
                "what it does cannot be told from what time does, and no split mends that",
                level == level.max(),
            )


def _treatments(view) -> list[str]:
    return [
        name
        for name in view.columns
        if has_name(name) and name not in view.roles.values() and set(words(name)) & TREATMENTS
        and 2 <= len(view.values(name)) <= MOST_LEVELS
    ]  # fmt: skip
