"""Notes on an encoding: inputs that act only linearly or not at all, lags that cross gaps."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from neuroalrnn.data.lags import count_gaps
from neuroalrnn.data.schema import is_after_choice, scored_trials

# of a thread: the level of the logger is that of all of them
_UNLOGGED = ContextVar("unlogged", default=False)


@contextmanager
def unlogged_notes() -> Iterator[None]:
    """Encode without logging notes, as where trials are encoded again that were encoded before."""
    before = _UNLOGGED.set(True)
    try:
        yield
    finally:
        _UNLOGGED.reset(before)


logging.getLogger("neuroalrnn.data.encode").addFilter(lambda record: not _UNLOGGED.get())


def linear_note(distance) -> tuple[str, ...]:
    """Name the inputs that reach a choice only linearly, from the steps to the choices."""
    linear = [name for name, steps in distance.items() if 0 in steps]
    if not linear:
        return ()
    text = (
        f"{', '.join(linear)}: no step between this input and the choice, so these reach the "
        "choice only linearly, whatever n_pwl (let it enter at an earlier step; event steps have "
        "several)"
    )
    return (text,)


def absent_note(trials, timing) -> tuple[str, ...]:
    """Name the inputs whose event has no time on scored trials, so that they do not enter."""
    scored = scored_trials(trials) & (timing.readout >= 0)
    counts = {
        name: int((scored & (at < 0)).sum())
        for name, (at, _) in timing.entry.items()
        if not is_after_choice(trials, name)
    }
    absent = [f"{name} on {count}" for name, count in counts.items() if count]
    if not absent:
        return ()
    text = (
        f"inputs whose event has no time are 0 on scored trials: {', '.join(absent)} of "
        f"{scored.sum()}"
    )
    return (text,)


def gaps_note(trials) -> tuple[str, ...]:
    """Count the gaps in trial numbers that lags reach over."""
    count = count_gaps(trials)
    if not count:
        return ()
    text = (
        f"lags reach over {count} gaps in trial_in_session, as lag_over_gaps asks: there the trial "
        "before is not the one that came before"
    )
    return (text,)
