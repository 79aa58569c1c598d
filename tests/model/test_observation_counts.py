"""Spike counts against scipy, exact arithmetic, their limits and the samples."""

from decimal import Decimal, localcontext
from math import lgamma

import numpy as np
import pytest
import torch
from scipy import stats

from neuroalrnn.model.observation import OBSERVATION_MODELS

poisson, negative_binomial = OBSERVATION_MODELS["poisson"], OBSERVATION_MODELS["negative_binomial"]
COUNTS = [0, 1, 2, 5, 20, 300, 10_000]


def log_p(model, eta, count):
    """Log-probability of every count (last axis) at one eta."""
    count = torch.as_tensor(count, dtype=torch.float64)
    eta = torch.as_tensor(eta, dtype=torch.float64).expand(len(count), -1)
    return model.log_likelihood(eta, {"count": count}).numpy()


@pytest.mark.parametrize("log_rate", [-1000.0, -30.0, -2.0, 0.0, 3.0, 9.0])
@pytest.mark.parametrize("exposure", [1.0, 0.05])
def test_poisson(log_rate, exposure):
    found = log_p(poisson(exposure=exposure), [log_rate], COUNTS)
    log_mu = log_rate + np.log(exposure)
    expected = [x * log_mu - np.exp(log_mu) - lgamma(x + 1) for x in COUNTS]
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    if log_rate > -1000:
        expected = stats.poisson.logpmf(COUNTS, np.exp(log_mu))
        np.testing.assert_allclose(found, expected, rtol=1e-9)


@pytest.mark.parametrize("k", [1e-3, 0.05, 0.0999, 0.1, 0.1001, 0.7, 3.0, 40.0])
@pytest.mark.parametrize("mu", [0.01, 1.0, 7.0, 200.0])
def test_negative_binomial_agrees_with_scipy(k, mu):
    found = log_p(negative_binomial(), [np.log(mu), np.log(k)], COUNTS)
    expected = stats.nbinom.logpmf(COUNTS, 1 / k, 1 / (1 + k * mu))
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-10)


def reference_negative_binomial(x, log_rate, log_k):
    """The product form of the definition with 900 digits."""
    with localcontext() as context:
        context.prec = 900
        mu, k = Decimal(log_rate).exp(), Decimal(log_k).exp()
        value = -(1 + k * mu).ln() * (x + 1 / k) + x * mu.ln()
        for j in range(x):
            value += ((1 + j * k) / (j + 1)).ln()
        return float(value)


@pytest.mark.parametrize("log_rate", [-1000.0, -21.0, 0.0, 4.0, 16.0])
@pytest.mark.parametrize("log_k", [-1000.0, -58.0, -24.0, -5.0, -2.31, -2.30, 5.0, 1000.0])
def test_negative_binomial_is_exact_at_any_rate_and_dispersion(log_rate, log_k):
    found = log_p(negative_binomial(), [log_rate, log_k], [0, 1, 6])
    expected = [reference_negative_binomial(x, log_rate, log_k) for x in (0, 1, 6)]
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


def test_no_dispersion_is_the_poisson_model():
    for log_rate in (-3.0, 0.0, 5.0):
        found = log_p(negative_binomial(), [log_rate, -50.0], COUNTS)
        np.testing.assert_allclose(found, log_p(poisson(), [log_rate], COUNTS), rtol=1e-11)


def test_beyond_any_count_the_likelihood_falls_along_the_tangent():
    eta = torch.tensor([[70.0], [80.0]], dtype=torch.float64, requires_grad=True)
    value = poisson().log_likelihood(eta, {"count": torch.zeros(2)})
    np.testing.assert_allclose(value.detach(), -np.exp(60) * np.array([11.0, 21.0]), rtol=1e-13)
    value.sum().backward()
    np.testing.assert_allclose(eta.grad, -np.exp(60), rtol=1e-13)


@pytest.mark.parametrize(
    ("model", "eta"),
    [
        (poisson(), [1.5]),
        (poisson(exposure=0.5), [3.0]),
        (negative_binomial(), [1.5, -1.0]),
        (negative_binomial(exposure=2.0), [0.1, 0.5]),
    ],
)
def test_probabilities_sum_to_one_and_samples_follow_them(model, eta):
    p = np.exp(log_p(model, eta, np.arange(5000)))
    np.testing.assert_allclose(p.sum(), 1, rtol=1e-10)
    eta = torch.tensor(eta, dtype=torch.float64).expand(20_000, -1)
    drawn = model.sample(eta, np.random.default_rng(11))["count"].numpy()
    cells = 12
    count = np.bincount(np.minimum(drawn, cells).astype(int), minlength=cells + 1)
    expected = np.append(p[:cells], p[cells:].sum()) * 20_000
    assert stats.chisquare(count, expected, sum_check=False).pvalue > 0.01


@pytest.mark.parametrize(("mu", "k"), [(4.0, 0.5), (30.0, 0.1), (0.8, 2.0)])
def test_mean_and_variance_of_negative_binomial_samples(mu, k):
    n = 200_000
    eta = torch.tensor([np.log(mu), np.log(k)]).expand(n, -1)
    drawn = negative_binomial().sample(eta, np.random.default_rng(12))["count"].numpy()
    variance = mu + k * mu**2
    assert abs(drawn.mean() - mu) < 4 * np.sqrt(variance / n)
    spread = np.sqrt(((drawn - mu) ** 2).var() / n)
    assert abs(((drawn - mu) ** 2).mean() - variance) < 4 * spread


def test_samples_without_dispersion_are_poisson():
    eta = torch.tensor([2.0, -1000.0], dtype=torch.float64).expand(50_000, -1)
    drawn = negative_binomial().sample(eta, np.random.default_rng(13))["count"].numpy()
    np.testing.assert_allclose([drawn.mean(), drawn.var()], np.exp(2), rtol=0.03)


def test_units_are_independent_and_have_their_own_parameters():
    model = negative_binomial("a", "b")
    eta = torch.tensor([[0.3, -1.0, 2.0, 0.5]], dtype=torch.float64)
    values = {"a": torch.tensor([3.0]), "b": torch.tensor([8.0])}
    one = log_p(negative_binomial(), eta[0, :2], [3]) + log_p(negative_binomial(), eta[0, 2:], [8])
    np.testing.assert_allclose(model.log_likelihood(eta, values), one, rtol=1e-14)
    values["a"][0] = torch.nan
    alone = log_p(negative_binomial(), eta[0, 2:], [8])
    np.testing.assert_allclose(model.log_likelihood(eta, values), alone, rtol=1e-14)
    assert model.outputs == (
        "a.log_rate", "a.log_dispersion", "b.log_rate", "b.log_dispersion",
    )  # fmt: skip


def test_start():
    count = torch.tensor([0.0, 2.0, 4.0, 10.0], dtype=torch.float64)
    np.testing.assert_allclose(
        poisson(exposure=0.5).start({"count": count}), np.log(16.5 / 4 / 0.5)
    )
    k = (14 - 4) / 16
    np.testing.assert_allclose(
        negative_binomial().start({"count": count}), [np.log(16.5 / 4), np.log(k)]
    )
    silent = {"count": torch.zeros(9)}
    assert negative_binomial().start(silent).isfinite().all()
    assert poisson().start(silent).isfinite().all()
