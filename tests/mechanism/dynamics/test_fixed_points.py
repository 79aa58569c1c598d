"""Fixed points of all regimes against solving each regime alone, and against closed forms."""

import numpy as np
import pytest

from neuroalrnn.exceptions import DataError, NotTestableError
from neuroalrnn.mechanism.dynamics.fixed_points import _has_one_fixed_point, compute_fixed_points
from neuroalrnn.network.maps import compute_jacobian
from neuroalrnn.network.run import Network
from neuroalrnn.regimes import compute_regimes
from neuroalrnn.tasks import known


def make(n_pwl, slope, weight, bias, inputs=None):
    bias = np.array(bias, dtype=float)
    inputs = np.zeros((len(bias), 1)) if inputs is None else np.array(inputs, dtype=float)
    slope, weight = np.array(slope, dtype=float), np.array(weight, dtype=float)
    return Network(n_pwl, slope, weight, inputs, bias, 0 * bias, 0 * bias[None], np.zeros(1))


def random(n_latent, n_pwl, seed, size=0.7):
    rng = np.random.default_rng(seed)
    weight = size * rng.standard_normal((n_latent, n_latent)) / np.sqrt(n_latent)
    slope, inputs = rng.uniform(0, 0.9, n_latent), rng.standard_normal((n_latent, 3))
    return make(n_pwl, slope, weight, rng.standard_normal(n_latent), inputs)


def gap_of(network, code):
    on = [(code >> i) & 1 for i in range(network.n_pwl)]
    slopes = np.r_[np.ones(len(network.bias) - network.n_pwl), on]
    return np.eye(len(slopes)) - np.diag(network.self_slope) - network.weight @ np.diag(slopes)


def drives_of(network, inputs):
    return [network.input_weight @ s + network.bias for s in np.atleast_2d(inputs)]


def step(network, z, drive):
    phi = z.copy()
    phi[len(z) - network.n_pwl :] = np.maximum(phi[len(z) - network.n_pwl :], 0)
    return network.self_slope * z + network.weight @ phi + drive


def assert_as_brute_force(network, found, inputs, tolerance=1e-9):
    """Every regime alone: an SVD says whether it is singular, a solver where its point is."""
    first = len(network.bias) - network.n_pwl
    for code in found["code"].values:
        one, gap = found.sel(code=code), gap_of(network, code)
        left, values, _ = np.linalg.svd(gap)
        n_small = int((values <= 1e-6 * values[0]).sum())
        assert one["n_directions"] == n_small
        for condition, drive in enumerate(drives_of(network, inputs)):
            case = one.isel(condition=condition)
            point = case["point"].values
            if n_small:
                push = np.linalg.norm(left[:, -n_small:].T @ drive) > 1e-6 * np.linalg.norm(drive)
                assert case["kind"] == ("none" if push else "line" if n_small == 1 else "plane")
                assert np.isnan(point).all() == push
                assert push or np.abs(gap @ point - drive).max() < tolerance
                continue
            expected = np.linalg.solve(gap, drive)
            assert case["kind"] == "isolated"
            np.testing.assert_allclose(
                point, expected, rtol=0, atol=tolerance * np.abs(expected).max()
            )
            on = np.array([(code >> i) & 1 for i in range(network.n_pwl)], dtype=bool)
            assert case["is_real"] == ((expected[first:] > 0) == on).all()
            margin = min(np.where(on, 1, -1) * expected[first:], default=np.inf)
            assert case["margin"] == pytest.approx(margin, rel=1e-6, abs=1e-7)
        sign, log_det = np.linalg.slogdet(gap)
        assert (one["det_sign"], one["log_det"]) == (
            (0, -np.inf) if n_small else (sign, pytest.approx(log_det, abs=1e-8))
        )


@pytest.mark.parametrize("size", [(4, 0), (1, 1), (5, 5), (9, 4), (20, 7)])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_all_regimes_agree_with_brute_force(size, seed):
    network = random(*size, seed, size=1.2)
    inputs = np.random.default_rng(seed).standard_normal((2, 3))
    found = compute_fixed_points(network, inputs=inputs)
    assert found["code"].values.tolist() == list(range(2 ** size[1]))
    assert found.attrs["search"] == "all regimes"
    assert_as_brute_force(network, found, inputs)


def test_ten_units_agree_with_brute_force():
    network = random(12, 10, seed=3)
    assert_as_brute_force(network, compute_fixed_points(network), np.zeros(3))


