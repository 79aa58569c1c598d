"""Many AL-RNNs as one: weights with a leading model axis, latents, read-out."""

from typing import NamedTuple

import torch

from neuroalrnn.ops import Parameters, backward


class Weights(NamedTuple):
    """Everything that is trained, with a leading ``model`` axis (none for a single model).

    Attributes
    ----------
    self_slope : Tensor, shape (model, latent)
        ``a``; zero on linear units under the "reduced" convention.
    weight : Tensor, shape (model, latent, latent)
        ``W``, rows are targets.
    input_weight : Tensor, shape (model, latent, feature)
        ``C``.
    bias : Tensor, shape (model, latent)
        ``h``.
    initial : Tensor, shape (model, latent)
        ``z_0``.
    readout : Tensor, shape (model, output, latent)
        ``B``.
    offset : Tensor, shape (model, output)
        ``d``.
    """

    self_slope: torch.Tensor
    weight: torch.Tensor
    input_weight: torch.Tensor
    bias: torch.Tensor
    initial: torch.Tensor
    readout: torch.Tensor
    offset: torch.Tensor


def stack(weights):
    """Join single models into one set with a model axis."""
    return Weights(*(torch.stack(parts) for parts in zip(*weights, strict=True)))


def select(weights, index):
    """Models ``index`` of a set, copied."""
    return Weights(*(part[index].clone() for part in weights))


def compute_latents(weights, n_pwl, inputs, index, n_steps, *, scan=backward.scan):
    """Latents of every model on its own sequences.

    Parameters
    ----------
    weights : Weights
    n_pwl : Tensor of int, shape (model,)
    inputs : Tensor, shape (sequence, step, feature)
    index : Tensor of int, shape (model, lane)
    n_steps : Tensor of int, shape (sequence,)
    scan : callable
        A backend of `neuroalrnn.ops`.

    Returns
    -------
    Tensor, shape (model, step, lane, latent)
    """
    return scan(Parameters(*weights[:5]), n_pwl, inputs, index, n_steps)


def read_out(weights, latents):
    """``eta = B z + d``, affine in the latents and never in their rectified values.

    Parameters
    ----------
    weights : Weights
    latents : Tensor, shape (model, step, lane, latent)

    Returns
    -------
    Tensor, shape (model, step, lane, output)
    """
    eta = torch.bmm(latents.flatten(1, 2), weights.readout.mT) + weights.offset[:, None]
    return eta.unflatten(1, latents.shape[1:3])


def scale_inputs(weights, gain):
    """Multiply the columns of ``C`` by ``gain``, shape (model, feature)."""
    return weights._replace(input_weight=weights.input_weight * gain[:, None])


def frozen_entries(weights, n_pwl, convention):
    """Entries that are not trained: ``a`` of linear units under the "reduced" convention.

    Parameters
    ----------
    weights : Weights
    n_pwl : Tensor of int, shape (model,)
    convention : {"reduced", "free"}

    Returns
    -------
    Weights of bool
    """
    none = Weights(*(torch.zeros_like(part, dtype=torch.bool) for part in weights))
    if convention == "free":
        return none
    n_latent = weights.self_slope.shape[1]
    return none._replace(self_slope=torch.arange(n_latent) < n_latent - n_pwl[:, None])


def decayed_entries(weights):
    """Entries that weight decay shrinks: off-diagonal ``W``, ``C`` and ``B``."""
    none = Weights(*(torch.zeros_like(part, dtype=torch.bool) for part in weights))
    off_diagonal = ~torch.eye(weights.weight.shape[1], dtype=torch.bool)
    return none._replace(
        weight=off_diagonal.expand_as(weights.weight),
        input_weight=~none.input_weight,
        readout=~none.readout,
    )
