"""Teacher forcing of continuous observations: when latents are pulled, and how far.

How latents are pulled is one rule, `neuroalrnn.reconstruct.forced.force`, for every read-out. The
kinds of forcing differ in the strength ``f_t`` of the steps alone:

- sparse: 1 every so many steps, 0 between them (Brenner et al. 2024, NeurIPS);
- generalised: one strength at every step, given or adapted (Hess et al. 2023, ICML);
- none: 0.
"""

import numpy as np
import torch

from neuroalrnn.exceptions import ConfigError, DataError

FORCINGS = ("sparse", "generalised", "none")
CONTINUOUS = ("gaussian",)
# of the strength that is kept, where an estimate is smaller
_INERTIA = 0.999


def check_likelihood(forcing, likelihood):
    """Refuse forcing where no latent value "is" the observation.

    Parameters
    ----------
    forcing : {"sparse", "generalised", "none"}
    likelihood : str

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


def sparse(n_steps, interval):
    """Strength of sparse forcing.

    Parameters
    ----------
    n_steps : int
        Steps 1..T.
    interval : int
        Steps from one forced step to the next.

    Returns
    -------
    Tensor, shape (step,)
        1 at the steps `interval`, 2 `interval`, ..., else 0.
    """
    return (torch.arange(1, n_steps + 1) % interval == 0).float()


def generalised(n_steps, strength):
    """Strength of generalised forcing, the same at all steps.

    Parameters
    ----------
    n_steps : int
    strength : array-like, shape (model,)

    Returns
    -------
    Tensor, shape (model, step)
    """
    return torch.as_tensor(strength)[:, None].expand(-1, n_steps)


def estimate_strength(weights, n_pwl, latents):
    r"""Least strength that keeps gradients from exploding.

    .. math::
        f = \max(0, 1 - 1 / \sigma), \qquad
        \sigma = \max_{lanes} \Big(\prod_{t=1}^T |J_t|_2\Big)^{1/T}

    Parameters
    ----------
    weights : Weights
    n_pwl : Tensor of int, shape (model,)
    latents : Tensor, shape (model, step, lane, latent)
        After forcing: their signs name the regime that acts next.

    Returns
    -------
    Tensor, shape (model,)

    Notes
    -----
    With all latents forced the Jacobian of a step is at most ``(1 - f) sigma <= 1`` on average.
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


def adapt_strength(strength, estimate):
    """Strength from now on: it follows a larger estimate at once, a smaller one slowly.

    Parameters
    ----------
    strength, estimate : Tensor, shape (model,)

    Returns
    -------
    Tensor, shape (model,)
    """
    slow = _INERTIA * strength + (1 - _INERTIA) * estimate
    return torch.where(estimate > strength, estimate, slow)


def choose_interval(series):
    """Forcing interval from the time scale of a series.

    Parameters
    ----------
    series : array, shape (step, dimension)

    Returns
    -------
    int
        The least lag, over dimensions, at which the autocorrelation falls below 1/e or has its
        first local minimum.

    Raises
    ------
    DataError
        If a dimension is constant.
    """
    series = np.asarray(series, float)
    centred = series - series.mean(0)
    power = np.abs(np.fft.rfft(centred, 2 * len(series), axis=0)) ** 2
    correlation = np.fft.irfft(power, axis=0)[: len(series)]
    if not (correlation[0] > 0).all():
        raise DataError("series: constant in a dimension, its autocorrelation is undefined")
    return int(min(_first_fall(column / column[0]) for column in correlation.T))


def _first_fall(correlation):
    """First lag below 1/e or at a local minimum; the last lag if there is none."""
    inner = correlation[1:-1]
    is_fall = (inner < np.exp(-1)) | ((inner < correlation[:-2]) & (inner <= correlation[2:]))
    return 1 + np.argmax(is_fall) if is_fall.any() else len(correlation) - 1
