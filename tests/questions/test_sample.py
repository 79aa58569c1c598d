"""Networks that are taken apart on some of very many subjects."""

import numpy as np
import pytest

from neuroalrnn.questions import analyse
from neuroalrnn.questions.mechanism import ablation, coverage
from neuroalrnn.questions.sample import describe_sample

QUESTIONS = (coverage.QUESTION, ablation.QUESTION)
KEYS = ["fold", "unit", "epoch", "subject"]


def take_apart(fit):
    return analyse(fit, mechanism=True, questions=QUESTIONS)


@pytest.fixture
def whole(fit):
    return take_apart(fit)


@pytest.fixture
def some(fit, whole, monkeypatch):
    monkeypatch.setattr("neuroalrnn.questions.sample.MOST_SUBJECTS", 4)
    return take_apart(fit)


def test_all_subjects_are_looked_at_where_they_are_not_very_many(whole):
    assert not describe_sample(whole.asked)
    assert all("sampled_subjects" not in table for table in whole.mechanism.tables.values())
    assert whole.mechanism.tables["ablation"]["subject"].nunique() == 6


def test_tables_and_page_say_how_many_subjects_were_drawn(some):
    assert "4 of 6 subjects, drawn at random" in describe_sample(some.asked)
    for name, table in some.mechanism.tables.items():
        assert (table["sampled_subjects"] == 4).all(), name
        assert (table["all_subjects"] == 6).all(), name
    assert (some.mechanism.tables["entropies"]["n_subjects"] == 4).all()


def test_networks_are_those_of_all_subjects(whole, some):
    """Without a unit, a subject loses as much whether or not others are looked at."""
    tables = [each.mechanism.tables["ablation"] for each in (whole, some)]
    every, part = (each.query("replacement == 'zero'").set_index(KEYS)["cost"] for each in tables)
    assert len(part) == len(every) * 4 / 6
    assert part.index.isin(every.index).all()
    assert np.allclose(part, every[part.index], rtol=0, atol=1e-12)
    assert (part.abs() > 0).any()


def test_captions_name_the_fold_that_is_drawn(some):
    assert some.mechanism.example == some.asked.example.name
    assert some.asked.sampled.example.fit is some.asked.sampled.fit


def test_the_same_subjects_are_drawn_again(fit, some):
    names = [set(each.mechanism.tables["ablation"]["subject"]) for each in (some, take_apart(fit))]
    assert names[0] == names[1]