def test_64_latents_and_12_units_agree_with_brute_force():
    network = random(64, 12, seed=0)
    found = compute_fixed_points(network, inputs=np.ones(3))
    assert found.sizes == {"code": 4096, "condition": 1, "latent": 64}
    codes = np.random.default_rng(0).choice(4096, 100, replace=False)
    assert_as_brute_force(network, found.sel(code=codes), np.ones(3), tolerance=1e-8)


@pytest.mark.parametrize("code", [0, 1, 5, 12, 31])
@pytest.mark.parametrize("change", [0, 1e-12, 1e-9, 2e-7, 1e-5, 1e-3])
def test_a_nearly_singular_regime_spoils_no_other(code, change):
    network = random(8, 5, seed=4)
    values, vectors = np.linalg.eig(gap_of(network, code))
    # units that are off have eigenvalues that other regimes share
    own = np.isreal(values) & (np.abs(vectors[:3]).max(axis=0) > 1e-9)
    value = values[own].real[0] - change
    network = network._replace(self_slope=network.self_slope + value)
    singular = np.linalg.svd(gap_of(network, code), compute_uv=False)
    assert singular[-1] / singular[0] < max(change, 1e-14)
    found = compute_fixed_points(network)
    assert found["code"].values[found["n_directions"] > 0].tolist() == [code] * (change < 1e-6)
    assert_as_brute_force(network, found, np.zeros(3))


@pytest.mark.parametrize("size", [(32, 6), (20, 13), (3, 0)])
def test_nearly_singular_regimes_are_solved_as_well_as_by_a_direct_solver(size):
    """Errors of a backward stable solver: residuals are rounding errors of ``gap @ point``."""
    network = random(*size, seed=2)
    near = 2 ** size[1] - 1
    values = np.linalg.eigvals(gap_of(network, near))
    network = network._replace(self_slope=network.self_slope + values[np.isreal(values)][0].real)
    network = network._replace(self_slope=network.self_slope - 2e-5)
    inputs = np.random.default_rng(0).standard_normal((3, 3))
    found = compute_fixed_points(network, inputs=inputs, regimes=[near])
    assert_as_brute_force(network, found, inputs, tolerance=1e-8)
    gap = gap_of(network, near)
    assert 1e4 < np.linalg.cond(gap) < 1e6
    points = found["point"].sel(code=near).values
    for point, drive in zip(points, drives_of(network, inputs), strict=True):
        residual = np.linalg.norm(gap @ point - drive)
        assert residual < 5e-15 * np.linalg.norm(gap, 2) * np.linalg.norm(point)


def test_regimes_that_an_elimination_divides_by_0_for_are_solved():
    """Each unit alone is an integrator, and two in a loop are none."""
    weight = np.diag([0.5, 1, 1, 1, 1])
    weight[1:, 1:] += np.eye(4)[::-1] / 2
    network = make(4, np.zeros(5), weight, np.arange(1, 6))
    found = compute_fixed_points(network)
    assert found["n_directions"].values[[0, 1, 3, 9, 15]].tolist() == [0, 1, 2, 0, 0]
    assert_as_brute_force(network, found, np.zeros(1))


def test_regimes_that_share_an_integrator_are_solved_one_by_one():
    network = random(6, 3, seed=5)
    weight, slope, bias = network.weight.copy(), network.self_slope.copy(), network.bias.copy()
    weight[0], slope[0], bias[0] = 0, 1, 0
    balanced = network._replace(weight=weight, self_slope=slope, bias=bias)
    found = compute_fixed_points(balanced, inputs=np.zeros(3))
    assert (found["kind"] == "line").all()
    assert_as_brute_force(balanced, found, np.zeros(3))
    pushed = balanced._replace(bias=network.bias)
    assert (compute_fixed_points(pushed)["kind"] == "none").all()
    assert not _has_one_fixed_point(compute_fixed_points(pushed))


def test_two_shared_integrators_make_planes():
    network = random(6, 3, seed=5)
    weight, slope, bias = network.weight.copy(), network.self_slope.copy(), network.bias.copy()
    weight[:2], slope[:2], bias[:2] = 0, 1, 0
    network = network._replace(weight=weight, self_slope=slope, bias=bias)
    found = compute_fixed_points(network)
    assert (found["kind"] == "plane").all()
    assert (found["n_directions"] == 2).all()


