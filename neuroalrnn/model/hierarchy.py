r"""AL-RNNs whose parameters vary over subjects along a few dimensions.

.. math::
    \theta_s = \bar\theta + (l_s - \bar l) \Pi_\theta, \qquad
    \theta \in \{a, W, C, h, z_0, B, d\}, \qquad l_s \sim N(0, I)

:math:`l_s` is the vector of subject s, and :math:`\bar l` the mean over the subjects that a model
is trained on. So the group parameters are those of the average subject, and a new subject starts
from them. Without dimensions this is the pooled model; with one-hot vectors, one dimension per
subject, it is one model per subject.
"""

from collections.abc import Collection
from typing import NamedTuple

import numpy as np
import torch

from neuroalrnn.model.alrnn import (
    Scaling,
    decayed_entries,
    frozen_entries,
    scale_inputs,
    unscale_inputs,
)
from neuroalrnn.model.architecture import Architecture
from neuroalrnn.model.init import draw
from neuroalrnn.ops import Weights

VARYING = Weights._fields
START = 0.1


class SubjectWeights(NamedTuple):
    """Group parameters, subject vectors, and what the vectors change, with a leading model axis.

    Parameters
    ----------
    self_slope, weight, input_weight, bias, initial, readout, offset : Tensor
        Parameters of the group, as in `neuroalrnn.ops.Weights`.
    vectors : Tensor, shape (model, subject, dimension)
        Vectors ``l_s``. Those of known subjects count from their mean, those of others as they are.
    is_known : Tensor, shape (model, subject)
        1 for subjects that the model is trained on, else 0.
    by_self_slope, by_weight, by_input_weight, by_bias : Tensor, shape (model, dimension, ...)
        ``Pi``: change of each parameter per unit of the vector.
    by_initial, by_readout, by_offset : Tensor, shape (model, dimension, ...)
        ``Pi`` of the other parameters.
    """

    self_slope: torch.Tensor
    weight: torch.Tensor
    input_weight: torch.Tensor
    bias: torch.Tensor
    initial: torch.Tensor
    readout: torch.Tensor
    offset: torch.Tensor
    vectors: torch.Tensor
    is_known: torch.Tensor
    by_self_slope: torch.Tensor
    by_weight: torch.Tensor
    by_input_weight: torch.Tensor
    by_bias: torch.Tensor
    by_initial: torch.Tensor
    by_readout: torch.Tensor
    by_offset: torch.Tensor

    @property
    def group(self) -> Weights:
        """Parameters of the average subject."""
        return Weights(*self[: len(VARYING)])

    @property
    def maps(self) -> Weights:
        """``Pi``, one tensor per parameter."""
        return Weights(*self[-len(VARYING) :])

    @property
    def centred(self) -> torch.Tensor:
        """Vectors (model, subject, dimension); those of known subjects around their mean."""
        known = self.is_known[..., None]
        mean = (known * self.vectors).sum(1, keepdim=True) / known.sum(1, keepdim=True).clamp(min=1)
        return self.vectors - known * mean


def _project(weights, model, subject):
    """Parameters of subjects: one model per pair (model, subject)."""
    vectors = weights.centred[model, subject]
    return Weights(
        *(
            bar[model] + torch.einsum("pf,pf...->p...", vectors, by[model])
            for bar, by in zip(weights.group, weights.maps, strict=True)
        )
    )


def _log_prior(weights):
    """Log-density of the centred subject vectors, up to a constant, shape (model,)."""
    return -0.5 * weights.centred.square().sum((1, 2))


def canonical_vectors(weights: SubjectWeights, scaling: Scaling | None = None) -> np.ndarray:
    """Place subjects along the principal axes of what their vectors change in the parameters.

    Vectors and maps may be written in any basis; the result is the same for all of them.

    Parameters
    ----------
    weights : SubjectWeights
        Models whose subjects are to be placed.
    scaling : Scaling, optional
        How inputs were scaled in training, if the weights act on the inputs as they are. The
        parameters then count as in training, so that offsets and units of inputs do not matter.

    Returns
    -------
    array, shape (model, subject, dimension)
        Place of every subject, as Euclidean norm of the change of the parameters. The axis of the
        largest changes comes first; its sign is such that the parameter that changes most grows.
    """
    maps = unscale_inputs(weights.maps, scaling) if scaling else weights.maps
    places = []
    for vectors, *moved in zip(weights.centred, *maps, strict=True):
        change = vectors @ torch.cat([by.flatten(1) for by in moved], dim=1)
        left, size, axes = torch.linalg.svd(change, full_matrices=False)
        n = vectors.shape[1]
        sign = axes[:n].gather(1, axes[:n].abs().argmax(1, keepdim=True)).sign()[:, 0]
        places.append(left[:, :n] * size[:n] * sign)
    return torch.stack(places).detach().numpy()


