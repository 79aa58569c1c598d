"""Sessions of Bpod and B-control: states and events in MATLAB files, some of which mean choices."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from data_loaders.formats._found import Found, each_file, readable, to_trials, together
from data_loaders.formats._matlab_table import columns_of, inside, left_out
from data_loaders.formats._matlab_values import Cells, Struct, read_values
from data_loaders.formats._states import Visits, mapped, times_table, visits_of
from data_loaders.formats.matlab import is_matlab
from neuroalrnn.arguments import checked, not_mapping, not_path, optional
from neuroalrnn.data.checks import not_columns
from neuroalrnn.exceptions import DataError, problems

WHAT = "session of Bpod"
MOST_DEEP = 4


@checked(DataError, path=not_path, columns=not_columns)
def load_bpod(
    path: str | Path,
    columns: Mapping[str, str],
    *,
    choices: Mapping[str, str | Sequence[str]] | None = None,
    outcomes: Mapping[str, str | Sequence[str]] | None = None,
    ends: str | None = None,
    reduce: Mapping[str, str] | None = None,
    strict: bool = True,
    variable: str | None = None,
    **options: Any,
) -> xr.Dataset:
    """Read a session of Bpod or B-control, or all those of a folder, as a trial dataset.

    Parameters
    ----------
    path : str or pathlib.Path
        A ``.mat`` file, or a folder.
    columns : dict of role to column
        Which column plays which role, see `neuroalrnn.from_frame` and `read_bpod`. The choice is
        the column ``choice``, where `choices` is given.
    choices : dict of option to state or list of states, optional
        What stands for each option, in the order that codes them. This argument and the next five
        are those of `read_bpod`.
    outcomes : dict of outcome to state or list of states, optional
        What stands for each outcome.
    ends : str, optional
        State that ended with the event which is the choice.
    reduce : dict of column to {"first", "last", "count"}, optional
        Which value stands for a list in a cell.
    strict : bool
        Whether a trial with several choices is an error.
    variable : str, optional
        Where ``SessionData`` is.
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
    found = read_bpod(path, choices=choices, outcomes=outcomes, ends=ends, reduce=reduce,
                      strict=strict, variable=variable)  # fmt: skip
    if choices is not None:
        columns = {"choice": "choice", **columns}
        options = {"labels": list(choices), **{k: v for k, v in options.items() if v is not None}}
    return to_trials(found, columns, "bpod", options)


@checked(DataError, path=not_path, choices=optional(not_mapping), outcomes=optional(not_mapping))
def read_bpod(
    path: str | Path,
    *,
    choices: Mapping[str, str | Sequence[str]] | None = None,
    outcomes: Mapping[str, str | Sequence[str]] | None = None,
    ends: str | None = None,
    reduce: Mapping[str, str] | None = None,
    strict: bool = True,
    variable: str | None = None,
) -> Found:
    """Read the table of a session of Bpod or B-control, or of all those of a folder.

    Parameters
    ----------
    path : str or pathlib.Path
        A ``.mat`` file, or a folder.
    choices : dict of option to state or list of states, optional
        Column ``choice``: the option of which a trial visited a state. A state that was not visited
        has times NaN. With `ends`, the values are events instead, such as ``Port1In``.
    outcomes : dict of outcome to state or list of states, optional
        Column ``outcome``: in the same way, always by states.
    ends : str, optional
        The choice is the event that ended the last visit of this state.
    reduce : dict of column to {"first", "last", "count"}, optional
        Which value stands for a list in a cell.
    strict : bool
        Whether a trial that fits several options or outcomes is an error; else it fits none.
    variable : str, optional
        Where ``SessionData`` is, where the file holds several or another name.

    Returns
    -------
    Found
        One row per trial: ``trial`` from 1, ``trial_start``; ``STATE_in`` and ``STATE_out``, start
        of the first and end of the last visit; lists of the times of each event; all fields of the
        session that hold a value per trial. Times of Bpod count from trial start, those of
        B-control from session start.

    Raises
    ------
    DataError
        The file is damaged, holds no session, or has not as many trials as it says; a map names
        unknown states, or fits trials twice.
    """

    def read(each: Path) -> Found:
        with readable(each, WHAT):
            trials, found = _session(each, variable)
            maps = {"choice": (choices, ends), "outcome": (outcomes, None)}
            return _labelled(str(each), trials, found, maps, strict)

    return together(path, each_file(path, is_bpod, "sessions of Bpod"), read, reduce)


def is_bpod(path: Path) -> bool:
    """Tell a session of Bpod or B-control by its variables.

    Parameters
    ----------
    path : pathlib.Path
        Any file.

    Returns
    -------
    bool
        Whether it is one.
    """
    about = path.stat()
    return is_matlab(path) and _holds_session(path, about.st_size, about.st_mtime_ns)


