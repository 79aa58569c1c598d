"""GLM-HMM with covariates in its transitions: all paths, the plain limit, a model found again."""

from itertools import product

import numpy as np
import pytest
from scipy.linalg import block_diag
from scipy.special import log_softmax

from neuroalrnn.baselines import glm_hmm
from neuroalrnn.baselines._driven import (
    DrivenGLMHMM,
    _curve,
    _expected_moves,
    _log_moves,
    _slope,
    climb_driven,
    fit_driven,
    log_moves,
    predict_driven,
)
from neuroalrnn.baselines._glm_hmm import (
    GLMHMM,
    fit_glm_hmm,
    log_options,
    predict_glm_hmm,
)
from neuroalrnn.baselines._hidden_states import expect_states, lay_in_lanes
from neuroalrnn.baselines._kinds import Rows, group_rows
from neuroalrnn.exceptions import DataError
from tests.baselines.test_glm_hmm import as_trials

TRUE = DrivenGLMHMM(
    GLMHMM(
        np.array([0.5, 0.5]),
        np.array([[0.9, 0.1], [0.2, 0.8]]),
        np.array([[[0.5, 2.5]], [[-0.5, -2.5]]]),
    ),
    np.array([[1.0], [-1.0]]),
)


def random_model(n_states, n_outputs, n_features, rng):
    weights = rng.normal(size=(n_states, n_outputs, n_features))
    chain = rng.dirichlet(np.ones(n_states)), rng.dirichlet(np.ones(n_states), n_states)
    return DrivenGLMHMM(GLMHMM(*chain, weights), rng.normal(size=(n_states, n_features - 1)))


def random_rows(n_rows, n_options, rng, *, discrete=False):
    features = np.c_[np.ones(n_rows), rng.normal(size=(n_rows, 2))]
    features = np.round(features) if discrete else features
    choice = rng.integers(-1, n_options, n_rows)
    return Rows(features, choice, np.arange(n_rows) % 5 == 0)


def simulate(model, n_sessions=20, n_rows=200, seed=0):
    rng = np.random.default_rng(seed)
    n = n_sessions * n_rows
    features = np.c_[np.ones(n), rng.normal(size=n)]
    first = np.arange(n) % n_rows == 0
    move = np.exp(log_moves(model, features))
    right = np.exp(log_options(model.plain.weights, features))[:, 1]
    state, choice = np.zeros(n, int), np.zeros(n, int)
    for t in range(n):
        chance = model.plain.start if first[t] else move[state[t - 1], :, t]
        state[t] = rng.random() < chance[1]
        choice[t] = rng.random() < right[state[t], t]
    return Rows(features, choice, first)


def all_paths(model, rows):
    """Log-probability of every path of one session with its choices, and the paths."""
    n_rows, n_states = len(rows.choice), len(model.plain.start)
    every = np.array(list(product(range(n_states), repeat=n_rows)))
    total = np.zeros(len(every))
    for p, path in enumerate(every):
        for t, k in enumerate(path):
            if t == 0:
                total[p] += np.log(model.plain.start[k])
            else:
                odds = model.plain.transition[path[t - 1]] * np.exp(
                    model.pull @ rows.features[t, 1:]
                )
                total[p] += np.log(odds[k] / odds.sum())
            if rows.choice[t] >= 0:
                said = log_options(model.plain.weights, rows.features[t : t + 1])
                total[p] += said[k, rows.choice[t], 0]
    return total, every


@pytest.mark.parametrize(("n_states", "n_options"), [(2, 2), (3, 3)])
def test_counts_and_predictions_are_those_of_all_paths(n_states, n_options):
    rng = np.random.default_rng(n_states)
    model = random_model(n_states, 1 if n_options == 2 else n_options, 3, rng)
    rows = random_rows(5, n_options, rng)
    log_weight, every = all_paths(model, rows)
    share = np.exp(log_weight - np.logaddexp.reduce(log_weight))
    said = log_options(model.plain.weights, rows.features)
    said = np.where(rows.choice >= 0, said[:, np.maximum(rows.choice, 0), np.arange(5)], 0.0)
    lanes = lay_in_lanes(np.arange(5), rows.first)
    steps = np.exp(log_moves(model, rows.features))
    total, posterior, begun, moves = expect_states(np.exp(said), model.plain.start, steps, lanes)
    np.testing.assert_allclose(total, np.logaddexp.reduce(log_weight), rtol=1e-12)
    expected = np.zeros((n_states, n_states, 5))
    for path, weight in zip(every, share, strict=True):
        np.add.at(expected, (path[:-1], path[1:], np.arange(1, 5)), weight)
    np.testing.assert_allclose(moves, expected, atol=1e-12)
    states = np.stack([share @ (every == k) for k in range(n_states)])
    np.testing.assert_allclose(posterior, states, atol=1e-12)
    np.testing.assert_allclose(begun, states[:, 0], atol=1e-12)
    found = predict_driven(model, rows)
    for t in range(5):
        before = all_paths(model, Rows(*(part[:t] for part in rows[:3])))[0] if t else np.zeros(1)
        for option in range(n_options):
            now = Rows(*(part[: t + 1].copy() for part in rows[:3]))
            now.choice[t] = option
            ratio = np.logaddexp.reduce(all_paths(model, now)[0]) - np.logaddexp.reduce(before)
            np.testing.assert_allclose(found[t, option], ratio, atol=1e-12)


