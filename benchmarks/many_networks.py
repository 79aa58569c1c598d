"""Networks that learn many tasks: how they start, run, and go over to shorter steps.

A network that has learnt trials of joined steps becomes one for single steps by moving a fraction
of the way at each: ``z' = z + (F(z) - z) / n``.
"""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch

from neuroalrnn.fit import compute_eta
from neuroalrnn.model import ALRNN_ARCHITECTURE, Architecture, scale_inputs, stack
from neuroalrnn.ops import Weights
from neuroalrnn.peers import GRU

# half of the units of an AL-RNN start by summing their inputs, some of which stay on
GAIN = 0.3


class TanhWeights(NamedTuple):
    """Weights of a tanh network: ``z' = z + leak (tanh(W z + C s + h) - z)``."""

    weight: torch.Tensor
    input_weight: torch.Tensor
    bias: torch.Tensor
    initial: torch.Tensor
    readout: torch.Tensor
    offset: torch.Tensor
    leak: torch.Tensor


class _TanhPath(torch.autograd.Function):
    """States of all steps, and their gradient; at step t the first ``counts[t]`` lanes exist."""

    @staticmethod
    def forward(ctx, driven, weight, leak, counts):
        n_steps, n_lanes, n_latent = driven.shape
        path = driven.new_zeros(n_steps + 1, n_lanes, n_latent)
        bent = torch.zeros_like(driven)
        for t, n in enumerate(counts):
            torch.addmm(driven[t, :n], path[t, :n], weight.T, out=bent[t, :n])
            torch.lerp(path[t, :n], bent[t, :n].tanh_(), leak, out=path[t + 1, :n])
        ctx.save_for_backward(weight, path, bent)
        ctx.leak, ctx.counts = leak, counts
        return path[1:].clone()

    @staticmethod
    def backward(ctx, gradient):
        weight, path, bent = ctx.saved_tensors
        gradient, inner = gradient.clone(), ctx.leak * (1 - bent.square())
        for t in reversed(range(len(bent))):
            n = ctx.counts[t]
            inner[t, :n] *= gradient[t, :n]
            inner[t, n:] = 0
            if t:
                gradient[t - 1, :n].addmm_(inner[t, :n], weight)
                gradient[t - 1, :n].add_(gradient[t, :n], alpha=1 - ctx.leak)
        flat, before = inner.flatten(0, 1), path[:-1].flatten(0, 1)
        return inner, flat.T @ before, None, None


def _scan_tanh(weights, n_pwl, observations, index, read_steps, backend):
    """Run one network, with lanes sorted by their length, longest first."""
    one = TanhWeights(*(part[0] for part in weights))
    lanes = index[0]
    n_steps = observations.n_steps[lanes]
    steps = torch.arange(int(n_steps.max()))
    driven = observations.inputs[lanes, : len(steps)].transpose(0, 1) @ one.input_weight.T
    counts = (n_steps > steps[:, None]).sum(1).tolist()
    path = _TanhPath.apply(driven + one.bias, one.weight, float(one.leak[0].detach()), counts)
    return (path[read_steps] @ one.readout.T + one.offset)[None]


def _draw_tanh(setting, n_pwl, n_features, *, offset, is_known, rng):
    """Draw a rotation as recurrence, and the rest as that of the AL-RNN."""
    n, bound = setting.n_latent, 1 / math.sqrt(setting.n_latent)
    rotation, upper = np.linalg.qr(rng.standard_normal((n, n)))
    drawn = TanhWeights(
        weight=rotation * np.sign(np.diagonal(upper)),
        input_weight=rng.standard_normal((n, n_features)) / math.sqrt(n_features),
        bias=np.zeros(n),
        initial=np.zeros(n),
        readout=rng.uniform(-bound, bound, (len(offset), n)),
        offset=np.asarray(offset),
        leak=np.ones(1),
    )
    return TanhWeights(*(torch.as_tensor(part, dtype=torch.float64) for part in drawn))


def _frozen_tanh(weights, n_pwl, setting):
    parts = {name: torch.zeros_like(part, dtype=torch.bool) for name, part in _named(weights)}
    kept = {name: torch.ones_like(parts[name]) for name in ("leak", "initial")}
    return TanhWeights(**parts | kept)


