"""Ordinary fits that lack something most have: a whole report of each, and no fault of ours.

Faults within a part are warnings, which fail here: so every part is made, or says in plain words
why it cannot be.
"""

import json
import re
import sys
import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from neuroalrnn.cli.tell import summarise, tell_scores
from neuroalrnn.config import Setting
from neuroalrnn.data import LeaveOneSubjectOut, SessionKFold, SubjectKFold
from neuroalrnn.data.tables import from_frame
from neuroalrnn.exceptions import DataError, IncompleteWarning, NotTestableError
from neuroalrnn.plots import plot_overview, plot_score_by_n_pwl
from neuroalrnn.questions import QUESTIONS, analyse
from neuroalrnn.report import write_report
from neuroalrnn.results import Fit
from neuroalrnn.study import select_n_pwl

# none of these fits has a GLM-HMM beside it
SECTIONS = dict.fromkeys(question.section for question in QUESTIONS)
TITLES = [*(each.title for each in SECTIONS if each.name != "hidden_states"), "Notes"]
SETTING = Setting(n_latent=2, max_checks=2, check_every=5)
EVENTS = {"events": {"stimulus": "on", "response": "rt"}}
EVENT_STEPS = {
    "step": "event",
    "choice_event": "response",
    "inputs": {"cue": "stimulus", "choice": "response"},
}
SESSIONS = {"n_subjects": 1, "n_trials": 20, "n_sessions": 6, "cv": SessionKFold(2)}


