"""Cycles against brute force over all words, known maps, and the network itself."""

from itertools import pairwise, product

import numpy as np
import pytest

from neuroalrnn.exceptions import DataError
from neuroalrnn.mechanism.dynamics.cycles import _used_transitions, find_cycles
from neuroalrnn.mechanism.dynamics.fixed_points import compute_fixed_points
from neuroalrnn.network.run import Network
from neuroalrnn.tasks import scalar_memory

FULL_SHIFT = [2, 1, 2, 3, 6, 9]  # primitive necklaces of two letters


def random_network(n_latent, n_pwl, seed, n_features=2, scale=1.0):
    rng = np.random.default_rng(seed)
    return Network(
        n_pwl,
        rng.uniform(-0.5, 0.5, n_latent),
        scale * rng.standard_normal((n_latent, n_latent)),
        rng.standard_normal((n_latent, n_features)),
        rng.standard_normal(n_latent),
        np.zeros(n_latent),
        np.eye(n_latent),
        np.zeros(n_latent),
    )


def one_latent(on, off, bias):
    """``x' = bias + on x`` above 0, ``bias + off x`` below."""
    arrays = ([off], [[on - off]], [[1.0]], [bias], [0.0], [[1.0]], [0.0])
    return Network(1, *(np.array(each, dtype=float) for each in arrays))


def step(network, z, inputs):
    phi = z.copy()
    for i in range(len(z) - network.n_pwl, len(z)):
        phi[i] = max(0.0, z[i])
    return (
        network.self_slope * z + network.weight @ phi + network.input_weight @ inputs + network.bias
    )


def brute_force(network, inputs, length, allowed=None):
    """Smallest rotations of real primitive words, and their first points, from one large solve."""
    n, period = len(network.bias), len(inputs)
    drive = inputs @ network.input_weight.T + network.bias
    found = {}
    for word in product(range(2**network.n_pwl), repeat=length):
        rotations = [word[i:] + word[:i] for i in range(0, length, period)]
        if word != min(rotations) or len(set(rotations)) < len(rotations):
            continue
        if allowed and any(pair not in allowed for pair in zip(word, rotate(word), strict=True)):
            continue
        signs = np.array([[(code >> i) & 1 for i in range(network.n_pwl)] for code in word])
        signs = signs.reshape(length, network.n_pwl)
        big = np.eye(length * n)
        for i in range(length):
            slopes = np.r_[np.ones(n - network.n_pwl), signs[i]]
            j = (i + 1) % length
            big[j * n : j * n + n, i * n : i * n + n] -= np.diag(
                network.self_slope
            ) + network.weight @ np.diag(slopes)
        right = np.concatenate([drive[(i - 1) % length % period] for i in range(length)])
        z = np.linalg.solve(big, right).reshape(length, n)
        if ((z[:, n - network.n_pwl :] > 0) == signs).all():
            found[word] = z
    return found


def rotate(word):
    return word[1:] + word[:1]


def test_flip_between_two_regimes():
    cycles = find_cycles(one_latent(on=-1.5, off=0.2, bias=1))
    flip = cycles.table[cycles.table["length"] == 2].iloc[0]
    assert flip["regimes"] == (0, 1)
    assert flip["is_stable"]
    np.testing.assert_allclose(flip["spectral_radius"], 0.3, atol=1e-12)
    np.testing.assert_allclose(flip["margin"], 5 / 13, atol=1e-12)
    np.testing.assert_allclose(cycles.points[flip["cycle"]], [[-5 / 13], [12 / 13]], atol=1e-12)
    assert cycles.table["length"].tolist() == [1, 2]
    assert cycles.table["n_unstable"].tolist() == [1, 0]


@pytest.mark.parametrize(("on", "n_unstable"), [(-0.9, 0), (-1.0, 0), (-1.0 - 1e-12, 0), (-1.1, 1)])
def test_a_fixed_point_is_as_stable_as_the_cycle_of_one_step_that_it_is(on, n_unstable):
    network = one_latent(on=on, off=0.2, bias=1)
    point = compute_fixed_points(network, regimes=[1])
    cycle = find_cycles(network, longest=1).table.iloc[0]
    assert cycle["n_unstable"] == point["n_unstable"].values[1] == n_unstable
    assert cycle["is_stable"] == (n_unstable == 0)
    assert cycle["spectral_radius"] == pytest.approx(abs(on))


def test_full_tent_has_a_cycle_for_every_word():
    cycles = find_cycles(one_latent(on=-2, off=2, bias=1))
    assert cycles.search["n_real"].tolist() == FULL_SHIFT
    assert cycles.search["n_candidates"].tolist() == FULL_SHIFT
    modulus = 2.0 ** cycles.table["length"]
    np.testing.assert_allclose(cycles.table["spectral_radius"], modulus, atol=1e-12)


