"""Teacher forcing of continuous observations: when latents are pulled, and how far.

Latents are always pulled by the same rule, `_forced.force`. Kinds of forcing differ only in the
strength ``f_t`` of the steps:

- sparse: 1 every so many steps, 0 between them (Brenner et al. 2024, NeurIPS);
- generalised: one strength at every step, given or adapted (Hess et al. 2023, ICML);
- none: 0.
"""

import numpy as np
import torch
from numpy.typing import ArrayLike

from neuroalrnn.exceptions import ConfigError, DataError
from neuroalrnn.ops import Weights

FORCINGS = ("sparse", "generalised", "none")
CONTINUOUS = ("gaussian",)
# share of the strength that is kept where an estimate is smaller
_INERTIA = 0.999


def check_likelihood(forcing: str, likelihood: str) -> None:
    """Refuse to force latents towards discrete observations, which no latent can equal.

    Parameters
    ----------
    forcing : {"sparse", "generalised", "none"}
        Kind of forcing.
    likelihood : str
        Likelihood of the observations.

    Raises
    ------
    ConfigError
        If latents are to be forced towards choices or counts.
    """
    if forcing != "none" and likelihood not in CONTINUOUS:
        raise ConfigError(
            f"forcing = {forcing!r} needs continuous observations, likelihood = {likelihood!r} is "
            f"for discrete ones: past choices enter as inputs, use forcing = 'none' "
            f"(continuous: {', '.join(CONTINUOUS)})"
        )


def sparse(n_steps: int, interval: int) -> torch.Tensor:
    """Lay out the strengths of sparse forcing.

    Parameters
    ----------
    n_steps : int
        Number of steps T, which count from 1.
    interval : int
        Number of steps from one forced step to the next.

    Returns
    -------
    Tensor, shape (step,)
        1 at the steps `interval`, 2 `interval`, ..., else 0.
    """
    return (torch.arange(1, n_steps + 1) % interval == 0).float()


def generalised(n_steps: int, strength: torch.Tensor) -> torch.Tensor:
    """Lay out the strengths of generalised forcing, the same at all steps.

    Parameters
    ----------
    n_steps : int
        Number of steps.
    strength : Tensor, shape (model,)
        Strength of each model, 0 to 1.

    Returns
    -------
    Tensor, shape (model, step)
        Strengths.
    """
    return strength[:, None].expand(-1, n_steps)


def estimate_strength(weights: Weights, n_pwl: torch.Tensor, latents: torch.Tensor) -> torch.Tensor:
    r"""Estimate the least strength that keeps gradients from exploding.

    .. math::
        f = \max(0, 1 - 1 / \sigma), \qquad
        \sigma = \max_{lanes} \Big(\prod_{t=1}^T |J_t|_2\Big)^{1/T}

    Parameters
    ----------
    weights : Weights
        Parameters, every tensor with a leading ``model`` axis.
    n_pwl : Tensor of int, shape (model,)
        Number of PWL units of each model.
    latents : Tensor, shape (model, step, lane, latent)
        Latents after forcing. Their signs name the regime that acts next.

    Returns
    -------
    Tensor, shape (model,)
        Strengths, 0 to 1.

    Notes
    -----
    If all latents are forced, the Jacobian of a step is at most ``(1 - f) sigma <= 1`` on average.
    With fewer outputs than latents this is a heuristic.
    """
    sigma = [
        _compute_sigma(weights.self_slope[m], weights.weight[m], n, latents[m])
        for m, n in enumerate(n_pwl.tolist())
    ]
    return (1 - 1 / torch.stack(sigma)).clamp(min=0)


def _compute_sigma(self_slope, weight, n_pwl, latents):
    is_on = latents > 0
    is_on[..., : latents.shape[-1] - n_pwl] = True
    regimes, regime = torch.unique(is_on.flatten(0, 1), dim=0, return_inverse=True)
    jacobians = torch.diag(self_slope) + weight * regimes[:, None]
    # a model that diverged must not stop the others
    log_norms = torch.linalg.matrix_norm(jacobians.nan_to_num(0, 0, 0), 2).log()
    return log_norms[regime.view(latents.shape[:2])].mean(0).max().exp()


def adapt_strength(strength: torch.Tensor, estimate: torch.Tensor) -> torch.Tensor:
    """Update the strength: it follows a larger estimate at once, and a smaller one slowly.

    Parameters
    ----------
    strength, estimate : Tensor, shape (model,)
        Strength up to now, and the new estimate of it, 0 to 1.

    Returns
    -------
    Tensor, shape (model,)
        Strength from now on.
    """
    slow = _INERTIA * strength + (1 - _INERTIA) * estimate
    return torch.where(estimate > strength, estimate, slow)


def choose_interval(series: ArrayLike) -> int:
    """Choose the interval of sparse forcing by the time scale of a series.

    Parameters
    ----------
    series : array, shape (step, dimension)
        Observations.

    Returns
    -------
    int
        Steps: the smallest lag, over dimensions, at which the autocorrelation is below 1/e or has a
        local minimum.

    Raises
    ------
    DataError
        If a dimension is constant.
    """
    values = np.asarray(series, float)
    centred = values - values.mean(0)
    power = np.abs(np.fft.rfft(centred, 2 * len(values), axis=0)) ** 2
    correlation = np.fft.irfft(power, axis=0)[: len(values)]
    if not (correlation[0] > 0).all():
        raise DataError("series: constant in a dimension, its autocorrelation is undefined")
    return int(min(_first_fall(column / column[0]) for column in correlation.T))


def _first_fall(correlation):
    """First lag below 1/e or at a local minimum; the last lag if there is none."""
    inner = correlation[1:-1]
    is_fall = (inner < np.exp(-1)) | ((inner < correlation[:-2]) & (inner <= correlation[2:]))
    return 1 + np.argmax(is_fall) if is_fall.any() else len(correlation) - 1
