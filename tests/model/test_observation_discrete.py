"""Choices and ratings against scipy, decimal arithmetic and the frequencies of samples."""

from decimal import Decimal, localcontext

import numpy as np
import pytest
import torch
from scipy import stats
from scipy.special import expit, log_softmax

from neuroalrnn.model.observation import OBSERVATION_MODELS, option_log_probability

bernoulli, categorical, ordinal = (
    OBSERVATION_MODELS[name] for name in ("bernoulli", "categorical", "ordinal")
)
EXTREME = [-1000.0, -30.0, -19.9, -2.0, 0.0, 0.5, 20.1, 36.0, 1000.0]


def double(values):
    return torch.as_tensor(values, dtype=torch.float64)


def log_p(model, eta, n, values=None):
    return option_log_probability(model, double(eta), model.variables[0], n, values)


def test_bernoulli_agrees_with_scipy_and_with_its_closed_form():
    eta = np.linspace(-15, 15, 61)
    found = log_p(bernoulli(), eta[:, None], 2)
    for code in (0, 1):
        expected = stats.bernoulli.logpmf(code, expit(eta))
        np.testing.assert_allclose(found[:, code], expected, rtol=1e-9)
        np.testing.assert_allclose(
            found[:, code], code * eta - np.logaddexp(0, eta), rtol=1e-12, atol=1e-14
        )


def test_bernoulli_is_exact_at_any_logit():
    found = log_p(bernoulli(), double(EXTREME)[:, None], 2)
    np.testing.assert_allclose(found[:, 1], -np.logaddexp(0, -np.array(EXTREME)), rtol=1e-14)
    np.testing.assert_allclose(found[:, 0], -np.logaddexp(0, np.array(EXTREME)), rtol=1e-14)


def test_categorical_agrees_with_scipy_and_ignores_a_common_constant():
    eta = np.random.default_rng(0).normal(scale=300, size=(200, 4))
    found = log_p(categorical(4), eta, 4)
    np.testing.assert_allclose(found, log_softmax(eta, axis=1), rtol=1e-12)
    np.testing.assert_allclose(log_p(categorical(4), eta + 1e3, 4), found, rtol=1e-9, atol=1e-12)


def test_category_with_a_reference_logit_of_zero_is_the_full_softmax():
    free = np.random.default_rng(1).normal(scale=5, size=(50, 2))
    eta = np.column_stack([np.zeros(50), free])
    total = np.log(1 + np.exp(free).sum(1))
    expected = eta - total[:, None]
    np.testing.assert_allclose(log_p(categorical(3), eta, 3), expected, rtol=1e-11, atol=1e-13)


def test_two_categories_are_bernoulli_in_the_difference():
    eta = np.random.default_rng(2).normal(scale=10, size=(50, 2))
    found = log_p(categorical(2), eta, 2)
    difference = eta[:, 1:] - eta[:, :1]
    np.testing.assert_allclose(found, log_p(bernoulli(), difference, 2), rtol=1e-11, atol=1e-13)


def test_unavailable_options_are_impossible_and_cost_nothing():
    names = ("a", "b", "c")
    model, eta = categorical(3, available=names), np.random.default_rng(3).normal(size=(6, 3))
    open_ = np.array([[1, 1, 1], [1, 0, 1], [0, 1, 1], [1, 1, 0], [0, 0, 1], [1, 0, 0]])
    values = dict(zip(names, double(open_).unbind(1), strict=True))
    found = log_p(model, eta, 3, values).numpy()
    for row in range(6):
        kept = open_[row] > 0
        np.testing.assert_allclose(found[row, kept], log_softmax(eta[row, kept]), atol=1e-15)
        assert (found[row, ~kept] == -np.inf).all()
    free = double(eta).requires_grad_()
    code = double([0, 2, 1, 0, 2, 0])
    model.log_likelihood(free, {"choice": code, **values}).sum().backward()
    assert free.grad.isfinite().all()
    assert (free.grad[~(double(open_) > 0)] == 0).all()


