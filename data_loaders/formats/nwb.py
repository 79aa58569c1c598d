"""NWB files: trials or any other table of intervals, read with h5py alone."""

import shutil
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
import xarray as xr

from data_loaders.formats._found import (
    MOST_BYTES,
    Found,
    each_file,
    listed,
    readable,
    to_trials,
    together,
)
from data_loaders.formats._hdf5 import member, pieces_of, survives, texts_of, values_of
from data_loaders.formats._matlab_check import HDF5
from data_loaders.formats._nwb_units import Units, units_of
from data_loaders.formats._nwb_write import add_columns
from data_loaders.formats._spikes import with_spikes
from neuroalrnn.arguments import checked, not_mapping, not_path, not_text, optional, unknown
from neuroalrnn.data.checks import not_columns
from neuroalrnn.data.columns import numbers
from neuroalrnn.exceptions import DataError, problems

WHAT = "NWB file"
TRIALS = "trials"
MOST_WIDE = 20
ZARR = (".zgroup", ".zattrs", "zarr.json", ".zmetadata")


@checked(
    DataError,
    path=not_path,
    columns=not_columns,
    table=optional(not_text),
    at=optional(not_text),
    attrs=optional(not_mapping),
)
def load_nwb(
    path: str | Path,
    columns: Mapping[str, str],
    *,
    table: str | None = None,
    reduce: Mapping[str, str] | None = None,
    at: str | None = None,
    window: Sequence[float] = (-0.5, 1.0),
    dt: float = 0.05,
    **options: Any,
) -> xr.Dataset:
    """Read an NWB file, or all those of a folder, as a trial dataset.

    Parameters
    ----------
    path : str or pathlib.Path
        A ``.nwb`` file, or a folder.
    columns : dict of role to column
        Which column plays which role, see `neuroalrnn.from_frame` and `read_nwb`.
    table : str, optional
        Which table, see `read_nwb`.
    reduce : dict of column to {"first", "last", "count"}, optional
        Which value stands for a list in a cell.
    at : str, optional
        Column with the time that the spikes of the units of one file are counted from, in bins.
    window : pair of float
        Seconds from there where bins start and end.
    dt : float
        Width of the bins in seconds.
    **options : anything
        Further arguments of `neuroalrnn.from_frame`. Times count from the start of the session or
        of the system: ``trial_start="start_time"`` makes them count from trial start.

    Returns
    -------
    trials : xarray.Dataset
        Labelled trials, see `neuroalrnn.validate`. With `at` there is ``neural(trial, time, unit)``
        with the coord ``unit`` (SESSION-NUMBER) and a coord ``unit_NAME`` for every column of one
        value per unit, such as ``unit_quality``; NaN in trials in which a unit was not observed.

    Raises
    ------
    DataError
        The file or its table has problems; the message names all of them.
    """
    options["attrs"] = {"table": table or TRIALS, **dict(options.get("attrs") or {})}
    found = read_nwb(path, table=table, reduce=reduce)
    wrong = []
    if at is not None and at not in found.table:
        wrong.append(f"at: column {unknown(at, map(str, found.table))}")
    if at is not None and len(found.files) > 1:
        wrong.append("at: units differ between sessions: name one file")
    if wrong:
        raise problems(DataError, str(path), wrong)
    trials = to_trials(found, columns, "nwb", options)
    return trials if at is None else _with_units(trials, found, path, at, window, dt)


def _with_units(trials, found, path, at, window, dt) -> xr.Dataset:
    (file,) = each_file(path, is_nwb, "NWB files")
    with readable(file, WHAT):
        survives(partial(_units, file), file.stat().st_size)
        units = _units(file)
    times, wrong = numbers(found.table[at], at)
    if wrong:
        raise problems(DataError, str(path), wrong)
    session = str(trials["session"].values[0])
    spikes = {f"{session}-{name}": each for name, each in units.spikes.items()}
    times = times[trials["table_row"].values]
    return units.mask(with_spikes(trials, spikes, times, window, dt), times, window)


