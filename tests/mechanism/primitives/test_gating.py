"""Gating against closed forms, and where nothing is gated."""

import numpy as np
import pytest

from neuroalrnn.mechanism.primitives import detect_gating
from neuroalrnn.mechanism.primitives._cues import read_cue
from neuroalrnn.mechanism.primitives._segments import next_read
from neuroalrnn.mechanism.primitives.gating import _effects, _gain_sizes
from neuroalrnn.network.run import compute_latents
from neuroalrnn.regimes import compute_regimes
from neuroalrnn.tasks import addition, gated_paths, integration, scalar_memory


@pytest.fixture
def trials(simulated, cue_of):
    sequences = simulated(addition())
    return sequences, cue_of(sequences, 1)


def test_the_marker_gates_the_value(trials):
    sequences, cue = trials
    found = detect_gating(addition().network, sequences, cue, feature=sequences.features[0])
    assert found.present
    np.testing.assert_allclose(found.effect, 1)
    assert (found.units, found.regimes, found.steps) == ((0,), (0, 1), (0, 8))
    np.testing.assert_allclose(found.by_subject, 1)
    assert len(found.by_subject) == 4
    np.testing.assert_allclose(
        found.details.loc[0, ["on_first", "on_second"]].astype(float), [0, 1]
    )
    assert found.causal > 0.8
    assert found.p == {"labels permuted": 0.01, "random AL-RNN": 0.01}
    assert "PWL unit 0 opens the path of" in found.explanation
    assert "when the cue is 1.0" in found.explanation


def test_effect_of_a_path_that_is_never_closed_altogether(trials):
    sequences, cue = trials
    inputs = np.array([[0.5, 0.0], [1.0, 1.0]])
    leaky = addition().network._replace(input_weight=inputs)
    found = detect_gating(leaky, sequences, cue, feature=sequences.features[0], n_nulls=19)
    # gains 0.5 and 1.5, of which the unit carries 0 and 1
    np.testing.assert_allclose(found.effect, 1 / (0.5 + 1.5))


def test_gain_is_the_finite_difference_on_the_next_read_out(simulated):
    known = integration()
    sequences = simulated(known, n_trials=5)
    latents = compute_latents(known.network, sequences)
    sizes = _gain_sizes(known.network, compute_regimes(latents, 1), next_read(sequences), 0)
    for t in range(4):
        near = sequences.inputs.copy()
        near[:, t, 0] += 1e-7
        moved = compute_latents(
            known.network, sequences.__class__(**{**vars(sequences), "inputs": near})
        )
        change = np.abs((moved - latents)[:, -1] @ known.network.readout[0]) / 1e-7
        np.testing.assert_allclose(sizes[0, :, t], change, atol=1e-5)


def test_a_path_that_a_unit_cancels_is_closed_by_it(simulated, cue_of):
    sequences = simulated(integration())
    cue, name = cue_of(sequences, 2), sequences.features[1]
    found = detect_gating(integration().network, sequences, cue, feature=name)
    # with the unit on, x2 takes two ways that cancel
    assert found.present
    np.testing.assert_allclose(found.effect, 1)
    assert "when the cue is -1.0" in found.explanation


def test_a_cue_that_only_shifts_the_threshold_gates_nothing(trials):
    sequences, cue = trials
    # the value goes straight to y, the unit turns on with the marker and adds a constant
    inputs = np.array([[1.0, 0.0], [0.0, 1.0]])
    shift = addition().network._replace(input_weight=inputs, bias=np.array([0, -0.5]))
    latents = compute_latents(shift, sequences)
    assert np.array_equal(latents[..., 1] > 0, sequences.inputs[..., 1] > 0)
    found = detect_gating(shift, sequences, cue, feature=sequences.features[0], n_nulls=19)
    assert found.effect == 0
    assert found.details["information"].iloc[0] > 0.3
    assert not found.present


def test_a_linear_network_gates_nothing(simulated):
    known = scalar_memory()
    sequences = simulated(known)
    cue = np.arange(len(sequences.trial)) % 2
    found = detect_gating(known.network, sequences, cue, feature=sequences.features[0])
    assert (found.effect, found.causal, found.causal_p, found.present) == (0, 0, 1, False)
    assert set(found.p.values()) == {1.0}


def test_each_gate_has_a_unit_of_its_own(simulated):
    known = gated_paths(3)
    sequences = simulated(known, n_trials=80)
    for path in range(3):
        cue = np.full(sequences.trial.shape, np.nan)
        cue[:, 0] = sequences.inputs[:, 0, 3 + path]
        found = detect_gating(known.network, sequences, cue, feature=sequences.features[path])
        assert found.present
        assert found.units == (path,)
        np.testing.assert_allclose(found.effect, 1)


def test_shuffled_labels_gate_nothing(trials):
    sequences, cue = trials
    rng = np.random.default_rng(3)
    labels = read_cue(cue, sequences, usable=sequences.trial >= 0)
    shuffled = cue.copy()
    shuffled[labels.sequence, labels.step] = labels.permute(1, rng)[0]
    found = detect_gating(addition().network, sequences, shuffled, feature=sequences.features[0])
    assert not found.present
    assert found.effect < 0.2


def test_effect_counts_what_gain_and_part_have_in_common():
    # columns: gain, part of the unit, number of steps; steps of labels 0 and 1
    sums = np.array([[2.0, 1.0, 2], [6.0, 5.0, 2]])
    # gains 1 and 3, parts 0.5 and 2.5
    effects, sign = _effects(sums, np.array([[0.0, 1.0], [1.0, 0.0]]))
    np.testing.assert_allclose(effects, [[2 / 4], [2 / 4]])
    assert sign.tolist() == [1, -1]
    # a part that other parts cancel counts no more than the gain
    sums[:, 1] = [1.0, 11.0]
    np.testing.assert_allclose(_effects(sums, np.array([[0.0, 1.0]]))[0], 2 / 4)
    # one that changes the other way does not count
    sums[:, 1] = [5.0, 1.0]
    assert _effects(sums, np.array([[0.0, 1.0]]))[0] == 0
