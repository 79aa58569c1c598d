"""Trials of known networks, as sequences with their cues."""

import json

import numpy as np
import pytest

from neuroalrnn.data import encode
from neuroalrnn.tasks import simulate_known


def _simulated(known, n_trials=40, n_subjects=4, seed=0):
    trials = simulate_known(known, n_subjects, n_trials, rng=np.random.default_rng(seed))
    return encode(trials, **json.loads(trials.attrs["encoding"]))


def _cue_of(sequences, feature):
    """An input as a cue, without the last step."""
    cue = sequences.inputs[..., feature].copy()
    cue[:, -1] = np.nan
    return cue


@pytest.fixture
def simulated():
    """Sequences of a known network, see `_simulated`."""
    return _simulated


@pytest.fixture
def cue_of():
    """Cue from an input, see `_cue_of`."""
    return _cue_of
