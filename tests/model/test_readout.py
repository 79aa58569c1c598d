"""Likelihoods of choices against scipy and closed form."""

import numpy as np
import pytest
import torch
from scipy import stats
from scipy.special import log_softmax

from neuroalrnn.model import count_outputs, log_likelihood, log_probability

ETA = [-800.0, -40.0, -3.0, -0.1, 0.0, 0.1, 3.0, 40.0, 800.0]


def test_bernoulli_agrees_with_scipy_where_scipy_is_finite():
    eta = torch.tensor(ETA[1:-1], dtype=torch.float64)[:, None]
    for choice in (0, 1):
        found = log_likelihood(eta, torch.full((len(eta),), choice))
        expected = stats.bernoulli.logpmf(choice, 1 / (1 + np.exp(-eta[:, 0].numpy())))
        np.testing.assert_allclose(found[2:-2], expected[2:-2], rtol=1e-12)


def test_extreme_logits_stay_exact():
    eta = torch.tensor([[-800.0], [800.0]], dtype=torch.float64)
    np.testing.assert_allclose(log_likelihood(eta, torch.tensor([1, 0])), -800.0)
    np.testing.assert_allclose(log_likelihood(eta, torch.tensor([0, 1])), 0.0, atol=1e-300)


def test_categorical_agrees_with_scipy_and_ignores_a_common_constant():
    eta = torch.as_tensor(np.random.default_rng(0).normal(scale=20, size=(50, 4)))
    choice = torch.arange(50) % 4
    expected = log_softmax(eta.numpy(), axis=1)[np.arange(50), choice]
    np.testing.assert_allclose(log_likelihood(eta, choice), expected, rtol=1e-12)
    np.testing.assert_allclose(log_likelihood(eta + 1e3, choice), expected, rtol=1e-9)


@pytest.mark.parametrize("n_options", [2, 3, 5])
def test_probabilities_sum_to_one_and_match_the_likelihood(n_options):
    eta = torch.as_tensor(np.random.default_rng(1).normal(size=(20, count_outputs(n_options))))
    log_p = log_probability(eta)
    np.testing.assert_allclose(log_p.exp().sum(-1), 1, rtol=1e-12)
    for choice in range(n_options):
        found = log_likelihood(eta, torch.full((20,), choice))
        np.testing.assert_allclose(found, log_p[:, choice], rtol=1e-12)


@pytest.mark.parametrize("width", [1, 3])
def test_gradient(width):
    eta = torch.randn(6, width, dtype=torch.float64, requires_grad=True)
    choice = torch.tensor([0, 1, 0, 1, 1, 0])
    assert torch.autograd.gradcheck(lambda e: log_likelihood(e, choice), eta)