def test_without_weights_it_is_the_plain_model():
    rng = np.random.default_rng(0)
    model, rows = random_model(3, 1, 3, rng), random_rows(60, 2, rng, discrete=True)
    still = model._replace(pull=np.zeros((3, 2)))
    np.testing.assert_allclose(
        predict_driven(still, rows), predict_glm_hmm(model.plain, rows), rtol=1e-12
    )
    kinds = group_rows(rows, 2)
    said = rng.random((3, 2 * len(kinds.features)))
    chain = model.plain.start, model.plain.transition
    plain = expect_states(said, *chain, kinds.lanes)
    steps = np.repeat(chain[1][:, :, None], len(kinds.features), axis=2)
    driven = expect_states(said, chain[0], steps, kinds.lanes)
    for one, other in zip(driven, [*plain[:3], plain[3]], strict=True):
        one = one.sum(axis=2) if np.ndim(one) == 3 else one
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-12)


def test_slope_and_curvature_of_the_transitions_are_those_of_differences():
    rng = np.random.default_rng(2)
    base, pull = np.log(rng.dirichlet(np.ones(3), 3)), rng.normal(size=(3, 2))
    inputs, moves = rng.normal(size=(6, 2)), rng.gamma(1.0, size=(3, 3, 6))

    def at(free):
        row, weights = base + free[:9].reshape(3, 3), pull + free[9:].reshape(3, 2)
        return log_softmax(row, axis=1), weights, _log_moves(row, weights, inputs)

    h, eye = 1e-5, np.eye(15)
    values = [[_expected_moves(*at(d * h * e), moves) for d in (1, -1)] for e in eye]
    slopes = [[_slope(*at(d * h * e), moves, inputs) for d in (1, -1)] for e in eye]
    here = at(np.zeros(15))
    slope = _slope(*here, moves, inputs)
    np.testing.assert_allclose(slope, -np.diff(values)[:, 0] / (2 * h), atol=1e-6)
    expected = np.diff(slopes, axis=1)[:, 0] / (2 * h)
    expected[:9, :9] += block_diag(*np.ones((3, 3, 3)))
    np.testing.assert_allclose(_curve(*here, moves, inputs), expected, atol=1e-6)


@pytest.mark.parametrize("n_options", [2, 3])
def test_log_posterior_never_falls(n_options):
    rng = np.random.default_rng(4)
    rows = random_rows(200, n_options, rng)
    model = random_model(3, 1 if n_options == 2 else 3, 3, rng)
    path = climb_driven(model, group_rows(rows, 2), 1e-9, 60)[1]
    assert len(path) > 20
    assert np.diff(path).min() > -1e-9


def test_simulated_model_is_found_again_and_explains_more_than_the_plain_one():
    rows = simulate(TRUE, seed=1)
    found, path = fit_driven(group_rows(rows, 2), 2, 2, rng=np.random.default_rng(0), n_restarts=2)
    order = np.argsort(-found.plain.weights[:, 0, 1])
    np.testing.assert_allclose(found.plain.weights[order], TRUE.plain.weights, atol=0.35)
    transition = found.plain.transition[np.ix_(order, order)]
    np.testing.assert_allclose(transition, TRUE.plain.transition, atol=0.04)
    np.testing.assert_allclose(found.pull[order], TRUE.pull, atol=0.15)
    _, plain = fit_glm_hmm(group_rows(rows, 2), 2, 2, rng=np.random.default_rng(0), n_restarts=2)
    assert path[-1] > plain[-1] + 20


def test_later_choices_do_not_matter_and_one_way_must_be_chosen():
    trials = as_trials(simulate(TRUE, n_sessions=8, n_rows=100))
    train, test = np.arange(600), np.arange(600, 800)
    changed = trials.copy(deep=True)
    changed["choice"][650] = 1 - changed["choice"][650]
    options = {"terms": ["cue"], "n_states": (2,), "n_restarts": 1, "driven": True}
    one, other = (glm_hmm(t, train, test, **options) for t in (trials, changed))
    same = (one == other).all(axis=1)
    assert same[:51].all()
    assert not same[51:53].any()
    assert same[100:].all()
    with pytest.raises(DataError, match="expected one"):
        glm_hmm(trials, train, test, lapses=True, **options)


@pytest.mark.parametrize("terms", [[], ["cue"]])
def test_outliers_and_a_lack_of_terms_are_survived(terms):
    trials = as_trials(simulate(TRUE, n_sessions=4, n_rows=50))
    trials["cue"][[10, 160]] = 1e6
    trials["choice"][[11, 161]] = np.nan
    train = np.flatnonzero(np.isfinite(trials["choice"].values[:150]))
    options = {"n_states": (2,), "n_restarts": 1, "driven": True}
    found = glm_hmm(trials, train, np.arange(150, 200), terms=terms, **options)
    np.testing.assert_allclose(np.exp(found).sum(axis=1), 1)
