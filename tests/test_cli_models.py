"""The commands compare, subjects and predictive on a small experiment with two sessions each."""

import numpy as np
import pandas as pd
import pytest

from neuroalrnn.config import Run
from neuroalrnn.data import LeaveOneSubjectOut, SessionKFold, StimulusSequenceOut, SubjectKFold
from neuroalrnn.results.tables import FILES, conform
from neuroalrnn.sources import make_subject_splitters

RUN = """
[data]
path = "rules.csv"
columns = {subject = "ID", session = "day", choice = "resp", cue = "cue", rule = "rule"}
labels = ["left", "right"]
[data.events]
stimulus = 0
response = 0.5
[encoding]
step = "event"
choice_event = "response"
inputs = {cue = "stimulus", rule = "stimulus"}
[setting]
n_latent = 2
max_checks = 2
check_every = 5
[validation]
n_splits = 2
n_inner = 2
n_restarts = 1
n_pwl = [0, 2]
"""


@pytest.fixture(scope="module")
def run_file(tmp_path_factory):
    rng = np.random.default_rng(0)
    n = 4 * 3 * 30
    cue, rule = rng.integers(0, 2, (2, n))
    choice = np.where(rng.random(n) < 0.9, (cue + rule) % 2, rng.integers(0, 2, n))
    frame = pd.DataFrame({"ID": np.repeat(list("abcd"), 90), "cue": cue, "rule": rule})
    frame["day"] = np.tile(np.repeat([1, 2, 3], 30), 4)
    frame["resp"] = np.where(choice == 1, "right", "left")
    folder = tmp_path_factory.mktemp("rules")
    frame.to_csv(folder / "rules.csv", index=False)
    (folder / "rules.toml").write_text(RUN, encoding="utf-8")
    return folder / "rules.toml"


def test_compare_scores_all_models_on_the_same_trials(run, run_file, tmp_path):
    code, text, errors = run("compare", "--run", run_file, "--out", tmp_path, "--threads", 1)
    assert code == 0, errors
    scores = pd.read_csv(tmp_path / "scores.csv")
    wanted = {"AL-RNN", "AL-RNN P=0", "AL-RNN P=2", "class frequency", "history-logistic"}
    wanted |= {"history-logistic, lags chosen", "GLM-HMM", "GLM-HMM with lapses"}
    wanted |= {"GLM-HMM with driven states", "GRU", "LSTM"}
    plain = wanted - {"AL-RNN P=0", "AL-RNN P=2", "class frequency"}
    wanted |= {f"{name} adaptive" for name in plain}
    assert set(scores["model"]) - {"AL-RNN sufficient"} == wanted
    assert (scores.groupby("model")["n_trials"].sum() == 360).all()
    assert np.isfinite(scores["log_likelihood"]).all()
    assert "GLM-HMM" in text
    assert (tmp_path / "tables" / "models.csv").exists()
    code, _, errors = run("predictive", tmp_path / "fit.nc", "--out", tmp_path / "again")
    assert code == 2
    assert "environment" in errors


def test_subjects_writes_scores_vectors_and_figures(run, run_file, tmp_path):
    code, text, errors = run(
        "subjects", "--run", run_file, "--out", tmp_path, "--n-shots", "0,10",
        "--n-dimensions", "1", "--threads", 1,
    )  # fmt: skip
    assert code == 0, errors
    pooling = pd.read_csv(tmp_path / "pooling.csv")
    for name in ("pooling.csv", "few_shot.csv", "vectors.csv", "choices.csv"):
        conform(name, pd.read_csv(tmp_path / name), FILES[name])
    assert set(pooling["model"]) == {"pooled", "subject vectors", "per subject"}
    shots = pd.read_csv(tmp_path / "few_shot.csv")
    assert set(shots["n_shots"].dropna()) == {0, 10}
    assert set(pd.read_csv(tmp_path / "choices.csv")["held_out"]) == {"sessions", "subjects"}
    assert len(pd.read_csv(tmp_path / "vectors.csv")) >= 4
    assert (tmp_path / "few_shot.svg").exists()
    assert (tmp_path / "vectors.pdf").exists()
    assert "held-out sessions of known subjects" in text
    assert not (tmp_path / "unfinished").exists()
    code, _, errors = run("subjects", "--run", run_file, "--out", tmp_path)
    assert code == 2
    assert "--overwrite" in errors
    code, _, errors = run("subjects", "--run", run_file, "--out", tmp_path / "x", "--n-shots", "a")
    assert (code, "--n-shots 'a'" in errors) == (2, True)


def test_subjects_splits_as_the_run_file_says(run, run_file, tmp_path):
    """One session per subject: known subjects have no new one, new subjects are predicted."""
    table = pd.read_csv(run_file.parent / "rules.csv")
    table[table["day"] == 1].to_csv(tmp_path / "rules.csv", index=False)
    (tmp_path / "rules.toml").write_text(RUN, encoding="utf-8")
    code, text, errors = run(
        "subjects", "--run", tmp_path / "rules.toml", "--out", tmp_path / "out", "--n-shots", "0,5",
        "--n-dimensions", "1", "--threads", 1, "--seed", 7,
    )  # fmt: skip
    assert code == 0, errors
    assert "held-out sessions: left out\ncompare_pooling: 1 problem" in text
    assert "new subjects, SubjectKFold(n_splits=2, random_state=7)" in text
    assert set(pd.read_csv(tmp_path / "out" / "few_shot.csv")["fold"]) == {"fold 0", "fold 1"}
    assert set(pd.read_csv(tmp_path / "out" / "choices.csv")["held_out"]) == {"subjects"}


@pytest.mark.parametrize(
    ("validation", "known", "new"),
    [
        ({}, SessionKFold(5), LeaveOneSubjectOut()),
        ({"n_splits": 2}, SessionKFold(2), SubjectKFold(2)),
        ({"splitter": "SessionKFold", "n_splits": 3}, SessionKFold(3), LeaveOneSubjectOut()),
        ({"splitter": "SubjectKFold"}, SessionKFold(5), SubjectKFold(5)),
        ({"splitter": "StimulusSequenceOut"}, SessionKFold(5), StimulusSequenceOut()),
        ({"random_state": 9}, SessionKFold(5, 9), LeaveOneSubjectOut()),
    ],
)
def test_splitters_of_subjects(validation, known, new):
    assert make_subject_splitters(Run(validation=validation)) == (known, new)


def test_subjects_refuses_what_it_does_not_model(run, run_file, tmp_path):
    more = tmp_path / "more.toml"
    text = run_file.read_text(encoding="utf-8").replace(
        "rules.csv", str(run_file.parent / "rules.csv")
    )
    more.write_text('observation = "choice_rt"\n' + text, encoding="utf-8")
    code, _, errors = run("subjects", "--run", more, "--out", tmp_path / "out")
    assert (code, "choices alone" in errors) == (2, True)