def _named(weights):
    return zip(weights._fields, weights, strict=True)


TANH = Architecture(
    name="tanh network",
    draw=_draw_tanh,
    scan=_scan_tanh,
    frozen=_frozen_tanh,
    decayed=lambda weights: TanhWeights(
        *(torch.zeros_like(part, dtype=torch.bool) for part in weights)
    ),
    scale_inputs=scale_inputs,
)


@dataclass(frozen=True)
class Kind:
    """A kind of network.

    Parameters
    ----------
    name : str
    architecture : Architecture
    share : float
        Share of the latents that are PWL units.
    pace : float
        Updates that take as long as one of the AL-RNN.
    """

    name: str
    architecture: Architecture
    share: float = 0.0
    pace: float = 1.0

    def n_pwl(self, n_latent):
        """Number of PWL units."""
        return torch.tensor([int(self.share * n_latent)])


KINDS = {
    each.name: each
    for each in (
        Kind("AL-RNN", ALRNN_ARCHITECTURE, 0.25),
        Kind("full ReLU", ALRNN_ARCHITECTURE, 1.0),
        Kind("tanh", TANH, pace=0.5),
        Kind("GRU", GRU, pace=0.5),
    )
}


def refine(weights: Any, n_joined: int) -> Any:
    """Turn a network for joined steps into one for single steps.

    Parameters
    ----------
    weights : NamedTuple of Tensor
        With a model axis.
    n_joined : int
        Number of steps that were joined.

    Returns
    -------
    NamedTuple of Tensor
        Weights of the same kind. A gate cannot be turned exactly: the update gate of a GRU keeps
        n times as long where it keeps.
    """
    if isinstance(weights, TanhWeights):
        return weights._replace(leak=weights.leak / n_joined)
    if isinstance(weights, Weights):
        return _refine_alrnn(weights, n_joined)
    n = weights.initial.shape[-1]
    bias = weights.bias.clone()
    bias[:, n : 2 * n] += math.log(n_joined)
    return weights._replace(bias=bias)


def _refine_alrnn(weights, n_joined):
    """Move a fraction of the way; what a linear unit keeps of itself may stand in ``W``."""
    keeps = 1 - 1 / n_joined
    linear = weights.self_slope == 0
    weight, slope = weights.weight / n_joined, weights.self_slope / n_joined
    return weights._replace(
        weight=weight + torch.diag_embed(keeps * linear),
        self_slope=torch.where(linear, 0.0, slope + keeps),
        input_weight=weights.input_weight / n_joined,
        bias=weights.bias / n_joined,
    )


def start(kind, setting, seed, offset) -> Any:
    """Draw the weights that training starts from.

    Parameters
    ----------
    kind : Kind
    setting : neuroalrnn.config.Setting
    seed : int
    offset : array, shape (output,)

    Returns
    -------
    NamedTuple of Tensor
        With a model axis, in single precision.
    """
    n_pwl = int(kind.n_pwl(setting.n_latent))
    drawn = kind.architecture.draw(
        setting, n_pwl, 20, offset=offset, is_known=None, rng=np.random.default_rng(seed)
    )
    if isinstance(drawn, Weights):
        drawn = drawn._replace(input_weight=GAIN * drawn.input_weight)
    weights = stack([drawn])
    return type(weights)(*(part.float() for part in weights))


def give_out(kind, weights, observations, scan) -> np.ndarray:
    """Run a network over trials.

    Parameters
    ----------
    kind : Kind
    weights : NamedTuple of Tensor
    observations : Observations
    scan : callable

    Returns
    -------
    array, shape (trial, step, output)
    """
    n_steps = observations.n_steps
    order = torch.argsort(n_steps[:-1], descending=True, stable=True)
    steps = torch.arange(observations.inputs.shape[1])
    n_pwl = kind.n_pwl(weights.readout.shape[-1])
    with torch.no_grad():
        eta = compute_eta(
            weights, n_pwl, observations, order[None], read_steps=steps, scan=scan,
            architecture=kind.architecture,
        )[0]  # fmt: skip
    found = np.zeros((len(order), len(steps), eta.shape[-1]), dtype=np.float32)
    found[order.numpy(), : len(eta)] = eta.transpose(0, 1).numpy()
    return found
