"""Tables in and out: one row per trial, columns named by the role they play."""

import json
import re
import warnings
from collections.abc import Mapping, Sequence
from difflib import get_close_matches

import numpy as np
import pandas as pd
import xarray as xr

from neuroalrnn.data.coding import SIGNED, is_signed
from neuroalrnn.data.events import event_names, refuse_names
from neuroalrnn.data.schema import (
    SCHEMA_VERSION,
    find_problems,
    is_after_choice,
    is_text,
    texts,
    trial_variables,
    unknown,
    unusable_names,
    validate,
    where,
)
from neuroalrnn.exceptions import DataError, problems

ROLES = ("subject", "session", "block", "trial", "choice", "reward", "correct", "rt", "scored",
         "unscored_reason")  # fmt: skip
# coordinates, the choice and what no model gets: nothing to mark as signed
UNMARKED = ("subject", "session", "block", "trial", "choice", "scored", "unscored_reason")
RESERVED = (
    "trial_in_session",
    "event_time",
    "event",
    "inputs",
    "neural",
    "n_steps",
    "epoch",
    "time",
)
MOST_OPTIONS = 100
# seconds: far above a decision, far below one in milliseconds
LONG = 100.0
COUNTED = re.compile(r"[A-Za-z _-]*\d{1,3}")


def from_frame(
    df: pd.DataFrame,
    columns: Mapping[str, str],
    *,
    labels: Sequence | Mapping | None = None,
    events: Mapping[str, str | float] | Sequence[str] | None = None,
    after_choice: Sequence[str] = (),
    signed: Sequence[str] = (),
    attrs: Mapping | None = None,
) -> xr.Dataset:
    """Build a trial dataset from a table with one row per trial, in time order.

    No row is dropped and none is moved. Columns that no role names are listed in
    ``attrs["unread_columns"]``.

    Parameters
    ----------
    df : pandas.DataFrame
    columns : dict of role -> column
        Roles: subject and choice (needed), session (else one per subject), block, trial (else row
        order; numbers from 1 become numbers from 0), reward, correct, rt (s), scored,
        unscored_reason (text). Any other key is the name of a numeric covariate.
    labels : sequence or dict, optional
        The values of the choice column in the order that codes them, 0 first; as a dict, value ->
        label. Needed for text. Without it the choice must hold codes 0..n-1.
    events : dict of event -> column or number, or list of str, optional
        Times in seconds from trial start, in the order of the trial; a list names events whose
        times are not known.
    after_choice : sequence of str
        Covariates that become known only after the choice.
    signed : sequence of str
        Variables of 0 and 1, such as a reward, that models get as -1 and +1, so that 0 differs from
        missing, which is 0 to them. The choice (of two options) and ``correct`` are coded so
        anyway; every other variable is used as stored, whatever its values.
    attrs : dict, optional
        Metadata; lists and dicts are stored as JSON.

    Returns
    -------
    trials : xarray.Dataset
        See `validate`.

    Raises
    ------
    DataError
        Naming every problem with its rows.

    Notes
    -----
    Sessions count within a subject. A session label that is more than a count (other than "3",
    "ses-01") names one sitting, so the same one under two subjects is an error; where it is right,
    put the subject in front of the label.
    """
    names = list(events or ())
    events = dict(events or {}) if isinstance(events, Mapping | None) else {}
    found = _check_columns(df, columns, events, after_choice, signed)
    found += refuse_names(names) if names else []
    if found:
        raise problems(DataError, "table", found)
    coords, found = _coords(df, columns)
    choice, choice_labels, choice_found = _choice(df[columns["choice"]], labels)
    variables = {"choice": ("trial", choice, {"labels": choice_labels})}
    found += choice_found
    for name in columns:
        if name == "unscored_reason":
            variables[name] = ("trial", texts(df[columns[name]].to_numpy()).astype(str))
        elif name not in ("subject", "session", "block", "trial", "choice"):
            values, texts_found = _column(df[columns[name]], name)
            variables[name] = ("trial", values, _marks(name, after_choice, signed))
            found += texts_found
    if events:
        times, texts_found = _event_times(df, events)
        variables["event_time"] = (("trial", "event"), times, {"units": "s"})
        found += texts_found
    if names:
        coords["event"] = names
    trials = xr.Dataset(variables, coords=coords, attrs=_attrs(df, columns, events, attrs))
    found += find_problems(trials)
    if found:
        raise problems(DataError, "table", found)
    _warn_of_milliseconds(trials)
    return trials


