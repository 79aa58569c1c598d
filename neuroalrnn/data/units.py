"""Times of a table in seconds, on the clock of the trial."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
import xarray as xr

from neuroalrnn.arguments import unknown
from neuroalrnn.data.names import N_SHOWN, texts
from neuroalrnn.data.schema import session_number

SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "min": 60.0}
NO_DURATION = ("subject", "session", "block", "trial", "choice", "correct", "scored",
               "unscored_reason")  # fmt: skip

# in s, over a session: events do not lie so much later from trial to trial, counted from its start
CLIMB = 10.0


def check_units(units: Mapping[str, str], role_of: Callable[[str], str]) -> list[str]:
    """Check the units of columns.

    Parameters
    ----------
    units : dict of column to unit
        Units as given.
    role_of : callable
        Gives the name of a column in messages.

    Returns
    -------
    list of str
        Texts that say what is wrong; empty where all is well.
    """
    found = [
        f"units of {role_of(column)!r}: {unknown(unit, SECONDS)}"
        for column, unit in units.items()
        if unit not in SECONDS
    ]
    return found + [
        f"units of {role_of(column)!r}: this is no duration"
        for column in units
        if role_of(column) in NO_DURATION
    ]


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
            # a start and an event at one time must not end up a rounding error before it
            at = np.round(times[:, k] - values[roles.start[event]], 9)
            times[:, k] = at + 0.0
    return times


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
