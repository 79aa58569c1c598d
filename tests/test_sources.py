"""What a run names, turned into trials and a splitter."""

import json

import neuroalrnn
from neuroalrnn import sources
from neuroalrnn.config import Run


def test_table_without_run_file_gets_plain_inputs(tmp_path):
    path = tmp_path / "cues.csv"
    path.write_text("ID,resp,cue,rt\na,left,0,0.5\na,right,1,0.4\nb,,1,\n", encoding="utf-8")
    data = {"columns": {"subject": "ID", "choice": "resp", "cue": "cue", "rt": "rt"},
            "labels": ["left", "right"]}  # fmt: skip
    trials = sources.load_trials(str(path), Run.model_validate({"data": data}))
    assert json.loads(trials.attrs["encoding"]) == {"step": "trial", "inputs": ["choice", "cue"]}


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
