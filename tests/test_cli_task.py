"""Fits of one's own tables are simulated in the task that a run file names."""

import json

import numpy as np
import pandas as pd
import pytest

from neuroalrnn.results.tables import FILES, conform

RUN = """
[data]
path = "bandit.csv"
columns = {subject = "who", choice = "c", reward = "r", p_a = "p_a", p_b = "p_b"}
[encoding]
inputs = ["choice", "reward"]
[setting]
n_latent = 2
max_checks = 2
check_every = 5
[validation]
n_splits = 2
n_inner = 2
n_restarts = 1
n_pwl = [0, 1]
"""
TASK = """
[task]
name = "bandit"
probability = ["p_a", "p_b"]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A table of a bandit, and run files with and without its task."""
    folder = tmp_path_factory.mktemp("bandit")
    rng = np.random.default_rng(0)
    n = 4 * 30
    p_a = rng.choice([0.2, 0.8], n)
    choice = rng.integers(0, 2, n)
    reward = rng.random(n) < np.where(choice == 0, p_a, 1 - p_a)
    frame = pd.DataFrame({"who": np.repeat(list("vwxy"), 30), "c": choice, "r": reward * 1})
    frame.assign(p_a=p_a, p_b=1 - p_a).to_csv(folder / "bandit.csv", index=False)
    (folder / "without.toml").write_text(RUN, encoding="utf-8")
    (folder / "with.toml").write_text(RUN + TASK, encoding="utf-8")
    return folder


@pytest.fixture
def fitted(folder, run, monkeypatch):
    """Path of a fit without a task."""
    out = folder / "out"
    if not out.exists():
        with monkeypatch.context() as patch:
            patch.setattr("neuroalrnn.report.write_report", lambda *args, **options: "left out")
            code, _, error = run("fit", "--run", folder / "without.toml", "--out", out)
        assert code == 0, error
    return out / "fit.nc"


def test_predictive_takes_the_task_from_a_run_file(fitted, folder, tmp_path, run):
    code, _, error = run("predictive", fitted, "--out", tmp_path / "none")
    assert code == 2
    assert "one for each option as probability = ['p_left', 'p_right']" in error
    assert "add a table [task] to the run file, and pass it with --run" in error
    assert not (tmp_path / "none").exists()
    options = ("--run", folder / "with.toml", "--repeats", 39)
    code, text, error = run("predictive", fitted, "--out", tmp_path / "out", *options)
    assert code == 0, error
    assert "win-stay, lose-shift" in text
    assert (tmp_path / "out" / "predictive.svg").is_file()
    conform("p", pd.read_csv(tmp_path / "out" / "predictive.csv"), FILES["predictive.csv"])


def test_recover_fits_what_the_network_chose_in_the_task(fitted, folder, tmp_path, run):
    options = ("--fit", fitted, "--runs", 1, "--restarts", 1)
    code, _, error = run("recover", "--out", tmp_path / "none", *options)
    assert code == 2
    assert "add a table [task]" in error
    options += ("--run", folder / "with.toml")
    code, _, error = run("recover", "--out", tmp_path / "out", *options)
    assert code == 0, error
    table = pd.read_csv(tmp_path / "out" / "recovery.csv")
    assert len(conform("recovery", table, FILES["recovery.csv"])) == 1


def test_a_run_file_without_a_task_is_told_so(fitted, folder, tmp_path, run):
    options = ("--run", folder / "without.toml")
    code, _, error = run("predictive", fitted, "--out", tmp_path / "out", *options)
    assert code == 2
    assert "has no table [task]: add it" in error


def test_the_task_of_a_run_file_is_kept_and_checked_before_the_fit(folder, tmp_path, run):
    from neuroalrnn.config import load_run
    from neuroalrnn.sources import load_trials

    trials = load_trials(str(folder / "bandit.csv"), load_run(folder / "with.toml"))
    kept = json.loads(trials.attrs["environment"])
    assert kept == {"name": "bandit", "probability": ["p_a", "p_b"]}
    (folder / "wrong.toml").write_text(RUN + TASK.replace("p_b", "p_c"), encoding="utf-8")
    out = tmp_path / "out"
    code, _, error = run("fit", "--run", folder / "wrong.toml", "--out", out)
    assert code == 2
    assert "probability: 'p_c' is unknown" in error
    assert not out.exists()
