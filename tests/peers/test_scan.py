"""The scans of GRU and LSTM, against torch's own."""

import re

import pytest
import torch

from neuroalrnn.peers import _torch_scan as gated_torch
from neuroalrnn.peers.contract import GRUWeights, LSTMWeights, weight_shapes

gated_numba = pytest.importorskip("neuroalrnn.peers._numba_scan", exc_type=ImportError)
KINDS = (GRUWeights, LSTMWeights)


@pytest.fixture(params=[gated_torch, gated_numba], ids=["torch", "numba"])
def scan(request):
    """The scan of every backend in turn."""
    return request.param.scan


def make_weights(kind, n_models, n_latent, n_outputs, *, n_features=3, dtype=torch.float64):
    rng = torch.Generator().manual_seed(n_latent)
    sizes = weight_shapes(kind, n_latent, n_features, n_outputs)
    draw = (torch.randn(n_models, *size, generator=rng, dtype=torch.float64) for size in sizes)
    return kind(*((0.8 * each).to(dtype).requires_grad_() for each in draw))


def make_call(kit, n_models, *arguments, **options):
    """Arguments beside the weights: garbage beyond the ends, sequences counted from both sides."""
    return kit.make_call([0] * n_models, *arguments, **options)[1:]


def make_gradient(kit, call, n_outputs, garbage=torch.nan):
    return kit.make_gradient((None, *call), n_outputs, garbage)


def torch_net(weights, model):
    """torch's own network with the weights of one model, as a function of a sequence to eta."""
    n_latent, n_features = weights.readout.shape[2], weights.input_weight.shape[2]
    is_gru = isinstance(weights, GRUWeights)
    net = (torch.nn.GRU if is_gru else torch.nn.LSTM)(n_features, n_latent).double()
    order = [0, 1, 2] if is_gru else [0, 1, 3, 2]  # torch has the output gate last

    def gates(part):
        return part[model].unflatten(0, (len(order), n_latent))[order].flatten(0, 1)

    none = torch.zeros(2 * n_latent, dtype=torch.float64)
    own = {
        "weight_ih_l0": gates(weights.input_weight),
        "weight_hh_l0": gates(weights.recurrent_weight),
        "bias_ih_l0": gates(weights.bias),
        "bias_hh_l0": torch.cat([none, weights.recurrent_bias[model] if is_gru else none]),
    }
    start = weights.initial[model, None]
    start = start if is_gru else (start, weights.initial_cell[model, None])

    def run(sequence):
        path, _ = torch.func.functional_call(net, own, (sequence, start))
        return path @ weights.readout[model].mT + weights.offset[model]

    return run


def torch_scan(weights, inputs, index, n_steps, read_steps):
    """torch's own networks, one sequence at a time and no longer than it is."""
    eta = torch.zeros(*index.shape, inputs.shape[1], weights.readout.shape[1]).double()
    for model, lane in torch.cartesian_prod(*map(torch.arange, index.shape)).tolist():
        n = int(n_steps[index[model, lane]])
        if n:
            eta[model, lane, :n] = torch_net(weights, model)(inputs[index[model, lane], :n])
    return eta[:, :, read_steps].transpose(1, 2)


