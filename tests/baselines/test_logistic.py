"""Baselines: closed forms, default terms, scale."""

import numpy as np
import pytest

from neuroalrnn.baselines import (
    class_frequency,
    default_terms,
    logistic,
    standard_baselines,
)
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


def test_an_outlier_leaves_no_choice_impossible(trials):
    stimulus = trials["stimulus"].astype(float).copy(deep=True)
    stimulus[0] = 1e29
    terms, train = ["stimulus"], np.arange(100, 300)
    found = logistic(trials.assign(stimulus=stimulus), train, np.arange(3), terms=terms)
    assert np.isfinite(found).all()


def test_terms_of_the_dataset_are_read_before_anything_is_fitted(trials):
    with pytest.raises(DataError, match="term 'stimulu': 'stimulu' is unknown; did you mean"):
        standard_baselines(trials.assign_attrs(baselines='{"mine": ["stimulu"]}'), [])
