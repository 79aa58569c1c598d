"""What a run names, turned into trials and a splitter."""

import json

import pytest

import neuroalrnn
from neuroalrnn import sources
from neuroalrnn.config import Run


def load(tmp_path, text, columns, **tables):
    path = tmp_path / "table.csv"
    path.write_text(text, encoding="utf-8")
    data = {"columns": columns} | tables.pop("data", {})
    return sources.load_trials(str(path), Run.model_validate({"data": data} | tables))


CUES = "ID,resp,cue,rt\na,0,0,0.5\na,1,1,0.4\nb,,1,\n"
COLUMNS = {"subject": "ID", "choice": "resp", "cue": "cue", "rt": "rt"}
EVENTS = {"events": ["stimulus", "response", "outcome"], "choice_event": "response"}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {"step": "event", **EVENTS, "inputs": {"choice": "outcome", "cue": "stimulus"}}),
        ({"step": "trial"}, {"step": "trial", "inputs": ["choice", "cue"]}),
        (
            {"inputs": ["cue"], "carry": "trial"},
            {"step": "event", "choice_event": "response", "events": ["stimulus", "response"],
             "carry": "trial", "inputs": {"cue": "stimulus"}},
        ),
        (
            {"inputs": ["choice"], "step": "trial"}, {"step": "trial", "inputs": ["choice"]}
        ),
    ],
)  # fmt: skip
def test_encoding_of_a_table_is_completed(tmp_path, given, expected):
    trials = load(tmp_path, CUES, COLUMNS, encoding=given)
    assert json.loads(trials.attrs["encoding"]) == expected
    assert ("default_encoding" in trials.attrs) == (expected["step"] == "event")


def test_order_of_events_may_be_given_without_times(tmp_path):
    data = {"events": ["on", "choice", "off"]}
    trials = load(tmp_path, CUES, COLUMNS, data=data)
    assert json.loads(trials.attrs["encoding"]) == {
        "step": "event", "choice_event": "choice", "inputs": {"choice": "off", "cue": "on"},
    }  # fmt: skip


@pytest.mark.filterwarnings("ignore:trial numbers have", "ignore:'x' is missing")
def test_steps_gaps_and_missing_values_are_told(tmp_path):
    text = "s,t,c,x\na,1,1,0.5\na,2,0,\na,7,1,0.5\nb,1,0,1\n"
    columns = {"subject": "s", "trial": "t", "choice": "c", "x": "x"}
    told = "\n".join(sources.tell_steps(load(tmp_path, text, columns)))
    assert "steps of a trial: stimulus > response (choice) > outcome" in told
    assert "  x: 1 step before its choice, 4 steps before the next choice" in told
    assert "  choice: after the choice of its trial, 2 steps before the next choice" in told
    assert "missing values are read as 0: x on 1 trials" in told
    assert "gaps in trial_in_session: 1 (lags are 0 after them, states go on)" in told
    assert "The data name no events" in told
    asked = load(tmp_path, text, columns, encoding={"step": "trial", "lag_over_gaps": True})
    told = "\n".join(sources.tell_steps(asked))
    assert "  x: in the step of its choice, 1 step before the next choice" in told
    assert "gaps in trial_in_session: 1 (lags reach over them, as asked)" in told
    assert "The data name no events" not in told


def test_labels_that_read_as_numbers_stand_for_numbers(tmp_path):
    path = tmp_path / "numbers.csv"
    path.write_text("s,c\na,1\na,2\nb,2\n", encoding="utf-8")
    data = {"columns": {"subject": "s", "choice": "c"}, "labels": {"1": "left", "2": "right"}}
    trials = sources.load_trials(str(path), Run.model_validate({"data": data}))
    assert trials["choice"].values.tolist() == [0, 1, 1]
    assert list(trials["choice"].attrs["labels"]) == ["left", "right"]


def test_marks_of_the_run_file_reach_the_variables(tmp_path):
    path = tmp_path / "marks.csv"
    path.write_text("s,c,r,x\na,0,1,0\na,1,0,1\nb,1,1,1\n", encoding="utf-8")
    data = {"columns": {"subject": "s", "choice": "c", "reward": "r", "x": "x"},
            "signed": ["reward"], "after_choice": ["x"]}  # fmt: skip
    trials = sources.load_trials(str(path), Run.model_validate({"data": data}))
    assert trials["reward"].attrs == {"coding": "signed"}
    assert trials["x"].attrs == {"known": "after_choice"}


def test_netcdf_source_and_overrides(tmp_path):
    import data_loaders

    path = tmp_path / "pratte.nc"
    data_loaders.load("pratte2010").isel(trial=slice(1440)).to_netcdf(path, engine="h5netcdf")
    run = Run.model_validate({"encoding": {"carry": "trial"}, "analysis": {"rule": "word"}})
    trials = sources.load_trials(str(path), run)
    encoding = json.loads(trials.attrs["encoding"])
    assert (encoding["carry"], encoding["step"]) == ("trial", "event")
    assert json.loads(trials.attrs["analysis"])["rule"] == "word"


def test_splitters_are_built_from_the_run():
    given = {"splitter": "SessionKFold", "n_splits": 4, "random_state": 3}
    splitter = sources.make_splitter(Run.model_validate({"validation": given}))
    assert splitter == neuroalrnn.SessionKFold(4, 3)
    given = {"splitter": "StimulusSequenceOut"}
    splitter = sources.make_splitter(Run.model_validate({"validation": given}))
    assert splitter == neuroalrnn.StimulusSequenceOut()


def test_a_dataset_may_be_called_after_its_table(tmp_path):
    trials = load(tmp_path, CUES, COLUMNS)
    trials.to_netcdf(tmp_path / "table.csv.nc", engine="h5netcdf")
    again = sources.load_trials(str(tmp_path / "table.csv.nc"), Run())
    assert again["subject"].values.tolist() == ["a", "a", "b"]
    assert again.attrs["load_report"] == trials.attrs["load_report"]
