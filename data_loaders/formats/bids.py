"""BIDS: tables of events, whose rows are folded into trials; subjects and units by its rules."""

import json
import re
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from data_loaders.formats._fold import folded
from data_loaders.formats._found import (
    MOST_SHOWN,
    Found,
    each_file,
    listed,
    readable,
    to_trials,
    told_of,
)
from data_loaders.formats._ragged import reduced
from neuroalrnn.arguments import checked, not_mapping, not_path, optional
from neuroalrnn.data.checks import not_columns
from neuroalrnn.data.columns import inferred
from neuroalrnn.data.dialect import read_raw
from neuroalrnn.exceptions import DataError, problems

WHAT = "BIDS table of events"
NAME = re.compile(r"sub-[^_]+(_[a-z]+-[^_]+)*_(events|beh)\.tsv")
ENTITY = re.compile(r"([a-z]+)-([^_]+)")
UNITS = {"s": "s", "sec": "s", "second": "s", "seconds": "s", "ms": "ms", "msec": "ms",
         "millisecond": "ms", "milliseconds": "ms", "us": "us", "min": "min"}  # fmt: skip
# a response time in seconds is below
MOST_SECONDS = 20
MOST_JSON = 2**24


@checked(DataError, path=not_path, columns=not_columns, units=optional(not_mapping))
def load_bids(
    path: str | Path,
    columns: Mapping[str, str],
    *,
    trial: str | None = None,
    starts: Sequence[str] = (),
    ends: Sequence[str] = (),
    kind: str = "trial_type",
    datatype: str | None = None,
    task: str | None = None,
    reduce: Mapping[str, str] | None = None,
    **options: Any,
) -> xr.Dataset:
    """Read a BIDS table of events, or all those of a data set, as a trial dataset.

    Parameters
    ----------
    path : str or pathlib.Path
        A file that ends with ``_events.tsv`` or ``_beh.tsv``, or a folder.
    columns : dict of role to column
        Which column plays which role, see `neuroalrnn.from_frame` and `read_bids`. By default the
        subject is ``sub``, the session ``ses`` and the block ``run``, where file names have one.
    trial, starts, ends, kind, datatype, task, reduce
        Arguments of `read_bids`.
    **options : anything
        Further arguments of `neuroalrnn.from_frame`. Units of times are those of the sidecar files,
        where `units` does not say others. Onsets count from the start of the run:
        ``trial_start="onset"`` makes times count from there.

    Returns
    -------
    trials : xarray.Dataset
        Labelled trials, see `neuroalrnn.validate`.

    Raises
    ------
    DataError
        Files or their table have problems; times are asked for that are all missing, or that look
        like milliseconds where no sidecar tells the unit.
    """
    found, units = _read(path, trial, starts, ends, kind, datatype, task, reduce)
    block = {"block": "run"} if "run" in found.table else {}
    columns = {"subject": "sub", "session": "ses", **block, **columns}
    given, events = options.get("units") or {}, options.get("events")
    timed = events if isinstance(events, Mapping) else {}
    named = {**{k: v for k, v in timed.items() if isinstance(v, str)}, **columns}
    times = [name for name in timed.values() if name in found.table]
    wrong = [f"all times of {n!r} are n/a" for n in times if found.table[n].isna().all()]
    said = {
        name: units[name]
        for role, name in named.items()
        if name in units and role not in given and name not in given
    }
    rt = columns.get("rt")
    if rt in found.table and rt not in {*said, *given} and "rt" not in given:
        wrong += _without_unit(rt, found.table[rt])
    if wrong:
        raise problems(DataError, str(path), wrong)
    options["units"] = {**{k: unit for k, unit in said.items() if unit != "s"}, **given}
    return to_trials(found, columns, "bids", options)


def _without_unit(name, column) -> list[str]:
    median = pd.to_numeric(column, errors="coerce").median()
    if not median > MOST_SECONDS:
        return []
    return [
        f"{name!r} has a median of {median:g}, and no sidecar file says in which Units: say "
        "units = {rt = 'ms'}, or 's' where these are seconds"
    ]


def read_bids(
    path: str | Path,
    *,
    trial: str | None = None,
    starts: Sequence[str] = (),
    ends: Sequence[str] = (),
    kind: str = "trial_type",
    datatype: str | None = None,
    task: str | None = None,
    reduce: Mapping[str, str] | None = None,
) -> Found:
    """Read a BIDS table of events, or all those of a data set, with one row per trial.

    Parameters
    ----------
    path : str or pathlib.Path
        A file that ends with ``_events.tsv`` or ``_beh.tsv``, or a folder.
    trial : str, optional
        "row" where each row is a trial, or the column that numbers trials. A row is an event: where
        `kind` has several values, this or one of the next two is needed.
    starts, ends : sequence of str
        Values of `kind` that begin a trial, or of its last row.
    kind : str
        Column that says what a row is.
    datatype : str, optional
        Folder that the files lie in, such as "beh", "func" or "eeg".
    task : str, optional
        Only files of this task.
    reduce : dict of column to {"first", "last", "count"}, optional
        Which value stands for a list in a cell.

    Returns
    -------
    Found
        One row per trial, in the order of files and rows. ``sub``, ``ses`` ("1" where names have
        none), ``task`` and ``run`` are those of the file name. ``n/a`` is missing. Columns of
        several values per trial are called ``KIND.COLUMN``. Notes say what sidecar files tell of
        codes. Age and sex of people are not read.

    Raises
    ------
    DataError
        Files are damaged, of several tasks or data types, or no rule says what a trial is.
    """
    return _read(path, trial, starts, ends, kind, datatype, task, reduce)[0]


