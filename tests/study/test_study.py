"""The door to every fit: one set of checks and warnings, whatever is asked for."""

import re
from functools import partial

import pytest

from neuroalrnn.config import Setting, load_run
from neuroalrnn.config.defaults import FIT, RECOVERY, SUBJECTS
from neuroalrnn.data import LeaveOneSubjectOut, SessionKFold, SubjectKFold
from neuroalrnn.exceptions import DataWarning, LeakageWarning
from neuroalrnn.recover.refit import refit
from neuroalrnn.study import compare_pooling, cross_validate, few_shot, select_n_pwl
from neuroalrnn.study.study import prepare_study

TINY = Setting(n_latent=2, max_checks=1, check_every=2)
OPTIONS = {"n_restarts": 1, "n_inner": 2, "threads": 1, "progress": False, "n_pwl": (0,)}
VECTORS = {"n_dimensions": (1,)}
STUDIES = {
    "select_n_pwl": partial(select_n_pwl, cv=LeaveOneSubjectOut(), baselines={}),
    "cross_validate": partial(cross_validate, cv=LeaveOneSubjectOut(), baselines={}),
    "compare_pooling": partial(compare_pooling, cv=SessionKFold(2), **VECTORS),
    "few_shot": partial(few_shot, cv=LeaveOneSubjectOut(), n_shots=(0, 5), **VECTORS),
}


@pytest.fixture(scope="module")
def shared(experiment):
    """Four subjects, three sessions each; two of them have seen the same stimuli."""
    return in_sessions(experiment(4, 36, shared_order=True))


def in_sessions(trials):
    place = trials["trial_in_session"].values
    session = (place // 12).astype(str)
    return trials.assign_coords(session=("trial", session), trial_in_session=("trial", place % 12))


@pytest.mark.parametrize("study", STUDIES.values(), ids=STUDIES)
def test_every_study_hears_of_stimulus_orders_that_are_shared(study, shared, encoding):
    with pytest.warns(LeakageWarning, match="a stimulus sequence .* that training subjects have"):
        found = study(shared, TINY, encoding=encoding, **OPTIONS)
    if hasattr(found, "shared"):
        told = set(found.shared["subject"])
    else:
        told = set(re.findall(r'"subject":"(\w+)"', found.splits.attrs["shared"]))
    assert told
    assert told <= {"s0", "s1"}


@pytest.mark.filterwarnings("ignore:.*more than 99.9 %")
@pytest.mark.parametrize("study", STUDIES.values(), ids=STUDIES)
def test_every_study_hears_of_inputs_that_tell_the_choice(study, experiment, encoding):
    trials = in_sessions(experiment(4, 36))
    told = trials.assign(stimulus=("trial", trials["choice"].values * 2 - 1))
    with pytest.warns(DataWarning, match="stimulus: tells the choice of every scored trial"):
        found = study(told, TINY, encoding=encoding, **OPTIONS)
    assert any("stimulus: tells the choice" in text for text in found.cautions)


def test_what_is_simulated_is_refitted_without_a_word(shared, encoding, recwarn, caplog):
    told = shared.assign(stimulus=("trial", shared["choice"].values * 2 - 1))
    told = told.assign_attrs(
        encoding=prepared(shared, encoding, n_pwl=[0]).trials.attrs["encoding"]
    )
    found = refit(told, TINY, n_pwl=(0, 1), n_restarts=1, threads=1)
    assert {found.best, found.sufficient} <= {0, 1}
    assert not recwarn.list
    assert not caplog.messages


def prepared(trials, encoding, **options):
    with pytest.warns(LeakageWarning):
        return prepare_study(trials, TINY, LeaveOneSubjectOut(), encoding=encoding, **options)


def test_a_study_shows_who_is_held_out_and_what_is_tried(shared, encoding):
    study = prepared(shared, encoding, n_restarts=2)
    title, *table = repr(study).splitlines()
    assert "n_pwl = 0, 1, 2, 2 restarts, LeaveOneSubjectOut()" in title
    assert len(table) == 5
    assert study.describe()["test_trials"].sum() == shared.sizes["trial"]
    assert (study.describe()["train_subjects"] == 3).all()
    page = study._repr_html_()
    assert page.startswith("<p>Study of trials: n_latent = 2")
    assert page.count("<tr") == 5


def test_everybody_is_trained_on_and_nobody_held_out(trials, encoding):
    study = prepare_study(trials, TINY, SubjectKFold(2), encoding=encoding, everybody=True)
    (fold,) = study.folds
    assert fold.name == "everybody"
    assert len(fold.train) == trials.sizes["trial"]
    assert not len(fold.test)
    assert len(study.plan.inner[0]) == FIT.n_inner


def test_defaults_are_those_of_a_run_file(tmp_path):
    (tmp_path / "run.toml").write_text("", encoding="utf-8")
    validation = load_run(tmp_path / "run.toml").validation
    assert (validation.n_restarts, validation.n_inner) == FIT[1:]
    assert SUBJECTS.n_pwl == FIT.n_pwl
    assert RECOVERY.n_pwl[0] == 0
