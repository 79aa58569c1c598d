"""The weights of many AL-RNNs, stacked along a leading model axis."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch.nn.functional import pad

from neuroalrnn.ops import Weights


def stack(weights: Sequence) -> Any:
    """Stack the weights of single models along a new model axis.

    Parameters
    ----------
    weights : sequence of NamedTuple of Tensor
        Weights of models of one architecture, without a model axis.

    Returns
    -------
    NamedTuple of Tensor
        Weights of the same kind, with a leading model axis.
    """
    return type(weights[0])(*(torch.stack(parts) for parts in zip(*weights, strict=True)))


def select(weights: Any, index: Any) -> Any:
    """Copy the weights of some models.

    Parameters
    ----------
    weights : NamedTuple of Tensor
        Weights of any architecture, with a leading model axis.
    index : int, slice or Tensor
        Which models.

    Returns
    -------
    NamedTuple of Tensor
        Their weights, of the same kind.
    """
    return type(weights)(*(part[index].clone() for part in weights))


class Scaling(NamedTuple):
    """How models scale their inputs: ``gain (s - centre)`` where an input is present, else 0.

    Some features are 0 or 1 and only say where an input is present. They have no weights of their
    own; the other features are called own features.

    Parameters
    ----------
    gain, centre : Tensor, shape (model, own feature)
        Factor and offset of each own feature.
    carrier : Tensor, shape (own feature, feature + 1)
        Which weight takes up what centring adds. A row has a 1 in the column of the feature that
        says where its input is present, or in the last column, which is that of the bias.
    """

    gain: torch.Tensor
    centre: torch.Tensor
    carrier: torch.Tensor

    def take(self, models: Any) -> "Scaling":
        """Select the scaling of some models.

        Parameters
        ----------
        models : int array
            Which models.

        Returns
        -------
        Scaling
            Their scaling.
        """
        models = torch.as_tensor(models)
        return self._replace(gain=self.gain[models], centre=self.centre[models])

    def after(self, first: "Scaling") -> "Scaling":
        """Combine two scalings, of which this one acts on what the other one has scaled.

        Parameters
        ----------
        first : Scaling
            The scaling that acts first; it is the same for all models.

        Returns
        -------
        Scaling
            One that does both.
        """
        centre = first.centre + self.centre / first.gain
        return self._replace(gain=self.gain * first.gain, centre=centre)

    def to(self, dtype: torch.dtype) -> "Scaling":
        """Convert to another precision.

        Parameters
        ----------
        dtype : torch.dtype
            A floating type.

        Returns
        -------
        Scaling
            The same in that precision.
        """
        return Scaling(*(part.to(dtype) for part in self))

    def fold(self, input_weight: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | float]:
        """Convert weights of scaled inputs to weights of the inputs as they are.

        Parameters
        ----------
        input_weight : Tensor, shape (model, ..., own feature)
            Weights of scaled inputs.

        Returns
        -------
        input_weight : Tensor, shape (model, ..., feature)
            Weights of the inputs as they are.
        change : Tensor, shape (model, ...), or 0
            What has to be added to the bias.
        """
        scaled = input_weight * _per_model(self.gain, input_weight)
        if not self.carrier.any():
            return scaled, 0.0
        moved = -(scaled * _per_model(self.centre, scaled)) @ self.carrier
        added = moved.shape[-1] - 1 - scaled.shape[-1]
        return pad(scaled, (0, added)) + moved[..., :-1], moved[..., -1]

    def fold_gradient(self, input_weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        """Compute the gradient of weights of scaled inputs from that of what `fold` makes of them.

        Parameters
        ----------
        input_weight : Tensor, shape (model, ..., feature)
            Gradient of the weights of the inputs as they are.
        bias : Tensor, shape (model, ...)
            Gradient of the bias.

        Returns
        -------
        Tensor, shape (model, ..., own feature)
            Gradient of the weights of scaled inputs.
        """
        own = input_weight[..., : self.gain.shape[-1]]
        if self.carrier.any():
            moved = torch.cat([input_weight, bias[..., None]], -1) @ self.carrier.mT
            own = own - moved * _per_model(self.centre, moved)
        return own * _per_model(self.gain, own)

    def unfold(self, input_weight: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Undo `fold`.

        Parameters
        ----------
        input_weight : Tensor, shape (model, ..., feature)
            Weights of the inputs as they are.

        Returns
        -------
        input_weight : Tensor, shape (model, ..., own feature)
            Weights of scaled inputs.
        change : Tensor, shape (model, ...)
            What has to be subtracted from the bias.
        """
        own = input_weight[..., : self.gain.shape[-1]]
        # a feature that says where inputs are is not centred: `fold` only scaled its column
        moved = -(own * _per_model(self.centre, own)) @ self.carrier
        own = own - moved[..., : own.shape[-1]]
        return own / _per_model(self.gain, own), moved[..., -1]


