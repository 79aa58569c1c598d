"""Many AL-RNNs as one: weights with a leading model axis."""

import torch

from neuroalrnn.ops import Weights


def stack(weights):
    """Join single models into one set with a model axis; weights of any architecture."""
    return type(weights[0])(*(torch.stack(parts) for parts in zip(*weights, strict=True)))


def select(weights, index):
    """Models ``index`` of a set, copied; weights of any architecture."""
    return type(weights)(*(part[index].clone() for part in weights))


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
