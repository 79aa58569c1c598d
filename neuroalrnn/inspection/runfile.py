"""Write the run file that a first look suggests, with a comment on every line."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from neuroalrnn.data.columns import NUMBER
from neuroalrnn.inspection.finding import Finding
from neuroalrnn.inspection.guess import covariates, has_name
from neuroalrnn.inspection.view import View

# more inputs than these are a choice of the user's
MOST_INPUTS = 12
ROLES_NEEDED = ("subject", "choice")


def suggest(view: View, findings: Sequence[Finding]) -> dict[str, Any]:
    """Put together what ``[data]`` of a run file says of a table.

    Parameters
    ----------
    view : View
        The table.
    findings : sequence of Finding
        What looks wrong in it.

    Returns
    -------
    data : dict
        Keys of ``[data]`` but for the path.
    """
    data: dict[str, Any] = {}
    for finding in findings:
        for key, value in finding.sets.items():
            data[key] = _merged(data.get(key), value)
    # what is known only after the choice is an input of the next trial where the user wants it
    late = data.pop("after_choice", [])
    inputs = [name for name in covariates(view) if name not in late][:MOST_INPUTS]
    columns = {role: view.roles[role] for role in _order(view)}
    columns |= {_variable(name, columns): name for name in inputs}
    used = {*columns, *columns.values()}
    for key in ("missing", "units"):
        if key in data:
            data[key] = {name: value for name, value in data[key].items() if name in used}
    kept = {key: value for key, value in data.items() if value and key != "splitter"}
    return {"columns": columns, "labels": labels(view, kept)} | kept


def labels(view: View, data: Mapping[str, Any]) -> list[str | int]:
    """List the options of the choice: numbers in their order, texts by name.

    Parameters
    ----------
    view : View
        The table.
    data : dict
        Keys of ``[data]``, of which ``missing`` says what is no option.

    Returns
    -------
    labels : list of str or int
        Values of the choice column in the order that codes them.
    """
    if "choice" not in view.roles:
        return []
    missing = set(map(str, data.get("missing", {}).get("choice", [])))
    values = [each for each in view.values(view.roles["choice"]) if each not in missing]
    if all(NUMBER.fullmatch(each) for each in values):
        numbers = sorted({float(each) for each in values})
        return [int(each) if each.is_integer() else f"{each:g}" for each in numbers]
    ordered: list[str | int] = [*sorted(values, key=str.casefold)]
    return ordered


def write(
    view: View, data: Mapping[str, Any], path: str, notes: Sequence[str], splitter: str
) -> str:
    """Write a run file.

    Parameters
    ----------
    view : View
        The table.
    data : dict
        Keys of ``[data]``, from `suggest`.
    path : str
        Path of the table, relative to the run file.
    notes : sequence of str
        What looks wrong, for comments.
    splitter : str
        Name of the splitter.

    Returns
    -------
    str
        A run file (TOML) with comments.
    """
    columns = dict(data["columns"])
    lines = [
        f"# What the columns of {Path(path).name} seem to mean: look at every line before you fit.",
        *(f"# Looks wrong: {note}" for note in notes),
        "",
        "[data]",
        f"path = {_toml(path)}",
        f"labels = {_toml(data['labels'])}  # values of the choice, in the order that codes them",
    ]
    lines += [f"{key} = {_toml(value)}" for key, value in data.items()
              if key not in ("columns", "labels") and not isinstance(value, Mapping)]  # fmt: skip
    lines += ["", "[data.columns]"]
    lines += [_role_line(role, columns.pop(role, None), view) for role in ROLES_NEEDED]
    lines += [_role_line(role, name, view) for role, name in columns.items()]
    lines += _unused(view, data["columns"])
    for key, value in data.items():
        if key != "columns" and isinstance(value, Mapping):
            lines += ["", f"[data.{key}]", *(f"{_key(k)} = {_toml(v)}" for k, v in value.items())]
    lines += ["", "[validation]", f"splitter = {_toml(splitter)}  # what is held out"]
    if n_splits := _n_splits(view, splitter):
        lines.append(f"n_splits = {n_splits}")
    lines += ["n_restarts = 1  # 3 by default: more is slower and safer", ""]
    return "\n".join(lines)


def choose_splitter(view: View, findings: Sequence[Finding]) -> str:
    """Choose what is held out: subjects where there are several, else sessions.

    Parameters
    ----------
    view : View
        The table.
    findings : sequence of Finding
        What looks wrong in it; one of them may ask for a splitter.

    Returns
    -------
    str
        Name of a splitter.
    """
    asked = [finding.sets["splitter"] for finding in findings if "splitter" in finding.sets]
    return asked[0] if asked else "SubjectKFold" if view.n_subjects > 2 else "SessionKFold"


def _n_splits(view, splitter) -> int:
    groups = view.subject if splitter == "SubjectKFold" else view.session
    n_groups = len(np.unique(groups))
    return n_groups if 1 < n_groups < 5 and splitter.endswith("KFold") else 0


def _order(view) -> list[str]:
    """Roles that are there, those that are needed first."""
    return sorted(view.roles, key=lambda role: role not in ROLES_NEEDED)


def _merged(old, new):
    if isinstance(new, Mapping):
        keys = [*(old or {}), *(key for key in new if key not in (old or {}))]
        return {k: _merged((old or {}).get(k), new[k]) if k in new else old[k] for k in keys}
    if isinstance(new, list):
        return [*(old or []), *(each for each in new if each not in (old or []))]
    return new


def _variable(name, taken) -> str:
    """Name of a variable for a column: without what variables may not be called."""
    found = re.sub(r"[\[\]:/]+", "_", name)
    return f"{found}_column" if found in taken else found


def _role_line(role, name, view) -> str:
    if name is None:
        return f'# {role} = "..."  # needed: no column looks like it'
    return f"{_key(role)} = {_toml(name)}  # {describe(view, name)}"


def _unused(view, columns) -> list[str]:
    rest = [name for name in view.columns if name not in columns.values() and has_name(name)]
    return [f"# {_key(_variable(name, ()))} = {_toml(name)}  # {describe(view, name)}"
            for name in rest[:40]]  # fmt: skip


def describe(view: View, name: str) -> str:
    """Say what a column holds.

    Parameters
    ----------
    view : View
        The table.
    name : str
        The column.

    Returns
    -------
    str
        Its values, or their number and range.
    """
    values = view.values(name)
    empty = int(view.is_empty(name).sum())
    more = f", empty on {empty} rows" if empty else ""
    if not values:
        return "empty"
    if len(values) <= 5:
        return ", ".join(each[:20] for each in sorted(values)) + more
    if view.is_number(name):
        number = view.number(name)
        return f"{len(values)} values from {np.nanmin(number):g} to {np.nanmax(number):g}{more}"
    return f"{len(values)} texts such as {values[0][:20]}{more}".replace("\n", " ")


def _key(text) -> str:
    return text if re.fullmatch(r"[A-Za-z0-9_-]+", text) else _toml(text)


def _toml(value) -> str:
    """A value as TOML writes it; JSON writes texts, numbers and lists alike."""
    # but for one control character
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(k)} = {_toml(v)}" for k, v in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
