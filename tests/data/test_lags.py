"""A lag reaches the trial that came before, never one from before trials that were removed."""

import json

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from neuroalrnn.baselines.history import _with_lags
from neuroalrnn.behaviour.signatures import repetition, run_lengths, win_stay
from neuroalrnn.behaviour.triggered import compute_triggered_average
from neuroalrnn.data import design, encode, from_frame
from neuroalrnn.data.lags import count_gaps, reaches
from neuroalrnn.exceptions import DataError, DataWarning
from neuroalrnn.regimes.switches import compute_locked_switch_probability


@pytest.fixture
def gapped():
    """Two sessions; in the first, trials 3 and 4 were removed, in the second, trial 1."""
    frame = pd.DataFrame(
        {
            "s": "a",
            "day": [1] * 6 + [2] * 3,
            "t": [0, 1, 2, 5, 6, 7, 0, 2, 3],
            "c": [0, 1, 1, 0, 1, 1, 1, 1, 0],
            "x": np.arange(1.0, 10.0),
        }
    )
    columns = {"subject": "s", "session": "day", "trial": "t", "choice": "c", "x": "x"}
    with pytest.warns(DataWarning, match="trial numbers have 2 gaps, 3 numbers are missing"):
        return from_frame(frame, columns)


BEFORE = [0, -1, 1, 0, -1, 1, 0, 0, 1]
OVER = [0, -1, 1, 1, -1, 1, 0, 1, 1]


def test_inputs_and_terms_stop_at_gaps(gapped):
    sequences = encode(gapped, inputs=["choice"])
    np.testing.assert_array_equal(sequences.to_trials(sequences.inputs)[:, 0, 0], BEFORE)
    assert not [note for note in sequences.notes if "gap" in note]
    matrix = design(gapped, ["choice[-1]", "x[-2]"])
    np.testing.assert_array_equal(matrix["choice[-1]"], BEFORE)
    np.testing.assert_array_equal(matrix["x[-2]"], [0, 0, 1, 0, 0, 4, 0, 0, 0])
    assert count_gaps(gapped) == 2


def test_lags_reach_over_gaps_only_if_asked_and_say_so(gapped):
    asked = gapped.assign_attrs(encoding=json.dumps({"inputs": ["choice"], "lag_over_gaps": True}))
    sequences = encode(asked, inputs=["choice"], lag_over_gaps=True)
    np.testing.assert_array_equal(sequences.to_trials(sequences.inputs)[:, 0, 0], OVER)
    assert [
        n for n in sequences.notes if n.startswith("lags reach over 2 gaps in trial_in_session")
    ]
    matrix = design(asked, _with_lags(asked, ["x[-1]"], 2))
    np.testing.assert_array_equal(matrix["x[-1]"], [0, 1, 2, 3, 4, 5, 0, 7, 8])
    np.testing.assert_array_equal(matrix["x[-2]"], [0, 0, 1, 2, 3, 4, 0, 0, 7])


def test_flags_of_lags_are_true_or_false(gapped):
    with pytest.raises(DataError, match=r"(?s)2 problems.*lag_over_gaps = Data.*mark_events = "):
        encode(gapped, inputs=["choice"], lag_over_gaps=gapped["x"], mark_events="no")


def test_without_gaps_nothing_changes(trials):
    options = {"inputs": ["choice", "reward"], "step": "event", "choice_event": "end"}
    one, other = (encode(trials, lag_over_gaps=over, **options) for over in (False, True))
    np.testing.assert_array_equal(one.inputs, other.inputs)
    assert one.notes == other.notes
    assert count_gaps(trials) == 0


@pytest.mark.parametrize("lag", [1, 2, 5, 40])
def test_reaching_is_having_all_trials_in_between(gapped, lag):
    key = list(zip(gapped["session"].values, gapped["trial_in_session"].values, strict=True))
    wanted = [all((day, t - k) in key for k in range(1, lag + 1)) for day, t in key]
    np.testing.assert_array_equal(reaches(gapped, lag), wanted)


def test_state_goes_on_over_gaps(gapped):
    sequences = encode(gapped, inputs=["choice"])
    np.testing.assert_array_equal(sequences.n_steps, [6, 3])


def test_signatures_pair_only_trials_that_follow_each_other(gapped):
    rewarded = gapped.assign(reward=("trial", np.ones(9)))
    # pairs: 0-1, 1-2, 5-6, 6-7 of day 1; 2-3 of day 2
    table = win_stay(rewarded)
    assert table["n_trials"].sum() == 5
    assert table["value"].item() == pytest.approx(2 / 5)
    again = repetition(gapped, lags=range(1, 3)).set_index("x")
    assert again["n_trials"].to_dict() == {1: 5, 2: 2}
    assert again.loc[2, "value"] == 0
    assert run_lengths(gapped)["n_trials"].iloc[0] == 7


@pytest.mark.parametrize("lag", [-2, -1, 1, 3])
def test_averages_around_switches_count_trials_not_rows(lag):
    rng = np.random.default_rng(0)
    number = np.delete(np.arange(400), rng.permutation(np.arange(1, 399))[:80])
    labels = {"subject": ["a"] * 320, "session": ["1"] * 320, "trial_in_session": number}
    coords = {name: ("trial", values) for name, values in labels.items()}
    switch = (rng.random(320) < 0.2) * 1.0
    switches = xr.DataArray(switch[:, None], dims=("trial", "step"), coords=coords)
    # the outcome says how many trials ago the last switch was, to one trial
    outcome = np.isin(number, number[switch == 1] + lag) * 1.0
    after = np.isin(number[switch == 1] + lag, number)
    found = compute_triggered_average(switches, outcome, lags=[lag, 5], n_draws=20)
    assert found["average"].sel(lag=lag).item() == 1
    event = switch == 1
    switched = switches.copy(data=outcome[:, None])
    locked = compute_locked_switch_probability(switched, event=event, lags=[lag, 5], n_draws=20)
    assert locked["switch_probability"].sel(lag=lag).item() == 1
    assert after.sum() < event.sum()
