"""Trials of agents whose computation is known, together with the truth on every trial."""

import json
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import xarray as xr

from neuroalrnn.data.schema import SCHEMA_VERSION
from neuroalrnn.tasks._computing import EVENTS, RESPONSE, Computing

AFTER = {"known": "after_choice"}
ATTRS = {
    "choice": {"labels": ["0", "1"]},
    "reward": AFTER | {"coding": "signed"},
    "correct": AFTER,
    "a_right": AFTER,
    "b_right": AFTER,
}


class Computed(NamedTuple):
    """Trials of an agent, and what it computed.

    Parameters
    ----------
    trials : xarray.Dataset
        As `neuroalrnn.validate` wants them.
    truth : xarray.Dataset
        On the same trials ``regime``, the number of the computation in use, -1 where there is none,
        with its ``names``; ``log_odds`` of option 1 (nats); and ``effect(trial, input, lag)``: half
        the difference in log-odds between the high and the low value of the input `lag` trials
        before, all else as it happened. It is NaN where no such trial is in the session, and at
        lag 0 of what is known only after the choice. ``attrs["decisive"]`` names the inputs whose
        effects define the regime.
    log_odds : callable
        ``log_odds(trials)``: what the agent computes on any trials with these variables, shape
        (trial,).
    """

    trials: xr.Dataset
    truth: xr.Dataset
    log_odds: Callable[[xr.Dataset], np.ndarray]


def simulate_computing(
    agent: Computing,
    n_subjects: int,
    n_trials: int,
    *,
    rng: np.random.Generator,
    n_sessions: int = 1,
    n_lags: int = 6,
) -> Computed:
    """Simulate subjects who all compute what one agent does.

    Parameters
    ----------
    agent : agent
        A value of `COMPUTING`, called: with parameters of its own, or with its defaults.
    n_subjects, n_trials : int
        Number of subjects, and trials of each of their sessions.
    rng : numpy.random.Generator
        Source of everything random.
    n_sessions : int
        Sessions of each subject. Memory begins anew with each.
    n_lags : int
        Lags of the effects that are told, from 0 on.

    Returns
    -------
    Computed
        Trials, truth, and the agent's own log-odds on any trials.

    Examples
    --------
    >>> import numpy as np
    >>> from neuroalrnn.tasks import COMPUTING, simulate_computing
    >>> agent = COMPUTING["cued rule"](weight=4.0)
    >>> trials, truth, _ = simulate_computing(agent, 2, 50, rng=np.random.default_rng(0))
    >>> truth["effect"].sel(input="cue_a", lag=0).max().item()
    4.0
    """
    shape = (n_subjects * n_sessions, n_trials)
    values = agent.show(shape, rng)
    memory = agent.start(shape[0])
    for t in range(n_trials):
        now = {name: each[:, t] for name, each in values.items()}
        p = 1 / (1 + np.exp(-agent.log_odds(memory, now)))
        now["choice"] = 1.0 * (rng.random(shape[0]) < p)
        now |= agent.respond(now, now["choice"], rng)
        memory = agent.update(memory, now)
        for name in now.keys() - values.keys():
            values[name] = np.zeros(shape)
        for name, each in now.items():
            values[name][:, t] = each

    def log_odds(trials):
        return _run(agent, {name: trials[name].values.reshape(shape) for name in values}).ravel()

    trials = _trials(agent, values, n_subjects, n_sessions)
    return Computed(trials, _truth(agent, values, trials, n_lags), log_odds)


def _run(agent, values):
    """Log-odds of the agent on trials as they happened, shape (session, trial)."""
    eta = np.zeros(values["choice"].shape)
    memory = agent.start(len(eta))
    for t in range(eta.shape[1]):
        now = {name: each[:, t] for name, each in values.items()}
        eta[:, t] = agent.log_odds(memory, now)
        memory = agent.update(memory, now)
    return eta


def _trials(agent, values, n_subjects, n_sessions):
    n_trials = values["choice"].shape[1]
    names = ["choice", *sorted(values.keys() - {"choice"})]
    encoding = {"step": "event", "choice_event": RESPONSE, "carry": "session"}
    encoding["inputs"] = dict(agent.inputs)
    attrs = {
        "task": agent.task,
        "schema_version": SCHEMA_VERSION,
        "encoding": json.dumps(encoding),
        "analysis": json.dumps({"rule": agent.rule} if agent.rule else {}),
    }
    session = np.repeat(np.arange(n_subjects * n_sessions), n_trials)
    return xr.Dataset(
        {name: ("trial", values[name].ravel(), ATTRS.get(name, {})) for name in names},
        coords={
            "subject": ("trial", [f"{each // n_sessions:03d}" for each in session]),
            "session": ("trial", [f"{each % n_sessions + 1}" for each in session]),
            "trial_in_session": ("trial", np.tile(np.arange(n_trials), n_subjects * n_sessions)),
            "event": list(EVENTS),
        },
        attrs=attrs,
    )


def _truth(agent, values, trials, n_lags):
    effects = agent.effects(values, n_lags)
    for name, event in agent.inputs.items():
        for lag in range(n_lags):
            effects[name][:, :lag, lag] = np.nan
        if EVENTS.index(event) > EVENTS.index(RESPONSE):
            effects[name][..., 0] = np.nan
    regime = np.nan_to_num(agent.regime(values), nan=-1).astype(int).ravel()
    stacked = np.stack([effects[name].reshape(len(regime), n_lags) for name in effects], axis=1)
    return xr.Dataset(
        {
            "regime": ("trial", regime, {"names": list(agent.regimes)}),
            "log_odds": ("trial", _run(agent, values).ravel()),
            "effect": (("trial", "input", "lag"), stacked),
        },
        coords={**trials.drop_dims("event").coords, "input": list(effects), "lag": range(n_lags)},
        attrs={"decisive": list(agent.decisive)},
    )
