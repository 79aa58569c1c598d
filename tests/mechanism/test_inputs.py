"""Gains against finite differences and plain products, modes against closed forms."""

from types import SimpleNamespace

import numpy as np
import pytest

from neuroalrnn.exceptions import DataError
from neuroalrnn.mechanism.inputs import (
    compute_gains,
    compute_horizons,
    compute_selection,
    compute_unit_gains,
    path_gains,
)
from neuroalrnn.mechanism.inputs.gains import _unit_gains
from neuroalrnn.network.eigen import decompose
from neuroalrnn.network.maps import compute_jacobian, compute_slopes
from neuroalrnn.network.run import Network, compute_latents
from neuroalrnn.regimes import compute_regimes
from neuroalrnn.tasks import addition, integration

N_STEPS = 9


def drawn_network(seed=0, n_latent=5, n_pwl=3, n_features=2, n_outputs=2):
    rng = np.random.default_rng(seed)
    weight = rng.standard_normal((n_latent, n_latent)) / np.sqrt(n_latent)
    slope = 0.3 * rng.standard_normal(n_latent)
    inputs = rng.standard_normal((n_latent, n_features))
    bias, initial = rng.standard_normal((2, n_latent)) / 2
    readout = rng.standard_normal((n_outputs, n_latent))
    return Network(n_pwl, slope, weight, inputs, bias, initial, readout, np.zeros(n_outputs))


def sequences_of(inputs):
    n, steps = inputs.shape[:2]
    trial = np.zeros((n, steps), dtype=int)
    return SimpleNamespace(inputs=inputs, n_steps=np.full(n, steps), trial=trial)


def single_mode_network(eigenvalues, n_pwl=0):
    n = len(eigenvalues)
    ones = np.ones((n, 1))
    zero = np.zeros(n)
    return Network(n_pwl, zero, np.diag(eigenvalues), ones, zero, zero, ones.T, np.zeros(1))


@pytest.fixture
def run():
    network = drawn_network()
    inputs = np.random.default_rng(1).standard_normal((6, N_STEPS, 2))
    latents = compute_latents(network, sequences_of(inputs))
    regimes = compute_regimes(latents, network.n_pwl)
    assert len(np.unique(regimes)) > 3
    return network, inputs, latents, regimes


def test_gains_are_finite_differences_along_the_real_path(run):
    network, inputs, latents, regimes = run
    gains = path_gains(network, regimes, N_STEPS)
    for feature in range(2):
        for t in range(N_STEPS):
            near = inputs.copy()
            near[:, t, feature] += 1e-6
            moved = compute_latents(network, sequences_of(near))
            assert np.array_equal(compute_regimes(moved, 3), regimes)
            difference = (moved - latents) @ network.readout.T / 1e-6
            found = gains[:, t, : N_STEPS - t, :, feature]
            np.testing.assert_allclose(found, difference[:, t:], atol=1e-7)
            assert np.isnan(gains[:, t, N_STEPS - t :, :, feature]).all()


def test_gains_stop_where_there_is_no_step(run):
    network, _, _, regimes = run
    regimes = regimes.copy()
    regimes[2, 5:] = -1
    gains = path_gains(network, regimes, 4)
    assert np.isfinite(gains[2, 3, :2]).all()
    assert np.isnan(gains[2, 3, 2:]).all()
    assert np.isnan(gains[2, 5:]).all()


def test_parts_are_the_products_of_the_equation_and_sum_to_the_gain(run):
    network, _, _, regimes = run
    gains = path_gains(network, regimes, 4)
    for lag in (1, 2, 4):
        parts = _unit_gains(network, regimes, lag)
        np.testing.assert_allclose(parts.sum(axis=-1), gains[:, :, lag], atol=1e-12)
        row = network.readout
        for step in range(lag, 1, -1):
            row = row @ compute_jacobian(network, regimes[0, 1 + step - 1])
        for i in range(3):
            unit = 2 + i
            slope = compute_slopes(network, regimes[0, 1])[unit]
            part = np.outer(row @ network.weight[:, unit] * slope, network.input_weight[unit])
            np.testing.assert_allclose(parts[0, 1, :, :, 1 + i], part, atol=1e-12)


def test_tables_sum_over_the_steps_of_each_regime(run):
    network, _, _, regimes = run
    gains, table = path_gains(network, regimes, 3), compute_gains(network, regimes, 3)
    row = table.query("feature == 1 and output == 0 and lag == 2").set_index("code")
    parts = compute_unit_gains(network, regimes, 3)
    sums = parts.query("feature == 1 and output == 0 and lag == 2").groupby("code")["part"].sum()
    for code in np.unique(regimes):
        here = gains[regimes == code][:, 2, 0, 1]
        here = here[np.isfinite(here)]
        jacobian = compute_jacobian(network, code)
        constant = (network.readout @ jacobian @ jacobian @ network.input_weight)[0, 1]
        np.testing.assert_allclose(row.loc[code, "gain_constant"], constant, atol=1e-12)
        assert row.loc[code, "n_steps"] == len(here)
        if len(here):
            np.testing.assert_allclose(
                row.loc[code, ["gain", "gain_sd", "gain_size"]].astype(float),
                [here.mean(), here.std(), np.abs(here).mean()],
                atol=1e-7,
            )
            np.testing.assert_allclose(sums[code], here.mean(), atol=1e-12)


