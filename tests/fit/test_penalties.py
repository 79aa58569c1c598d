"""Penalties: values by hand, and what must not change them."""

import pytest
import torch

from neuroalrnn.config import Setting
from neuroalrnn.fit import _penalties
from neuroalrnn.ops import Weights, reference

N_PWL = torch.tensor([0, 2, 5])


@pytest.fixture
def weights():
    generator = torch.Generator().manual_seed(3)
    shapes = ((3, 5), (3, 5, 5), (3, 5, 2), (3, 5), (3, 5), (3, 1, 5), (3, 1))
    return Weights(*(torch.randn(s, generator=generator, dtype=torch.float64) for s in shapes))


def test_manifold_attractor_by_hand(weights):
    """Half of the 5 and 3 linear units, and half of 5 where none is linear, rounded up."""
    for model, units in enumerate(([0, 1, 2], [0, 1], [0, 1, 2])):
        a, W, h = (part[model] for part in (weights.self_slope, weights.weight, weights.bias))
        expected = 0.0
        for i in units:
            above = a[i] + W[i, i]
            below = a[i] if N_PWL[model] == 5 else above
            expected += ((1 - above) ** 2 + (1 - below) ** 2) / 2 / len(units)
            expected += sum(W[i, j] ** 2 for j in range(5) if j != i) / len(units) / 4
            expected += h[i] ** 2 / len(units)
        found = _penalties.manifold_attractor(weights, N_PWL)[model]
        assert float(found) == pytest.approx(float(expected))


def test_a_share_of_all_units_is_pulled_on_both_sides_of_zero_by_hand(weights):
    """Three of 5 units by a share of 0.5, of which 0, 0 and 3 are PWL units."""
    share = torch.full((3,), 0.5)
    found = _penalties.manifold_attractor(weights, N_PWL, share)
    for model in range(3):
        a, W, h = (part[model] for part in (weights.self_slope, weights.weight, weights.bias))
        expected = 0.0
        for i in range(3):
            above, below = a[i] + W[i, i], a[i] + (0 if model == 2 else W[i, i])
            expected += ((1 - above) ** 2 + (1 - below) ** 2) / 2
            expected += sum(W[i, j] ** 2 for j in range(5) if j != i) / 4 + h[i] ** 2
        assert float(found[model]) == pytest.approx(float(expected) / 3)
    penalties = _penalties.Penalties([Setting(n_latent=5, attractor=2.0, attractor_share=0.5)] * 3)
    torch.testing.assert_close(penalties.compute([0, 1, 2], weights, N_PWL, None, None), 2 * found)


@pytest.mark.parametrize("name", _penalties.ON_WEIGHTS)
def test_moving_a_self_slope_between_a_and_W_changes_nothing(weights, name):
    """It changes no linear unit; of rectified ones it changes what they do below zero."""
    moved = torch.linspace(-1, 1, 5, dtype=torch.float64).expand(3, 5).clone()
    if name == "attractor":
        moved[N_PWL == 5] = 0
    other = weights._replace(
        self_slope=weights.self_slope + moved, weight=weights.weight - torch.diag_embed(moved)
    )
    penalty = _penalties.ON_WEIGHTS[name]
    torch.testing.assert_close(penalty(weights, N_PWL), penalty(other, N_PWL))


def test_an_integrator_pays_nothing(weights):
    perfect = weights._replace(
        self_slope=torch.zeros(3, 5).double(),
        weight=torch.eye(5).double().expand(3, 5, 5),
        bias=torch.zeros(3, 5).double(),
    )
    found = _penalties.manifold_attractor(perfect, N_PWL)
    # rectified units that forget below zero do pay
    torch.testing.assert_close(found, torch.tensor([0.0, 0.0, 0.5]).double())
    rectified = perfect._replace(
        self_slope=torch.ones(3, 5).double(), weight=torch.zeros(3, 5, 5).double()
    )
    assert (_penalties.manifold_attractor(rectified, N_PWL) == 0).all()


