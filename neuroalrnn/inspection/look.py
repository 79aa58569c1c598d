"""Look at a table before it is loaded: what its columns seem to mean, and what looks wrong."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from neuroalrnn.arguments import unknown
from neuroalrnn.data.columns import WITH_MARK, entry
from neuroalrnn.exceptions import DataError, problems
from neuroalrnn.inspection.finding import Finding
from neuroalrnn.inspection.guess import candidates, guess_roles
from neuroalrnn.inspection.listed import CHECKS
from neuroalrnn.inspection.view import Column, View


@dataclass(frozen=True, eq=False)
class Inspection:
    """What a first look at files found.

    Parameters
    ----------
    formats : tuple of str
        What each file is, in words.
    view : View
        Cells and guessed roles.
    candidates : dict of role to list of str
        Columns that may play each role, the likeliest first.
    findings : tuple of (str, Finding)
        What looks wrong: the kind of fault, and where it is.
    options : dict
        Keys of ``[data]`` of a run file that name subjects where no column does.
    """

    formats: tuple[str, ...]
    view: View
    candidates: Mapping[str, list[str]]
    findings: tuple[tuple[str, Finding], ...]
    options: Mapping[str, Any]


def look_at(
    frame: pd.DataFrame,
    columns: Mapping[str, str] | None = None,
    files: Sequence[str] = ("the table",),
    file: np.ndarray | None = None,
    formats: Sequence[str] = (),
    options: Mapping[str, Any] | None = None,
) -> Inspection:
    """Look at a table of texts.

    Parameters
    ----------
    frame : pandas.DataFrame
        Cells as text, one row per line.
    columns : dict of role to column, optional
        Roles that are known; the others are guessed.
    files : sequence of str
        Names of the files.
    file : ndarray of int, shape (row,), optional
        File of each row; by default the first.
    formats : sequence of str
        What each file is, in words.
    options : dict, optional
        Keys of ``[data]`` that are known already.

    Returns
    -------
    inspection : Inspection
        Roles and findings.

    Raises
    ------
    DataError
        A column is unknown, or the table has no rows.
    """
    view, able = view_of(frame, columns, files, file)
    findings = [(check.name, each) for check in CHECKS for each in check.find(view)]
    return Inspection(tuple(formats), view, able, tuple(findings), dict(options or {}))


def view_of(frame, columns=None, files=("the table",), file=None) -> tuple[View, dict]:
    """Prepare a table of texts for checks, see `look_at`; with the columns that may play roles."""
    given = dict(columns or {})
    found = [f"column {unknown(name, list(frame.columns))}" for name in given.values()
             if name not in frame.columns]  # fmt: skip
    found += [] if len(frame) else ["the table has no rows: expected one row per trial"]
    if found:
        raise problems(DataError, files[0], found)
    names, twice = _each_once(frame.columns)
    cells = [frame.iloc[:, k].fillna("").astype(str).str.strip() for k in range(len(names))]
    table = {
        name: Column(column.to_numpy(object)) for name, column in zip(names, cells, strict=True)
    }
    commas = [name for name, column in table.items() if column.mostly(WITH_MARK[","])]
    lists = [name for name, column in table.items() if column.mostly(r"\[.*\]|\(.*\)")]
    table |= {name: table[name].changed(lambda each: each.replace(",", ".")) for name in commas}
    table |= {name: table[name].changed(lambda each: entry(each, "first")) for name in lists}
    file = np.zeros(len(frame), dtype=int) if file is None else file
    view = View(table, {}, tuple(files), file, tuple(commas), twice, tuple(lists))
    able = candidates(view)
    return replace(view, roles=guess_roles(able, given)), able


def _each_once(columns) -> tuple[list[str], tuple[str, ...]]:
    """Names of columns with a number added where one occurs again, and what occurs again."""
    names: dict[str, None] = {}
    begun = Counter[str]()  # names that are called so, or so up to a point
    for name in map(str, columns):
        new, again = name, begun[name]
        while new in names:
            new, again = f"{name}.{again}", again + 1
        names[new] = None
        begun.update(new[:k] for k, sign in enumerate(f"{new}.") if sign == ".")
    seen = pd.Series(list(map(str, columns)))
    return list(names), tuple(dict.fromkeys(seen[seen.duplicated()]))
