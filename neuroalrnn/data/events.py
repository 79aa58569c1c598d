"""Events of a trial: their names in order, and whether they happened; times may be unknown."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from neuroalrnn.arguments import shown


def event_names(trials: xr.Dataset) -> list[str]:
    """List the names of the events of a trial in their order; none where the dataset has none."""
    return [str(name) for name in trials["event"].values] if "event" in trials.coords else []


def misnamed(trials: xr.Dataset) -> list[str]:
    """Describe what is wrong with the coordinate ``event``, if there is one."""
    if "event" in trials.variables and trials["event"].dims != ("event",):
        return [f"'event' has dims {trials['event'].dims}, expected names of events in their order"]
    names = event_names(trials)
    return [f"event names repeat: {', '.join(names)}"] if len(set(names)) < len(names) else []


def happened(trials: xr.Dataset) -> np.ndarray:
    """Find which events happened, shape (trial, event): they have a time, or no times are known."""
    if "event_time" in trials:
        return np.isfinite(trials["event_time"].values)
    return np.ones((trials.sizes["trial"], len(event_names(trials))), dtype=bool)


def with_events(trials: xr.Dataset, names: Sequence[str] | None) -> xr.Dataset:
    """Give trials without events the names of their steps; None changes nothing."""
    return trials if names is None else trials.assign_coords(event=[str(name) for name in names])


def refuse_names(names: Any) -> list[str]:
    """Describe what is wrong with a list of names of events."""
    if isinstance(names, str) or not isinstance(names, Sequence) or len(names) == 0:
        return [f"events = {shown(names)}: expected a list of names in the order of the trial"]
    found = [
        f"events: {name!r} is no name: expected text that is not blank"
        for name in names
        if not isinstance(name, str) or not name.strip()
    ]
    twice = sorted({str(name) for name in names if list(names).count(name) > 1})
    return found + [f"events: {name!r} is named more than once" for name in twice]
