"""Timing of a trial: its number of steps, the read-out step, the entry step of every input."""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from neuroalrnn.data.coding import coded
from neuroalrnn.data.events import event_names, happened
from neuroalrnn.data.schema import is_after_choice
from neuroalrnn.exceptions import DataError, problems

MOST_STEPS = 5_000


@dataclass(frozen=True)
class Timing:
    """When things happen in each trial.

    Parameters
    ----------
    n_steps, readout : ndarray, shape (trial,), int
        Number of steps; step at which the choice is read out, -1 where it is not.
    entry : dict of variable to (ndarray, shape (trial,), int; bool)
        Step at which the variable enters, -1 where it does not; whether it enters the next trial.
    steps : tuple of str
        Names of the steps of a trial.
    notes : tuple of str
        Sentences on what was lost.
    """

    n_steps: np.ndarray
    readout: np.ndarray
    entry: dict[str, tuple[np.ndarray, bool]]
    steps: tuple[str, ...]
    notes: tuple[str, ...] = ()


def _trial_timing(trials, events, choice_event, dt, max_steps) -> Timing:
    """One step per trial; what is known after the choice enters the next trial."""
    zero = np.zeros(trials.sizes["trial"], dtype=int)
    entry = {name: (zero, is_after_choice(trials, name)) for name in events}
    return Timing(zero + 1, zero, entry, ("trial",))


def _event_timing(trials, events, choice_event, dt, max_steps) -> Timing:
    """One step per event; an input does not enter at an event that did not happen."""
    names = event_names(trials)
    zero = np.zeros(trials.sizes["trial"], dtype=int)
    at_choice = names.index(choice_event)
    missing = ~happened(trials)
    # whether the choice event happened would tell about the choice
    missing[:, at_choice] = False
    entry = {}
    for name, event in events.items():
        own = at = names.index(event) if event is not None else at_choice
        if is_after_choice(trials, name):
            at = max(own, at_choice + 1)
        if at == len(names):
            entry[name] = (zero, True)
        else:
            entry[name] = (np.where(missing[:, own], -1, at), False)
    return Timing(zero + len(names), zero + at_choice, entry, tuple(names))


def _time_timing(trials, events, choice_event, dt, max_steps) -> Timing:
    """Bins of `dt` seconds; what is known after the choice enters one bin after it or later."""
    bins, last, width = _bins(trials, dt)
    zero = np.zeros(trials.sizes["trial"], dtype=int)
    readout = bins[choice_event] if choice_event else last
    entry = {}
    for name, event in events.items():
        at = bins[event] if event is not None else zero - 1
        if not is_after_choice(trials, name):
            entry[name] = (at, False)
        elif choice_event is None:
            entry[name] = (zero, True)
        else:
            late = np.where(readout >= 0, np.maximum(at, readout + 1), np.where(at >= 0, last, -1))
            entry[name] = (late, False)
    n_steps = np.max([last, *(at for at, _ in entry.values())], axis=0) + 1
    notes = _unread_note(trials, readout, choice_event)
    if max_steps is not None and (n_steps > max_steps).any():
        cut, lost = int((n_steps > max_steps).sum()), int((readout >= max_steps).sum())
        note = (
            f"{cut} of {len(n_steps)} trials were cut to {max_steps} steps; {lost} choices lay "
            "beyond and are not scored"
        )
        notes, n_steps = (*notes, note), np.minimum(n_steps, max_steps)
        readout = np.where(readout < max_steps, readout, -1)
    _refuse_too_many(n_steps, width)
    steps = tuple(f"{index * width:.3f} s" for index in range(int(n_steps.max())))
    return Timing(n_steps, readout, entry, steps, notes)


def steps_to_choices(
    trials: xr.Dataset, timing: Timing, carry: str
) -> dict[str, tuple[int | None, int | None]]:
    """Count the steps from every input to the choice of its own trial, and to the next choice.

    Parameters
    ----------
    trials : xarray.Dataset
        Labelled trials.
    timing : Timing
        When things happen in each trial.
    carry : {"session", "block", "trial"}
        Where the latent state starts anew.

    Returns
    -------
    distance : dict of str to (int or None, int or None)
        Number of steps by name of the feature, as medians over trials. None stands for a choice
        that the input cannot reach, because the input is known only after it, or because the state
        starts anew before it.
    """
    distance: dict[str, tuple[int | None, int | None]] = {}
    for name, (at, next_trial) in timing.entry.items():
        enters = (at >= 0) & (timing.readout >= 0)
        gap = timing.readout - at
        own = None if is_after_choice(trials, name) else _median(gap[enters & (gap >= 0)])
        then = None
        if next_trial:
            then = _median(gap[enters])
        elif carry != "trial":
            then = _median((gap + timing.n_steps)[enters])
        if own is not None or then is not None:
            suffix = "[-1]" if next_trial else ""
            distance |= {f"{feature}{suffix}": (own, then) for feature, _ in coded(trials, name)}
    return distance


def _median(values) -> int | None:
    return int(np.median(values)) if len(values) else None


def _unread_note(trials, readout, choice_event) -> tuple[str, ...]:
    if "choice" not in trials:
        return ()
    lost = int((np.isfinite(trials["choice"].values) & (readout < 0)).sum())
    if not lost:
        return ()
    return (f"{lost} choices have no time of event {choice_event!r} and are not scored",)


def _refuse_too_many(n_steps, width) -> None:
    """Refuse what would fill the memory: mostly times that are not in seconds."""
    longest = int(n_steps.argmax())
    if n_steps[longest] > MOST_STEPS:
        text = (
            f"trial {longest} has {n_steps[longest]} steps of {width:g} s, expected at most "
            f"{MOST_STEPS}: give event times in seconds, raise dt, or cut trials with max_steps"
        )
        raise problems(DataError, "encode(step='time')", [text])


def _bins(trials, dt) -> tuple[dict[str, np.ndarray], np.ndarray, float]:
    """Bin of every event (-1 where it did not happen), last bin of every trial, bin width."""
    if "inputs" in trials:
        time = trials["time"].values
        dt = float(np.median(np.diff(time))) if len(time) > 1 else 1.0
    if "event_time" not in trials:
        return {}, trials["n_steps"].values.astype(int) - 1, dt
    # a rounding error must not push an event at 0.3 s into the bin before 0.3 s
    at = np.floor(trials["event_time"].values / dt + 1e-9)
    at = np.where(np.isnan(at), -1, np.maximum(at, 0)).astype(int)
    last = np.maximum(at.max(axis=1), 0)
    if "inputs" in trials:
        last = trials["n_steps"].values.astype(int) - 1
        at = np.minimum(at, last[:, None])
    return {name: at[:, k] for k, name in enumerate(event_names(trials))}, last, dt


TIMINGS = {"trial": _trial_timing, "event": _event_timing, "time": _time_timing}