def to_frame(trials: xr.Dataset) -> pd.DataFrame:
    """Write a trial dataset as a table, one row per trial; the inverse of `from_frame`.

    Parameters
    ----------
    trials : xarray.Dataset

    Returns
    -------
    df : pandas.DataFrame
        Choices as labels, event times as columns ``"event_time:name"``. ``df.attrs["from_frame"]``
        holds the arguments that bring the dataset back:
        ``from_frame(df, **df.attrs["from_frame"])``, but for text other than ``unscored_reason``.

    Raises
    ------
    DataError
        If the dataset does not fit the contract, or holds time-resolved variables.
    """
    validate(trials)
    timed = [str(name) for name in trials.data_vars if "time" in trials[name].dims]
    if timed:
        found = [
            f"{name!r} has a value per time step: leave it out with drop_vars" for name in timed
        ]
        raise problems(DataError, "to_frame", found)
    labels = [str(label) for label in trials["choice"].attrs["labels"]]
    text = [str(name) for name in trials.data_vars if is_text(trials[name])]
    names = trial_variables(trials) + [name for name in ("scored",) if name in trials] + text
    table = {"subject": texts(trials["subject"].values), "session": texts(trials["session"].values)}
    if "block" in trials.coords:
        table["block"] = trials["block"].values
    table["trial"] = trials["trial_in_session"].values
    table |= {name: trials[name].values for name in names}
    code = np.nan_to_num(table["choice"]).astype(int)
    answered = np.isfinite(table["choice"])
    table["choice"] = np.where(answered, np.array(labels, dtype=object)[code], np.nan)
    events, timed = event_names(trials), []
    if "event_time" in trials:
        timed = [f"event_time:{name}" for name in events]
        table |= dict(zip(timed, trials["event_time"].values.T, strict=True))
    df = pd.DataFrame(table)
    unread = [*timed, *(name for name in text if name not in ROLES)]
    df.attrs["from_frame"] = {
        "columns": {name: name for name in df if name not in unread},
        "labels": labels,
        "events": dict(zip(events, timed, strict=True)) if timed else events,
        "after_choice": [name for name in names if is_after_choice(trials, name)],
        "signed": [name for name in names if is_signed(trials, name) and name not in UNMARKED],
        "attrs": dict(trials.attrs),
    }
    return df


def _warn_of_milliseconds(trials) -> None:
    found = []
    for name in ("rt", "event_time"):
        values = trials[name].values if name in trials else np.empty(0)
        values = values[values > 0]
        if len(values) and np.median(values) > LONG:
            found.append(f"{name!r} has a median of {np.median(values):g}")
    if found:
        text = f"{', '.join(found)}: taken as seconds; if these are milliseconds, divide by 1000"
        warnings.warn(text, stacklevel=3)


