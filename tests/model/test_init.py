"""Initialisations: their spectra, their randomness, and what they share over n_pwl."""

import numpy as np
import pytest
import torch

from neuroalrnn.model import INITIALISATIONS, draw
from neuroalrnn.tasks import TASKS


def weights(initialisation="alrnn2024", n_pwl=2, *, n_latent=20, seed=0, **changes):
    options = {"convention": "reduced", "memory": 50.0, "offset": [0.3]} | changes
    rng = np.random.default_rng(seed)
    return draw(n_latent, n_pwl, 3, initialisation=initialisation, rng=rng, **options)


def jacobian(drawn):
    """Linear map with every PWL unit on."""
    return torch.diag(drawn.self_slope) + drawn.weight


def test_alrnn2024_forgets_fast():
    """Mean spectral radius about 0.60 at 20 latents (200 draws)."""
    radius = [torch.linalg.eigvals(jacobian(weights(seed=seed))).abs().max() for seed in range(200)]
    assert np.mean(radius) == pytest.approx(0.60, abs=0.02)


def test_identity_keeps_half_of_the_latents_for_ever():
    J = jacobian(weights("identity"))
    torch.testing.assert_close(J[:10], torch.eye(20, dtype=J.dtype)[:10])


def test_integrators_apart_gather_little_and_nothing_hears_them():
    drawn = weights("apart", n_pwl=5)
    J = jacobian(drawn)
    torch.testing.assert_close(J[:10], torch.eye(20, dtype=J.dtype)[:10])
    assert not J[10:, :10].any()
    assert J[10:, 10:].abs().max() < 0.05
    step = drawn.input_weight.sum(1)  # of inputs of 1
    z = drawn.initial
    for _ in range(50):
        z = J @ z + step
    found, expected = (float(each.square().mean()) for each in (z[:10], step[10:]))
    assert found == pytest.approx(expected, rel=0.7)


def test_integrators_apart_leave_pwl_units_to_follow_marked_steps():
    """Of 300 steps of addition, summed over them, beyond what an affine function explains."""
    trials = TASKS["addition"].simulate(200, rng=5, n_steps=300)
    value, marker = np.nan_to_num(trials["inputs"].values).transpose(2, 1, 0)
    affine = np.column_stack([np.ones(200), value[:10].T, value[:150].sum(0), value.sum(0)])
    found = {}
    for start in ("identity", "apart"):
        drawn = draw(
            40, 20, 2, initialisation=start, convention="reduced", memory=300.0, offset=[1.0],
            rng=np.random.default_rng(0),
        )  # fmt: skip
        a, W, C = (part.numpy() for part in (drawn.self_slope, drawn.weight, drawn.input_weight))
        z, total = np.zeros((200, 40)), np.zeros((200, 20))
        for step in range(300):
            active = np.hstack([z[:, :20], np.maximum(z[:, 20:], 0)])
            total += active[:, 20:]
            z = (
                a * z
                + active @ W.T
                + np.outer(value[step], C[:, 0])
                + np.outer(marker[step], C[:, 1])
            )
        both = np.column_stack([trials["target"].values[:, -1, 0], total])
        left = both - affine @ np.linalg.lstsq(affine, both, rcond=None)[0]
        spread = np.maximum(left.std(axis=0), 1e-9)
        r = left[:, 0] @ left / len(left) / spread[0] / spread
        found[start] = int((r[1:] ** 2 > 0.3).sum())
    assert found["apart"] >= 5
    assert found["identity"] <= 1


def test_timescales_lie_between_one_and_memory_steps():
    slope = weights("timescales", n_pwl=200, n_latent=200).self_slope
    tau = -1 / torch.log(slope)
    assert tau.min() >= 1
    assert tau.max() <= 50
    assert tau.median() == pytest.approx(50**0.5, rel=0.3)


def test_orthogonal_contracts_every_direction_alike():
    singular = torch.linalg.svdvals(jacobian(weights("orthogonal")))
    torch.testing.assert_close(singular, torch.full_like(singular, 0.9))


@pytest.mark.parametrize("initialisation", INITIALISATIONS)
def test_models_that_differ_only_in_n_pwl_start_from_the_same_numbers(initialisation):
    drawn = [weights(initialisation, n_pwl) for n_pwl in (0, 3, 20)]
    for other in drawn[1:]:
        torch.testing.assert_close(jacobian(other), jacobian(drawn[0]))
        assert torch.equal(other.input_weight, drawn[0].input_weight)
    assert not drawn[0].self_slope.any()
    assert drawn[0].offset.item() == 0.3


@pytest.mark.parametrize("initialisation", INITIALISATIONS)
def test_another_seed_draws_other_numbers(initialisation):
    assert not torch.equal(weights(initialisation).weight, weights(initialisation, seed=1).weight)