@pytest.mark.parametrize(("n_latent", "n_pwl"), [(3, 0), (1, 1), (3, 1), (3, 2), (4, 3), (3, 3)])
def test_agrees_with_brute_force(n_latent, n_pwl):
    n_found = 0
    for seed in range(4):
        network = random_network(n_latent, n_pwl, seed)
        inputs = np.random.default_rng(seed).standard_normal((1, 2))
        cycles = find_cycles(network, inputs=inputs[0], longest=4)
        expected = {}
        for length in range(1, 5):
            expected |= brute_force(network, inputs, length)
        assert set(cycles.table["regimes"]) == set(expected)
        for word, points in zip(cycles.table["regimes"], cycles.points, strict=True):
            np.testing.assert_allclose(points, expected[word], rtol=1e-8, atol=1e-8)
        n_found += len(expected)
    assert n_found >= 4


def test_periodic_inputs_agree_with_brute_force():
    n_found = 0
    for seed in range(6):
        network = random_network(3, 2, seed)
        inputs = 2 * np.random.default_rng(seed).standard_normal((2, 2))
        cycles = find_cycles(network, inputs=inputs, longest=5)
        assert cycles.search["length"].tolist() == [2, 4]
        expected = brute_force(network, inputs, 2) | brute_force(network, inputs, 4)
        assert set(cycles.table["regimes"]) == set(expected)
        n_found += len(expected)
        for points in cycles.points:
            for i, z in enumerate(points):
                following = points[(i + 1) % len(points)]
                np.testing.assert_allclose(step(network, z, inputs[i % 2]), following, atol=1e-8)
    assert n_found > 6


def test_network_runs_along_real_cycles_and_returns_to_stable_ones():
    n_checked = n_stable = 0
    for seed in range(80):
        network = random_network(4, 3, seed, scale=0.7)
        cycles = find_cycles(network, longest=3)
        for cycle, points in zip(cycles.table.itertuples(), cycles.points, strict=True):
            for i, z in enumerate(points):
                following = points[(i + 1) % len(points)]
                np.testing.assert_allclose(step(network, z, np.zeros(2)), following, atol=1e-8)
            n_checked += cycle.length > 1
            if cycle.is_stable and cycle.spectral_radius < 0.9:
                n_stable += cycle.length > 1
                z = points[0] + 1e-3 * cycle.margin
                for _ in range(300 * cycle.length):
                    z = step(network, z, np.zeros(2))
                np.testing.assert_allclose(z, points[0], atol=1e-8)
    assert n_checked > 5
    assert n_stable > 0


def test_only_used_transitions_are_searched():
    network = random_network(4, 3, 1)
    rng = np.random.default_rng(0)
    regimes = np.where(rng.random((5, 12)) < 0.1, -1, rng.integers(0, 8, (5, 12)))
    pairs = _used_transitions(regimes)
    allowed = {(a, b) for row in regimes.tolist() for a, b in pairwise(row) if a >= 0 and b >= 0}
    assert set(map(tuple, pairs.tolist())) == allowed
    cycles = find_cycles(network, pairs, longest=4)
    assert cycles.search["n_candidates"].equals(cycles.search["n_searched"])
    expected = {}
    for length in range(1, 5):
        expected |= brute_force(network, np.zeros((1, 2)), length, allowed)
    assert set(cycles.table["regimes"]) == set(expected)
    assert len(expected) < len(find_cycles(network, longest=4).table)


def test_cap_is_reported():
    network = random_network(3, 2, 0)
    full = find_cycles(network, longest=5).search
    assert full["n_searched"].tolist() == full["n_candidates"].tolist() == [4, 6, 20, 60, 204]
    capped = find_cycles(network, longest=5, most=50).search
    assert capped["n_searched"].tolist() == [4, 6, 20, 20, 0]
    assert capped["n_candidates"].tolist() == full["n_candidates"].tolist()


def test_singular_candidates_are_counted():
    cycles = find_cycles(scalar_memory().network, longest=2)
    assert cycles.search["n_singular"].tolist() == [1, 0]
    assert cycles.search["n_candidates"].tolist() == [1, 0]
    assert cycles.table.empty


def test_errors_name_every_problem():
    network = random_network(10, 9, 0)
    with pytest.raises(DataError, match=r"(?s)2 problems.*longest.*n_pwl = 9 > 8"):
        find_cycles(network, longest=0)
    with pytest.raises(DataError, match="codes from 0 to 511"):
        find_cycles(network, [(0, 512)])
    with pytest.raises(DataError, match=r"inputs.*expected \(row, 2\)"):
        find_cycles(network, [(0, 1)], inputs=np.zeros(3))
    with pytest.raises(DataError, match="inputs: found values that are not finite"):
        find_cycles(network, [(0, 1)], inputs=[np.nan, 0.0])
