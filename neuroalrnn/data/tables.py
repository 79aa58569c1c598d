"""Read tables with one row per trial, whose columns are named by the role they play."""

import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from neuroalrnn.arguments import checked, not_kind, not_mapping, not_number, optional, refuse
from neuroalrnn.data import columns as cells
from neuroalrnn.data._prepare import Prepared
from neuroalrnn.data._stamps import in_seconds
from neuroalrnn.data.cautions import caution
from neuroalrnn.data.choices import choice_codes
from neuroalrnn.data.coding import SIGNED
from neuroalrnn.data.frames import digest
from neuroalrnn.data.load_report import with_report
from neuroalrnn.data.look import look
from neuroalrnn.data.names import one_form, rows_among
from neuroalrnn.data.numbering import row_order, trial_numbers
from neuroalrnn.data.roles import LABELS, NAMING, TABLE_ROW, Roles, check_roles, read_roles
from neuroalrnn.data.schema import (
    SCHEMA_VERSION,
    data_variables,
    find_problems,
    session_number,
)
from neuroalrnn.data.units import (
    MOST_TOLERANCE,
    check_units,
    event_times,
    put_in_order,
    session_clock,
)
from neuroalrnn.exceptions import DataError, problems


@checked(
    DataError,
    attrs=optional(not_mapping),
    units=optional(not_mapping),
    stored=optional(not_mapping),
    constants=optional(not_mapping),
    keep=optional(not_mapping),
    derive=optional(not_mapping),
    tolerance=partial(not_number, least=0, most=MOST_TOLERANCE),
)
def from_frame(
    df: pd.DataFrame,
    columns: Mapping[str, str],
    *,
    labels: Sequence | Mapping | None = None,
    events: Mapping[str, str | float] | Sequence[str] | None = None,
    trial_start: str | Mapping[str, str] | None = None,
    tolerance: float = 0.0,
    after_choice: Sequence[str] = (),
    signed: Sequence[str] = (),
    text: Sequence[str] = (),
    missing: Sequence | Mapping[str, Sequence] | None = None,
    units: Mapping[str, str] | None = None,
    constants: Mapping[str, Any] | None = None,
    keep: Mapping[str, Any] | None = None,
    derive: Mapping[str, Mapping[str, Any]] | None = None,
    attrs: Mapping | None = None,
    stored: Mapping | None = None,
) -> xr.Dataset:
    """Build a trial dataset from a table with one row per trial, in time order.

    No row is moved, and none is dropped unless ``keep`` asks so; the coordinate ``table_row`` says
    where a trial stood in the table, from 0. Columns that play no role are listed in
    ``attrs["unread_columns"]``. ``attrs["reading"]`` says where values differ from the cells.
    ``attrs["load_report"]`` (JSON) counts rows read, kept, dropped by rule and not scored.

    Parameters
    ----------
    df : pandas.DataFrame
        Table with one row per trial.
    columns : dict of role to column
        Which column plays which role. Roles are ``subject`` and ``choice`` (needed), ``session``
        (else one per subject), ``block``, ``trial`` (else row order; numbers from 1 become numbers
        from 0; numbers that start anew in every block are counted on), ``reward``, ``correct``,
        ``rt`` (s), ``scored`` and ``unscored_reason`` (text). Any other key is the name of a
        numeric covariate.
    labels : sequence or dict, optional
        The values of the choice column in the order that codes them, 0 first; a dict maps values to
        labels; values of one label are one option, which may be written as ``{"left": ["f", 1],
        "right": ["j", 2]}``, too. Text needs labels. Without, the choice must hold 0..n-1.
    events : dict of event to column or number, or list of str, optional
        Times in seconds from trial start, in the order of the trial; a list names events whose
        times are not known.
    trial_start : str or dict of event to column, optional
        Column with the start of each trial, where event times count from another start, such as
        that of the session. It is subtracted from the columns of all events but that of ``rt``; a
        dict says from which events.
    tolerance : float
        Seconds by which an event may lie before trial start, or before an event that is named
        earlier: it is moved there, and that is said. More is an error, as clocks of two devices
        differ by little.
    after_choice : sequence of str
        Covariates that become known only after the choice, as ``reward``, ``correct``, ``rt``,
        ``common`` and ``transition`` do anyway.
    signed : sequence of str
        Variables of 0 and 1, such as a reward, that models get as -1 and +1. Thus 0 differs from
        missing, which models get as 0. The choice (of two options) and ``correct`` are coded so
        anyway; every other variable is used as stored, whatever its values.
    text : sequence of str
        Covariates that are text, such as the name of a condition. They divide trials in analyses
        and are no inputs; to make inputs of them see ``derive``.
    missing : sequence, or dict of role or column to sequence, optional
        Codes that stand for a missing value, beside empty cells. A sequence is for every column but
        subject, session, block, trial and unscored_reason. 1, 1.0 and "1" are one code.
    units : dict of role, event or column to str, optional
        Units of times that are not in seconds: "ms", "us", "min", "h" or "day" (as numbers of Excel
        count); "clock" of what is written as ``hh:mm:ss.fff``, a time of day or a duration; "date"
        of what is written as ``YYYY-MM-DD hh:mm:ss.fff``, with a time zone or without. Dates need a
        ``trial_start`` that is a date, too; on a clock, an event more than half a day before its
        start is past midnight.
    constants : dict of str to str or number, optional
        Further columns, whose cells are all the same, such as ``{"subject": "ann"}``. Those that
        are called as a role play it.
    keep : dict of column to value, list of values, or dict of comparison to value, optional
        Rows that are kept are those where all of this holds: a cell is the value, or one of the
        list, or compares so: ``{"is", "is_not", "above", "at_least", "below", "at_most":
        value}``, ``{"present": True or False}``. What is missing is neither above nor below.
    derive : dict of str to dict, optional
        Further columns by name, made in this order from rows that are kept:
        ``{"from": column, TRANSFORM: value}`` with one of ``equals`` (1 where the cell is the value
        or one of a list, else 0), ``map`` (dict of value to new value), ``minus`` (name of the
        column to subtract), ``lag`` (the cell that many rows before in its session), ``one_hot``
        (True, or a list of all texts; makes a column ``NAME_TEXT`` of 0 and 1 for each),
        ``element`` ("first" or "last" of a cell that holds a list) and ``unit`` (of times, which
        become seconds); ``minus`` with a ``unit`` is the time between two columns. A column that no
        role and no other recipe names becomes a covariate.
    attrs : dict, optional
        Metadata; lists and dicts are stored as JSON.
    stored : dict, optional
        What `to_frame` keeps of a dataset beside its table.

    Returns
    -------
    trials : xarray.Dataset
        Labelled trials, see `validate`.

    Raises
    ------
    DataError
        The table has problems; the message names all of them with their rows.

    Warns
    -----
    DataWarning
        Something looks wrong: gaps in trial numbers, columns that are constant or missing, missing
        values, values far beyond all others, times that look like milliseconds, or subjects on
        another scale than the others. The sentences are kept, see `neuroalrnn.data.caution`.

    Notes
    -----
    Sessions count within a subject: the same label under two subjects names two sessions.

    Examples
    --------
    >>> import pandas as pd
    >>> from neuroalrnn import from_frame
    >>> table = pd.DataFrame({"ID": ["ann", "ann"], "resp": ["left", "right"], "cue": [1.0, 0.5]})
    >>> roles = {"subject": "ID", "choice": "resp", "cue": "cue"}
    >>> trials = from_frame(table, roles, labels=["left", "right"])
    >>> trials["choice"].values
    array([0., 1.])
    """
    _refuse_other_kinds(df, columns, attrs)
    df = df.set_axis([one_form(name) for name in df.columns], axis=1)
    # pandas copies them with every column
    df.attrs = {}
    n_rows, report = len(df), dict[str, Any]()
    rows = np.arange(n_rows)
    if constants or keep or derive:
        ready = Prepared(df, columns, constants, keep, derive, text, missing, events, trial_start)
        df, columns, text, missing = ready.df, ready.columns, ready.text, ready.missing
        report, rows = {"dropped": ready.dropped, "derived": dict(derive or {})}, ready.rows
    with rows_among(rows):
        roles, found = read_roles(
            columns, events, trial_start, after_choice, signed, text, missing, units, stored
        )
        trials = _built(df, roles, labels, attrs, found, rows, tolerance)
    if roles.stored and roles.stored.get("digest") == digest(df):
        return trials
    if not roles.variables:
        own = {role: roles.columns[role] for role in NAMING if role in roles.columns}
        trials = with_report(trials, rows_read=n_rows, columns=own, **report)
    return caution(trials, look(trials))