@pytest.mark.parametrize(("slope", "expected"), [(0.99, 0.0), (-1.0, 0.0), (1.01, 1e-4)])
def test_stability_begins_at_one(weights, slope, expected):
    flat = weights._replace(
        self_slope=torch.full((3, 5), slope).double(), weight=torch.zeros(3, 5, 5).double()
    )
    found = _penalties.instability(flat, N_PWL)
    torch.testing.assert_close(found, torch.tensor([expected, expected, 0.0]).double())


def test_norms_leave_offsets_initial_states_and_self_slopes_alone(weights):
    other = weights._replace(
        self_slope=weights.self_slope + 1,
        weight=weights.weight + torch.eye(5),
        bias=weights.bias + 1,
        initial=weights.initial + 1,
        offset=weights.offset + 1,
    )
    for norm in (_penalties.weight_l1, _penalties.weight_l2):
        torch.testing.assert_close(norm(weights), norm(other))
    doubled = weights._replace(
        **{n: 2 * getattr(weights, n) for n in ("weight", "input_weight", "readout")}
    )
    torch.testing.assert_close(_penalties.weight_l1(doubled), 2 * _penalties.weight_l1(weights))
    torch.testing.assert_close(_penalties.weight_l2(doubled), 4 * _penalties.weight_l2(weights))


def test_latents_count_where_something_is_scored(weights):
    inputs = torch.randn(4, 6, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    index = torch.tensor([[0, 1, 2], [3, 2, 1], [0, 0, 3]])
    n_steps, read_steps = torch.tensor([6, 6, 4, 6]), torch.arange(6)
    watched = _penalties.with_latents(weights)
    eta = reference.scan(watched, N_PWL, inputs, index, n_steps, read_steps)
    plain = reference.scan(weights, N_PWL, inputs, index, n_steps, read_steps)
    torch.testing.assert_close(eta[..., :1], plain)
    latents = eta[..., 1:].detach()
    scored = (torch.rand(3, 6, 3, generator=torch.Generator().manual_seed(2)) < 0.5).double()
    spoilt = torch.where(scored[..., None] > 0, latents, torch.nan)
    for model in range(3):
        kept = latents[model][scored[model] > 0]
        found = _penalties.latent_l1(spoilt, scored)[model]
        assert float(found) == pytest.approx(float(kept.abs().mean()))
        found = _penalties.latent_l2(spoilt, scored)[model]
        assert float(found) == pytest.approx(float(kept.square().mean()))


def test_strengths_belong_to_models(weights):
    settings = [Setting(n_latent=5, l2=s, attractor=a) for s, a in ((0, 0), (0.5, 0), (0, 2))]
    penalties = _penalties.Penalties(settings)
    assert penalties.strengths.keys() == {"l2", "attractor"}
    assert not penalties.need_latents
    found = penalties.compute([0, 1, 2], weights, N_PWL, None, None)
    norm, attractor = _penalties.weight_l2(weights), _penalties.manifold_attractor(weights, N_PWL)
    expected = [0.0, 0.5 * norm[1], 2 * attractor[2]]
    torch.testing.assert_close(found, torch.tensor(expected).double())
    linear = _penalties.Penalties(settings).compute([2], Weights(*(p[:1] for p in weights)),
                                                    N_PWL[:1], None, None)  # fmt: skip
    torch.testing.assert_close(linear, 2 * _penalties.manifold_attractor(weights, N_PWL)[:1])
    assert not _penalties.Penalties([Setting()]).strengths


@pytest.mark.parametrize("name", [*_penalties.ON_WEIGHTS, *_penalties.ON_LATENTS])
def test_every_penalty_has_a_gradient(weights, name):
    settings = [Setting(n_latent=5, **{name: 1.0})] * 3
    scored = torch.ones(3, 6, 2).double()

    def penalise(*parts):
        read = _penalties.with_latents(Weights(*parts))
        eta = reference.scan(
            read, N_PWL, torch.ones(2, 6, 2).double(), torch.tensor([[0, 1]] * 3),
            torch.tensor([6, 5]), torch.arange(6),
        )  # fmt: skip
        penalties = _penalties.Penalties(settings)
        return penalties.compute([0, 1, 2], Weights(*parts), N_PWL, eta[..., 1:], scored)

    small = [0.3 * part.requires_grad_() for part in weights]
    assert torch.autograd.gradcheck(penalise, small)
