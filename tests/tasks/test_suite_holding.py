"""Copying, scalar memory, flip-flop and parity against loops, closed forms and least squares."""

import numpy as np
import pytest

from neuroalrnn.tasks import TASKS


def classes(values):
    return values.argmax(axis=-1)


@pytest.mark.parametrize(
    ("name", "parameters", "n_items"),
    [
        ("copy", {"n_blanks": 10}, 10),
        ("variable-delay copy", {"n_items": 3, "n_blanks": (2, 7)}, 3),
        ("variable-delay copy", {"n_items": 1, "n_blanks": (1, 4)}, 1),
    ],
)
def test_items_are_asked_for_after_the_cue(name, parameters, n_items):
    trials = TASKS[name].simulate(80, rng=0, **parameters)
    lengths = trials["n_steps"].values
    shown, asked = classes(trials["inputs"].values), classes(trials["target"].values)
    for row, length in enumerate(lengths):
        items = shown[row, :n_items].tolist()
        n_blanks = length - 2 * n_items - 1
        assert set(items) <= set(range(1, 9))
        assert shown[row, :length].tolist() == items + [0] * n_blanks + [9] * (n_items + 1)
        assert asked[row, :length].tolist() == [0] * (length - n_items) + items
    low, high = np.broadcast_to(parameters["n_blanks"], 2) + 2 * n_items
    assert set(lengths) == set(range(low, high + 1))
    assert trials.sizes["time"] == high


@pytest.mark.parametrize("n_blanks", [1, 10, 13, 30])
def test_rings_copy_after_any_delay_without_a_pwl_unit(n_blanks, outputs_of):
    task = TASKS["copy"]
    trials, network = task.simulate(30, rng=1, n_blanks=n_blanks), task.exact(n_blanks=n_blanks)
    assert np.array_equal(classes(outputs_of(network, trials)), classes(trials["target"].values))
    assert network.n_pwl == 0
    assert np.allclose(np.abs(np.linalg.eigvals(network.weight)), 1)


@pytest.mark.parametrize(
    ("n_blanks", "nats"), [(10, 0.693), (20, 0.520), (100, 0.173), (1000, 0.0204)]
)
def test_copy_without_memory_costs_what_is_known(n_blanks, nats):
    assert TASKS["copy"].floor(n_blanks=n_blanks)["nats"] == pytest.approx(-nats, abs=5e-4)


def test_copy_without_memory_is_scored_so():
    trials = TASKS["copy"].simulate(400, rng=2)
    guess = np.where(np.arange(10) < 1, -50.0, 0.0) - 50.0 * (np.arange(10) == 9)
    sure = np.where(np.arange(10) < 1, 50.0, 0.0)
    recall = trials["epoch"].values == 3
    found = TASKS["copy"].score(trials, np.where(recall[..., None], guess, sure))
    assert found["nats"] == pytest.approx(TASKS["copy"].floor()["nats"], abs=1e-9)


def test_scalar_memory_asks_for_the_first_value(outputs_of):
    task = TASKS["scalar memory"]
    trials = task.simulate(50, rng=0)
    first = trials["inputs"].values[:, 0, 0]
    assert not trials["inputs"].values[:, 1:].any()
    assert np.array_equal(trials["target"].values[:, -1, 0], first)
    assert np.abs(outputs_of(task.exact(), trials)[:, -1, 0] - first).max() < 1e-15
    many = task.simulate(20_000, rng=0, n_steps=2)
    constant = task.score(many, np.full((*many["epoch"].shape, 1), 0.5))["mse"]
    assert constant == pytest.approx(task.floor()["mse"], rel=0.03)


@pytest.mark.parametrize("lag", [0, 1, 4])
def test_flip_flop_asks_for_the_last_pulse(lag):
    trials = TASKS["flip-flop"].simulate(40, rng=0, lag=lag, pulse=0.3)
    for inputs, target, scored in zip(
        *(trials[name].values for name in ("inputs", "target", "scored")), strict=True
    ):
        held, seen = np.zeros(3), []
        for pulses in inputs:
            held = np.where(pulses != 0, pulses, held)
            seen.append(held)
        assert np.array_equal(target[lag:], seen[: len(seen) - lag])
        assert np.array_equal(scored, np.arange(64) >= lag)


