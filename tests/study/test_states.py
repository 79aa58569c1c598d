"""Hidden states of a GLM-HMM: kept with the fit and on disk, alike in all folds, held out."""

from functools import partial

import numpy as np
import pytest

from neuroalrnn.baselines import glm_hmm
from neuroalrnn.data import SubjectKFold, design
from neuroalrnn.data.scaling import standardiser
from neuroalrnn.exceptions import ResultError
from neuroalrnn.results import Fit
from neuroalrnn.study.states import STATES, match_states, tabulate_states

TERMS = ["stimulus", "rule:stimulus", "choice[-1]"]


@pytest.fixture
def one_glm_hmm(monkeypatch):
    """Compare with a GLM-HMM of two states alone."""
    options = {"terms": TERMS, "n_states": (2,), "n_restarts": 1}
    baseline = partial(glm_hmm, **options)
    baseline.fit = partial(glm_hmm.fit, **options)
    named = {"GLM-HMM": baseline}
    monkeypatch.setattr("neuroalrnn.study.crossval.cognitive_baselines", lambda *a: named)
    monkeypatch.setattr("neuroalrnn.study.crossval.recurrent_baselines", lambda study: {})


@pytest.fixture
def options(tmp_path):
    """A short fit that is kept on disk."""
    own = {"n_pwl": (0,), "n_restarts": 1, "baselines": "all"}
    return own | {"resume": tmp_path / "kept"}


@pytest.mark.usefixtures("one_glm_hmm")
def test_a_fit_keeps_states_that_explain_its_predictions(trials, fit, options, tmp_path):
    found = fit(trials, SubjectKFold(2), **options)
    states = found.states.sel(model="GLM-HMM")
    assert list(states["term"].values) == ["constant", *TERMS]
    for name in ("before_choice", "smoothed", "transition"):
        np.testing.assert_allclose(states[name].sum(states[name].dims[-1]), 1, atol=1e-6)
    use = states["smoothed"].sum("trial").values
    assert use[0] >= use[1]
    # the prediction is the mixture over the states that the choices before leave likely
    predicted = found.predictions["probability"].sel(model="GLM-HMM", option="right")
    for k, fold in enumerate(found.folds):
        train = np.flatnonzero(found.splits["fold"].values != k)
        test = np.flatnonzero(found.splits["fold"].values == k)
        terms = design(standardiser(found.trials, train)(found.trials), TERMS).to_numpy()[test]
        weight = states["weight"].sel(fold=fold.name, output="right").values
        chance = 1 / (1 + np.exp(-np.c_[np.ones(len(test)), terms] @ weight.T))
        mixture = (states["before_choice"].values[test] * chance).sum(axis=1)
        np.testing.assert_allclose(predicted[test], mixture, atol=1e-5)
    found.save(tmp_path / "fit.nc")
    assert Fit.load(tmp_path / "fit.nc").states.equals(found.states)
    assert fit(trials, SubjectKFold(2), **options).states.equals(found.states)


def test_states_are_matched_by_their_weights():
    rng = np.random.default_rng(0)
    weights = 3 * rng.normal(size=(4, 2, 5))
    order = rng.permutation(4)
    near = [each + 0.1 * rng.normal(size=each.shape) for each in (weights[order], weights[[2, 0]])]
    first, second, third = match_states([weights, *near])
    np.testing.assert_array_equal(first, range(4))
    np.testing.assert_array_equal(second, order)
    np.testing.assert_array_equal(third, [2, 0])


def test_models_that_were_left_out_leave_no_states():
    assert tabulate_states(None, {}) is None
    assert tabulate_states(None, {"effect": {}, f"{STATES}start": {}}) is None
    some_folds = {"GLM-HMM": [np.ones(1), None]}
    assert tabulate_states(None, {f"{STATES}start": some_folds}) is None


def test_a_fit_without_a_glm_hmm_says_how_to_get_states(fitted):
    with pytest.raises(ResultError, match=r"no hidden states.*baselines=\"all\""):
        _ = fitted.states
