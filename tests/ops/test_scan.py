"""The contract of the scan, for every backend; and the oracle against algebra."""

import re

import pytest
import torch

from neuroalrnn.ops import Weights, reference


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize(
    ("n_latent", "n_outputs", "n_pwl", "lengths", "n_lanes", "read_steps"),
    [
        (1, 1, [0, 1], [3], 4, [0, 1, 2]),
        (5, 3, [0, 1, 3, 5], [6, 1, 0, 4], 20, [0, 2, 5]),
        (16, 1, [16, 3], [17, 2], 33, [1, 4, 16]),
        (20, 3, [0, 20, 7], [4, 7, 2], 17, [6]),
        (6, 20, [4], [5], 16, [0, 1, 2, 3, 4]),
    ],
)
def test_value_and_gradients_agree_with_the_reference(
    kit, fast_scan, n_latent, n_outputs, n_pwl, lengths, n_lanes, read_steps, dtype
):
    weights = kit.make_weights(len(n_pwl), n_latent, n_outputs, dtype=dtype)
    call = kit.make_call(n_pwl, lengths, n_lanes, read_steps, dtype=dtype)
    gradient = kit.make_gradient(call, n_outputs)
    expected = kit.run(reference.scan, weights, call, gradient)
    found = kit.run(fast_scan, weights, call, gradient)
    tolerance = 1e-10 if dtype is torch.float64 else 2e-4
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=tolerance, atol=tolerance)


def test_gradcheck_of_the_reference(kit):
    call = kit.make_call([1, 3], [4, 2], 3, [0, 2, 3], garbage=1e30)
    weights = kit.make_weights(2, 3, 2)
    assert torch.autograd.gradcheck(
        lambda *parts: reference.scan(Weights(*parts), *call), tuple(weights)
    )