def _units(path) -> Units:
    with h5py.File(path, "r") as file:
        return units_of(file)


def read_nwb(
    path: str | Path, *, table: str | None = None, reduce: Mapping[str, str] | None = None
) -> Found:
    """Read a table of intervals of an NWB file, or of all those of a folder.

    Parameters
    ----------
    path : str or pathlib.Path
        A ``.nwb`` file, or a folder.
    table : str, optional
        Name of a table in ``/intervals``, or the path of another table in the file; default
        ``trials``.
    reduce : dict of column to {"first", "last", "count"}, optional
        Which value stands for a list in a cell.

    Returns
    -------
    Found
        One row per interval. A column of several values per row becomes a list, one of k numbers
        per row the columns ``NAME_0`` to ``NAME_k-1``. ``subject`` and ``session`` are those of the
        file, where it tells them. Who did the experiment, and age and sex of the subject, are left.

    Raises
    ------
    DataError
        The file is damaged or lies in Zarr, or has no such table; the message lists its tables.
    """

    def read(each: Path) -> Found:
        if each.name in ZARR:
            raise problems(DataError, str(each.parent), [_zarr()])
        with readable(each, WHAT):
            survives(partial(_read, each, table), each.stat().st_size)
            return _read(each, table)

    return together(path, each_file(path, is_nwb, "NWB files"), read, reduce)


def write_nwb(
    path: Path, out: Path, columns: pd.DataFrame, meanings: Mapping[str, str], trials: xr.Dataset
) -> None:
    """Copy an NWB file, and add columns to the table that trials were read from.

    Parameters
    ----------
    path : pathlib.Path
        An NWB file.
    out : pathlib.Path
        The copy.
    columns : pandas.DataFrame
        One row per interval.
    meanings : dict of column to str
        Descriptions.
    trials : xarray.Dataset
        What was read; ``attrs["table"]`` names the table.

    Raises
    ------
    DataError
        The table has another number of rows, or columns of these names.
    """
    name = str(trials.attrs.get("table", TRIALS))
    shutil.copyfile(path, out)
    with readable(path, WHAT):
        add_columns(out, _place(name), columns, meanings)


def is_nwb(path: Path) -> bool:
    """Tell an NWB file by its name and first bytes.

    Parameters
    ----------
    path : pathlib.Path
        Any file.

    Returns
    -------
    bool
        Whether it is one. Files of Zarr are, too, which are then refused.
    """
    if path.name in ZARR:
        return True
    with path.open("rb") as file:
        return path.suffix.lower() == ".nwb" and file.read(8) == HDF5


def _zarr() -> str:
    return (
        "NWB in Zarr is not read: write it as HDF5, as hdmf_zarr.NWBZarrIO and pynwb.NWBHDF5IO "
        "do with export"
    )


def _read(path, name) -> Found:
    with h5py.File(path, "r") as file:
        return _of_file(file, str(path), name)


def _of_file(file, title, name) -> Found:
    group = _table(file, title, name or TRIALS)
    ids = values_of(member(group, "id"), MOST_BYTES) if "id" in group else None
    columns, left = dict[str, Any](), list[str]()
    for each in _names(group):
        try:
            columns[each] = _column(group, each)
        except _NoColumn:
            left.append(each)
    lengths = {each: len(values) for each, values in columns.items()}
    lengths |= {} if ids is None else {"id": len(ids)}
    if len(set(lengths.values())) > 1:
        told = [f"{each} ({n})" for each, n in lengths.items()]
        raise problems(DataError, title, [f"columns have different lengths: {listed(told)}"])
    columns = _spread(columns, left)
    frame = pd.DataFrame(columns, index=range(max(lengths.values(), default=0)))
    notes = [f"not read, as no column of values: {listed(left)}"] * bool(left) + _clock(file)
    known = {"subject": _text(file, "general/subject/subject_id"),
             "session": _text(file, "general/session_id") or _text(file, "identifier")}  # fmt: skip
    notes += [f"the file names no {what}" for what, value in known.items() if not value]
    frame = frame.assign(**{k: v for k, v in known.items() if v and k not in frame})
    return Found(frame, notes)


