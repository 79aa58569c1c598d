"""Turn trials into sequences of steps: when each input enters, when the choice is read out."""

import logging
from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from neuroalrnn.arguments import checked, not_flag, not_inputs, not_names, not_text, optional
from neuroalrnn.data.coding import coded, is_centred
from neuroalrnn.data.events import event_names, happened, refuse_names, with_events
from neuroalrnn.data.features import Column, flat_inputs
from neuroalrnn.data.lags import lagged
from neuroalrnn.data.notes import absent_note, gaps_note, linear_note
from neuroalrnn.data.scaling import add_presence
from neuroalrnn.data.schema import (
    is_after_choice,
    no_number,
    scored_trials,
    session_number,
    texts,
    trial_variables,
    unknown,
    validate,
)
from neuroalrnn.data.sequences import Sequences
from neuroalrnn.data.timed import flat_targets
from neuroalrnn.data.timing import TIMINGS, steps_to_choices
from neuroalrnn.data.units import session_clock
from neuroalrnn.exceptions import DataError, problems

logger = logging.getLogger(__name__)
STEPS = ("trial", "event", "time")
CARRIES = ("session", "block", "trial")
# 4 GB in double precision
MOST_VALUES = 5e8


@checked(
    DataError,
    inputs=not_inputs,
    step=not_text,
    choice_event=optional(not_text),
    carry=not_text,
    lag_over_gaps=not_flag,
    mark_events=not_flag,
    presence=not_names,
)
def encode(
    trials: xr.Dataset,
    *,
    inputs: Mapping[str, str] | Sequence[str],
    step: str = "trial",
    events: Sequence[str] | None = None,
    choice_event: str | None = None,
    carry: str = "session",
    lag_over_gaps: bool = False,
    mark_events: bool = True,
    dt: float | None = None,
    max_steps: int | None = None,
    presence: Sequence[str] = (),
) -> Sequences:
    """Turn labelled trials into sequences of steps for a recurrent model.

    The choice of a trial is read out at one step. Nothing that depends on that choice enters at or
    before that step: ``choice``, ``reward``, ``correct``, ``rt`` and every variable with
    ``attrs["known"] == "after_choice"`` enter later, at their event, or else right after the choice
    event. Where that is the next trial the feature is named ``"choice[-1]"``; it is 0 on the first
    trial of a session, and where trials were removed in between.

    Parameters
    ----------
    trials : xarray.Dataset
        Labelled trials, see `validate`.
    inputs : dict of variable to event, or list of variables
        The event at which each input becomes known. A list is enough for ``step="trial"``, and for
        inputs known only after the choice.
    step : {"trial", "event", "time"}
        What a step is: a trial, an event of ``trials.event``, or a bin of `dt` seconds from trial
        start to the last event (with ``inputs(trial, time, feature)``: its own time steps).
    events : sequence of str, optional
        Names of the steps in their order, for event steps of a dataset that names no events. All
        of them count as having happened.
    choice_event : str, optional
        Event at which the choice is read out. It is needed for event steps; for time steps the
        default is the last step.
    carry : {"session", "block", "trial"}
        What one sequence is: the latent state starts anew with each. The state goes on over gaps in
        ``trial_in_session``. One-back inputs cross from trial to trial and from block to block,
        never from session to session.
    lag_over_gaps : bool
        Whether one-back inputs, and the lags of `design`, reach over trials that were removed. The
        notes count these places.
    mark_events : bool
        Whether event steps get a 0/1 feature per event. It is 0 where the event did not happen, but
        always 1 at the choice event, whose occurrence would give away the choice.
    dt : float, optional
        Bin width in seconds for ``step="time"``.
    max_steps : int, optional
        Number of time steps that trials are cut to. Choices and inputs after them are lost; the
        notes count them.
    presence : sequence of str
        Features that get a ``"present=..."`` feature even where these trials need none. A fit
        passes those of its trials, so that its networks get the same features in other trials.

    Returns
    -------
    sequences : Sequences
        Padded arrays for a recurrent model.

    Raises
    ------
    DataError
        A variable, event or option is unknown or impossible; the message names all of them.

    Notes
    -----
    Coding: a choice between 2 options is -1/+1, between more one column per option
    (``"choice=label"``); ``correct`` is -1/+1. Every other variable, ``reward`` too, is as stored,
    unless ``attrs["coding"]`` is "signed": then 0/1 becomes -1/+1 (`from_frame`, ``signed``). The
    values of the data never change the coding, so that one subject's data do not change another's.
    Missing values, and steps of events that did not happen, are 0.

    Models get the other variables centred and scaled by their training values. Thus neither origin
    nor unit matters, and a missing value counts as an average one. This needs to know where an
    input is present: ``present_at`` names the marker of an event, or a 0/1 feature that is added
    last, such as ``"present=cue"``. An input that is present at every step needs none.

    An input that enters at the read-out step reaches the choice only linearly, however many PWL
    units there are, because the rectification acts on the previous latent. ``steps_to_choice`` and
    a logged warning name these inputs.

    Examples
    --------
    >>> import data_loaders
    >>> from neuroalrnn import encode
    >>> trials = data_loaders.load("pratte2010").isel(trial=slice(0, 100))
    >>> sequences = encode(
    ...     trials,
    ...     step="event",
    ...     inputs={"word": "stimulus", "context": "stimulus"},
    ...     choice_event="response",
    ... )
    >>> sequences.inputs.shape, sequences.steps_to_choice["word"]
    ((1, 200, 4), 1)
    """
    trials, timing = lay_out(
        trials, inputs=inputs, step=step, events=events, choice_event=choice_event, carry=carry,
        mark_events=mark_events, dt=dt, max_steps=max_steps,
    )  # fmt: skip
    columns = _input_columns(trials, timing, lag_over_gaps)
    if step == "event" and mark_events:
        columns += _event_columns(trials, choice_event)
    distance = steps_to_choices(trials, timing, carry)
    notes = timing.notes + linear_note(distance) + absent_note(trials, timing)
    notes += gaps_note(trials) if lag_over_gaps else ()
    for note in notes:
        logger.warning(note)
    return _assemble(trials, timing, columns, carry, distance, notes, step, presence)


