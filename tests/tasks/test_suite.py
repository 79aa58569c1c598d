"""What holds for every task of the suite."""

import numpy as np
import pytest
import xarray as xr

from neuroalrnn.data import SubjectKFold, validate
from neuroalrnn.exceptions import ConfigError, DataError
from neuroalrnn.tasks import TASKS

KNOWN = [name for name, task in TASKS.items() if task.exact_of is not None]


@pytest.fixture(scope="module", params=TASKS)
def task(request):
    return TASKS[request.param]


def test_trials_are_valid(task, given):
    trials = validate(task.simulate(22, rng=0, n_subjects=2, **given(task)))
    assert trials["subject"].values.tolist() == ["000"] * 22 + ["001"] * 22


@pytest.mark.parametrize("name", ["addition", "rodent selection c", "Driscoll-15"])
def test_trials_survive_a_file(name, tmp_path):
    trials = TASKS[name].simulate(24, rng=0)
    trials.to_netcdf(tmp_path / "trials.nc")
    with xr.open_dataset(tmp_path / "trials.nc") as read:
        assert validate(read).equals(trials)


def test_seeds_give_the_same_trials_and_more_trials_leave_the_first_alone(task, given):
    def simulate(n_trials, rng=3, **more):
        return task.simulate(n_trials, rng=rng, **more, **given(task))

    few = simulate(5)
    assert few.equals(simulate(5, np.random.default_rng(3)))
    many = simulate(9).isel(trial=slice(5), time=slice(few.sizes["time"]))
    assert few.equals(many)
    rng = np.random.default_rng(3)
    assert not simulate(5, rng).equals(simulate(5, rng))
    two = simulate(5, n_subjects=2)
    assert not np.array_equal(two["inputs"][:5], two["inputs"][5:])
    three = simulate(5, n_subjects=3).isel(trial=slice(10), time=slice(two.sizes["time"]))
    assert three.equals(two)


def test_steps_have_an_epoch_and_padding_has_nothing(task, given):
    trials = task.simulate(40, rng=1, **given(task))
    real = np.arange(trials.sizes["time"]) < trials["n_steps"].values[:, None]
    epoch = trials["epoch"].values
    # a batch of a multi-task suite has one rule, and not every rule has every epoch
    names = set(range(len(trials["epoch"].attrs["names"])))
    assert set(epoch[real]) == names or ("rule" in trials and set(epoch[real]) < names)
    assert (epoch[~real] == -1).all()
    assert not trials["inputs"].values[~real].any()
    assert not trials["target"].values[~real].any()
    assert not trials["scored"].values[~real].any()
    assert trials["scored"].values.any(axis=1).all() or task.carry == "session"


def test_scores_lie_between_floor_and_ceiling(task, given):
    floor, ceiling = task.floor(), task.ceiling()
    assert set(floor) <= set(task.measures) >= set(ceiling)
    for name in floor.keys() & ceiling.keys():
        sign = -1 if name == "mse" else 1
        assert sign * floor[name] < sign * ceiling[name], name
    trials = task.simulate(2, rng=0, **given(task))
    main = task.measures[0]
    linear = floor if task.affine else {}
    linear = ceiling if trials.attrs.get("exact_n_pwl") == 0 else linear
    assert trials.attrs.get("floor") == floor.get(main)
    assert trials.attrs.get("floor_p0") == linear.get(main)
    assert trials.attrs.get("ceiling") == ceiling.get(main)


@pytest.mark.parametrize("name", KNOWN)
def test_networks_in_closed_form_solve_their_task(name, outputs_of):
    task = TASKS[name]
    trials, network = task.simulate(60, rng=2), task.exact()
    assert trials.attrs["exact_n_pwl"] == network.n_pwl
    score = task.score(trials, outputs_of(network, trials))[task.measures[0]]
    ceiling = task.ceiling()[task.measures[0]]
    noise = 4 * np.sqrt(ceiling * (1 - ceiling) / 60) if task.measures[0] == "accuracy" else 0
    assert score == pytest.approx(ceiling, abs=1e-10 + noise)


def test_unknown_parameters_are_named(task):
    with pytest.raises(ConfigError, match="n_stepz"):
        task.simulate(2, rng=0, n_stepz=3)
    with pytest.raises(ConfigError, match="n_stepz"):
        task.floor(n_stepz=3)
    with pytest.raises(ConfigError, match=r"2 problems\n.*n_trials = 0.*\n.*rng = 'x'"):
        task.simulate(0, rng="x")


def test_no_floor_of_p0_is_claimed_where_none_is_known():
    several = TASKS["variable-delay copy"].simulate(2, rng=0, n_items=3)
    assert "floor_p0" not in several.attrs
    assert several.attrs["floor"] == 1 / 8
    assert TASKS["variable-delay copy"].simulate(2, rng=0).attrs["floor_p0"] == 1


IMPOSSIBLE = [
    ("addition", {"n_steps": 3}, "n_steps=3: expected 4 at least"),
    ("addition", {"n_steps": 20.5}, "n_steps = 20.5: expected a whole number"),
    ("addition", {"law": "sign"}, "'sign'.*signed"),
    ("copy", {"n_blanks": 0}, "n_blanks = 0"),
    ("variable-delay copy", {"n_blanks": (5, 2)}, "expected them in order"),
    ("variable-delay copy", {"n_items": 0}, "n_items = 0"),
    ("flip-flop", {"n_steps": 5, "lag": 5}, "lag=5: expected less than n_steps=5"),
    ("flip-flop", {"pulse": 1.5}, "pulse = 1.5"),
    ("parity", {"n_bits": 1}, "n_bits=1: expected 2"),
    ("context-dependent integration", {"coherences": ()}, "coherences = ()"),
    ("context-dependent integration", {"coherences": (0, 1)}, "coherences = 0"),
    ("context-dependent integration", {"noise": -1}, "noise = -1"),
    ("context-dependent integration, Mante", {"dt": 0}, "dt = 0"),
    ("rodent selection d", {"errors": 0.7, "interference": 0.5}, "1 at most together"),
    ("Driscoll-15", {"batch": 0}, "batch = 0"),
    ("Driscoll-15", {"rules": "fdgo"}, "rules = 'fdgo': expected a list of names"),
    ("Yang-20", {"easy": "no"}, "easy = 'no': expected True or False"),
]


@pytest.mark.parametrize(("name", "parameters", "message"), IMPOSSIBLE)
def test_impossible_parameters_are_refused(name, parameters, message):
    with pytest.raises(ConfigError, match=message):
        TASKS[name].simulate(2, rng=0, **parameters)
    with pytest.raises(ConfigError, match=message):
        TASKS[name].floor(**parameters)


def test_trials_without_choices_are_refused_by_what_needs_one():
    trials = TASKS["addition"].simulate(20, rng=0, n_subjects=3)
    with pytest.raises(DataError, match="no 'choice'"):
        list(SubjectKFold(2).split(trials))
