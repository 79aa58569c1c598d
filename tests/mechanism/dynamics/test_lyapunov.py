"""Lyapunov exponents against determinants, eigenvalues and maps with known exponents."""

import numpy as np
import pandas as pd
import pytest

from neuroalrnn.exceptions import DataError
from neuroalrnn.mechanism.dynamics.lyapunov import (
    compute_lyapunov,
    compute_stretching,
    stretch_together,
)
from neuroalrnn.network.maps import compute_jacobian
from neuroalrnn.network.run import Network


def network_of(n_pwl, self_slope, weight, bias):
    n = len(self_slope)
    arrays = (self_slope, weight, np.zeros((n, 1)), bias, np.zeros(n), np.eye(n), np.zeros(n))
    return Network(n_pwl, *(np.array(each, dtype=float) for each in arrays))


@pytest.fixture
def network():
    rng = np.random.default_rng(3)
    return network_of(2, rng.uniform(0.2, 0.9, 4), rng.standard_normal((4, 4)) / 2, np.zeros(4))


@pytest.fixture
def regimes():
    codes = np.random.default_rng(4).integers(0, 4, (3, 200))
    codes[1, 150:] = -1
    return codes


def orbit(network, n_steps, start=0.1):
    z = np.array([start] * len(network.bias))
    points = []
    for _ in range(n_steps):
        phi = np.r_[z[: len(z) - network.n_pwl], np.maximum(z[len(z) - network.n_pwl :], 0)]
        z = network.self_slope * z + network.weight @ phi + network.bias
        points.append(z)
    return np.array(points)


def tent(on, off):
    """A latent that decays, beside ``x' = 1 + on x`` above 0, ``1 + off x`` below."""
    return network_of(1, [0.5, off], [[0, 0], [0, on - off]], [1, 1])


def test_sum_is_the_mean_log_determinant(network, regimes):
    table = compute_lyapunov(network, regimes, transient=10)
    for sequence, codes in enumerate(regimes):
        codes = codes[codes >= 0][10:]
        expected = np.mean(
            [np.linalg.slogdet(compute_jacobian(network, c)).logabsdet for c in codes]
        )
        part = table[table["sequence"] == sequence]
        assert abs(part["exponent"].sum() - expected) < 1e-10
        assert (part["n_steps"] == len(codes)).all()
    assert (table["n_minus_infinite"] == 0).all()
    assert (table["transient"] == 10).all()


def test_steps_multiply_up_to_the_frame_of_the_whole_product(network, regimes):
    codes = regimes[:1, :5]
    whole = np.linalg.multi_dot([compute_jacobian(network, c) for c in codes[0, ::-1]])
    rates = compute_stretching(network, codes, rng=np.random.default_rng(7))
    frame, _ = np.linalg.qr(np.random.default_rng(7).standard_normal((4, 4)))
    expected = np.log(np.abs(np.diag(np.linalg.qr(whole @ frame).R)))
    np.testing.assert_allclose(rates[0].sum(axis=0), expected, atol=1e-9)


def test_linear_network_has_the_logs_of_its_eigenvalues():
    rng = np.random.default_rng(0)
    basis = rng.standard_normal((3, 3))
    values = np.array([0.9, -0.5, 0.2])
    network = network_of(
        0, np.zeros(3), basis @ np.diag(values) @ np.linalg.inv(basis), np.zeros(3)
    )
    table = compute_lyapunov(network, np.zeros((2, 400), dtype=int), transient=200)
    np.testing.assert_allclose(table["exponent"], np.tile(np.log(np.abs(values)), 2), atol=1e-8)


def test_symmetric_tent_map():
    network = tent(-1.9, 1.9)
    codes = (orbit(network, 3000)[:, 1] > 0).astype(int)[None]
    assert 0.3 < codes.mean() < 0.9
    table = compute_lyapunov(network, codes, transient=200, step_seconds=0.5)
    np.testing.assert_allclose(table["exponent"], np.log([1.9, 0.5]), atol=1e-8)
    np.testing.assert_allclose(table["exponent_per_second"], 2 * np.log([1.9, 0.5]), atol=1e-8)


