"""Choices of known networks on the trials that they are made for."""

import json

import numpy as np
import xarray as xr

from neuroalrnn.data import encode
from neuroalrnn.network.run import compute_latents
from neuroalrnn.tasks.known import Known

ENCODING = {"step": "time", "inputs": [], "carry": "trial"}


def simulate_known(known: Known, n_subjects: int, n_trials: int, *, rng) -> xr.Dataset:
    """Simulate subjects that all are one known network.

    Parameters
    ----------
    known : Known
    n_subjects, n_trials : int
        Trials are per subject.
    rng : numpy.random.Generator
        Every subject has a stream of its own: neither further subjects nor further trials change
        the trials that there are.

    Returns
    -------
    trials : xarray.Dataset
        With ``inputs(trial, time, feature)``; each trial is one sequence, its choice is read at its
        last step. ``attrs["exact_n_pwl"]`` is the P of the network.
    """
    streams = rng.spawn(n_subjects)
    uniform = np.concatenate([each.random((n_trials, known.n_draws + 1)) for each in streams])
    inputs, n_steps = known.design(uniform[:, :-1])
    subject = np.repeat([f"{i:03d}" for i in range(n_subjects)], n_trials)
    trials = xr.Dataset(
        {
            "choice": ("trial", np.zeros(len(subject)), {"labels": ["0", "1"]}),
            "inputs": (("trial", "time", "feature"), inputs),
            "n_steps": ("trial", n_steps),
        },
        coords={
            "subject": ("trial", subject),
            "session": ("trial", np.full(len(subject), "1")),
            "trial_in_session": ("trial", np.tile(np.arange(n_trials), n_subjects)),
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


def compute_log_odds(network, trials: xr.Dataset) -> np.ndarray:
    """Log-odds of the second option at the read-out step of every trial with a choice.

    Parameters
    ----------
    network : Network
        With one output.
    trials : xarray.Dataset
        With ``attrs["encoding"]``.

    Returns
    -------
    array, shape (trial,)
        NaN for trials without a choice.
    """
    sequences = encode(trials, **json.loads(trials.attrs["encoding"]))
    read = np.isfinite(sequences.target)
    latents = compute_latents(network, sequences)[read]
    log_odds = np.full(trials.sizes["trial"], np.nan)
    log_odds[sequences.trial[read]] = latents @ network.readout[0] + network.offset[0]
    return log_odds