@pytest.mark.parametrize("seed", range(6))
def test_the_network_stays_at_its_real_points_and_leaves_virtual_ones(seed):
    network = random(10, 6, seed, size=1.5)
    inputs = np.random.default_rng(seed).standard_normal((4, 3))
    found = compute_fixed_points(network, inputs=inputs)
    assert found["is_real"].any()
    for condition, drive in enumerate(drives_of(network, inputs)):
        case = found.isel(condition=condition)
        for code in case["code"].values:
            point = case["point"].sel(code=code).values
            moved = np.abs(step(network, point, drive) - point).max()
            is_real = compute_regimes(point, network.n_pwl) == code
            assert case["is_real"].sel(code=code) == is_real
            assert moved < 1e-10 if is_real else moved > 1e-10


def test_the_point_is_affine_in_the_input():
    network = random(7, 4, seed=1)
    s, t = np.random.default_rng(0).standard_normal((2, 3))
    found = compute_fixed_points(network, inputs=[s, t, 0.3 * s + 0.7 * t])["point"].values
    np.testing.assert_allclose(found[:, 2], 0.3 * found[:, 0] + 0.7 * found[:, 1], atol=1e-10)
    alone = compute_fixed_points(network, inputs=t)["point"].values
    np.testing.assert_allclose(alone[:, 0], found[:, 1], atol=1e-12)


def test_close_points_stay_apart():
    """z' = z / 2 + relu(z) - 1e-9 stands still at -2e-9 and at 2e-9."""
    found = compute_fixed_points(make(1, [0.5], [[1]], [-1e-9]))
    np.testing.assert_allclose(found["point"].values.ravel(), [-2e-9, 2e-9], rtol=1e-12)
    assert found["is_real"].values.all()
    np.testing.assert_allclose(found["margin"].values.ravel(), 2e-9, rtol=1e-12)
    assert found["spectral_radius"].values.tolist() == [0.5, 1.5]
    assert found["n_unstable"].values.tolist() == [0, 1]
    assert not _has_one_fixed_point(found)


def test_virtual_points_are_reported():
    """With a positive drive the off regime of z' = z / 2 - relu(z) / 4 + 1 points at 2."""
    found = compute_fixed_points(make(1, [0.5], [[-0.25]], [1]))
    np.testing.assert_allclose(found["point"].values.ravel(), [2, 4 / 3], rtol=1e-14)
    assert found["is_real"].values.ravel().tolist() == [False, True]
    np.testing.assert_allclose(found["margin"].values.ravel(), [-2, 4 / 3], rtol=1e-14)
    np.testing.assert_array_equal(found["spectral_radius"].values, [np.nan, 0.25])


def test_on_the_boundary_a_unit_is_off():
    found = compute_fixed_points(make(2, [0.5, 0.5], np.zeros((2, 2)), [0, 1]))
    assert found["is_real"].values.ravel().tolist() == [False, False, True, False]
    assert found["margin"].values[2, 0] == 0


@pytest.mark.parametrize("seed", range(8))
def test_one_sign_of_the_determinant_means_one_point_for_every_drive(seed):
    """Where two neighbours differ in sign, the map folds: beside the fold are two points or none"""
    network = random(6, 5, seed, size=0.3 + 0.1 * seed)._replace(input_weight=np.eye(6))
    signs = [np.sign(np.linalg.det(gap_of(network, code))) for code in range(32)]
    folds = [(c, i) for c in range(32) for i in range(5) if signs[c] != signs[c ^ 2**i]]
    drives = 10 * np.random.default_rng(seed).standard_normal((200, 6))
    found = compute_fixed_points(network, inputs=drives - network.bias)
    assert _has_one_fixed_point(found) == (not folds)
    if not folds:
        assert (found["is_real"].sum("code") == 1).all()
    for code, unit in folds[:3]:
        z = np.r_[1, np.where([(code >> i) & 1 for i in range(5)], 1.0, -1.0)]
        z[1 + unit] = 0
        side = 1e-3 * np.linalg.det(gap_of(network, code)) * gap_of(network, code)[:, 1 + unit]
        inputs = np.array([1, -1])[:, None] * side + gap_of(network, code) @ z - network.bias
        both = compute_fixed_points(network, inputs=inputs).sel(code=[code, code ^ 2**unit])
        assert sorted(both["is_real"].sum("code").values) == [0, 2]


