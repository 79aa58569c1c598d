"""Times of a table in seconds, on the clock of the trial."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr

from neuroalrnn.arguments import unknown
from neuroalrnn.data._stamps import DATE, UNITS, apart
from neuroalrnn.data.names import N_SHOWN, texts
from neuroalrnn.data.roles import Roles
from neuroalrnn.data.schema import session_number

NO_DURATION = ("subject", "session", "block", "trial", "choice", "correct", "scored",
               "unscored_reason")  # fmt: skip

# in s, over a session: events do not lie so much later from trial to trial, counted from its start
CLIMB = 10.0
# in s: events that lie farther off are others than they are called
MOST_TOLERANCE = 1.0


def check_units(roles: Roles) -> list[str]:
    """Check the units of columns.

    Parameters
    ----------
    roles : Roles
        Columns with their units.

    Returns
    -------
    list of str
        Texts that say what is wrong; empty where all is well.
    """
    name, units = roles.role_of, roles.units
    found = [
        f"units of {name(column)!r}: {unknown(unit, UNITS)}"
        for column, unit in units.items()
        if unit not in UNITS
    ]
    found += [
        f"units of {name(column)!r}: this is no duration"
        for column in units
        if name(column) in NO_DURATION
    ]
    dates = [column for column, unit in units.items() if unit == DATE]
    for role, column in roles.columns.items():
        if column in dates:
            found.append(
                f"units of {role!r}: a date is no duration; make one, derive={{'seconds': "
                f"{{'from': {column!r}, 'minus': START, 'unit': 'date'}}}}, where START is the "
                f"column that it counts from, and {role}='seconds'"
            )
    for event, source in roles.events.items():
        start = roles.start.get(event)
        if source in dates and start is None:
            found.append(f"event {event!r} is a date: name the start of trials, trial_start=...")
        elif start is not None and (source in dates) != (start in dates):
            found.append(f"event {event!r} and its start {start!r} are not both dates: say units")
    return found


def event_times(values, roles, n_trials: int) -> np.ndarray:
    """Compute the times of all events from the start of their trial, in s.

    Parameters
    ----------
    values : dict of column to ndarray, shape (trial,)
        Times in s.
    roles : Roles
        Columns of the events, and what is subtracted from them.
    n_trials : int
        Number of trials.

    Returns
    -------
    times : ndarray, shape (trial, event)
        Times in s, NaN where missing.
    """
    times = np.empty((n_trials, len(roles.events)))
    for k, (event, source) in enumerate(roles.events.items()):
        times[:, k] = values[source] if isinstance(source, str) else float(source)
        if event in roles.start:
            start = roles.start[event]
            same = roles.units.get(source) == roles.units.get(start)
            unit = roles.units.get(source) if same else None
            times[:, k] = apart(times[:, k], values[start], unit)
    return times


def put_in_order(times: np.ndarray, names: Sequence[str], tolerance: float) -> list[str]:
    """Move events that lie a little before trial start, or before an earlier one, to that time.

    Parameters
    ----------
    times : ndarray, shape (trial, event)
        Times in s, in which they are moved.
    names : sequence of str
        Names of the events.
    tolerance : float
        By how much, in s.

    Returns
    -------
    list of str
        A text on what was moved, or none.
    """
    earliest = np.fmax.accumulate(np.fmax(times, 0), axis=1)
    by = np.where(np.isfinite(times), earliest - times, 0.0)
    moved = (by > 0) & (by <= tolerance)
    times[moved] = earliest[moved]
    told = [
        f"{name} on {mask.sum()} trials by up to {by[mask, k].max():.3g} s"
        for k, (name, mask) in enumerate(zip(names, moved.T, strict=True))
        if mask.any()
    ]
    return [f"moved, to keep events in order: {', '.join(told)}"] if told else []


def session_clock(trials: xr.Dataset) -> list[str]:
    """Name subjects whose event times count from the start of the session, not of the trial.

    Parameters
    ----------
    trials : xarray.Dataset
        Labelled trials.

    Returns
    -------
    list of str
        One text, or none where no event climbs from trial to trial.
    """
    if "event_time" not in trials.variables:
        return []
    subject, session = texts(trials["subject"].values), session_number(trials)
    times = trials["event_time"].values
    found: dict[str, str] = {}
    for k, event in enumerate(map(str, trials["event"].values)):
        for name in _climbing(times[:, k], subject, session):
            found.setdefault(name, event)
    if not found:
        return []
    events = list(dict.fromkeys(found.values()))
    names = ", ".join(list(found)[:N_SHOWN]) + (" ..." if len(found) > N_SHOWN else "")
    return [
        f"event times climb from trial to trial ({', '.join(events)}; subject {names}): they seem "
        "to count from the start of the session, expected is the start of the trial; name the "
        f"column that holds it with trial_start='column' (trial_start={events[0]!r} lets the trial "
        "begin with that event, if it is a column), or subtract it"
    ]


def _climbing(times, subject, session) -> list[str]:
    """Subjects in whose sessions a time rises with nearly every trial, and far."""
    present = np.flatnonzero(np.isfinite(times))
    same = session[present[1:]] == session[present[:-1]]
    rise = np.diff(times[present])[same]
    table = pd.DataFrame({"subject": subject[present[1:]][same], "rise": rise})
    table["rises"] = table["rise"] > 0
    table["climb"] = table["rise"].clip(lower=0)
    table["session"] = session[present[1:]][same]
    by_subject = table.groupby("subject", sort=False)
    climb = by_subject["climb"].sum() / by_subject["session"].nunique()
    use = (by_subject.size() >= 5) & (by_subject["rises"].mean() >= 0.9) & (climb >= CLIMB)
    return use.index[use].tolist()
