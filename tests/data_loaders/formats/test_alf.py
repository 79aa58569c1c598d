"""Sessions of the IBL: revisions, merged files, codes of choices; raw data of the rig."""

import json

import numpy as np
import pandas as pd
import pytest

from data_loaders.formats import load_alf, read_alf, recognise
from neuroalrnn.exceptions import DataError

NAN = np.nan
TRIALS = {
    "choice": np.array([1.0, 1.0, -1.0, 0.0]),
    "feedbackType": np.array([1.0, -1.0, 1.0, -1.0]),
    "contrastLeft": np.array([1.0, NAN, NAN, 0.0]),
    "contrastRight": np.array([NAN, 0.125, 0.0, NAN]),
    "probabilityLeft": np.array([0.5, 0.2, 0.2, 0.8]),
    "stimOn_times": np.array([1.002, 2.0, 3.0, 4.0]),
    "goCue_times": np.array([1.0, 2.0, 3.0, 4.0]),
    "intervals": np.arange(8.0).reshape(4, 2),
    "itiDuration": np.arange(3.0),
}


def save(folder, *, name="_ibl_trials", **changed):
    folder.mkdir(parents=True, exist_ok=True)
    for attribute, values in (TRIALS | changed).items():
        if values is not None:
            np.save(folder / f"{name}.{attribute}.npy", values)


@pytest.fixture
def session(tmp_path):
    folder = tmp_path / "lab" / "Subjects" / "KS014" / "2019-12-07" / "001"
    save(folder / "alf")
    return folder


def test_a_session_is_read_with_the_codes_of_the_ibl(session):
    assert recognise(session) == "alf"
    events = {"go": "goCue_times", "stim": "stimOn_times"}
    trials = load_alf(session, {"contrast": "signed_contrast", "side": "side"}, events=list(events))
    np.testing.assert_array_equal(trials["choice"], [0, 0, 1, np.nan])
    assert list(trials["choice"].attrs["labels"]) == ["left", "right"]
    assert trials["contrast"].values.tolist() == [-1, 0.125, 0, 0]
    assert trials["side"].values.tolist() == [-1, 1, 1, -1]
    assert set(trials["subject"].values) == {"KS014"}
    assert set(trials["session"].values) == {"2019-12-07/001"}
    assert "no choice on 1 trials without an answer" in trials.attrs["notes"]
    table = read_alf(session / "alf").table
    assert table["intervals_1"].tolist() == [1, 3, 5, 7]
    assert "itiDuration" not in table


def test_a_cue_may_come_a_little_before_its_stimulus_where_that_is_said(session):
    events = {"stim": "stimOn_times", "go": "goCue_times"}
    options = {"events": events, "trial_start": "stimOn_times"}
    with pytest.raises(DataError, match=r"on trial 0; .* by 0.002 s at most: see tolerance"):
        load_alf(session, {}, **options)
    trials = load_alf(session, {}, **options, tolerance=0.003)
    assert (trials["event_time"] == 0).all()
    assert "go on 1 trials by up to 0.002 s" in trials.attrs["reading"]


def test_the_last_revision_counts_or_the_last_that_is_asked_for(session):
    for day, value in (("2024-01-01", 0.9), ("2023-05-01", 0.7)):
        folder = session / "alf" / f"#{day}#"
        folder.mkdir()
        np.save(folder / "_ibl_trials.probabilityLeft.npy", np.full(4, value))
    assert read_alf(session).table["probabilityLeft"].tolist() == [0.9] * 4
    asked = read_alf(session, revision="2023-12-31").table
    assert asked["probabilityLeft"].tolist() == [0.7] * 4
    before = read_alf(session, revision="2020-01-01").table
    assert before["probabilityLeft"].tolist() == [0.5, 0.2, 0.2, 0.8]


