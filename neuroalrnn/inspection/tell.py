"""What the console says of a first look at files."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from neuroalrnn.inspection.guess import clocks, has_name
from neuroalrnn.inspection.look import Inspection
from neuroalrnn.inspection.runfile import describe, inputs_of_text, labels

N_SHOWN = 5


def tell(found: Inspection, data: Mapping[str, Any]) -> str:
    """Write what was found for the console.

    Parameters
    ----------
    found : Inspection
        Roles and findings.
    data : dict
        Keys of ``[data]``, from `neuroalrnn.inspection.runfile.suggest`.

    Returns
    -------
    str
        Lines on formats, subjects, sessions, options, roles, and what looks wrong.
    """
    view = found.view
    lines = [f"{name}: {kind}" for name, kind in zip(view.files, found.formats, strict=True)]
    if len(lines) > N_SHOWN:
        lines = [*lines[:N_SHOWN], f"and {len(lines) - N_SHOWN} more files"]
    lines += [f"{len(view)} rows, {len(view.columns)} columns", *_counts(view)]
    lines += ["", "roles, as their names and cells suggest"]
    lines += [_role(role, name, found) for role, name in view.roles.items()]
    rest = [name for name in view.columns if name not in view.roles.values() and has_name(name)]
    lines += [f"  -         {name}: {describe(view, name)}" for name in rest[:40]]
    lines += [f"  -         and {len(rest) - 40} more columns"] if len(rest) > 40 else []
    if made := inputs_of_text(data):
        lines += ["", f"inputs made of text: {', '.join(made)}"]
    lines += ["", f"what looks wrong: {len(found.findings) or 'nothing'}"]
    lines += [
        f"  {number}. {name}: {finding.tell(view)}"
        for number, (name, finding) in enumerate(found.findings, start=1)
    ]
    return "\n".join(lines)


def tell_remedy(found: Inspection, fits: bool) -> str:
    """Say what to do where no choice is known, and what can be held out of one or two subjects.

    Parameters
    ----------
    found : Inspection
        Roles and findings.
    fits : bool
        Whether the run file loads, and its trials can be split.

    Returns
    -------
    str
        Lines to put at the end, or none.
    """
    view = found.view
    n_subjects, n_sessions = view.n_subjects, len(np.unique(view.session))
    if "choice" not in view.roles:
        return (
            "name the choice here (--columns choice=COLUMN) rather than in the run file: columns "
            "that tell the choice, and its codes for missing, are then looked for"
        )
    if n_subjects > 2:
        return ""
    who = "one subject" if n_subjects == 1 else "two subjects"
    if fits:
        return (
            f"{who}: whole sessions are held out, so that results speak of new sessions of the "
            "same subjects, and not of other subjects\n"
        )
    if n_sessions > 2:
        return ""
    count = "one session" if n_sessions == 1 else "two sessions"
    lines = [f"{who}, {count}: sessions are held out, and three are needed. What can be done:"]
    lines.append(
        "- inspect further files, of the same or of other subjects, together with this one"
    )
    parts = _stretches(view)
    told = ", ".join(f"{name} ({n})" for name, n in parts.items())
    for name in list(parts)[:1]:
        old = [role for role, column in view.roles.items() if column == name]
        place = f" in place of {old[0]} = ..." if old else ""
        lines.append(
            "- let stretches be sessions, if the state of the subject may start anew in each: "
            f"{told}; write session = {json.dumps(name)}{place} in [data.columns]"
        )
    if not parts:
        lines.append("- no column divides its rows into stretches that could be sessions (blocks, "
                     "runs): add one")  # fmt: skip
    return "\n".join(lines)


def _stretches(view) -> dict[str, int]:
    """Columns whose values each stand in one stretch of rows, at least three, by their number."""
    found = {}
    for name in view.columns:
        code = view.codes(name)
        n_runs = 1 + int(np.count_nonzero(np.diff(code)))
        is_plain = n_runs == len(np.unique(code)) and not view.is_empty(name).any()
        if 3 <= n_runs <= len(view) / 10 and is_plain:
            found[name] = n_runs
    return dict(list(found.items())[:N_SHOWN])


def _counts(view) -> list[str]:
    source = view.roles.get("subject", "one per file, as no column names them")
    lines = [f"subjects: {_groups(view.subject)} ({source})"]
    if "session" in view.roles:
        lines.append(f"sessions: {_groups(view.session)} ({view.roles['session']})")
    if "choice" in view.roles:
        name = view.roles["choice"]
        column = view.columns[name]
        count = dict(zip(column.levels, column.size, strict=True))
        options = [f"{each} ({count.get(str(each), count.get(f'{each}.0'))})"
                   for each in labels(view, {})]  # fmt: skip
        empty = int(view.is_empty(name).sum())
        none = f"; none on {empty} rows" if empty else ""
        lines.append(f"options: {', '.join(options[:12])}{none} ({name})")
    if times := clocks(view):
        more = " ..." if len(times) > N_SHOWN else ""
        lines.append(f"events: {', '.join(times[:N_SHOWN])}{more} (climb through sessions)")
    return lines


def _groups(number) -> str:
    size = np.bincount(number)
    few, many = size.min(), size.max()
    rows = f"{few}" if few == many else f"{few} to {many}"
    return f"{len(size)}, {rows} rows {'each' if len(size) > 1 else ''}".strip()


def _role(role, name, found) -> str:
    others = [each for each in found.candidates.get(role, []) if each != name]
    also = f"; or {', '.join(others[:4])}" if others else ""
    return f"  {role:9} {name}: {describe(found.view, name)}{also}"
