"""GLM-HMM: ascent, the one-state limit, a simulated model found again, causality."""

import numpy as np
import pytest
import xarray as xr
from sklearn.linear_model import LogisticRegression

import data_loaders
from neuroalrnn.baselines import glm_hmm
from neuroalrnn.baselines._glm_hmm import (
    GLMHMM,
    _climb,
    fit_glm_hmm,
    infer_states,
    log_options,
    predict_glm_hmm,
)
from neuroalrnn.baselines._hidden_states import filter_states
from neuroalrnn.baselines._kinds import Rows, group_rows
from neuroalrnn.data import design
from tests.baselines.test_hidden_states import smooth

STAY = 0.95
TRUE = GLMHMM(
    np.array([0.5, 0.5]),
    np.array([[STAY, 1 - STAY], [1 - STAY, STAY]]),
    np.array([[[0.3, 3.0]], [[-1.0, -2.0]]]),
)


def simulate(model, n_sessions=20, n_rows=200, n_options=2, seed=0):
    """Choices of a model given a constant and random features."""
    return draw(model, n_sessions, n_rows, n_options, seed)[0]


def draw(model, n_sessions=20, n_rows=200, n_options=2, seed=0):
    """The same, and the states in which they were made."""
    rng = np.random.default_rng(seed)
    n, n_states = n_sessions * n_rows, len(model.start)
    features = np.c_[np.ones(n), rng.normal(size=(n, model.weights.shape[2] - 1))]
    first = np.arange(n) % n_rows == 0
    probability = np.exp(log_options(model.weights, features)).transpose(2, 0, 1)
    choice, state = np.zeros((2, n), int)
    for t in range(n):
        chance = model.start if first[t] else model.transition[state[t - 1]]
        state[t] = rng.choice(n_states, p=chance)
        choice[t] = rng.choice(n_options, p=probability[t, state[t]])
    return Rows(features, choice, first), state


@pytest.fixture(scope="module")
def observed():
    return simulate(TRUE)