@lru_cache(maxsize=1000)
def _holds_session(path, *_about) -> bool:
    """Whether a file holds a session; it is read once, however often it is asked about."""
    try:
        with readable(path, WHAT):
            return bool(_sessions(read_values(path)))
    except DataError:  # which the reader of MATLAB files tells
        return False


def _sessions(values, before="", depth=0) -> list[str]:
    """Places of structs that look like sessions."""
    found = []
    for name, value in values.items():
        if not isinstance(value, Struct) or value.n != 1 or depth > MOST_DEEP:
            continue
        if {"RawEvents", "nTrials"} <= set(value.fields) or _parsed(value):
            found.append(before + name)
        else:
            inner = {key: each[0] for key, each in value.fields.items()}
            found += _sessions(inner, f"{before}{name}.", depth + 1)
    return found


def _parsed(value) -> list[str]:
    return [name for name in value.fields if name.endswith("_parsed_events")]


def _session(path, variable) -> tuple[list[Visits], Found]:
    values = read_values(path)
    places = [variable] if variable is not None else _sessions(values)
    if len(places) != 1:
        several = f"several sessions, {', '.join(places)}: say which, with variable"
        raise problems(
            DataError, str(path), [f"it holds {several if places else 'no SessionData'}"]
        )
    value = inside(values, str(path), places[0])
    if not isinstance(value, Struct) or value.n != 1:
        raise problems(DataError, str(path), [f"{places[0]} is no plain struct"])
    fields = {name: each[0] for name, each in value.fields.items()}
    return _of_b_control(value, fields) if _parsed(value) else _of_bpod(path, fields)


def _of_bpod(path, fields) -> tuple[list[Visits], Found]:
    each = _structs(inside(fields, str(path), "RawEvents.Trial"))
    trials = [
        Visits(
            {k: visits_of(v) for k, v in _fields(one, "States").items()},
            {k: _times(v) for k, v in _fields(one, "Events").items()},
        )
        for one in each
    ]
    claimed = np.ravel(fields.get("nTrials", np.nan))
    if len(claimed) != 1 or claimed[0] != len(trials):
        text = f"nTrials is {claimed.tolist()}, but RawEvents.Trial holds {len(trials)} trials"
        raise problems(DataError, str(path), [text])
    rest = {k: v for k, v in fields.items() if k not in ("RawEvents", "RawData")}
    found = _rest(rest, len(trials))
    start = found.table.get("TrialStartTimestamp", pd.Series(np.nan, found.table.index))
    return trials, Found(found.table.assign(trial_start=start), found.notes)


def _of_b_control(value, fields) -> tuple[list[Visits], Found]:
    (name,) = _parsed(value)[:1]
    trials = [
        Visits(
            {
                k: visits_of(v)
                for k, v in _fields(one, "states").items()
                if isinstance(v, np.ndarray)
            },
            {
                f"{k}_in": visits_of(v)[:, 0]
                for k, v in _fields(one, "pokes").items()
                if isinstance(v, np.ndarray)
            },
        )
        for one in _structs(fields[name])
    ]
    found = _rest({k: v for k, v in fields.items() if k != name}, len(trials))
    start = [
        each.states["state_0"][0, 1] if len(each.states.get("state_0", ())) else np.nan
        for each in trials
    ]
    return trials, Found(found.table.assign(trial_start=start), found.notes)


def _structs(value) -> list[dict]:
    """Plain structs of a cell array or struct array, one per trial."""
    if isinstance(value, Struct):
        return [{name: each[k] for name, each in value.fields.items()} for k in range(value.n)]
    cells = value.values if isinstance(value, Cells) else [value]
    if not all(isinstance(each, Struct) and each.n == 1 for each in cells):
        raise ValueError("trials are no structs")
    return [{name: each[0] for name, each in one.fields.items()} for one in cells]


def _fields(trial, name) -> dict:
    value = trial.get(name)
    # a trial without events has an empty array in place of a struct
    return (
        {key: each[0] for key, each in value.fields.items()}
        if isinstance(value, Struct) and value.n
        else {}
    )


def _times(value) -> np.ndarray:
    times = np.asarray(value, dtype=float).ravel()
    return times[~np.isnan(times)]


def _rest(fields, n) -> Found:
    columns, left = columns_of(fields, n)
    return Found(pd.DataFrame(columns, index=range(n)), left_out(left))


def _labelled(title, trials, found, maps, strict) -> Found:
    table = pd.concat([times_table(trials), found.table], axis=1)
    table["trial"] = range(1, len(table) + 1)
    notes, wrong = list(found.notes), []
    for name, (labels, ends) in maps.items():
        try:
            if labels is not None:
                table[name], more = mapped(trials, labels, name, ends, strict=strict)
                notes += more
        except ValueError as error:
            wrong.append(str(error))
    if wrong:
        raise problems(DataError, title, wrong)
    return Found(table, notes)
