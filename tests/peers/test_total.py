"""Scores summed with their gradient in one kernel, against scan, likelihood and autograd."""

from dataclasses import replace

import pytest
import torch
from torch.nn.functional import logsigmoid

from neuroalrnn.fit import Observations
from neuroalrnn.peers import GRU
from neuroalrnn.peers.contract import GRUWeights, LSTMWeights
from neuroalrnn.peers.networks import MOST_STEPS
from tests.peers.test_scan import assert_close, make_call, make_weights

gated_numba = pytest.importorskip("neuroalrnn.peers._numba_scan", exc_type=ImportError)
KINDS = pytest.mark.parametrize("kind", [GRUWeights, LSTMWeights])


@pytest.fixture
def observed():
    """Observations of choices between two options."""
    steps = torch.tensor([4, 0])
    none = torch.zeros(4, 2)
    return Observations(torch.zeros(2, 4, 1), none, none, steps, torch.arange(4), steps, steps)


def make_sides(n_steps, read_steps, dtype=torch.float64):
    rng = torch.Generator().manual_seed(1)
    sides = torch.randint(-1, 2, (len(read_steps), len(n_steps)), generator=rng)
    return (sides * (read_steps[:, None] < n_steps)).to(dtype)


def by_scan(weights, inputs, index, n_steps, read_steps, sides):
    """The same by the scan, whose gradient is tested against torch's own networks."""
    eta = gated_numba.scan(weights, inputs, index, n_steps, read_steps)[..., 0]
    side = sides[:, index.flatten()].unflatten(1, index.shape).transpose(0, 1)
    return torch.where(side != 0, logsigmoid(side * eta), 0.0).sum((1, 2))


def run(total, weights, call):
    # models count differently, as every one is divided by its own number of choices
    score = total(weights, *call)
    scale = torch.arange(1, len(score) + 1).to(score)
    return score.detach(), *torch.autograd.grad(score, weights, scale)


@KINDS
@pytest.mark.parametrize(
    ("n_latent", "lengths", "n_lanes", "reads"),
    [
        (1, [3], 4, [0, 1, 2]),
        (5, [6, 1, 0, 4], 20, [0, 2, 5]),
        (8, [33, 17, 16], 9, range(33)),
        (21, [70, 32], 40, range(1, 65, 3)),
        (4, [0, 0], 3, []),
    ],
)
def test_total_and_gradients_are_those_of_the_scan(kit, kind, n_latent, lengths, n_lanes, reads):
    weights = make_weights(kind, 2, n_latent, 1)
    call = make_call(kit, 2, lengths, n_lanes, reads)
    call = *call, make_sides(*call[2:])
    found, expected = (run(each, weights, call) for each in (gated_numba.total_score, by_scan))
    assert_close(found, expected, 1e-12)


@KINDS
def test_single_precision_is_close_and_a_model_depends_on_itself_alone(kit, kind, request):
    weights = make_weights(kind, 3, 6, 1, dtype=torch.float32)
    call = make_call(kit, 3, [40, 7, 19], 18, range(40), dtype=torch.float32)
    call = *call, make_sides(*call[2:], torch.float32)
    together = run(gated_numba.total_score, weights, call)
    expected = [each.double() for each in run(by_scan, weights, call)]
    assert_close(together, expected, 5e-6)
    request.getfixturevalue("poisoned")
    inputs, index, *rest = call
    for model in range(3):
        part = slice(model, model + 1)
        own = kind(*(each[part].detach().requires_grad_() for each in weights))
        score = gated_numba.total_score(own, inputs, index[part], *rest)
        scale = torch.full_like(score, model + 1)
        alone = score.detach(), *torch.autograd.grad(score, own, scale)
        assert kit.same_bits(alone, [each[part] for each in together])


def test_one_kernel_serves_only_what_it_knows(observed):
    assert GRU.total(observed, 1) is not None
    assert GRU.total(observed, 3) is None
    assert GRU.total(replace(observed, shift=observed.inputs), 1) is None
    assert GRU.total(replace(observed, observation_model=object()), 1) is None
    long = torch.zeros(2, MOST_STEPS + 1, 1)
    assert GRU.total(replace(observed, inputs=long), 1) is None
