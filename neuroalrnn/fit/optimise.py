"""Adam over many models at once: one flat row of parameters per model."""

import math

import torch
from torch.nn.functional import pad

# Numbers that torch computes at once at most. Rows of a multiple of it have the same bits whatever
# rows there are beside them; the last numbers of others may be rounded differently.
FULL_ROW = 32
ROWS = ("theta", "free", "decayed", "first", "second", "mean", "rate", "clip_norm", "halving")
_BETA1, _BETA2, _EPSILON = 0.9, 0.999, 1e-8


class Adam:
    """Adam (Kingma & Ba 2015) with gradient clipping and weight decay, every model on its own.

    Parameters
    ----------
    weights : NamedTuple of Tensor
        Starting values, with a model axis; never changed.
    frozen : NamedTuple of bool Tensor
        Entries that stay as they are.
    decayed : NamedTuple of bool Tensor
        Entries that shrink by ``weight_decay`` (decoupled, Loshchilov & Hutter 2019).
    learning_rate, weight_decay, clip_norm : array, shape (model,), or float
    halving : array, shape (model,), or float
        Updates after which the learning rate has halved, again and again; infinite for a constant
        rate.
    averaging : float
        Decay of the running average of the weights, 0 for none.
    """

    def __init__(
        self,
        weights,
        *,
        frozen,
        decayed,
        learning_rate,
        clip_norm,
        weight_decay,
        averaging,
        halving=math.inf,
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

    def update(self, compute_score):
        """One step up the gradient of ``compute_score(weights) -> Tensor, shape (model,)``.

        Returns
        -------
        Tensor, shape (model,)
            The score before the step.
        """
        theta = self.theta.detach().requires_grad_()
        score = compute_score(self._unflatten(theta))
        (gradient,) = torch.autograd.grad(score.sum(), theta)
        self._step(-gradient * self.free)
        return score.detach()

    def _step(self, gradient):
        self.n_updates += 1
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
        # a young average forgets its start as fast as it can
        decay = min(self.averaging, self.n_updates / (self.n_updates + 10))
        self.mean.lerp_(self.theta, 1 - decay)

    def averaged(self):
        """Running average of the weights."""
        return self.kind(*(part.clone() for part in self._unflatten(self.mean)))

    def is_finite(self):
        """Which models still have finite parameters, bool array of shape (model,)."""
        return torch.isfinite(self.theta).all(dim=1).numpy()

    def keep(self, models):
        """Drop all but some models."""
        models = torch.as_tensor(models)
        for name in ROWS:
            setattr(self, name, getattr(self, name)[models])

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
    """One row per model, filled up with zeros."""
    rows = torch.cat([part.flatten(1) for part in weights], dim=1)
    return pad(rows, (0, -rows.shape[1] % FULL_ROW))
