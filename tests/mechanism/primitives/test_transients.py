"""Transients against closed forms, and where activity persists or decays as it must."""

import numpy as np
import pytest

from neuroalrnn.exceptions import NotTestableError
from neuroalrnn.mechanism.primitives import detect_transients
from neuroalrnn.network.run import Network
from neuroalrnn.tasks import delay_line, scalar_memory


@pytest.fixture
def trials(simulated):
    sequences = simulated(delay_line())
    return sequences, first_value(sequences)


def first_value(sequences):
    event = np.full(sequences.trial.shape, np.nan)
    event[:, 0] = sequences.inputs[:, 0, 0] > 0.5
    return event


def detect(network, trials, **options):
    sequences, event = trials
    return detect_transients(network, sequences, event, feature=sequences.features[0], **options)


def linear(weight, inputs, readout):
    zero = np.zeros(len(weight))
    columns = np.array(inputs, dtype=float)[:, None], np.array([readout], dtype=float)
    return Network(
        0, zero, np.array(weight, float), columns[0], zero, zero, columns[1], np.zeros(1)
    )


@pytest.mark.parametrize("n_pwl", [0, 2, 7])
def test_a_delay_line_answers_by_a_transient(n_pwl, trials):
    found = detect(delay_line(n_pwl=n_pwl).network, trials)
    assert found.present
    np.testing.assert_allclose(found.effect, 1)
    np.testing.assert_allclose(found.details["fast"], [0, 0, 0, 0, 0, 0, 1], atol=1e-9)
    np.testing.assert_allclose(found.details["slow"], 0, atol=1e-9)
    assert found.causal > 0.9
    assert found.steps == (0, 6)
    assert "6 steps after it" in found.explanation


def test_effect_of_a_delay_line_that_loses_some_of_its_content(trials):
    network = delay_line().network
    found = detect(network._replace(weight=0.9 * network.weight), trials, n_nulls=19)
    np.testing.assert_allclose(found.effect, 0.9**6)


def test_half_of_the_memory_in_an_integrator(trials):
    line = np.zeros((8, 8))
    line[:7, :7] = np.eye(7, k=-1)
    line[7, 7] = 1
    both = linear(line, [1, 0, 0, 0, 0, 0, 0, 1], [0, 0, 0, 0, 0, 0, 1, 1])
    found = detect(both, trials, n_nulls=19)
    # |B| |C| = 2; fast and slow gain are 1 each
    np.testing.assert_allclose(found.effect, 0.5 * 0.5)
    np.testing.assert_allclose(found.details.loc[6, ["fast", "slow"]], 0.5)
    assert abs(found.causal) < 0.4


@pytest.mark.parametrize("decay", [1.0, 0.8, 0.5])
def test_a_single_mode_is_no_transient_whether_it_persists_or_decays(decay, simulated):
    sequences = simulated(scalar_memory())
    event = first_value(sequences)
    found = detect(linear([[decay]], [1], [1]), (sequences, event), n_nulls=19)
    assert found.effect == 0
    assert not found.present


def test_a_slow_mode_without_an_eigenvector_of_its_own_counts_as_it_can(simulated):
    # J^k = [[1, 0], [k, 1]]: what grows beyond 1 is not due to the eigenvalue
    sequences = simulated(scalar_memory())
    event = first_value(sequences)
    ramp = linear([[1, 0], [1, 1]], [1, 0], [0, 1])
    lag = (np.isfinite(sequences.target)).argmax(axis=1)
    found = detect(ramp, (sequences, event), n_nulls=1, n_samples=10**6)
    event_lag = lag[lag >= 0]
    np.testing.assert_allclose(found.effect, (event_lag - 1).mean(), rtol=1e-6)


def test_normal_dynamics_show_no_transient(trials):
    rng = np.random.default_rng(0)
    for _ in range(5):
        basis, _ = np.linalg.qr(rng.standard_normal((5, 5)))
        weight = basis @ np.diag([0.95, 0.8, -0.7, 0.5, 0.3]) @ basis.T
        network = linear(weight, rng.standard_normal(5), rng.standard_normal(5))
        np.testing.assert_allclose(detect(network, trials, n_nulls=1).effect, 0, atol=1e-12)


def test_events_that_make_no_difference_are_no_memory(trials):
    sequences, _ = trials
    network, rng = delay_line(n_pwl=0).network, np.random.default_rng(1)
    found = []
    for _ in range(10):
        event = np.full(sequences.trial.shape, np.nan)
        event[:, 0] = rng.integers(0, 2, len(event))
        found.append(detect(network, (sequences, event), n_nulls=19, rng=rng))
        np.testing.assert_allclose(found[-1].effect, 1)
    assert np.mean([one.p["labels permuted"] for one in found]) > 0.2
    # at 5 % three of ten occur in 1 % of runs
    assert sum(one.present for one in found) <= 2


def test_a_response_at_once_needs_no_memory(trials):
    sequences, _ = trials
    event = np.full(sequences.trial.shape, np.nan)
    event[:, -2] = sequences.inputs[:, -2, 0] > 0.5
    with pytest.raises(NotTestableError, match="nothing is to be remembered"):
        detect(delay_line().network, (sequences, event))
