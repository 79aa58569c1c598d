"""Samples and starting values that several observation models share."""

import numpy as np
import torch

from neuroalrnn.arguments import not_whole, refuse


def draw_normal(eta: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    """Draw from normal distributions.

    Parameters
    ----------
    eta : Tensor, shape (..., 2)
        Mean and log standard deviation.
    rng : numpy.random.Generator
        Source of the samples.

    Returns
    -------
    Tensor, shape (...)
        Samples.
    """
    mean, log_sd = eta.unbind(-1)
    return mean + log_sd.exp() * torch.as_tensor(rng.standard_normal(mean.shape))


def start_normal(x: torch.Tensor) -> list[torch.Tensor]:
    """Estimate mean and log standard deviation.

    Parameters
    ----------
    x : Tensor, shape (trial,)
        A sample. If it is constant, its standard deviation is taken as 1.

    Returns
    -------
    list of Tensor
        Mean and log standard deviation.
    """
    sd = x.std(correction=0)
    return [x.mean(), torch.where(sd > 0, sd, 1.0).log()]


def draw_code(log_p: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    """Draw options; one of probability 0 never comes up.

    Parameters
    ----------
    log_p : Tensor, shape (..., option)
        Log-probabilities (nats).
    rng : numpy.random.Generator
        Source of the samples.

    Returns
    -------
    Tensor of int, shape (...)
        Codes from 0.
    """
    return (log_p + torch.as_tensor(rng.gumbel(size=log_p.shape))).argmax(-1)


def require_options(name: str, n_options: int) -> None:
    """Refuse what is no number of options.

    Parameters
    ----------
    name : str
        Observation model that the message names.
    n_options : int
        What was given.

    Raises
    ------
    ConfigError
        If it is no whole number, or below 2.
    """
    refuse(name, not_whole("number of options", n_options, least=2))
