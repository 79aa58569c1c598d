"""Scores summed with their gradient in one kernel, against scan, likelihood and autograd."""

from dataclasses import replace

import pytest
import torch
from torch.nn.functional import logsigmoid

from neuroalrnn.fit import Observations
from neuroalrnn.peers import GRU
from neuroalrnn.peers import _torch_scan as gated_torch
from neuroalrnn.peers.contract import GRUWeights, LSTMWeights
from neuroalrnn.peers.networks import MOST_STEPS
from tests.peers.test_scan import assert_close, make_call, make_weights

gated_numba = pytest.importorskip("neuroalrnn.peers._numba_scan", exc_type=ImportError)
learning = pytest.importorskip("neuroalrnn.peers._numba_learn", exc_type=ImportError)
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
    score = torch.where(side != 0, logsigmoid(side * eta), 0.0).sum((1, 2))
    return score.detach(), *torch.autograd.grad(score, weights, share_of(score))


def share_of(score):
    """Models count differently, as every one is divided by its own number of choices."""
    return torch.arange(1, len(score) + 1).to(score)


def learn(weights, inputs, index, *rest):
    """The same by the kernel, as the last of two updates."""
    learner = learning.Learner(weights, inputs, *rest)
    *_, blocks = learner.cut(torch.stack([index.flip(1), index]).numpy())
    score, gradient = learner(weights, blocks, share_of(weights.bias[:, 0]))
    return score, *gradient


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
    assert_close(learn(weights, *call), by_scan(weights, *call), 1e-12)


@KINDS
def test_inputs_that_are_zero_in_all_lanes_are_left_out(kit, kind):
    weights, call = make_weights(kind, 2, 5, 1), make_call(kit, 2, [40, 33], 18, range(40))
    call[0][:, ::2, 1] = call[0][:, 1::3, 2] = 0
    call = *call, make_sides(*call[2:])
    found = learn(weights, *call)
    assert_close(found, by_scan(weights, *call), 1e-12)
    eta = gated_torch.scan(weights, *call[:-1])
    torch.testing.assert_close(gated_numba.scan(weights, *call[:-1]), eta, rtol=0, atol=1e-12)


@KINDS
def test_single_precision_is_close_and_a_model_depends_on_itself_alone(kit, kind, request):
    weights = make_weights(kind, 3, 6, 1, dtype=torch.float32)
    call = make_call(kit, 3, [40, 7, 19], 18, range(40), dtype=torch.float32)
    call = *call, make_sides(*call[2:], torch.float32)
    together = learn(weights, *call)
    expected = [each.double() for each in by_scan(weights, *call)]
    assert_close(together, expected, 5e-6)
    request.getfixturevalue("poisoned")
    inputs, index, *rest = call
    for model in range(3):
        part = slice(model, model + 1)
        own = kind(*(each[part].detach() for each in weights))
        score, *gradient = learn(own, inputs, index[part], *rest)
        alone = score, *(each * (model + 1) for each in gradient)
        assert kit.same_bits(alone, [each[part] for each in together])


def test_one_kernel_serves_only_what_it_knows(observed):
    weights, several = (make_weights(GRUWeights, 1, 2, n, n_features=1) for n in (1, 3))
    weights = GRUWeights(*(each.float() for each in weights))
    assert GRU.learner(observed, weights) is not None
    assert GRU.learner(observed, several) is None
    assert GRU.learner(replace(observed, shift=observed.inputs), weights) is None
    assert GRU.learner(replace(observed, observation_model=object()), weights) is None
    long = torch.zeros(2, MOST_STEPS + 1, 1)
    assert GRU.learner(replace(observed, inputs=long), weights) is None
