"""Observations as tensors, and the masked log-likelihood of many models on them."""

from dataclasses import dataclass

import numpy as np
import torch

from neuroalrnn.model.alrnn import compute_latents, read_out
from neuroalrnn.model.readout import log_likelihood
from neuroalrnn.ops import backward


@dataclass(frozen=True)
class Observations:
    """Encoded sequences as tensors, stored once and shared by all models; the last one is empty.

    Attributes
    ----------
    inputs : Tensor, shape (sequence, step, feature)
        Zero in padding.
    choice : Tensor of int, shape (sequence, scored step)
        Codes; 0 where nothing is scored.
    scored : Tensor, shape (sequence, scored step)
        1 where a choice counts, else 0.
    read_steps : Tensor of int, shape (scored step,)
        The steps at which any sequence has a scored choice; nothing else is read out.
    n_steps : Tensor of int, shape (sequence,)
    """

    inputs: torch.Tensor
    choice: torch.Tensor
    scored: torch.Tensor
    read_steps: torch.Tensor
    n_steps: torch.Tensor


def observe(sequences, *, dtype=torch.float32):
    """Turn `Sequences` into tensors.

    Parameters
    ----------
    sequences : neuroalrnn.data.Sequences
    dtype : torch.dtype

    Returns
    -------
    Observations
    """
    read_steps = np.flatnonzero(sequences.scored.any(axis=0))
    scored = sequences.scored[:, read_steps]
    choice = np.where(scored, sequences.target[:, read_steps], 0)
    return Observations(
        inputs=_with_empty(sequences.inputs, dtype),
        choice=_with_empty(choice, torch.int64),
        scored=_with_empty(scored, dtype),
        read_steps=torch.as_tensor(read_steps),
        n_steps=_with_empty(sequences.n_steps, torch.int64),
    )


def _with_empty(values, dtype):
    """The sequences and, last, an empty one: index -1 pads batches of unequal size."""
    return torch.cat([torch.as_tensor(values), torch.zeros_like(torch.as_tensor(values[:1]))]).to(
        dtype
    )


def compute_eta(weights, n_pwl, observations, index, *, scan=backward.scan):
    """Read-out at the scored steps, (model, scored step, lane, output)."""
    longest = int(observations.n_steps[index].max())
    latents = compute_latents(
        weights, n_pwl, observations.inputs[:, :longest], index, observations.n_steps, scan=scan
    )
    read_steps = observations.read_steps[observations.read_steps < longest]
    return read_out(weights, latents[:, read_steps])


def compute_log_likelihood(weights, n_pwl, observations, index, *, scan=backward.scan):
    """Summed log-likelihood and number of scored choices of every lane.

    Parameters
    ----------
    weights : Weights
    n_pwl : Tensor of int, shape (model,)
    observations : Observations
    index : Tensor of int, shape (model, lane)

    Returns
    -------
    total : Tensor, shape (model, lane), in nats
    n_scored : Tensor, shape (model, lane)
    """
    eta = compute_eta(weights, n_pwl, observations, index, scan=scan).transpose(1, 2)
    n_read = eta.shape[2]
    scored = observations.scored[index][..., :n_read]
    each = log_likelihood(eta, observations.choice[index][..., :n_read])
    return torch.where(scored > 0, each, 0.0).sum(-1), scored.sum(-1)