def test_exact_zeros_before_the_relu_have_slope_zero(kit, scan):
    weights = kit.make_weights(1, 5, 2)
    with torch.no_grad():
        weights.bias.zero_()
        weights.initial.zero_()
    n_pwl, inputs, *rest = kit.make_call([5], [4, 4], 2, [1])
    eta = scan(weights, n_pwl, 0 * inputs, *rest)
    (gradient,) = torch.autograd.grad(eta.sum(), weights.initial)
    expected = 2 * weights.self_slope**2 * weights.readout.sum(1)
    torch.testing.assert_close(gradient, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("garbage", [0.0, 1e30])
def test_garbage_beyond_the_ends_changes_no_bit(kit, scan, example, garbage):
    weights, call, gradient = example
    expected = kit.run(scan, weights, call, gradient)
    call = kit.make_call([0, 2], [18, 1, 3], 18, [0, 1, 3, 17], garbage=garbage)
    found = kit.run(scan, weights, call, kit.make_gradient(call, 3, garbage))
    assert kit.same_bits(found, expected)


def test_no_memory_is_read_before_it_is_written(kit, scan, example, request):
    expected = kit.run(scan, *example)
    request.getfixturevalue("poisoned")
    assert kit.same_bits(kit.run(scan, *example), expected)


@pytest.mark.parametrize("backend", ["numba_cpu", "triton_gpu"])
def test_a_model_depends_on_itself_alone_to_the_last_bit(kit, backend, example):
    scan = kit.load_scan(backend)
    weights, call, gradient = example
    together = kit.run(scan, weights, call, gradient)
    n_pwl, inputs, index, n_steps, read_steps = call
    for model in range(2):
        part = slice(model, model + 1)
        alone = kit.run(
            scan,
            Weights(*(each[part].detach().requires_grad_() for each in weights)),
            (n_pwl[part], inputs, index[part], n_steps, read_steps),
            gradient[part],
        )
        assert kit.same_bits(alone, [each[part] for each in together])


def test_no_argument_is_changed(kit, scan, example):
    arguments = [*example[0], *example[1], example[2]]
    before = [each.detach().clone() for each in arguments]
    kit.run(scan, *example)
    for one, other in zip(arguments, before, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0, equal_nan=True)


def test_strides_and_width_of_integers_do_not_matter(kit, scan, example):
    weights, call, gradient = example

    def turned(value):
        return value.detach().mT.contiguous().mT if value.ndim > 1 else value

    expected = kit.run(scan, weights, call, gradient)
    n_pwl, inputs, index, n_steps, read_steps = call
    other = (n_pwl.int(), turned(inputs), turned(index).int(), n_steps.int(), read_steps.int())
    weights = Weights(*(turned(each).requires_grad_() for each in weights))
    assert not weights.weight.is_contiguous()
    found = kit.run(scan, weights, other, turned(gradient))
    for one, another in zip(found, expected, strict=True):
        torch.testing.assert_close(one, another, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("lengths", "n_lanes", "read_steps"), [([4, 2], 0, [1]), ([4, 2], 3, []), ([0, 0], 3, [])]
)
def test_nothing_to_read_gives_gradients_of_zero(
    kit, fast_scan, poisoned, lengths, n_lanes, read_steps
):
    weights = kit.make_weights(2, 5, 3)
    call = kit.make_call([1, 2], lengths, n_lanes, read_steps)
    eta, *gradients = kit.run(fast_scan, weights, call, kit.make_gradient(call, 3))
    assert eta.shape == (2, len(read_steps), n_lanes, 3)
    for gradient, weight in zip(gradients, weights, strict=True):
        assert torch.equal(gradient, torch.zeros_like(weight))


def test_steps_that_no_sequence_has_read_as_zero(kit, scan):
    call = list(kit.make_call([2], [9, 4, 4], 5, [0, 3, 6, 8]))
    call[2] = torch.tensor([[1, 2, 1, -1, 2]])
    eta = scan(kit.make_weights(1, 5, 2), *call)
    assert eta[:, :2].ne(0).all()
    assert not eta[:, 2:].any()


def test_without_gradients_the_value_is_the_same(kit, scan, example):
    weights, call, gradient = example
    expected = kit.run(scan, weights, call, gradient)[0]
    with torch.no_grad():
        assert torch.equal(scan(weights, *call), expected)
    frozen = Weights(*(each.detach() for each in weights))
    assert not scan(frozen, *call).requires_grad


@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning", "ignore:invalid:RuntimeWarning")
@pytest.mark.parametrize("n_latent", [4, 5])
def test_an_overflow_reads_as_infinite_and_reaches_no_other_lane(kit, scan, n_latent):
    weights, call = kit.make_weights(1, n_latent, 1), kit.make_call([1], [40], 2, [2, 39])
    n_pwl, inputs, index, n_steps, read_steps = call
    inputs = inputs.repeat(2, 1, 1)
    index = torch.tensor([[0, 1]])
    rest = index, n_steps.repeat(2), read_steps
    with torch.no_grad():
        for part in weights:
            part.abs_()
        weights.readout.mul_(1e10)
        expected = scan(weights, n_pwl, inputs, *rest)
        inputs[1, 1] = 1e308
        eta = scan(weights, n_pwl, inputs, *rest)
    assert torch.isinf(eta[0, 0, 1]).all()
    assert torch.equal(eta[0, :, 0], expected[0, :, 0])


def test_steps_behind_the_last_read_one_change_nothing(kit, scan):
    """Nor does what overflows there."""
    weights, call = kit.make_weights(2, 6, 1), kit.make_call([0, 3], [50, 9, 50], 20, [0, 3, 7])
    gradient = kit.make_gradient(call, 1)
    expected = kit.run(scan, weights, call, gradient)
    n_pwl, inputs, *rest = call
    inputs = inputs.clone()
    inputs[:, 8:] = 1e300
    found = kit.run(scan, weights, (n_pwl, inputs, *rest), gradient)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int16])
def test_any_whole_numbers_will_do_for_lengths(kit, scan, dtype):
    weights, call = kit.make_weights(1, 5, 1), kit.make_call([2], [9, 0, 9, 3], 17, range(9))
    n_pwl, inputs, index, n_steps, read_steps = call
    expected = scan(weights, *call)
    found = scan(weights, n_pwl, inputs, index, n_steps.to(dtype), read_steps)
    assert torch.equal(found, expected)


def test_a_weight_that_was_changed_before_the_backward_pass_is_noticed(kit, fast_scan, example):
    weights, call, gradient = example
    eta = fast_scan(weights, *call)
    with torch.no_grad():
        weights.weight.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        torch.autograd.grad(eta, weights, gradient)