def assert_close(found, expected, tolerance):
    for one, other in zip(found, expected, strict=True):
        scale = max(1.0, float(other.abs().max()))
        torch.testing.assert_close(one.double(), other, rtol=0, atol=tolerance * scale)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("n_latent", "n_features", "n_outputs", "lengths", "n_lanes", "read_steps"),
    [
        (1, 1, 1, [3], 4, [0, 1, 2]),
        (5, 3, 3, [6, 1, 0, 4], 20, [0, 2, 5]),
        (8, 5, 1, [33, 17, 16], 9, range(33)),
        (16, 2, 1, [17, 2], 33, [1, 4, 16]),
        (21, 9, 2, [20, 15], 3, [3, 19]),
    ],
)
def test_value_and_gradients_are_those_of_torch(
    kit, scan, kind, n_latent, n_features, n_outputs, lengths, n_lanes, read_steps
):
    weights = make_weights(kind, 2, n_latent, n_outputs, n_features=n_features)
    call = make_call(kit, 2, lengths, n_lanes, read_steps, n_features=n_features)
    gradient = make_gradient(kit, call, n_outputs)
    expected = kit.run(torch_scan, weights, call, torch.nan_to_num(gradient))
    assert_close(kit.run(scan, weights, call, gradient), expected, 1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_no_inputs_are_inputs_of_zero(kit, scan, kind):
    weights, call = make_weights(kind, 2, 5, 1), make_call(kit, 2, [20, 3], 4, range(20))
    inputs, *rest = call
    expected = scan(weights, 0 * inputs, *rest)
    without = weights._replace(input_weight=weights.input_weight[..., :0])
    found = scan(without, inputs[..., :0], *rest)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)
    gradients = torch.autograd.grad(found.sum(), without[1:])
    assert_close(gradients, torch.autograd.grad(expected.sum(), weights[1:]), 1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_single_precision(kit, scan, kind):
    weights = make_weights(kind, 2, 6, 1, dtype=torch.float32)
    call = make_call(kit, 2, [40, 7], 18, range(40), dtype=torch.float32)
    gradient = make_gradient(kit, call, 1)
    exact = kind(*(each.detach().double().requires_grad_() for each in weights))
    doubles = [each.double() if each.is_floating_point() else each for each in call]
    expected = kit.run(torch_scan, exact, doubles, torch.nan_to_num(gradient).double())
    assert_close(kit.run(scan, weights, call, gradient), expected, 5e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_gradcheck(kit, scan, kind):
    call = make_call(kit, 2, [18, 2], 2, [0, 2, 17], garbage=1e30)
    weights = make_weights(kind, 2, 2, 2)
    assert torch.autograd.gradcheck(lambda *parts: scan(kind(*parts), *call), tuple(weights))


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_depends_on_itself_alone(kit, kind):
    """To the last bit, in the backend that is written for speed."""
    weights, call = make_weights(kind, 3, 5, 2), make_call(kit, 3, [18, 1, 3], 18, [0, 1, 3, 17])
    gradient = make_gradient(kit, call, 2)
    together = kit.run(gated_numba.scan, weights, call, gradient)
    inputs, index, *rest = call
    for model in range(3):
        part = slice(model, model + 1)
        own = kind(*(each[part].detach().requires_grad_() for each in weights))
        alone = kit.run(gated_numba.scan, own, (inputs, index[part], *rest), gradient[part])
        assert kit.same_bits(alone, [each[part] for each in together])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("garbage", [0.0, 1e30])
def test_garbage_beyond_the_ends_changes_no_bit(kit, scan, kind, garbage):
    weights, arguments = make_weights(kind, 2, 5, 3), (2, [18, 1, 3, 0], 18, [0, 1, 3, 17])
    call = make_call(kit, *arguments)
    expected = kit.run(scan, weights, call, make_gradient(kit, call, 3))
    call = make_call(kit, *arguments, garbage=garbage)
    found = kit.run(scan, weights, call, make_gradient(kit, call, 3, garbage))
    assert all(part.isfinite().all() for part in found)
    assert kit.same_bits(found, expected)


@pytest.mark.parametrize("kind", KINDS)
def test_no_memory_is_read_before_it_is_written(kit, kind, request):
    weights, call = make_weights(kind, 2, 5, 3), make_call(kit, 2, [18, 1, 3], 18, [0, 1, 3, 17])
    gradient = make_gradient(kit, call, 3)
    expected = kit.run(gated_numba.scan, weights, call, gradient)
    request.getfixturevalue("poisoned")
    assert kit.same_bits(kit.run(gated_numba.scan, weights, call, gradient), expected)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("threads", [2, 64])
def test_threads_change_no_bit(kit, kind, threads):
    weights, call = make_weights(kind, 3, 6, 2), make_call(kit, 3, [40, 7, 19], 50, range(40))
    gradient = make_gradient(kit, call, 2)
    expected = kit.run(gated_numba.scan, weights, call, gradient)

    def scan(*call):
        return gated_numba.scan(*call, threads=threads)

    assert kit.same_bits(kit.run(scan, weights, call, gradient), expected)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("lengths", "n_lanes", "read_steps"), [([4, 2], 0, [1]), ([4, 2], 3, []), ([0, 0], 3, [])]
)
def test_nothing_to_read_gives_gradients_of_zero(kit, kind, lengths, n_lanes, read_steps):
    weights, call = make_weights(kind, 2, 5, 3), make_call(kit, 2, lengths, n_lanes, read_steps)
    eta, *gradients = kit.run(gated_numba.scan, weights, call, make_gradient(kit, call, 3))
    assert eta.shape == (2, len(read_steps), n_lanes, 3)
    for gradient, weight in zip(gradients, weights, strict=True):
        assert torch.equal(gradient, torch.zeros_like(weight))


@pytest.mark.parametrize("kind", KINDS)
def test_huge_inputs_saturate_the_gates_and_stay_in_their_lane(kit, scan, kind):
    weights, call = make_weights(kind, 1, 5, 2), make_call(kit, 1, [40, 40], 2, range(40))
    inputs, _, *rest = call
    index = torch.tensor([[0, 1]])
    expected = scan(weights, inputs, index, *rest)
    inputs[1, 3] = 1e30
    eta = scan(weights, inputs, index, *rest)
    assert eta.isfinite().all()
    assert torch.equal(eta[:, :, 0], expected[:, :, 0])
    assert all(each.isfinite().all() for each in torch.autograd.grad(eta.sum(), weights))


@pytest.mark.parametrize("kind", KINDS)
def test_steps_behind_the_last_read_one_change_nothing(kit, scan, kind):
    weights, call = make_weights(kind, 2, 6, 1), make_call(kit, 2, [50, 9, 50], 20, [0, 3, 7])
    gradient = make_gradient(kit, call, 1)
    expected = kit.run(scan, weights, call, gradient)
    inputs, *rest = call
    inputs[:, 8:] = torch.nan
    assert_close(kit.run(scan, weights, (inputs, *rest), gradient), expected, 1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_a_weight_that_was_changed_before_the_backward_pass_is_noticed(kit, scan, kind):
    weights, call = make_weights(kind, 2, 5, 1), make_call(kit, 2, [5, 3], 4, range(5))
    eta = scan(weights, *call)
    with torch.no_grad():
        weights.recurrent_weight.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        torch.autograd.grad(eta.sum(), weights)


BROKEN = {
    "bias: shape (1, 15), expected (2, 15)": lambda w, c: (w._replace(bias=w.bias[:1]), c),
    "expected (2, 12, 4)": lambda w, c: (w._replace(readout=w.readout[..., :4]), c),
    "float32, torch.float64: expected one": lambda w, c: (w, (c[0].float(), *c[1:])),
    "index: shape (1, 18)": lambda w, c: (w, (c[0], c[1][:1], *c[2:])),
    "n_steps: 19 at most, but inputs has 18": lambda w, c: (w, (*c[:2], c[2] + 1, c[3])),
    "expected ascending steps from 0 to 17": lambda w, c: (w, (*c[:3], c[3] + 1)),
    "index: torch.float64, expected whole": lambda w, c: (w, (c[0], c[1].double(), *c[2:])),
    "inputs (18, 3), expected": lambda w, c: (w, (c[0][0], *c[1:])),
    "n_steps: shape (2,), expected (3,)": lambda w, c: (w, (*c[:2], c[2][:2], c[3])),
}


@pytest.mark.parametrize("text", BROKEN)
def test_arguments_that_do_not_fit_together_are_named(kit, scan, text):
    call = make_call(kit, 2, [18, 1, 3], 18, [0, 1, 3, 17])
    weights, call = BROKEN[text](make_weights(GRUWeights, 2, 5, 3), call)
    with pytest.raises(ValueError, match=re.escape(text)):
        scan(weights, *call)