def test_both_signs_of_the_determinant_are_among_the_tests():
    assert {_has_one_fixed_point(compute_fixed_points(random(6, 5, seed, 0.3 + 0.1 * seed)))
            for seed in range(8)} == {False, True}  # fmt: skip


@pytest.mark.parametrize(("name", "kinds", "real"), [
    ("addition", ["line", "none"], [True, False]),
    ("parity", ["line", "isolated"], [True, False]),
    ("scalar memory", ["line"], [True]),
    ("flip-flop", ["isolated", "line", "isolated", "isolated"], [True, True, False, False]),
])  # fmt: skip
def test_known_networks_without_input(name, kinds, real):
    network = known.KNOWN[name]().network
    found = compute_fixed_points(network).isel(condition=0)
    assert found["kind"].values.tolist() == kinds
    first = slice(0, 2) if name == "flip-flop" else slice(None)  # point 3 lies on a boundary
    assert found["is_real"].values.tolist()[first] == real[first]
    if name == "flip-flop":
        np.testing.assert_allclose(found["point"][[0, 3]], [[-1, 0, -2], [1, 2, 0]], atol=1e-12)


def test_a_line_is_represented_by_its_deepest_point():
    """Fixed points (p - 1, p, p - 2) of the flip-flop with p on, q off are deepest at p = 1."""
    found = compute_fixed_points(known.flip_flop().network).sel(code=1).isel(condition=0)
    np.testing.assert_allclose(found["point"], [0, 1, -1], atol=1e-8)
    assert found["margin"] == pytest.approx(1, abs=1e-8)


def test_integration_holds_in_each_context_and_drifts_with_an_input():
    contexts = [[0, 0, -1], [0, 0, 1], [0, 0.3, -1], [-0.2, 0, 1]]
    found = compute_fixed_points(known.integration().network, inputs=contexts)
    expected = [["line", "none", "none", "none"], ["none", "line", "none", "none"]]
    assert found["kind"].values.tolist() == expected
    assert found["is_real"].values.sum() == 2


def test_more_than_12_units_need_the_used_regimes():
    network = random(16, 14, seed=2)
    used = np.array([[3, 3, -1], [2**14 - 1, 40, 3]])
    found = compute_fixed_points(network, regimes=used)
    expected = {c ^ flip for c in (3, 40, 2**14 - 1) for flip in (0, *(2**i for i in range(14)))}
    assert found["code"].values.tolist() == sorted(expected)
    assert found.attrs["search"] == "used regimes and their neighbours"
    assert found["code"].values[found["is_used"].values].tolist() == [3, 40, 2**14 - 1]
    assert_as_brute_force(network, found, np.zeros(3))
    computed = found["is_used"] | found["is_real"].any("condition")
    assert (found["spectral_radius"].notnull() == computed).all()
    with pytest.raises(NotTestableError, match="all 2\\^P"):
        _has_one_fixed_point(found)


def test_stability_on_request():
    network = random(6, 3, seed=0, size=1.5)
    found = compute_fixed_points(network, stability="all")
    for code in range(8):
        modulus = np.abs(np.linalg.eigvals(compute_jacobian(network, code)))
        assert found["spectral_radius"][code] == pytest.approx(modulus.max())
        assert found["n_unstable"][code] == (modulus > 1).sum()
    assert compute_fixed_points(network, stability="none")["n_unstable"].isnull().all()


def test_scalars_make_a_tidy_table():
    network = random(5, 2, seed=0)
    found = compute_fixed_points(network, inputs=np.zeros((3, 3)), regimes=[1])
    table = found.drop_vars("point").to_dataframe().reset_index()
    assert len(table) == 12
    assert {"code", "condition", "kind", "is_real", "margin", "is_used"} <= set(table)


def test_bad_requests_name_every_problem():
    network = random(5, 2, seed=0)
    with pytest.raises(DataError) as error:
        compute_fixed_points(network, inputs=np.zeros(2), regimes=[4], stability="fast")
    assert all(word in str(error.value) for word in ("inputs", "[4]", "'fast'", "3 problems"))
    with pytest.raises(DataError, match="pass the used regimes"):
        compute_fixed_points(random(16, 14, seed=0))
    with pytest.raises(DataError, match="not finite"):
        compute_fixed_points(network._replace(bias=np.full(5, np.nan)))
