"""From an unknown table to a run file that fits, on the command line."""

import pytest

from neuroalrnn.config import load_run
from neuroalrnn.sources import load_trials
from tests.inspection.conftest import make_table


@pytest.fixture
def path(tmp_path):
    """A file as a lab has it: times in ms, own names, a code for a missing response."""
    table = make_table(n_trials=20).rename(columns={"participant": "ID", "choice": "key"})
    table["rt"] = (1000 * table["rt"].astype(float)).astype(str)
    table.loc[5, "rt"] = "0"
    table.to_csv(tmp_path / "lab.csv", index=False)
    return tmp_path / "lab.csv"


def test_the_run_file_loads_what_was_found(path, tmp_path, run):
    out = tmp_path / "runs" / "lab.toml"
    out.parent.mkdir()
    code, told, _ = run("inspect", path, "--out", out)
    assert code == 0
    for text in ("subjects: 6, 40 rows each (ID)", "options: left", "times in ms", "time 0",
                 "row 5", "loads 240 trials, 240 scored, 5 folds (SubjectKFold)",
                 f"neuroalrnn fit --run {out}"):  # fmt: skip
        assert text in told
    config = load_run(out)
    assert config.data.path == "../lab.csv"
    trials = load_trials(str(path), config)
    assert trials["choice"].attrs["labels"] == ["left", "right"]
    assert float(trials["rt"].median()) < 1
    assert int(trials["rt"].isnull().sum()) == 1
    assert "coherence" in trials
    text = out.read_text(encoding="utf-8")
    assert "# Looks wrong: times in ms" in text
    assert 'subject = "ID"  # 6 texts such as P00' in text


def test_a_run_file_is_not_replaced_unasked(path, tmp_path, run):
    out = tmp_path / "lab.toml"
    out.write_text("mine", encoding="utf-8")
    code, _, error = run("inspect", path, "--out", out)
    assert code == 2
    assert "--overwrite" in error
    assert out.read_text(encoding="utf-8") == "mine"


def test_what_stands_in_the_way_is_said(path, tmp_path, run):
    text = path.read_text(encoding="utf-8").replace("key", "kkk").replace("correct", "ccc")
    path.write_text(text, encoding="utf-8")
    _, told, _ = run("inspect", path, "--out", tmp_path / "lab.toml")
    assert "change the run file" in told
    assert "name the choice here (--columns choice=COLUMN)" in told
    assert '# choice = "..."' in (tmp_path / "lab.toml").read_text(encoding="utf-8")


def test_a_row_of_bids_is_no_trial_before_it_is_said(tmp_path, run):
    path = tmp_path / "sub-01_task-x_events.tsv"
    rows = ["1\t0\tcue\tn/a", "2\t0\tpress\tleft", "3\t0\tcue\tn/a", "4\t0\tpress\tright"]
    path.write_text("\n".join(["onset\tduration\ttrial_type\tresponse", *rows]))
    out = ("--out", tmp_path / "run.toml")
    code, _, error = run("inspect", path, *out)
    assert code == 2
    assert "rows are of 2 kinds of 'trial_type', cue, press: say trial = 'row'" in error
    assert "here this is given with --read, as in --read 'trial = ...'" in error
    code, told, _ = run("inspect", path, "--read", 'starts = ["cue"]', *out)
    assert code == 0
    assert "2 rows" in told


def test_a_listing_of_sessions_is_named_and_not_read_as_a_table(tmp_path, run):
    (tmp_path / "sessions.pqt").write_bytes(b"PAR1")
    code, _, error = run("inspect", tmp_path / "sessions.pqt", "--out", tmp_path / "run.toml")
    assert code == 2
    assert "lists sessions and data sets, and holds no trials" in error
