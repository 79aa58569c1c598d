"""Write the run file that a first look suggests, with a comment on every line."""

import json
import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

import numpy as np

from neuroalrnn.data.columns import NUMBER
from neuroalrnn.data.roles import RESERVED, ROLES
from neuroalrnn.inspection.groups import n_different
from neuroalrnn.inspection.guess import MOST_LEVELS, clocks, conditions, covariates, has_name
from neuroalrnn.inspection.look import Inspection
from neuroalrnn.inspection.view import View

# more inputs than these are a choice of the user's
MOST_INPUTS = 12
N_NAMED = 5
ROLES_NEEDED = ("subject", "choice")


def suggest(found: Inspection) -> dict[str, Any]:
    """Put together what ``[data]`` of a run file says of a table.

    Parameters
    ----------
    found : Inspection
        Roles and findings.

    Returns
    -------
    data : dict
        Keys of ``[data]`` but for the path.
    """
    view, data = found.view, dict(found.options)
    for _, finding in found.findings:
        is_taken = finding.sets.get("derive", {}).keys() & data.get("derive", {}).keys()
        for key, value in finding.sets.items() if not is_taken else ():
            data[key] = _merged(data.get(key), value)
    # what is known only after the choice is an input of the next trial where the user wants it
    late = data.pop("after_choice", [])
    left = data.pop("leave", [])
    columns = {role: view.roles[role] for role in _order(view) if role not in left}
    columns |= data.pop("columns", {})
    late = {*late, *columns.values()}
    texts = [name for name in conditions(view)[:MOST_INPUTS] if name not in late]
    for name in [*(each for each in covariates(view)[:MOST_INPUTS] if each not in late), *texts]:
        columns[_variable(name, columns)] = name
    data["text"] = [role for role, name in columns.items() if name in texts]
    derived = data.get("derive", {})
    taken = {*view.columns, *columns, *derived}
    data["derive"] = derived | _shown(view, texts, data.get("keep", {}), taken)
    used = {*columns, *columns.values(), *view.roles.values()}
    for key in ("missing", "units"):
        if key in data:
            data[key] = {name: value for name, value in data[key].items() if name in used}
    kept = {key: value for key, value in data.items() if value and key != "splitter"}
    return {"columns": columns, "labels": labels(view, kept)} | kept


def _shown(view, names, keep, taken) -> dict[str, dict]:
    """Recipes of inputs for texts that differ between trials of a session, as stimuli do."""
    found: dict[str, dict] = {}
    for name in names:
        level, values = view.codes(name), sorted(view.values(name))
        differs = n_different(view.session, level) > 1
        plain = [re.sub(r"\W+", "_", value) for value in values]
        if differs.mean() <= 0.5 or name in keep or len(set(plain)) < len(values):
            continue
        variable = re.sub(r"\W+", "_", name)
        several = list(zip(plain, values, strict=True))
        for text, value in several[1:] if len(several) == 2 else several:
            new = f"{variable}_is_{text}"
            while new in taken or new in found:
                new += "_made"
            found[new] = {"from": name, "equals": value}
    return dict(list(found.items())[:MOST_INPUTS])


def inputs_of_text(data: Mapping[str, Any]) -> list[str]:
    """List the inputs that are made of texts.

    Parameters
    ----------
    data : dict
        Keys of ``[data]``, from `suggest`.

    Returns
    -------
    names : list of str
        Derived columns that are 1 where a text is so.
    """
    recipes = data.get("derive", {}).items()
    return [name for name, recipe in recipes
            if "equals" in recipe and name not in data["columns"].values()]  # fmt: skip


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
        whole = all(each.is_integer() and abs(each) < 2**53 for each in numbers)
        return [int(each) for each in numbers] if whole else sorted(values, key=float)
    ordered: list[str | int] = [*sorted(values, key=str.casefold)]
    return ordered


