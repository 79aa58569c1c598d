"""The masked log-likelihood of many models, each on its own sequences."""

from collections.abc import Callable
from typing import Any

import torch

from neuroalrnn.fit._lanes import sum_scored
from neuroalrnn.fit.observations import Observations
from neuroalrnn.model import ALRNN_ARCHITECTURE, Architecture
from neuroalrnn.ops import torch_eager


def compute_eta(
    weights: Any,
    n_pwl: torch.Tensor,
    observations: Observations,
    index: torch.Tensor,
    *,
    read_steps: torch.Tensor | None = None,
    scan: Callable = torch_eager.scan,
    architecture: Architecture = ALRNN_ARCHITECTURE,
) -> torch.Tensor:
    """Run models over sequences, and read them out.

    Parameters
    ----------
    weights : Weights
        Parameters, or those of another `architecture`, with a leading model axis.
    n_pwl : Tensor of int, shape (model,)
        Number of PWL units of each model.
    observations : Observations
        Data of all sequences.
    index : Tensor of int, shape (model, lane)
        Sequences that each model runs over, -1 for none.
    read_steps : Tensor of int, shape (read step,), optional
        Steps to read out, ascending; all scored steps without it. Steps behind the end of all lanes
        are left out.
    scan : callable
        A backend of `neuroalrnn.ops`.
    architecture : Architecture
        The family of networks.

    Returns
    -------
    Tensor, shape (model, read step, lane, output)
        What is read out, such as log-odds (nats).
    """
    reads = observations.read_steps if read_steps is None else read_steps
    reads = reads[reads < observations.n_steps[index].max()]
    return architecture.scan(weights, n_pwl, observations, index, reads, scan)


def compute_log_likelihood(
    weights: Any,
    n_pwl: torch.Tensor,
    observations: Observations,
    index: torch.Tensor,
    *,
    scan: Callable = torch_eager.scan,
    architecture: Architecture = ALRNN_ARCHITECTURE,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Compute the log-likelihood and the number of scored choices of every lane.

    Parameters
    ----------
    weights : Weights
        Parameters, or those of another `architecture`, with a leading model axis.
    n_pwl : Tensor of int, shape (model,)
        Number of PWL units of each model.
    observations : Observations
        Data of all sequences.
    index : Tensor of int, shape (model, lane)
        Sequences that each model runs over, -1 for none.
    scan : callable
        A backend of `neuroalrnn.ops`.
    architecture : Architecture
        The family of networks.

    Returns
    -------
    total : Tensor, shape (model, lane)
        Log-likelihood (nats), summed over scored choices.
    n_scored : Tensor of int, shape (model, lane)
        Number of scored choices.
    """
    eta = compute_eta(weights, n_pwl, observations, index, scan=scan, architecture=architecture)
    return sum_scored(eta, observations, index), observations.n_scored[index]