def test_skew_tent_map_has_the_entropy_of_its_branches():
    share = 0.3  # conjugate to x/c below c and (1-x)/(1-c) above, uniform on [0, 1]
    network = tent(-1 / (1 - share), 1 / share)
    codes = (orbit(network, 20000)[:, 1] > 0).astype(int)[None]
    leading = compute_lyapunov(network, codes, transient=100)["exponent"][0]
    entropy = -share * np.log(share) - (1 - share) * np.log(1 - share)
    spread = abs(np.log(share / (1 - share))) * np.sqrt(share * (1 - share) / 20000)
    assert abs(leading - entropy) < 4 * spread


def test_singular_maps_give_minus_infinity():
    # the second latent forgets itself while it is off
    network = network_of(1, [0, 0], [[0.9, 0.3], [0.2, 0.5]], [0, 0])
    codes = np.ones((2, 100), dtype=int)
    codes[0, 50] = 0
    table = compute_lyapunov(network, codes, transient=20).set_index(["sequence", "direction"])
    assert table.loc[(0, 1), "exponent"] == -np.inf
    assert np.isfinite(table.loc[(0, 0), "exponent"])
    assert table.loc[0, "n_minus_infinite"].tolist() == [1, 1]
    assert table.loc[1, "n_minus_infinite"].tolist() == [0, 0]


def test_all_minus_infinite_for_a_shift_register():
    network = network_of(0, np.zeros(3), np.eye(3, k=-1), np.zeros(3))
    table = compute_lyapunov(network, np.zeros((1, 10), dtype=int))
    assert (table["exponent"] == -np.inf).all()
    assert (table["n_minus_infinite"] == 3).all()


def test_epochs_average_to_the_sequence(network, regimes):
    epoch = np.broadcast_to(np.array(["cue", "delay", "delay", "choice"] * 50), regimes.shape)
    parts = compute_lyapunov(network, regimes, transient=5, epoch=epoch)
    whole = compute_lyapunov(network, regimes, transient=5)
    assert set(parts["epoch"]) == {"cue", "delay", "choice"}
    parts["total"] = parts["exponent"] * parts["n_steps"]
    sums = parts.groupby(["sequence", "direction"])[["total", "n_steps"]].sum()
    np.testing.assert_allclose(sums["total"] / sums["n_steps"], whole["exponent"], atol=1e-12)


def test_steps_that_are_absent_are_left_out(network, regimes):
    rates = compute_stretching(network, regimes)
    assert np.isnan(rates[1, 150:]).all()
    gap = np.insert(regimes[:1], 70, -1, axis=1)
    np.testing.assert_array_equal(
        np.delete(compute_stretching(network, gap), 70, axis=1),
        compute_stretching(network, regimes[:1]),
    )


def test_errors_name_every_problem(network, regimes):
    with pytest.raises(DataError, match=r"(?s)3 problems.*1 sequences end.*epoch.*step_seconds"):
        compute_lyapunov(network, regimes, transient=150, epoch=[1, 2], step_seconds=0)
    with pytest.raises(DataError, match="codes from -1 to 3"):
        compute_lyapunov(network, regimes + 1)


def test_what_comes_in(network, regimes):
    gaps = np.where(regimes < 0, np.nan, regimes)
    for wrong in (gaps, regimes + 4, regimes[:0]):
        for compute in (compute_stretching, compute_lyapunov):
            with pytest.raises(DataError, match="regimes: found"):
                compute(network, wrong)
    with pytest.raises(DataError, match="epoch: steps without a label"):
        compute_lyapunov(network, regimes, epoch=gaps * np.nan)


def test_networks_that_are_stretched_together_have_the_stretching_of_each(network, regimes):
    other = network._replace(weight=network.weight[::-1])
    runs = [(network, regimes[:2]), (other, regimes[:, :30])]
    for (each, codes), found in zip(runs, stretch_together(runs), strict=True):
        np.testing.assert_array_equal(found, compute_stretching(each, codes))
        exponents = compute_lyapunov(each, codes, stretching=found)
        pd.testing.assert_frame_equal(exponents, compute_lyapunov(each, codes))
