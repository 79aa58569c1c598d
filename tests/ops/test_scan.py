"""The hand-derived scan against the oracle, and the oracle against algebra."""

import pytest
import torch

from neuroalrnn.ops import Parameters, backward, reference

N_LATENT, N_FEATURES = 5, 3


def parameters(n_models, n_latent=N_LATENT, *, seed=0, scale=0.4):
    rng = torch.Generator().manual_seed(seed)

    def normal(*shape):
        return (
            scale * torch.randn(n_models, *shape, generator=rng, dtype=torch.float64)
        ).requires_grad_()

    return Parameters(
        normal(n_latent),
        normal(n_latent, n_latent),
        normal(n_latent, N_FEATURES),
        normal(n_latent),
        normal(n_latent),
    )


def sequences(lengths, *, seed=0, garbage=float("nan")):
    """Inputs with garbage beyond the end of each sequence."""
    rng = torch.Generator().manual_seed(seed)
    n_steps = torch.tensor(lengths)
    inputs = torch.randn(len(lengths), max(lengths), N_FEATURES, generator=rng, dtype=torch.float64)
    beyond = torch.arange(max(lengths)) >= n_steps[:, None]
    return torch.where(beyond[..., None], garbage, inputs), n_steps


def value_and_gradient(scan, params, n_pwl, inputs, index, n_steps):
    latents = scan(params, n_pwl, inputs, index, n_steps)
    weight = torch.sin(torch.arange(latents.numel(), dtype=torch.float64)).view_as(latents)
    return latents, *torch.autograd.grad((latents * weight).sum(), params)


@pytest.mark.parametrize("lengths", [[1], [7, 7, 7], [9, 1, 4, 9], [3, 12] * 20])
@pytest.mark.parametrize("n_pwl", [[0], [5], [0, 1, 3, 5]])
def test_every_output_and_gradient_agrees_with_the_reference(lengths, n_pwl):
    params, n_pwl = parameters(len(n_pwl)), torch.tensor(n_pwl)
    inputs, n_steps = sequences(lengths)
    index = torch.randint(len(lengths), (len(n_pwl), 6), generator=torch.Generator().manual_seed(1))
    expected = value_and_gradient(reference.scan, params, n_pwl, inputs, index, n_steps)
    found = value_and_gradient(backward.scan, params, n_pwl, inputs, index, n_steps)
    for one, other in zip(expected, found, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("scan", [reference.scan, backward.scan])
def test_exact_zeros_before_the_relu_have_slope_zero(scan):
    params = parameters(1)
    with torch.no_grad():
        params.bias.zero_()
        params.initial.zero_()
    inputs, n_steps = torch.zeros(2, 4, N_FEATURES, dtype=torch.float64), torch.tensor([4, 4])
    latents = scan(params, torch.tensor([5]), inputs, torch.tensor([[0, 1]]), n_steps)
    (gradient,) = torch.autograd.grad(latents[:, 1].sum(), params.initial)
    one_step = torch.diag_embed(params.self_slope)
    torch.testing.assert_close(gradient, 2 * ((one_step @ one_step).sum(1)), rtol=1e-12, atol=1e-12)


def test_gradcheck_of_the_reference():
    params = parameters(2, n_latent=3)
    inputs, n_steps = sequences([4, 2], garbage=1e30)

    def run(*values):
        index = torch.tensor([[0, 1], [1, 0]])
        return reference.scan(Parameters(*values), torch.tensor([1, 3]), inputs, index, n_steps)

    assert torch.autograd.gradcheck(run, tuple(params))


@pytest.mark.parametrize("scan", [reference.scan, backward.scan])
def test_garbage_beyond_the_end_changes_no_bit(scan):
    params, index = parameters(2), torch.tensor([[0, 1, 2], [2, 1, 1]])
    runs = []
    for garbage in (0.0, float("nan"), 1e30):
        inputs, n_steps = sequences([6, 2, 4], garbage=garbage)
        runs.append(value_and_gradient(scan, params, torch.tensor([0, 2]), inputs, index, n_steps))
    for run in runs[1:]:
        assert all(torch.equal(one, other) for one, other in zip(runs[0], run, strict=True))


@pytest.mark.parametrize("scan", [reference.scan, backward.scan])
def test_no_argument_is_changed(scan):
    inputs, n_steps = sequences([5, 3], garbage=7.0)
    arguments = [*parameters(2), torch.tensor([1, 2]), inputs, torch.tensor([[0, 1]] * 2), n_steps]
    before = [value.detach().clone() for value in arguments]
    value_and_gradient(scan, Parameters(*arguments[:5]), *arguments[5:])
    assert all(torch.equal(a, b) for a, b in zip(before, arguments, strict=True))


@pytest.mark.parametrize("scan", [reference.scan, backward.scan])
def test_without_pwl_units_the_response_to_inputs_superposes(scan):
    """P = 0 is linear: a sum of inputs gives the sum of responses, to machine precision."""
    params, index = parameters(1), torch.tensor([[0, 1, 2]])
    one, n_steps = sequences([30])
    other, _ = sequences([30], seed=5)
    inputs = torch.cat([one, other, 2.5 * one - other])
    latents = scan(params, torch.tensor([0]), inputs, index, n_steps.expand(3)).detach()[0]
    zero = scan(params, torch.tensor([0]), 0 * one, torch.tensor([[0]]), n_steps).detach()[0, :, 0]
    response = latents - zero[:, None]
    expected = 2.5 * response[:, 0] - response[:, 1]
    torch.testing.assert_close(response[:, 2], expected, rtol=1e-12, atol=1e-12)


def test_without_pwl_units_the_trajectory_is_a_matrix_power():
    params = parameters(1)
    inputs, n_steps = torch.zeros(1, 8, N_FEATURES, dtype=torch.float64), torch.tensor([8])
    with torch.no_grad():
        params.bias.zero_()
    latents = backward.scan(params, torch.tensor([0]), inputs, torch.tensor([[0]]), n_steps)
    J = torch.diag(params.self_slope[0]) + params.weight[0]
    expected = torch.linalg.matrix_power(J, 8) @ params.initial[0]
    torch.testing.assert_close(latents[0, -1, 0], expected, rtol=1e-12, atol=1e-12)


def test_with_all_units_rectified_it_is_the_full_relu_network():
    params, index = parameters(1), torch.tensor([[0]])
    inputs, n_steps = sequences([10])
    latents = backward.scan(params, torch.tensor([N_LATENT]), inputs, index, n_steps)[0, :, 0]
    a, W, C, h, z = (part[0] for part in params)
    for t, s in enumerate(inputs[0]):
        z = a * z + W @ torch.relu(z) + C @ s + h
        torch.testing.assert_close(latents[t], z, rtol=1e-12, atol=1e-12)


def test_the_output_changes_with_every_input_column_and_model():
    params, index = parameters(2), torch.tensor([[0], [0]])
    inputs, n_steps = sequences([6])
    base = backward.scan(params, torch.tensor([2, 2]), inputs, index, n_steps)
    for column in range(N_FEATURES):
        moved = inputs.clone()
        moved[:, 2, column] += 1
        latents = backward.scan(params, torch.tensor([2, 2]), moved, index, n_steps)
        changed = (latents != base).any(dim=(2, 3))
        assert changed[:, 2:].all()
        assert not changed[:, :2].any()