def _built(df, roles: Roles, labels, attrs, found: list[str], rows, tolerance) -> xr.Dataset:
    found += check_roles(roles, list(df.columns), len(df)) + check_units(roles)
    if found:
        raise problems(DataError, "table", found)
    read, count = _without_codes(df, roles)
    reading = _read_as_missing(count, roles) + _read_in_units(roles)
    coords, found, counted = _coords(read, roles)
    variables, more = _variables(read, roles, labels)
    if roles.event_names:
        coords["event"] = list(roles.event_names)
    if roles.events:
        reading += put_in_order(variables["event_time"][1], roles.event_names, tolerance)
    if not roles.variables:
        coords[TABLE_ROW] = ("trial", rows)
    trials = xr.Dataset(variables, coords, _attrs(df, roles, attrs, reading + counted))
    trials = _restored(trials, roles.variables)
    found += more + (find_problems(trials) or session_clock(trials))
    if found:
        raise problems(DataError, "table", found)
    return trials


def _refuse_other_kinds(df, columns, attrs) -> None:
    found = not_kind("df", df, pd.DataFrame, "a pandas.DataFrame; load_table reads files")
    found += not_kind("columns", columns, Mapping, "a dict of role -> column")
    found += not_kind("attrs", attrs, Mapping | None, "a dict")
    refuse("table", found, DataError)


