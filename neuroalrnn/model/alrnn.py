"""Many AL-RNNs as one: weights with a leading model axis."""

from typing import NamedTuple

import torch
from torch.nn.functional import pad

from neuroalrnn.ops import Weights


def stack(weights):
    """Join single models into one set with a model axis; weights of any architecture."""
    return type(weights[0])(*(torch.stack(parts) for parts in zip(*weights, strict=True)))


def select(weights, index):
    """Models ``index`` of a set, copied; weights of any architecture."""
    return type(weights)(*(part[index].clone() for part in weights))


class Scaling(NamedTuple):
    """How models get their inputs: ``gain (s - centre)`` where an input is present, else 0.

    Parameters
    ----------
    gain, centre : Tensor, shape (model, own feature)
    carrier : Tensor, shape (own feature, feature + 1)
        Which weight takes what centring adds: 1 in the column of the 0/1 feature that tells where
        an input is present, or in the last one, of the bias. Features beyond the own ones only
        tell this, and have no weights of their own.
    """

    gain: torch.Tensor
    centre: torch.Tensor
    carrier: torch.Tensor

    def take(self, models):
        """The scaling of some models."""
        models = torch.as_tensor(models)
        return self._replace(gain=self.gain[models], centre=self.centre[models])

    def after(self, first):
        """This scaling of what another one, of a single model, has scaled before."""
        centre = first.centre + self.centre / first.gain
        return self._replace(gain=self.gain * first.gain, centre=centre)

    def to(self, dtype):
        """The same in another precision."""
        return Scaling(*(part.to(dtype) for part in self))

    def fold(self, input_weight):
        """Weights that act on the inputs as they are.

        Parameters
        ----------
        input_weight : Tensor, shape (model, ..., own feature)

        Returns
        -------
        input_weight : Tensor, shape (model, ..., feature)
        change : Tensor, shape (model, ...), or 0
            What is added to the bias.
        """
        scaled = input_weight * _per_model(self.gain, input_weight)
        if not self.carrier.any():
            return scaled, 0.0
        moved = -(scaled * _per_model(self.centre, scaled)) @ self.carrier
        added = moved.shape[-1] - 1 - scaled.shape[-1]
        return pad(scaled, (0, added)) + moved[..., :-1], moved[..., -1]

    def unfold(self, input_weight):
        """Undo `fold`: weights of the own features, and what is taken from the bias."""
        own = input_weight[..., : self.gain.shape[-1]]
        # what carries is not centred itself, so that these columns are as `fold` scaled them
        moved = -(own * _per_model(self.centre, own)) @ self.carrier
        own = own - moved[..., : own.shape[-1]]
        return own / _per_model(self.gain, own), moved[..., -1]


def no_scaling(n_models, n_features):
    """The scaling of inputs that models get as they are."""
    ones = torch.ones(n_models, n_features, dtype=torch.float64)
    return Scaling(ones, 0 * ones, torch.zeros(n_features, n_features + 1, dtype=torch.float64))


def _per_model(values, weight):
    """Values (model, feature) in a shape that multiplies weights (model, ..., feature)."""
    return values.view(len(values), *[1] * (weight.ndim - 2), values.shape[-1])


def scale_inputs(weights, scaling):
    """Let weights act on the inputs as they are: change ``C``, and the bias; see `Scaling`."""
    input_weight, change = scaling.fold(weights.input_weight)
    return weights._replace(input_weight=input_weight, bias=weights.bias + change)


def unscale_inputs(weights, scaling):
    """Undo `scale_inputs`."""
    input_weight, change = scaling.unfold(weights.input_weight)
    return weights._replace(input_weight=input_weight, bias=weights.bias - change)


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
