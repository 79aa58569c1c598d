"""Addition, multiplication and decision against loops, closed forms and least squares."""

import numpy as np
import pytest

from neuroalrnn.tasks import TASKS

LAWS = ("default", "uniform", "signed")


def by_loop(trials, combine):
    """What two marked values make, step by step."""
    found = []
    for inputs, n_steps in zip(trials["inputs"].values, trials["n_steps"].values, strict=True):
        values = [value for value, marker in inputs[:n_steps] if marker == 1]
        assert len(values) == 2
        found.append(combine(*values))
    return np.array(found)


def at_the_end(trials, values):
    """Values (trial, time, output) at the last step."""
    return values[np.arange(len(values)), trials["n_steps"].values - 1, 0]


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize(
    ("name", "combine"), [("addition", np.add), ("multiplication", np.multiply)]
)
def test_targets_are_what_a_loop_finds(name, combine, law):
    trials = TASKS[name].simulate(200, rng=0, n_steps=40, law=law)
    answer = by_loop(trials, combine)
    answer = 0.5 + answer / 4 if law == "signed" else answer
    assert np.allclose(at_the_end(trials, trials["target"].values), answer, atol=1e-15)
    assert (trials["scored"].values.sum(axis=1) == 1).all()


def test_laws_place_markers_as_they_say():
    first, second, ends = {}, {}, {}
    for law in LAWS:
        trials = TASKS["addition"].simulate(3000, rng=1, n_steps=30, law=law)
        first[law], second[law] = trials["first_marked"].values, trials["second_marked"].values
        ends[law] = trials["inputs"].values[:, 0, 1], trials["n_steps"].values
    assert first["default"].max() == 9
    assert second["default"].max() == 14
    assert second["uniform"].max() == 28
    assert first["signed"].min() == 1
    assert second["signed"].max() == 14
    assert (ends["signed"][0] == -1).all()
    assert set(ends["signed"][1]) == {30, 31, 32, 33}


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("n_steps", [20, 100, 1000])
def test_one_pwl_unit_adds_exactly(law, n_steps, outputs_of):
    task = TASKS["addition"]
    trials, network = task.simulate(20, rng=0, n_steps=n_steps, law=law), task.exact(law=law)
    error = outputs_of(network, trials) - trials["target"].values
    assert np.abs(at_the_end(trials, error)).max() < 1e-12
    assert network.n_pwl == 1


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("name", ["addition", "multiplication"])
def test_floors_are_what_least_squares_reaches(name, law, affine_error):
    parameters = {"n_steps": 20, "law": law}
    trials = TASKS[name].simulate(30_000, rng=1, **parameters)
    whole = trials["n_steps"].values == 20
    floor = TASKS[name].floor(**parameters)
    found = affine_error(trials.isel(trial=whole), 19)
    assert found == pytest.approx(floor["mse"], rel=0.04)
    target = at_the_end(trials, trials["target"].values)
    grid = np.linspace(0, 1.5, 301)
    best = max((np.abs(target - each) < 0.04).mean() for each in grid)
    assert best == pytest.approx(floor["near"], abs=0.01)


@pytest.mark.parametrize(
    ("name", "n_steps", "law", "mse"),
    [
        ("addition", 20, "default", 0.1333),
        ("addition", 400, "default", 0.1572),
        ("addition", 100, "uniform", 0.1633),
        ("multiplication", 40, "default", 0.0435),
    ],
)
def test_floors_have_their_known_values(name, n_steps, law, mse):
    assert TASKS[name].floor(n_steps=n_steps, law=law)["mse"] == pytest.approx(mse, abs=5e-5)


def test_decision_asks_for_the_larger_one_and_one_unit_tells_it(outputs_of):
    task = TASKS["decision"]
    trials = task.simulate(300, rng=0)
    larger = by_loop(trials, lambda first, second: first > second)
    assert np.array_equal(trials["choice"].values, larger)
    assert np.array_equal(at_the_end(trials, trials["target"].values), larger)
    difference = at_the_end(trials, outputs_of(task.exact(), trials)) / 100
    assert np.abs(difference - trials["difference"].values).max() < 1e-12


@pytest.mark.parametrize("n_steps", [10, 20, 50])
def test_floor_of_a_decision_is_that_of_its_affine_function(n_steps):
    trials = TASKS["decision"].simulate(30_000, rng=3, n_steps=n_steps)
    weight = n_steps - 2 - 2 * np.arange(n_steps - 1)
    given = (trials["inputs"].values[:, :-1, 0] - 0.5) @ weight > 0
    found = (given == (trials["choice"].values == 1)).mean()
    assert TASKS["decision"].floor(n_steps=n_steps)["accuracy"] == pytest.approx(found, abs=0.01)
