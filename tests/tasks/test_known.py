"""Known networks solve their tasks exactly, and simulated subjects choose as these say."""

import numpy as np
import pytest

from neuroalrnn.data import default_encoding, encode, validate
from neuroalrnn.network.run import compute_latents
from neuroalrnn.tasks import (
    KNOWN,
    addition,
    compute_log_odds,
    decision,
    decision_by_two_units,
    delay_line,
    flip_flop,
    gated_paths,
    integration,
    parity,
    scalar_memory,
    simulate_known,
)

N_PWL = {"scalar memory": 0, "flip-flop": 2, "two gated paths": 2, "three gated paths": 3}


def simulated(known, n_trials=300, seed=0):
    return simulate_known(known, 2, n_trials, rng=np.random.default_rng(seed))


def read_out(known, gain, centre=0.0):
    """Trials, and the number that the network reads out."""
    trials = simulated(known)
    return trials, compute_log_odds(known.network, trials) / gain + centre


def by_trial(trials):
    """Inputs and length of every trial."""
    return zip(trials["inputs"].values, trials["n_steps"].values, strict=True)


@pytest.mark.parametrize("name", KNOWN)
def test_trials_are_valid_and_choices_follow_the_network(name):
    known = KNOWN[name]()
    trials = simulated(known, 4000)
    validate(trials)
    assert trials.attrs["exact_n_pwl"] == known.n_pwl == N_PWL.get(name, 1)
    p = 1 / (1 + np.exp(-compute_log_odds(known.network, trials)))
    choice = trials["choice"].values
    for part in (p < 0.5, p >= 0.5):
        error = np.sqrt((p[part] * (1 - p[part])).sum()) / part.sum()
        assert abs(choice[part].mean() - p[part].mean()) < 4 * error


@pytest.mark.parametrize("name", KNOWN)
def test_neither_more_subjects_nor_more_trials_change_those_there_are(name):
    known = KNOWN[name]()
    few, many = (
        simulate_known(known, *size, rng=np.random.default_rng(3)) for size in ((2, 10), (3, 25))
    )
    same = many.isel(trial=np.r_[0:10, 25:35])
    for variable in ("inputs", "choice", "n_steps"):
        assert np.array_equal(few[variable], same[variable])


def test_scalar_memory_keeps_the_number():
    trials, y = read_out(scalar_memory(gain=8.0), 8.0, 0.5)
    assert np.allclose(y, trials["inputs"].values[:, 0, 0], atol=1e-12)
    assert set(trials["n_steps"].values) == {2, 3, 4, 5, 6}


@pytest.mark.parametrize("n_steps", [6, 20, 100])
def test_addition_is_exact_and_its_unit_is_on_at_the_marked_steps(n_steps):
    known = addition(n_steps, gain=8.0)
    trials, y = read_out(known, 8.0, 1.0)
    values, marks = np.moveaxis(trials["inputs"].values, -1, 0)
    assert np.array_equal(marks.sum(axis=1), np.full(len(marks), 2))
    assert np.allclose(y, (values * marks).sum(axis=1), atol=1e-12)
    latents = compute_latents(known.network, encode(trials, **default_encoding(trials)))
    assert np.array_equal(latents[..., 1] > 0, marks == 1)


@pytest.mark.parametrize("change", [0.0, 0.3])
def test_integration_adds_up_the_attended_stream(change):
    trials, y = read_out(integration(n_steps=8, gain=2.0, change=change), 2.0)
    one, other, context = np.moveaxis(trials["inputs"].values, -1, 0)
    assert np.allclose(y, np.where(context == 1, one, other).sum(axis=1), atol=1e-12)
    assert bool((np.diff(context, axis=1) != 0).any()) == (change > 0)


def test_parity_is_the_exclusive_or_of_the_bits():
    trials, y = read_out(parity(n_bits=4, gain=4.0), 4.0, 0.5)
    odd = [int(inputs[:n:2, 0].sum()) % 2 for inputs, n in by_trial(trials)]
    assert np.allclose(y, odd, atol=1e-12)


@pytest.mark.parametrize("make", [decision, decision_by_two_units])
def test_decision_is_the_difference_of_the_marked_numbers(make):
    trials, y = read_out(make(n_steps=7, gain=8.0), 8.0)
    marked = np.array([inputs[inputs[:, 1] == 1, 0] for inputs, _ in by_trial(trials)])
    assert np.allclose(y, marked[:, 1] - marked[:, 0], atol=1e-12)


def test_flip_flop_keeps_the_last_pulse():
    trials, y = read_out(flip_flop(gain=2.5), 2.5)
    last = [inputs[:n, 0][inputs[:n, 0] != 0][-1] for inputs, n in by_trial(trials)]
    assert np.allclose(y, last, atol=1e-12)


@pytest.mark.parametrize("n_paths", [1, 3, 4])
def test_gated_paths_add_what_their_gates_let_through(n_paths):
    trials, y = read_out(gated_paths(n_paths, gain=4.0), 4.0)
    first = trials["inputs"].values[:, 0]
    assert np.allclose(y, (first[:, :n_paths] * first[:, n_paths:]).sum(axis=1), atol=1e-12)


@pytest.mark.parametrize("n_pwl", [0, 2])
def test_delay_line_says_what_came_a_while_ago_and_forgets_it(n_pwl):
    known = delay_line(n_delay=6, n_pwl=n_pwl)
    trials, found = read_out(known, gain=8, centre=0.5)
    np.testing.assert_allclose(found, trials["inputs"].values[:, 0, 0], atol=1e-12)
    weight = known.network.weight
    norms = [np.linalg.norm(np.linalg.matrix_power(weight, k), 2) for k in range(8)]
    np.testing.assert_allclose(norms, [1] * 7 + [0])
    np.testing.assert_allclose(np.linalg.eigvals(weight), 0)
