"""Default encoding: how trials become steps where neither the data nor the caller say so."""

import json
from collections.abc import Mapping
from inspect import signature

import xarray as xr

from neuroalrnn.arguments import checked, not_mapping, optional
from neuroalrnn.data.encode import encode
from neuroalrnn.data.events import event_names
from neuroalrnn.data.schema import is_after_choice, not_trials, trial_variables, unknown
from neuroalrnn.exceptions import DataError, problems

# steps of a trial whose events are not known
STEPS = ("stimulus", "response", "outcome")
CHOICE_EVENTS = ("response", "choice", "decision", "answer")
OUTCOME_EVENTS = ("outcome", "feedback", "reward")
# consequences of the choice that are no inputs unless somebody asks for them
NO_INPUTS = ("rt", "correct")


@checked(DataError, trials=not_trials, given=optional(not_mapping))
def default_encoding(trials: xr.Dataset, given: Mapping | None = None) -> dict:
    """Choose the keyword arguments of `encode` for a dataset: its own, or else event steps.

    Without ``attrs["encoding"]`` all numeric variables but ``rt`` and ``correct`` are inputs, and
    at least one step lies between each of them and the choice where the data allow it. A dataset
    without events gets the steps "stimulus" (where something is known before the choice),
    "response" (the choice is read out) and "outcome" (choice, reward and all else that is known
    only after the choice). In one with events the choice is read out at the event named response,
    choice, decision or answer, else at the last one; what is known before it enters at the first.

    Parameters
    ----------
    trials : xarray.Dataset
        Labelled trials, see `validate`.
    given : mapping, optional
        Arguments that replace those of the dataset, or that the default is completed around.

    Returns
    -------
    encoding : dict
        Keyword arguments of `encode`.

    Raises
    ------
    DataError
        A name is no argument of `encode`, or there is no default, as with inputs that have a value
        per time step.
    """
    given = dict(given or {})
    if "encoding" in trials.attrs:
        return _checked({**_checked(json.loads(trials.attrs["encoding"])), **given})
    return _checked(_complete(trials, given))


def with_encoding(trials: xr.Dataset, encoding: Mapping | None = None) -> xr.Dataset:
    """Keep with the trials how they are encoded.

    Parameters
    ----------
    trials : xarray.Dataset
        Labelled trials.
    encoding : mapping, optional
        All arguments of `encode`; by default those of `default_encoding`.

    Returns
    -------
    trials : xarray.Dataset
        The same trials with ``attrs["encoding"]`` and, where a default decided,
        ``attrs["default_encoding"]``, which says what it chose and why.

    Raises
    ------
    DataError
        See `default_encoding`.
    """
    if encoding is None:
        return complete_encoding(trials, {})
    kept = {name: value for name, value in trials.attrs.items() if name != "default_encoding"}
    kept["encoding"] = json.dumps(_checked(encoding))
    return trials.drop_attrs(deep=False).assign_attrs(kept)


def complete_encoding(trials: xr.Dataset, given: Mapping) -> xr.Dataset:
    """Complete an encoding by the default, and keep it with the trials.

    Parameters
    ----------
    trials : xarray.Dataset
        Labelled trials.
    given : mapping
        Some arguments of `encode`, see `default_encoding`.

    Returns
    -------
    trials : xarray.Dataset
        The same trials, as from `with_encoding`.

    Raises
    ------
    DataError
        See `default_encoding`.
    """
    encoding = default_encoding(trials, given)
    attrs = {"encoding": json.dumps(encoding)}
    placed = isinstance(given.get("inputs"), Mapping) and "choice_event" in given
    if "encoding" not in trials.attrs and "choice_event" in encoding and not placed:
        attrs["default_encoding"] = _reasons(trials, encoding, given)
    return trials.assign_attrs(attrs)


def _default_inputs(trials: xr.Dataset) -> list[str]:
    """Names of what a subject knows: covariates, and choice and reward of the trial before."""
    return [name for name in trial_variables(trials) if name not in NO_INPUTS]


def _checked(encoding) -> dict:
    known = [name for name in signature(encode).parameters if name != "trials"]
    if not isinstance(encoding, Mapping) or "inputs" not in encoding:
        found = [f"{encoding!r}: expected a table with at least inputs"]
    else:
        found = [unknown(name, known) for name in encoding if name not in known]
    if found:
        raise problems(DataError, "encoding", found)
    return dict(encoding)


def _complete(trials, given) -> dict:
    inputs, step = given.get("inputs", _default_inputs(trials)), given.get("step", "event")
    if "inputs" in trials and "step" not in given:
        text = (
            "inputs with a value per time step have no default: pass the arguments of encode, such "
            "as {'step': 'time', 'inputs': {'reward': 'outcome'}, 'choice_event': 'response'}"
        )
        raise problems(DataError, "encoding", [text])
    own = event_names(trials) or given.get("events")
    # what is wrong with any of these is named by `encode`
    if step == "trial" or (step == "time" and not own) or not isinstance(inputs, list | dict):
        return {"step": step, "inputs": inputs} | given
    names = list(own or STEPS)
    choice = given.get("choice_event", _choice_event(names))
    inputs = _placed(trials, inputs, names, choice)
    if not own:
        used = {choice, *inputs.values()}
        # an unknown name is answered with all that there are
        known = used if used <= set(STEPS) else set(STEPS)
        given = {"events": [name for name in STEPS if name in known]} | given
    return {"step": step, "choice_event": choice} | given | {"inputs": inputs}


def _choice_event(names) -> str:
    return _named(names, CHOICE_EVENTS) or names[-1]


def _named(names, wanted) -> str | None:
    return next((name for name in names if name.strip().lower() in wanted), None)


def _placed(trials, inputs, names, choice) -> dict:
    """Event of every input: the first one, or after the choice where it is known only then."""
    if isinstance(inputs, dict):
        return inputs
    later = names[names.index(choice) + 1 :] if choice in names else []
    # without a later event it enters the next trial
    right_after = later[0] if later else choice
    outcome = _named(later, OUTCOME_EVENTS) or right_after

    def event_of(name):
        if name not in trials or not is_after_choice(trials, name):
            return names[0]
        return right_after if name == "choice" else outcome

    return {name: event_of(name) for name in inputs}


def _reasons(trials, encoding, given) -> str:
    """What the default chose and why, for the console and the report."""
    choice = encoding["choice_event"]
    if not event_names(trials):
        why = "The data name no events, so every trial was given steps in the usual order"
    elif "choice_event" in given:
        why = "The steps of a trial are the events of the data"
    elif choice.strip().lower() in CHOICE_EVENTS:
        why = f"The steps of a trial are the events of the data; {choice!r} was taken as the choice"
    else:
        why = (
            f"The steps of a trial are the events of the data; the last one, {choice!r}, was taken "
            f"as the choice, as none is named {', '.join(CHOICE_EVENTS)}"
        )
    return (
        f"{why}. What is known only after the choice comes after it, all other inputs at the first "
        "step: an input is combined with others (gated, multiplied) only by steps that lie between "
        "it and the choice. The table [encoding] of a run file changes this."
    )