def lay_out(
    trials, *, inputs, step="trial", events=None, choice_event=None, carry="session",
    lag_over_gaps=False, mark_events=True, dt=None, max_steps=None, presence=(),
):  # fmt: skip
    """Check the arguments of `encode`, and find out when things happen in every trial.

    Parameters
    ----------
    trials : xarray.Dataset
        Labelled trials.
    inputs, step, events, choice_event, carry, lag_over_gaps, mark_events, dt, max_steps, presence
        Arguments of `encode`.

    Returns
    -------
    trials : xarray.Dataset
        The same trials with the names of their events.
    timing : Timing
        When things happen in every trial.

    Raises
    ------
    DataError
        As in `encode`.
    """
    validate(trials)
    found = _check_events(trials, step, events)
    trials = trials if found else with_events(trials, events)
    found = found or _check_request(
        trials, inputs, step, choice_event, carry, dt, max_steps, mark_events
    )
    if step in ("event", "time"):
        found = found or session_clock(trials)
    if found:
        raise problems(DataError, f"encode(step={step!r})", found)
    at = dict(inputs) if isinstance(inputs, Mapping) else dict.fromkeys(inputs)
    return trials, TIMINGS[step](trials, at, choice_event, dt, max_steps)


def _check_events(trials, step, events) -> list[str]:
    if events is None:
        return []
    if step != "event":
        return [f"events={events!r}: only event steps (step='event') have names of their own"]
    if own := event_names(trials):
        return [f"events={events!r}: leave it out, the data name their events ({', '.join(own)})"]
    return refuse_names(events)


def _check_request(trials, inputs, step, choice_event, carry, dt, max_steps, marks) -> list[str]:
    found = [
        f"{name}={value!r}: expected one of {', '.join(allowed)}"
        for name, value, allowed in (("step", step, STEPS), ("carry", carry, CARRIES))
        if value not in allowed
    ]
    if carry == "block" and "block" not in trials.coords:
        found.append("carry='block' but the dataset has no coordinate 'block'; use 'session'")
    if isinstance(inputs, str):
        return [*found, f"inputs={inputs!r}: expected a list of variables or {{variable: event}}"]
    has_other = (step == "event" and marks and "event_time" in trials) or "inputs" in trials
    if not len(inputs) and not has_other:
        found.append("inputs is empty: name one variable at least, as a model needs an input")
    known = trial_variables(trials)
    found += [f"input {no_number(trials, name, known)}" for name in inputs if name not in known]
    repeated = {name for name in inputs if list(inputs).count(name) > 1}
    found += [f"input {name!r} is named more than once" for name in sorted(repeated)]
    if step != "time" and "choice" not in trials:
        found.append(f"step={step!r} reads out a choice, of which there is none; use step='time'")
    if step in ("event", "time"):
        found += _check_event_request(trials, inputs, step, choice_event)
    if step == "time":
        found += _check_time_request(trials, dt, max_steps)
    return found


def _check_event_request(trials, inputs, step, choice_event) -> list[str]:
    events = inputs if isinstance(inputs, Mapping) else dict.fromkeys(inputs)
    found = [
        f"input {name!r} needs the event at which it is known: inputs={{{name!r}: event}}"
        for name, event in events.items()
        if event is None and name in trials and not is_after_choice(trials, name)
    ]
    named = {f"event of input {name!r}": event for name, event in events.items() if event}
    if choice_event is not None:
        named["choice_event"] = choice_event
    if "event_time" not in trials and step == "time":
        if named or "inputs" not in trials:
            found.append("step='time' needs 'event_time(trial, event)', which is missing")
        return found
    known = event_names(trials)
    if not known:
        found.append(
            "step='event' needs 'event_time(trial, event)', or the names of the steps in their "
            "order, such as events=['stimulus', 'response', 'outcome']"
        )
        return found
    if choice_event is None and step == "event":
        found.append(f"choice_event is missing: name the event of the choice ({', '.join(known)})")
    found += [
        f"{what}: {unknown(name, known)}" for what, name in named.items() if name not in known
    ]
    return found


