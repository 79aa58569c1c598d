"""The forced scan: what forcing does, against closed forms; the kernel against the oracle."""

from functools import partial

import numpy as np
import pytest
import torch

from neuroalrnn.ops import Weights
from neuroalrnn.reconstruct import _forced as forced

OUTPUTS = 2


def load_numba():
    return pytest.importorskip("neuroalrnn.reconstruct._forced_numba", exc_type=ImportError)


def load_scan(name):
    return forced.scan if name == "oracle" else load_numba().scan


@pytest.fixture(params=["oracle", "numba"])
def scan(request):
    """Every forced scan in turn."""
    return load_scan(request.param)


def make_weights(n_models, n_latent, n_outputs=OUTPUTS, *, identity=False, dtype=torch.float64):
    rng = torch.Generator().manual_seed(n_latent)

    def normal(*shape):
        values = torch.randn(n_models, *shape, generator=rng, dtype=torch.float64)
        return (0.8 * values / n_latent**0.5).to(dtype)

    weights = Weights(
        normal(n_latent), normal(n_latent, n_latent), normal(n_latent, n_outputs),
        normal(n_latent), normal(n_latent), normal(n_outputs, n_latent), normal(n_outputs),
    )  # fmt: skip
    if identity:
        weights.readout[:] = torch.eye(n_outputs, n_latent)
        weights.offset[:] = 0
    return Weights(*(part.requires_grad_() for part in weights))


def make_call(n_pwl, n_lanes, n_steps, n_outputs=OUTPUTS, *, dtype=torch.float64, seed=0):
    """Arguments beside the weights, every second strength being 0."""
    rng = torch.Generator().manual_seed(seed)
    series = torch.randn(n_steps + 20, n_outputs, generator=rng, dtype=torch.float64)
    start = torch.randint(0, 20, (len(n_pwl), n_lanes), generator=rng)
    strength = torch.rand(len(n_pwl), n_steps, generator=rng, dtype=torch.float64)
    strength *= torch.rand(strength.shape, generator=rng) < 0.5
    return torch.tensor(n_pwl), series.to(dtype), start, strength.to(dtype)


def run(scan, weights, call):
    """Value, and gradients of a weighted sum of the errors."""
    error = scan(weights, *call)
    factors = torch.arange(error.numel(), dtype=error.dtype).sin().view(error.shape)
    return error.detach(), *torch.autograd.grad((error * factors).sum(), weights)


