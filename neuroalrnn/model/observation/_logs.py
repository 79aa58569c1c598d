"""Logarithms and exponentials that stay exact, and keep finite gradients, at extreme values."""

import torch
from torch.nn import functional

# no count, precision or threshold is as large as e^60 = 1e26, and sums of such numbers fit float32
_LARGEST = 60.0


def exp_finite(x: torch.Tensor) -> torch.Tensor:
    """Compute ``exp(x)`` up to x = 60, and its tangent beyond (our own definition).

    Value and slope are finite.
    """
    below = x.clamp(max=_LARGEST)
    return below.exp() * (1 + (x - below))


def softplus(x: torch.Tensor) -> torch.Tensor:
    """Compute ``log(1 + exp(x))``, of which torch's own drops 2e-9 from x = 20 on."""
    return -functional.logsigmoid(-x)


def log_one_minus_exp_minus_exp(x: torch.Tensor) -> torch.Tensor:
    """Compute ``log(1 - exp(-exp(x)))``, which is ``x - exp(x) / 2`` for small ``exp(x)``."""
    small = x.clamp(max=-20.0)
    large = x.clamp(min=-20.0, max=10.0)
    return torch.where(x < -20, small - small.exp() / 2, torch.log(-torch.expm1(-large.exp())))


def normal_log_density(x: torch.Tensor, mean: torch.Tensor, log_sd: torch.Tensor) -> torch.Tensor:
    """Compute the log-density of normal distributions."""
    # log(2 pi) / 2
    return -log_sd - 0.9189385332046727 - (x - mean).square() * exp_finite(-2 * log_sd) / 2