def experiment(n_subjects, n_trials, n_sessions, n_options, more, **options):
    """Choices that mostly follow a cue, in a few sessions."""
    rng = np.random.default_rng(0)
    n = n_subjects * n_trials * n_sessions
    cue = rng.choice([-1.0, 1.0], n)
    follows = rng.random(n) < 0.8
    frame = pd.DataFrame(
        {
            "subject": np.repeat([f"s{i}" for i in range(n_subjects)], n_trials * n_sessions),
            "session": np.tile(np.repeat(range(n_sessions), n_trials), n_subjects),
            "trial": np.tile(range(n_trials), n_subjects * n_sessions),
            "choice": np.where(follows, (cue > 0) * (n_options - 1), rng.integers(0, n_options, n)),
            "cue": cue,
            "x": rng.standard_normal(n),
            "reward": rng.integers(0, 2, n),
            "correct": follows * 1.0,
            "rt": 0.4 + 0.3 * rng.random(n),
            "rule": np.tile(np.repeat([0, 1], [n_trials // 2, n_trials - n_trials // 2]),
                            n_subjects * n_sessions),
            "on": 0.0,
        }
    )  # fmt: skip
    columns = {name: name for name in ("subject", "session", "trial", "choice", "cue", *more)}
    return from_frame(frame, columns, **options)


def fitted(
    *, n_subjects=4, n_trials=24, n_sessions=1, n_options=2, more=(), table=None, cv=None,
    encoding=None, n_restarts=1, n_pwl=(1,), **options,
):  # fmt: skip
    trials = experiment(n_subjects, n_trials, n_sessions, n_options, more, **(table or {}))
    encoding = encoding or {"inputs": ["cue", "choice"]}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return select_n_pwl(
            trials, SETTING, cv or SubjectKFold(2), n_restarts, 0,
            n_pwl=n_pwl, n_inner=2, encoding=encoding, progress=False, **options,
        )  # fmt: skip


ODD = {
    "one animal": SESSIONS,
    "one animal, joint": SESSIONS | {"more": ["rt"], "observation": "choice_rt"},
    "short sessions": {"n_subjects": 4, "n_trials": 6, "n_sessions": 4},
    "three options, no rt": {"n_options": 3, "more": ["reward"]},
    "five options, rt and correct": {"n_options": 5, "more": ["rt", "correct"]},
    "state anew every trial": {"encoding": {"inputs": ["cue"], "carry": "trial", "step": "trial"}},
    "state anew every trial of events": {
        "more": ["rt"], "table": EVENTS, "encoding": EVENT_STEPS | {"carry": "trial"},
    },
    "one P, no baselines": {"baselines": {}},
    "linear, no baselines": {"baselines": {}, "n_pwl": (0,)},
    "joint": {"more": ["rt"], "observation": "choice_rt", "n_pwl": (0, 2)},
    "two subjects": {"n_subjects": 2, "n_sessions": 4, "cv": SessionKFold(2)},
    "three subjects": {"n_subjects": 3, "cv": LeaveOneSubjectOut()},
    "graded input": {"more": ["x"], "encoding": {"inputs": ["x", "choice"]}},
    "everything": {
        "more": ["rt", "correct", "reward", "rule"], "table": EVENTS, "encoding": EVENT_STEPS,
        "n_restarts": 2, "n_pwl": (0, 1, 2),
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def fits():
    made = {}
    return lambda name: made.setdefault(name, fitted(**ODD[name]))


def sections_of(page):
    text = page.read_text(encoding="utf-8")
    return re.findall(
        r'<section id="[^"]*">\n<h2>\d+\. ([^<]*)</h2>\n(.*?)\n</section>', text, re.S
    )


@pytest.mark.parametrize("name", ODD)
def test_a_report_comes_out_and_what_it_lacks_is_told(fits, name, tmp_path, quick):
    fit = fits(name)
    options = {"rule": "rule", "conditions": ["cue"]} if name == "everything" else {}
    page = write_report(fit, tmp_path, **options)
    found = sections_of(page)
    assert "<li></li>" not in page.read_text(encoding="utf-8")
    assert [title for title, _ in found] == TITLES
    for title, body in found:
        # the part itself, and not its absence, opens a section
        assert not body.startswith('<p class="missing">'), title
        assert len(body) > 100, title
    told = dict(found)["Notes"]
    assert "could not be made: " not in told
    assert (tmp_path / "tables" / "scores.csv").is_file()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("three options, no rt", "neither a choice of two options, nor correctness"),
        ("one P, no baselines", "No other model was fitted"),
        ("linear, no baselines", "All held-out steps lie in one linear regime"),
        ("one animal", "needs at least 2 of them, found 1"),
    ],
)
def test_the_reason_stands_in_plain_words(fits, name, words, tmp_path, quick):
    assert words in write_report(fits(name), tmp_path).read_text(encoding="utf-8")


def test_one_subject_has_no_error_over_subjects(fits):
    table = fits("one animal").summarise()
    assert table[["standard_error", "subject_standard_error"]].isna().all(axis=None)
    told = json.loads(json.dumps(summarise(fits("one animal"), "mine"), allow_nan=False))
    assert all(scores["standard_error"] is None for scores in told["models"].values())
    assert " - " in tell_scores(fits("one animal"))


def test_nothing_is_said_of_an_error_that_one_subject_does_not_have(fits, tmp_path, quick):
    page = write_report(fits("one animal"), tmp_path).read_text(encoding="utf-8")
    assert "within one standard error" not in page.partition("<h2>2.")[0]


@pytest.mark.parametrize(
    ("name", "unit"), [("one animal", "6 sessions"), ("three options, no rt", "4 subjects")]
)
def test_what_validated_is_called_by_its_name(fits, name, unit):
    _, labels = plot_score_by_n_pwl(fits(name)).get_legend_handles_labels()
    assert f"validation, {unit}" in labels


def test_a_state_that_never_switches_is_said_where_switches_would_be(fits):
    figure = plot_overview(fits("state anew every trial"), analyse(fits("state anew every trial")))
    texts = [text.get_text() for ax in figure.axes for text in ax.texts]
    assert any("starts anew" in " ".join(text.split()) for text in texts)


def broken(monkeypatch, module, name, error):
    def fail(*args, **options):
        raise error

    monkeypatch.setattr(sys.modules[f"neuroalrnn.{module}"], name, fail)


def test_a_fault_of_ours_costs_its_part_alone_and_is_told_four_times(
    fits, tmp_path, quick, monkeypatch
):
    broken(monkeypatch, "questions.comparisons", "compare", KeyError("effect"))
    with pytest.warns(
        IncompleteWarning, match=r"comparisons could not be made: KeyError: 'effect'"
    ):
        page = write_report(fits("everything"), tmp_path)
    text, found = page.read_text(encoding="utf-8"), dict(sections_of(page))
    told = "omparisons: could not be made: KeyError: &#39;effect&#39; (test_odd_fits.py, line"
    assert found["Scores on held-out trials"].count(told) == 1
    assert told in found["Notes"]
    assert "1 part of this report could not be made" in text.partition("<nav")[0]
    assert "nats per trial" in found["Scores on held-out trials"]


def test_a_fault_in_one_table_leaves_the_others(fits, monkeypatch):
    broken(monkeypatch, "questions.spectra", "compute_spectra", ZeroDivisionError("zero"))
    with pytest.warns(IncompleteWarning, match="table 'spectra' could not be made"):
        found = analyse(fits("everything"))
    assert len(found.tables) > 20
    assert any(note.startswith("spectra: could not be made: ZeroDiv") for note in found.notes)
    with pytest.raises(NotTestableError, match="'spectra': could not be made: ZeroDivisionError"):
        found.tables["spectra"]


def test_without_regimes_what_needs_none_is_there(fits, tmp_path, quick, monkeypatch):
    error = NotTestableError("no network ran")
    broken(monkeypatch, "questions.asked", "compute_held_out_regimes", error)
    page = write_report(fits("everything"), tmp_path, rule="rule")
    found = dict(sections_of(page))
    assert (
        "AL-RNN has the best" in page.read_text() or "best mean over subjects" in page.read_text()
    )
    assert found["Linear regimes: how the networks do it"].count("no network ran") == 1
    assert "<figure>calibration</figure>" in found["Calibration of probabilities"]
    assert "Not taken apart: no network ran" in found["Mechanism"]


def test_a_full_disk_ends_the_report(fits, tmp_path, monkeypatch):
    broken(monkeypatch, "report.markup", "save_figure", OSError(28, "No space left"))
    with pytest.raises(OSError, match="No space left"):
        write_report(fits("linear, no baselines"), tmp_path)
    assert not (tmp_path / "report.html").exists()


def test_a_table_that_is_not_there_names_the_nearest_or_says_why(fits):
    tables = analyse(fits("three options, no rt")).tables
    with pytest.raises(DataError, match="'linear_ocupancy' is unknown; did you mean 'linear_occ"):
        tables["linear_ocupancy"]
    with pytest.raises(
        NotTestableError, match="'rule_switches': no variable was named as the rule"
    ):
        tables["rule_switches"]
    assert tables.get("occupency") is None
    assert "occupency" not in tables


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"conditions": 3}, "conditions: found int 3, expected a list of names"),
        ({"conditions": ["roole"]}, "'roole' is unknown; did you mean 'rule'"),
        ({"conditions": "r"}, "'r' is unknown"),
        ({"conditions": [["rule"]]}, "is no name of a variable"),
        ({"rule": "ruel"}, "'ruel' is unknown; did you mean 'rule'"),
        ({"rule": ["rule"]}, "is no name of a variable"),
        ({"rule": 1}, "1 is no name of a variable"),
        ({"conditions": ["subject"]}, "labels what is counted over"),
        ({"random_state": "0"}, "random_state"),
        ({"random_state": -1}, "random_state"),
        ({"random_state": 1.5}, "random_state"),
    ],
)
def test_wrong_arguments_are_named(fits, options, words):
    with pytest.raises(DataError, match=words):
        analyse(fits("everything"), **options)