def no_scaling(n_models: int, n_features: int) -> Scaling:
    """Make the scaling that leaves inputs as they are.

    Parameters
    ----------
    n_models, n_features : int
        Number of models and of input features.

    Returns
    -------
    Scaling
        Float64.
    """
    ones = torch.ones(n_models, n_features, dtype=torch.float64)
    return Scaling(ones, 0 * ones, torch.zeros(n_features, n_features + 1, dtype=torch.float64))


def _per_model(values, weight):
    """View values (model, feature) in a shape that multiplies weights (model, ..., feature)."""
    return values.view(len(values), *[1] * (weight.ndim - 2), values.shape[-1])


def scale_inputs(weights: Any, scaling: Scaling) -> Any:
    """Convert weights that act on scaled inputs to weights that act on the inputs as they are.

    Parameters
    ----------
    weights : NamedTuple of Tensor
        Weights with ``input_weight`` and ``bias``, and a leading model axis.
    scaling : Scaling
        How the inputs were scaled.

    Returns
    -------
    NamedTuple of Tensor
        The same with other ``input_weight`` and ``bias``.
    """
    input_weight, change = scaling.fold(weights.input_weight)
    return weights._replace(input_weight=input_weight, bias=weights.bias + change)


def unscale_inputs(weights: Any, scaling: Scaling) -> Any:
    """Undo `scale_inputs`.

    Parameters
    ----------
    weights : NamedTuple of Tensor
        Weights that act on the inputs as they are.
    scaling : Scaling
        How the inputs are to be scaled.

    Returns
    -------
    NamedTuple of Tensor
        Weights that act on scaled inputs.
    """
    input_weight, change = scaling.unfold(weights.input_weight)
    return weights._replace(input_weight=input_weight, bias=weights.bias - change)


def frozen_entries(weights: Weights, n_pwl: torch.Tensor, convention: str) -> Weights:
    """Mark the entries that are not trained: ``a`` of linear units under "reduced".

    Parameters
    ----------
    weights : Weights
        Weights with a leading model axis.
    n_pwl : Tensor of int, shape (model,)
        Number of PWL units of each model.
    convention : {"reduced", "free"}
        Where the self-weights of linear units live, see `draw`.

    Returns
    -------
    Weights of bool Tensor
        True where an entry stays as it is.
    """
    none = Weights(*(torch.zeros_like(part, dtype=torch.bool) for part in weights))
    if convention == "free":
        return none
    n_latent = weights.self_slope.shape[1]
    return none._replace(self_slope=torch.arange(n_latent) < n_latent - n_pwl[:, None])


def decayed_entries(weights: Weights) -> Weights:
    """Mark the entries that weight decay shrinks: off-diagonal ``W``, ``C`` and ``B``.

    Parameters
    ----------
    weights : Weights
        Weights with a leading model axis.

    Returns
    -------
    Weights of bool Tensor
        True where weight decay acts.
    """
    none = Weights(*(torch.zeros_like(part, dtype=torch.bool) for part in weights))
    off_diagonal = ~torch.eye(weights.weight.shape[1], dtype=torch.bool)
    return none._replace(
        weight=off_diagonal.expand_as(weights.weight),
        input_weight=~none.input_weight,
        readout=~none.readout,
    )
