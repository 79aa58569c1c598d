"""Numbers on the real line: the Gaussian."""

import torch

from neuroalrnn.model.observation.logs import normal_log_density
from neuroalrnn.model.observation.observation import CONSTANT, VARYING, Family, independent


def gaussian(*variables):
    r"""Normal distributions with a mean that varies and a constant standard deviation.

    .. math::
        \log p(x) = -\tfrac12 \sum_n \big[\log 2\pi\sigma_n^2 + (x_n - \eta_n)^2/\sigma_n^2\big]

    Parameters
    ----------
    *variables : str
        Dimensions; their noise is independent (a diagonal covariance).

    Returns
    -------
    Observation
    """
    family = Family(
        name="gaussian",
        parameters={"mean": VARYING, "log_sd": CONSTANT},
        log_density=lambda eta, x: normal_log_density(x, *eta.unbind(-1)),
        draw=draw_normal,
        start=start_normal,
        valid=torch.isfinite,
        expected="finite numbers",
    )
    return independent(family, variables)


def draw_normal(eta, rng):
    """Samples of shape (...) for ``eta`` (..., 2): mean and log standard deviation."""
    mean, log_sd = eta.unbind(-1)
    return mean + log_sd.exp() * torch.as_tensor(rng.standard_normal(mean.shape))


def start_normal(x):
    """Mean and log standard deviation of a sample; that of a constant one is taken as 1."""
    sd = x.std(correction=0)
    return [x.mean(), torch.where(sd > 0, sd, 1.0).log()]
