"""Roles of the columns of a table, and the options that name columns."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from typing import Any

from neuroalrnn.arguments import not_names, unknown
from neuroalrnn.data.events import refuse_names
from neuroalrnn.data.names import one_form
from neuroalrnn.data.schema import unusable_names

ROLES = ("subject", "session", "block", "trial", "choice", "reward", "correct", "rt", "scored",
         "unscored_reason")  # fmt: skip
LABELS = ("subject", "session", "block")
# what tells which row of a table a trial is
NAMING = (*LABELS, "trial", "choice")
TABLE_ROW = "table_row"
# these follow from the choice; the two-step hybrid reads the first
TRANSITIONS = ("common", "transition")
# coordinates, the choice, and what no model gets cannot be marked as signed
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
    TABLE_ROW,
)


@dataclass(frozen=True)
class Roles:
    """Which column plays which role, with all options; names are in one Unicode form.

    Parameters
    ----------
    columns : dict of role to column
        Columns by role.
    event_names : tuple of str
        Names of the events in their order.
    events : dict of event to column or number
        Times of the events; empty where they are not known.
    start : dict of event to column
        Column that is subtracted from the time of the event.
    after_choice, signed, text : tuple of str
        Roles that are marked so.
    missing : dict of column to list
        Codes that stand for a missing value.
    units : dict of column to unit
        Units of times that are not in seconds.
    stored : dict of variable to dict
        What `neuroalrnn.to_frame` keeps of a dataset beside its table.
    """

    columns: Mapping[str, str]
    event_names: Sequence[str]
    events: Mapping[str, str | float]
    start: Mapping[str, str]
    after_choice: Sequence[str]
    signed: Sequence[str]
    text: Sequence[str]
    missing: Mapping[str, list]
    units: Mapping[str, str]
    stored: Mapping[str, Mapping]

    @property
    def variables(self) -> Mapping[str, Mapping]:
        """Descriptions of the variables of the dataset that the table was written from."""
        return self.stored.get("variables", {})

    @cached_property
    def read(self) -> list[str]:
        """Columns that are read, each once."""
        timed = [each for each in self.events.values() if isinstance(each, str)]
        return list(dict.fromkeys([*self.columns.values(), *timed, *self.start.values()]))

    def role_of(self, column: str) -> str:
        """Name of a column in messages: its first role, its event or its own name."""
        return self._names.get(column, column)

    @cached_property
    def _names(self) -> dict[str, str]:
        named = {column: f"event {event}" for event, column in self.events.items()
                 if isinstance(column, str)}  # fmt: skip
        return named | {column: role for role, column in reversed(list(self.columns.items()))}


def read_roles(columns, events, trial_start, after_choice, signed, text, missing, units, stored):
    """Bring the arguments of `neuroalrnn.from_frame` into one form.

    Parameters
    ----------
    columns, events, trial_start, after_choice, signed, text, missing, units, stored
        Arguments of `neuroalrnn.from_frame`.

    Returns
    -------
    roles : Roles
        The arguments in one form.
    found : list of str
        Texts that say what is wrong, whatever the table holds.
    """
    wrong = _wrong_kinds(events, after_choice=after_choice, signed=signed, text=text)
    if wrong:
        events, after_choice, signed, text = {}, (), (), ()
    names = tuple(one_form(event) for event in events or ())
    columns = {one_form(role): one_form(column) for role, column in columns.items()}
    timed = events.items() if isinstance(events, Mapping) else ()
    events = {
        one_form(event): one_form(source) if isinstance(source, str) else source
        for event, source in timed
    }
    start, found = _starts(trial_start, columns, events)
    marks = [tuple(one_form(name) for name in names) for names in (after_choice, signed, text)]
    after = dict.fromkeys([*marks[0], *(name for name in TRANSITIONS if name in columns)])
    named = {**{e: c for e, c in events.items() if isinstance(c, str)}, **columns}
    known = {*named.values(), *start.values()}
    codes, more = _by_column("missing", _codes(missing, columns, known), named, known)
    in_units, other = _by_column("units", {} if units is None else units, named, known)
    roles = Roles(
        columns, names, events, start, tuple(after), *marks[1:], codes, in_units, dict(stored or {})
    )
    return roles, wrong + found + more + other


def _wrong_kinds(events, **names) -> list[str]:
    is_empty = events is None or (isinstance(events, Mapping | Sequence) and not len(events))
    listed = list(events) if isinstance(events, Mapping) else events
    found = [] if is_empty else refuse_names(listed)
    events = events if isinstance(events, Mapping) else {}
    found += [
        f"event {event!r} is {source!r}: expected a column, or a time in seconds"
        for event, source in events.items()
        if isinstance(source, bool) or not isinstance(source, str | int | float)
    ]
    return found + [text for option, given in names.items() for text in not_names(option, given)]


def check_roles(roles: Roles, have: Sequence[str], n_rows: int) -> list[str]:
    """Check roles against the columns of a table.

    Parameters
    ----------
    roles : Roles
        Roles and options.
    have : sequence of str
        Columns of the table.
    n_rows : int
        Number of rows of the table.

    Returns
    -------
    list of str
        Texts that say what is wrong; empty where all is well.
    """
    columns = roles.columns
    found = [f"role {role!r} is missing in columns: name the column that holds it"
             for role in ("subject", "choice") if role not in columns]  # fmt: skip
    found += _reserved(name for name in columns if name not in roles.variables)
    found += unusable_names(columns)
    present, count = set(have), Counter(have)
    found += [f"column {unknown(name, have)}" for name in roles.read if name not in present]
    twice = sorted(name for name, n in count.items() if n > 1)
    found += [f"the table has more than one column {name!r}" for name in twice]
    found += _shared_columns(columns)
    found += [
        f"after_choice {unknown(name, columns)}"
        for name in roles.after_choice
        if name not in columns
    ]
    markable = [name for name in columns if name not in UNMARKED]
    found += [
        f"signed {unknown(name, markable)}" for name in roles.signed if name not in set(markable)
    ]
    found += [f"text {unknown(name, markable)}" for name in roles.text if name not in set(columns)]
    found += [
        f"text {name!r}: {'this is a role of numbers' if name in ROLES else 'it is signed, too'}"
        for name in roles.text
        if name in ROLES or name in roles.signed
    ]
    if n_rows == 0:
        found.append("the table has no rows: expected one row per trial")
    return found


def _reserved(names: Iterable[str]) -> list[str]:
    found = []
    for name in names:
        near = get_close_matches(name, ROLES, n=1, cutoff=0.8)
        if name in RESERVED or (name not in ROLES and near and name.isalpha()):
            hint = f", too near to the role {near[0]!r}" if near else ""
            found.append(f"role {name!r} is reserved{hint}: give the covariate another name")
    return found


def _shared_columns(columns) -> list[str]:
    roles: dict[str, list[str]] = {}
    for role, column in columns.items():
        roles.setdefault(column, []).append(role)
    # feedback is often the only record of both reward and correct
    return [
        f"column {column!r} is given for several roles: {', '.join(names)}"
        for column, names in roles.items()
        if len(names) > 1 and set(names) != {"reward", "correct"}
    ]


def _starts(given, columns, events) -> tuple[dict[str, str], list[str]]:
    """Column that is subtracted from each event; one column counts for all events with columns."""
    timed = {e: c for e, c in events.items() if isinstance(c, str)}
    if given is None:
        return {}, []
    if isinstance(given, str):
        column = one_form(given)
        start = {event: column for event, each in timed.items() if each != columns.get("rt")}
        nothing = "trial_start needs events that columns hold: there are none"
        return start, [] if start else [nothing]
    if not isinstance(given, Mapping):
        return {}, [f"trial_start={given!r}: expected a column, or a dict of event -> column"]
    start = {one_form(event): one_form(column) for event, column in given.items()}
    return start, [f"trial_start {unknown(e, timed)}" for e in start if e not in timed]


def _codes(given, columns, known) -> dict[str, list]:
    """Missing codes per column; a plain list is for all columns that hold values."""
    if isinstance(given, Mapping):
        return {name: listed(codes) for name, codes in given.items()}
    labels = {columns[role] for role in (*LABELS, "trial", "unscored_reason") if role in columns}
    codes = listed(given)
    return dict.fromkeys(sorted(known - labels), codes) if codes else {}


def listed(codes: Any) -> list:
    """Turn one value, or many of any kind, into a list; None is an empty one."""
    if codes is None:
        return []
    # arrays without dimensions say that they are iterable
    is_many = isinstance(codes, Iterable) and not isinstance(codes, str)
    return list(codes) if is_many and getattr(codes, "ndim", 1) != 0 else [codes]


def _by_column(option, given, named, known) -> tuple[dict, list[str]]:
    """Options by column, where they may be given by role, by event or by column."""
    if not isinstance(given, Mapping):
        return {}, [f"{option}={given!r}: expected a dict of role or column -> {option}"]
    asked = {one_form(name): value for name, value in given.items()}
    wrong = [name for name in asked if name not in named and name not in known]
    found = [f"{option} {unknown(name, dict.fromkeys([*named, *known]))}" for name in wrong]
    return {named.get(name, name): asked[name] for name in asked if name not in wrong}, found
