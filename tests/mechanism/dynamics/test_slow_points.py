"""Slow points against known valleys, bounded optimisation and random search."""

import numpy as np
import pytest
from scipy.optimize import minimize

from neuroalrnn.exceptions import DataError
from neuroalrnn.mechanism.dynamics.cycles import find_cycles
from neuroalrnn.mechanism.dynamics.slow_points import compute_slow_points
from neuroalrnn.network.run import Network
from neuroalrnn.regimes import compute_regimes


def random_network(n_latent, n_pwl, seed):
    rng = np.random.default_rng(seed)
    return Network(
        n_pwl,
        rng.uniform(-0.5, 0.5, n_latent),
        rng.standard_normal((n_latent, n_latent)),
        rng.standard_normal((n_latent, 2)),
        rng.standard_normal(n_latent),
        np.zeros(n_latent),
        np.eye(n_latent),
        np.zeros(n_latent),
    )


def one_latent(on, off, bias):
    arrays = ([off], [[on - off]], [[1.0]], [bias], [0.0], [[1.0]], [0.0])
    return Network(1, *(np.array(each, dtype=float) for each in arrays))


def speed(network, z, inputs):
    n_linear = len(network.bias) - network.n_pwl
    phi = np.concatenate([z[..., :n_linear], np.maximum(z[..., n_linear:], 0)], axis=-1)
    drive = network.input_weight @ inputs + network.bias
    moved = network.self_slope * z + phi @ network.weight.T + drive
    return np.linalg.norm(moved - z, axis=-1)


def cases():
    for seed in range(12):
        network = random_network(3, 2, seed)
        rng = np.random.default_rng(100 + seed)
        latents = rng.standard_normal((5, 40, 3))
        yield network, latents, rng.standard_normal(2)


def test_ghost_of_a_fixed_point():
    # F(z) - z = 0.1 + |z| / 2: a valley whose floor is the edge between two regimes
    latents = np.array([[-2.0], [-0.5], [1.0], [3.0]])
    slow = compute_slow_points(one_latent(on=1.5, off=0.5, bias=0.1), latents)
    at = slow.table.set_index(["code", "kind"])
    for code in (0, 1):
        np.testing.assert_allclose(at.loc[(code, "regime"), "speed"], 0.1, atol=1e-12)
        assert at.loc[(code, "regime"), "is_local_minimum"]
        assert at.loc[(code, "regime"), "n_on_edge"] == 1
    np.testing.assert_allclose(at.loc[(0, "box"), "speed"], 0.35, atol=1e-12)
    np.testing.assert_allclose(at.loc[(1, "visited"), "speed"], 0.6, atol=1e-12)
    assert not at["is_fixed_point"].any()
    np.testing.assert_allclose(at.loc[(0, "regime"), "distance"], 0.5 / latents.std(), atol=1e-12)


def test_inputs_move_slow_points():
    network = one_latent(on=0.5, off=0.5, bias=1.0)
    for inputs, expected in ((None, 2), ([2.0], 6)):
        slow = compute_slow_points(network, np.array([[1.0], [2.0]]), inputs=inputs)
        first = slow.table.iloc[0]
        assert first["kind"] == "regime"
        assert first["is_fixed_point"]
        np.testing.assert_allclose(slow.points[0], [expected], atol=1e-12)


def test_nothing_in_a_regime_is_slower():
    for network, latents, inputs in cases():
        slow = compute_slow_points(network, latents, inputs=inputs)
        cloud = 3 * np.random.default_rng(0).standard_normal((4000, 3))
        regimes = compute_regimes(cloud, 2)
        for row, point in zip(slow.table.itertuples(), slow.points, strict=True):
            np.testing.assert_allclose(row.speed, speed(network, point, inputs), atol=1e-9)
            if row.kind == "regime":
                inside = cloud[regimes == row.code]
                assert row.is_exact
                assert row.speed <= speed(network, inside, inputs).min() + 1e-12