def test_tasks_in_folders_of_their_own_are_asked_about(tmp_path):
    for task in ("task_00", "task_01"):
        save(tmp_path / "alf" / task, name="trials", choice=None)
    with pytest.raises(DataError, match="several tasks, task_00, task_01: say which"):
        read_alf(tmp_path)
    assert len(read_alf(tmp_path, task="task_01").table) == 4
    with pytest.raises(DataError, match="task 'task_1'"):
        read_alf(tmp_path, task="task_1")


def test_what_lies_in_the_session_counts_before_its_only_task(tmp_path):
    save(tmp_path / "alf" / "task_00", choice=None)
    assert read_alf(tmp_path).table["goCue_times"].tolist() == [1, 2, 3, 4]
    save(tmp_path / "alf", goCue_times=np.arange(4.0), choice=None)
    assert read_alf(tmp_path).table["goCue_times"].tolist() == [0, 1, 2, 3]
    assert read_alf(tmp_path, task="task_00").table["goCue_times"].tolist() == [1, 2, 3, 4]


def test_names_and_shapes_of_earlier_sessions_are_read(tmp_path):
    folder = tmp_path / "alf"
    folder.mkdir()
    for name, values in {
        "trials.response_choice": [[1.0], [0.0], [-1.0]],
        "trials.visualStim_contrastLeft": [[0.0], [0.5], [1.0]],
        "_ibl_trials.feedback_times.3f2a": [[1.0], [2.0], [3.0]],
    }.items():
        np.save(folder / f"{name}.npy", np.array(values))
    trials = load_alf(tmp_path, {"choice": "response_choice", "left": "visualStim_contrastLeft"},
                      labels={1: "left", 0: "none", -1: "right"})  # fmt: skip
    assert trials["choice"].values.tolist() == [0, 1, 2]
    assert trials["left"].values.tolist() == [0, 0.5, 1]
    assert read_alf(tmp_path).table["feedback_times"].tolist() == [1, 2, 3]


def test_a_table_and_single_files_are_merged_and_must_agree(session, monkeypatch):
    table = pd.DataFrame({"choice": [1, 1, -1, 0], "quiescence": [0.4] * 4, "itiDuration": [0] * 4})
    monkeypatch.setattr("pandas.read_parquet", lambda path, engine: table)
    (session / "alf" / "_ibl_trials.table.pqt").write_bytes(b"PAR1")
    assert read_alf(session).table["quiescence"].tolist() == [0.4] * 4
    table[["intervals_0", "intervals_1"]] = TRIALS["intervals"]
    assert read_alf(session).table["intervals_1"].tolist() == [1, 3, 5, 7]
    table["intervals_1"] += 1
    with pytest.raises(DataError, match="intervals_1 is there twice, with different values"):
        read_alf(session)
    table["choice"] = [1, 1, -1, 1]
    with pytest.raises(DataError, match="choice is there twice, with different values"):
        read_alf(session)


def test_parquet_without_its_library_is_one_sentence(session, monkeypatch):
    def absent(path, engine):
        raise ImportError("no pyarrow")

    monkeypatch.setattr("pandas.read_parquet", absent)
    (session / "alf" / "_ibl_trials.table.pqt").write_bytes(b"PAR1")
    with pytest.raises(DataError, match="Parquet need pyarrow: install it, or save"):
        read_alf(session)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"stimOn_times": np.zeros(3)}, r"different lengths: .*stimOn_times \(3\)"),
        ({"choice": -TRIALS["choice"]}, "contradicts feedbackType on trials 1, 2, 3: expected 1"),
        ({"contrastLeft": np.zeros(4)}, "not exactly one side has a contrast on trials 2, 3"),
        ({"choice": np.array([1, None, 0, 0])}, "pickled, and unpickling runs code"),
        ({"choice": np.zeros((4, 2, 2))}, "expected a value per trial"),
    ],
)
def test_what_contradicts_itself_is_refused(session, changed, message):
    save(session / "alf", **changed)
    with pytest.raises(DataError, match=message):
        read_alf(session)


