"""Trials in the order of the filter."""

import numpy as np
import pytest
from scipy.special import log_softmax

from neuroalrnn.adaptive.rows import SURE, contrast, drift_of, lay_out
from tests.conftest import experiment


@pytest.fixture(scope="module")
def trials():
    mixed = experiment(3, 24).copy(deep=True)
    mixed["choice"][{"trial": 2}] = np.nan
    return mixed


def test_subjects_follow_each_other_in_their_own_order(trials):
    index = np.arange(72)[::-1]
    values = log_softmax(np.random.default_rng(0).standard_normal((72, 2)), axis=1)
    order, rows = lay_out(trials, index, values, features=np.arange(72.0)[:, None])
    assert np.flatnonzero(rows.first).tolist() == [0, 24, 48]
    at = index[order]
    for start in (0, 24, 48):
        assert (np.diff(at[start : start + 24]) == 1).all()
    np.testing.assert_array_equal(rows.features, np.c_[np.ones(72), order])
    np.testing.assert_allclose(rows.log_odds[:, 0], np.diff(values[order])[:, 0])
    assert rows.choice[at == 2] == -1
    assert (rows.choice[at != 2] == trials["choice"].values[at[at != 2]]).all()


def test_trials_left_out_drift_all_the_same(trials):
    index = np.array([0, 1, 4, 5, 24, 26])
    _, rows = lay_out(trials, index, np.zeros((6, 2)))
    assert rows.passed.tolist() == [1, 1, 3, 1, 1, 2]
    added = drift_of(rows, 0.1, 1.0)
    np.testing.assert_allclose(added, [0, 0.1, 0.3, 0.1, 0, 0.2])


def test_contrasts_are_bounded_and_blind_to_options_not_offered():
    log_p = np.log(np.array([[0.2, 0.3, 0.5], [1.0, 0.0, 0.0], [0.1, 0.6, 0.3]]) + 1e-300)
    offered = np.array([[True, True, True], [True, True, True], [True, False, True]])
    found = contrast(log_p, offered)
    np.testing.assert_allclose(log_softmax(found[0]), log_p[0])
    assert np.ptp(found[1]) == 2 * SURE
    assert found[2, 1] == 0
    assert found[2, 2] - found[2, 0] == pytest.approx(np.log(3))
    two = contrast(np.array([[0.0, -700.0], [np.nan, np.nan]]), np.ones((2, 2), bool))
    assert two[0, 0] == -SURE
    assert np.isnan(two[1, 0])
