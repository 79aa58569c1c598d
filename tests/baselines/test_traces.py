"""Leaky averages and their softmax: exact gradient, and parameters found again."""

from functools import partial

import numpy as np
import pytest

from neuroalrnn.baselines._traces import (
    GIVEN,
    Agent,
    Traces,
    fit_agent,
    log_likelihood,
    predict_agent,
)


def random_traces(rng, n_rows=60, n_traces=3, n_options=3, n_rates=4):
    which = rng.integers(-1, n_rates, (n_rows, n_traces, n_options))
    first = np.zeros(n_rows, bool)
    first[[0, 25, 26]] = True
    return Traces(which, rng.normal(size=which.shape), first, np.arange(n_traces + 1))


def joined(rng, falling=False, **sizes):
    """The first two traces move alike, the third is given."""
    traces = random_traces(rng, **sizes)
    which = traces.which[:, [0, 2]]
    which[:, 1] = GIVEN
    other = np.where(which >= 0, (which + 1) % 4, which) if falling else None
    return traces._replace(which=which, edges=np.array([0, 2, 3]), falling=other)


def random_agent(rng, n_traces=3, n_options=3, n_rates=4):
    bias = np.r_[0.0, rng.normal(size=n_options - 1)]
    return Agent(rng.uniform(0.05, 0.95, n_rates), rng.normal(size=n_traces), bias)


def by_hand(agent, traces):
    """Log-probabilities before every row, written out."""
    x, found = np.zeros(traces.target.shape[1:]), []
    group = np.searchsorted(traces.edges, np.arange(len(x)), "right") - 1
    for t, target in enumerate(traces.target):
        x = np.zeros_like(x) if traces.first[t] else x
        for m, g in enumerate(group):
            x[m] = np.where(traces.which[t, g] == GIVEN, target[m], x[m])
        drive = agent.weights @ x + agent.bias
        found.append(drive - np.log(np.exp(drive).sum()))
        before = x.copy()
        for m, i in np.ndindex(x.shape):
            same = np.flatnonzero(group == group[m])
            gap = agent.weights[same] @ (target[same, i] - before[same, i])
            falls = traces.falling is not None and gap / agent.weights[same[0]] < 0
            k = (traces.falling if falls else traces.which)[t, group[m], i]
            x[m, i] += (agent.rates[k] if k >= 0 else 0.0) * (target[m, i] - before[m, i])
    return np.array(found)


@pytest.mark.parametrize("falling", [False, True])
@pytest.mark.parametrize("sign", [1, -1])
def test_predictions_are_those_of_the_recursion(sign, falling):
    rng = np.random.default_rng(5)
    traces, agent = joined(rng, falling), random_agent(rng)
    agent = agent._replace(weights=sign * agent.weights)
    expected = by_hand(agent, traces)
    np.testing.assert_allclose(predict_agent(agent, traces), expected, atol=1e-12)


@pytest.mark.parametrize("make", [random_traces, joined, partial(joined, falling=True)])
@pytest.mark.parametrize(("n_options", "limited"), [(2, False), (4, False), (4, True)])
def test_gradient_is_that_of_central_differences(n_options, limited, make):
    rng = np.random.default_rng(0)
    traces, agent = make(rng, n_options=n_options), random_agent(rng, n_options=n_options)
    code = rng.integers(-1, n_options, 60)
    offered = rng.random((60, n_options)) < 0.6 if limited else None
    if limited:
        offered[np.arange(60), code] = True
    _, slope, information = log_likelihood(agent, traces, code, offered)
    flat = np.concatenate([agent.rates, agent.weights, agent.bias[1:]])

    def moved(k, step):
        rates, weights, bias = np.split(flat + step * (np.arange(len(flat)) == k), [4, 7])
        return Agent(rates, weights, np.r_[0.0, bias])

    for k in range(len(flat)):
        ends = [log_likelihood(moved(k, step), traces, code, offered)[0] for step in (1e-6, -1e-6)]
        np.testing.assert_allclose((ends[0] - ends[1]) / 2e-6, slope[k], rtol=1e-5, atol=1e-6)
    assert np.linalg.eigvalsh(information).min() > -1e-9


@pytest.mark.parametrize("n_options", [2, 3])
def test_information_is_the_mean_square_of_the_gradient(n_options):
    rng = np.random.default_rng(6)
    traces, agent = joined(rng, n_options=n_options), random_agent(rng, n_options=n_options)
    p = np.exp(predict_agent(agent, traces))
    expected = 0.0
    for t in range(60):
        for i in range(n_options):
            code = np.full(60, -1)
            code[t] = i
            slope = log_likelihood(agent, traces, code)[1]
            expected += p[t, i] * np.outer(slope, slope)
    found = log_likelihood(agent, traces, np.zeros(60, int))[2]
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_log_likelihood_is_the_sum_of_the_predictions_that_count():
    rng = np.random.default_rng(1)
    traces, agent = random_traces(rng), random_agent(rng)
    code = rng.integers(-1, 3, 60)
    predicted = predict_agent(agent, traces)
    np.testing.assert_allclose(np.exp(predicted).sum(axis=1), 1)
    rows = np.flatnonzero(code >= 0)
    value = log_likelihood(agent, traces, code)[0]
    np.testing.assert_allclose(value, predicted[rows, code[rows]].sum())


def test_traces_start_anew_with_every_session():
    rng = np.random.default_rng(2)
    traces, agent = random_traces(rng), random_agent(rng)
    which, target, first, edges, _ = traces
    later = Traces(which[26:], target[26:], first[26:], edges)
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
