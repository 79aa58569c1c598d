"""Locking of switches to events within trials, with time steps and with event steps."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from neuroalrnn.config import Setting
from neuroalrnn.data import SubjectKFold, from_frame
from neuroalrnn.exceptions import DataError
from neuroalrnn.questions import analyse
from neuroalrnn.regimes.events import decisive_regimes, event_steps
from neuroalrnn.regimes.held_out import compute_held_out_regimes
from neuroalrnn.regimes.locking import lock_to_rule_changes, lock_within_trials
from neuroalrnn.regimes.switches import compute_switches
from neuroalrnn.study import cross_validate

TIME = {
    "step": "time",
    "dt": 0.1,
    "choice_event": "response",
    "carry": "trial",
    "inputs": {"stimulus": "stimulus", "rule": "stimulus"},
}


def until(trials, end):
    """The same trials with a third event at a fixed time, so that all last equally long."""
    rt = np.minimum(trials["rt"].values, end - 0.2)
    times = np.stack([np.zeros_like(rt), rt, np.full_like(rt, end)], axis=1)
    longer = trials.drop_vars("event_time").drop_dims("event")
    longer["event_time"] = (("trial", "event"), times)
    return longer.assign_coords(event=["stimulus", "response", "end"])


@pytest.fixture(scope="module")
def in_time(fit):
    setting = Setting(n_latent=3, n_pwl=2, check_every=2, max_checks=2, batch_size=32)
    options = {"n_inner": 2, "encoding": TIME, "progress": False}
    return cross_validate(until(fit.trials, 1.5), setting, SubjectKFold(2), 1, **options)


def test_with_event_steps_locking_within_the_trial_is_not_testable_and_says_why(fit):
    table = analyse(fit).tables["linear_event_switches"]
    assert (table["method"] == "not testable").all()
    assert table["note"].str.contains("same step").all()


def test_events_fall_into_their_bins(in_time):
    regimes = compute_held_out_regimes(in_time).regimes
    n_steps = (regimes.values >= 0).sum(axis=1)
    steps = event_steps(in_time, n_steps)
    assert (steps["stimulus"] == 0).all()
    response = np.floor(in_time.trials["event_time"].values[:, 1] / 0.1 + 1e-9)
    np.testing.assert_array_equal(steps["response"], response)
    assert (steps["end"] == n_steps - 1).all()
    decisive = decisive_regimes(in_time, regimes).values[:, 0]
    before = np.maximum(response.astype(int) - 1, 0)
    np.testing.assert_array_equal(decisive, regimes.values[np.arange(len(before)), before])


@pytest.mark.parametrize(("locked", "significant"), [("response", True), ("clock", False)])
def test_switches_planted_at_the_event_are_found_and_at_a_fixed_time_are_not(
    in_time, locked, significant
):
    regimes = compute_held_out_regimes(in_time).regimes
    n_trials, longest = regimes.shape
    response = np.floor(in_time.trials["event_time"].values[:, 1] / 0.1 + 1e-9)
    clock = np.random.default_rng(0).integers(1, 12, n_trials)
    at = np.clip(response if locked == "response" else clock, 1, None)
    planted = regimes.copy(data=(np.arange(longest) >= at[:, None]).astype(int))
    switches = compute_switches(planted, in_time.trials, carry="trial")
    table = lock_within_trials(in_time, planted, switches).set_index("effect")
    row = table.loc["switch within a step after response"]
    assert (row["p"] < 0.001) == significant
    assert row["n_subjects"] == 6


def test_an_event_that_ends_the_trial_is_not_testable(in_time):
    regimes = compute_held_out_regimes(in_time).regimes
    switches = compute_switches(regimes, in_time.trials, carry="trial")
    table = lock_within_trials(in_time, regimes, switches).set_index("effect")
    assert table.loc["switch within a step after end", "method"] == "not testable"


def test_a_fit_with_time_steps_goes_through_the_whole_analysis(in_time):
    found = analyse(in_time, conditions=["rule"], rule="rule")
    names = {"event_switches", "behaviour", "rule_switches"}
    assert {f"linear_{name}" for name in names} <= set(found.tables) or found.notes


def test_regimes_of_other_trials_are_refused(fit):
    regimes = compute_held_out_regimes(fit).regimes
    for other in (regimes[::-1], regimes[:50]):
        with pytest.raises(DataError, match="regimes and trials are not the same"):
            lock_to_rule_changes(fit, other, "context", 0)
        with pytest.raises(DataError, match="regimes and trials are not the same"):
            lock_within_trials(fit, regimes, other)


@pytest.mark.parametrize("step", ["event", "trial"])
def test_a_choice_at_the_first_step_is_decided_at_the_last_step_of_the_trial_before(step):
    n_steps = 2 if step == "event" else 1
    names = {"subject": list("aaaabbbb"), "session": list("xxyyzzzz"), "choice": [0, 1] * 4}
    trials = from_frame(pd.DataFrame(names), {name: name for name in names})
    encoding = {"inputs": {"choice": "outcome"}, "step": step, "choice_event": "response"}
    encoding |= {"events": ["response", "outcome"]} if step == "event" else {}
    codes = np.arange(8 * n_steps).reshape(8, n_steps)
    coords = {name: trials[name] for name in ("subject", "session", "trial_in_session")}
    coords |= {"step": ["response", "outcome"][:n_steps]}
    regimes = xr.DataArray(codes, dims=("trial", "step"), coords=coords)
    fit = SimpleNamespace(encoding=encoding, carry=encoding.get("carry", "session"), trials=trials)
    found = decisive_regimes(fit, regimes)
    last = codes[:, -1]
    right = [-1, last[0], -1, last[2], -1, last[4], last[5], last[6]]
    np.testing.assert_array_equal(found.values[:, 0], right)
