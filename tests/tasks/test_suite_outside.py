"""Environments from outside: what they show and ask for is what trials hold."""

import numpy as np
import pytest

from neuroalrnn.exceptions import ConfigError, DataError
from neuroalrnn.tasks import TASKS


@pytest.fixture
def environment(given):
    return given(TASKS["environment"])["environment"]


def test_trials_are_those_of_the_environment(environment):
    trials = TASKS["environment"].simulate(30, rng=0, environment=environment)
    assert trials["epoch"].attrs["names"] == ["fixation", "stimulus", "decision"]
    assert trials.sizes["output"] == 3
    assert np.diff(trials["time"])[0] == pytest.approx(0.1)
    assert set(trials["n_steps"].values) == {4, 5, 6}
    for trial in range(30):
        row = trials.isel(trial=trial)
        n = row["n_steps"].item()
        shown = row["inputs"].values[:n]
        assert row["epoch"].values[:n].tolist() == [0, *[1] * (n - 2), 2]
        assert set(shown[1:-1, 1]) in ({1.0}, {-1.0})
        asked = row["target"].values[:n].argmax(axis=-1)
        assert asked.tolist() == [0] * (n - 1) + [2 if shown[1, 1] > 0 else 1]
    right = 9 * trials["target"].values
    assert TASKS["environment"].score(trials, right)["accuracy"] == 1


def test_epochs_that_some_trials_lack_keep_their_place(environment):
    plain = environment.new_trial

    def new_trial():
        plain()
        if environment.sign:
            for each in (environment.start_ind, environment.end_ind):
                each.pop("stimulus")

    environment.new_trial = new_trial
    trials = TASKS["environment"].simulate(30, rng=0, environment=environment)
    assert trials["epoch"].attrs["names"] == ["fixation", "stimulus", "decision"]


def test_what_is_no_environment_is_refused(environment):
    task = TASKS["environment"]
    with pytest.raises(ConfigError, match="environment is missing"):
        task.simulate(2, rng=0)
    with pytest.raises(ConfigError, match="environment is missing"):
        task.simulate(2, rng=0, environment="PerceptualDecisionMaking-v0")
    environment.new_trial = lambda: vars(environment).update(ob=np.zeros(3), gt=np.zeros(3))
    with pytest.raises(DataError, match=r"expected \(step, feature\)"):
        task.simulate(2, rng=0, environment=environment)
