"""Inverse temperatures of subjects against a loop over trials, and against the truth."""

import numpy as np
import pytest
import xarray as xr
from scipy.special import log_softmax, softmax

from neuroalrnn.behaviour.temperature import (
    INVERSE_TEMPERATURES,
    _variance,
    score_own_temperature,
)


class Predicted:
    """The parts of a fit that are read: predictions of one model for made-up choices."""

    def __init__(self, log_p, choice, subject, scored=None):
        chosen = log_p[np.arange(len(choice)), choice.astype(int)]
        scored = np.ones(len(choice), dtype=bool) if scored is None else scored
        self.trials = xr.Dataset(
            {"choice": ("trial", choice.astype(float)), "scored": ("trial", scored)},
            coords={"subject": ("trial", subject)},
        )
        self.predictions = xr.Dataset(
            {
                "log_likelihood": (("model", "trial"), np.where(scored, chosen, np.nan)[None]),
                "probability": (
                    ("model", "trial", "option"),
                    np.exp(log_p).astype(np.float32)[None],
                ),
            },
            coords={"model": ["AL-RNN"]},
        )


def simulate(betas, n_trials=400, n_options=3, seed=0):
    rng = np.random.default_rng(seed)
    log_p = log_softmax(1.5 * rng.standard_normal((len(betas) * n_trials, n_options)), axis=1)
    tempered = softmax(np.repeat(betas, n_trials)[:, None] * log_p, axis=1)
    choice = (rng.random(len(log_p))[:, None] > tempered.cumsum(axis=1)).sum(axis=1)
    return log_p, choice, np.repeat([f"s{i}" for i in range(len(betas))], n_trials)


def test_the_score_is_that_of_a_filter_that_knows_earlier_trials_only():
    log_p, choice, subject = simulate([0.6, 1.7], n_trials=30)
    found = score_own_temperature(Predicted(log_p, choice, subject)).set_index("subject")
    for name in ("s0", "s1"):
        rows = np.flatnonzero(subject == name)
        weight, total = np.full(len(INVERSE_TEMPERATURES), 1 / len(INVERSE_TEMPERATURES)), 0.0
        for row in rows:
            p = np.exp(log_p[row]) ** INVERSE_TEMPERATURES[:, None]
            likelihood = p[:, choice[row]] / p.sum(axis=1)
            total += np.log(weight @ likelihood)
            weight = weight * likelihood / (weight @ likelihood)
        assert found.loc[name, "log_likelihood"] == pytest.approx(total / len(rows), abs=1e-7)
        mean = weight @ INVERSE_TEMPERATURES
        assert found.loc[name, "inverse_temperature"] == pytest.approx(mean, abs=1e-6)


def test_inverse_temperatures_of_simulated_subjects_come_back():
    betas = np.array([0.6, 0.8, 1.0, 1.3, 1.7])
    fit = Predicted(*simulate(betas, n_trials=2000))
    found = score_own_temperature(fit)
    error = found["inverse_temperature"] - betas
    assert (error.abs() < 3 * found["inverse_temperature_sd"] + 0.05).all()
    plain = fit.predictions["log_likelihood"].values.reshape(len(betas), -1).mean(axis=1)
    gained = found["log_likelihood"].to_numpy() - plain
    # what 1 predicts well cannot be bettered; not knowing that costs log 9 nats at most
    assert gained[0] > 0.03
    assert gained[4] > 0.01
    assert -np.log(9) / 2000 <= gained[2] < 0.001


def test_the_order_of_trials_and_unscored_trials_do_not_matter():
    log_p, choice, subject = simulate([0.7, 1.4], n_trials=50)
    scored = np.random.default_rng(1).random(100) > 0.3
    found = score_own_temperature(Predicted(log_p, choice, subject, scored))
    kept = np.random.default_rng(2).permutation(np.flatnonzero(scored))
    again = score_own_temperature(Predicted(log_p[kept], choice[kept], subject[kept]))
    assert found["n_trials"].sum() == scored.sum()
    np.testing.assert_allclose(found["log_likelihood"], again["log_likelihood"], atol=1e-12)


def test_options_that_cannot_be_chosen_and_choices_that_underflow_are_scored():
    log_p = np.log([[0.7, 0.3, 1.0], [0.5, 0.5, 1.0]])
    log_p[:, 2] = -np.inf
    log_p = np.vstack([log_p, [-200.0, 0.0, -np.inf]])
    found = score_own_temperature(Predicted(log_p, np.array([0, 1, 0]), np.array(["a"] * 3)))
    assert np.isfinite(found["log_likelihood"]).all()
    # the least sure of 9 values is right about a choice of probability e^-200
    assert found["log_likelihood"].item() == pytest.approx(
        (np.log(0.5) + np.log(np.sqrt(0.7) / (np.sqrt(0.7) + np.sqrt(0.3))) - 100 - np.log(9)) / 3,
        abs=1e-6,
    )


def test_the_variance_of_a_posterior_on_one_value_is_small_but_not_lost_to_rounding():
    weight = np.zeros((9, 1))
    weight[5], weight[6] = 1, 1e-18
    variance = _variance(INVERSE_TEMPERATURES @ weight, weight).item()
    distance = INVERSE_TEMPERATURES[6] - INVERSE_TEMPERATURES[5]
    assert variance == pytest.approx(1e-18 * distance**2, rel=1e-9)