BROKEN = {
    "bias: shape (1, 5), expected (2, 5)": lambda w, c: (w._replace(bias=w.bias[:1]), c),
    "readout": lambda w, c: (w._replace(readout=w.readout[..., :4]), c),
    "float32, torch.float64: expected one": lambda w, c: (w, (c[0], c[1].float(), *c[2:])),
    "n_pwl: shape (1,)": lambda w, c: (w, (c[0][:1], *c[1:])),
    "index: shape (1, 18)": lambda w, c: (w, (*c[:2], c[2][:1], *c[3:])),
    "n_steps: 19 at most, but inputs has 18": lambda w, c: (w, (*c[:3], c[3] + 1, c[4])),
    "read_steps: expected ascending steps from 0 to 17": lambda w, c: (w, (*c[:4], c[4] + 1)),
    "n_pwl: [3, 9], expected 0 to 5": lambda w, c: (w, (c[0] * 0 + torch.tensor([3, 9]), *c[1:])),
    "n_pwl: torch.float64, expected whole": lambda w, c: (w, (c[0].double(), *c[1:])),
    "read_steps: shape (4, 1), expected": lambda w, c: (w, (*c[:4], c[4][:, None])),
    "inputs (18, 3), expected": lambda w, c: (w, (c[0], c[1][0], *c[2:])),
    "expected ascending": lambda w, c: (w, (*c[:4], c[4].flip(0))),
    "n_steps: shape (2,), expected (3,)": lambda w, c: (w, (*c[:3], c[3][:2], c[4])),
}


@pytest.mark.parametrize("text", BROKEN)
def test_arguments_that_do_not_fit_together_are_named(scan, example, text):
    weights, call = BROKEN[text](*example[:2])
    expected = "expected (2, 4, 4)" if text == "readout" else text
    with pytest.raises(ValueError, match=re.escape(expected)):
        scan(weights, *call)


def test_a_sequence_that_does_not_exist_is_an_index_error(scan, example):
    weights, (n_pwl, inputs, index, *rest), _ = example
    with pytest.raises(IndexError):
        scan(weights, n_pwl, inputs, index + 18, *rest)


def unit_readout(kit, n_pwl, n_steps, inputs, index):
    """A model that reads out its latents, and the arguments that read every step."""
    weights = kit.make_weights(1, 5, 5)
    unit = {"readout": torch.eye(5).double()[None], "offset": torch.zeros(1, 5).double()}
    return weights._replace(**unit), (
        torch.tensor([n_pwl]), inputs, index, n_steps, torch.arange(inputs.shape[1])
    )  # fmt: skip


def test_without_pwl_units_the_response_to_inputs_superposes(kit, scan):
    """P = 0 is linear: a sum of inputs gives the sum of responses, to machine precision."""
    one, other = torch.randn(
        2, 1, 30, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64
    )
    inputs = torch.cat([one, other, 2.5 * one - other, 0 * one])
    n_steps, index = torch.full((4,), 30), torch.tensor([[0, 1, 2, 3]])
    weights, call = unit_readout(kit, 0, n_steps, inputs, index)
    latents = scan(weights, *call).detach()[0]
    response = latents - latents[:, 3:]
    expected = 2.5 * response[:, 0] - response[:, 1]
    torch.testing.assert_close(response[:, 2], expected, rtol=1e-12, atol=1e-12)


def test_without_pwl_units_the_trajectory_is_a_matrix_power(kit, scan):
    inputs = torch.zeros(1, 8, 3, dtype=torch.float64)
    weights, call = unit_readout(kit, 0, torch.tensor([8]), inputs, torch.tensor([[0]]))
    with torch.no_grad():
        weights.bias.zero_()
    J = torch.diag(weights.self_slope[0]) + weights.weight[0]
    expected = torch.linalg.matrix_power(J, 8) @ weights.initial[0]
    latents = scan(weights, *call)
    torch.testing.assert_close(latents[0, -1, 0], expected, rtol=1e-12, atol=1e-12)


def test_with_all_units_rectified_it_is_the_full_relu_network(kit, scan):
    inputs = torch.randn(1, 10, 3, generator=torch.Generator().manual_seed(1)).double()
    weights, call = unit_readout(kit, 5, torch.tensor([10]), inputs, torch.tensor([[0]]))
    latents = scan(weights, *call)[0, :, 0]
    a, W, C, h, z = (part[0] for part in weights[:5])
    for t, s in enumerate(inputs[0]):
        z = a * z + W @ torch.relu(z) + C @ s + h
        torch.testing.assert_close(latents[t], z, rtol=1e-12, atol=1e-12)


def test_eta_changes_with_every_input_column_and_only_from_its_step_on(kit, scan):
    weights, call = kit.make_weights(2, 5, 1), kit.make_call([2, 2], [6], 1, range(6))
    n_pwl, inputs, *rest = call
    base = scan(weights, *call)
    for column in range(3):
        moved = inputs.clone()
        moved[:, 2, column] += 1
        changed = (scan(weights, n_pwl, moved, *rest) != base).any(dim=(2, 3))
        assert changed[:, 2:].all()
        assert not changed[:, :2].any()
