"""Closed loop: a model makes the choices itself, and lives with what they lead to."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from neuroalrnn.arguments import checked, not_callable, not_mapping, not_whole, optional
from neuroalrnn.data import encode
from neuroalrnn.data.coding import code, coded
from neuroalrnn.data.encode import lay_out
from neuroalrnn.data.lags import reaches
from neuroalrnn.data.schema import is_after_choice, not_trials, session_number, trial_variables
from neuroalrnn.data.sequences import PRESENT
from neuroalrnn.exceptions import DataError, FitError, problems
from neuroalrnn.network.agent import NetworkAgent
from neuroalrnn.network.run import Network, check_features
from neuroalrnn.results import Fit
from neuroalrnn.results.checks import not_agent, not_environment, not_fit, not_generator

PROBABILITY = "choice_probability"


@checked(
    DataError,
    agent=not_agent,
    trials=not_trials,
    encoding=not_mapping,
    environment=optional(not_environment),
    rng=not_generator,
)
def simulate(
    agent: Any,
    trials: xr.Dataset,
    encoding: Mapping[str, Any],
    environment: Any = None,
    *,
    rng: np.random.Generator,
) -> xr.Dataset:
    """Let a model make the scored choices of a dataset.

    Every scored choice is drawn from the probabilities that the model gives at its read-out step.
    What depends on it is replaced by what the environment returns, and both enter the later steps
    as `encode` would enter them. Everything else stays as recorded: sessions, stimuli, hidden
    reward probabilities, times of events, and the choices and outcomes of trials that are not
    scored (forced, missed).

    Parameters
    ----------
    agent : Network, or an object like `NetworkAgent`
        With ``start``, ``advance(state, inputs)`` and ``probability(state)``. One that explains
        more than choices has ``variables``, ``options(state, trial)`` and ``draw(state, trial,
        rng)`` instead, see `neuroalrnn.recover.make_agent`.
    trials : xarray.Dataset
        Labelled trials, see `neuroalrnn.validate`.
    encoding : dict
        Arguments of `encode`.
    environment : Environment, optional
        See `neuroalrnn.tasks.environment_for`; without one, a choice leads to nothing.
    rng : numpy.random.Generator
        Draws the choices and outcomes.

    Returns
    -------
    xarray.Dataset
        The same trials with other choices and outcomes. ``choice_probability``: probability that
        the model gave to the choice, NaN where none is read out. Outcomes that the environment
        does not return, and response times, are NaN on scored trials.

    Raises
    ------
    DataError
        If an input depends on the choice, but the environment does not return it.
    FitError
        If the state becomes infinite: the network diverges in the closed loop.
    """
    sequences = encode(trials, **encoding)
    if isinstance(agent, Network):
        check_features(agent, sequences)
    agent = _as_agent(agent)
    names = _dependent(trials, environment, agent)
    design = _design(trials, sequences, encoding, environment, names)
    values = _empty(trials, design, names, 1)
    everywhere = np.arange(len(design.first))
    _run(agent, design, everywhere, values, environment, rng)
    return _assemble(trials, design, environment, values, 0)


def refuse_more_than_choices(fit):
    """Refuse a fit whose networks do not make choices alone, among all options.

    Others are simulated with an agent that knows their likelihood, see
    `neuroalrnn.recover.make_agent`.

    Raises
    ------
    DataError
    """
    if "observation" in fit.config:
        names, model = ", ".join(fit.explained), fit.config["observation"]["name"]
        raise DataError(
            f"the fit explains {names} by {model!r}: only fits of choices alone, with all options "
            "available, are simulated without agent=neuroalrnn.recover.make_agent(fit)"
        )


@checked(
    DataError,
    fit=not_fit,
    environment=optional(not_environment),
    n_repeats=partial(not_whole, least=1),
    n_pwl=optional(not_whole),
    agent=optional(not_callable),
    rng=not_generator,
)
def simulate_fit(
    fit: Fit,
    environment: Any = None,
    n_repeats: int = 100,
    *,
    n_pwl: int | None = None,
    agent: Callable | None = None,
    rng: np.random.Generator,
) -> list[xr.Dataset]:
    """Simulate every subject by the network that never saw its group.

    Parameters
    ----------
    fit : Fit
        A fit, see `neuroalrnn.Fit`.
    environment : Environment, optional
        What choices in ``fit.trials`` lead to, see `neuroalrnn.tasks.environment_for`.
    n_repeats : int
        Number of simulated experiments; 39 or more give a 95 % band.
    n_pwl : int, optional
        Another value of the grid than the one chosen inside each fold.
    agent : callable, optional
        ``agent(network)`` acts in place of the network, as in `simulate`; default `NetworkAgent`.
    rng : numpy.random.Generator
        Draws the choices and outcomes.

    Returns
    -------
    list of xarray.Dataset
        One simulated experiment each, see `simulate`.

    Raises
    ------
    DataError
        If the fit explains more than choices, and there is no `agent`.
    """
    if agent is None:
        refuse_more_than_choices(fit)
        agent = NetworkAgent
    trials = fit.trials
    agents = [agent(fold.network_of(n_pwl)) for fold in fit.folds]
    names = _dependent(trials, environment, agents[0])
    design = _design(trials, fit.sequences, fit.encoding, environment, names)
    values = _empty(trials, design, names, n_repeats)
    owner = fit.splits["fold"].values[design.first]
    for index in np.unique(owner):
        _run(agents[index], design, np.flatnonzero(owner == index), values, environment, rng)
    return [_assemble(trials, design, environment, values, each) for each in range(n_repeats)]


class _Feedback(NamedTuple):
    """How a variable that depends on the choice enters: columns, step per trial, one-back.

    ``presence`` are the columns that tell where the variable is present, if it has such.
    """

    attrs: dict
    columns: list
    presence: list
    at: np.ndarray
    one_back: bool


@dataclass(frozen=True)
class _Design:
    """What is given: per trial inputs, read-out, resets, lags; per session its trials."""

    inputs: np.ndarray
    n_steps: np.ndarray
    readout: np.ndarray
    free: np.ndarray
    fresh: np.ndarray
    lags: np.ndarray
    first: np.ndarray
    length: np.ndarray
    feedback: dict


def _design(trials, sequences, encoding, environment, names):
    _check_inputs(trials, encoding, environment, names)
    n_trials = trials.sizes["trial"]
    _, layout = lay_out(trials, **encoding)
    feedback = _feedback(trials, layout, sequences, names)
    inputs = np.nan_to_num(sequences.to_trials(sequences.inputs))
    for part in feedback.values():
        inputs[..., part.columns + part.presence] = 0.0
    fresh = np.zeros(n_trials, dtype=bool)
    fresh[sequences.trial[:, 0]] = True
    free = np.zeros(n_trials, dtype=bool)
    free[sequences.trial[sequences.scored]] = True
    first = np.flatnonzero(np.r_[True, np.diff(session_number(trials)) != 0])
    return _Design(
        inputs=inputs,
        n_steps=layout.n_steps,
        readout=layout.readout,
        free=free,
        fresh=fresh,
        lags=reaches(trials, 1, encoding.get("lag_over_gaps", False)),
        first=first,
        length=np.diff(np.r_[first, n_trials]),
        feedback=feedback,
    )


def _feedback(trials, layout, sequences, dependent):
    found, place = {}, sequences.place
    for name in dependent:
        if name in layout.entry:
            at, one_back = layout.entry[name]
            lag = "[-1]" if one_back else ""
            names = [label + lag for label, _ in coded(trials, name)]
            carriers = {sequences.present_at.get(each, "") for each in names}
            presence = [place[each] for each in carriers if each.startswith(PRESENT)]
            columns = [place[each] for each in names]
            found[name] = _Feedback(trials[name].attrs, columns, presence, at, one_back)
    return found


def _dependent(trials, environment, agent):
    """Variables of the dataset that the closed loop replaces."""
    names = ("choice", *(environment.names if environment else ()), *_further(agent))
    return [name for name in dict.fromkeys(names) if name in trials]


def _further(agent):
    """Variables that an agent makes up beside the choice."""
    return [name for name in getattr(agent, "variables", ()) if name != "choice"]


def _check_inputs(trials, encoding, environment, dependent):
    fixed = environment.fixed if environment else ()
    known = {*dependent, *fixed}
    found = [
        f"input {name!r} is known only after the choice, but the environment does not return it: "
        "leave it out of the inputs, or pass an environment with it among its names"
        for name in encoding["inputs"]
        if is_after_choice(trials, name) and name not in known
    ]
    found += [
        f"the environment returns {name!r}, which is not marked as known after the choice: set "
        f"trials[{name!r}].attrs['known'] = 'after_choice'"
        for name in dependent
        if name in encoding["inputs"] and not is_after_choice(trials, name)
    ]
    if found:
        raise problems(DataError, "simulate", found)


def _empty(trials, design, dependent, n_repeats):
    """Values (repeat, trial): recorded where the choice is not free, NaN where it is."""
    values = {}
    for name in dependent:
        kept = np.where(design.free, np.nan, trials[name].values.astype(float))
        values[name] = np.tile(kept, (n_repeats, 1))
    return values | {PROBABILITY: np.full_like(values["choice"], np.nan)}


def _as_agent(agent):
    return NetworkAgent(agent) if isinstance(agent, Network) else agent


def _run(agent, design, sessions, values, environment, rng):
    """Fill in the values of some sessions, side by side, trial after trial."""
    state = np.tile(agent.start, (len(values["choice"]), len(sessions), 1))
    for number in range(design.length[sessions].max(initial=0)):
        lane = np.flatnonzero(design.length[sessions] > number)
        trial = design.first[sessions[lane]] + number
        now = np.where(design.fresh[trial][:, None], agent.start, state[:, lane])
        for step in range(design.n_steps[trial].max()):
            inputs = _inputs(design, trial, step, values)
            present = step < design.n_steps[trial]
            with np.errstate(over="ignore", invalid="ignore"):
                moved = agent.advance(now, inputs)
            now = moved if present.all() else np.where(present[:, None], moved, now)
            read = design.readout[trial] == step
            if read.any():
                _choose(agent, now[:, read], design, trial[read], values, environment, rng)
        state[:, lane] = now


def _inputs(design, trial, step, values):
    """Inputs of one step (repeat, lane, feature), with what followed from the choices so far."""
    # beyond its own steps a trial has none; what stands there is not used
    row = design.inputs[trial, min(step, design.inputs.shape[1] - 1)]
    inputs = np.tile(row, (len(values["choice"]), 1, 1))
    for name, (attrs, columns, presence, at, one_back) in design.feedback.items():
        here = (at[trial] == step) & (design.lags[trial] | (not one_back))
        if here.any():
            value = values[name][:, trial[here] - one_back]
            for column, (_, coded_value) in zip(columns, code(name, value, attrs), strict=True):
                inputs[:, here, column] = coded_value
            for column in presence:
                inputs[:, here, column] = np.isfinite(value)
    return inputs


def _choose(agent, state, design, trial, values, environment, rng):
    """Draw the free choices at a read-out step, and let the environment respond."""
    with np.errstate(over="ignore", invalid="ignore"):
        explains_more = hasattr(agent, "draw")
        probability = agent.options(state, trial) if explains_more else agent.probability(state)
    if not (np.isfinite(state).all() and np.isfinite(probability).all()):
        raise FitError(
            f"the model diverges in the closed loop, at trial {trial[0]} or beside it: its state "
            "is infinite; simulate another restart or n_pwl"
        )
    free = design.free[trial]
    moved = trial[free]
    drawn = {} if explains_more else {"choice": _draw(probability[:, free], rng)}
    drawn |= agent.draw(state[:, free], moved, rng) if explains_more else {}
    for name, value in drawn.items():
        if name in values:
            values[name][:, moved] = value
    choice = drawn["choice"]
    if environment is not None and len(moved):
        for name, outcome in environment.respond(moved, choice, rng).items():
            if name in values:
                values[name][:, moved] = outcome
    made = values["choice"][:, trial]
    option = np.nan_to_num(made).astype(int)[..., None]
    given = np.take_along_axis(probability, option, axis=-1)[..., 0]
    values[PROBABILITY][:, trial] = np.where(np.isnan(made), np.nan, given)


def _draw(probability, rng):
    """Codes (repeat, lane) drawn from probabilities (repeat, lane, option)."""
    edges = probability.cumsum(axis=-1)[..., :-1]
    return (rng.random(probability.shape[:-1])[..., None] >= edges).sum(axis=-1) * 1.0


def _assemble(trials, design, environment, values, repeat):
    """The dataset of one repeat."""
    simulated, dependent = trials.copy(), [name for name in values if name != PROBABILITY]
    for name in dependent:
        simulated[name] = trials[name].copy(data=values[name][repeat])
    fixed = environment.fixed if environment else ()
    for name in trial_variables(trials):
        if is_after_choice(trials, name) and name not in {*values, *fixed}:
            known = np.where(design.free, np.nan, trials[name].values.astype(float))
            simulated[name] = trials[name].copy(data=known)
    attrs = {"known": "after_choice"}
    simulated[PROBABILITY] = ("trial", values[PROBABILITY][repeat], attrs)
    return simulated.assign_attrs(simulated=", ".join(dependent))
