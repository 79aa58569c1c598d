"""Rows, blocks, sessions and files that are there twice, and orders that subjects share."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from neuroalrnn.inspection.finding import Finding
from neuroalrnn.inspection.groups import contents, n_different, numbered
from neuroalrnn.inspection.guess import has_name, is_counter
from neuroalrnn.inspection.view import View

# shorter pieces may be equal by chance
SHORT = 8
# a schedule of fewer changes is no order of stimuli
FEW_CHANGES = 10


def rows(view: View) -> Iterator[Finding]:
    """Find rows that are equal in every cell, where trial numbers or times tell rows apart."""
    n_times = view.n_levels(view.roles["rt"]) if "rt" in view.roles else 0
    if len(view.files) == 1 and ("trial" in view.roles or n_times > 0.8 * len(view)):
        cells = numbered(*(view.codes(name) for name in view.columns if has_name(name)))
        twice = pd.Series(cells).duplicated().to_numpy()
        if twice.any():
            yield Finding(
                f"{int(twice.sum())} rows equal another one in every cell",
                "take the copies out of the file",
                twice,
            )


def blocks(view: View) -> Iterator[Finding]:
    """Find blocks of a session that equal another block of it in choices and times."""
    if "block" in view.roles:
        yield from _twice(view, view.block, view.session, "block", "of its session")


def sessions(view: View) -> Iterator[Finding]:
    """Find sessions that equal another one in choices and times, under another name."""
    everywhere = np.zeros(len(view), dtype=int)
    role = "session" if "session" in view.roles else "subject"
    yield from _twice(view, view.session, everywhere, role, "under another name")


def files(view: View) -> Iterator[Finding]:
    """Find files that hold the same cells under two names."""
    if len(view.files) < 2:
        return
    cells = numbered(*(view.codes(name) for name in view.columns))
    first: dict[bytes, int] = {}
    for k, name in enumerate(view.files):
        own = view.file == k
        other = first.setdefault(cells[own].tobytes(), k)
        if other != k and own.any():
            yield Finding(
                f"{name} holds the same cells as {view.files[other]}",
                "one was copied by mistake: leave it out",
                own,
            )


def _twice(view, piece, within, role, what) -> Iterator[Finding]:
    """Pieces of the same content as an earlier one of the same group."""
    columns = _content(view)
    if not columns or len(np.unique(piece)) < 2:
        return
    cells = numbered(*(view.codes(name) for name in columns))
    able = (np.bincount(piece) >= SHORT) & (n_different(piece, cells) > SHORT / 2)
    first = np.unique(piece, return_index=True)[1]
    keys = pd.DataFrame({"within": within[first], "content": contents(piece, cells)})[able]
    copies = keys.index[keys.duplicated()]
    found = np.isin(piece, copies)
    if found.any():
        yield Finding(
            f"{len(copies)} {role}{'s' if len(copies) > 1 else ''} repeat the choices and times of "
            f"another {what} ({view.who(found, role)})",
            "one was copied by mistake: take it out",
            found,
        )


def _content(view) -> list[str]:
    """Columns that no two pieces share by design: times, else choices with rewards."""
    fine = [view.roles[role] for role in ("rt",) if _is_fine(view, view.roles.get(role))]
    choice = [view.roles[role] for role in ("choice", "reward", "correct") if role in view.roles]
    return [*fine, *choice] if fine or len(choice) > 1 else []


def _is_fine(view, name) -> bool:
    return name is not None and view.n_levels(name) > 20


def orders(view: View) -> Iterator[Finding]:
    """Find orders of stimuli that sessions of different subjects share."""
    if view.n_subjects < 2:
        return
    taken = {name for role, name in view.roles.items()}
    sharing: dict[str, np.ndarray] = {}
    for name in view.columns:
        if name not in taken and has_name(name) and view.n_levels(name) > 1:
            shared = _sharing(view, name)
            if shared.any() and not (view.is_number(name) and is_counter(view, name)):
                sharing[name] = shared
    if sharing:
        found = np.any(list(sharing.values()), axis=0)
        n_sharing = len(np.unique(view.subject[found]))
        yield Finding(
            f"{n_sharing} of {view.subject.max() + 1} subjects share a whole order of "
            f"{', '.join(map(repr, list(sharing)[:4]))} with another one, which networks can learn "
            f"by heart ({view.who(found, 'subject')})",
            'hold out together who shares one: splitter = "StimulusSequenceOut"',
            found,
            {"splitter": "StimulusSequenceOut"},
        )


def _sharing(view, name) -> np.ndarray:
    """Rows of sessions whose order of a column is that of a session of another subject."""
    code, session = view.codes(name), view.session
    changes = np.r_[False, (code[1:] != code[:-1]) & (session[1:] == session[:-1])]
    enough = np.bincount(session, changes) >= FEW_CHANGES
    first = np.unique(session, return_index=True)[1]
    content = pd.factorize(contents(session, code))[0]
    n_subjects = n_different(content, view.subject[first])
    return (enough & (n_subjects[content] > 1))[session]