def test_two_pwl_units_per_bit_hold_it_exactly(outputs_of):
    task = TASKS["flip-flop"]
    trials, network = task.simulate(40, rng=1, pulse=0.25), task.exact()
    error = (outputs_of(network, trials) - trials["target"].values)[trials["scored"].values]
    assert np.abs(error).max() == 0
    assert (network.n_pwl, len(network.bias)) == (6, 9)
    assert task.exact(lag=0) is None


@pytest.mark.parametrize("pulse", [0.1, 0.5])
def test_floor_of_the_flip_flop_is_what_least_squares_reaches(pulse, affine_error):
    parameters = {"n_steps": 12, "n_bits": 1, "pulse": pulse}
    trials = TASKS["flip-flop"].simulate(40_000, rng=1, **parameters)
    found = np.mean([affine_error(trials, step) for step in range(1, 12)])
    floor = TASKS["flip-flop"].floor(**parameters)["mse"]
    assert found == pytest.approx(floor, rel=0.03)
    long = TASKS["flip-flop"].floor(n_steps=100_000, pulse=pulse)["mse"]
    assert long == pytest.approx((1 - pulse) / (2 - pulse), rel=1e-3)


def test_no_network_follows_a_pulse_at_its_own_step():
    """An affine function of the last state and the pulse leaves p (1 - p), whatever the state."""
    pulse = 0.1
    trials = TASKS["flip-flop"].simulate(4000, rng=0, n_steps=30, n_bits=1, lag=0, pulse=pulse)
    state, now = trials["target"].values[:, :-1, 0], trials["inputs"].values[:, 1:, 0]
    design = np.stack([np.ones(state.size), state.ravel(), now.ravel()], axis=1)
    target = trials["target"].values[:, 1:, 0].ravel()
    rest = target - design @ np.linalg.lstsq(design, target, rcond=None)[0]
    assert (rest**2).mean() == pytest.approx(pulse * (1 - pulse), rel=0.03)


@pytest.mark.parametrize(("name", "late"), [("flagged parity", 0), ("parity", 1)])
def test_parity_is_a_running_xor(name, late, outputs_of):
    task = TASKS[name]
    trials = task.simulate(60, rng=0, n_bits=7)
    bits = trials["inputs"].values[..., 0].astype(int)
    for row, target in enumerate(trials["target"].values[..., 0]):
        state, seen = 0, []
        for bit in bits[row]:
            state ^= bit
            seen.append(state)
        read = np.flatnonzero(trials["scored"].values[row])
        assert np.array_equal(target[read], np.array(seen)[read - late])
    network = task.exact()
    number = outputs_of(network, trials) / 40 + 0.5
    error = (number - trials["target"].values)[trials["scored"].values]
    assert np.abs(error).max() < 1e-12
    assert network.n_pwl == 1
    if name == "flagged parity":
        assert np.array_equal(trials["inputs"].values[0, :, 1], np.tile([1, 0], 7))


@pytest.mark.parametrize("n_bits", [1, 2, 3, 4])
def test_floor_of_parity_is_that_of_the_best_count(n_bits):
    """Only signs of the bits decide the best half-space, so that counts of equal bits are tried."""
    bits = (np.arange(2**n_bits)[:, None] >> np.arange(n_bits)) % 2
    odd = bits.sum(axis=1) % 2
    best = 0.0
    for signs in 1 - 2 * bits:
        score = bits @ signs
        for limit in np.unique(score):
            right = ((score >= limit) == odd).mean()
            best = max(best, right, 1 - right)
    floor = TASKS["flagged parity"].floor(n_bits=n_bits)
    before = TASKS["flagged parity"].floor(n_bits=n_bits - 1)["accuracy"] if n_bits > 1 else 0
    assert n_bits * floor["accuracy"] - (n_bits - 1) * before == pytest.approx(best)
    assert floor["nats"] == pytest.approx(-(n_bits - 1) / n_bits * np.log(2))
