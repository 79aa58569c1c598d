"""Penalties on the weights and latents of many AL-RNNs.

Each is a function of weights or latents. All are means, so that a strength means the same for
networks of every size. All are off by default. None acts on initial states or offsets.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch.nn.functional import pad

from neuroalrnn.ops import Weights


def manifold_attractor(
    weights: Weights, n_pwl: torch.Tensor, share: torch.Tensor | float = 0.0
) -> torch.Tensor:
    r"""Compute the penalty that pulls some units, ``U``, towards perfect integration.

    .. math::
        \frac{1}{|U|} \sum_{i \in U} (1 - a_i - W_{ii})^2
        + \frac{1}{|U| (M - 1)} \sum_{i \in U, j \neq i} W_{ij}^2
        + \frac{1}{|U|} \sum_{i \in U} h_i^2

    PWL units have two self-slopes: ``a`` below zero and ``a + W_ii`` above. Of these the first term
    is the mean. Input weights have no penalty, because an integrator needs its input.

    Parameters
    ----------
    weights : Weights
        Weights with a leading model axis.
    n_pwl : Tensor of int, shape (model,)
        Number of PWL units of each model.
    share : Tensor, shape (model,), or float
        Share of all units that are in ``U``, from the first on, PWL units too. Where it is 0, ``U``
        is the first half of the linear units, and where there is none of all units. Numbers are
        rounded up.

    Returns
    -------
    Tensor, shape (model,)
        Penalties.

    Notes
    -----
    After Schmidt et al. (2021), ICLR, whose networks are fully rectified. That it acts on
    ``a + W_ii`` is our own definition: with a full ``W``, a penalty on ``a`` alone would leave the
    self-slope free.
    """
    n_latent = weights.bias.shape[1]
    n_candidates = torch.where(n_pwl == n_latent, n_latent, n_latent - n_pwl)
    share = torch.as_tensor(share, dtype=torch.float64)
    # 0.1 of 30 units are three, though their product is a little more
    of_all = (share * n_latent - 1e-9).ceil()
    n_chosen = torch.where(share > 0, of_all, (n_candidates + 1) // 2)
    latent = torch.arange(n_latent)
    chosen = latent < n_chosen[:, None]
    above = _self_slopes(weights)
    is_pwl = latent >= (n_latent - n_pwl)[:, None]
    below = torch.where(is_pwl, weights.self_slope, above)
    slopes = ((1 - above).square() + (1 - below).square()) / 2
    others = _off_diagonal(weights.weight).square().sum(2) / max(n_latent - 1, 1)
    each = slopes + others + weights.bias.square()
    return (chosen * each).sum(1) / chosen.sum(1)


def instability(weights: Weights, n_pwl: torch.Tensor) -> torch.Tensor:
    """Compute the penalty on linear units whose self-slope is beyond -1 or 1.

    It is the mean of ``relu(|a_i + W_ii| - 1)^2``.

    Parameters
    ----------
    weights : Weights
        Weights with a leading model axis.
    n_pwl : Tensor of int, shape (model,)
        Number of PWL units of each model.

    Returns
    -------
    Tensor, shape (model,)
        Penalties; 0 where there is no linear unit.
    """
    n_latent = weights.bias.shape[1]
    is_linear = torch.arange(n_latent) < (n_latent - n_pwl)[:, None]
    excess = (_self_slopes(weights).abs() - 1).clamp(min=0).square()
    return (excess * is_linear).sum(1) / (n_latent - n_pwl).clamp(min=1)


def weight_l1(weights: Weights) -> torch.Tensor:
    """Compute the mean absolute value of off-diagonal ``W``, ``C`` and ``B``, shape (model,)."""
    return _couplings(weights).abs().mean(1)


def weight_l2(weights: Weights) -> torch.Tensor:
    """Compute the mean square of off-diagonal ``W``, ``C`` and ``B``, shape (model,)."""
    return _couplings(weights).square().mean(1)


def latent_l1(latents: torch.Tensor, scored: torch.Tensor) -> torch.Tensor:
    """Compute the mean absolute latent over scored steps.

    Parameters
    ----------
    latents : Tensor, shape (model, read step, lane, latent)
        Latents at the steps that are read out.
    scored : Tensor, shape (model, read step, lane)
        1 where a choice counts, else 0.

    Returns
    -------
    Tensor, shape (model,)
        Penalties.
    """
    return _over_scored(latents.abs(), scored)


def latent_l2(latents: torch.Tensor, scored: torch.Tensor) -> torch.Tensor:
    """Compute the mean squared latent over scored steps; arguments are those of `latent_l1`."""
    return _over_scored(latents.square(), scored)


def _self_slopes(weights):
    """Slope of every latent on itself where it is on, ``a_i + W_ii``, shape (model, latent)."""
    return weights.self_slope + weights.weight.diagonal(dim1=1, dim2=2)


def _off_diagonal(weight):
    return weight * (1 - torch.eye(weight.shape[1], dtype=weight.dtype))


def _couplings(weights):
    """Join the entries that couple latents or inputs, one row per model, without ``W_ii``."""
    is_coupling = ~torch.eye(weights.weight.shape[1], dtype=torch.bool)
    parts = (weights.weight[:, is_coupling], weights.input_weight, weights.readout)
    return torch.cat([part.flatten(1) for part in parts], dim=1)


def _over_scored(values, scored):
    where_scored = torch.where(scored[..., None] > 0, values, 0.0)
    n_values = scored.sum((1, 2)).clamp(min=1) * values.shape[-1]
    return where_scored.sum((1, 2, 3)) / n_values


def with_latents(weights: Any) -> Any:
    """Let weights read out the latents, too, behind their own outputs and alike for all subjects.

    Parameters
    ----------
    weights : Weights or SubjectWeights
        Weights with a leading model axis.

    Returns
    -------
    Weights or SubjectWeights
        The same with ``n_latent`` more outputs.
    """
    n_models, _, n_latent = weights.readout.shape
    identity = torch.eye(n_latent, dtype=weights.readout.dtype).expand(n_models, -1, -1)
    maps = {}
    if hasattr(weights, "by_readout"):
        maps["by_readout"] = pad(weights.by_readout, (0, 0, 0, n_latent))
        maps["by_offset"] = pad(weights.by_offset, (0, n_latent))
    return weights._replace(
        readout=torch.cat([weights.readout, identity], dim=1),
        offset=pad(weights.offset, (0, n_latent)),
        **maps,
    )


ON_WEIGHTS: dict[str, Callable] = {
    "attractor": manifold_attractor,
    "stability": instability,
    "l1": lambda weights, n_pwl: weight_l1(weights),
    "l2": lambda weights, n_pwl: weight_l2(weights),
}
ON_LATENTS = {"latent_l1": latent_l1, "latent_l2": latent_l2}


class Penalties:
    """The penalties of many models, each with strengths of its own.

    Parameters
    ----------
    settings : sequence of neuroalrnn.config.Setting
        Settings of each model, which have the strengths.
    """

    def __init__(self, settings: Sequence):
        names = (*ON_WEIGHTS, *ON_LATENTS)
        strengths = {
            name: torch.tensor([getattr(each, name) for each in settings]) for name in names
        }
        self.strengths = {name: value for name, value in strengths.items() if value.any()}
        self.share = torch.tensor([each.attractor_share for each in settings], dtype=torch.float64)
        self.need_latents = bool(ON_LATENTS.keys() & self.strengths.keys())

    def compute(
        self,
        models: np.ndarray,
        weights: Any,
        n_pwl: torch.Tensor,
        latents: torch.Tensor,
        scored: torch.Tensor,
    ) -> torch.Tensor | float:
        """Sum the penalties of some models.

        Parameters
        ----------
        models : int array
            Places of the models among the settings.
        weights : NamedTuple of Tensor
            Weights of these models.
        n_pwl : Tensor of int, shape (model,)
            Number of PWL units of each of them.
        latents : Tensor, shape (model, read step, lane, latent)
            Latents, which are read only if ``need_latents``.
        scored : Tensor, shape (model, read step, lane)
            1 where a choice counts, else 0.

        Returns
        -------
        Tensor, shape (model,), or 0
            Nats per trial; 0 if no model has a penalty.
        """
        total: torch.Tensor | float = 0.0
        for name, strength in self.strengths.items():
            if name == "attractor":
                value = manifold_attractor(weights, n_pwl, self.share[models])
            elif name in ON_WEIGHTS:
                value = ON_WEIGHTS[name](weights, n_pwl)
            else:
                value = ON_LATENTS[name](latents, scored)
            total = total + strength[models].to(value) * value
        return total