def _check_time_request(trials, dt, max_steps) -> list[str]:
    found = []
    if "inputs" in trials:
        if dt is not None:
            found.append("dt is given, but 'inputs' brings its own time steps: leave dt out")
    elif dt is None or not np.isfinite(dt) or dt <= 0:
        found.append(f"dt={dt!r}: expected the bin width in seconds, above 0")
    if max_steps is not None and max_steps < 1:
        found.append(f"max_steps={max_steps!r}: expected at least 1")
    return found


def _input_columns(trials, timing, over_gaps) -> list[Column]:
    columns, session = [], session_number(trials)
    for name, (at, next_trial) in timing.entry.items():
        present, after = None, is_after_choice(trials, name)
        if is_centred(trials, name):
            present = np.isfinite(trials.variables[name].values)
            present = lagged(trials, present, 1, over_gaps, session) > 0 if next_trial else present
        for feature, value in coded(trials, name):
            if next_trial:
                value, feature = lagged(trials, value, 1, over_gaps, session), f"{feature}[-1]"
            columns.append(Column(feature, at, value, present, after))
    return columns


def _event_columns(trials, choice_event) -> list[Column]:
    took_place = happened(trials)
    columns = []
    for k, name in enumerate(event_names(trials)):
        value = np.ones(len(took_place)) if name == choice_event else took_place[:, k] * 1.0
        columns.append(Column(f"event={name}", np.full(len(took_place), k), value))
    return columns


def _assemble(trials, timing, columns, carry, distance, notes, step, presence) -> Sequences:
    n_trials = trials.sizes["trial"]
    start = np.r_[0, np.cumsum(timing.n_steps)]
    flat_trial = np.repeat(np.arange(n_trials), timing.n_steps)
    flat_step = np.arange(start[-1]) - start[flat_trial]
    sequence = _sequence_of_trial(trials, carry)
    first = np.flatnonzero(np.r_[True, np.diff(sequence) > 0])
    place = sequence[flat_trial], np.arange(start[-1]) - start[first][sequence[flat_trial]]
    n_steps = np.bincount(place[0])
    _refuse_too_large(n_steps, len(columns))

    def scatter(flat, empty):
        padded = np.full((len(n_steps), n_steps.max(), *flat.shape[1:]), empty, dtype=flat.dtype)
        padded[place] = flat
        return padded

    names, flat, present = flat_inputs(trials, timing, columns, start, flat_trial, flat_step, step)
    after = {column.name for column in columns if column.after}
    features, flat, present_at = add_presence(names, flat, present, after=after, own=presence)
    target, scored = _flat_choice(trials, timing, start)
    observed = {}
    if "choice" not in trials:
        observed = flat_targets(trials, flat_trial, flat_step)
        scored = np.isfinite(next(iter(observed.values())))
    return Sequences(
        inputs=scatter(flat, 0.0),
        target=scatter(target, np.nan),
        scored=scatter(scored, False),
        trial=scatter(flat_trial, -1),
        step_in_trial=scatter(flat_step, -1),
        n_steps=n_steps,
        subject=texts(trials["subject"].values)[first].astype(str),
        session=texts(trials["session"].values)[first].astype(str),
        features=tuple(features),
        steps=timing.steps,
        labels=_labels(trials),
        steps_to_choice={
            name: own if own is not None else then for name, (own, then) in distance.items()
        },
        steps_to_next_choice={
            name: then for name, (_, then) in distance.items() if then is not None
        },
        notes=notes,
        n_trials=n_trials,
        observed={name: scatter(values, np.nan) for name, values in observed.items()},
        present_at=present_at,
    )


def _labels(trials) -> tuple[str, ...]:
    return tuple(map(str, trials["choice"].attrs["labels"])) if "choice" in trials else ()


def _refuse_too_large(n_steps, n_columns) -> None:
    size = len(n_steps) * int(n_steps.max()) * max(n_columns, 1)
    if size > MOST_VALUES:
        text = (
            f"{len(n_steps)} sequences of up to {n_steps.max()} steps with {n_columns} inputs hold "
            f"{size:.1e} values, expected at most {MOST_VALUES:.0e}: raise dt, cut trials with "
            "max_steps, or start anew in every trial with carry='trial'"
        )
        raise problems(DataError, "encode", [text])


def _sequence_of_trial(trials, carry) -> np.ndarray:
    if carry == "trial":
        return np.arange(trials.sizes["trial"])
    new = np.r_[False, np.diff(session_number(trials)) != 0]
    if carry == "block":
        block = trials["block"].values
        new |= np.r_[False, block[1:] != block[:-1]]
    return np.cumsum(new)


def _flat_choice(trials, timing, start) -> tuple[np.ndarray, np.ndarray]:
    if "choice" not in trials:
        return np.full(start[-1], np.nan), np.zeros(start[-1], dtype=bool)
    choice, scored = trials["choice"].values, scored_trials(trials)
    read = timing.readout >= 0
    at = (start[:-1] + timing.readout)[read]
    target, mask = np.full(start[-1], np.nan), np.zeros(start[-1], dtype=bool)
    target[at], mask[at] = choice[read], scored[read]
    return target, mask
