"""Dissection of trials of subjects: who is trained on, who is tested, and what comes out."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from neuroalrnn.config import Setting
from neuroalrnn.data import SessionKFold, SubjectKFold
from neuroalrnn.dissect import dissect
from neuroalrnn.dissect._subject_page import subject_figures
from neuroalrnn.dissect._subjects import FewerSubjects
from neuroalrnn.dissect.report import write_dissection
from neuroalrnn.dissect.result import Dissection
from neuroalrnn.exceptions import ConfigError
from neuroalrnn.results.tables import FILES, columns_of
from tests.conftest import experiment

TINY = Setting(n_latent=2, max_checks=2, check_every=5)
OPTIONS = {
    "cv": SubjectKFold(2), "n_pwl": [0, 1, 3], "n_latent": [3, 2], "n_train": [2],
    "setting": TINY, "n_restarts": 2, "n_inner": 2, "backend": "torch_eager", "threads": 1,
}  # fmt: skip


@pytest.fixture(scope="module")
def trials():
    return experiment(n_subjects=6, n_trials=40)


@pytest.fixture(scope="module")
def found(trials):
    return dissect(trials, **OPTIONS)


def test_smaller_training_sets_are_parts_of_larger_ones_and_test_subjects_stay(trials):
    whole = SubjectKFold(2).split(trials)
    few, more = (FewerSubjects(SubjectKFold(2), n, 0).split(trials) for n in (2, 3))
    subject = trials["subject"].values
    for one, other, each in zip(few, more, whole, strict=True):
        np.testing.assert_array_equal(one.test, each.test)
        assert len(set(subject[one.train])) == 2
        assert set(subject[one.train]) < set(subject[other.train])
        assert not set(subject[other.train]) & set(subject[each.test])
        inside = np.isin(subject, subject[one.train])
        assert set(one.train) == set(each.train) & set(np.flatnonzero(inside))


def test_tables_have_every_cell(found):
    for name, table in found.tables.items():
        dtypes = {column: str(dtype) for column, dtype in table.dtypes.items()}
        assert dtypes == columns_of(FILES[f"{name}.csv"]), name
    table = found.tables["subject_performance"]
    cells = table[["n_latent", "n_train_subjects", "n_pwl"]].to_numpy().tolist()
    grid = {2: [0, 1], 3: [0, 1, 3]}
    assert cells == [[m, 2, p] for m in (2, 3) for p in grid[m]]
    assert (table["n_subjects"] == 6).all()
    np.testing.assert_allclose(
        table["subject_gain"], table["subject_score"] - table["frequency_score"]
    )
    assert len(found.tables["subject_restarts"]) == 2 * 2 * (2 + 3)


def test_it_comes_back_and_its_page_shows_it(found, tmp_path, monkeypatch):
    found.save(tmp_path / "found.nc")
    again = Dissection.load(tmp_path / "found.nc")
    monkeypatch.setattr("neuroalrnn.dissect.report._draw", lambda name, make, new: name)
    text = write_dissection(again, tmp_path / "new").read_text(encoding="utf-8")
    assert "frequency of choices" in text
    assert "3 latents, 2 training subjects" in text
    assert {path.stem for path in (tmp_path / "new" / "tables").glob("*.csv")} == set(found.tables)
    names = {name for table in found.tables.values() for name in table if "_" in name}
    assert [name for name in names if name in text] == []


def test_the_frequency_is_drawn_for_every_number_of_training_subjects():
    rows = pd.DataFrame(
        {"n_latent": 2, "n_pwl": [0, 1, 0, 1], "n_train_subjects": [2, 2, 4, 4],
         "subject_score": -0.5, "subject_error": 0.1, "frequency_score": [-0.7, -0.7, -0.6, -0.6]}
    )  # fmt: skip
    found = SimpleNamespace(tables={"subject_performance": rows})
    ax = subject_figures(found)["subjects_2_latents"]()
    lines = {line.get_label(): line.get_xydata().tolist() for line in ax.lines}
    assert lines["class frequency"] == [[2, -0.7], [4, -0.6]]
    assert ax.get_ylabel() == "Held-out log-likelihood (nats per trial)"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"n_train": [40]}, "n_train"),
        ({"parameters": {"n_steps": 3}}, "tasks of the suite alone"),
        ({"n_pwl": [9]}, "n_pwl"),
        ({"n_pwl": [3]}, "no value fits n_latent = 2"),
        ({"n_pwl": []}, "n_pwl is empty"),
        ({"n_latent": []}, "n_latent is empty"),
        ({"n_latent": "3"}, "n_latent = '3'"),
        ({"n_train": "few"}, "n_train = 'few'"),
        ({"n_inner": "two"}, "n_inner = 'two'"),
        ({"n_inner": 4, "n_train": []}, "trains on 3 subjects, expected at least 4"),
        ({"cv": 3}, "cv = 3"),
        ({"resume": 3}, "resume = 3"),
        ({"peers": True, "n_test": 7, "fresh": False}, "(?s)fresh: is of .* n_test: .* peers: "),
    ],
)
def test_what_cannot_be_asked_is_refused(trials, changed, said):
    with pytest.raises(ConfigError, match=said):
        dissect(trials, **OPTIONS | changed)


def test_sessions_that_are_held_out_are_refused(trials):
    half = np.where(trials["trial_in_session"].values < 20, "early", "late")
    sessions = trials.assign_coords(session=trials["session"].copy(data=half.astype(object)))
    with pytest.raises(ConfigError, match="hold whole subjects out"):
        dissect(sessions, **OPTIONS | {"cv": SessionKFold(2)})


def test_few_subjects_are_of_as_many_groups_as_there_are(trials):
    class Pairs(SubjectKFold):
        def groups(self, trials):
            return np.array([int(each[1:]) // 2 for each in trials["subject"].values])

    for fold in FewerSubjects(Pairs(3), 2, 0).split(trials):
        numbers = {int(each[1:]) // 2 for each in trials["subject"].values[fold.train]}
        assert len(numbers) == 2


def test_tasks_have_no_subjects():
    with pytest.raises(ConfigError, match="trials of subjects alone"):
        dissect("addition", cv=SubjectKFold(2))