def _check_columns(df, columns, events, after_choice, signed) -> list[str]:
    found = [f"role {role!r} is missing in columns" for role in ("subject", "choice")
             if role not in columns]  # fmt: skip
    for name in columns:
        near = get_close_matches(name, ROLES, n=1, cutoff=0.8)
        if name in RESERVED or (name not in ROLES and near and name.isalpha()):
            hint = f", too near to the role {near[0]!r}" if near else ""
            found.append(f"role {name!r} is reserved{hint}: give the covariate another name")
    found += unusable_names(columns)
    wanted = [*columns.values(), *(each for each in events.values() if isinstance(each, str))]
    have = list(df.columns)
    found += [f"column {unknown(name, have)}" for name in dict.fromkeys(wanted) if name not in have]
    twice = sorted({str(name) for name in have if have.count(name) > 1})
    found += [f"the table has more than one column {name!r}" for name in twice]
    for column in dict.fromkeys(columns.values()):
        roles = [role for role in columns if columns[role] == column]
        # feedback is often the only record of both
        if len(roles) > 1 and set(roles) != {"reward", "correct"}:
            found.append(f"column {column!r} is given for several roles: {', '.join(roles)}")
    found += [
        f"after_choice {unknown(name, columns)}" for name in after_choice if name not in columns
    ]
    markable = [name for name in columns if name not in UNMARKED]
    found += [f"signed {unknown(name, markable)}" for name in signed if name not in markable]
    if len(df) == 0:
        found.append("the table has no rows: expected one row per trial")
    return found


def _coords(df, columns) -> tuple[dict, list[str]]:
    subject = _labels(df[columns["subject"]])
    session = np.full(len(df), "1", dtype=object)
    if "session" in columns:
        session = _labels(df[columns["session"]])
    found = _shared_sessions(subject, session)
    if "trial" in columns:
        number, more = _trial_numbers(df[columns["trial"]])
        found += more
    else:
        number = (
            pd.DataFrame({"a": subject, "b": session}).groupby(["a", "b"]).cumcount().to_numpy()
        )
    coords = {
        "subject": ("trial", subject.astype(str)),
        "session": ("trial", session.astype(str)),
        "trial_in_session": ("trial", number),
    }
    if "block" in columns:
        coords["block"] = ("trial", _block(df[columns["block"]]))
    return coords, found


def _block(column: pd.Series) -> np.ndarray:
    if pd.api.types.is_integer_dtype(column) and not column.isna().any():
        return column.to_numpy(dtype=int)
    return _labels(column).astype(str)


def _labels(column: pd.Series) -> np.ndarray:
    """Labels as text; whole numbers that missing values turned into floats lose their ``.0``."""
    if pd.api.types.is_float_dtype(column):
        finite = column[np.isfinite(column)]
        if (finite == finite.round()).all():
            column = column.astype("Int64")
    return texts(column.to_numpy(dtype=object, na_value=None))


def _shared_sessions(subject, session) -> list[str]:
    pairs = pd.DataFrame({"subject": subject, "session": session}).drop_duplicates()
    pairs = pairs[(pairs["subject"] != "") & (pairs["session"] != "")]
    named = pairs[~pairs["session"].map(lambda text: bool(COUNTED.fullmatch(text)))]
    shared = named[named.duplicated("session", keep=False)].groupby("session", sort=False)
    return [
        f"session {label!r} occurs in {len(rows)} subjects ({', '.join(rows['subject'][:5])}): if "
        "these are different sittings, put the subject in front of the label"
        for label, rows in shared
    ]