def as_trials(observed, n_subjects=4):
    n = len(observed.choice)
    session = np.cumsum(observed.first) - 1
    subject = session * n_subjects // (session[-1] + 1)
    return xr.Dataset(
        {
            "choice": ("trial", observed.choice.astype(float), {"labels": ["left", "right"]}),
            "cue": ("trial", observed.features[:, 1]),
        },
        coords={
            "subject": ("trial", np.array([f"s{i}" for i in subject])),
            "session": ("trial", np.array([f"{i}" for i in session])),
            "trial_in_session": ("trial", np.arange(n) % (n // (session[-1] + 1))),
        },
    )


@pytest.mark.parametrize(("n_options", "n_outputs"), [(2, 1), (3, 3)])
def test_log_posterior_never_falls(n_options, n_outputs):
    rng = np.random.default_rng(1)
    features = rng.normal(size=(300, 4)) * np.array([1, 1, 5, 0.1])
    choice = rng.integers(-1, n_options, 300)
    observed = Rows(features, choice, np.arange(300) % 37 == 0)
    for seed in range(3):
        model, path = fit_glm_hmm(
            group_rows(observed, n_options),
            n_options,
            3,
            rng=np.random.default_rng(seed),
            n_restarts=2,
            tolerance=1e-9,
        )
        assert model.weights.shape == (3, n_outputs, 4)
        assert len(path) > 20
        assert np.diff(path).min() > -1e-9


@pytest.mark.parametrize("n_options", [2, 3])
def test_one_state_is_the_logistic_regression_with_the_same_penalty(n_options):
    rng = np.random.default_rng(2)
    features = np.c_[np.ones(400), rng.normal(size=(400, 3))]
    logits = features @ rng.normal(size=(4, n_options))
    choice = np.argmax(logits + rng.gumbel(size=logits.shape), axis=1)
    observed = Rows(features, choice, np.arange(400) % 100 == 0)
    model, _ = fit_glm_hmm(group_rows(observed, n_options), n_options, 1, rng=rng, tolerance=1e-12)
    other = LogisticRegression(C=1.0, fit_intercept=False, tol=1e-10, max_iter=5000)
    expected = other.fit(features, choice).predict_log_proba(features)
    np.testing.assert_allclose(predict_glm_hmm(model, observed), expected, atol=1e-6)


def climb_plainly(rows, n_options, model, n_steps):
    """Expectation maximisation row by row, as it is written down."""
    n_states, n_outputs = model.weights.shape[:2]
    counted = rows.choice >= 0
    made = np.eye(n_options)[rows.choice][:, -n_outputs:]
    for _ in range(n_steps):
        every = log_options(model.weights, rows.features, rows.offered).transpose(2, 0, 1)
        said = every[np.arange(len(rows.choice)), :, rows.choice] * counted[:, None]
        _, posterior, moves = smooth(said, model.start, model.transition, rows.first)
        begun = posterior[rows.first].sum(axis=0) + 1
        moves = moves + 1 + 10 * np.eye(n_states)
        weights = model.weights.copy()
        for k in range(n_states):
            share, p = posterior[:, k] * counted, np.exp(every[:, k, -n_outputs:])
            slope = np.einsum("t,to,tf->of", share, made - p, rows.features) - weights[k]
            spread = p[:, :, None] * (np.eye(n_outputs) - p[:, None])
            curvature = np.einsum("t,tij,tf,tg->ifjg", share, spread, rows.features, rows.features)
            curvature = curvature.reshape(slope.size, slope.size) + np.eye(slope.size)
            weights[k] += np.linalg.solve(curvature, slope.ravel()).reshape(slope.shape)
        transition = moves / moves.sum(axis=1, keepdims=True)
        model = GLMHMM(begun / begun.sum(), transition, weights)
    return model


@pytest.mark.parametrize(("n_options", "limited"), [(2, False), (3, False), (3, True)])
def test_steps_are_those_of_plain_loops(n_options, limited):
    rng = np.random.default_rng(4)
    features = np.c_[np.ones(500), rng.integers(-1, 2, (500, 2)) / 2]
    offered = np.ones((500, n_options), bool)
    offered[:, 0] = rng.random(500) < 0.8 if limited else True
    choice = np.where(rng.random(500) < 0.9, rng.integers(1, n_options, 500), -1)
    choice[offered[:, 0] & (features[:, 1] > 0)] = 0
    rows = Rows(features, choice, np.arange(500) % 70 == 0, offered if limited else None)
    n_outputs = 1 if n_options == 2 else n_options
    weights = rng.normal(size=(3, n_outputs, 3)) / 2
    start = GLMHMM(np.full(3, 1 / 3), np.full((3, 3), 0.1) + 0.7 * np.eye(3), weights)
    kinds = group_rows(rows, n_options)
    assert len(kinds.features) < 100
    found, path = _climb(start, kinds, -np.inf, 4)
    expected = climb_plainly(rows, n_options, start, 4)
    assert len(path) == 5
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-9)


def test_simulated_model_is_found_again(observed):
    model, path = fit_glm_hmm(group_rows(observed, 2), 2, 2, rng=np.random.default_rng(0))
    order = np.argsort(-model.weights[:, 0, 1])
    np.testing.assert_allclose(model.weights[order], TRUE.weights, atol=0.35)
    np.testing.assert_allclose(model.transition[np.ix_(order, order)], TRUE.transition, atol=0.02)
    _, single = fit_glm_hmm(group_rows(observed, 2), 2, 1, rng=np.random.default_rng(0))
    assert path[-1] > single[-1] + 200


def test_states_of_new_sessions_come_back_better_with_later_choices_than_without(observed):
    model, _ = fit_glm_hmm(group_rows(observed, 2), 2, 2, rng=np.random.default_rng(0))
    order = np.argsort(-model.weights[:, 0, 1])
    rows, state = draw(TRUE, seed=1)
    before, smoothed = (p[:, order].argmax(axis=1) == state for p in infer_states(model, rows))
    assert 0.75 < before.mean() < smoothed.mean() - 0.05
    assert smoothed.mean() > 0.9


def test_likelihood_and_states_are_those_of_nemos():
    trials = data_loaders.load("pratte2010").isel(trial=slice(0, 432))
    terms = design(trials, ["word", "choice[-1]"]).to_numpy()
    first = np.arange(432) % 144 == 0
    rows = Rows(np.c_[np.ones(432), terms], trials["choice"].values.astype(int), first)
    weights = np.array([[[0.1, 2.0, 0.0]], [[-0.3, -1.0, 0.5]]])
    chain = np.array([0.7, 0.3]), np.array([[0.9, 0.1], [0.2, 0.8]])
    model = GLMHMM(*chain, weights)
    said = predict_glm_hmm(model, rows)[np.arange(432), rows.choice]
    _, smoothed = infer_states(model, rows)
    # by forward_backward of nemos 0.2.8, in double precision
    assert said.sum() == pytest.approx(-223.39910227214702, abs=1e-10)
    np.testing.assert_allclose(smoothed.sum(axis=0), [305.55697776, 126.44302224], atol=1e-8)
    expected = [[0.94715154, 0.05284846], [0.16490505, 0.83509495], [0.95509041, 0.04490959]]
    np.testing.assert_allclose(smoothed[[10, 200, 431]], expected, atol=1e-8)


@pytest.mark.parametrize("n_options", [2, 3])
def test_state_of_lapses_is_found_again_and_heeds_nothing_but_the_constant(n_options):
    weights = np.zeros((2, 1 if n_options == 2 else 3, 3))
    weights[0, :, 1:] = [[4.0, -3.0], [-3.0, 4.0], [0.0, 0.0]][: len(weights[0])]
    weights[1, 0, 0] = 1.0
    rows = simulate(TRUE._replace(weights=weights), n_options=n_options)
    options = {"rng": np.random.default_rng(0), "n_restarts": 3, "lapses": True}
    model, path = fit_glm_hmm(group_rows(rows, n_options), n_options, 2, **options)
    assert np.diff(path).min() > -1e-9
    assert not model.weights[1, :, 1:].any()
    gap = model.weights - weights
    gap -= gap.mean(axis=1, keepdims=True) if n_options > 2 else 0.0
    np.testing.assert_allclose(gap, 0, atol=0.5)
    np.testing.assert_allclose(model.transition, TRUE.transition, atol=0.02)


def test_predictions_are_the_filtered_mixture(observed):
    few = Rows(*(part[:30] for part in observed[:3]))
    found = predict_glm_hmm(TRUE, few)
    every = log_options(TRUE.weights, few.features).transpose(2, 0, 1)
    made = every[np.arange(30), :, few.choice]
    total, before, _ = filter_states(made, TRUE.start, TRUE.transition, few.first)
    np.testing.assert_allclose(np.exp(found).sum(axis=1), 1)
    np.testing.assert_allclose(found[np.arange(30), few.choice].sum(), total)
    np.testing.assert_allclose(np.exp(found[0]), before[0] @ np.exp(every[0]))


def test_later_choices_and_other_sessions_do_not_matter(observed):
    trials, train, test = as_trials(observed), np.arange(3000), np.arange(3000, 4000)
    changed = trials.copy(deep=True)
    changed["choice"][3250] = 1 - changed["choice"][3250]
    options = {"terms": ["cue"], "n_states": (2,), "n_restarts": 2}
    one, other = (glm_hmm(t, train, test, **options) for t in (trials, changed))
    same = (one == other).all(axis=1)
    assert same[:251].all()
    assert not same[251:255].any()
    assert same[400:].all()


def test_states_before_a_choice_know_nothing_of_it_and_smoothed_ones_do(observed):
    trials, train, test = as_trials(observed), np.arange(3000), np.arange(3000, 3400)
    trials["choice"][3000] = np.nan
    fitted = glm_hmm.fit(trials, train, terms=["cue"], n_states=(2,), n_restarts=2)
    found = fitted.states(trials, test)
    assert list(found["term"]) == ["constant", "cue"]
    changed = trials.copy(deep=True)
    changed["choice"][3050] = 1 - changed["choice"][3050]
    other = fitted.states(changed, test)
    same = (found["before_choice"] == other["before_choice"]).all(axis=1)
    assert same[:51].all()
    assert not same[51:55].any()
    assert np.abs(found["smoothed"][45:51] - other["smoothed"][45:51]).max() > 1e-3
    # sessions have 200 rows
    np.testing.assert_array_equal(found["smoothed"][200:], other["smoothed"][200:])


def test_choices_that_do_not_count_leave_no_trace_in_the_states(observed):
    trials, train, test = as_trials(observed), np.arange(3000), np.arange(3000, 4000)
    counts = np.arange(4000) % 10 != 3
    trials["scored"] = ("trial", counts)
    changed = trials.copy(deep=True)
    changed["choice"][~counts] = np.nan
    options = {"terms": ["cue"], "n_states": (2,), "n_restarts": 2}
    one, other = (glm_hmm(t, train[counts[train]], test, **options) for t in (trials, changed))
    np.testing.assert_array_equal(one, other)
    assert np.isfinite(one).all()


def test_number_of_states_is_chosen_inside(observed):
    trials, train, test = as_trials(observed), np.arange(3000), np.arange(3000, 4000)
    subject = trials["subject"].values[train]

    def inner(train):
        return [(train[subject != name], train[subject == name]) for name in ("s0", "s1")]

    options = {"terms": ["cue"], "n_restarts": 2}
    found = glm_hmm(trials, train, test, inner=inner, n_states=(1, 2), **options)
    expected = glm_hmm(trials, train, test, n_states=(2,), **options)
    np.testing.assert_array_equal(found, expected)


def test_training_choices_of_one_kind_are_predicted_without_overflow(observed):
    trials = as_trials(observed)
    trials["choice"][:] = 1.0
    found = glm_hmm(trials, np.arange(300), np.arange(3000, 3010), terms=["cue"], n_states=(2,))
    assert np.isfinite(found).all()
    assert found[:, 1].mean() > -0.1