def test_marker_opens_the_path_of_the_value():
    known = addition()
    inputs, _ = known.design(np.random.default_rng(0).random((50, known.n_draws)))
    latents = compute_latents(known.network, sequences_of(inputs))
    regimes = compute_regimes(latents, 1)
    assert np.array_equal(regimes == 1, inputs[..., 1] == 1)
    table = compute_unit_gains(known.network, regimes, 2).query("feature == 0 and lag == 1")
    table = table.set_index(["code", "unit"])["part"]
    assert table.to_dict() == {(0, -1): 0, (0, 0): 0, (1, -1): 0, (1, 0): 8}


def test_selection_of_context_dependent_integration():
    network = integration().network
    table = compute_selection(network, [0, 1], 5).query("mode == 0")
    assert table["memory"].all()
    np.testing.assert_allclose(table["real"], 1, atol=1e-12)
    np.testing.assert_allclose(table["alignment"], 1, atol=1e-12)
    streams = table.query("feature < 2").pivot(index="code", columns="feature", values="weight")
    np.testing.assert_allclose(streams, [[0, 1], [1, 0]], atol=1e-12)
    np.testing.assert_allclose(table["mode_gain"], 2 * np.abs(table["weight"]), atol=1e-12)
    others = compute_selection(network, [0, 1], 5).query("mode > 0")
    assert not others["slow"].any()


def test_modes_rebuild_the_map_also_with_repeated_eigenvalues():
    basis = np.random.default_rng(2).standard_normal((4, 4))
    for values in ([0.9, 0.5, -0.3, 0.1], [0.8, 0.8, 0.8, 0.2], [1.0, 1.0, 0.0, 0.0]):
        jacobian = basis @ np.diag(values) @ np.linalg.inv(basis)
        found, right, left = decompose(jacobian)
        np.testing.assert_allclose(found.real, sorted(values, key=abs, reverse=True), atol=1e-7)
        np.testing.assert_allclose(left @ right, np.eye(4), atol=1e-6)
        np.testing.assert_allclose((right * found) @ left, jacobian, atol=1e-6)


def test_modes_rebuild_a_turning_map():
    jacobian = np.random.default_rng(5).standard_normal((5, 5))
    values, right, left = decompose(jacobian)
    assert np.abs(values.imag).max() > 0.1
    np.testing.assert_allclose((right * values) @ left, jacobian, atol=1e-9)
    np.testing.assert_allclose(np.linalg.norm(right, axis=0), 1)


def test_defective_modes_have_no_selection():
    _, _, left = decompose(np.array([[0.5, 1, 0], [0, 0.5, 0], [0, 0, 0.9]]))
    assert np.isfinite(left[0]).all()
    assert np.isnan(left[1:]).all()


def test_selection_predicts_what_a_pulse_adds_to_the_mode():
    network = drawn_network(seed=4)
    table = compute_selection(network, [5], 4).query("feature == 1")
    jacobian = compute_jacobian(network, 5)
    response = network.input_weight[:, 1]
    weights = table["weight"].to_numpy() + 1j * table["weight_imag"].to_numpy()
    values = table["real"].to_numpy() + 1j * table["imag"].to_numpy()
    _, right, left = decompose(jacobian)
    for k in range(4):
        # the length and phase of r are conventions, l' x times r is not
        np.testing.assert_allclose(right @ (left @ response), response, atol=1e-9)
        np.testing.assert_allclose(np.abs(left @ response), np.abs(weights * values**k), atol=1e-9)
        response = jacobian @ response


def test_horizons_of_single_modes():
    # 0.5^4 is above 5 %, 0.5^5 is not
    table = compute_horizons(single_mode_network([0.5]), np.zeros((2, 9), dtype=int), 8)
    assert table.loc[0, "horizon_constant"] == 4
    assert table.loc[0, "n_steps"] == 18
    # from step t on 8 - t lags are left: 4, 4, 4, 4, then cut at 4, 3, 2, 1, 0
    assert table.loc[0, "horizon"] == 4
    np.testing.assert_allclose(table.loc[0, "censored_share"], 5 / 9)
    network = single_mode_network([0.5])._replace(readout=np.zeros((1, 1)))
    silent = compute_horizons(network, np.zeros((1, 4), dtype=int), 3)
    assert silent[["horizon_constant", "horizon"]].isna().all(axis=None)


def test_bad_requests(run):
    network, _, _, regimes = run
    with pytest.raises(DataError, match="codes from -1 to 7"):
        path_gains(network, regimes + 8, 2)
    with pytest.raises(DataError, match="lag: found 0"):
        _unit_gains(network, regimes, 0)


def test_codes_and_lags_must_be_possible(run):
    network, _, _, regimes = run
    largest = 2**network.n_pwl
    for describe in (compute_gains, compute_unit_gains, compute_horizons):
        for wrong in (np.where(regimes == 0, np.nan, regimes), regimes[:0], regimes + largest):
            with pytest.raises(DataError, match="regimes: found"):
                describe(network, wrong, 2)
        for n_lags in (-1, 1.5):
            with pytest.raises(DataError, match="n_lags: found"):
                describe(network, regimes, n_lags)
    for code in (-1, largest, 0.5, np.nan):
        for describe in (compute_slopes, compute_jacobian):
            with pytest.raises(DataError, match="code: found"):
                describe(network, code)
        with pytest.raises(DataError, match="code: found"):
            compute_selection(network, [code], 3)
    for n_steps in (0, -3, np.nan):
        with pytest.raises(DataError, match="n_steps: found"):
            compute_selection(network, [0], n_steps)
