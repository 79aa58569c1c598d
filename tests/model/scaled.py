"""Inputs and their scaling, for architectures alike."""

import numpy as np
import torch

from neuroalrnn.model import Scaling

# own features: at every step, at an event, a marker, with gaps; then what tells the gaps
CARRIER = torch.tensor(
    [[0, 0, 0, 0, 0, 1], [0, 0, 1, 0, 0, 0], [0] * 6, [0, 0, 0, 0, 1, 0]], dtype=torch.float64
)


def make_scaling(n_models):
    """Different gains and centres for every model."""
    rng = np.random.default_rng(3)
    gain, centre = (torch.from_numpy(rng.normal(size=(n_models, 4))) for _ in range(2))
    # markers are used as they are
    gain[:, 2], centre[:, 2] = 1.0, 0.0
    return Scaling(gain, centre, CARRIER)


def make_inputs(shape):
    """Inputs as encoded, shape (sequence, step, 5)."""
    rng = np.random.default_rng(4)
    values = rng.normal(size=(*shape, 4))
    marker, there = rng.random((2, *shape)) < 0.5
    values[..., 1] *= marker
    values[..., 2] = marker
    values[..., 3] *= there
    return torch.from_numpy(np.concatenate([values, there[..., None]], axis=-1))


def standardised(inputs, scaling, model):
    """What a model gets, written out: shape (sequence, step, 4)."""
    ones = torch.ones_like(inputs[..., :1])
    present = torch.cat([inputs, ones], -1) @ scaling.carrier.T
    return scaling.gain[model] * (inputs[..., :4] - scaling.centre[model] * present)