def agree(n_models, n_latent, n_lanes, n_steps, n_outputs=OUTPUTS, *, dtype=torch.float64):
    """Compare value and gradients with the oracle, relative to the largest entry of each."""
    n_pwl = [model * n_latent // max(n_models - 1, 1) for model in range(n_models)]
    weights = make_weights(n_models, n_latent, n_outputs, dtype=dtype)
    call = make_call(n_pwl, n_lanes, n_steps, n_outputs, dtype=dtype)
    tolerance = 1e-10 if dtype is torch.float64 else 1e-4
    expected, found = run(forced.scan, weights, call), run(load_numba().scan, weights, call)
    for one, other in zip(found, expected, strict=True):
        assert (one - other).abs().max() <= tolerance * other.abs().max()


@pytest.mark.parametrize("n_latent", [3, 8, 20])
def test_kernel_agrees_for_every_number_of_latents(n_latent):
    agree(3, n_latent, 5, 19)


@pytest.mark.parametrize("n_lanes", [1, 7, 8, 9, 33])
def test_kernel_agrees_for_every_number_of_lanes(n_lanes):
    agree(2, 5, n_lanes, 17)


@pytest.mark.parametrize("n_steps", [1, 2, 15, 16, 17, 32, 50])
def test_kernel_agrees_for_every_length(n_steps):
    agree(2, 5, 3, n_steps)


@pytest.mark.parametrize("n_outputs", [1, 3, 4, 5, 7])
def test_kernel_agrees_for_more_outputs_and_fewer_latents(n_outputs):
    agree(2, 6, 3, 20, n_outputs)


def test_kernel_agrees_in_single_precision():
    agree(3, 5, 33, 40, 3, dtype=torch.float32)


def test_threads_and_the_models_beside_it_change_no_bit_of_a_model():
    scan = load_numba().scan
    weights, call = make_weights(3, 6), make_call([0, 2, 6], 5, 20)
    alone = Weights(*(part[1:2] for part in weights))
    first = run(scan, weights, call)
    for one, other in zip(run(partial(scan, threads=2), weights, call), first, strict=True):
        assert torch.equal(one, other)
    n_pwl, series, start, strength = call
    error = scan(alone, n_pwl[1:2], series, start[1:2], strength[1:2])
    assert torch.equal(error, first[0][1:2])


def test_gradients_of_what_forcing_does_not_hold_constant(scan):
    """With a fixed read-out all other gradients are exact; so are B's where nothing is forced."""
    weights, call = make_weights(2, 4), make_call([0, 2], 3, 6)
    *moving, readout, offset = weights

    def error(*parts):
        return scan(Weights(*parts, readout.detach(), offset.detach()), *call)

    assert torch.autograd.gradcheck(error, moving)
    free = (*call[:3], torch.zeros_like(call[3]))
    assert torch.autograd.gradcheck(lambda *parts: scan(Weights(*parts), *free), tuple(weights))


def test_gradient_of_a_series_by_central_differences(scan):
    """The identity read-out: no part of the rule depends on a parameter."""
    weights, call = make_weights(1, 5, identity=True), make_call([2], 4, 30)

    def loss(weight):
        return scan(weights._replace(weight=weight), *call).square().mean()

    (gradient,) = torch.autograd.grad(loss(weights.weight), weights.weight)
    for i, j in [(0, 0), (1, 4), (4, 3)]:
        step = torch.zeros_like(weights.weight)
        step[0, i, j] = 1e-6
        slope = (loss(weights.weight + step) - loss(weights.weight - step)) / 2e-6
        assert slope.item() == pytest.approx(gradient[0, i, j].item(), rel=1e-7)


def test_forcing_at_every_step_makes_one_step_predictions(scan):
    """With full strength, and all latents observed, no error depends on the one before it."""
    n_latent = 3
    weights = make_weights(1, n_latent, n_latent, identity=True)
    n_pwl, series, start, strength = make_call([1], 4, 8, n_latent)
    weights.input_weight.data[:] = torch.eye(n_latent)
    weights.initial.data.zero_()
    error = scan(weights, n_pwl, series, start, torch.ones_like(strength))
    a, W, h = (weights[k][0].detach().numpy() for k in (0, 1, 3))
    x = series.numpy()
    for lane, first in enumerate(start[0].tolist()):
        before = x[first : first + 8]
        phi = before.copy()
        phi[:, 2] = np.maximum(phi[:, 2], 0)
        expected = a * before + phi @ W.T + h - x[first + 1 : first + 9]
        np.testing.assert_allclose(error[0, :, lane].detach(), expected, atol=1e-13)


def test_without_forcing_observations_matter_for_the_start_and_the_error_alone(scan):
    weights, (n_pwl, series, start, strength) = make_weights(1, 5), make_call([2], 1, 6)
    none = torch.zeros_like(strength)
    changed = series.clone()
    changed[int(start[0, 0]) + 1 :] += 1
    before, after = (scan(weights, n_pwl, x, start, none) for x in (series, changed))
    torch.testing.assert_close(after, before - 1, atol=1e-12, rtol=0)


def test_the_error_of_a_forced_step_is_the_unforced_one(scan):
    """Forcing at step t changes nothing before t + 1."""
    weights, (n_pwl, series, start, strength) = make_weights(1, 5), make_call([2], 3, 6)
    one, other = torch.zeros_like(strength), torch.zeros_like(strength)
    one[0, 3] = 1
    before, after = (scan(weights, n_pwl, series, start, f) for f in (other, one))
    assert torch.equal(before[:, :4], after[:, :4])
    assert ((before - after)[:, 4:].abs() > 1e-9).all()


def test_full_strength_with_the_identity_stops_the_gradient_of_observed_latents(scan):
    """M = N: nothing passes a step that was replaced whole."""
    weights = make_weights(1, 3, 3, identity=True)
    n_pwl, series, start, strength = make_call([1], 2, 6, 3)
    strength = torch.zeros_like(strength)
    strength[0, 2] = 1
    late = scan(weights, n_pwl, series, start, strength)[:, 3:].square().sum()
    (gradient,) = torch.autograd.grad(late, weights.initial)
    assert gradient.abs().max() < 1e-12


def test_force_is_the_least_change_that_predicts_the_observation():
    weights = make_weights(2, 6)
    rng = torch.Generator().manual_seed(3)
    z = torch.randn(2, 4, 6, generator=rng, dtype=torch.float64)
    x = torch.randn(2, 4, OUTPUTS, generator=rng, dtype=torch.float64)
    B, d = weights.readout.detach(), weights.offset.detach()
    full, half = (forced.force(z, x, B, d, torch.full((2,), f)) for f in (1.0, 0.5))
    torch.testing.assert_close(full @ B.mT + d[:, None], x)
    torch.testing.assert_close(half - z, (full - z) / 2)
    for m in range(2):
        error = (x - z @ B.mT - d[:, None])[m].T.numpy()
        least, *_ = np.linalg.lstsq(B[m].numpy(), error, rcond=None)
        np.testing.assert_allclose((full - z)[m].numpy(), least.T, atol=1e-12)


def test_force_with_the_identity_replaces_observed_latents_and_no_others():
    weights = make_weights(2, 6, identity=True)
    z, x = torch.randn(2, 4, 6).double(), torch.randn(2, 4, OUTPUTS).double()
    f = torch.tensor([1.0, 0.25]).double()
    found = forced.force(z, x, weights.readout, weights.offset, f)
    expected = f[:, None, None] * x + (1 - f)[:, None, None] * z[..., :OUTPUTS]
    torch.testing.assert_close(found[..., :OUTPUTS], expected)
    assert torch.equal(found[..., OUTPUTS:], z[..., OUTPUTS:])


def test_latents_are_those_after_forcing():
    weights, call = make_weights(2, 5, identity=True), make_call([0, 2], 3, 9)
    n_pwl, series, start, _ = call
    strength = torch.zeros(2, 9, dtype=torch.float64)
    strength[:, 4] = 1
    path = forced.compute_latents(weights, n_pwl, series, start, strength)
    assert path.shape == (2, 10, 3, 5)
    torch.testing.assert_close(path[:, 5, :, :OUTPUTS], series[start + 5])
    assert ((path[:, 4, :, :OUTPUTS] - series[start + 4]).abs() > 1e-6).all()


def test_a_model_that_overflows_does_not_touch_the_one_beside_it(scan):
    weights, call = make_weights(2, 5), make_call([0, 2], 3, 40)
    broken = Weights(*(part.detach().clone() for part in weights))
    broken.self_slope[0] = 1e30
    broken = Weights(*(part.requires_grad_() for part in broken))
    for one, other in zip(run(scan, broken, call), run(scan, weights, call), strict=True):
        assert torch.equal(one[1], other[1])


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"start": torch.full((2, 3), 99)}, "start: expected 0 to 19"),
        ({"start": torch.full((2, 3), -1)}, "start: expected 0 to 19"),
        ({"strength": torch.full((2, 6), 1.5).double()}, "strength: expected 0 to 1"),
        ({"strength": torch.full((2, 6), torch.nan).double()}, "strength: expected 0 to 1"),
        ({"n_pwl": torch.tensor([0, 6])}, r"n_pwl: \[0, 6\], expected 0 to 5"),
        ({"n_pwl": torch.tensor([0.0, 1.0])}, "n_pwl: torch.float32, expected whole numbers"),
        ({"series": torch.zeros(26, 3).double()}, r"series: shape \(26, 3\), expected \(26, 2\)"),
        ({"series": torch.zeros(26, 2)}, "torch.float32, torch.float64: expected one float"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(scan, changes, match):
    weights = make_weights(2, 5)
    call = dict(zip(("n_pwl", "series", "start", "strength"), make_call([0, 2], 3, 6), strict=True))
    with pytest.raises(ValueError, match=match):
        scan(weights, *(call | changes).values())