def is_bids(path: Path) -> bool:
    """Tell a BIDS table of events by its name.

    Parameters
    ----------
    path : pathlib.Path
        Any file.

    Returns
    -------
    bool
        Whether it is one.
    """
    return NAME.fullmatch(path.name) is not None


def _read(path, trial, starts, ends, kind, datatype, task, reduce) -> tuple[Found, dict[str, str]]:
    """The table, and the units of its columns."""
    asked = partial(_is_asked, datatype=datatype, task=task)
    files = each_file(path, asked, "BIDS tables of events that are asked for")
    _refuse_mixed(path, files)
    tables, notes, units, wrong, told = [], list[str](), dict[str, str](), [], []
    for each in files:
        with readable(each, WHAT):
            cells, own = _cells(each), _entities(each)
            in_units, levels = _told(each)
            units |= in_units
        try:
            table, more = folded(cells, kind, trial, starts, ends)
        except ValueError as error:
            wrong.append(f"{each.name}: {error}")
            continue
        notes += [f"{each.name}: {text}" for text in more]
        notes += [text for text in levels if text not in notes]
        tables.append(table.assign(**{k: v for k, v in own.items() if k not in table}))
        told.append(told_of(path, each, len(table)))
    if wrong:
        raise problems(DataError, str(path), wrong[:MOST_SHOWN])
    table = reduced(pd.concat(tables, ignore_index=True), reduce, str(path))
    # folded columns are called by their kind, too
    plain = {str(name): str(name).rpartition(".")[2] for name in table}
    known = {name: units[each] for name, each in plain.items() if each in units}
    return Found(table, notes, files=told), known


def _refuse_mixed(path, files) -> None:
    named = {
        "datatype": {each.parent.name for each in files},
        "task": {_task(each) for each in files},
    }
    found = [
        f"files are of {name} {listed(sorted(several))}: say which, with {name}"
        for name, several in named.items()
        if len(several) > 1
    ]
    if found:
        raise problems(DataError, str(path), found)


def _is_asked(path, datatype, task) -> bool:
    fits = is_bids(path) and (datatype is None or path.parent.name == datatype)
    return fits and (task is None or _task(path) == task)


def _task(path) -> str:
    return dict(ENTITY.findall(path.name)).get("task", "")


def _entities(path) -> dict[str, str]:
    found = dict(ENTITY.findall(path.name))
    own = {name: found[name] for name in ("task", "run") if name in found}
    return {"sub": found["sub"], "ses": found.get("ses", "1"), **own, "file": path.stem}


def _cells(path) -> pd.DataFrame:
    cells, _ = read_raw(path, None, "\t")
    twice = sorted({str(name) for name in cells.columns[cells.columns.duplicated()]})
    if twice:
        raise problems(DataError, str(path), [f"more than one column {name!r}" for name in twice])
    missing = cells.isin(["n/a", ""])
    return pd.DataFrame({name: inferred(cells[name].mask(missing[name], np.nan)) for name in cells})


def _told(path) -> tuple[dict[str, str], list[str]]:
    """Units of columns, and sentences on what their codes mean, from the sidecar files.

    Those nearer to the table count before those above.
    """
    units, levels = dict[str, str](), dict[str, str]()
    for each in _sidecars(path):
        for name, about in _json(each).items():
            about = about if isinstance(about, dict) else {}
            unit, codes = about.get("Units"), about.get("Levels")
            if isinstance(unit, str) and unit.strip().lower() in UNITS:
                units[name] = UNITS[unit.strip().lower()]
            if isinstance(codes, dict) and codes:
                told = listed([f"{code} is {text!r}" for code, text in codes.items()])
                levels[name] = f"levels of {name!r}: {told}"
    return units, list(levels.values())


def _json(path) -> dict:
    with readable(path, "JSON sidecar file"):
        if path.stat().st_size > MOST_JSON:
            raise ValueError(f"it has more than {MOST_JSON} bytes")
        content = json.loads(path.read_text(encoding="utf-8-sig"))
        if not isinstance(content, dict):
            raise ValueError("expected an object")
    return content


def _sidecars(path) -> list[Path]:
    """Files whose entities are among those of the table, from the root of the data set down."""
    own, suffix = set(ENTITY.findall(path.name)), path.stem.rpartition("_")[2]
    folders = [path.parent, *path.parent.parents]
    inside = [k for k, folder in enumerate(folders) if folder.name.startswith("sub-")]
    top = inside[-1] + 1 if inside else 0
    return [
        each
        for folder in reversed(folders[: top + 1])
        for each in sorted(folder.glob(f"*{suffix}.json"), key=lambda file: len(file.name))
        if set(ENTITY.findall(each.name)) <= own
    ]
