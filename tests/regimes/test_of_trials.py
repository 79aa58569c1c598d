"""Regimes of whole trials, such as functional ones, are taken wherever those of steps are."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from neuroalrnn.behaviour.relation import relate_to_behaviour, tabulate_trials
from neuroalrnn.exceptions import DataError
from neuroalrnn.regimes import compute_occupancy, compute_occupancy_trend
from neuroalrnn.regimes.events import carry_of, decisive_regimes
from neuroalrnn.regimes.locking import lock_to_rule_changes
from neuroalrnn.regimes.switches import compute_switches
from neuroalrnn.regimes.transitions import compute_dwell_times, compute_transitions

STATISTICS = {
    "occupancy": lambda r, t: compute_occupancy(r, trials=t, by=("step", "rule")),
    "trend": compute_occupancy_trend,
    "dwell times": compute_dwell_times,
    "transitions": lambda r, t: compute_transitions(r, t).to_dataframe(),
    "switches": lambda r, t: compute_switches(r, t).to_dataframe(),
}


@pytest.fixture
def labels(fit):
    names = ("subject", "session", "trial_in_session")
    values = (fit.trials["rule"].values > 0).astype(int)
    values[3] = -1
    return xr.DataArray(values, dims="trial", coords={name: fit.trials[name] for name in names})


@pytest.mark.parametrize("name", STATISTICS)
def test_one_label_per_trial_is_that_of_a_step_called_choice(fit, labels, name):
    of_steps = labels.expand_dims(step=["choice"], axis=1)
    compute = STATISTICS[name]
    pd.testing.assert_frame_equal(compute(labels, fit.trials), compute(of_steps, fit.trials))


def test_the_label_of_a_trial_decides_its_own_choice_whatever_the_state_does(fit, labels):
    np.testing.assert_array_equal(decisive_regimes(fit, labels).values[:, 0], labels.values)
    assert carry_of(fit, labels) == "session"
    table = tabulate_trials(fit, labels)
    known = labels.values >= 0
    assert (table["regime 1"][known] == labels.values[known]).all()
    assert table["regime 1"][~known].isna().all()


def test_switches_of_whole_trials_are_locked_to_the_rule_that_they_follow(fit, labels):
    locked, test = lock_to_rule_changes(fit, labels, "rule", 0)
    assert locked["group_switch_probability"].sel(lag=0) == 1
    assert test["ci_low"].item() > 0
    found = relate_to_behaviour(fit, labels)
    assert {"regime 0", "switch since last trial"} <= set(found["effect"])


def test_labels_of_neither_trials_nor_steps_are_refused(fit, labels):
    with pytest.raises(DataError, match=r"found dims \('trial', 'epoch'\)"):
        compute_switches(labels.expand_dims("epoch", axis=1), fit.trials)
