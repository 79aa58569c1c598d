"""Units of two networks are paired by the size of their correlation."""

from itertools import permutations

import numpy as np
import pytest

from neuroalrnn.exceptions import DataError
from neuroalrnn.network.units import match_units


def test_matching_undoes_permutation_scale_and_sign():
    rng = np.random.default_rng(1)
    first, order = rng.normal(size=(200, 3)), [2, 0, 1]
    found = first[:, order] * [3.0, -0.5, 1.0] + [1.0, 2.0, 3.0]
    match, correlation = match_units(first, np.c_[found, rng.normal(size=200)])
    assert [order[i] for i in match] == [0, 1, 2]
    np.testing.assert_allclose(correlation, [-1.0, 1.0, 1.0])


def test_matching_finds_the_best_of_all_orders():
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(2, 50, 4))
    second[:, [3, 0]] += 0.5 * first[:, [1, 2]]
    order, correlation = match_units(first, second)
    table = np.corrcoef(first.T, second.T)[:4, 4:]
    best = max(permutations(range(4)), key=lambda one: np.abs(table[range(4), one]).sum())
    assert tuple(order) == best
    np.testing.assert_allclose(correlation, table[range(4), best])


def test_matching_is_the_same_the_other_way_round():
    first, second = np.random.default_rng(3).normal(size=(2, 30, 4))
    order, correlation = match_units(first, second)
    back, again = match_units(second, first)
    assert back[order].tolist() == [0, 1, 2, 3]
    np.testing.assert_allclose(again[order], correlation)


def test_matching_ignores_missing_steps_and_units_that_do_not_vary():
    rng = np.random.default_rng(1)
    first = rng.normal(size=(5, 20, 2))
    second = first[..., ::-1].copy()
    second[0, 3] = np.nan
    order, correlation = match_units(first, second)
    assert order.tolist() == [1, 0]
    np.testing.assert_allclose(correlation, 1)
    second[..., 0] = 2.0
    assert 0 in match_units(first, second)[1]
    assert match_units(first[..., :0], second[..., :0])[1].shape == (0,)
    assert match_units(np.full((4, 2), np.nan), np.ones((4, 2)))[1].tolist() == [0, 0]


@pytest.mark.parametrize("other", [(5, 1), (4, 2), (5, 2, 2), (10,)])
def test_units_that_do_not_fit_are_refused(other):
    with pytest.raises(DataError, match="same steps, and at least as many units"):
        match_units(np.ones((5, 2)), np.ones(other))