def _trial_numbers(column: pd.Series) -> tuple[np.ndarray, list[str]]:
    values = pd.to_numeric(column, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    wrong = ~np.isfinite(values) | (values != np.round(values))
    if wrong.any():
        found = [f"trial numbers are not integers on {where(wrong, 'row')}"]
        return np.arange(len(values)), found
    return values.astype(int) - (values.min() == 1), []


def _choice(column: pd.Series, labels) -> tuple[np.ndarray, list[str], list[str]]:
    values = column.to_numpy(dtype=object, na_value=None)
    if labels is None:
        return _coded_choice(column)
    pairs = labels.items() if isinstance(labels, Mapping) else zip(labels, labels, strict=True)
    names = {key: str(value) for key, value in pairs}
    code = {_key(key): float(index) for index, key in enumerate(names)}
    missing = pd.isna(values)
    keys = [_key(value) for value in values]
    wrong = np.array([key not in code for key in keys]) & ~missing
    found = []
    if wrong.any():
        seen = ", ".join(repr(value) for value in list(dict.fromkeys(values[wrong]))[:5])
        known = ", ".join(repr(key) for key in code)
        found = [
            f"choice has unknown labels {seen} on {where(wrong, 'row')}; labels are {known} "
            "(values in the order that codes them, or {value: label})"
        ]
    coded = np.array([code.get(key, np.nan) for key in keys], dtype=float)
    coded[missing] = np.nan
    # an unknown label is named once, and must not be reported as missing too
    coded[wrong] = 0.0
    return coded, list(names.values()), found


def _key(value):
    """What a label is known by: 1, 1.0 and "1" are one label, and so are True and "TRUE"."""
    if isinstance(value, float | np.floating) and float(value).is_integer():
        value = int(value)
    text = str(value).strip()
    return text.lower() if text.lower() in ("true", "false") else text


def _coded_choice(column: pd.Series) -> tuple[np.ndarray, list[str], list[str]]:
    values, found = _column(column, "choice")
    values = values.astype(float)
    if found:
        return np.zeros(len(values)), ["0", "1"], [
            "choice is text: pass labels=[...], its values in the order that codes them 0, 1, ..."
        ]  # fmt: skip
    finite = values[np.isfinite(values)]
    seen = np.unique(finite)
    if len(seen) and (seen == np.round(seen)).all() and (seen != np.arange(len(seen))).any():
        return np.zeros(len(values)), ["0", "1"], [_not_coded(seen)]
    n_options = min(len(seen), MOST_OPTIONS)
    return values, [str(code) for code in range(max(n_options, 2))], found


def _not_coded(seen: np.ndarray) -> str:
    """Text for whole numbers that are no codes: options without one, or with a sentinel."""
    shown = ", ".join(f"{value:g}" for value in seen[:5]) + (", ..." if len(seen) > 5 else "")
    absent = np.setdiff1d(np.arange(len(seen)), seen)[0]
    what = f"never has code {absent}" if seen[0] >= 0 else f"has codes outside 0..{len(seen) - 1}"
    every = f"labels=[{shown}]" if len(seen) > 1 else "labels=[...] with every option"
    return (
        f"choice {what} (values {shown}): pass {every} to code them, among them those that nobody "
        "chose; a missing choice is an empty cell"
    )


def _column(column: pd.Series, name: str) -> tuple[np.ndarray, list[str]]:
    numbers = pd.to_numeric(column, errors="coerce")
    text = (numbers.isna() & column.notna()).to_numpy(dtype=bool)
    values = numbers.to_numpy(dtype=float, na_value=np.nan)
    found = []
    if text.any():
        first = column.to_numpy(dtype=object)[text][0]
        kind = "true, false, 1 or 0" if name == "scored" else "numbers"
        found = [f"{name!r} has text where {kind} are expected, {first!r}, on {where(text, 'row')}"]
    if name != "scored":
        return values, found
    wrong = ~np.isin(values, (0, 1)) & ~text
    if wrong.any():
        found.append(f"'scored' is neither true nor false on {where(wrong, 'row')}")
    return values == 1, found


def _event_times(df, events) -> tuple[np.ndarray, list[str]]:
    times, found = [], []
    for name, source in events.items():
        if isinstance(source, str):
            values, more = _column(df[source], f"event {name}")
            found += more
        else:
            values = np.full(len(df), float(source))
        times.append(values)
    return np.stack(times, axis=1), found


def _marks(name: str, after_choice: Sequence[str], signed: Sequence[str]) -> dict[str, str]:
    known = {"known": "after_choice"} if name in after_choice else {}
    return known | ({"coding": SIGNED} if name in signed else {})


def _attrs(df, columns, events, attrs) -> dict:
    read = {*columns.values(), *(each for each in events.values() if isinstance(each, str))}
    unread = [str(name) for name in df.columns if name not in read]
    given = {
        name: json.dumps(value) if isinstance(value, Mapping | list | tuple) else value
        for name, value in (attrs or {}).items()
    }
    return {"schema_version": SCHEMA_VERSION, **given, "unread_columns": json.dumps(unread)}
