"""Starting values of one AL-RNN, drawn in float64 from a generator of its own."""

import math

import torch

from neuroalrnn.model.alrnn import Weights

CONVENTIONS = ("reduced", "free")


def draw(n_latent, n_pwl, n_features, *, initialisation, convention, memory, offset, rng):
    """Draw the starting weights of one model.

    Parameters
    ----------
    n_latent, n_pwl, n_features : int
        Latents, PWL units among them, input features.
    initialisation : {"alrnn2024", "identity", "timescales", "orthogonal"}
        Recipe for ``a`` and ``W``.
    convention : {"reduced", "free"}
        Where the self-weight of a linear unit lives: in ``W`` (``a`` fixed at 0), or also in ``a``.
        Both start as the same function.
    memory : float
        Longest time constant of "timescales", in steps; at least 1.
    offset : array-like, shape (output,)
        Read-out offset: log-odds (or log-frequencies) of the training subjects.
    rng : numpy.random.Generator

    Returns
    -------
    Weights
        Tensors without a model axis, float64.

    Notes
    -----
    ``n_pwl`` only decides where the self-slopes live, so models that differ in nothing but
    ``n_pwl`` start from the same random numbers. Recipes: "alrnn2024" is that of Brenner et al.
    (2024), NeurIPS; "identity" follows Schmidt et al. (2021), ICLR; "timescales" and "orthogonal"
    are our own.
    """
    slope, weight, gain = INITIALISATIONS[initialisation](n_latent, memory, rng)
    linear = torch.arange(n_latent) < (n_latent - n_pwl if convention == "reduced" else 0)
    weight = weight + torch.diag(torch.where(linear, slope, 0.0))
    offset = torch.as_tensor(offset, dtype=torch.float64)
    bound = 1 / math.sqrt(n_latent)
    return Weights(
        self_slope=torch.where(linear, 0.0, slope),
        weight=weight,
        input_weight=gain * _normal(rng, n_latent, n_features) / math.sqrt(max(n_features, 1)),
        bias=torch.zeros(n_latent, dtype=torch.float64),
        initial=torch.zeros(n_latent, dtype=torch.float64),
        readout=torch.from_numpy(rng.uniform(-bound, bound, (len(offset), n_latent))),
        offset=offset,
    )


def _alrnn2024(n_latent, memory, rng):
    R = _normal(rng, n_latent, n_latent)
    Q = R.mT @ R / n_latent + torch.eye(n_latent, dtype=R.dtype)
    slope = Q.diagonal() / torch.linalg.eigvalsh(Q).max()
    return slope, 0.01 * _normal(rng, n_latent, n_latent), 1.0


def _identity(n_latent, memory, rng):
    """The first half of the latents integrate perfectly, the rest as "alrnn2024"."""
    slope, weight, gain = _alrnn2024(n_latent, memory, rng)
    keeps = torch.arange(n_latent) < n_latent // 2
    return torch.where(keeps, 1.0, slope), torch.where(keeps[:, None], 0.0, weight), gain


def _timescales(n_latent, memory, rng):
    """Self-slopes exp(-1 / tau), tau log-uniform in [1, memory] steps.

    The slower a unit, the weaker what it receives: other units must not push slow modes beyond 1,
    and under white inputs all units have the same variance.
    """
    tau = torch.from_numpy(memory ** rng.uniform(0, 1, n_latent))
    slope = torch.exp(-1 / tau)[:, None]
    weight = 0.1 * (1 - slope) * _normal(rng, n_latent, n_latent) / math.sqrt(n_latent)
    return slope[:, 0], weight, (1 - slope.square()).sqrt()


def _orthogonal(n_latent, memory, rng):
    """All latents, PWL units too, form a slightly contracting rotation: W = 0.9 Q."""
    Q, R = torch.linalg.qr(_normal(rng, n_latent, n_latent))
    slope = torch.zeros(n_latent, dtype=torch.float64)
    return slope, 0.9 * Q * torch.sign(R.diagonal()), 1.0


def _normal(rng, *shape):
    return torch.from_numpy(rng.standard_normal(shape))


INITIALISATIONS = {
    "alrnn2024": _alrnn2024,
    "identity": _identity,
    "timescales": _timescales,
    "orthogonal": _orthogonal,
}
