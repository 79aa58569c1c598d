"""A question is one object: its table, figure and sentence come out wherever they belong."""

import json
import sys
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure as Drawing

import neuroalrnn.results.fit
from neuroalrnn.exceptions import DataError
from neuroalrnn.questions import QUESTIONS, Figure, Question, Section, Shown, Text, analyse
from neuroalrnn.questions.words import strong
from neuroalrnn.report import write_report
from neuroalrnn.results import Fit
from neuroalrnn.results.columns import Column
from neuroalrnn.results.tables import Table


def _count(asked):
    subject, n_trials = np.unique(asked.trials["subject"].values.astype(str), return_counts=True)
    attended = n_trials / n_trials.max()
    return pd.DataFrame({"subject": subject, "n_trials": n_trials, "attended": attended})


def _draw(asked):
    figure = Drawing()
    figure.add_subplot().bar(asked.tables["subjects"]["subject"], asked.tables["subjects"].n_trials)
    return figure


def _say(asked):
    most = asked.tables["subjects"]["n_trials"].max()
    return strong(f"Nobody did more than {most} trials") + " & all were <kept>."


SUBJECTS = Question(
    name="subjects",
    section=Section("sample", "Who took part"),
    title="Trials of every subject",
    tables={"subjects": _count},
    schema={"subjects": Table("subject", "subject n_trials attended")},
    columns={"attended": Column("trials, of those of the subject with most", "share")},
    answer=(
        Text("number of trials", _say, main=True),
        Figure("subjects", "Trials of every subject.", _draw),
        Shown("subjects", lambda asked: asked.tables["subjects"], noun="subject"),
    ),
    footnote=("Trials that are not scored count too.",),
)


def test_a_question_brings_its_table_its_figure_and_its_sentences(fit, tmp_path):
    asked = [question for question in QUESTIONS if question.section.name == "scores"]
    page = write_report(fit, tmp_path, questions=[*asked, SUBJECTS]).read_text(encoding="utf-8")
    table = pd.read_csv(tmp_path / "tables" / "subjects.csv")
    assert (table["n_trials"] == 120).all()
    assert (table["attended"] == 1).all()
    for kind in ("svg", "pdf", "png"):
        assert (tmp_path / "figures" / f"subjects.{kind}").stat().st_size > 1000
    sentence = "<strong>Nobody did more than 120 trials</strong> &amp; all were &lt;kept&gt;."
    assert f"<li>{sentence}</li>" in page.partition("<h2>2.")[0]
    body = page.partition('<section id="sample">\n<h2>3. Who took part</h2>')[2]
    parts = ["<h4>Trials of every subject</h4>", f"<p>{sentence}</p>", '<img alt="subjects"']
    parts += [">120<", '<p class="footnote">Trials that are not scored count too.</p>', "4. Notes"]
    found = [body.index(part) for part in parts]
    assert found == sorted(found)
    analysis = analyse(fit, questions=[SUBJECTS])
    assert analysis.sentences() == ["Nobody did more than 120 trials & all were <kept>."]
    assert list(analysis.tables) == ["subjects"]
    assert analysis.tables["subjects"]["n_trials"].dtype == "int64"
    assert repr(analysis) == "Analysis: 1 table"
    assert "Nobody did more than 120 trials &amp; all were &lt;kept&gt;." in analysis._repr_html_()


def test_names_of_questions_tables_and_figures_are_their_own():
    for kind in ("name", "table_names", "figures"):
        names = [getattr(question, kind) for question in QUESTIONS]
        flat = names if kind == "name" else [each for part in names for each in part]
        assert len(set(flat)) == len(flat)


def test_two_questions_of_one_name_are_refused(fit):
    with pytest.raises(DataError, match=r"(?s)3 problems.*several tables have the name 'subjects'"):
        analyse(fit, questions=[SUBJECTS, SUBJECTS])
    with pytest.raises(DataError, match="expected a list of Question"):
        analyse(fit, questions=["scores"])


def test_a_fit_of_three_folds_is_encoded_once_and_parsed_once(fit, monkeypatch):
    trials = fit.trials.assign_attrs(
        encoding=json.dumps(fit.encoding),
        analysis=json.dumps({"conditions": ["stimulus"], "rule": "rule"}),
        notes=json.dumps(["a note"]),
        unscored=json.dumps([{"reason": "late", "n_trials": 3}]),
    )
    tree = fit.tree.copy()
    tree["trials"] = type(fit.tree)(trials)
    fresh, encoded, parsed = Fit(tree), Counter(), Counter()
    assert len(fresh.folds) == 3
    encode, loads = neuroalrnn.results.fit.encode, json.loads

    def counted_encode(*args, **options):
        encoded["encode"] += 1
        return encode(*args, **options)

    def counted_loads(text, **options):
        # that `validate` looks at an attribute is no reading of it
        parsed[text] += sys._getframe(1).f_globals["__name__"] != "neuroalrnn.data.saveable"
        return loads(text, **options)

    monkeypatch.setattr(neuroalrnn.results.fit, "encode", counted_encode)
    monkeypatch.setattr(json, "loads", counted_loads)
    analysis = analyse(fresh, mechanism=True)
    assert analysis.rule == "rule"
    assert encoded == {"encode": 1}
    assert parsed[tree.attrs["config"]] == 1
    assert np.isfinite(analysis.tables["scores"]["log_likelihood"]).all()