def _without_codes(df, roles: Roles) -> tuple[dict[str, pd.Series], dict[str, dict[str, int]]]:
    read = {name: cells.without_lists(df[name].reset_index(drop=True)) for name in roles.read}
    count = {}
    for name, codes in roles.missing.items():
        read[name], count[name] = cells.without_codes(read[name], codes)
    return read, count


def _read_as_missing(count, roles) -> list[str]:
    parts = []
    for column, found in count.items():
        held = {code: n for code, n in found.items() if n}
        if held:
            listed = ", ".join(f"{code}: {n}" for code, n in held.items())
            parts.append(f"{roles.role_of(column)} on {sum(held.values())} trials ({listed})")
    return [f"read as missing: {'; '.join(parts)}"] if parts else []


def _read_in_units(roles) -> list[str]:
    parts = [f"{roles.role_of(name)} in {unit}" for name, unit in roles.units.items()]
    start = [f"{event} from {column}" for event, column in roles.start.items()]
    turned = [f"turned into seconds: {', '.join(parts)}"] if parts else []
    return turned + ([f"event times count from trial start: {', '.join(start)}"] if start else [])


def _coords(read, roles: Roles) -> tuple[dict, list[str], list[str]]:
    columns, n_trials = roles.columns, len(next(iter(read.values())))
    subject = cells.labels(read[columns["subject"]]).astype(str)
    session = np.full(n_trials, "1")
    if "session" in columns:
        session = cells.labels(read[columns["session"]]).astype(str)
    coords = {"subject": ("trial", subject), "session": ("trial", session)}
    if "block" in columns:
        coords["block"] = ("trial", _blocks(read[columns["block"]], roles))
    own = session_number(xr.Dataset(coords=coords))
    if "trial" not in columns:
        return coords | {"trial_in_session": ("trial", row_order(own))}, [], []
    block = coords["block"][1] if "block" in columns else None
    as_they_are = "variables" in roles.stored
    number, found, counted = trial_numbers(read[columns["trial"]], own, block, as_they_are)
    return coords | {"trial_in_session": ("trial", number)}, found, counted


