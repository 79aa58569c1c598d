"""What is compared: each function takes a problem and returns a call that computes its gradient.

Called, the batched ones return (value, gradient) with a model axis; those that take one model after
the other return a list of (value, gradient).
"""

import torch
from torch import nn
from torch.nn.functional import softplus

from neuroalrnn.model import log_likelihood
from neuroalrnn.ops import Weights, floors


def batched(problem, scan):
    """All models at once by a backend of `neuroalrnn.ops`, as a fit does it."""
    weights = _trainable(problem.weights)
    arguments = problem.scan_arguments()
    choice = problem.choice.T.float().expand(len(weights.bias), -1, -1).contiguous()

    def run():
        eta = scan(weights, **arguments)
        value = log_likelihood(eta, choice).sum((1, 2))
        return value.detach(), torch.autograd.grad(value.sum(), weights)

    return run


def scan_only(problem, scan):
    """The same without the likelihood: the gradient of eta is given."""
    weights = _trainable(problem.weights)
    arguments = problem.scan_arguments()
    size = problem.workload
    given = torch.ones(size.models, size.steps, size.sequences, 1)

    def run():
        eta = scan(weights, **arguments)
        return eta.detach(), torch.autograd.grad(eta, weights, given)

    return run


def eager_loop(problem):
    """The recurrence as one would write it in torch, one model after the other."""
    return _one_by_one(problem, lambda weights: _eager(weights, problem))


def eager_validation(problem):
    """Its forward pass alone, without a graph."""
    floor, inputs = _floor(problem), _by_step(problem)

    def run():
        with torch.no_grad():
            return [
                _eager_forward(Weights(*parts), floor, inputs)
                for parts in zip(*problem.weights, strict=True)
            ]

    return run


def recurrent_layer(problem, kind):
    """A layer of torch of the same size, one model after the other.

    Parameters
    ----------
    problem : Problem
    kind : {"RNN", "GRU"}
        The RNN with a ReLU on every latent; both with a trained initial state.
    """
    return _one_by_one(problem, lambda weights: _layer(kind, problem))


def _eager_forward(weights, floor, inputs):
    """Read-out of one model, (step, sequence): ``z = a * z + W phi(z) + C s + h``, ``B z + d``."""
    a, W, C, h, z_0, B, d = weights
    z = z_0.expand(inputs.shape[1], -1)
    latents = []
    for s in inputs:
        z = a * z + torch.maximum(z, floor) @ W.T + s @ C.T + h
        latents.append(z)
    return (torch.stack(latents) @ B.T + d)[..., 0]


def _eager(weights, problem):
    weights = _trainable(weights)
    floor, inputs, sign = _floor(problem), _by_step(problem), _sign(problem)

    def run():
        value = -softplus(_eager_forward(weights, floor, inputs) * sign).sum()
        return value.detach(), torch.autograd.grad(value, weights)

    return run


def _layer(kind, problem):
    options = {"nonlinearity": "relu"} if kind == "RNN" else {}
    inputs, n_latent = _by_step(problem), problem.workload.n_latent
    layer = getattr(nn, kind)(inputs.shape[2], n_latent, **options)
    readout = nn.Linear(n_latent, 1)
    initial = nn.Parameter(torch.zeros(n_latent))
    weights = [*layer.parameters(), *readout.parameters(), initial]
    sign = _sign(problem)

    def run():
        latents, _ = layer(inputs, initial.expand(1, inputs.shape[1], -1).contiguous())
        value = -softplus(readout(latents)[..., 0] * sign).sum()
        return value.detach(), torch.autograd.grad(value, weights)

    return run


def _one_by_one(problem, make):
    models = zip(*problem.weights, strict=True)
    runs = [make(Weights(*parts)) for parts in models]
    return lambda: [run() for run in runs]


def _floor(problem):
    """Lower bound of ``phi``, shape (latent,)."""
    size = problem.workload
    return floors(torch.tensor([size.n_pwl]), size.n_latent, dtype=torch.float32)[0]


def _by_step(problem):
    """Inputs, shape (step, sequence, feature)."""
    return problem.inputs.transpose(0, 1).contiguous()


def _sign(problem):
    """-1 where option 1 was chosen, else 1: ``log p = -softplus(sign eta)``."""
    return (1.0 - 2.0 * problem.choice.T).contiguous()


def _trainable(weights):
    return Weights(*(part.detach().clone().requires_grad_() for part in weights))
