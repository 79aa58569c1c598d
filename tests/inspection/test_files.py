"""Subjects are found in names of files, and what looks wrong goes into the run file."""

import numpy as np
import pytest
from scipy.io import savemat

from neuroalrnn.config import load_run
from neuroalrnn.inspection.files import from_names, inspect_files, path_of
from neuroalrnn.inspection.look import _each_once
from neuroalrnn.sources import load_trials
from tests.inspection.conftest import make_table


def test_columns_that_are_called_alike_get_names_of_their_own():
    for names, expected in (
        (["a", "b", "a"], ["a", "b", "a.1"]),
        (["a.1.2", "a.1", "a", "a.1"], ["a.1.2", "a.1", "a", "a.1.3"]),
        ([f"c{k}" for k in range(20_000)] * 2, None),
    ):
        found, _ = _each_once(names)
        assert len(set(found)) == len(names)
        assert expected is None or found == expected


@pytest.mark.parametrize(
    ("names", "made", "options"),
    [
        (["lab.csv"], {"subject": ["lab"]}, {"constants": {"subject": "lab"}}),
        (["P1.csv", "P22.csv"], {"subject": ["P1", "P22"]}, {"file_name": "{subject}.csv"}),
        (
            ["task_anna_v1.csv", "task_ben_v1.csv"],
            {"subject": ["anna", "ben"]},
            {"file_name": "task_{subject}_v1.csv"},
        ),
        (
            ["sub-01_ses-2_beh.tsv", "sub-02_ses-1_beh.tsv"],
            {"subject": ["01", "02"], "session": ["2", "1"]},
            {"file_name": "sub-{subject}_ses-{session}_beh.tsv"},
        ),
        (
            ["m_1_2024-01-09.csv", "m_1_2024-01-10.csv"],
            {"subject": ["m_1", "m_1"], "session": ["2024-01-09", "2024-01-10"]},
            {"file_name": "m_1_{session}.csv", "constants": {"subject": "m_1"}},
        ),
        (
            ["rat_a_20240109_1015.csv", "rat_b_20240110_0900.csv"],
            {"subject": ["a", "b"], "session": ["20240109_1015", "20240110_0900"]},
            {"file_name": "rat_{subject}_{session}.csv"},
        ),
    ],
)
def test_subjects_are_found_in_names_of_files(names, made, options):
    assert from_names(names, ["trial"]) == (made, options)


def in_one(path, n_sessions, **columns):
    """A table of one subject."""
    table = make_table(1, n_sessions, 40)
    table.assign(**{name: make(len(table)) for name, make in columns.items()}).to_csv(path)
    return path


def test_sessions_of_one_subject_are_held_out_and_that_is_said(tmp_path, run):
    path = in_one(tmp_path / "one.csv", 3)
    code, told, _ = run("inspect", path, "--out", tmp_path / "run.toml")
    assert code == 0
    assert "3 folds (SessionKFold)" in told
    assert "one subject: whole sessions are held out, so that results speak of new sess" in told
    files = [tmp_path / f"m1_2024-01-0{day}.csv" for day in (1, 2, 3)]
    table = make_table(1, 3, 40).drop(columns="participant")
    for path, (_, part) in zip(files, table.groupby("session"), strict=True):
        part.drop(columns="session").to_csv(path, index=False)
    code, told, _ = run("inspect", *files, "--out", tmp_path / "days.toml")
    assert "3 folds (SessionKFold)" in told
    data = load_run(tmp_path / "days.toml").data
    assert (data.file_name, data.constants) == ("m1_{session}.csv", {"subject": "m1"})


