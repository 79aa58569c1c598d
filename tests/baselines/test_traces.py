"""Leaky averages and their softmax: exact gradient, and parameters found again."""

import numpy as np
import pytest

from neuroalrnn.baselines._traces import Agent, Traces, fit_agent, log_likelihood, predict_agent


def random_traces(rng, n_rows=60, n_traces=3, n_options=3, n_rates=4):
    which = rng.integers(-1, n_rates, (n_rows, n_traces, n_options))
    first = np.zeros(n_rows, bool)
    first[[0, 25, 26]] = True
    return Traces(which, rng.normal(size=which.shape), first)


def random_agent(rng, n_traces=3, n_options=3, n_rates=4):
    bias = np.r_[0.0, rng.normal(size=n_options - 1)]
    return Agent(rng.uniform(0.05, 0.95, n_rates), rng.normal(size=n_traces), bias)


@pytest.mark.parametrize(("n_options", "limited"), [(2, False), (4, False), (4, True)])
def test_gradient_is_that_of_central_differences(n_options, limited):
    rng = np.random.default_rng(0)
    traces, agent = random_traces(rng, n_options=n_options), random_agent(rng, n_options=n_options)
    code = rng.integers(-1, n_options, 60)
    offered = rng.random((60, n_options)) < 0.6 if limited else None
    if limited:
        offered[np.arange(60), code] = True
    _, gradient = log_likelihood(agent, traces, code, offered)
    for part, slope in enumerate(gradient):
        for k in range(len(slope)):
            ends = []
            for step in (1e-6, -1e-6):
                moved = [values.copy() for values in agent]
                moved[part][k] += step
                ends.append(log_likelihood(Agent(*moved), traces, code, offered)[0])
            np.testing.assert_allclose((ends[0] - ends[1]) / 2e-6, slope[k], rtol=1e-5, atol=1e-6)


def test_log_likelihood_is_the_sum_of_the_predictions_that_count():
    rng = np.random.default_rng(1)
    traces, agent = random_traces(rng), random_agent(rng)
    code = rng.integers(-1, 3, 60)
    predicted = predict_agent(agent, traces)
    np.testing.assert_allclose(np.exp(predicted).sum(axis=1), 1)
    rows = np.flatnonzero(code >= 0)
    value, _ = log_likelihood(agent, traces, code)
    np.testing.assert_allclose(value, predicted[rows, code[rows]].sum())


def test_traces_start_anew_with_every_session():
    rng = np.random.default_rng(2)
    traces, agent = random_traces(rng), random_agent(rng)
    later = Traces(*(part[26:] for part in traces))
    np.testing.assert_array_equal(predict_agent(agent, traces)[26:], predict_agent(agent, later))


def test_fit_finds_the_parameters_that_made_the_choices():
    rng = np.random.default_rng(3)
    traces = random_traces(rng, n_rows=20000, n_traces=2, n_options=2, n_rates=2)
    agent = Agent(np.array([0.2, 0.6]), np.array([1.5, -1.0]), np.array([0.0, 0.4]))
    right = np.exp(predict_agent(agent, traces)[:, 1])
    choice = (rng.random(len(right)) < right).astype(float)
    found = fit_agent(traces, choice, np.ones(len(right), bool), 2, rng=rng)
    np.testing.assert_allclose(found.rates, agent.rates, atol=0.03)
    np.testing.assert_allclose(found.weights, agent.weights, atol=0.12)
    np.testing.assert_allclose(found.bias, agent.bias, atol=0.06)


def test_choices_of_one_kind_are_fitted_without_overflow():
    rng = np.random.default_rng(4)
    traces = random_traces(rng, n_options=2)
    found = fit_agent(traces, np.ones(60), np.ones(60, bool), 4, rng=rng)
    predicted = predict_agent(found, traces)
    assert np.isfinite(predicted).all()
    assert predicted[:, 1].mean() > -1e-3
