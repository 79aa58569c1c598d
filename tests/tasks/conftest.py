"""Running networks in closed form on the tasks of the suite."""

import json

import numpy as np
import pytest

from neuroalrnn.data import encode
from neuroalrnn.network.run import compute_latents


@pytest.fixture(scope="session")
def outputs_of():
    """What a network gives out on trials, shape (trial, time, output), NaN in padding."""

    def run(network, trials):
        sequences = encode(trials, **json.loads(trials.attrs["encoding"]))
        given = compute_latents(network, sequences) @ network.readout.T + network.offset
        real = sequences.trial >= 0
        back = np.full((*trials["epoch"].shape, given.shape[-1]), np.nan)
        back[sequences.trial[real], sequences.step_in_trial[real]] = given[real]
        return back

    return run


@pytest.fixture(scope="session")
def affine_error():
    """Mean squared error of the best affine function of all inputs so far, at one step."""

    def fit(trials, step):
        inputs = trials["inputs"].values[:, : step + 1].reshape(trials.sizes["trial"], -1)
        design = np.c_[np.ones(len(inputs)), inputs]
        target = trials["target"].values[:, step]
        half = len(design) // 2
        weights = np.linalg.lstsq(design[:half], target[:half], rcond=None)[0]
        return ((design[half:] @ weights - target[half:]) ** 2).mean()

    return fit
