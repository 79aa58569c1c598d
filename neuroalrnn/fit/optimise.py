"""Adam for many models at once: one flat row of parameters per model."""

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch.nn.functional import pad

# The most numbers that torch computes at once. If the length of a row is a multiple of it, its bits
# do not depend on the rows beside it; else its last numbers may be rounded differently.
FULL_ROW = 32
_ROWS = ("theta", "free", "decayed", "first", "second", "mean", "rate", "clip_norm", "halving")
_BETA1, _BETA2, _EPSILON = 0.9, 0.999, 1e-8


class Adam:
    """Adam with gradient clipping and weight decay, for every model on its own.

    Parameters
    ----------
    weights : NamedTuple of Tensor
        Starting values, with a model axis; never changed.
    frozen : NamedTuple of bool Tensor
        Entries that stay as they are.
    decayed : NamedTuple of bool Tensor
        Entries that shrink by `weight_decay`.
    learning_rate : array, shape (model,), or float
        Size of an update.
    clip_norm : array, shape (model,), or float
        Norm to which longer gradients are cut.
    weight_decay : array, shape (model,), or float
        Share, times the learning rate, by which weights shrink in an update.
    averaging : float
        Decay of the running average of the weights per update, 0 for none.
    halving : array, shape (model,), or float
        Number of updates in which the learning rate halves; infinite for a constant rate.

    References
    ----------
    Kingma & Ba (2015), ICLR: Adam; Loshchilov & Hutter (2019), ICLR: decoupled weight decay.
    """

    def __init__(
        self,
        weights: Any,
        *,
        frozen: Any,
        decayed: Any,
        learning_rate: ArrayLike,
        clip_norm: ArrayLike,
        weight_decay: ArrayLike,
        averaging: float,
        halving: ArrayLike = math.inf,
    ):
        self.kind, self.shapes = type(weights), [part.shape[1:] for part in weights]
        self.averaging = averaging
        self.theta = _flatten(weights).clone()
        self.rate, self.clip_norm, self.halving, decay = (
            torch.as_tensor(each, dtype=self.theta.dtype).expand(len(self.theta))[:, None]
            for each in (learning_rate, clip_norm, halving, weight_decay)
        )
        self.free = (~_flatten(frozen)).to(self.theta)
        self.decayed = decay * _flatten(decayed).to(self.theta)
        self.first, self.second = torch.zeros_like(self.theta), torch.zeros_like(self.theta)
        self.mean = self.theta.clone()
        self.n_updates = 0

    def update(self, compute_score: Callable[[Any], torch.Tensor]) -> torch.Tensor:
        """Take one step up the gradient of a score.

        Parameters
        ----------
        compute_score : callable
            ``compute_score(weights)``, shape (model,).

        Returns
        -------
        Tensor, shape (model,)
            The score before the step.
        """
        theta = self.theta.detach().requires_grad_()
        score = compute_score(self._unflatten(theta))
        (gradient,) = torch.autograd.grad(score.sum(), theta)
        self._step(gradient)
        return score.detach()

    def climb(self, gradient: Any) -> None:
        """Take one step up a gradient that is known.

        Parameters
        ----------
        gradient : NamedTuple of Tensor
            Of a score, laid out like the weights.
        """
        self._step(_flatten(gradient))

    def weights(self) -> Any:
        """View the weights.

        Returns
        -------
        NamedTuple of Tensor
            Weights of the kind that training started from; those before the next step.
        """
        return self._unflatten(self.theta)

    def _step(self, gradient):
        self.n_updates += 1
        gradient = -gradient * self.free
        norm = gradient.norm(dim=1, keepdim=True)
        gradient = gradient * (self.clip_norm / norm.maximum(self.clip_norm))
        self.first.lerp_(gradient, 1 - _BETA1)
        self.second.lerp_(gradient.square(), 1 - _BETA2)
        unbias = (1 - _BETA2**self.n_updates) ** 0.5 / (1 - _BETA1**self.n_updates)
        scale = self.second.sqrt().add_(_EPSILON)
        rate = self.rate * 0.5 ** (self.n_updates / self.halving)
        self.theta = (self.theta * (1 - rate * self.decayed)).addcdiv_(
            self.first * (-rate * unbias), scale
        )
        # a young average forgets its start faster
        decay = min(self.averaging, self.n_updates / (self.n_updates + 10))
        self.mean.lerp_(self.theta, 1 - decay)

    def averaged(self) -> Any:
        """Copy the running average of the weights.

        Returns
        -------
        NamedTuple of Tensor
            Weights of the kind that training started from.
        """
        return self.kind(*(part.clone() for part in self._unflatten(self.mean)))

    def is_finite(self) -> np.ndarray:
        """Check which models still have finite parameters.

        Returns
        -------
        bool array, shape (model,)
            True where all are finite.
        """
        return torch.isfinite(self.theta).all(dim=1).numpy()

    def keep(self, models: Iterable[int]) -> None:
        """Drop all models but some.

        Parameters
        ----------
        models : int array
            Models to keep.
        """
        kept = torch.as_tensor(models)
        for name in _ROWS:
            setattr(self, name, getattr(self, name)[kept])

    def _unflatten(self, theta):
        sizes = [shape.numel() for shape in self.shapes]
        *parts, _ = theta.split([*sizes, theta.shape[1] - sum(sizes)], dim=1)
        return self.kind(
            *(
                p.unflatten(1, s) if len(s) > 1 else p
                for p, s in zip(parts, self.shapes, strict=True)
            )
        )


def _flatten(weights):
    """Join the weights of each model to one row, filled up with zeros."""
    rows = torch.cat([part.flatten(1) for part in weights], dim=1)
    return pad(rows, (0, -rows.shape[1] % FULL_ROW))
