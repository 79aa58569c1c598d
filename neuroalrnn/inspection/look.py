"""Look at files before they are loaded: roles, what looks wrong, a run file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from neuroalrnn.arguments import unknown
from neuroalrnn.data.columns import WITH_MARK
from neuroalrnn.data.dialect import SEPARATORS, read_raw
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
    """

    formats: tuple[str, ...]
    view: View
    candidates: Mapping[str, list[str]]
    findings: tuple[tuple[str, Finding], ...]


def inspect_files(
    paths: Sequence[str | Path], columns: Mapping[str, str] | None = None
) -> Inspection:
    """Look at one or more tables of the same columns, and name what looks wrong.

    Parameters
    ----------
    paths : sequence of str or pathlib.Path
        The files.
    columns : dict of role to column, optional
        Roles that are known; the others are guessed.

    Returns
    -------
    inspection : Inspection
        Format, roles and findings.

    Raises
    ------
    DataError
        A file cannot be read, the files have different columns, or a column is unknown.
    """
    read = [read_raw(path) for path in paths]
    frames = [frame for frame, _ in read]
    names = [Path(path).name for path in paths]
    _refuse_different(frames, names)
    formats = tuple(_format(dialect) for _, dialect in read)
    file = np.repeat(np.arange(len(frames)), [len(frame) for frame in frames])
    return look_at(pd.concat(frames, ignore_index=True), columns, names, file, formats)


def look_at(
    frame: pd.DataFrame,
    columns: Mapping[str, str] | None = None,
    files: Sequence[str] = ("the table",),
    file: np.ndarray | None = None,
    formats: Sequence[str] = (),
) -> Inspection:
    """Look at a table of texts, see `inspect_files`.

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
    return Inspection(tuple(formats), view, able, tuple(findings))


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
    commas = [name for name, column in zip(names, cells, strict=True) if _has_commas(column)]
    table = {
        name: Column((column.str.replace(",", ".") if name in commas else column).to_numpy(object))
        for name, column in zip(names, cells, strict=True)
    }
    file = np.zeros(len(frame), dtype=int) if file is None else file
    view = View(table, {}, tuple(files), file, tuple(commas), twice)
    able = candidates(view)
    return replace(view, roles=guess_roles(able, given)), able


def _each_once(columns) -> tuple[list[str], tuple[str, ...]]:
    """Names of columns with a number added where one occurs again, and what occurs again."""
    names: list[str] = []
    for name in map(str, columns):
        again = sum(each == name or each.startswith(f"{name}.") for each in names)
        names.append(f"{name}.{again}" if name in names else name)
    seen = pd.Series(list(map(str, columns)))
    return names, tuple(dict.fromkeys(seen[seen.duplicated()]))


def _has_commas(column: pd.Series) -> bool:
    present = column[column != ""]
    return len(present) > 0 and bool(present.str.fullmatch(WITH_MARK[","]).mean() > 0.5)


def _format(dialect) -> str:
    """How a file is written, in words."""
    separator = SEPARATORS.get(dialect.separator, dialect.separator)
    parts = [dialect.kind, dialect.encoding, f"separator {separator}" if separator else ""]
    return ", ".join(part for part in [*parts, dialect.compression] if part)


def _refuse_different(frames, names) -> None:
    first = list(frames[0].columns)
    found = [
        f"{name} has other columns than {names[0]} "
        f"({', '.join(map(repr, sorted(set(first) ^ set(frame.columns))[:5]))}): inspect files of "
        "one kind together"
        for frame, name in zip(frames, names, strict=True)
        if set(frame.columns) != set(first)
    ]
    if found:
        raise problems(DataError, "inspect", found)
