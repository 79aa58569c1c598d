"""Interventions against explicit loops, and against what theory says they must do."""

import json
from dataclasses import replace

import numpy as np
import pytest

from neuroalrnn.data import encode
from neuroalrnn.exceptions import DataError
from neuroalrnn.mechanism.ablation.activations import (
    _usual_codes,
    affine,
    attenuate,
    choose_steps,
    clamp_regime,
    fit_affine,
    identity,
    impose_regimes,
    shift_switches,
    zero,
)
from neuroalrnn.mechanism.ablation.states import disturb, remove_mode, reset
from neuroalrnn.network.interventions import Intervention
from neuroalrnn.network.maps import compute_jacobian
from neuroalrnn.network.run import Network, compute_latents
from neuroalrnn.regimes import compute_regimes
from neuroalrnn.tasks import parity, simulate_known

EXACT = {"rtol": 0, "atol": 1e-12}


@pytest.fixture
def sequences():
    """Three trials each, of 4 or 6 steps, with inputs that move units to both sides."""
    trials = simulate_known(parity(), 3, 12, rng=np.random.default_rng(0))
    trials = trials.assign_coords(block=("trial", np.arange(36) // 3))
    found = encode(trials, **json.loads(trials.attrs["encoding"]) | {"carry": "block"})
    noise = 3 * np.random.default_rng(1).standard_normal(found.inputs.shape)
    return replace(found, inputs=np.where(found.trial[..., None] >= 0, noise, 0.0))


def make(n_pwl=3, n_latent=5, n_features=2, seed=1):
    rng = np.random.default_rng(seed)
    shapes = [(n_latent,), (n_latent, n_latent), (n_latent, n_features), (n_latent,), (n_latent,)]
    values = [0.4 * rng.standard_normal(shape) for shape in shapes]
    return Network(n_pwl, *values, rng.standard_normal((1, n_latent)), np.zeros(1))


def explicit(network, sequences, phi=None, move=None):
    """One step of one sequence after the other; hooks get (z, sequence, step), -1 is the start."""
    n_linear = len(network.bias) - network.n_pwl
    latents = np.full((*sequences.trial.shape, len(network.bias)), np.nan)

    def relu(z, s, t):
        return np.where(np.arange(len(z)) < n_linear, z, np.maximum(z, 0))

    phi, move = phi or relu, move or (lambda z, s, t: z)
    for s, n_steps in enumerate(sequences.n_steps):
        z = move(network.initial, s, -1)
        for t in range(n_steps):
            z = (
                network.self_slope * z
                + network.weight @ phi(z, s, t - 1)
                + network.input_weight @ sequences.inputs[s, t]
                + network.bias
            )
            z = latents[s, t] = move(z, s, t)
    return latents


def test_sequences_have_padding_and_several_trials(sequences):
    assert (sequences.trial < 0).any()
    assert (sequences.step_in_trial[:, 6:] == 0).any()


def test_slope_one_is_the_linear_network_and_slope_zero_changes_nothing(sequences):
    for n_pwl in (0, 2, 5):
        network = make(n_pwl)
        linear = compute_latents(network._replace(n_pwl=0), sequences)
        for one in (attenuate(network, 1.0), identity(network)):
            np.testing.assert_allclose(compute_latents(network, sequences, one), linear, **EXACT)
        same = compute_latents(network, sequences, attenuate(network, 0.0))
        np.testing.assert_array_equal(same, compute_latents(network, sequences))


@pytest.mark.parametrize(
    ("name", "phi"),
    [
        ("identity", lambda z: z),
        ("zero", lambda z: 0.0),
        ("attenuate", lambda z: z if z > 0 else 0.3 * z),
        ("affine", lambda z: 0.7 * z - 0.2),
    ],
)
@pytest.mark.parametrize("at_step", [None, 2])
def test_one_unit_is_replaced_at_the_chosen_steps_of_the_chosen_trials(
    sequences, name, phi, at_step
):
    network, unit = make(), 1
    every_other = np.arange(sequences.n_trials) % 2 == 0
    at = None if at_step is None else choose_steps(sequences, at_step, every_other)
    factory = {
        "identity": lambda: identity(network, unit, at),
        "zero": lambda: zero(network, unit, at),
        "attenuate": lambda: attenuate(network, 0.3, unit, at),
        "affine": lambda: affine(network, [9, 0.7, 9], [9, -0.2, 9], unit, at),
    }[name]

    def replaced(z, s, t):
        out = np.r_[z[:2], np.maximum(z[2:], 0)]
        here = at_step is None
        if t >= 0 and at_step is not None:
            trial = sequences.trial[s, t]
            here = sequences.step_in_trial[s, t] == at_step and trial % 2 == 0
        out[3] = phi(z[3]) if here else out[3]
        return out

    found = compute_latents(network, sequences, factory())
    np.testing.assert_allclose(found, explicit(network, sequences, replaced), **EXACT)
    assert np.nanmax(np.abs(found - compute_latents(network, sequences))) > 0.01


def test_a_list_gives_what_each_gives_alone(sequences):
    network, rng = make(), np.random.default_rng(2)
    codes = rng.integers(-1, 8, sequences.trial.shape)
    several = [
        Intervention("none"),
        zero(network, [0, 2]),
        impose_regimes(network, codes, at=choose_steps(sequences, [1, 2])),
        disturb(rng.standard_normal((*sequences.trial.shape, 5)), choose_steps(sequences, 0)),
        reset(np.ones(5), choose_steps(sequences, 3)),
        remove_mode(np.ones(5), np.arange(5.0)),
        identity(network, 0, choose_steps(sequences, 1)),
    ]
    together = compute_latents(network, sequences, several)
    assert together.shape == (7, *sequences.trial.shape, 5)
    assert np.isnan(together[:, sequences.trial < 0]).all()
    np.testing.assert_array_equal(together[0], compute_latents(network, sequences))
    for found, one in zip(together, several, strict=True):
        np.testing.assert_allclose(found, compute_latents(network, sequences, one), **EXACT)


def test_imposing_regimes_runs_their_affine_maps(sequences):
    network = make()
    own = compute_regimes(compute_latents(network, sequences), 3)
    same = compute_latents(network, sequences, impose_regimes(network, own))
    np.testing.assert_allclose(same, compute_latents(network, sequences), **EXACT)

    codes = np.random.default_rng(3).integers(0, 8, own.shape)
    found = compute_latents(network, sequences, impose_regimes(network, codes))
    drive = sequences.inputs @ network.input_weight.T + network.bias
    for s, t in np.argwhere(sequences.trial[:, 1:] >= 0):
        expected = compute_jacobian(network, codes[s, t]) @ found[s, t] + drive[s, t + 1]
        np.testing.assert_allclose(found[s, t + 1], expected, **EXACT)


def test_one_regime_is_clamped_at_chosen_steps(sequences):
    network, code = make(), 5
    at = choose_steps(sequences, [1, 3])

    def clamped(z, s, t):
        slopes = [1, 1, 1, 0, 1] if t >= 0 and at[s, t] else np.r_[1, 1, z[2:] > 0]
        return z * slopes

    found = compute_latents(network, sequences, clamp_regime(network, code, at))
    np.testing.assert_allclose(found, explicit(network, sequences, clamped), **EXACT)


@pytest.mark.parametrize("n_steps", [-2, 0, 1, 3])
def test_switches_are_shifted_within_their_sequence(sequences, n_steps):
    network = make()
    latents = compute_latents(network, sequences)
    on = [
        np.concatenate([network.initial[None, 2:], z[:n, 2:]]) > 0
        for z, n in zip(latents, sequences.n_steps, strict=True)
    ]

    def shifted(z, s, t):
        at = np.clip(t - n_steps, -1, len(on[s]) - 2)
        return z * np.r_[1, 1, on[s][at + 1] if t >= 0 else z[2:] > 0]

    found = compute_latents(network, sequences, shift_switches(network, sequences, n_steps))
    np.testing.assert_allclose(found, explicit(network, sequences, shifted), **EXACT)
    assert (np.nanmax(np.abs(found - latents)) > 0.01) == (n_steps != 0)


def test_a_removed_mode_is_gone_and_the_others_run_on_alone(sequences):
    network = make(0)
    J = np.diag(network.self_slope) + network.weight
    values, right = np.linalg.eig(J)
    left = np.linalg.inv(right).T
    for pick in ([np.abs(values.imag).argmin()], np.flatnonzero(np.abs(values.imag) > 1e-9)[:2]):
        one = remove_mode(3 * right[:, pick], left[:, pick])
        found = compute_latents(network, sequences, one)
        before = compute_latents(network, sequences)
        rest = np.setdiff1d(np.arange(5), pick)
        assert np.nanmax(np.abs(found @ left[:, pick])) < 1e-12
        np.testing.assert_allclose(found @ left[:, rest], before @ left[:, rest], atol=1e-12)


def test_a_mode_is_removed_from_where_it_is_zero(sequences):
    network, rng = make(), np.random.default_rng(4)
    right, left, centre = rng.standard_normal((3, 5))
    at = choose_steps(sequences, [2])
    found = compute_latents(network, sequences, remove_mode(right, left, at, centre=centre))

    def removed(z, s, t):
        if t < 0 or not at[s, t]:
            return z
        return z - right * (left @ (z - centre)) / (left @ right)

    np.testing.assert_allclose(found, explicit(network, sequences, move=removed), **EXACT)


def test_half_of_a_complex_pair_is_refused():
    with pytest.raises(DataError, match="both eigenvectors"):
        remove_mode(np.array([1, 1j]), np.array([1, -1j]))


def test_a_reset_keeps_what_it_is_told_to_keep(sequences):
    network, rng = make(), np.random.default_rng(5)
    keep, values = rng.standard_normal((5, 2)), rng.standard_normal((*sequences.trial.shape, 5))
    at = choose_steps(sequences) & (np.arange(sequences.trial.shape[1]) == 3)
    before = compute_latents(network, sequences)
    found = compute_latents(network, sequences, reset(values, at, keep=keep))
    outside = np.linalg.svd(keep)[0][:, 2:]
    np.testing.assert_array_equal(found[:, :3], before[:, :3])
    np.testing.assert_allclose(found[:, 3] @ keep, before[:, 3] @ keep, atol=1e-12)
    np.testing.assert_allclose(found[:, 3] @ outside, values[:, 3] @ outside, atol=1e-12)
    everything = compute_latents(network, sequences, reset(values, at))
    np.testing.assert_array_equal(everything[:, 3], values[:, 3])

    right, left = rng.standard_normal((2, 5, 1))
    oblique = right @ left.T / (left.T @ right)
    moved = compute_latents(network, sequences, reset(np.zeros(5), at, keep=oblique))
    np.testing.assert_allclose(moved[:, 3], before[:, 3] @ oblique.T, atol=1e-12)


def test_a_disturbance_of_a_linear_network_follows_its_powers(sequences):
    network, kick = make(0), np.arange(5.0)
    at = choose_steps(sequences) & (np.arange(sequences.trial.shape[1]) == 1)
    found = compute_latents(network, sequences, disturb(kick, at))
    change = found - compute_latents(network, sequences)
    J = np.diag(network.self_slope) + network.weight
    for k in range(3):
        expected = np.linalg.matrix_power(J, k) @ kick
        np.testing.assert_allclose(change[:, 1 + k], np.tile(expected, (len(change), 1)), **EXACT)


def test_best_affine_is_least_squares_and_constant_units_keep_their_value(sequences):
    network = make()
    latents = compute_latents(network, sequences)
    latents[..., 4] = np.where(np.isnan(latents[..., 4]), np.nan, 2.5)
    slope, intercept = fit_affine(network, latents, choose_steps(sequences, [1, 2]))
    z = latents[choose_steps(sequences, [1, 2])]
    for unit in (0, 1):
        fitted = np.polyfit(z[:, 2 + unit], np.maximum(z[:, 2 + unit], 0), 1)
        np.testing.assert_allclose([slope[unit], intercept[unit]], fitted, atol=1e-10)
    assert (slope[2], intercept[2]) == (0, 2.5)
    with pytest.raises(DataError, match="no steps"):
        fit_affine(network, latents, np.zeros(sequences.trial.shape, bool))


def test_usual_branches_are_majorities_by_step(sequences):
    network = make()
    latents = compute_latents(network, sequences)
    codes = _usual_codes(network, latents, sequences)
    assert codes.shape == (6,)
    assert len(set(codes)) > 1
    for step, code in enumerate(codes):
        on = latents[choose_steps(sequences, step)][:, 2:] > 0
        np.testing.assert_array_equal((code >> np.arange(3)) & 1, on.mean(axis=0) > 0.5)


def test_an_unstable_network_stays_finite(sequences):
    network = make()._replace(self_slope=np.full(5, 1e30))
    latents = compute_latents(network, sequences, identity(network))
    assert np.isfinite(latents[sequences.trial >= 0]).all()


def test_what_does_not_fit_is_named(sequences):
    network = make()
    wrong = [
        zero(make(2)),
        reset(np.zeros(4)),
        zero(network, 0, at=np.ones((2, 2), dtype=bool)),
    ]
    with pytest.raises(DataError, match="4 problems") as error:
        compute_latents(network, sequences, wrong)
    for text in ("2 PWL units, expected 3", "value has shape", "matrix has", "used has shape"):
        assert text in str(error.value)
    with pytest.raises(DataError, match="unit: found 3"):
        zero(network, 3)
    with pytest.raises(DataError, match="none given"):
        compute_latents(network, sequences, [])


def test_steps_that_no_trial_has_are_not_silently_nothing(sequences):
    for steps in (99, -1, "response", [0, 6], []):
        with pytest.raises(DataError, match="expected positions from 0 to 5"):
            choose_steps(sequences, steps)
    for trials in ([0, 5], np.ones(3, bool), np.full(36, 2)):
        with pytest.raises(DataError, match="expected bool for each trial"):
            choose_steps(sequences, trials=trials)


def test_codes_that_are_none_of_the_network_are_not_silently_cut():
    network = make()
    for code in (-1, [0, 1]):
        with pytest.raises(DataError, match="code: found"):
            clamp_regime(network, code)
    for codes in (8, -2, 1.5):
        with pytest.raises(DataError, match="imposed regimes: found"):
            impose_regimes(network, np.full((1, 1), codes))


def test_units_slopes_and_masks(sequences):
    network = make()
    for unit in ([], 1.0, True, "0", 3):
        with pytest.raises(DataError, match="unit: found"):
            zero(network, unit)
    for alpha in (-0.1, 5, np.nan):
        with pytest.raises(DataError, match="alpha: found"):
            attenuate(network, alpha)
    for slope in ([1.0], np.ones(4), np.full(3, np.nan), ["a"] * 3):
        with pytest.raises(DataError, match="affine"):
            affine(network, slope, np.zeros(3))
    with pytest.raises(DataError, match="at: expected a bool array"):
        zero(network, at=[1, 2])
    with pytest.raises(DataError, match="n_steps: found"):
        shift_switches(network, sequences, 1.5)


def test_modes_and_states_must_fit():
    with pytest.raises(DataError, match="orthogonal"):
        remove_mode([1.0, 0, 0], [0, 1.0, 0])
    for arguments in (
        ([np.nan, 0], [1.0, 0]),
        ([1.0, 0], [1.0, 0, 0]),
        ([1.0], [1.0], None, [1, 2]),
    ):
        with pytest.raises(DataError, match="remove_mode: found shapes"):
            remove_mode(*arguments)
    for values in (0.0, [np.nan], ["a"]):
        for move in (reset, disturb):
            with pytest.raises(DataError):
                move(values)
    with pytest.raises(DataError, match="keep: found shape"):
        reset(np.zeros(3), keep=np.eye(2))
    np.testing.assert_array_equal(reset(np.zeros(3), keep=[2.0, 0, 0]).matrix, np.diag([1, 0, 0]))
