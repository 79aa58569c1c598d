"""Lines, planes, drifts and slow manifolds of networks that are known in closed form."""

import numpy as np
import pytest

from neuroalrnn.exceptions import DataError
from neuroalrnn.mechanism.dynamics.attractors import compute_attractors
from neuroalrnn.network.run import Network
from neuroalrnn.tasks import known

EXACT = {"rtol": 0, "atol": 1e-8}


def make(n_pwl, weight, bias):
    """A network with zero self-slopes, whose inputs are added to its latents."""
    bias = np.array(bias, dtype=float)
    n = len(bias)
    weight = np.array(weight, dtype=float)
    return Network(n_pwl, np.zeros(n), weight, np.eye(n), bias, 0 * bias, np.eye(n), 0 * bias)


def square():
    """Two integrators y and four PWL units 1 +- y: the all-on region is a square in y."""
    rows = [[1, 0], [-1, 0], [0, 1], [0, -1]]
    weight = np.zeros((6, 6))
    weight[:2, :2], weight[2:, :2] = np.eye(2), rows
    return make(4, weight, [0, 0, 1, 1, 1, 1])


def test_addition_holds_when_off_and_drifts_by_what_is_added_when_on():
    inputs = [[0, 0], [0.7, 1], [0.2, 0.5]]
    found = compute_attractors(known.addition().network, [0, 1], inputs=inputs)
    table = found.table
    assert table["code"].tolist() == [0, 0, 0, 1, 1, 1]
    assert table["condition"].tolist() == [0, 1, 2, 0, 1, 2]
    assert table["kind"].tolist() == ["line"] * 3 + ["drift"] * 3
    assert table["is_real"].tolist() == [True, False, True] + [False] * 3
    for directions in found.directions:
        np.testing.assert_allclose(directions, [[1, 0]], **EXACT)
    np.testing.assert_allclose(found.points[:3], [[0, -1], [0, 0.7], [0, -0.3]], **EXACT)
    assert np.isnan(found.points[3:]).all()
    assert found.extents[0].tolist() == [[-np.inf, np.inf]]
    np.testing.assert_allclose(found.drifts[3:], [[-1, 0], [0.7, 0], [-0.3, 0]], **EXACT)
    np.testing.assert_allclose(table["drift"], [0, 0, 0, 1, 0.7, 0.3], **EXACT)
    np.testing.assert_allclose(table["singular_ratio"], 0, **EXACT)
    np.testing.assert_allclose(table["distance_to_one"], 0, **EXACT)
    assert not table["is_defective"].any()


@pytest.mark.parametrize("context", [-1, 1])
def test_integration_holds_at_zero_stimulus_and_drifts_by_the_attended_input(context):
    inputs = np.array([[0, 0, context], [0.3, -0.4, context]])
    regime = int(context == 1)
    found = compute_attractors(known.integration().network, [regime], inputs=inputs)
    assert found.table["kind"].tolist() == ["line", "drift"]
    assert found.table["is_real"].tolist() == [True, False]
    assert found.table["length"][0] == np.inf
    np.testing.assert_allclose(found.directions[0], [[1, 0, 0, 0]], **EXACT)
    attended = 0.3 if context == 1 else -0.4
    np.testing.assert_allclose(found.drifts[1], [attended, 0, 0, 0], **EXACT)


def test_the_flip_flop_holds_on_a_segment():
    """(y, p, q) = (p - 1, p, p - 2) with 0 <= p <= 2, so that y goes from -1 to 1."""
    latents = np.random.default_rng(0).standard_normal((20, 5, 3))
    latents[:, 4] = np.nan
    network = known.flip_flop().network
    found = compute_attractors(network, [1], latents=latents)
    row = found.table.iloc[0]
    assert (row["kind"], row["n_directions"], row["is_real"]) == ("line", 1, True)
    ends = found.points[0] + found.extents[0].T @ found.directions[0]
    np.testing.assert_allclose(ends, [[-1, 0, -2], [1, 2, 0]], **EXACT)
    np.testing.assert_allclose(found.directions[0], np.ones((1, 3)) / np.sqrt(3), **EXACT)
    assert row["length"] == pytest.approx(2 * np.sqrt(3), abs=1e-8)
    assert row["margin"] == pytest.approx(1, abs=1e-8)
    spread = np.std((latents[:, :4] @ np.ones(3)) / np.sqrt(3))
    assert row["length_sd"] == pytest.approx(2 * np.sqrt(3) / spread, rel=1e-8)
    assert np.isnan(compute_attractors(network, [1]).table["length_sd"][0])


def test_the_other_regimes_of_the_flip_flop_have_isolated_points():
    table = compute_attractors(known.flip_flop().network, [0, 2, 3]).table
    assert table["kind"].tolist() == ["isolated"] * 3
    assert table["n_directions"].tolist() == [0, 0, 0]
    assert table["length"].tolist() == [0, 0, 0]


def test_a_memory_without_pwl_units_has_no_end():
    found = compute_attractors(known.scalar_memory().network, [0], inputs=[[0], [0.5]])
    assert found.table["kind"].tolist() == ["line", "drift"]
    assert found.extents[0].tolist() == [[-np.inf, np.inf]]
    np.testing.assert_allclose(found.drifts[1], [0.5], **EXACT)


