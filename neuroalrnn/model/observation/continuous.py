"""Numbers on the real line: the Gaussian."""

import torch

from neuroalrnn.model.observation._draws import draw_normal, start_normal
from neuroalrnn.model.observation._logs import normal_log_density
from neuroalrnn.model.observation.base import (
    CONSTANT,
    VARYING,
    Family,
    ObservationModel,
    independent,
)


def gaussian(*variables: str) -> ObservationModel:
    r"""Explain numbers by normal distributions whose mean varies.

    .. math::
        \log p(x) = -\tfrac12 \sum_n \big[\log 2\pi\sigma_n^2 + (x_n - \eta_n)^2/\sigma_n^2\big]

    Parameters
    ----------
    *variables : str
        Trial variables. Their noise is independent (a diagonal covariance).

    Returns
    -------
    ObservationModel
        Outputs ``mean`` (eta) and the constant ``log_sd`` (log sigma) of each variable.
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
