"""GRU and LSTM in numpy: the values of the scans that train them."""

import numpy as np
import pytest
import torch

from neuroalrnn.network import GRUNetwork, LSTMNetwork
from neuroalrnn.peers import GRUWeights, LSTMWeights, weight_shapes
from neuroalrnn.peers._torch_scan import scan

N_STEPS, N_FEATURES, N_OUTPUTS = 40, 3, 2


@pytest.mark.parametrize(
    ("kind", "network"),
    [(GRUWeights, GRUNetwork), (LSTMWeights, LSTMNetwork)],
    ids=["GRU", "LSTM"],
)
def test_steps_are_those_of_the_scan_that_trains(kind, network):
    rng = np.random.default_rng(0)
    shapes = weight_shapes(kind, 5, N_FEATURES, N_OUTPUTS)
    weights = kind(*(rng.normal(size=shape) for shape in shapes))
    inputs = rng.normal(size=(6, N_STEPS, N_FEATURES))
    with torch.no_grad():
        expected = scan(
            kind(*(torch.as_tensor(part)[None] for part in weights)),
            torch.as_tensor(inputs),
            torch.arange(6)[None],
            torch.full((6,), N_STEPS),
            torch.arange(N_STEPS),
        )[0].numpy()
    model = network(**weights._asdict())
    state, found = model.start(6), []
    for t in range(N_STEPS):
        state = model.step(state, model.drive(inputs[:, t]))
        found.append(model.read(state))
    np.testing.assert_allclose(found, expected, atol=1e-12)
    assert np.abs(expected[-1] - expected[0]).max() > 0.1
