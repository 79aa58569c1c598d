"""When latents are pulled, and how far."""

import numpy as np
import pytest
import torch

from neuroalrnn.exceptions import ConfigError, DataError
from neuroalrnn.ops import Weights
from neuroalrnn.reconstruct._forcing import (
    FORCINGS,
    adapt_strength,
    check_likelihood,
    choose_interval,
    estimate_strength,
    generalised,
    sparse,
)


def make_weights(self_slope, weight):
    """One model per matrix; what the estimate does not read is left out."""
    empty = torch.empty(0)
    return Weights(self_slope, weight, *[empty] * 5)


def test_sparse_forcing_pulls_whole_steps_at_the_interval():
    assert sparse(7, 3).tolist() == [0, 0, 1, 0, 0, 1, 0]
    assert sparse(3, 1).tolist() == [1, 1, 1]
    assert sparse(3, 4).tolist() == [0, 0, 0]


def test_generalised_forcing_pulls_every_step_alike():
    strength = generalised(4, torch.tensor([0.0, 0.3]))
    assert torch.equal(strength, torch.tensor([[0.0] * 4, [0.3] * 4]))


def test_estimate_for_scaled_rotations_is_known():
    """The norm of r Q is r in every regime of a linear model: f = 1 - 1 / r, or 0."""
    rotation = np.linalg.qr(np.random.default_rng(0).standard_normal((4, 4)))[0]
    scales = torch.tensor([0.5, 1.25, 4.0], dtype=torch.float64)
    weights = make_weights(
        torch.zeros(3, 4).double(), scales[:, None, None] * torch.tensor(rotation)
    )
    latents = torch.randn(3, 6, 2, 4).double()
    found = estimate_strength(weights, torch.zeros(3, dtype=torch.int64), latents)
    torch.testing.assert_close(found, torch.tensor([0.0, 0.2, 0.75]).double())


def test_estimate_takes_the_geometric_mean_over_time_and_the_largest_lane():
    rng = np.random.default_rng(1)
    a, W = rng.standard_normal(5), rng.standard_normal((5, 5))
    latents = rng.standard_normal((7, 3, 5))
    norms = np.empty((7, 3))
    for t, lane in np.ndindex(7, 3):
        slopes = np.append(np.ones(3), latents[t, lane, 3:] > 0)
        norms[t, lane] = np.linalg.norm(np.diag(a) + W @ np.diag(slopes), 2)
    sigma = np.exp(np.log(norms).mean(0)).max()
    weights = make_weights(torch.tensor(a)[None], torch.tensor(W)[None])
    found = estimate_strength(weights, torch.tensor([2]), torch.tensor(latents)[None])
    assert found.item() == pytest.approx(1 - 1 / sigma, rel=1e-12)


def test_strength_rises_at_once_and_falls_slowly():
    found = adapt_strength(torch.tensor([0.2, 0.9]).double(), torch.tensor([0.7, 0.1]).double())
    assert found.tolist() == pytest.approx([0.7, 0.999 * 0.9 + 0.001 * 0.1])


def test_interval_of_an_autoregression_is_its_time_constant():
    rng = np.random.default_rng(0)
    series = np.zeros((40_000, 1))
    for t in range(1, len(series)):
        series[t] = np.exp(-1 / 20) * series[t - 1] + rng.standard_normal(1)
    assert choose_interval(series) == pytest.approx(20, abs=4)


def test_interval_of_a_wave_and_of_several_dimensions():
    """cos(lag) falls below 1/e at arccos(1/e) of its period; the fastest dimension decides."""
    steps = np.arange(100_000)
    waves = np.stack([np.sin(2 * np.pi * steps / period) for period in (400, 100)], axis=1)
    expected = int(np.ceil(100 * np.arccos(np.exp(-1)) / (2 * np.pi)))
    assert choose_interval(waves) == expected


def test_interval_at_a_local_minimum_above_the_threshold():
    """A slow drift keeps the autocorrelation high; the fast wave on it turns it around."""
    steps = np.arange(100_000)
    series = np.sin(2 * np.pi * steps / 50_000) + 0.5 * np.sin(2 * np.pi * steps / 40)
    assert choose_interval(series[:, None]) == pytest.approx(20, abs=1)


def test_constant_series_have_no_interval():
    with pytest.raises(DataError, match="constant"):
        choose_interval(np.ones((50, 2)))


@pytest.mark.parametrize("kind", ["sparse", "generalised"])
@pytest.mark.parametrize("likelihood", ["bernoulli", "categorical", "poisson"])
def test_forcing_of_discrete_observations_is_refused(kind, likelihood):
    with pytest.raises(ConfigError, match=f"forcing = '{kind}' needs continuous .*'{likelihood}'"):
        check_likelihood(kind, likelihood)


def test_everything_else_may_be_asked_for():
    check_likelihood("none", "bernoulli")
    for kind in FORCINGS:
        check_likelihood(kind, "gaussian")
