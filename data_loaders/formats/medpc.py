"""MED-PC: text files of a header and lettered arrays, with a value per trial or per event."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from data_loaders.formats._fold import ROW, folded
from data_loaders.formats._found import Found, each_file, listed, readable, to_trials, together
from neuroalrnn.arguments import checked, not_mapping, not_path, optional
from neuroalrnn.data.checks import not_columns
from neuroalrnn.exceptions import DataError, problems

WHAT = "MED-PC file"
LETTER = re.compile(r"([A-Z]):\s*(-?[\d.]+)?")
VALUES = re.compile(r"\s*(\d+):((?:\s+-?\d+\.?\d*)+)")
HEADER = re.compile(r"([A-Z][A-Za-z ]+):\s*(.*)")
FIRST = "Start Date"
# MED-PC writes this behind the last value of an array
SEAL = -987.987


@checked(DataError, path=not_path, columns=not_columns)
def load_medpc(
    path: str | Path,
    columns: Mapping[str, str],
    *,
    arrays: Mapping[str, str] | None = None,
    times: str | None = None,
    codes: str | None = None,
    tick: float | None = None,
    names: Mapping[str, float] | None = None,
    starts: Sequence[str] = (),
    ends: Sequence[str] = (),
    reduce: Mapping[str, str] | None = None,
    **options: Any,
) -> xr.Dataset:
    """Read a MED-PC file, or all those of a folder, as a trial dataset.

    Parameters
    ----------
    path : str or pathlib.Path
        A file, or a folder.
    columns : dict of role to column
        Which column plays which role, see `neuroalrnn.from_frame` and `read_medpc`. By default the
        subject is ``Subject`` of the header.
    arrays, times, codes, tick, names, starts, ends, reduce
        Arguments of `read_medpc`.
    **options : anything
        Further arguments of `neuroalrnn.from_frame`.

    Returns
    -------
    trials : xarray.Dataset
        Labelled trials, see `neuroalrnn.validate`.

    Raises
    ------
    DataError
        The file or its table has problems; the message names all of them.
    """
    found = read_medpc(path, arrays=arrays, times=times, codes=codes, tick=tick, names=names,
                       starts=starts, ends=ends, reduce=reduce)  # fmt: skip
    return to_trials(found, {"subject": "Subject", **columns}, "medpc", options)


@checked(DataError, path=not_path, arrays=optional(not_mapping), names=optional(not_mapping))
def read_medpc(
    path: str | Path,
    *,
    arrays: Mapping[str, str] | None = None,
    times: str | None = None,
    codes: str | None = None,
    tick: float | None = None,
    names: Mapping[str, float] | None = None,
    starts: Sequence[str] = (),
    ends: Sequence[str] = (),
    reduce: Mapping[str, str] | None = None,
) -> Found:
    """Read the trials of a MED-PC file, or of all those of a folder.

    What an array holds is known to the program alone that wrote it, so it has to be said.

    Parameters
    ----------
    path : str or pathlib.Path
        A file, or a folder.
    arrays : dict of column to letter, optional
        Arrays with a value per trial, such as ``{"choice": "C", "latency": "L"}``.
    times, codes : str, optional
        Letters of the arrays with time and code of each event, which are folded into trials.
    tick : float, optional
        Seconds of one unit of `times`.
    names : dict of name to code, optional
        Names of events; others are called by their number.
    starts, ends : sequence of str
        Names of events that begin a trial, or that are its last.
    reduce : dict of column to {"first", "last", "count"}, optional
        Which value stands for a list in a cell.

    Returns
    -------
    Found
        One row per trial, with the lines of the header and arrays of one value as columns. Of
        events there are ``NAME.time``, in seconds from session start, and ``NAME.n``.

    Raises
    ------
    DataError
        The file is damaged, or it was not said which arrays hold trials.
    """
    events = (times, codes, tick, names or {}, starts, ends)

    def read(each: Path) -> Found:
        with readable(each, WHAT):
            sessions = _sessions(each)
        found = [_table(one, str(each), arrays, events) for one in sessions]
        tables = [one.table.assign(session_in_file=k) for k, one in enumerate(found, 1)]
        return Found(pd.concat(tables, ignore_index=True), [t for one in found for t in one.notes])

    return together(path, each_file(path, is_medpc, "MED-PC files"), read, reduce)


def is_medpc(path: Path) -> bool:
    """Tell a MED-PC file by its header.

    Parameters
    ----------
    path : pathlib.Path
        Any file.

    Returns
    -------
    bool
        Whether it is one.
    """
    with path.open("rb") as file:
        head = file.read(2048)
    return b"MSN:" in head and FIRST.encode() + b":" in head


def _sessions(path) -> list[dict[str, Any]]:
    """Header lines (text), numbers and arrays of each session of a file."""
    # MED-PC writes in the encoding of Windows, and ends lines with one or two carriage returns
    text = path.read_bytes().decode("cp1252", errors="replace")
    sessions = list[dict[str, Any]]()
    array: list[float] | None = None
    for number, line in enumerate(re.split("\r*\n", text), 1):
        if not line.strip() or line.startswith(("\\", "File:")):
            continue
        values, letter, header = (
            each.fullmatch(line.rstrip()) for each in (VALUES, LETTER, HEADER)
        )
        if header and header[1] == FIRST:
            sessions.append({})
        if not sessions or not (header or letter or values):
            raise ValueError(f"line {number} is no part of a MED-PC file: {line[:40]!r}")
        if values:
            if array is None or int(values[1]) != len(array):
                raise ValueError(f"line {number} begins at {values[1]}: a line before it is lost")
            array += map(float, values[2].split())
        elif letter:
            array = None if letter[2] else []
            sessions[-1][letter[1]] = float(letter[2]) if letter[2] else array
        elif header:
            array = None
            sessions[-1][header[1]] = header[2].strip()
    if not sessions:
        raise ValueError("it holds no session")
    return sessions


def _table(session, title, arrays, events) -> Found:
    held = {k: _unsealed(v) for k, v in session.items() if isinstance(v, list)}
    constants = {k: v for k, v in session.items() if not isinstance(v, list)}
    times, codes, tick, names, starts, ends = events
    have = listed([f"{k} ({len(v)})" for k, v in held.items()])
    wanted = {**(arrays or {}), **{k: v for k, v in (("times", times), ("codes", codes)) if v}}
    wrong = [
        f"{k}: there is no array {v!r}; arrays: {have}" for k, v in wanted.items() if v not in held
    ]
    is_stream = times is not None or codes is not None
    if is_stream == (arrays is not None):
        wrong.append(
            f"say either arrays = {{column = letter}} or times, codes and tick; arrays: {have}"
        )
    if is_stream and (times is None or codes is None or tick is None):
        wrong.append("events need times, codes and tick, the seconds of one unit of times")
    if not wrong and len({len(held[each]) for each in wanted.values()}) > 1:
        told = [f"{k} = {v} ({len(held[v])})" for k, v in wanted.items()]
        wrong.append(f"arrays have different lengths: {listed(told)}")
    if wrong:
        raise problems(DataError, title, wrong)
    if not is_stream:
        return Found(pd.DataFrame({k: held[v] for k, v in wanted.items()}).assign(**constants))
    called = {code: name for name, code in names.items()}
    kinds = [called.get(code, f"{code:g}") for code in held[codes]]
    table = pd.DataFrame({"time": np.array(held[times]) * tick, "event": kinds})
    rule = None if starts or ends or len(set(kinds)) > 1 else ROW
    try:
        table, notes = folded(table, "event", rule, starts, ends)
    except ValueError as error:
        raise problems(DataError, title, [str(error)]) from error
    return Found(table.drop(columns="source_row").assign(**constants), notes)


def _unsealed(values) -> list[float]:
    return values[: values.index(SEAL)] if SEAL in values else values