def _variables(read, roles: Roles, labels) -> tuple[dict, list[str]]:
    choice, names, found = choice_codes(read[roles.columns["choice"]], labels)
    variables: dict[str, tuple] = {"choice": ("trial", choice, {"labels": names})}
    values = {}
    for column in roles.read:
        role = roles.role_of(column)
        if role in (*LABELS, "trial", "choice") or _is_kept(role, roles):
            continue
        if column in roles.units:
            values[column], more = in_seconds(read[column], role, roles.units[column])
        else:
            reader = cells.truths if role == "scored" else cells.numbers
            values[column], more = reader(read[column], role)
        found += more
    for role, column in roles.columns.items():
        if role in (*LABELS, "trial", "choice"):
            continue
        if _is_kept(role, roles):
            variables[role] = ("trial", _kept(read[column], role, roles), _marks(role, roles))
        else:
            variables[role] = ("trial", values[column], _marks(role, roles))
    if roles.events:
        times = event_times(values, roles, len(choice))
        variables["event_time"] = (("trial", "event"), times, {"units": "s"})
    return variables, found


def _is_kept(role, roles) -> bool:
    """Whether a column holds no numbers for models: text, and further coordinates."""
    each = roles.variables.get(role, {})
    is_text = role == "unscored_reason" or role in roles.text or each.get("is_text")
    return is_text or each.get("is_coordinate", False)


def _kept(column, role, roles) -> np.ndarray:
    if role in roles.text:
        return cells.labels(column).astype(str)
    if roles.variables.get(role, {"is_text": True})["is_text"]:
        return column.astype(object).fillna("").astype(str).to_numpy(dtype=str)
    return column.to_numpy(copy=True)


def _blocks(column, roles) -> np.ndarray:
    if roles.variables.get("block", {"is_text": True})["is_text"]:
        return cells.blocks(column)
    return column.to_numpy(copy=True)


def _marks(role, roles) -> dict[str, str]:
    known = {"known": "after_choice"} if role in roles.after_choice else {}
    return known | ({"coding": SIGNED} if role in roles.signed else {})


def _attrs(df, roles, attrs, reading) -> dict:
    attrs = dict(attrs or {})
    if roles.variables:
        return attrs
    read = set(roles.read)
    unread = [name for name in df.columns if name not in read]
    given = {
        name: json.dumps(value) if isinstance(value, Mapping | list | tuple) else value
        for name, value in attrs.items()
    }
    read_as = {"reading": json.dumps(reading)} if reading else {}
    return {
        "schema_version": SCHEMA_VERSION,
        **given,
        **read_as,
        "unread_columns": json.dumps(unread),
    }


def _restored(trials, described) -> xr.Dataset:
    """Types and attributes of the dataset that a table was written from."""
    if not described:
        return trials
    variables = {name: values.variable for name, values in trials.coords.items()}
    variables |= data_variables(trials)
    for name in variables.keys() & described.keys():
        values, each = variables[name], described[name]
        data = values.values if each["is_text"] else values.values.astype(each["dtype"])
        variables[name] = xr.Variable(values.dims, data, each["attrs"])
    is_coordinate = {name: name in trials.coords for name in variables}
    is_coordinate |= {name: each["is_coordinate"] for name, each in described.items()}
    coords = {name: values for name, values in variables.items() if is_coordinate[name]}
    rest = {name: values for name, values in variables.items() if not is_coordinate[name]}
    return xr.Dataset(rest, coords, trials.attrs)
