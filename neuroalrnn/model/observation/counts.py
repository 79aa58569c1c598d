"""Spike counts: Poisson and negative binomial models with a log link."""

import math
from numbers import Real
from typing import Any

import torch

from neuroalrnn.arguments import shown
from neuroalrnn.exceptions import ConfigError
from neuroalrnn.model.observation._logs import exp_finite, softplus
from neuroalrnn.model.observation.base import (
    CONSTANT,
    VARYING,
    Family,
    ObservationModel,
    independent,
)


def poisson(*variables: str, exposure: float = 1.0) -> ObservationModel:
    r"""Explain counts by Poisson distributions with a log link.

    .. math::
        \log p(x) = x \log\mu - \mu - \log x!, \qquad \mu = w e^\eta

    Parameters
    ----------
    *variables : str
        Trial variables, such as the spike counts of neurons, which are independent given eta;
        "count" if none is named.
    exposure : float
        ``w``, such as the width of the counting window in s, which makes ``exp(eta)`` a rate in Hz.

    Returns
    -------
    ObservationModel
        Output ``log_rate`` (eta) of each variable.

    Raises
    ------
    ConfigError
        If `exposure` is not positive.
    """
    shift = _log_exposure(exposure)

    def log_density(eta, x):
        log_mu = eta[..., 0] + shift
        return x * log_mu - exp_finite(log_mu) - torch.lgamma(x + 1)

    family = Family(
        name="poisson",
        parameters={"log_rate": VARYING},
        log_density=log_density,
        draw=lambda eta, rng: rng.poisson((eta[..., 0] + shift).exp().numpy()),
        start=lambda x: [_log_mean(x) - shift],
        **_COUNTS,
    )
    return independent(family, variables or ("count",))


def negative_binomial(*variables: str, exposure: float = 1.0) -> ObservationModel:
    r"""Explain counts by negative binomial distributions with a log link.

    The mean is :math:`\mu = w e^\eta` and the variance :math:`\mu + k \mu^2`.

    .. math::
        \log p(x) = \log\Gamma(x + r) - \log\Gamma(r) - \log x!
        - (x + r) \log(1 + k\mu) + x \log(k\mu), \qquad r = 1/k

    Parameters
    ----------
    *variables : str
        Trial variables, which are independent given eta; "count" if none is named.
    exposure : float
        ``w``, as in `poisson`.

    Returns
    -------
    ObservationModel
        Outputs ``log_rate`` (eta) and the constant ``log_dispersion`` (log k) of each variable;
        ``k -> 0`` is the Poisson model.

    Raises
    ------
    ConfigError
        If `exposure` is not positive.
    """
    shift = _log_exposure(exposure)

    def log_density(eta, x):
        return _negative_binomial(x, eta[..., 0] + shift, eta[..., 1])

    def draw(eta, rng):
        mu = (eta[..., 0] + shift).exp()
        k = eta[..., 1].clamp(min=-60).exp()
        return rng.poisson(rng.gamma((1 / k).numpy(), (k * mu).numpy()))

    family = Family(
        name="negative_binomial",
        parameters={"log_rate": VARYING, "log_dispersion": CONSTANT},
        log_density=log_density,
        draw=draw,
        start=lambda x: [_log_mean(x) - shift, _log_dispersion(x)],
        **_COUNTS,
    )
    return independent(family, variables or ("count",))


def _negative_binomial(x, log_mu, log_k):
    log_k_mu = log_mu + log_k
    factors = _log_rising(x, log_k) - torch.lgamma(x + 1)
    return factors + x * (log_mu - softplus(log_k_mu)) - _log_zero(log_mu, log_k)


def _log_zero(log_mu, log_k):
    """``log(1 + k mu) / k``, which tends to ``mu`` for small ``k mu``: minus log p(0)."""
    log_k_mu = log_mu + log_k
    small = exp_finite(log_mu) * (1 - log_k_mu.clamp(max=-20.0).exp() / 2)
    return torch.where(log_k_mu < -20, small, exp_finite(-log_k) * softplus(log_k_mu))


def _log_rising(x, log_k):
    """``log prod_{j<x} (1 + j k) = log Gamma(x + r) - log Gamma(r) + x log k``, ``r = 1/k``.

    For large ``r`` it is the difference of Stirling series, as logarithms of Gamma would cancel.
    """
    border = -math.log(10)
    log_large = -log_k.clamp(min=-60.0, max=border)
    large = log_large.exp()
    series = (x + large - 0.5) * torch.log1p(x / large) - x
    series = series + _stirling(x + large) - _stirling(large)
    log_small = -log_k.clamp(min=border)
    small = log_small.exp()
    direct = torch.lgamma(x.clamp(min=1) + small) - torch.lgamma(1 + small)
    direct = direct - (x - 1).clamp(min=0) * log_small
    return torch.where(log_k < border, series, direct)


def _stirling(x):
    """``log Gamma(x)`` minus Stirling's formula, right to 2e-14 for x >= 10."""
    y = 1 / x.square()
    series = 1 / 12 + y * (-1 / 360 + y * (1 / 1260 + y * (-1 / 1680 + y / 1188)))
    return series / x


def _log_exposure(exposure):
    if not (isinstance(exposure, Real) and 0 < exposure < math.inf):
        raise ConfigError(f"exposure={shown(exposure)}, expected a positive number")
    return math.log(exposure)


def _log_mean(x):
    """Log of the mean, with half a count added so that it is finite."""
    return torch.log((x.sum() + 0.5) / len(x))


def _log_dispersion(x):
    """Log of ``k``, estimated by moments; at least log 0.01."""
    mean = x.mean().clamp(min=0.5 / len(x))
    return ((x.var(correction=0) - mean) / mean.square()).clamp(min=0.01).log()


_COUNTS: dict[str, Any] = {
    "valid": lambda x: torch.isfinite(x) & (x >= 0) & (x == x.round()),
    "expected": "whole numbers from 0",
}
