"""Scores of lanes, which are the sequences that models run over."""

import torch

from neuroalrnn.fit.observations import Observations
from neuroalrnn.model import log_likelihood


def sum_scored(eta: torch.Tensor, observations: Observations, index: torch.Tensor) -> torch.Tensor:
    """Sum the log-likelihood of the scored choices of every lane, with its shift of the read-out.

    With an observation model, it is that of everything observed in these trials.

    Parameters
    ----------
    eta : Tensor, shape (model, read step, lane, output)
        What is read out.
    observations : Observations
        Data of all sequences.
    index : Tensor of int, shape (model, lane)
        Sequences that each model runs over, -1 for none.

    Returns
    -------
    Tensor, shape (model, lane)
        Nats.
    """
    if observations.shift is not None:
        eta = eta + lane_values(observations.shift[: eta.shape[1]], index)
    if observations.observation_model is not None:
        values = {
            name: lane_values(each[: eta.shape[1]], index)
            for name, each in observations.values.items()
        }
        return observations.observation_model.log_likelihood(eta, values).sum(1)
    choice = lane_values(observations.choice[: eta.shape[1]], index)
    scored = lane_values(observations.scored[: eta.shape[1]], index)
    each = log_likelihood(eta, choice)
    return torch.where(scored > 0, each, 0.0).sum(1)


def lane_values(values: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
    """Look up the values of every lane.

    Parameters
    ----------
    values : Tensor, shape (scored step, sequence, ...)
        Values of all sequences.
    index : Tensor of int, shape (model, lane)
        Sequences that each model runs over, -1 for none.

    Returns
    -------
    Tensor, shape (model, scored step, lane, ...)
        Values of the lanes, laid out like eta.
    """
    lanes = index.remainder(values.shape[1]).flatten()
    return values.index_select(1, lanes).unflatten(1, index.shape).transpose(0, 1)
