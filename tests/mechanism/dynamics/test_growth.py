"""Growth against closed forms, dense grids and plain products along the path."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from neuroalrnn.exceptions import DataError
from neuroalrnn.mechanism.dynamics.growth import (
    _power_norms,
    compute_functional_growth,
    compute_growth,
    compute_path_growth,
    henrici_departure,
    kreiss_constant,
    path_amplification,
)
from neuroalrnn.network.maps import compute_jacobian
from neuroalrnn.network.run import Network

SHEARED = np.array([[0.9, 5.0], [0.0, 0.8]])


def network_of(weight, n_pwl=0, n_features=1, seed=0):
    rng, n = np.random.default_rng(seed), len(weight)
    inputs, readout = rng.standard_normal((n, n_features)), rng.standard_normal((2, n))
    return Network(
        n_pwl, np.zeros(n), np.asarray(weight), inputs, np.zeros(n), np.zeros(n), readout, [0, 0]
    )


@pytest.fixture
def network():
    rng = np.random.default_rng(1)
    return network_of(rng.standard_normal((4, 4)) / 2, n_pwl=2, n_features=3)


@pytest.fixture
def regimes():
    codes = np.random.default_rng(2).integers(0, 4, (3, 15))
    codes[1, 9:] = -1
    codes[2, 6] = -1
    return codes


def test_sheared_matrix():
    row = compute_growth(network_of(SHEARED), [0], n_lags=60).iloc[0]
    # J^k has the corner 5 (0.9^k - 0.8^k) / 0.1
    k = np.arange(61)
    corner = 50 * (0.9**k - 0.8**k)
    square = 0.81**k + 0.64**k + corner**2
    root = np.sqrt(square**2 - 4 * 0.72 ** (2 * k))
    norms = np.sqrt((square + root) / 2)
    np.testing.assert_allclose(_power_norms(SHEARED, 60), norms, atol=1e-10)
    np.testing.assert_allclose(row["peak"], norms.max(), atol=1e-10)
    assert row["peak_lag"] == norms.argmax()
    np.testing.assert_allclose(row["one_step"], norms[1], atol=1e-10)
    np.testing.assert_allclose(row["henrici"], 5, atol=1e-10)
    np.testing.assert_allclose(row["spectral_radius"], 0.9, atol=1e-12)
    bounds = [row["kreiss"], row["peak"], np.e * 2 * row["kreiss"]]
    assert np.round(bounds, 1).tolist() == [8.6, 13.5, 46.8]


def test_kreiss_constant_of_a_positive_matrix_lies_on_the_real_axis():
    def height(log_gap):
        resolvent = np.linalg.inv((1 + np.exp(log_gap)) * np.eye(2) - SHEARED)
        return -np.exp(log_gap) * np.linalg.norm(resolvent, 2)

    best = minimize_scalar(height, bounds=(-10, 2), method="bounded", options={"xatol": 1e-9})
    np.testing.assert_allclose(kreiss_constant(SHEARED), -best.fun, rtol=1e-8)


def test_kreiss_constant_bounds_growth_and_is_not_below_a_dense_grid():
    rng = np.random.default_rng(0)
    for _ in range(4):
        jacobian = rng.standard_normal((5, 5)) + 2 * np.triu(rng.standard_normal((5, 5)), 1)
        jacobian *= 0.97 / np.abs(np.linalg.eigvals(jacobian)).max()
        kreiss = kreiss_constant(jacobian)
        peak = _power_norms(jacobian, 400).max()
        assert kreiss <= peak * (1 + 1e-12)
        assert peak <= np.e * 5 * kreiss
        gap, angle = np.meshgrid(np.geomspace(1e-4, 10, 60), np.linspace(0, 2 * np.pi, 90))
        x = ((1 + gap) * np.exp(1j * angle))[..., None, None]
        norms = np.linalg.norm(np.linalg.inv(x * np.eye(5) - jacobian), 2, axis=(-2, -1))
        assert kreiss >= (gap * norms).max() - 1e-9


def test_normal_matrices_do_not_grow():
    basis, _ = np.linalg.qr(np.random.default_rng(0).standard_normal((3, 3)))
    jacobian = basis @ np.diag([0.9, -0.7, 0.2]) @ basis.T
    np.testing.assert_allclose(_power_norms(jacobian, 8), 0.9 ** np.arange(9), atol=1e-12)
    np.testing.assert_allclose(henrici_departure(jacobian), 0, atol=1e-7)
    np.testing.assert_allclose(kreiss_constant(jacobian), 1, atol=1e-8)
    turn = np.array([[0.0, -1.0], [1.0, 0.0]])
    np.testing.assert_allclose(kreiss_constant(turn), 1, atol=1e-8)
    assert kreiss_constant(1.001 * turn) == np.inf


def test_shift_register_keeps_its_content_and_then_forgets_it():
    register = np.eye(5, k=-1)
    np.testing.assert_allclose(_power_norms(register, 6), [1, 1, 1, 1, 1, 0, 0], atol=1e-12)
    np.testing.assert_allclose(henrici_departure(register), 2, atol=1e-12)


def test_growth_is_taken_regime_by_regime(network):
    table = compute_growth(network, [3, 0], n_lags=5)
    assert table["code"].tolist() == [3, 0]
    expected = [np.linalg.norm(compute_jacobian(network, code), 2) for code in (3, 0)]
    np.testing.assert_allclose(table["one_step"], expected, atol=1e-12)


def test_functional_growth_is_what_a_small_input_does_to_the_read_out(network):
    table = compute_functional_growth(network, [2], n_lags=6)
    assert len(table) == 3 * 7
    for feature in range(3):
        z, small = np.array([0.3, -0.2, -0.5, 0.4]), np.zeros(3)
        small[feature] = 1e-3
        jacobian = compute_jacobian(network, 2)
        near, growth = z + network.input_weight @ small, []
        for _ in range(7):
            growth.append(np.linalg.norm(network.readout @ (near - z)) / 1e-3)
            z, near = jacobian @ z, jacobian @ near
        part = table[table["feature"] == feature]
        np.testing.assert_allclose(part["growth"], growth, atol=1e-10)


def test_path_amplification_is_the_norm_of_the_product(network, regimes):
    ends = network.readout, network.input_weight[:, [1]]
    plain = path_amplification(network, regimes, 6)
    seen = path_amplification(network, regimes, 6, left=ends[0], right=ends[1])
    for s, t, lag in np.ndindex(plain.shape):
        path = regimes[s, t : t + lag]
        if regimes[s, t] < 0 or len(path) < lag or (path < 0).any():
            assert np.isnan(plain[s, t, lag])
            assert np.isnan(seen[s, t, lag])
            continue
        whole = np.eye(4)
        for code in path:
            whole = compute_jacobian(network, code) @ whole
        np.testing.assert_allclose(plain[s, t, lag], np.linalg.norm(whole, 2), atol=1e-12)
        expected = np.linalg.norm(ends[0] @ whole @ ends[1], 2)
        np.testing.assert_allclose(seen[s, t, lag], expected, atol=1e-12)


def test_path_growth_summarises_all_steps(network, regimes):
    table = compute_path_growth(network, regimes, 20, feature=1)
    values = path_amplification(
        network, regimes, 20, left=network.readout, right=network.input_weight[:, [1]]
    )
    assert table["n_steps"].tolist() == (~np.isnan(values)).sum(axis=(0, 1)).tolist()
    assert table["n_steps"].iloc[-1] == 0
    first = values[..., :15]
    np.testing.assert_allclose(table["growth_largest"][:15], np.nanmax(first, axis=(0, 1)))
    np.testing.assert_allclose(table["growth"][:15], np.nanmedian(first, axis=(0, 1)))


def test_one_regime_amplifies_like_its_powers(network):
    growth = path_amplification(network, np.full((1, 9), 3), 8)
    norms = _power_norms(compute_jacobian(network, 3), 8)
    np.testing.assert_allclose(growth[0, 0], norms, atol=1e-12)


def test_unknown_codes_are_an_error(network):
    with pytest.raises(DataError, match="codes from -1 to 3"):
        path_amplification(network, [[0, 4]], 2)
    for compute in (compute_growth, compute_functional_growth):
        with pytest.raises(DataError, match="codes from 0 to 3"):
            compute(network, [-1])


def test_what_comes_in(network, regimes):
    for codes in ([0.5], [np.nan], ["a"], 0, []):
        for compute in (compute_growth, compute_functional_growth):
            with pytest.raises(DataError, match="codes: found"):
                compute(network, codes)
    for n_lags in (-1, 1.5):
        for compute in (compute_growth, compute_functional_growth):
            with pytest.raises(DataError, match="n_lags: found"):
                compute(network, [0], n_lags)
        with pytest.raises(DataError, match="n_lags: found"):
            compute_path_growth(network, regimes, n_lags)
    with pytest.raises(DataError, match="found float64"):
        compute_path_growth(network, np.where(regimes < 0, np.nan, regimes), 2)
    for feature in (-1, 3, "motion"):
        with pytest.raises(DataError, match="feature: found"):
            compute_path_growth(network, regimes, 2, feature=feature)
