"""Filter and expectation step against every path of states, and the latter against plain loops."""

from itertools import product

import numpy as np
import pytest

from neuroalrnn.baselines._hidden_states import (
    N_LANES,
    expect_states,
    filter_states,
    lay_in_lanes,
    smooth_states,
)


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


def smooth(log_emission, start, transition, first):
    """Posterior of the states and expected moves by the recursions of Rabiner (1989), unscaled."""
    ahead = np.zeros_like(log_emission)
    behind = np.zeros_like(log_emission)
    moves = np.zeros_like(transition)
    step = np.log(transition)
    for t, begins in enumerate(first):
        before = np.log(start) if begins else np.logaddexp.reduce(ahead[t - 1, :, None] + step)
        ahead[t] = before + log_emission[t]
    for t in range(len(first) - 2, -1, -1):
        if not first[t + 1]:
            joint = step + log_emission[t + 1] + behind[t + 1]
            behind[t] = np.logaddexp.reduce(joint, axis=1)
            joint += ahead[t, :, None]
            moves += np.exp(joint - np.logaddexp.reduce(joint, axis=None))
    total = np.logaddexp.reduce(ahead + behind, axis=1)
    return total[first].sum(), np.exp(ahead + behind - total[:, None]), moves


@pytest.mark.parametrize("n_states", [1, 2, 3])
def test_likelihood_posterior_and_moves_are_those_of_all_paths(n_states):
    log_emission, start, transition, first = chain(n_states)
    found = expect_states(
        np.exp(log_emission.T), start, transition, lay_in_lanes(np.arange(7), first)
    )
    total, posterior, begun, moves = found
    expected, expected_moves, expected_begun = 0.0, np.zeros((n_states, n_states)), 0.0
    for session in (slice(0, 4), slice(4, 6), slice(6, 7)):
        every, weight = paths(log_emission[session], start, transition)
        expected += np.logaddexp.reduce(weight)
        share = np.exp(weight - np.logaddexp.reduce(weight))
        states = np.stack([share @ (every == k) for k in range(n_states)])
        np.testing.assert_allclose(posterior[:, session], states, atol=1e-12)
        expected_begun += states[:, 0]
        for one, weight_of_path in zip(every, share, strict=True):
            np.add.at(expected_moves, (one[:-1], one[1:]), weight_of_path)
    np.testing.assert_allclose(total, expected, rtol=1e-12)
    np.testing.assert_allclose(begun, expected_begun, atol=1e-12)
    np.testing.assert_allclose(moves, expected_moves, atol=1e-12)


@pytest.mark.parametrize("n_sessions", [1, 5, 3 * N_LANES])
def test_sessions_side_by_side_count_as_one_after_the_other(n_sessions):
    rng = np.random.default_rng(n_sessions)
    n_rows, n_kinds = 600, 40
    first = np.zeros(n_rows, bool)
    first[np.r_[0, rng.choice(np.arange(1, n_rows), n_sessions - 1, replace=False)]] = True
    kind = np.r_[np.arange(n_kinds), rng.integers(0, n_kinds, n_rows - n_kinds)]
    start, transition = rng.dirichlet(np.ones(4)), rng.dirichlet(np.ones(4), 4)
    log_emission = rng.normal(scale=5, size=(4, n_kinds)) - 300
    lanes = lay_in_lanes(kind, first)
    total, share, begun, moves = expect_states(np.exp(log_emission), start, transition, lanes)
    expected, posterior, expected_moves = smooth(log_emission.T[kind], start, transition, first)
    of_kinds = np.zeros((n_kinds, 4))
    np.add.at(of_kinds, kind, posterior)
    np.testing.assert_allclose(total, expected, rtol=1e-12)
    np.testing.assert_allclose(share, of_kinds.T, atol=1e-9)
    np.testing.assert_allclose(begun, posterior[first].sum(axis=0), atol=1e-9)
    np.testing.assert_allclose(moves, expected_moves, atol=1e-9)


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


@pytest.mark.parametrize("n_states", [1, 3])
def test_smoothed_states_are_those_of_all_paths_of_their_session(n_states):
    log_emission, start, transition, first = chain(n_states)
    _, before, after = filter_states(log_emission, start, transition, first)
    smoothed = smooth_states(before, after, transition, first)
    for session in (slice(0, 4), slice(4, 6), slice(6, 7)):
        every, weight = paths(log_emission[session], start, transition)
        share = np.exp(weight - np.logaddexp.reduce(weight))
        states = np.stack([share @ (every == k) for k in range(n_states)], axis=1)
        np.testing.assert_allclose(smoothed[session], states, atol=1e-12)