def test_unavailable_options_are_never_drawn():
    model, names = categorical(3, available=("a", "b", "c")), ("a", "b", "c")
    values = dict(zip(names, double([1, 0, 1]).expand(5000, 3).unbind(1), strict=True))
    eta = double([0.0, 1000.0, -1.0]).expand(5000, 3)
    drawn = model.sample(eta, np.random.default_rng(0), values)["choice"]
    count = torch.bincount(drawn.long(), minlength=3).numpy()
    assert count[1] == 0
    expected = 5000 * np.exp(log_softmax([0.0, -1.0]))
    assert stats.chisquare(count[[0, 2]], expected).pvalue > 0.01


def reference_ordinal(location, gaps, n):
    """Differences of logistic functions with 1200 digits."""
    with localcontext() as context:
        context.prec = 1200
        eta = Decimal(location)
        threshold = [Decimal(0)]
        for gap in gaps:
            threshold.append(threshold[-1] + Decimal(gap).exp())
        below = [Decimal(0), *(1 / (1 + (eta - th).exp()) for th in threshold), Decimal(1)]
        return [float((below[c + 1] - below[c]).ln()) for c in range(n)]


@pytest.mark.parametrize("location", EXTREME)
@pytest.mark.parametrize("gaps", [(0.0, 1.0, -1.0), (-25.0, -19.0, 3.0), (-600.0, 5.0, -21.0)])
def test_ordinal_is_exact_at_any_location_and_gap(location, gaps):
    found = log_p(ordinal(5), [location, *gaps], 5)
    np.testing.assert_allclose(found, reference_ordinal(location, gaps, 5), rtol=1e-12, atol=1e-30)


def test_ordinal_agrees_with_the_logistic_distribution():
    eta = np.random.default_rng(4).normal(size=(100, 4))
    threshold = np.cumsum(np.column_stack([np.zeros(100), np.exp(eta[:, 1:])]), axis=1)
    below = stats.logistic.cdf(threshold - eta[:, :1])
    expected = np.diff(np.column_stack([np.zeros(100), below, np.ones(100)]), axis=1)
    found = log_p(ordinal(5), eta, 5).exp()
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    np.testing.assert_allclose(found.sum(1), 1, rtol=1e-12)


def test_two_levels_are_bernoulli():
    eta = double(EXTREME)[:, None]
    assert torch.equal(log_p(ordinal(2), eta, 2), log_p(bernoulli(), eta, 2))


@pytest.mark.parametrize(
    ("model", "eta"),
    [
        (bernoulli(), [0.7]),
        (categorical(4), [0.5, -1.0, 0.0, 2.0]),
        (ordinal(4), [0.8, 0.2, -0.5]),
    ],
)
def test_samples_have_the_frequencies_of_the_likelihood(model, eta):
    n = 2 if len(eta) == 1 else 4
    drawn = model.sample(double(eta).expand(20000, -1), np.random.default_rng(7))
    count = torch.bincount(drawn[model.variables[0]].long(), minlength=n)
    expected = 20000 * log_p(model, eta, n).exp()
    assert stats.chisquare(count, expected).pvalue > 0.01


def test_codes_survive_a_round_trip_at_extreme_logits():
    for model, logits in (
        (categorical(4), 1000 * torch.eye(4) - 500),
        (bernoulli(), double([[-1000.0], [1000.0]])),
    ):
        for code, eta in enumerate(logits):
            drawn = model.sample(eta.expand(50, -1), np.random.default_rng(0))["choice"]
            assert (drawn == code).all()
            assert log_p(model, eta, len(logits))[code] == 0


def test_start_gives_the_frequencies_of_training():
    code = double(np.repeat([0, 1, 2], [10, 60, 30]))
    smoothed = (np.array([10, 60, 30]) + 0.5) / 101.5
    np.testing.assert_allclose(
        log_p(categorical(3), categorical(3).start({"choice": code}), 3).exp(), smoothed
    )
    np.testing.assert_allclose(
        log_p(ordinal(3), ordinal(3).start({"rating": code}), 3).exp(), smoothed
    )
    two = double(np.repeat([0, 1], [10, 30]))
    np.testing.assert_allclose(bernoulli().start({"choice": two}), [np.log(30.5 / 10.5)])


def test_start_is_finite_where_an_option_was_never_chosen():
    code = double([0, 0, 2])
    assert categorical(4).start({"choice": code}).isfinite().all()
    assert ordinal(4).start({"rating": code}).isfinite().all()
    assert bernoulli().start({"choice": double([1, 1])}).isfinite().all()
