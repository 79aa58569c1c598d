"""Trials on which known networks choose."""

import json

import numpy as np
import xarray as xr

from neuroalrnn.data import encode
from neuroalrnn.network.run import Network, compute_latents
from neuroalrnn.tasks._known import Known
from neuroalrnn.tasks._sessions import one_session_each

ENCODING = {"step": "time", "inputs": [], "carry": "trial"}


def simulate_known(
    known: Known, n_subjects: int, n_trials: int, *, rng: np.random.Generator
) -> xr.Dataset:
    """Simulate subjects who all choose as one known network does.

    Parameters
    ----------
    known : Known
        The network, and how its trials are drawn.
    n_subjects, n_trials : int
        Number of subjects, and trials of each.
    rng : numpy.random.Generator
        Source of inputs and choices. Every subject has a stream of its own, so that adding
        subjects or trials leaves the others as they are.

    Returns
    -------
    trials : xarray.Dataset
        With ``inputs(trial, time, feature)``. Each trial is one sequence, and its choice is read
        out at its last step. ``attrs["exact_n_pwl"]`` is the number of PWL units of the network.
    """
    streams = rng.spawn(n_subjects)
    uniform = np.concatenate([each.random((n_trials, known.n_draws + 1)) for each in streams])
    inputs, n_steps = known.design(uniform[:, :-1])
    trials = xr.Dataset(
        {
            "choice": ("trial", np.zeros(len(n_steps)), {"labels": ["0", "1"]}),
            "inputs": (("trial", "time", "feature"), inputs),
            "n_steps": ("trial", n_steps),
        },
        coords={
            **one_session_each(n_subjects, n_trials),
            "time": np.arange(known.n_steps, dtype=float),
            "feature": list(known.features),
        },
        attrs={
            "task": known.name,
            "exact_n_pwl": known.n_pwl,
            "encoding": json.dumps(ENCODING),
        },
    )
    p = 1 / (1 + np.exp(-compute_log_odds(known.network, trials)))
    choice = (uniform[:, -1] < p).astype(float)
    return trials.assign(choice=trials["choice"].copy(data=choice))


def compute_log_odds(network: Network, trials: xr.Dataset) -> np.ndarray:
    """Compute the log-odds that a network gives to the second option on every trial with a choice.

    Parameters
    ----------
    network : Network
        Network with one output.
    trials : xarray.Dataset
        Trials whose ``attrs["encoding"]`` says how the network gets them.

    Returns
    -------
    array, shape (trial,)
        Nats, read out at the step of the choice; NaN for trials without a choice.
    """
    sequences = encode(trials, **json.loads(trials.attrs["encoding"]))
    read = np.isfinite(sequences.target)
    latents = compute_latents(network, sequences)[read]
    log_odds = np.full(trials.sizes["trial"], np.nan)
    log_odds[sequences.trial[read]] = latents @ network.readout[0] + network.offset[0]
    return log_odds
