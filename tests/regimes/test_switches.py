import numpy as np
import pytest
import xarray as xr

from neuroalrnn.exceptions import DataError
from neuroalrnn.regimes.switches import (
    compute_locked_switch_probability,
    compute_rule_changes,
    compute_switch_probability_by,
    compute_switches,
    switch_events,
)

NAN = np.nan


@pytest.fixture
def trials():
    return xr.Dataset(
        {"context": ("trial", [0, 1, 1, 1, 0, 0])},
        coords={
            "subject": ("trial", list("aaaabb")),
            "session": ("trial", list("111211")),
            "block": ("trial", [0, 0, 1, 0, 0, 0]),
            "trial_in_session": ("trial", [0, 1, 2, 0, 0, 1]),
        },
    )


@pytest.fixture
def regimes(trials):
    values = [[0, 1], [1, -1], [1, 2], [0, 0], [3, 3], [-1, 0]]
    found = xr.DataArray(values, dims=("trial", "step"), coords=trials.coords)
    return found.assign_coords(step=["stimulus", "choice"])


@pytest.fixture
def many():
    """Six subjects; a switch follows a change of context by one trial, at the choice."""
    rng = np.random.default_rng(0)
    n = 150
    context = np.cumsum(rng.random((6, n)) < 0.1, axis=1) % 2
    regime = np.concatenate([context[:, :1], context[:, :-1]], axis=1).ravel()
    coords = {
        "subject": ("trial", np.repeat(list("abcdef"), n)),
        "session": ("trial", np.full(6 * n, "1")),
        "trial_in_session": ("trial", np.tile(np.arange(n), 6)),
    }
    trials = xr.Dataset({"context": ("trial", context.ravel())}, coords=coords)
    before = np.where(np.arange(6 * n) % n == 0, regime, np.roll(regime, 1))
    regimes = xr.DataArray(np.stack([before, regime], 1), dims=("trial", "step"), coords=coords)
    return regimes.assign_coords(step=["stimulus", "choice"]), trials


class TestSwitches:
    def test_previous_step_is_the_last_present_one_of_the_session(self, regimes):
        expected = [[NAN, 1], [0, NAN], [0, 1], [NAN, 0], [NAN, 0], [NAN, 1]]
        found = compute_switches(regimes)
        np.testing.assert_array_equal(found, expected)
        assert found["step"].to_numpy().tolist() == ["stimulus", "choice"]

    def test_no_switch_where_the_state_is_reset(self, regimes):
        by_block = compute_switches(regimes, carry="block")
        np.testing.assert_array_equal(by_block[2], [NAN, 1])
        np.testing.assert_array_equal(by_block[1], [0, NAN])
        by_trial = compute_switches(regimes, carry="trial")
        expected = [[NAN, 1], [NAN, NAN], [NAN, 1], [NAN, 0], [NAN, 0], [NAN, NAN]]
        np.testing.assert_array_equal(by_trial, expected)

    def test_coordinates_may_come_from_the_trials(self, regimes, trials):
        bare = regimes.drop_vars(["subject", "session", "block", "trial_in_session"])
        np.testing.assert_array_equal(compute_switches(bare, trials), compute_switches(regimes))
        with pytest.raises(DataError, match="no variable 'subject'"):
            compute_switches(bare)

    def test_order_of_trials_does_not_matter(self, regimes):
        order = [3, 5, 0, 2, 4, 1]
        found = compute_switches(regimes[order])
        np.testing.assert_array_equal(found, compute_switches(regimes)[order])

    def test_events_name_what_flipped(self, regimes):
        found = switch_events(regimes)
        assert found["trial"].tolist() == [0, 2, 5]
        assert found["step"].tolist() == ["choice"] * 3
        assert found[["code", "code_next"]].to_numpy().tolist() == [[0, 1], [1, 2], [3, 0]]
        assert found["flipped_units"].tolist() == ["0", "0 1", "0 1"]
        assert found["n_flipped"].tolist() == [1, 2, 2]

    def test_events_and_switches_agree(self, many):
        regimes, _ = many
        switches = compute_switches(regimes)
        assert len(switch_events(regimes)) == switches.sum()


class TestRelations:
    def test_rule_changes(self, trials):
        found = compute_rule_changes(trials, "context")
        assert found.to_numpy().tolist() == [False, True, False, False, False, False]
        order = [2, 5, 0, 1, 4, 3]
        again = compute_rule_changes(trials.isel(trial=order), "context")
        assert again.to_numpy().tolist() == found.to_numpy()[order].tolist()
        missing = trials.assign(context=trials["context"].where(trials["context"] == 1))
        with pytest.raises(DataError, match=r"missing in trials \[0, 4, 5\]"):
            compute_rule_changes(missing, "context")
        with pytest.raises(DataError, match="no variable 'rule'; found context"):
            compute_rule_changes(trials, "rule")

    def test_probability_by_step_and_condition(self, regimes, trials):
        found = compute_switch_probability_by(compute_switches(regimes), trials)
        found = found.set_index(["subject", "step"])
        assert found["switch_probability"].to_dict() == {
            ("a", "stimulus"): 0.0,
            ("a", "choice"): 2 / 3,
            ("b", "choice"): 0.5,
        }
        assert found["n_steps"].to_list() == [2, 3, 2]
        by = compute_switch_probability_by(compute_switches(regimes), trials, by=["context"])
        assert by["n_steps"].tolist() == [1, 4, 2]

    def test_locked_probability_peaks_at_the_true_lag_and_step(self, many):
        regimes, trials = many
        switches = compute_switches(regimes)
        event = compute_rule_changes(trials, "context")
        found = compute_locked_switch_probability(
            switches, trials, event=event, step="choice", n_draws=199
        )
        assert found["group_switch_probability"].idxmax() == 1
        assert found["group_switch_probability"].sel(lag=1) == 1.0
        assert (found["group_null_high"] < 0.3).all()
        assert found["switch_probability"].dims == ("subject", "lag")
        other = compute_locked_switch_probability(
            switches, trials, event=event, step="stimulus", n_draws=199
        )
        assert other["group_switch_probability"].sel(lag=1) == 0.0
        either = compute_locked_switch_probability(switches, trials, event=event, n_draws=199)
        assert either["group_switch_probability"].sel(lag=1) == 1.0

    def test_unknown_step_is_named(self, many):
        regimes, trials = many
        event = compute_rule_changes(trials, "context")
        with pytest.raises(DataError, match="found 'reward', expected one of stimulus, choice"):
            compute_locked_switch_probability(
                compute_switches(regimes), trials, event=event, step="reward"
            )


def test_what_are_no_switches_or_regimes_is_refused(regimes, trials):
    with pytest.raises(DataError, match="expected integers, -1 where"):
        compute_switches(regimes.where(regimes >= 0))
    with pytest.raises(DataError, match="found ndarray, expected a DataArray"):
        compute_switches(regimes.values)
    for wrong in (regimes, regimes + 0.5):
        with pytest.raises(DataError, match="other values than 0, 1 and NaN"):
            compute_switch_probability_by(wrong)
    with pytest.raises(DataError, match="found shape \\(2,\\), expected one for each of 6"):
        compute_locked_switch_probability(compute_switches(regimes), event=np.ones(2, bool))
    trials["pair"] = (("trial", "side"), np.zeros((6, 2)))
    with pytest.raises(DataError, match="'pair': found dims"):
        compute_rule_changes(trials, "pair")
