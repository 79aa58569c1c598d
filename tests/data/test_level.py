"""Scores on one level: options offered, and labels that nobody in training chose."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from scipy.special import log_softmax
from sklearn.linear_model import LogisticRegression

from neuroalrnn.baselines import class_frequency, glm_hmm, logistic, q_learning
from neuroalrnn.baselines._among import fit_among, log_among
from neuroalrnn.baselines.frequency import _fit_worths
from neuroalrnn.data.level import _raise_unseen, _restrict, level
from neuroalrnn.data.tables import from_frame

RNG = np.random.default_rng(0)
LOG_P = log_softmax(RNG.normal(size=(50, 4)), axis=1)
OFFERED = RNG.random((50, 4)) < 0.6
OFFERED[:, 0] = True


def test_probabilities_among_the_options_offered_keep_their_ratios():
    p = np.exp(_restrict(LOG_P, OFFERED))
    np.testing.assert_allclose(p.sum(axis=1), 1)
    assert (p[~OFFERED] == 0).all()
    np.testing.assert_allclose(
        (p / p[:, :1])[OFFERED], np.exp(LOG_P - LOG_P[:, :1])[OFFERED], rtol=1e-12
    )


def test_a_row_that_offers_nothing_stays_as_it_is():
    offered = OFFERED.copy()
    offered[3] = False
    np.testing.assert_allclose(_restrict(LOG_P, offered)[3], LOG_P[3])
    assert np.isnan(_restrict(np.full((1, 2), np.nan), np.array([[True, False]]))).any()


@pytest.mark.parametrize("tiny", [-1e4, -np.inf, -50.0])
def test_an_unseen_label_gets_the_floor_and_others_pay_for_it(tiny):
    log_p = np.array([[np.log(0.75), np.log(0.25), tiny, tiny], [-2.0, -1.0, -1.5, np.nan]])
    log_p[1, 3] = np.log1p(-np.exp(log_p[1, :3]).sum())
    unseen, floor = np.array([False, False, True, True]), np.log(0.01)
    raised = _raise_unseen(log_p, unseen, floor)
    np.testing.assert_allclose(np.exp(raised[0]), [0.735, 0.245, 0.01, 0.01])
    np.testing.assert_allclose(raised[1], log_p[1])  # above the floor nothing is taken
    np.testing.assert_allclose(_raise_unseen(raised, unseen, floor), raised)


def test_where_only_unseen_labels_are_possible_probabilities_still_add_up():
    unseen, floor = np.array([False, True, True]), np.log(0.01)
    log_p = np.array([[-np.inf, np.log(0.5), np.log(0.5)], [-800.0, -800.0, 0.0]])
    raised = _raise_unseen(log_p, unseen, floor)
    np.testing.assert_allclose(np.exp(raised).sum(axis=1), 1)
    assert (raised[:, 1:] > floor - 0.02).all()


def test_what_is_missing_stays_missing():
    log_p = np.full((2, 3), np.nan)
    assert np.isnan(_raise_unseen(log_p, np.array([True, False, False]), -3.0)).all()


def test_worths_are_frequencies_where_all_is_offered_and_the_best_among_offers_else():
    code = np.array([0, 1, 1, 2, 2, 2])
    np.testing.assert_allclose(_fit_worths(code, None, 4), [1.5 / 8, 2.5 / 8, 3.5 / 8, 0.5 / 8])
    np.testing.assert_allclose(
        _fit_worths(code, np.ones((6, 4), dtype=bool), 4), _fit_worths(code, None, 4)
    )
    code = np.array([RNG.choice(np.flatnonzero(each)) for each in OFFERED])

    def loss(free):
        worth = np.r_[0.0, free]
        each = np.where(OFFERED, worth, -1e3)
        whole = log_softmax(worth)
        return -(log_softmax(each, axis=1)[np.arange(50), code].sum() + whole.sum() / 2)

    best = minimize(loss, np.zeros(3), tol=1e-12).x
    found = np.log(_fit_worths(code, OFFERED, 4))
    np.testing.assert_allclose(found[1:] - found[0], best, atol=1e-4)


@pytest.fixture(scope="module")
def limited():
    """Three options; the third is offered rarely; choices are coin tosses among those offered."""
    rng, n_trials = np.random.default_rng(1), 2000
    offered = np.ones((n_trials, 3), dtype=bool)
    offered[np.arange(n_trials), rng.choice(3, n_trials, p=[0.1, 0.2, 0.7])] = False
    frame = pd.DataFrame(offered * 1.0, columns=["a", "b", "c"])
    frame["subject"] = np.arange(n_trials) // 500
    frame["reward"] = rng.integers(0, 2, n_trials)
    frame["choice"] = [rng.choice(np.flatnonzero(each)) for each in offered]
    trials = from_frame(frame, {name: name for name in frame}, labels=[0, 1, 2])
    trials["choice"].attrs["offered"] = ["a", "b", "c"]
    return trials


def test_class_frequency_is_at_chance_among_the_options_offered(limited):
    rows = np.arange(limited.sizes["trial"])
    value = class_frequency(limited, rows, rows)
    code = limited["choice"].values.astype(int)
    assert abs(value[rows, code].mean() + np.log(2)) < 0.002
    np.testing.assert_allclose(np.exp(value).sum(axis=1), 1)
    np.testing.assert_allclose(level(value, limited, rows, rows), value)


def test_a_regression_among_all_options_is_that_of_scikit_learn():
    features = RNG.normal(size=(200, 3))
    code = (features @ RNG.normal(size=(3, 4)) + RNG.gumbel(size=(200, 4))).argmax(axis=1)
    everything = np.ones((200, 4), dtype=bool)
    weights = fit_among(features, code, everything)
    best = LogisticRegression(tol=1e-10, max_iter=10_000).fit(features, code)
    np.testing.assert_allclose(
        np.exp(log_among(weights, features, everything)), best.predict_proba(features), atol=1e-4
    )


def test_a_regression_among_offers_finds_what_choices_depend_on():
    offered = RNG.random((4000, 3)) < [0.9, 0.6, 0.3]
    offered[np.arange(4000), RNG.integers(0, 3, 4000)] = True
    features = RNG.normal(size=(4000, 1))
    true = np.array([[0.0, 0.0], [1.0, 0.5], [-1.0, 1.0]])
    drive = features @ true[:, :1].T + true[:, 1]
    code = (np.where(offered, drive, -np.inf) + RNG.gumbel(size=drive.shape)).argmax(axis=1)
    found = fit_among(features, code, offered)
    np.testing.assert_allclose(found - found[0], true, atol=0.2)


@pytest.mark.parametrize(
    "baseline",
    [
        partial(logistic, terms=["choice[-1]"]),
        partial(glm_hmm, terms=["choice[-1]"], n_states=(1,)),
        partial(q_learning, members=("plain",)),
    ],
    ids=["logistic", "GLM-HMM", "Q-learning"],
)
def test_regressions_and_agents_are_at_chance_among_the_options_offered(baseline, limited):
    rows = np.arange(limited.sizes["trial"])
    value = level(baseline(limited, rows[:1000], rows[1000:]), limited, rows[:1000], rows[1000:])
    code = limited["choice"].values[1000:].astype(int)
    assert abs(value[np.arange(1000), code].mean() + np.log(2)) < 0.01
    np.testing.assert_allclose(level(value, limited, rows[:1000], rows[1000:]), value)
