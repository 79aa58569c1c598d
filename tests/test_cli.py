"""The command line: what it writes, and how it ends when the user made a mistake."""

import json
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import neuroalrnn
from neuroalrnn import cli

TINY = """
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
def table(tmp_path_factory):
    """Six subjects who follow a cue that changes its meaning with a rule, as a CSV file."""
    rng = np.random.default_rng(0)
    n = 6 * 40
    cue, rule = rng.integers(0, 2, n), np.tile(np.repeat([0, 1], 20), 6)
    choice = np.where(rng.random(n) < 0.9, (cue + rule) % 2, rng.integers(0, 2, n))
    frame = pd.DataFrame({"ID": np.repeat(list("abcdef"), 40), "cue": cue, "rule": rule})
    frame["resp"] = np.where(choice == 1, "right", "left")
    frame.loc[3, "resp"] = None
    frame["rt"] = rng.gamma(4, 0.1, n).round(3)
    path = tmp_path_factory.mktemp("table") / "cues.csv"
    frame.to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def run_file(table):
    """Run file for that table, with event steps."""
    path = table.parent / "cues.toml"
    path.write_text(
        TINY
        + """
[data]
path = "cues.csv"
columns = {subject = "ID", choice = "resp", cue = "cue", rule = "rule", rt = "rt"}
labels = ["left", "right"]
events = {stimulus = 0, response = "rt"}
[encoding]
step = "event"
choice_event = "response"
inputs = {cue = "stimulus", rule = "stimulus"}
[analysis]
conditions = ["cue"]
rule = "rule"
""",
        encoding="utf-8",
    )
    return path


@pytest.fixture(scope="module")
def fitted(run_file, tmp_path_factory):
    """Folder that one whole `fit` has filled, and what it printed."""
    out = tmp_path_factory.mktemp("fitted") / "cues"
    command = [sys.executable, "-m", "neuroalrnn", "fit", "--run", run_file, "--out", out]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return out, done.stdout


def test_fit_writes_everything(fitted):
    out, _ = fitted
    assert {path.name for path in out.iterdir()} >= set(cli.OUTPUTS)
    assert list((out / "tables").glob("*.csv"))
    assert list((out / "figures").iterdir())
    assert not (out / cli.UNFINISHED).exists()


def test_fit_tells_what_it_does_and_where_the_report_is(fitted):
    out, text = fitted
    assert "6 subjects, 240 trials, 239 scored" in text
    assert "not scored: 1 (no choice)" in text
    assert "class frequency" in text
    assert text.rstrip().endswith(f"report: {out / 'report.html'}")


def test_scores_have_one_row_per_model_and_subject(fitted):
    scores = pd.read_csv(fitted[0] / "scores.csv")
    assert list(scores) == ["model", "subject", "n_trials", "log_likelihood", "bits",
                            "normalised_likelihood", "accuracy"]  # fmt: skip
    assert (scores.groupby("model")["n_trials"].sum() == 239).all()
    assert not scores.duplicated(["model", "subject"]).any()


def test_summary_agrees_with_the_scores(fitted):
    summary = json.loads((fitted[0] / "summary.json").read_text(encoding="utf-8"))
    assert len(summary["lights"]) == 4
    assert all(each["state"] in ("green", "amber", "red") for each in summary["lights"].values())
    assert all(each["answer"] and each["reason"] for each in summary["lights"].values())
    assert (summary["dataset"], summary["n_subjects"], summary["n_trials"]) == ("cues", 6, 239)
    assert summary["sufficient_n_pwl"] <= summary["best_n_pwl"] <= 2
    assert set(summary["best_n_pwl_by_fold"]) == set(summary["sufficient_n_pwl_by_fold"])
    assert (summary["sufficient"], set(summary["explained_share"])) == (0.05, {"0", "2"})
    assert summary["seconds"] >= 0
    rows = pd.read_csv(fitted[0] / "scores.csv").query("model == 'class frequency'")
    expected = np.average(rows["log_likelihood"], weights=rows["n_trials"])
    entry = summary["models"]["class frequency"]
    assert set(entry) == {"log_likelihood", "standard_error", "accuracy"}
    assert entry["log_likelihood"] == pytest.approx(expected)


def test_ties_between_folds_go_to_the_smaller_n_pwl(fitted):
    fit = neuroalrnn.Fit.load(fitted[0] / "fit.nc")
    chosen = fit.tree["selection"].to_dataset()
    chosen["n_pwl_chosen"] = ("fold", np.array([2, 0]))
    fit.tree["selection"] = type(fit.tree)(chosen)
    assert cli.summarise(fit, "cues")["sufficient_n_pwl"] == 0


def test_analyse_and_report_start_from_a_saved_fit(fitted, tmp_path, run, quick):
    code, text, _ = run("analyse", fitted[0] / "fit.nc", "--out", tmp_path / "again")
    *findings, last = text.splitlines()
    assert (code, last) == (0, f"tables: {tmp_path / 'again' / 'tables'}")
    assert findings
    assert all(each.startswith(("- ", "not made: ")) for each in findings)
    assert "<strong>" not in text
    for path in (fitted[0] / "tables").glob("*.csv"):
        assert path.read_bytes() == (tmp_path / "again" / "tables" / path.name).read_bytes()
    code, text, _ = run("report", fitted[0] / "fit.nc", "--out", tmp_path / "again")
    assert (code, text) == (0, f"report: {tmp_path / 'again' / 'report.html'}\n")


def test_killed_fit_goes_on_from_its_finished_folds(run_file, tmp_path, monkeypatch):
    from neuroalrnn.study import crossval

    def search_twice_only(*args, **options):
        searched.append(None)
        if len(searched) == 2:
            raise KeyboardInterrupt
        return search(*args, **options)

    search, searched = crossval.search, []
    arguments = ["fit", "--run", str(run_file), "--out", str(tmp_path)]
    monkeypatch.setattr(crossval, "search", search_twice_only)
    stub = SimpleNamespace(write_report=lambda *args, **options: "report.html")
    monkeypatch.setitem(sys.modules, "neuroalrnn.report", stub)
    with pytest.raises(SystemExit) as stop:
        cli.main(arguments)
    assert stop.value.code not in (0, None)
    assert list((tmp_path / cli.UNFINISHED).iterdir())
    with pytest.raises(SystemExit) as stop:
        cli.main(arguments)
    assert (stop.value.code or 0, len(searched)) == (0, 3), "the first fold was not fitted again"
    assert (tmp_path / "fit.nc").is_file()


def test_failing_report_loses_nothing(run_file, tmp_path, monkeypatch):
    def fail(*args, **options):
        raise ZeroDivisionError("a bug")

    monkeypatch.setitem(sys.modules, "neuroalrnn.report", SimpleNamespace(write_report=fail))
    with pytest.raises(ZeroDivisionError, match="a bug"):
        cli.main(["fit", "--run", str(run_file), "--out", str(tmp_path)])
    assert neuroalrnn.Fit.load(tmp_path / "fit.nc").summarise().loc["AL-RNN", "n_trials"] == 239
    assert (tmp_path / "scores.csv").is_file()
    assert (tmp_path / "summary.json").is_file()


def test_datasets_lists_all_with_their_numbers(run):
    code, text, _ = run("datasets")
    assert code == 0
    for part in ("pratte2010", "27316", "miller_rats", "31743", "licence", "human", "rat"):
        assert part in text


def test_demo_is_the_bundled_run(monkeypatch, run):
    calls = []
    monkeypatch.setattr(
        "neuroalrnn.cli.commands._fit", lambda *args, **options: calls.append((*args, options))
    )
    assert run("demo", "--out", "somewhere")[0] == 0
    ((source, config, out, options),) = calls
    assert (source, str(out), options["overwrite"]) == ("pratte2010", "somewhere", False)
    assert config.validation.splitter == "StimulusSequenceOut"


def test_command_line_wins_over_the_run_file(run_file, monkeypatch, run):
    calls = []
    monkeypatch.setattr("neuroalrnn.cli.commands._fit", lambda *args, **options: calls.append(args))
    more = ("--columns", "subject = ID, choice=other", "--seed", 7)
    assert run("fit", "data.csv", "--run", run_file, *more)[0] == 0
    ((source, config, out),) = calls
    assert (source, str(out)) == ("data.csv", "results/data")
    assert config.data.columns == {"subject": "ID", "choice": "other"}
    assert config.validation.random_state == 7


@pytest.mark.parametrize("given", [(), ("--final",)])
def test_a_network_of_everybody_is_asked_for(given, run_file, monkeypatch, run):
    asked = {}
    monkeypatch.setattr(cli.commands, "_fit", lambda *given, **options: asked.update(options))
    assert run("fit", "--run", run_file, *given)[0] == 0
    # what is not asked for does not change the digest of a run
    assert asked.get("final") == (True if given else None)


def test_version_and_lazy_names():
    assert set(neuroalrnn.__all__) <= set(dir(neuroalrnn))
    for name in neuroalrnn.__all__:
        assert getattr(neuroalrnn, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'fitt'"):
        neuroalrnn.fitt  # noqa: B018