def _scan_subjects(weights, n_pwl, observations, index, read_steps, backend):
    """Run every lane with the parameters of its subject; see `neuroalrnn.ops`.

    The lanes of a subject become a model of their own. So parameters are computed once per subject,
    not once per step, and backends need not know about subjects.
    """
    model, subject, lanes, place = _pairs(index, observations.subject, len(observations.n_steps))
    eta = backend(
        _project(weights, model, subject),
        n_pwl[model],
        observations.inputs,
        lanes,
        observations.n_steps,
        read_steps,
    )
    flat = eta.transpose(1, 2).flatten(0, 1)
    return flat[place].transpose(1, 2)


def _pairs(index, subject, n_sequences):
    """Sort lanes by pair of model and subject.

    Returns model and subject of each pair, shape (pair,); the sequences of its lanes, shape
    (pair, lane), padded with -1; and where each entry of `index` is in these, flattened.
    """
    of_lane = subject[index.remainder(n_sequences)]
    # an absent lane needs no model of its own
    of_lane = torch.where(index < 0, of_lane[:, :1], of_lane)
    key = torch.arange(len(index))[:, None] * (int(subject.max()) + 1) + of_lane
    pairs, pair = key.unique(return_inverse=True)
    pair = pair.flatten()
    order = pair.argsort(stable=True)
    count = pair.bincount(minlength=len(pairs))
    slot = torch.empty_like(pair)
    slot[order] = torch.arange(len(pair)) - (count.cumsum(0) - count)[pair[order]]
    lanes = torch.full((len(pairs), int(count.max())), -1)
    lanes[pair, slot] = index.flatten()
    place = (pair * lanes.shape[1] + slot).unflatten(0, index.shape)
    n_subjects = int(subject.max()) + 1
    return pairs // n_subjects, pairs % n_subjects, lanes, place


def subject_architecture(n_dimensions: int, varying: Collection[str]) -> Architecture:
    """Make the family of AL-RNNs whose parameters vary over subjects.

    Parameters
    ----------
    n_dimensions : int
        Number of dimensions of the subject vectors.
    varying : collection of str
        Parameters that vary over subjects, some of `VARYING`.

    Returns
    -------
    Architecture
        The family, with `SubjectWeights`.
    """

    def draw_one(setting, n_pwl, n_features, *, offset, is_known, rng):
        group = draw(
            setting.n_latent, n_pwl, n_features,
            initialisation=setting.initialisation, convention=setting.convention,
            memory=setting.memory, offset=offset, rng=rng,
        )  # fmt: skip
        # a subject that the model is not trained on starts as the average one
        is_known = torch.as_tensor(is_known).double()
        vectors = START * torch.from_numpy(rng.standard_normal((len(is_known), n_dimensions)))
        vectors = vectors * is_known[:, None]
        maps = [
            START * torch.from_numpy(rng.standard_normal((n_dimensions, *part.shape)))
            * (name in varying)
            for name, part in zip(VARYING, group, strict=True)
        ]  # fmt: skip
        return SubjectWeights(*group, vectors, is_known, *maps)

    def frozen(weights, n_pwl, setting):
        group = frozen_entries(weights.group, n_pwl, setting.convention)
        maps = [
            entries[:, None].expand_as(by) if name in varying else torch.ones_like(by).bool()
            for name, entries, by in zip(VARYING, group, weights.maps, strict=True)
        ]
        known = torch.ones_like(weights.is_known).bool()
        return SubjectWeights(*group, torch.zeros_like(weights.vectors).bool(), known, *maps)

    def decayed(weights):
        group = decayed_entries(weights.group)
        none = (torch.zeros_like(part).bool() for part in (weights.vectors, weights.is_known))
        return SubjectWeights(*group, *none, *(torch.ones_like(by).bool() for by in weights.maps))

    def scale(weights, scaling):
        group, maps = (scale_inputs(part, scaling) for part in (weights.group, weights.maps))
        return weights._replace(
            input_weight=group.input_weight, bias=group.bias,
            by_input_weight=maps.input_weight, by_bias=maps.bias,
        )  # fmt: skip

    return Architecture(
        name=f"AL-RNN with {n_dimensions} subject dimensions",
        draw=draw_one,
        scan=_scan_subjects,
        frozen=frozen,
        decayed=decayed,
        scale_inputs=scale,
        log_prior=_log_prior,
    )
