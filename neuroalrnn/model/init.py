"""Starting values of one AL-RNN, in float64."""

import math

import numpy as np
import torch
from numpy.typing import ArrayLike

from neuroalrnn.ops import Weights

CONVENTIONS = ("reduced", "free")


def draw(
    n_latent: int,
    n_pwl: int,
    n_features: int,
    *,
    initialisation: str,
    convention: str,
    memory: float,
    offset: ArrayLike | torch.Tensor,
    rng: np.random.Generator,
) -> Weights:
    """Draw the starting weights of one model.

    Parameters
    ----------
    n_latent, n_pwl, n_features : int
        Number of latents, of PWL units among them, and of input features.
    initialisation : {"alrnn2024", "identity", "apart", "timescales", "orthogonal"}
        Recipe for ``a`` and ``W``.
    convention : {"reduced", "free"}
        Where the self-weight of a linear unit lives. "reduced": in ``W``, with ``a`` fixed at 0;
        "free": in ``W`` and in ``a``. Both start as the same function.
    memory : float
        Longest time constant of "timescales" in steps, at least 1; of "apart" the steps of input
        that move an integrator as far as one step moves the other units.
    offset : array-like, shape (output,)
        Offset of the read-out, such as the log-odds of the training choices (nats).
    rng : numpy.random.Generator
        Source of all random numbers.

    Returns
    -------
    Weights
        Weights of one model, without a model axis, float64.

    Notes
    -----
    `n_pwl` only decides where the self-slopes live, so models that differ in nothing else start
    from the same random numbers. "alrnn2024" is the recipe of Brenner et al. (2024), NeurIPS;
    "identity" follows Schmidt et al. (2021), ICLR; "apart", "timescales" and "orthogonal"
    are our own.
    """
    slope, weight, gain = INITIALISATIONS[initialisation](n_latent, memory, rng)
    linear = torch.arange(n_latent) < (n_latent - n_pwl if convention == "reduced" else 0)
    weight = weight + torch.diag(torch.where(linear, slope, 0.0))
    start = torch.as_tensor(offset, dtype=torch.float64)
    bound = 1 / math.sqrt(n_latent)
    return Weights(
        self_slope=torch.where(linear, 0.0, slope),
        weight=weight,
        input_weight=gain * _normal(rng, n_latent, n_features) / math.sqrt(max(n_features, 1)),
        bias=torch.zeros(n_latent, dtype=torch.float64),
        initial=torch.zeros(n_latent, dtype=torch.float64),
        readout=torch.from_numpy(rng.uniform(-bound, bound, (len(start), n_latent))),
        offset=start,
    )


def _alrnn2024(n_latent, memory, rng):
    R = _normal(rng, n_latent, n_latent)
    Q = R.mT @ R / n_latent + torch.eye(n_latent, dtype=R.dtype)
    slope = Q.diagonal() / torch.linalg.eigvalsh(Q).max()
    return slope, 0.01 * _normal(rng, n_latent, n_latent), 1.0


def _identity(n_latent, memory, rng):
    """Let the first half of the latents integrate perfectly, and start the rest as "alrnn2024"."""
    slope, weight, gain = _alrnn2024(n_latent, memory, rng)
    keeps = torch.arange(n_latent) < n_latent // 2
    return torch.where(keeps, 1.0, slope), torch.where(keeps[:, None], 0.0, weight), gain


def _apart(n_latent, memory, rng):
    """Let the first half integrate perfectly, and the rest forget at once; none hears the first.

    Over many steps integrators gather far more than other units ever hold. Where these hear them,
    PWL units are soon on or off for good, and with strong inputs every update moves what is read
    out at the end by more than there is to explain.
    """
    keeps = (torch.arange(n_latent) < n_latent // 2)[:, None]
    weight = 0.01 * _normal(rng, n_latent, n_latent)
    gain = torch.where(keeps, 1 / memory, 1.0)
    return keeps[:, 0].double(), torch.where(keeps | keeps.mT, 0.0, weight), gain


def _timescales(n_latent, memory, rng):
    """Draw self-slopes exp(-1 / tau), with tau log-uniform between 1 and `memory` steps.

    The slower a unit, the weaker its inputs: other units must not push slow modes beyond 1, and
    under white inputs all units have the same variance.
    """
    tau = torch.from_numpy(memory ** rng.uniform(0, 1, n_latent))
    slope = torch.exp(-1 / tau)[:, None]
    weight = 0.1 * (1 - slope) * _normal(rng, n_latent, n_latent) / math.sqrt(n_latent)
    return slope[:, 0], weight, (1 - slope.square()).sqrt()


def _orthogonal(n_latent, memory, rng):
    """Let all latents, PWL units too, form a slightly contracting rotation: W = 0.9 Q."""
    Q, R = torch.linalg.qr(_normal(rng, n_latent, n_latent))
    slope = torch.zeros(n_latent, dtype=torch.float64)
    return slope, 0.9 * Q * torch.sign(R.diagonal()), 1.0


def _normal(rng, *shape):
    return torch.from_numpy(rng.standard_normal(shape))


INITIALISATIONS = {
    "alrnn2024": _alrnn2024,
    "identity": _identity,
    "apart": _apart,
    "timescales": _timescales,
    "orthogonal": _orthogonal,
}
