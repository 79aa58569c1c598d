"""Baselines: closed forms, default terms, scale."""

from importlib import import_module

import numpy as np
import pytest
from scipy.special import expit, log_expit

from neuroalrnn.baselines import (
    class_frequency,
    default_terms,
    logistic,
    standard_baselines,
)
from neuroalrnn.data import design
from neuroalrnn.data.scaling import standardise
from neuroalrnn.exceptions import DataError


@pytest.fixture(scope="module")
def trials(fit):
    return fit.trials


def test_class_frequency_is_that_of_the_training_trials(trials):
    train, test = np.arange(100), np.arange(100, 110)
    n_right = int(trials["choice"].values[:100].sum())
    found = np.exp(class_frequency(trials, train, test))
    np.testing.assert_allclose(found[:, 1], (n_right + 0.5) / 101)
    np.testing.assert_allclose(found.sum(axis=1), 1)


def test_logistic_needs_the_product_to_follow_the_rule(trials):
    train, test = np.arange(600), np.arange(600, 720)
    choice = trials["choice"].values[test].astype(int)

    def score(terms):
        return logistic(trials, train, test, terms=terms)[np.arange(120), choice].mean()

    assert score(["stimulus", "rule"]) < -0.65
    assert score(["stimulus", "rule", "stimulus:rule"]) > -0.45


def test_units_of_a_variable_do_not_matter(trials):
    train, test = np.arange(600), np.arange(600, 720)
    terms = ["stimulus", "rule", "stimulus:rule"]
    other = trials.assign(stimulus=1000 * trials["stimulus"])
    np.testing.assert_allclose(
        logistic(trials, train, test, terms=terms), logistic(other, train, test, terms=terms)
    )


def by_newton(features, choice):
    """Weights that maximise the likelihood less half their squares, the intercept free."""
    design = np.c_[np.ones(len(features)), features]
    held = np.diag(np.r_[0.0, np.ones(features.shape[1])])
    weights = np.zeros(design.shape[1])
    for _ in range(50):
        p = expit(design @ weights)
        slope = design.T @ (choice - p) - held @ weights
        weights += np.linalg.solve((design * (p * (1 - p))[:, None]).T @ design + held, slope)
    return weights


@pytest.mark.parametrize("terms", [["stimulus"], ["stimulus", "rule:stimulus", "choice[-1]"]])
def test_single_log_probabilities_are_those_at_the_maximum(trials, terms):
    train, test = np.arange(600), np.arange(600, 720)
    features = design(standardise(trials, train), terms).to_numpy()
    weights = by_newton(features[train], trials["choice"].values[train])
    drive = weights[0] + features[test] @ weights[1:]
    expected = np.c_[log_expit(-drive), log_expit(drive)]
    found = logistic(trials, train, test, terms=terms)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-8)


def test_more_weights_than_newton_steps_suit_are_fitted_as_well(trials, monkeypatch):
    train, test = np.arange(600), np.arange(600, 720)
    terms = ["stimulus", "rule", "stimulus:rule"]
    expected = logistic(trials, train, test, terms=terms)
    monkeypatch.setattr(import_module("neuroalrnn.baselines.logistic"), "MOST_NEWTON", 1)
    found = logistic(trials, train, test, terms=terms)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)


def test_an_indicator_goes_on_selecting_trials(trials):
    """Where it is 0 its product is, whatever its mean."""
    late = (trials["trial_in_session"] % 4 > 0).astype(float)
    late = trials.assign(late=late.assign_attrs(coding="indicator"))
    products = design(standardise(late, np.arange(50)), ["stimulus:late"]).to_numpy()[:, 0]
    assert not products[late["late"].values == 0].any()
    assert products[late["late"].values == 1].all()


def test_default_terms_hold_products_and_lagged_choices_with_outcomes(trials):
    terms = default_terms(trials, ["stimulus", "rule", "choice", "correct"])
    assert terms[:3] == ["stimulus", "rule", "stimulus:rule"]
    assert "choice[-5]" in terms
    assert "choice[-1]:correct[-1]" in terms
    assert len(terms) == 3 + 5 * 2


def test_named_terms_of_the_dataset_come_first(trials):
    named = trials.assign_attrs(baselines='{"mine": ["stimulus:rule"]}')
    assert list(standard_baselines(named, [])) == ["class frequency", "mine"]
    assert list(standard_baselines(trials, ["stimulus"])) == ["class frequency", "history-logistic"]


def test_an_option_never_chosen_in_training_stays_possible(trials):
    only_left = np.flatnonzero(trials["choice"].values == 0)
    three = trials.copy(deep=True)
    three["choice"].attrs["labels"] = ["left", "right", "none"]
    mixed = np.r_[only_left[:50], np.flatnonzero(trials["choice"].values == 1)[:50]]
    found = logistic(three, mixed, np.arange(5), terms=["stimulus"])
    assert np.isfinite(found).all()
    assert (found[:, 2] < -700).all()


def test_training_choices_of_one_kind_are_predicted_by_their_frequency(trials):
    train, test = np.flatnonzero(trials["choice"].values == 1), np.arange(10)
    found = logistic(trials, train, test, terms=["stimulus"])
    np.testing.assert_array_equal(found, class_frequency(trials, train, test))
    rows = tuple(train.tolist()), tuple(test.tolist())
    np.testing.assert_array_equal(found, logistic(trials, *rows, terms=["stimulus"]))


def test_an_outlier_leaves_no_choice_impossible(trials):
    stimulus = trials["stimulus"].astype(float).copy(deep=True)
    stimulus[0] = 1e29
    terms, train = ["stimulus"], np.arange(100, 300)
    found = logistic(trials.assign(stimulus=stimulus), train, np.arange(3), terms=terms)
    assert np.isfinite(found).all()


def test_terms_of_the_dataset_are_read_before_anything_is_fitted(trials):
    with pytest.raises(DataError, match="term 'stimulu': 'stimulu' is unknown; did you mean"):
        standard_baselines(trials.assign_attrs(baselines='{"mine": ["stimulu"]}'), [])
