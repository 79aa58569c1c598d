"""What is encoded how where nobody says so: a step between what is known and the choice."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from neuroalrnn.data import default_encoding, encode, from_frame, to_frame
from neuroalrnn.data.default import with_encoding
from neuroalrnn.exceptions import DataError, DataWarning


def nameless(trials):
    return trials.drop_vars(["event_time", "event"])


def test_trials_without_events_get_steps_around_the_choice(trials):
    given = default_encoding(nameless(trials))
    assert given == {
        "step": "event",
        "choice_event": "response",
        "events": ["stimulus", "response", "outcome"],
        "inputs": {"choice": "outcome", "reward": "outcome", "stimulus": "stimulus",
                   "flag": "stimulus"},
    }  # fmt: skip
    sequences = encode(nameless(trials), **given)
    assert min(sequences.steps_to_choice.values()) == 1
    assert sequences.notes == ()


def test_steps_without_an_input_are_left_out(trials):
    given = default_encoding(nameless(trials)[["choice", "reward", "rt"]])
    assert (given["events"], list(given["inputs"])) == (
        ["response", "outcome"],
        ["choice", "reward"],
    )
    given = default_encoding(nameless(trials), {"inputs": ["flag"]})
    assert given["events"] == ["stimulus", "response"]


@pytest.mark.parametrize(
    ("names", "choice", "outcome"),
    [
        (["cue", "Response", "delay", "feedback"], "Response", ("delay", "feedback")),
        (["fixation", "choice"], "choice", ("choice", "choice")),
        (["cue", "go", "end"], "end", ("end", "end")),
        (["response", "outcome"], "response", ("outcome", "outcome")),
    ],
)
@pytest.mark.parametrize("timed", [True, False])
def test_choice_event_is_found_by_name_else_the_last(trials, names, choice, outcome, timed):
    data = nameless(trials).assign_coords(event=names)
    if timed:
        times = np.arange(len(names)) * np.ones((36, 1))
        data = data.assign(event_time=(("trial", "event"), times))
    given = default_encoding(data)
    assert "events" not in given
    assert given["choice_event"] == choice
    assert (given["inputs"]["choice"], given["inputs"]["reward"]) == outcome
    assert given["inputs"]["flag"] == names[0]
    told = with_encoding(data).attrs["default_encoding"]
    assert ("was taken as the choice, as none is named" in told) == (choice == "end")
    encode(data, **given)


def test_what_the_dataset_says_is_kept(trials):
    own = with_encoding(trials, {"inputs": ["flag"]})
    assert default_encoding(own) == {"inputs": ["flag"]}
    assert default_encoding(own, {"carry": "trial"}) == {"inputs": ["flag"], "carry": "trial"}
    assert with_encoding(own).attrs == own.attrs
    chosen = with_encoding(nameless(trials))
    assert "default_encoding" in chosen.attrs
    assert "default_encoding" not in with_encoding(chosen, {"inputs": ["flag"]}).attrs


def test_time_resolved_inputs_have_no_default(trials):
    timed = nameless(trials).assign(
        inputs=(("trial", "time", "feature"), np.zeros((36, 2, 1))),
        n_steps=("trial", np.full(36, 2)),
    )
    with pytest.raises(DataError, match="have no default: pass the arguments of encode"):
        default_encoding(timed.assign_coords(time=[0.0, 0.1]))


@pytest.mark.parametrize("encoding", [["flag"], "flag", {"step": "trial"}, {"inputs": [], "x": 1}])
def test_encodings_are_tables_of_known_arguments(trials, encoding):
    with pytest.raises(DataError, match=r"expected a table with at least inputs|'x' is unknown"):
        with_encoding(trials, encoding)


def test_table_with_names_of_events_returns_as_it_was():
    frame = pd.DataFrame({"s": ["a", "a", "b"], "c": [0, 1, 1], "x": [1.0, 2.0, np.nan]})
    columns = {"subject": "s", "choice": "c", "x": "x"}
    with pytest.warns(DataWarning, match=r"'x' is missing on 1 of 3 trials \(subject b\)"):
        trials = from_frame(frame, columns, events=["on", "response"])
    assert "event_time" not in trials
    table = to_frame(trials)
    xr.testing.assert_equal(from_frame(table, **table.attrs["from_frame"]), trials)
    with pytest.raises(DataError, match="events: 'on' is named more than once"):
        from_frame(frame, columns, events=["on", "on"])