def _table(file, title, name) -> h5py.Group:
    have = _tables(file)
    place = _place(name)
    if name not in have and "/" not in name:
        text = f"it holds no table {name!r}, and no other table of intervals: no trials"
        if have:
            text = f"table {unknown(name, have)}: say which holds the trials, with table"
        raise problems(DataError, title, [text])
    here = file
    for part in filter(None, place.split("/")):
        if not isinstance(here, h5py.Group):
            raise ValueError(f"{here.name} is no group")
        here = member(here, part)
    if not isinstance(here, h5py.Group):
        raise ValueError(f"{place} is no table")
    return here


def _place(name) -> str:
    return name if "/" in name else f"intervals/{name}"


def _tables(file) -> list[str]:
    if file.get("intervals", getlink=True) is None:
        return []
    group = member(file, "intervals")
    # links are followed only if they are asked for
    return [
        name
        for name in group
        if not isinstance(group.get(name, getlink=True), h5py.HardLink)
        or isinstance(group[name], h5py.Group)
    ]


def _names(group) -> list[str]:
    """Columns in the order that the table lists, without the indices of ragged ones."""
    named = [str(each) for each in texts_of(np.asarray(group.attrs.get("colnames", [])))]
    rest = [name for name in group if name not in named and name != "id"]
    rest = [name for name in rest if not (name.endswith("_index") and _index_of(name) in group)]
    return [name for name in named if name in group] + rest


def _index_of(name) -> str:
    while name.endswith("_index"):
        name = name.removesuffix("_index")
    return name


class _NoColumn(Exception):
    """A column whose cells are no values."""


def _column(group, name) -> Any:
    dataset = member(group, name)
    is_values = isinstance(dataset, h5py.Dataset) and dataset.dtype.kind in "iufbSO"
    # references to other objects, and lists of lists
    if not is_values or h5py.check_ref_dtype(dataset.dtype) or f"{name}_index_index" in group:
        raise _NoColumn
    values = values_of(dataset, MOST_BYTES)
    values = texts_of(values) if values.dtype.kind in "SO" else values
    if f"{name}_index" not in group:
        return values
    pieces = pieces_of(group, name, values)
    cells = np.empty(len(pieces), dtype=object)
    cells[:] = [each.tolist() for each in pieces]
    return cells


def _spread(columns, left) -> dict[str, Any]:
    """A column for each of the few numbers per row; what has more joins those that are left."""
    found = dict[str, Any]()
    for name, values in columns.items():
        if values.ndim == 1:
            found[name] = values
        elif values.ndim == 2 and values.shape[1] <= MOST_WIDE:
            found |= {f"{name}_{k}": values[:, k] for k in range(values.shape[1])}
        else:
            left.append(name)
    return found


def _text(file, place) -> str:
    here = file
    for part in place.split("/"):
        if not isinstance(here, h5py.Group) or here.get(part, getlink=True) is None:
            return ""
        here = member(here, part)
    if not isinstance(here, h5py.Dataset) or here.shape != ():
        return ""
    return str(texts_of(np.atleast_1d(values_of(here, MOST_BYTES)))[0]).strip()


def _clock(file) -> list[str]:
    """Say where times start, if that is not the start of the session."""
    names = ("timestamps_reference_time", "session_start_time")
    try:
        zero, start = (datetime.fromisoformat(_text(file, name)) for name in names)
        seconds = (start - zero).total_seconds()
    except (ValueError, TypeError):
        return []
    return [f"times count from {zero}, {seconds:g} s before the session starts"] if seconds else []
