"""Rule-based integration against closed forms, and where nothing is selected."""

import numpy as np
import pytest

from neuroalrnn.exceptions import DataError, NotTestableError
from neuroalrnn.mechanism.primitives import detect_integration
from neuroalrnn.network.run import Network, compute_latents
from neuroalrnn.tasks import KNOWN, gated_paths, integration


@pytest.fixture
def trials(simulated, cue_of):
    sequences = simulated(integration())
    return sequences, cue_of(sequences, 2)


def rules(sequences):
    return {1.0: sequences.features[0], -1.0: sequences.features[1]}


def detect(network, trials, **options):
    sequences, cue = trials
    return detect_integration(network, sequences, cue, relevant=rules(sequences), **options)


@pytest.mark.parametrize("name", ["integration", "switching integration"])
def test_integration_follows_the_rule(name, simulated, cue_of):
    known = KNOWN[name]()
    sequences = simulated(known)
    found = detect(known.network, (sequences, cue_of(sequences, 2)))
    assert found.present
    np.testing.assert_allclose(found.effect, 1)
    assert found.units == (0,)
    assert found.regimes == (0, 1)
    assert found.causal > 0.9
    np.testing.assert_allclose(found.by_subject, 1)
    gain = known.network.readout[0, 0]
    np.testing.assert_allclose(found.details[["first", "second"]], [[gain, 0], [0, gain]])


def test_effect_of_selection_that_is_not_perfect(trials):
    weights = integration().network.input_weight.copy()
    weights[0, 0] = 0.5
    found = detect(integration().network._replace(input_weight=weights), trials, n_nulls=19)
    # x1 counts 1.5 against 0 under its rule, and 0.5 against 1 under the other
    np.testing.assert_allclose(found.effect, (1 + 1 / 3) / 2)


def test_one_rule_for_all_is_no_rule(trials):
    weight = integration().network.weight.copy()
    weight[0] = [1, 0, 1, 0]
    found = detect(integration().network._replace(weight=weight), trials, n_nulls=19)
    assert found.effect == 0
    assert not found.present


def test_a_linear_network_selects_nothing(trials):
    rng = np.random.default_rng(0)
    network = integration().network._replace(n_pwl=0)
    network = network._replace(input_weight=rng.standard_normal(network.input_weight.shape))
    found = detect(network, trials, n_nulls=19)
    np.testing.assert_allclose(found.effect, 0, atol=1e-12)
    assert not found.present


def test_activity_that_decays_within_the_epoch_integrates_nothing(trials):
    weight = integration().network.weight.copy()
    weight[0, 0] = 0.5
    found = detect(integration().network._replace(weight=weight), trials, n_nulls=19)
    assert found.effect == 0
    assert not found.details["slow"].any()


def test_an_integrator_for_each_rule_is_not_one_mode_for_both(trials):
    # y1' = y1 + r(q1) - u1, q1' = x1 + 5 c, u1' = 5/2 (c + 1), and the same for x2 with -c
    weight = np.zeros((6, 6))
    weight[[0, 0, 0], [0, 2, 4]] = weight[[1, 1, 1], [1, 3, 5]] = 1, -1, 1
    inputs = np.zeros((6, 3))
    inputs[2:, 2] = 2.5, -2.5, 5, -5
    inputs[4, 0] = inputs[5, 1] = 1
    bias, zero = np.array([0, 0, 2.5, 2.5, 0, 0]), np.zeros(6)
    readout = np.array([[2.0, 2.0, 0, 0, 0, 0]])
    two = Network(2, zero, weight, inputs, bias, zero, readout, np.zeros(1))
    sequences, _ = trials
    one = compute_latents(integration().network, sequences)[..., 0]
    np.testing.assert_allclose(compute_latents(two, sequences)[..., :2].sum(axis=-1), one)
    found = detect(two, trials, n_nulls=19)
    gain = np.diag(found.details.set_index("code").loc[[2, 1], ["first", "second"]])
    np.testing.assert_allclose(gain, 2)
    np.testing.assert_allclose(found.effect, 0, atol=1e-9)


def test_one_input_step_per_read_out_is_nothing_to_integrate(simulated):
    known = gated_paths(2)
    sequences = simulated(known)
    cue = np.full(sequences.trial.shape, np.nan)
    cue[:, 0] = sequences.inputs[:, 0, 2]
    relevant = {0.0: sequences.features[0], 1.0: sequences.features[1]}
    with pytest.raises(NotTestableError, match="nothing to be integrated"):
        detect_integration(known.network, sequences, cue, relevant=relevant)


def test_each_rule_needs_a_feature_of_its_own(trials):
    sequences, cue = trials
    same = dict.fromkeys((1.0, -1.0), sequences.features[0])
    for relevant in (same, {1.0: sequences.features[0]}, {1.0: "?", -1.0: sequences.features[0]}):
        with pytest.raises(DataError, match="feature of its own"):
            detect_integration(integration().network, sequences, cue, relevant=relevant)
