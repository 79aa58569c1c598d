"""One run per folder, no mixture of results, and what a run that was stopped goes on from."""

import json
import os
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from neuroalrnn import Fit, cli
from neuroalrnn.store import lock_folder

RUN = """
[data]
path = "cues.csv"
columns = {subject = "ID", choice = "resp", cue = "cue"}
[encoding]
step = "event"
choice_event = "response"
inputs = {cue = "stimulus"}
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


@pytest.fixture(scope="module")
def run_file(tmp_path_factory):
    rng = np.random.default_rng(0)
    cue = rng.choice([-1, 1], 96)
    choice = (np.where(rng.random(96) < 0.9, cue, -cue) + 1) // 2
    frame = pd.DataFrame({"ID": np.repeat(list("abcd"), 24), "cue": cue, "resp": choice})
    path = tmp_path_factory.mktemp("cues") / "cues.toml"
    frame.to_csv(path.with_suffix(".csv"), index=False)
    path.write_text(RUN.replace('step = "event"\nchoice_event = "response"\n', "").replace(
        'inputs = {cue = "stimulus"}', 'step = "trial"\ninputs = ["cue", "choice"]'
    ), encoding="utf-8")  # fmt: skip
    return path


class Stopped(BaseException):
    """In place of a kill."""


@pytest.fixture
def reporting(monkeypatch):
    """In place of the report: a page, or a kill."""
    told = SimpleNamespace(kill=False, overwrite=[])

    def write_report(fit, out, *, overwrite, **options):
        told.overwrite.append(overwrite)
        if told.kill:
            raise Stopped
        (out / "report.html").write_text("page")
        return out / "report.html"

    files = ("tables/*.csv", "report.html")
    stub = SimpleNamespace(write_report=write_report, report_files=lambda: files)
    monkeypatch.setitem(sys.modules, "neuroalrnn.report", stub)
    monkeypatch.setitem(sys.modules, "neuroalrnn.report.write", stub)
    return told


@pytest.fixture
def without_report(run_file, tmp_path, reporting):
    """Folder of a run that was killed in its report."""
    reporting.kill = True
    with pytest.raises(Stopped):
        cli.main(["fit", "--run", str(run_file), "--out", str(tmp_path / "out")])
    reporting.kill = False
    return tmp_path / "out"


def test_the_same_command_goes_on_with_the_report(
    run_file, without_report, reporting, monkeypatch, run
):
    before = (without_report / "fit.nc").read_bytes()
    monkeypatch.setattr("neuroalrnn.study.select_n_pwl", lambda *a, **o: pytest.fail("fitted"))
    code, text, _ = run("fit", "--run", run_file, "--out", without_report)
    assert (code, text.splitlines()[-1]) == (0, f"report: {without_report / 'report.html'}")
    assert (without_report / "fit.nc").read_bytes() == before
    code, _, error = run("fit", "--run", run_file, "--out", without_report)
    assert (code, "already holds fit.nc" in error) == (2, True), "it is complete now"


def test_another_run_does_not_take_a_fit_without_report_for_its_own(run_file, without_report, run):
    for more in (("--seed", 1), ("--backend", "torch_eager"), ("--columns", "rt=cue")):
        code, _, error = run("fit", "--run", run_file, "--out", without_report, *more)
        assert code == 2
    code, _, error = run("fit", "--run", run_file, "--out", without_report, "--seed", 1)
    assert "already holds fit.nc, scores.csv, summary.json: pass --overwrite" in error


def test_a_damaged_fit_without_report_is_fitted_again_only_when_told(run_file, without_report, run):
    path = without_report / "fit.nc"
    path.write_bytes(path.read_bytes()[:5000])
    code, _, error = run("fit", "--run", run_file, "--out", without_report)
    assert (code, "fit.nc is not a readable fit" in error) == (2, True)
    assert "pass --overwrite to replace" in error
    assert run("fit", "--run", run_file, "--out", without_report, "--overwrite")[0] == 0
    Fit.load(path)


def test_overwriting_leaves_nothing_of_the_earlier_results(run_file, tmp_path, reporting, run):
    (tmp_path / "tables").mkdir()
    for name in ("report.html", "scores.csv", "tables/old.csv", "notes.txt", "tables/notes.txt"):
        (tmp_path / name).write_text("old")
    reporting.kill = True
    with pytest.raises(Stopped):
        cli.main(["fit", "--run", str(run_file), "--out", str(tmp_path), "--overwrite"])
    found = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    own = {"notes.txt", "tables/notes.txt"}
    assert found == {"fit.nc", "scores.csv", "summary.json"} | own
    assert (tmp_path / "scores.csv").read_text() != "old"


def test_a_second_run_says_who_has_the_folder(run_file, tmp_path, run):
    pytest.importorskip("fcntl")
    with lock_folder(tmp_path, "neuroalrnn fit other.csv"):
        code, _, error = run("fit", "--run", run_file, "--out", tmp_path)
    assert code == 2
    assert f"{tmp_path} is in use by process {os.getpid()} on " in error
    assert "neuroalrnn fit other.csv; wait until it has ended" in error


def test_what_a_killed_run_was_writing_is_removed(run_file, tmp_path, reporting, run):
    (tmp_path / "unfinished").mkdir()
    (tmp_path / ".new").mkdir()
    for name in (".fit.nc.0a.part", ".new/fit.nc", "unfinished/.fold.0a.part"):
        (tmp_path / name).write_text("half")
    assert run("fit", "--run", run_file, "--out", tmp_path)[0] == 0
    assert {path.name for path in tmp_path.iterdir()} == {
        "fit.nc", "scores.csv", "summary.json", "report.html",
    }  # fmt: skip


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_a_run_that_is_stopped_says_what_is_kept(name, code, run_file, tmp_path):
    """The third fold never ends, so that two are finished when the signal comes."""
    text = """
import sys, time
from neuroalrnn import cli
from neuroalrnn.study import crossval
honest, calls = crossval.search, []
def search(*args, **options):
    calls.append(0)
    if len(calls) == 2:
        print("started", flush=True)
        time.sleep(60)
    return honest(*args, **options)
crossval.search = search
cli.main(sys.argv[1:])
"""
    command = ["fit", "--run", str(run_file), "--out", str(tmp_path)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    # a job in the background hands on that it ignores Ctrl-C
    pipes["preexec_fn"] = lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)
    with subprocess.Popen([sys.executable, "-c", text, *command], **pipes) as process:
        while process.stdout.readline().strip() != "started":
            time.sleep(0.01)
        process.send_signal(getattr(signal, name))
        _, error = process.communicate()
    assert process.returncode == code
    assert "Traceback" not in error
    (last,) = [line for line in error.splitlines() if line.startswith("interrupted: ")]
    kept = tmp_path / "unfinished"
    assert f" {len(list(kept.iterdir()))} finished parts are kept in {kept}, " in last
    assert last.endswith(f"the same command goes on: neuroalrnn {' '.join(command)}")
    assert not list(tmp_path.glob(".*"))


def test_a_full_disk_ends_with_one_sentence(run_file, tmp_path, monkeypatch, run):
    def full(*args, **options):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(pd.DataFrame, "to_csv", full)
        code, _, error = run("fit", "--run", run_file, "--out", tmp_path)
    assert code == 2
    assert "error: the results cannot be written, the disk is full: make room, then give" in error
    assert list((tmp_path / "unfinished").glob("*.kept"))
    assert not (tmp_path / "fit.nc").exists()
    summary = tmp_path / "summary.json"
    assert not summary.exists() or json.loads(summary.read_text())
