"""Filter and smoother against enumeration of every path of states."""

from itertools import product

import numpy as np
import pytest

from neuroalrnn.baselines._hidden_states import filter_states, smooth_states


def chain(n_states, seed=0):
    rng = np.random.default_rng(seed)
    log_emission = rng.normal(scale=3, size=(7, n_states)) - 400
    log_emission[2] = 0.0
    first = np.array([True, False, False, False, True, False, True])
    start = rng.dirichlet(np.ones(n_states))
    return log_emission, start, rng.dirichlet(np.ones(n_states), n_states), first


def paths(log_emission, start, transition):
    """All paths of one session, and the log-probability of each with its observations."""
    n_rows, n_states = log_emission.shape
    every = np.array(list(product(range(n_states), repeat=n_rows)))
    weight = np.log(start)[every[:, 0]] + log_emission[np.arange(n_rows), every].sum(axis=1)
    return every, weight + np.log(transition)[every[:, :-1], every[:, 1:]].sum(axis=1)


@pytest.mark.parametrize("n_states", [1, 2, 3])
def test_likelihood_posterior_and_moves_are_those_of_all_paths(n_states):
    log_emission, start, transition, first = chain(n_states)
    total, posterior, moves = smooth_states(log_emission, start, transition, first)
    expected, expected_moves = 0.0, np.zeros((n_states, n_states))
    for session in (slice(0, 4), slice(4, 6), slice(6, 7)):
        every, weight = paths(log_emission[session], start, transition)
        expected += np.logaddexp.reduce(weight)
        share = np.exp(weight - np.logaddexp.reduce(weight))
        for k in range(n_states):
            np.testing.assert_allclose(posterior[session, k], share @ (every == k), atol=1e-12)
        for one, weight_of_path in zip(every, share, strict=True):
            np.add.at(expected_moves, (one[:-1], one[1:]), weight_of_path)
    np.testing.assert_allclose(total, expected, rtol=1e-12)
    np.testing.assert_allclose(moves, expected_moves, atol=1e-12)


def test_filter_uses_no_later_observation_and_no_other_session():
    log_emission, start, transition, first = chain(3)
    _, before, after = filter_states(log_emission, start, transition, first)
    for t in range(7):
        begin = np.flatnonzero(first[: t + 1])[-1]
        every, weight = paths(log_emission[begin : t + 1], start, transition)
        share = np.exp(weight - np.logaddexp.reduce(weight))
        expected = [share[every[:, -1] == k].sum() for k in range(3)]
        np.testing.assert_allclose(after[t], expected, atol=1e-12)
        blind = log_emission.copy()
        blind[t] = 0.0
        every, weight = paths(blind[begin : t + 1], start, transition)
        share = np.exp(weight - np.logaddexp.reduce(weight))
        expected = [share[every[:, -1] == k].sum() for k in range(3)]
        np.testing.assert_allclose(before[t], expected, atol=1e-12)
