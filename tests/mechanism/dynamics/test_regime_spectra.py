"""Modes of single regimes against closed forms."""

import numpy as np
import pytest

from neuroalrnn.exceptions import DataError
from neuroalrnn.mechanism.dynamics.spectra import compute_modes, compute_spectra
from neuroalrnn.network.maps import compute_jacobian
from neuroalrnn.network.run import Network
from neuroalrnn.regimes.held_out import compute_held_out_regimes
from neuroalrnn.tasks import known


def linear(matrix):
    matrix = np.array(matrix, dtype=float)
    zeros = np.zeros(len(matrix))
    return Network(0, zeros, matrix, zeros[:, None], zeros, zeros, zeros[None], np.zeros(1))


@pytest.mark.parametrize(
    ("name", "code", "values"),
    [
        ("addition", 0, [1, 0]),
        ("addition", 1, [1, 0]),
        ("integration", 0, [1, 0, 0, 0]),
        ("integration", 1, [1, 0, 0, 0]),
        ("flip-flop", 1, [1, 0, 0]),
        ("parity", 0, [1, 0]),
        ("parity", 1, [0.5 - 0.5j * np.sqrt(7), 0.5 + 0.5j * np.sqrt(7)]),
    ],
)
def test_eigenvalues_of_known_networks(name, code, values):
    modes = compute_modes(known.KNOWN[name]().network, code)
    found = modes.table["real"] + 1j * modes.table["imag"]
    np.testing.assert_allclose(np.sort_complex(found), np.sort_complex(values), atol=1e-8)


def test_the_integrator_reads_all_units_and_changes_one():
    modes = compute_modes(known.integration().network, 1)
    np.testing.assert_allclose(np.abs(modes.right[0]), [1, 0, 0, 0], atol=1e-12)
    np.testing.assert_allclose(modes.left[0] / modes.left[0, 0], [1, -1, 1, 1], atol=1e-12)
    assert modes.table["condition"][0] == pytest.approx(2, abs=1e-12)


def test_left_and_right_vectors_are_eigenvectors_and_pair():
    rng = np.random.default_rng(0)
    network = Network(3, *(0.5 * rng.standard_normal(shape) for shape in
                           [(6,), (6, 6), (6, 2), (6,), (6,), (1, 6), (1,)]))  # fmt: skip
    for code in range(8):
        modes, jacobian = compute_modes(network, code), compute_jacobian(network, code)
        values = (modes.table["real"] + 1j * modes.table["imag"]).to_numpy()
        np.testing.assert_allclose(
            modes.right @ jacobian.T, values[:, None] * modes.right, atol=1e-10
        )
        np.testing.assert_allclose(modes.left @ jacobian, values[:, None] * modes.left, atol=1e-10)
        np.testing.assert_allclose(modes.left @ modes.right.T, np.eye(6), atol=1e-10)
        np.testing.assert_allclose(np.linalg.norm(modes.right, axis=1), 1)
        assert (np.diff(modes.table["modulus"]) <= 1e-15).all()


def test_times_of_a_decaying_a_growing_a_rotating_and_a_flipping_mode():
    angle = 2 * np.pi / 12
    turn = 0.9 * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = np.diag([2.0, np.exp(-1 / 5), 0, 0, -0.5])
    matrix[2:4, 2:4] = turn
    table = compute_modes(linear(matrix), 0, step_seconds=0.25, steps_per_trial=4).table
    np.testing.assert_allclose(table["modulus"], [2, 0.9, 0.9, np.exp(-1 / 5), 0.5])
    slow = -1 / np.log(0.9)
    tau = np.array([np.inf, slow, slow, 5, 1 / np.log(2)])
    np.testing.assert_allclose(table["time_constant"], tau)
    np.testing.assert_allclose(table["time_constant_seconds"], tau / 4)
    np.testing.assert_allclose(table["time_constant_trials"], tau / 4)
    np.testing.assert_allclose(table["period"], [np.inf, 12, 12, np.inf, 2])
    np.testing.assert_allclose(table["doubling_time"], [1, *[np.inf] * 4])
    np.testing.assert_allclose(table["condition"], 1)
    assert not table["is_ill_defined"].any()
    assert not {"time_constant_seconds", "time_constant_trials"} & set(
        compute_modes(linear(matrix), 0).table
    )


def test_an_eigenvalue_that_a_small_change_moves_is_ill_defined():
    """Condition of [[a, b], [0, c]]: sqrt(1 + (b / (a - c))^2), and infinite for a = c."""
    fine = compute_modes(linear([[0.9, 50], [0, 0.8]]), 0).table
    np.testing.assert_allclose(fine["condition"], np.hypot(1, 500))
    assert not fine["is_ill_defined"].any()
    ill = compute_modes(linear([[0.9, 500], [0, 0.8]]), 0).table
    np.testing.assert_allclose(ill["condition"], np.hypot(1, 5000))
    assert ill["is_ill_defined"].all()


@pytest.mark.parametrize("matrix", [[[1, 1], [0, 1]], np.eye(3, k=1), [[0, 1], [0, 0]]])
def test_defective_modes_are_ill_defined(matrix):
    assert compute_modes(linear(matrix), 0).table["is_ill_defined"].all()


def test_a_defective_pair_does_not_spoil_another_mode():
    matrix = np.diag([0.5, 0.5, 2.0])
    matrix[0, 1] = 1
    modes = compute_modes(linear(matrix), 0)
    assert modes.table["is_ill_defined"].tolist() == [False, True, True]
    np.testing.assert_allclose(modes.left[0] * modes.right[0], [0, 0, 1], atol=1e-12)


def test_unknown_regimes_are_refused():
    with pytest.raises(DataError, match="expected 0 to 1"):
        compute_modes(known.addition().network, 2)


def test_spectra_of_a_fit_tell_times_in_trials(fit):
    held_out = compute_held_out_regimes(fit)
    table = compute_spectra(fit, held_out)
    n_steps = (held_out.regimes.values >= 0).sum() / held_out.regimes.sizes["trial"]
    finite = np.isfinite(table["time_constant"])
    assert finite.any()
    np.testing.assert_allclose(
        table["time_constant_trials"][finite] * n_steps, table["time_constant"][finite]
    )
    rotates = table["imag"] != 0
    assert np.isinf(table["period"][~rotates & (table["real"] >= 0)]).all()
    angle = np.arctan2(table["imag"], table["real"]).abs()
    np.testing.assert_allclose(table["period"][rotates] * angle[rotates], 2 * np.pi)
    assert np.isinf(table["doubling_time"][table["modulus"] <= 1]).all()


@pytest.mark.parametrize("length", [0, -1, np.nan, np.inf])
def test_steps_and_trials_last(length):
    network = known.integration().network
    with pytest.raises(DataError, match="2 problems"):
        compute_modes(network, 0, step_seconds=length, steps_per_trial=length)
    with pytest.raises(DataError, match="code: found 0"):
        compute_modes(network, 0.5)
