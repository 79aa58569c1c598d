"""Workloads: sizes, the problem that everybody solves, and the floating point operations in it.

The problem is one training gradient: run the recurrence over all steps, read one output at every
step, take the Bernoulli log-likelihood of given choices at every step, and differentiate it with
respect to all weights of all models.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch

from neuroalrnn.ops import Weights

N_FEATURES = 4


class Workload(NamedTuple):
    """Sizes of one problem."""

    models: int
    sequences: int
    steps: int
    n_latent: int
    n_pwl: int


WORKLOADS = (
    Workload(1, 16, 200, 16, 2),
    Workload(1, 256, 200, 16, 2),
    Workload(20, 32, 200, 16, 2),
    Workload(100, 16, 500, 8, 2),
    Workload(90, 16, 1000, 16, 2),
    Workload(10, 64, 200, 32, 4),
    Workload(1, 64, 500, 64, 4),
    Workload(1, 128, 784, 128, 8),
)


@dataclass(frozen=True)
class Problem:
    """Everything that is prepared before the clock starts, float32.

    Attributes
    ----------
    workload : Workload
    weights : Weights
        Small enough that no trajectory grows.
    inputs : Tensor, shape (sequence, step, feature)
        Shared by all models; every model runs over every sequence.
    choice : Tensor of int, shape (sequence, step)
        0 or 1.
    """

    workload: Workload
    weights: Weights
    inputs: torch.Tensor
    choice: torch.Tensor

    def scan_arguments(self):
        """What a backend takes after the weights, see `neuroalrnn.ops`."""
        size = self.workload
        return {
            "n_pwl": torch.full((size.models,), size.n_pwl),
            "inputs": self.inputs,
            "index": torch.arange(size.sequences).repeat(size.models, 1),
            "n_steps": torch.full((size.sequences,), size.steps),
            "read_steps": torch.arange(size.steps),
        }

    def first(self, n_models):
        """The same problem for the first models only."""
        weights = Weights(*(part[:n_models] for part in self.weights))
        return Problem(self.workload._replace(models=n_models), weights, self.inputs, self.choice)


def make_problem(workload, n_features=N_FEATURES, seed=0):
    """Draw a problem.

    Parameters
    ----------
    workload : Workload
    n_features, seed : int

    Returns
    -------
    Problem
    """
    rng = torch.Generator().manual_seed(seed)
    n_models, n_sequences, n_steps, n_latent, _ = workload

    def normal(scale, *shape):
        return scale * torch.randn(*shape, generator=rng)

    weights = Weights(
        self_slope=0.2 + 0.4 * torch.rand(n_models, n_latent, generator=rng),
        weight=normal(0.3 / n_latent**0.5, n_models, n_latent, n_latent),
        input_weight=normal(0.5, n_models, n_latent, n_features),
        bias=normal(0.1, n_models, n_latent),
        initial=normal(0.1, n_models, n_latent),
        readout=normal(1 / n_latent**0.5, n_models, 1, n_latent),
        offset=normal(0.1, n_models, 1),
    )
    inputs = normal(1.0, n_sequences, n_steps, n_features)
    choice = torch.randint(2, (n_sequences, n_steps), generator=rng)
    return Problem(workload, weights, inputs, choice)


def count_flops(workload):
    """Floating point operations of one gradient, likelihood left out.

    With M latents, F features and one output, per model, lane and step. Forward: ``W phi + C s``
    2 M (M + F), ``a z + h`` 2 M, ``B z`` 2 M. Backward: ``W' delta`` 2 M M, gradients of ``W`` and
    ``C`` 2 M (M + F), through and of ``a`` 2 M each, through and of ``B`` 4 M.

    Parameters
    ----------
    workload : Workload

    Returns
    -------
    int
    """
    M, F = workload.n_latent, N_FEATURES
    forward = 2 * M * (M + F) + 2 * M + 2 * M
    backward = 2 * M * M + 2 * M * (M + F) + 2 * M + 2 * M + 4 * M
    return (forward + backward) * workload.models * workload.sequences * workload.steps
