"""The Gaussian against scipy and its samples."""

import numpy as np
import pytest
import torch
from scipy import stats

from neuroalrnn.model.observation import OBSERVATION_MODELS

gaussian = OBSERVATION_MODELS["gaussian"]


def test_agrees_with_a_diagonal_normal():
    rng = np.random.default_rng(0)
    eta, x = rng.normal(size=(100, 6)), rng.normal(scale=3, size=(100, 3))
    model = gaussian("a", "b", "c")
    values = dict(zip("abc", torch.as_tensor(x).unbind(1), strict=True))
    found = model.log_likelihood(torch.as_tensor(eta), values)
    expected = stats.norm.logpdf(x, eta[:, ::2], np.exp(eta[:, 1::2]))
    np.testing.assert_allclose(found, expected.sum(1), rtol=1e-12)
    values["b"] = torch.full((100,), torch.nan)
    found = model.log_likelihood(torch.as_tensor(eta), values)
    np.testing.assert_allclose(found, expected[:, [0, 2]].sum(1), rtol=1e-12)


@pytest.mark.parametrize("mean", [-1000.0, 0.0, 1000.0])
@pytest.mark.parametrize("log_sd", [-25.0, 0.0, 300.0, 1000.0])
def test_is_exact_at_extreme_parameters(mean, log_sd):
    eta = torch.tensor([mean, log_sd], dtype=torch.float64)
    found = gaussian("x").log_likelihood(eta, {"x": torch.tensor(2.5, dtype=torch.float64)})
    expected = -((2.5 - mean) ** 2) * np.exp(-2 * log_sd) / 2 - log_sd - np.log(2 * np.pi) / 2
    np.testing.assert_allclose(found, expected, rtol=1e-13)


def test_samples():
    eta = torch.tensor([2.0, -0.5], dtype=torch.float64).expand(20_000, -1)
    drawn = gaussian("x").sample(eta, np.random.default_rng(1))["x"]
    assert stats.kstest(drawn, stats.norm(2, np.exp(-0.5)).cdf).pvalue > 0.01


def test_start():
    x = torch.tensor([1.0, 3.0, torch.nan], dtype=torch.float64)
    np.testing.assert_allclose(gaussian("x").start({"x": x}), [2, 0], atol=1e-15)
    constant = torch.full((5,), 3.0)
    np.testing.assert_allclose(gaussian("x").start({"x": constant}), [3, 0])
