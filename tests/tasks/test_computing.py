"""Agents compute as stated: effects equal flips of their own log-odds, regimes come and go."""

import numpy as np
import pytest
from scipy.stats import nbinom

from neuroalrnn.data import default_encoding, encode, validate
from neuroalrnn.tasks import COMPUTING, simulate_computing
from neuroalrnn.tasks._counter import count, count_otherwise

LEVELS = {"reward": (1.0, 0.0), "choice": (1.0, 0.0)}


def simulated(name, n_subjects=3, n_trials=60, seed=0, **options):
    rng = np.random.default_rng(seed)
    return simulate_computing(COMPUTING[name](), n_subjects, n_trials, rng=rng, **options)


def levels(trials, name):
    values = trials[name].values
    if name == "evidence":
        return values.mean() + values.std(), values.mean() - values.std()
    return LEVELS.get(name, (1.0, -1.0))


def flipped(computed, name, number, lag):
    """Effect of one trial of every session, by the agent itself."""
    trials, eta = computed.trials, []
    place = trials["trial_in_session"].values
    for value in levels(trials, name):
        changed = np.where(place == number - lag, value, trials[name].values)
        eta.append(computed.log_odds(trials.assign({name: trials[name].copy(data=changed)})))
    return ((eta[0] - eta[1]) / 2)[place == number]


@pytest.mark.parametrize("name", COMPUTING)
def test_effects_are_flips_of_the_log_odds(name):
    computed = simulated(name, n_sessions=2)
    truth, number = computed.truth, computed.trials["trial_in_session"].values
    assert np.allclose(computed.log_odds(computed.trials), truth["log_odds"])
    for each in truth["input"].values:
        for lag in truth["lag"].values:
            told = truth["effect"].sel(input=each, lag=lag).values
            assert np.isnan(told[number < lag]).all()
            for t in (0, 3, 17, 59):
                if np.isfinite(told[number == t]).any():
                    assert np.allclose(told[number == t], flipped(computed, each, t, lag))


@pytest.mark.parametrize("name", COMPUTING)
def test_trials_are_valid_and_choices_follow_the_log_odds(name):
    trials, truth, _ = simulated(name, 10, 400)
    validate(trials)
    sequences = encode(trials, **default_encoding(trials))
    assert np.isfinite(sequences.target).sum() == trials.sizes["trial"]
    p = 1 / (1 + np.exp(-truth["log_odds"].values))
    choice = trials["choice"].values
    for part in (p < 0.5, p >= 0.5):
        error = np.sqrt((p[part] * (1 - p[part])).sum()) / part.sum()
        assert abs(choice[part].mean() - p[part].mean()) < 4 * error
    assert simulated(name).trials.equals(simulated(name).trials)
    assert not simulated(name).trials.equals(simulated(name, seed=1).trials)


@pytest.mark.parametrize("name", COMPUTING)
def test_regimes_are_what_the_effects_of_decisive_inputs_say(name):
    truth = simulated(name, 10, 200).truth
    regime = truth["regime"].values
    lag = 1 if name == "win-stay lose-shift" else 0
    effect = truth["effect"].sel(input=truth.attrs["decisive"], lag=lag).values
    assert set(regime[np.isfinite(effect).all(axis=1)]) == set(range(len(truth["regime"].names)))
    centres = np.stack([effect[regime == r][0] for r in range(len(truth["regime"].names))])
    known = regime >= 0
    assert np.allclose(effect[known], centres[regime[known]])
    assert len(np.unique(centres, axis=0)) == len(centres)
    assert (regime[~known].size > 0) == (name == "win-stay lose-shift")


def test_a_cued_agent_switches_on_the_trial_of_the_cue():
    trials, truth, _ = simulated("cued rule", 20, 300)
    assert np.array_equal(truth["regime"].values == 1, trials["context"].values < 0)
    number = trials["trial_in_session"].values[1:]
    changed = np.diff(truth["regime"].values)[number > 0] != 0
    assert changed.mean() == pytest.approx(0.1, abs=0.015)


def test_an_agent_finds_a_hidden_rule_after_two_trials_that_tell():
    trials, truth, _ = simulated("hidden rule", 60, 400)
    rule, regime = (
        each.reshape(60, 400) for each in (trials["rule"].values, truth["regime"].values)
    )
    changes = np.argwhere(np.diff(rule, axis=1))
    latency = np.array([(regime[s, t + 1 :] == rule[s, t + 1]).argmax() for s, t in changes])
    # the first blocks are too short to be sure that the counter is at its limit; so are few others
    share = np.bincount(latency, minlength=20)[:8] / len(latency)
    expected = np.r_[0, 0, nbinom.pmf(np.arange(6), 2, 0.5)]
    assert share == pytest.approx(expected, abs=3 * np.sqrt(0.25 / len(latency)) + 0.01)


def test_an_agent_disengages_where_outcomes_are_bad_and_stays_so():
    trials, truth, _ = simulated("engaged or not", 40, 500)
    regime = truth["regime"].values
    assert 0.15 < (regime == 1).mean() < 0.45
    stays = regime[1:][regime[:-1] == 1] == 1
    assert 0.6 < stays.mean() < 0.9
    agrees = (2 * trials["choice"].values - 1) * trials["stimulus_side"].values > 0
    assert agrees[regime == 0].mean() == pytest.approx(1 / (1 + np.exp(-3)), abs=0.01)
    assert agrees[regime == 1].mean() == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("lag", [1, 2, 7])
def test_a_counter_after_another_past_has_a_closed_form(lag):
    rng = np.random.default_rng(0)
    steps, other = (rng.integers(-1, 2, (20, 30)).astype(float) for _ in range(2))
    after = count_otherwise(count(steps, 1.5, 0.5), steps, other, lag, 1.5)
    assert np.isnan(after[:, :lag]).all()
    for t in range(lag, 30):
        changed = steps.copy()
        changed[:, t - lag] = other[:, t - lag]
        assert np.array_equal(after[:, t], count(changed, 1.5, 0.5)[:, t])