def test_what_can_be_done_about_a_single_session_is_said(tmp_path, run):
    path = in_one(tmp_path / "one.csv", 1, block=lambda n: np.arange(n) // 10)
    _, told, _ = run("inspect", path, "--out", tmp_path / "run.toml")
    assert "one subject, one session: sessions are held out, and three are needed." in told
    assert 'block (4); write session = "block" in place of block = ...' in told
    text = (tmp_path / "run.toml").read_text()
    lines = [line for line in text.splitlines() if not line.startswith("session =")]
    mended = "\n".join(lines).replace("block = ", "session = ", 1)
    (tmp_path / "run.toml").write_text(mended)
    trials = load_trials(str(path), load_run(tmp_path / "run.toml"))
    assert len(np.unique(trials["session"])) == 4
    _, told, _ = run("inspect", in_one(tmp_path / "b.csv", 2), "--out", tmp_path / "b.toml")
    assert "one subject, two sessions: sessions are held out" in told
    assert "no column divides its rows into stretches" in told


def test_inputs_made_of_text_are_called_as_nothing_else(tmp_path, run):
    rng = np.random.default_rng(0)
    more = {name: (lambda n: rng.choice(["x", "y"], n)) for name in ("stim", "a-b", "a b")}
    more["stim_is_y"] = lambda n: rng.normal(size=n)
    path = in_one(tmp_path / "one.csv", 3, **more)
    code, told, _ = run("inspect", path, "--out", tmp_path / "run.toml")
    assert (code, "loads 120 trials" in told) == (0, True)
    made = ["target_is_right", "stim_is_y_made", "a_b_is_y", "a_b_is_y_made"]
    assert f"inputs made of text: {', '.join(made)}\n" in told
    derive = load_run(tmp_path / "run.toml").data.derive
    assert [derive[name]["from"] for name in made] == ["target", "stim", "a-b", "a b"]


def write_files(folder, change=lambda table: table, **names):
    """One file per subject, which no column names."""
    table = change(make_table(4, 2, 20).rename(columns=names))
    for name, part in table.groupby("participant", sort=False):
        part.drop(columns="participant").to_csv(folder / f"study_{name}.csv", index=False)
    return sorted(folder.glob("*.csv"))


def test_files_of_one_subject_each_go_to_a_run(tmp_path, run):
    paths = write_files(tmp_path)
    code, told, _ = run("inspect", *paths, "--out", tmp_path / "run.toml")
    assert code == 0
    assert "subjects: 4, 40 rows each (subject)" in told
    assert "loads 160 trials, 160 scored" in told
    data = load_run(tmp_path / "run.toml").data
    assert data.file_name == "study_{subject}.csv"
    assert data.path == [path.name for path in paths]


def test_many_files_are_named_by_a_pattern(tmp_path):
    paths = [tmp_path / f"s{k}.csv" for k in range(9)]
    for path in paths:
        path.touch()
    assert path_of(paths, tmp_path) == "s*.csv"
    (tmp_path / "s_other.csv").touch()
    assert path_of(paths, tmp_path) == [path.name for path in paths]


def odd(table):
    """Practice, forced trials, a code for no choice, lists, decimal commas."""
    table["phase"] = ["practice" if int(trial) < 4 else "main" for trial in table["trial"]]
    table["forced"] = [str(k % 9 == 0) for k in range(len(table))]
    table["choice"] = ["['" + each + "']" for each in table["choice"]]
    table.loc[[45, 54], "choice"] = "null"
    numbers = ["rt", "coherence"]
    return table.assign(**{name: table[name].str.replace(".", ",") for name in numbers})


def test_what_looks_wrong_is_mended_in_the_run_file(tmp_path, run):
    path = tmp_path / "lab.csv"
    odd(make_table(4, 2, 20)).to_csv(path, index=False, sep=";")
    code, _, _ = run("inspect", path, "--out", tmp_path / "run.toml")
    assert code == 0
    config = load_run(tmp_path / "run.toml")
    assert config.data.keep == {"phase": {"is_not": ["practice"]}}
    assert config.data.decimal == ","
    trials = load_trials(str(path), config)
    assert set(trials["trial_in_session"].values) >= {5, 6}
    assert trials["choice"].attrs["labels"] == ["left", "right"]
    assert int(trials["choice"].isnull().sum()) == 2
    assert 0.05 < 1 - float(trials["scored"].mean()) < 0.2
    assert 0.2 < float(trials["rt"].median()) < 2
    assert "target" in trials


def test_a_run_file_of_odd_names_is_valid(tmp_path, run):
    names = {"coherence": 'a "b" [c]: d', "target": "target", "block": "rewards", "correct": "a\tb"}
    path = tmp_path / "lab.csv"
    make_table(4, 2, 20).rename(columns=names).to_csv(path, index=False)
    _, told, _ = run("inspect", path, "--out", tmp_path / "run.toml")
    assert "loads 160 trials" in told


def test_files_of_other_columns_are_not_mixed(tmp_path):
    (tmp_path / "a.csv").write_text("x,y\n1,2\n", encoding="utf-8")
    (tmp_path / "b.csv").write_text("x,z\n1,2\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"b\.csv has other columns than a\.csv \('y', 'z'\)"):
        inspect_files([tmp_path / "a.csv", tmp_path / "b.csv"])


def test_files_of_other_formats_are_read_with_arguments(tmp_path, run):
    table = make_table(4, 2, 20)
    numbers = table[["trial", "coherence", "reward", "rt"]].astype(float)
    numbers["choice"] = (table["choice"] == "right").astype(float)
    numbers["subject"] = [float(name[1:]) for name in table["participant"]]
    savemat(tmp_path / "lab.mat", {"trials": {k: v.to_numpy() for k, v in numbers.items()}, "x": 1})
    out = ("--out", tmp_path / "run.toml")
    code, told, _ = run("inspect", tmp_path / "lab.mat", "--read", 'variable = "trials"', *out)
    assert code == 0
    assert "loads 160 trials, 160 scored" in told
    assert load_run(tmp_path / "run.toml").data.read == {"variable": "trials"}
    _, _, error = run(
        "inspect", tmp_path / "lab.mat", "--read", 'variabel = "x"', *out, "--overwrite"
    )
    assert "did you mean 'variable'" in error
    _, _, error = run("inspect", tmp_path / "lab.mat", "--read", "variable", *out, "--overwrite")
    assert "expected a line of a run file" in error


def test_times_that_climb_are_offered_as_events(tmp_path, run):
    table = make_table(4, 2, 20)
    onset = 3.1 * table["trial"].astype(float)
    table["stim.onset"], table["press"] = onset, onset + table["rt"].astype(float)
    table.to_csv(tmp_path / "lab.csv", index=False)
    _, told, _ = run("inspect", tmp_path / "lab.csv", "--out", tmp_path / "run.toml")
    assert "events: stim.onset, press (climb through sessions)" in told
    text = (tmp_path / "run.toml").read_text(encoding="utf-8")
    text = text.replace("# events", "events").replace("# trial_start", "trial_start")
    (tmp_path / "run.toml").write_text(text, encoding="utf-8")
    trials = load_trials(str(tmp_path / "lab.csv"), load_run(tmp_path / "run.toml"))
    assert list(trials["event"].values) == ["stim_onset", "press"]
    assert float(trials["event_time"].max()) < 3


def test_what_the_loader_cautions_is_told(tmp_path, run):
    table = make_table(4, 2, 20)
    table.loc[3, "coherence"] = ""
    table.to_csv(tmp_path / "lab.csv", index=False)
    _, told, _ = run("inspect", tmp_path / "lab.csv", "--out", tmp_path / "run.toml")
    assert "the loader says: 'coherence' is missing on 1 of 160 trials" in told


def test_texts_that_change_from_trial_to_trial_become_inputs(tmp_path, run):
    table = make_table(4, 2, 20).drop(columns=["coherence", "correct", "reward"])
    table["cue type"] = np.resize(["a", "b", "c"], len(table))
    table["group"] = np.where(table["participant"] < "P02", "old", "young")
    table["feedback"] = np.where(table["choice"] == table["target"], "right!", "wrong!")
    table.to_csv(tmp_path / "lab.csv", index=False)
    code, told, _ = run("inspect", tmp_path / "lab.csv", "--out", tmp_path / "run.toml")
    assert code == 0
    assert "inputs made of text: target_is_right, cue_type_is_a" in told
    config = load_run(tmp_path / "run.toml")
    trials = load_trials(str(tmp_path / "lab.csv"), config)
    made = [name for name in trials.data_vars if "_is_" in name]
    assert made == ["target_is_right", "cue_type_is_a", "cue_type_is_b", "cue_type_is_c"]
    assert np.array_equal(trials["target_is_right"], table["target"] == "right")
    assert "feedback" not in trials


def test_the_column_that_says_what_was_right_is_taken_as_correct(tmp_path, run):
    table = make_table(4, 2, 40).rename(columns={"correct": "feedback"})
    table.to_csv(tmp_path / "lab.csv", index=False)
    _, told, _ = run("inspect", tmp_path / "lab.csv", "--out", tmp_path / "run.toml")
    assert "loads 320 trials" in told
    assert load_run(tmp_path / "run.toml").data.columns["correct"] == "feedback"