@pytest.mark.parametrize("kind", ["regime", "box"])
def test_agrees_with_bounded_optimisation(kind):
    for network, latents, inputs in cases():
        slow = compute_slow_points(network, latents, inputs=inputs)
        flat = latents.reshape(-1, 3)
        regimes = compute_regimes(flat, 2)
        for row in slow.table[slow.table["kind"] == kind].itertuples():
            inside = flat[regimes == row.code]
            low, high = np.full(3, -np.inf), np.full(3, np.inf)
            if kind == "box":
                low, high = inside.min(axis=0), inside.max(axis=0)
            for unit in range(2):
                edge = low if row.code >> unit & 1 else high
                edge[1 + unit] = 0.0 if kind == "regime" else edge[1 + unit]
            found = minimize(
                lambda z, network=network, inputs=inputs: speed(network, z, inputs) ** 2,
                inside.mean(axis=0),
                bounds=list(zip(low, high, strict=True)),
                method="L-BFGS-B",
                options={"ftol": 1e-15, "gtol": 1e-12, "maxiter": 5000},
            )
            np.testing.assert_allclose(row.speed, np.sqrt(found.fun), atol=2e-4)
            assert row.speed <= np.sqrt(found.fun) + 1e-9


def test_fixed_points_are_those_of_the_exact_search():
    n_found = 0
    for network, latents, inputs in cases():
        slow = compute_slow_points(network, 5 * latents, inputs=inputs)
        exact = find_cycles(network, inputs=inputs, longest=1)
        still = slow.table[slow.table["is_fixed_point"] & (slow.table["kind"] == "regime")]
        assert {(code,) for code in still["code"]} == set(exact.table["regimes"])
        for cycle in exact.table.itertuples():
            row = still.index[still["code"] == cycle.regimes[0]][0]
            np.testing.assert_allclose(slow.points[row], exact.points[cycle.cycle][0], atol=1e-8)
            n_found += 1
    assert n_found > 5


def test_local_minima_are_those_of_random_search():
    outcomes = []
    for network, latents, inputs in cases():
        slow = compute_slow_points(network, latents, inputs=inputs)
        near = 1e-5 * np.random.default_rng(1).standard_normal((3000, 3))
        for row, point in zip(slow.table.itertuples(), slow.points, strict=True):
            lowest = speed(network, point + near, inputs).min()
            assert row.is_local_minimum == (lowest >= row.speed - 1e-9)
            outcomes.append((row.is_local_minimum, row.is_fixed_point))
    assert {(True, True), (True, False), (False, False)} <= set(outcomes)


def test_line_attractor_gives_the_point_nearest_to_the_visits():
    weight = np.array([[1.0, 0.0], [0.0, 0.5]])
    zero = np.zeros(2)
    network = Network(0, zero, weight, np.zeros((2, 1)), zero, zero, np.eye(2), zero)
    latents = np.array([[2.0, 1.0], [4.0, 3.0]])
    slow = compute_slow_points(network, latents)
    first = slow.table.iloc[0]
    assert first["is_fixed_point"]
    assert not first["is_unique"]
    np.testing.assert_allclose(slow.points[0], [3.0, 0.0], atol=1e-12)


def test_errors_name_every_problem():
    network = one_latent(1, 1, 0)
    with pytest.raises(DataError, match=r"(?s)2 problems.*\(\.\.\., 1\).*constant"):
        compute_slow_points(network, np.zeros((4, 2)), inputs=np.zeros((2, 1)))
    with pytest.raises(DataError, match="found no step"):
        compute_slow_points(network, np.full((3, 1), np.nan))


def test_infinite_latents_are_refused():
    network = Network(1, *[np.zeros(shape) for shape in (2, (2, 2), (2, 1), 2, 2, (1, 2), 1)])
    with pytest.raises(DataError, match="latents: found infinite values"):
        compute_slow_points(network, [[1.0, 2.0], [np.inf, 1.0]])
