"""Sums over covariates of few values."""

import numpy as np
import pytest

from neuroalrnn.baselines._glm_hmm import _add_up
from neuroalrnn.baselines._kinds import Rows, group_rows
from neuroalrnn.baselines._values import MOST, MOST_OF_GROUP, add_up_two, find_values


def past_trials(n_rows, n_lags, rng):
    """A constant, and choice and choice times outcome of some past trials."""
    choice, outcome = (rng.choice([-1.0, 1.0], (n_rows, n_lags)) for _ in range(2))
    return np.c_[np.ones(n_rows), np.stack([choice, choice * outcome], 2).reshape(n_rows, -1)]


def test_columns_of_a_trial_are_one_group_and_values_give_the_columns():
    features = past_trials(3000, 5, np.random.default_rng(0))
    values = find_values(features)
    # ten columns of two values each: five of them take 32 together
    assert values.number.shape == (3000, 2)
    assert values.columns.shape[1] == 2 * MOST_OF_GROUP
    np.testing.assert_array_equal(values.columns[:, values.number].sum(axis=2).T, features)


@pytest.mark.parametrize("n_states", [1, 4, 5])
def test_slope_and_curvature_are_those_of_rows(n_states):
    rng = np.random.default_rng(n_states)
    features = past_trials(500, 4, rng)
    kinds = group_rows(Rows(features, np.zeros(500, int), np.arange(500) == 0), 2)
    chance = rng.dirichlet(np.ones(2), (n_states, len(kinds.features))).transpose(0, 2, 1)
    count = rng.gamma(1.0, size=chance.shape)
    slope, curvature = add_up_two(kinds.values, chance, count)
    expected = _add_up(chance, count, kinds)
    np.testing.assert_allclose(slope, expected[0][:, 0], rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(curvature, expected[1][:, 0, :, 0], rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize(
    "features",
    [
        np.arange(MOST_OF_GROUP + 1.0)[:, None],
        np.random.default_rng(0).integers(0, 30, (2000, MOST // 30 + 1)) / 7,
    ],
)
def test_covariates_of_many_values_are_left(features):
    assert find_values(features) is None
