"""Trials of known networks with one variable per input and step, and what each of these does."""

import json
from collections.abc import Callable
from functools import partial

import numpy as np
import xarray as xr

from neuroalrnn.data.schema import SCHEMA_VERSION
from neuroalrnn.tasks._known import Known
from neuroalrnn.tasks.computing import Computed
from neuroalrnn.tasks.known import integration, parity
from neuroalrnn.tasks.marked import addition
from neuroalrnn.tasks.simulate import compute_log_odds, simulate_known

LABELS = ("subject", "session", "trial_in_session")


def simulate_constructed(
    name: str, n_subjects: int, n_trials: int, *, rng: np.random.Generator
) -> Computed:
    """Simulate subjects who choose as a known network does, and tell what every input did.

    Every step of a trial is an event, and every input at every step is a variable of its own, such
    as ``x_2``. The last step, at which the choice is read out, has none.

    Parameters
    ----------
    name : str
        One of `CONSTRUCTED`.
    n_subjects, n_trials : int
        Number of subjects, and trials of each.
    rng : numpy.random.Generator
        Source of inputs and choices.

    Returns
    -------
    Computed
        With effects at lag 0: trials do not depend on each other.

    Examples
    --------
    >>> import numpy as np
    >>> from neuroalrnn.tasks import simulate_constructed
    >>> trials, truth, _ = simulate_constructed("parity", 2, 50, rng=np.random.default_rng(0))
    >>> sorted({float(each) for each in truth["effect"].values.ravel()})
    [-2.0, 2.0]
    """
    make, effects_of, decisive = CONSTRUCTED[name]
    known = make()
    simulated = simulate_known(known, n_subjects, n_trials, rng=rng)
    trials = _by_step(known, simulated)
    effects = effects_of(trials)
    inputs = [each for each in effects if each.startswith(decisive)]
    truth = _truth(trials, effects, inputs, compute_log_odds(known.network, simulated))
    return Computed(trials, truth, partial(_log_odds, simulated, known))


def _by_step(known, simulated):
    """Trials with a variable for every input of every step but the last."""
    values = simulated["inputs"].values
    variables = {
        f"{feature}_{step + 1}": ("trial", values[:, step, i])
        for step in range(known.n_steps - 1)
        for i, feature in enumerate(known.features)
        if np.ptp(values[:, step, i]) > 0
    }
    events = [f"step {step + 1}" for step in range(known.n_steps)]
    encoding = {
        "step": "event",
        "choice_event": events[-1],
        "carry": "trial",
        "inputs": {each: f"step {each.split('_')[1]}" for each in variables},
    }
    return xr.Dataset(
        {"choice": simulated["choice"]} | variables,
        coords={label: simulated[label] for label in LABELS} | {"event": events},
        attrs={
            "task": known.name,
            "schema_version": SCHEMA_VERSION,
            "exact_n_pwl": known.n_pwl,
            "encoding": json.dumps(encoding),
        },
    )


def _log_odds(simulated, known, trials):
    """What the network says of trials whose variables may have been changed."""
    inputs = simulated["inputs"].copy(deep=True)
    for name in trials.data_vars:
        if name != "choice":
            feature, step = name.split("_")
            place = int(step) - 1, known.features.index(feature)
            inputs.values[:, place[0], place[1]] = trials[name].values
    return compute_log_odds(known.network, simulated.assign(inputs=inputs))


def _truth(trials, effects, decisive, log_odds):
    vectors = np.round(np.stack([effects[name] for name in decisive], axis=1), 9)
    centres, regime = np.unique(vectors, axis=0, return_inverse=True)
    names = [
        " ".join(f"{name} {value:+.1f}" for name, value in zip(decisive, centre, strict=True))
        for centre in centres
    ]
    stacked = np.stack(list(effects.values()), axis=1)[..., None]
    return xr.Dataset(
        {
            "regime": ("trial", regime.ravel(), {"names": names}),
            "log_odds": ("trial", log_odds),
            "effect": (("trial", "input", "lag"), stacked),
        },
        coords={label: trials[label] for label in LABELS} | {"input": list(effects), "lag": [0]},
        attrs={"decisive": decisive},
    )


def _of_addition(trials, gain=8.0):
    """A value counts where it is marked, and a marker brings its value in."""
    effects = {}
    for i in (1, 2, 3):
        value, marked = trials[f"x_{i}"].values, trials[f"m_{i}"].values
        effects |= {f"x_{i}": gain * value.std() * marked, f"m_{i}": gain * value / 2}
    return effects


def _of_integration(trials, gain=3.0):
    """A stream counts at steps of its context, and the context exchanges the streams."""
    effects = {}
    for i in (1, 2, 3):
        one, other = trials[f"x1_{i}"].values, trials[f"x2_{i}"].values
        first = trials[f"context_{i}"].values > 0
        effects |= {f"x1_{i}": gain * one.std() * first, f"x2_{i}": gain * other.std() * ~first}
        effects[f"context_{i}"] = gain * (one - other) / 2
    return effects


def _of_parity(trials, gain=4.0):
    """A bit turns what the other bit says."""
    first, second = (1 - 2 * trials[f"u_{step}"].values for step in (1, 3))
    return {"u_1": gain * second / 2, "u_3": gain * first / 2}


CONSTRUCTED: dict[str, tuple[Callable[[], Known], Callable, tuple[str, ...]]] = {
    "addition": (partial(addition, 4), _of_addition, ("x",)),
    "integration": (partial(integration, 4, gain=3.0), _of_integration, ("x1", "x2")),
    "parity": (partial(parity, 2), _of_parity, ("u",)),
}