@pytest.mark.parametrize("thing", [None, "fit.nc", 3, {}, pd.DataFrame()])
def test_another_kind_of_thing_than_a_fit_is_refused(thing, tmp_path):
    with pytest.raises(DataError, match=r"fit: found \w+, expected a Fit"):
        analyse(thing)
    with pytest.raises(DataError, match=r"fit: found \w+, expected a Fit"):
        write_report(thing, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_condition_given_as_text_is_one_name(fits):
    one, listed = (analyse(fits("everything"), conditions=c) for c in ("rule", ["rule"]))
    assert one.conditions == listed.conditions == ["rule"]
    pd.testing.assert_frame_equal(one.tables["linear_occupancy"], listed.tables["linear_occupancy"])


def far(fit, value):
    """A copy of the fit in which a model, or every one, scores as given (nats per trial)."""
    tree = fit.tree.copy(deep=True)
    scores = tree["scores"]["log_likelihood"]
    for name, number in value.items():
        scores.loc[{"model": name}] = number
    return Fit(tree)


@pytest.mark.parametrize("value", [-3e26, -322.0, -2.5e5])
@pytest.mark.parametrize("models", [["AL-RNN P=1"], ["AL-RNN", "AL-RNN P=2"], "all"])
def test_scores_far_outside_leave_the_others_readable(fits, value, models):
    from neuroalrnn import plots

    fit = fits("everything")
    models = fit.scores["model"].unique() if models == "all" else models
    fit = far(fit, dict.fromkeys(models, value))
    analysis = replace(analyse(fit), notes=[])
    axes = [
        plots.plot_scores(fit),
        plots.plot_score_differences(fit, analysis.tables["comparisons"]),
        plots.plot_comparison(fit, analysis.tables["models"]),
    ]
    for ax in axes:
        ax.figure.draw_without_rendering()
        assert np.ptp(ax.get_xlim()) < 20, ax.get_xlabel()
    shown = " ".join(text.get_text() for text in axes[0].texts)
    assert ("300000" in shown) is False
    assert {-3e26: "3e+26", -322.0: "322.000", -2.5e5: "2.5e+05"}[value] in shown