def test_an_array_that_claims_more_than_it_has_is_refused(session):
    path = session / "alf" / "_ibl_trials.choice.npy"
    path.write_bytes(path.read_bytes().replace(b"(4,)", b"(9**9,)"[:4]))
    with pytest.raises(DataError, match="not a readable file of trials"):
        read_alf(session)
    np.save(path, TRIALS["choice"])
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(DataError, match="it claims 32 bytes and has 24"):
        read_alf(session)


def test_listings_of_sessions_hold_no_trials(tmp_path):
    (tmp_path / "sessions.pqt").write_bytes(b"PAR1")
    with pytest.raises(DataError, match="lists sessions and data sets, and holds no trials"):
        read_alf(tmp_path)


def raw(position, outcome, *, start=1.5, **more):
    states = {name: [[NAN, NAN]] for name in ("correct", "error", "no_go")}
    states |= {"trial_start": [[0, 0.1]], outcome: [[2.5, 3.0]]}
    record = {
        "Trial start timestamp": start,
        "States timestamps": states,
        "Events timestamps": {"Port1In": [0.2, 0.3]},
    }
    fields = {"position": position, "signed_contrast": 0.5, "trial_num": 1, "contrast": {"a": "b"}}
    return (
        fields
        | {"current_contrast": 0.5, "file": "__import__('os')", "behavior_data": record}
        | more
    )


def write(folder, *lines):
    folder = folder / "raw_behavior_data"
    folder.mkdir(exist_ok=True)
    path = folder / "_iblrig_taskData.raw.jsonable"
    path.write_text(
        "\n".join(each if isinstance(each, str) else json.dumps(each) for each in lines)
    )
    about = {"SUBJECT_NAME": "KS1", "SESSION_DATE": "2019-07-01", "SESSION_NUMBER": "002"}
    (folder / "_iblrig_taskSettings.raw.json").write_text(json.dumps(about))
    return path


def test_raw_data_of_the_rig_have_the_same_codes(tmp_path):
    write(
        tmp_path,
        raw(-35, "correct"),
        raw(35, "correct"),
        raw(35, "error", start=9.0),
        raw(-35, "no_go"),
    )
    table = read_alf(tmp_path).table
    assert table["choice"].tolist() == [1, -1, 1, 0]
    assert table["feedbackType"].tolist() == [1, 1, -1, -1]
    assert table["contrast"].tolist() == [0.5] * 4
    assert table["trial_start"].tolist() == [1.5, 1.5, 9.0, 1.5]
    np.testing.assert_array_equal(table["correct_in"], [2.5, 2.5, NAN, NAN])
    assert "file" not in table
    trials = load_alf(tmp_path, {})
    assert trials["session"].values[0] == "2019-07-01/002"
    np.testing.assert_array_equal(trials["choice"], [0, 1, 0, NAN])


def test_a_line_that_is_cut_off_is_named_and_trials_before_it_can_be_read(tmp_path):
    path = write(tmp_path, raw(-35, "correct"), raw(35, "error"), json.dumps(raw(35, "error"))[:80])
    with pytest.raises(DataError, match="line 3 is damaged or cut off"):
        read_alf(path)
    found = read_alf(path, strict=False)
    assert found.table["choice"].tolist() == [1, 1]
    assert "2 trials before it are read" in found.notes[0]


def test_a_trial_without_one_outcome_is_refused(tmp_path):
    both = raw(35, "error")
    both["behavior_data"]["States timestamps"]["correct"] = [[1.0, 2.0]]
    with pytest.raises(DataError, match="several of the mapped ones on trials 2"):
        read_alf(write(tmp_path, raw(35, "error"), both))
    with pytest.raises(DataError, match="lacks what belongs to it: 'position'"):
        read_alf(write(tmp_path, {k: v for k, v in raw(35, "error").items() if k != "position"}))
