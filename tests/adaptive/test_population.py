"""How subjects differ, learned from subjects whom models never saw."""

import numpy as np
import pytest

from neuroalrnn.adaptive.choose import Choice, choose_spread, score_prior
from neuroalrnn.adaptive.population import _learn, _shared, _thin, learn_prior
from neuroalrnn.adaptive.prior import Spread, make_prior
from neuroalrnn.adaptive.rows import Rows

MEAN = np.array([1.0, 0.5, 0.0, -1.5])
COVARIANCE = np.array(
    [[1e-4, 0, 0, 0], [0, 0.6, 0, -0.55], [0, 0, 1e-4, 0], [0, -0.55, 0, 0.6]]
)  # fmt: skip


def make_subjects(n_subjects, seed, mean=MEAN, covariance=COVARIANCE, n_trials=120):
    """Subjects whose constant and weight of a term go together, far from the shared model."""
    rng = np.random.default_rng(seed)
    n = n_subjects * n_trials
    log_odds = rng.normal(0, 1, (n, 1))
    features = np.c_[np.ones(n), rng.choice([-1.0, 1.0], (n, 2))]
    weight = np.repeat(rng.multivariate_normal(mean, covariance, n_subjects), n_trials, axis=0)
    eta = (np.c_[log_odds, features] * weight).sum(axis=1)
    first = np.arange(n) % n_trials == 0
    return Rows(
        log_odds, features, (rng.random(n) < 1 / (1 + np.exp(-eta))).astype(int),
        np.ones((n, 2), bool), first, np.ones(n), first,
    )  # fmt: skip


@pytest.fixture(scope="module")
def parts():
    return [make_subjects(12, seed) for seed in range(3)]


@pytest.fixture(scope="module")
def choice(parts):
    return choose_spread(parts)


def test_mean_and_covariance_come_back(parts, choice):
    start = make_prior(choice.spread, 1, 3)
    subjects = [rows for part in _thin(parts, 4) for rows in part]
    found = _learn(subjects, start, np.ones(4, bool))
    np.testing.assert_allclose(found.mean[[1, 3]], MEAN[[1, 3]], atol=0.35)
    sd = np.sqrt(np.diag(found.covariance))
    assert found.covariance[1, 3] / (sd[1] * sd[3]) < -0.6


def test_new_subjects_are_predicted_better(parts, choice):
    learned = learn_prior(parts, choice)
    assert learned.score > choice.score
    new = make_subjects(20, seed=99)
    before, n = score_prior(new, make_prior(choice.spread, 1, 3))
    assert score_prior(new, learned.prior)[0] > before + 0.01 * n


def test_score_is_of_subjects_that_the_prior_was_not_learned_from(parts, choice):
    """One part of opposite subjects: what the others teach is wrong for it, and it knows that."""
    opposite = make_subjects(12, seed=0, mean=MEAN * [1, -1, 1, -1])
    found = learn_prior([*parts[:2], opposite], choice)
    assert found is None or found.score < learn_prior(parts, choice).score - 0.02


def test_weights_of_states_stay_independent(parts, choice):
    learned = learn_prior(parts, choice, n_own=1)
    start = make_prior(choice.spread, 1, 3)
    state = 2
    others = [0, 1, 3]
    assert learned.prior.mean[state] == 0
    assert not learned.prior.covariance[state, others].any()
    size = learned.prior.covariance[state, state] / start.covariance[state, state]
    assert min(abs(size - each) for each in (0.5, 1, 2)) < 1e-12
    np.testing.assert_array_equal(_shared(parts[0], 1), [True, True, False, True])


def test_subjects_alike_need_no_prior(parts):
    none = Choice(Spread(0, 0, 0, 0, 0), -0.5, -0.5)
    assert learn_prior(parts, none) is None
    assert learn_prior(parts[:1], choose_spread(parts[:1])) is None


def test_subjects_as_the_independent_prior_says_keep_it():
    spread = Spread(0.3, 0.3, 0.3, 0.0, 0.0)
    prior = make_prior(spread, 1, 3)
    parts = [make_subjects(4, seed, prior.mean, prior.covariance, 40) for seed in range(3)]
    choice = choose_spread(parts)
    found = learn_prior(parts, choice)
    assert found is None or found.score - choice.score < 0.01
