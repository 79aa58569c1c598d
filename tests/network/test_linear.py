"""A network with a unit made linear predicts what the intervention predicts."""

import numpy as np
import pytest

from neuroalrnn.exceptions import DataError
from neuroalrnn.mechanism.ablation.activations import affine
from neuroalrnn.network.linear import linearise
from neuroalrnn.network.run import Network, compute_latents


def drawn(n_features, n_pwl, seed, convention):
    rng = np.random.default_rng(seed)
    shapes = [(5,), (5, 5), (5, n_features), (5,), (5,)]
    values = [0.4 * rng.standard_normal(shape) for shape in shapes]
    if convention == "reduced":
        values[0][: 5 - n_pwl] = 0
    return Network(n_pwl, *values, rng.standard_normal((1, 5)), np.zeros(1))


@pytest.mark.parametrize("convention", ["free", "reduced"])
@pytest.mark.parametrize("n_pwl", [1, 3, 5])
def test_it_predicts_what_the_intervention_predicts(fit, n_pwl, convention):
    sequences = fit.sequences
    network = drawn(len(sequences.features), n_pwl, n_pwl, convention)
    slope, intercept = np.linspace(-0.5, 1, n_pwl), np.linspace(1, 2, n_pwl)
    before = compute_latents(network, sequences) @ network.readout.T
    for unit in range(n_pwl):
        one = linearise(network, unit, slope[unit], intercept[unit], convention=convention)
        made = affine(network, slope, intercept, unit)
        expected = compute_latents(network, sequences, made) @ network.readout.T
        found = compute_latents(one, sequences) @ one.readout.T
        np.testing.assert_allclose(found, expected, atol=1e-12)
        assert one.n_pwl == n_pwl - 1
        assert np.abs(found - before)[sequences.trial >= 0].max() > 1e-3
        if convention == "reduced":
            assert not one.self_slope[: 5 - one.n_pwl].any()


def test_the_network_itself_stays_as_it_is(fit):
    network = drawn(3, 2, 0, "reduced")
    copies = [part.copy() for part in network[1:]]
    linearise(network, 1, 0.5, 1.0, convention="reduced")
    for part, copy in zip(network[1:], copies, strict=True):
        np.testing.assert_array_equal(part, copy)
    with pytest.raises(DataError, match="found 2, expected PWL units 0 to 1"):
        linearise(network, 2, 0.5, 1.0)
