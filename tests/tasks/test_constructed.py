"""Known networks whose inputs are variables: the closed form of an effect is what a flip does."""

import numpy as np
import pytest

from neuroalrnn.data import default_encoding, encode, validate
from neuroalrnn.tasks import CONSTRUCTED, simulate_constructed

N_REGIMES = {"addition": 3, "integration": 2, "parity": 4}


@pytest.fixture(params=CONSTRUCTED)
def simulated(request):
    rng = np.random.default_rng(0)
    return request.param, simulate_constructed(request.param, 3, 200, rng=rng)


def test_effects_are_flips_of_the_network(simulated):
    trials, truth, log_odds = simulated[1]
    assert np.allclose(log_odds(trials), truth["log_odds"])
    for name in truth["input"].values:
        values, ends = trials[name].values, np.unique(trials[name])
        if len(ends) > 2:
            ends = values.mean() - values.std(), values.mean() + values.std()
        low, high = (log_odds(trials.assign({name: ("trial", 0 * values + v)})) for v in ends)
        assert np.allclose((high - low) / 2, truth["effect"].sel(input=name, lag=0))


def test_trials_are_valid_and_their_inputs_come_before_the_choice(simulated):
    trials, truth, _ = simulated[1]
    validate(trials)
    sequences = encode(trials, **default_encoding(trials))
    assert np.isfinite(sequences.target).sum() == trials.sizes["trial"] == 600
    assert set(truth["input"].values) == set(trials.data_vars) - {"choice"}
    p = 1 / (1 + np.exp(-truth["log_odds"].values))
    error = np.sqrt((p * (1 - p)).sum()) / len(p)
    assert abs(trials["choice"].values.mean() - p.mean()) < 4 * error


def test_regimes_are_the_vectors_of_effects(simulated):
    name, (_, truth, _) = simulated
    assert len(truth["regime"].names) == N_REGIMES[name]
    effect = truth["effect"].sel(input=truth.attrs["decisive"], lag=0).values
    for regime in range(N_REGIMES[name]):
        assert np.ptp(effect[truth["regime"].values == regime], axis=0).max() < 1e-9