def write(found: Inspection, data: Mapping[str, Any], path: str | list[str], splitter: str) -> str:
    """Write a run file.

    Parameters
    ----------
    found : Inspection
        Roles and findings.
    data : dict
        Keys of ``[data]``, from `suggest`.
    path : str or list of str
        Path of the table, relative to the run file.
    splitter : str
        Name of the splitter.

    Returns
    -------
    str
        A run file (TOML) with comments.
    """
    view, columns = found.view, dict(data["columns"])
    notes = [f"{name}: {finding.tell(view)}" for name, finding in found.findings]
    names = ", ".join(view.files[:N_NAMED]) + (" ..." if len(view.files) > N_NAMED else "")
    lines = [
        f"# What the columns of {names} seem to mean: look at every line before you fit.",
        *(f"# Looks wrong: {note}" for note in notes),
        "",
        "[data]",
        f"path = {_toml(path)}",
    ]
    lines += [_data_line(key, value) for key, value in data.items()
              if value and not isinstance(value, Mapping)]  # fmt: skip
    lines += [*_events(view), "", "[data.columns]"]
    lines += [_role_line(role, columns.pop(role, None), found) for role in ROLES_NEEDED]
    lines += [_role_line(role, name, found) for role, name in columns.items()]
    lines += _unused(view, data["columns"])
    for key, value in data.items():
        if key != "columns" and isinstance(value, Mapping):
            about = f"  # {ABOUT[key]}" if key in ABOUT else ""
            lines += ["", f"[data.{key}]{about}"]
            lines += [f"{_key(k)} = {_toml(v)}" for k, v in value.items()]
    lines += ["", "[validation]", f"splitter = {_toml(splitter)}  # what is held out"]
    if n_splits := _n_splits(view, splitter):
        lines.append(f"n_splits = {n_splits}")
    lines += ["n_restarts = 1  # 3 by default: more is slower and safer", ""]
    return "\n".join(_printable(line) for line in lines)


ABOUT = {
    "labels": "values of the choice, in the order that codes them 0, 1, ...",
    "text": "columns of text: conditions, and no inputs but those that derive makes of them",
    "file_name": "what names of files say",
    "constants": "columns that the files do not have",
    "keep": "rows that are trials",
    "derive": "columns made of others: inputs, unless columns names them",
    "missing": "cells that stand for a missing value",
    "decimal": "what numbers have before their decimals",
}


def _events(view) -> list[str]:
    """Comments that show how times which climb through sessions become events."""
    times = clocks(view)[:N_NAMED]
    if len(times) < 2:
        return []
    events = {re.sub(r"\W+", "_", name): name for name in times}
    return [
        "# these times climb through sessions; as events they count from the first one of a trial",
        f"# events = {_toml(events)}",
        f"# trial_start = {_toml(times[0])}",
    ]


def _data_line(key, value) -> str:
    return f"{key} = {_toml(value)}" + (f"  # {ABOUT[key]}" if key in ABOUT else "")


def _printable(line) -> str:
    """A line without what TOML allows neither in texts nor in comments."""
    return re.sub(r"[\x00-\x08\x0a-\x1f\x7f]", " ", line)


def splitters(found: Inspection) -> list[str]:
    """List what may be held out, the best first.

    Parameters
    ----------
    found : Inspection
        Roles and findings; one of them may ask for a splitter.

    Returns
    -------
    list of str
        Names of splitters: of subjects where there are several, else of sessions.
    """
    asked = [each.sets["splitter"] for _, each in found.findings if "splitter" in each.sets]
    usual = ["SubjectKFold", "SessionKFold"]
    return [*asked, *(usual if found.view.n_subjects > 2 else usual[::-1])]


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
    is_near = get_close_matches(found, ROLES, n=1, cutoff=0.8) and found.isalpha()
    is_taken = found in taken or found in RESERVED
    return f"{found}_column" if is_taken or is_near else found


def _role_line(role, name, found) -> str:
    view = found.view
    if name is None:
        able = [each for each in view.columns if 2 <= len(view.values(each)) <= MOST_LEVELS]
        few = f"; of few values are {', '.join(able[:10])}" if role == "choice" and able else ""
        return f'# {role} = "..."  # needed: no column is called so{few}'
    others = [each for each in found.candidates.get(role, []) if each != name][:3]
    also = f"; or {', '.join(others)}" if others else ""
    about = describe(view, name) if name in view.columns else "made below"
    return f"{_key(role)} = {_toml(name)}  # {about}{also}"


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