def test_a_plane_is_clipped_to_its_region():
    found = compute_attractors(square(), [15])
    row = found.table.iloc[0]
    assert (row["kind"], row["n_directions"], row["is_real"]) == ("plane", 2, True)
    np.testing.assert_allclose(found.points[0], [0, 0, 1, 1, 1, 1], **EXACT)
    assert row["margin"] == pytest.approx(1, abs=1e-8)
    for axis, ends in zip(found.directions[0], found.extents[0], strict=True):
        # a square is as wide as the largest step to the side |y| = 1, in steps of latent length
        corner = np.array([1, 1, 1, -1, 1, -1]), np.array([1, -1, 1, -1, -1, 1])
        reach = max(abs(axis @ each) for each in corner)
        np.testing.assert_allclose(ends, [-reach, reach], **EXACT)
    assert row["length"] == pytest.approx(np.diff(found.extents[0]).max())


def test_two_directions_that_are_pushed_drift():
    found = compute_attractors(square(), [15], inputs=[0.3, -0.1, 0, 0, 0, 0])
    assert found.table["kind"].tolist() == ["drift"]
    np.testing.assert_allclose(found.drifts[0], [0.3, -0.1, 0.3, -0.3, -0.1, 0.1], **EXACT)


def test_a_line_outside_its_region_is_virtual():
    """y is held, but the PWL unit settles at -2 while its regime needs it on."""
    found = compute_attractors(make(1, [[1, 0], [0, 0.5]], [0, -1]), [1])
    assert (found.table["kind"][0], found.table["is_real"][0]) == ("line", False)
    assert found.table["margin"][0] == pytest.approx(-2, abs=1e-8)
    assert np.isnan(found.extents[0]).all()
    assert found.table["length"][0] == 0


def test_nearly_singular_regimes_are_slow_manifolds():
    found = compute_attractors(make(1, [[0.999, 0], [0, 0.2]], [0.01, -1]), [0])
    row = found.table.iloc[0]
    assert (row["kind"], row["n_directions"]) == ("slow manifold", 1)
    assert row["singular_ratio"] == pytest.approx(1e-3, rel=1e-8)
    assert row["real"] == pytest.approx(0.999, abs=1e-12)
    np.testing.assert_allclose(found.directions[0], [[1, 0]], **EXACT)
    np.testing.assert_allclose(found.points, [[0, -1]], **EXACT)
    np.testing.assert_allclose(found.drifts, [[0.01, 0]], **EXACT)
    strict = compute_attractors(make(1, [[0.999, 0], [0, 0.2]], [0.01, -1]), [0], approximate=1e-4)
    assert strict.table["kind"].tolist() == ["isolated"]
    np.testing.assert_allclose(strict.points, [[10, -1]], **EXACT)


def test_a_small_singular_value_is_not_an_eigenvalue_near_one():
    found = compute_attractors(make(0, [[0.9, 50], [0, 0.8]], [0, 0]), [0]).table.iloc[0]
    assert found["singular_ratio"] < 1e-5
    assert found["distance_to_one"] == pytest.approx(0.1, abs=1e-8)


def test_a_defective_mode_is_said_to_be_one():
    """y' = y + v, v' = v + 1: y runs away ever faster."""
    found = compute_attractors(make(0, [[1, 1], [0, 1]], [0, 1]), [0])
    row = found.table.iloc[0]
    assert (row["kind"], row["is_defective"]) == ("drift", True)
    assert np.isnan(row["drift"])
    assert np.isnan(found.drifts).all()
    still = compute_attractors(make(0, [[1, 1], [0, 1]], [0, 0]), [0]).table.iloc[0]
    assert (still["kind"], still["is_defective"]) == ("line", True)


@pytest.mark.parametrize("seed", range(5))
def test_a_line_at_any_scale_ends_where_the_network_leaves_its_regime(seed):
    """Singular regime of a random network, whose segment is known from its inequalities."""
    rng = np.random.default_rng(seed)
    weight = 0.4 * rng.standard_normal((6, 6))
    point, along = rng.standard_normal(6), rng.standard_normal(6)
    point[2:], along = np.abs(point[2:]), along / np.linalg.norm(along)
    weight += np.outer(along - weight @ along, along)
    for scale in (1e-6, 1, 1e6):
        found = compute_attractors(make(4, weight, scale * (point - weight @ point)), [15])
        assert found.table["kind"].tolist() == ["line"]
        axis = found.directions[0][0]
        assert abs(axis @ along) == pytest.approx(1, abs=1e-8)
        steps = -found.points[0, 2:] / axis[2:]
        ends = [steps[axis[2:] > 0].max(initial=-np.inf), steps[axis[2:] < 0].min(initial=np.inf)]
        np.testing.assert_allclose(found.extents[0][0], ends, rtol=1e-8)
        reached = found.points[0] + np.clip(ends[0], -scale, scale) * axis
        np.testing.assert_allclose(weight @ reached + scale * (point - weight @ point), reached,
                                   atol=1e-8 * scale)  # fmt: skip


def test_bad_requests_name_every_problem():
    with pytest.raises(DataError) as error:
        compute_attractors(square(), [16], inputs=[1, 2], exact=0.1, latents=np.zeros((3, 5)))
    for word in ("[16]", "inputs", "exact", "latents", "4 problems"):
        assert word in str(error.value)


def test_no_regime_is_refused():
    with pytest.raises(DataError, match="codes: found none"):
        compute_attractors(known.integration().network, [])
