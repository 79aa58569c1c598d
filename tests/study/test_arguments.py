"""Wrong arguments are named before anything is trained; valid small designs are fitted."""

import logging
from functools import partial

import numpy as np
import pytest

from neuroalrnn.config import Setting
from neuroalrnn.data import LeaveOneSubjectOut, SessionKFold, StimulusSequenceOut, SubjectKFold
from neuroalrnn.exceptions import ConfigError, DataError, LeakageWarning
from neuroalrnn.study import compare_pooling, cross_validate, few_shot, select_n_pwl
from neuroalrnn.study.checks import check_search
from tests.conftest import experiment

TINY = Setting(n_latent=2, max_checks=2, check_every=5)
ENCODING = {"inputs": ["stimulus", "choice"]}
QUICK = {"n_pwl": [0, 1], "n_inner": 2, "encoding": ENCODING, "progress": False}

WRONG = {
    "setting": ({"setting": 3}, "setting = 3: expected a Setting"),
    "key of a setting": ({"setting": {"n_laten": 3}}, "did you mean 'n_latent'"),
    "splitter": ({"cv": SubjectKFold}, "the class SubjectKFold: pass an instance"),
    "restarts": ({"n_restarts": "3"}, "n_restarts = '3': expected a whole number from 1"),
    "no restart": ({"n_restarts": 0}, "n_restarts = 0: expected a whole number from 1"),
    "seed": ({"random_state": 2**80}, "random_state = .* from 0 to 4294967295"),
    "seed below 0": ({"random_state": -1}, "random_state = -1: expected a whole number from 0"),
    "seed is a float": ({"random_state": 1.0}, "random_state = 1.0: expected a whole number"),
    "inner parts": ({"n_inner": 1}, "n_inner = 1: expected a whole number from 2"),
    "grid": ({"n_pwl": "01"}, "n_pwl='01': expected 0"),
    "entry of the grid": ({"n_pwl": [0, 1.5]}, "n_pwl=1.5: expected 0"),
    "grid beyond the latents": ({"n_pwl": [0, 7]}, r"n_pwl=7: .* to n_latent=6"),
    "threads": ({"threads": 0}, "threads = 0: expected a whole number from 1"),
    "backend": ({"backend": ["auto"]}, r"backend = \['auto'\]: expected one of 'auto'"),
    "encoding is a text": ({"encoding": "trial"}, "encoding = 'trial': expected a dict"),
    "key of an encoding": ({"encoding": {"input": []}}, "did you mean 'inputs'"),
    "no inputs": ({"encoding": {"step": "trial"}}, "encoding has no 'inputs'"),
    "inputs are a set": ({"encoding": {"inputs": {"cue"}}}, "inputs = .'cue'.: .* has no order"),
    "inputs are a generator": (
        {"encoding": {"inputs": (name for name in ["cue"])}},
        "encoding, inputs = generator: expected .* be read but once",
    ),
    "folder": ({"resume": 3}, "resume = 3: expected a path"),
}


@pytest.fixture
def trials():
    return experiment(n_subjects=3, n_trials=40)


@pytest.fixture
def untrained(monkeypatch):
    """Whatever trains fails the test."""
    for module in ("crossval", "comparison"):
        monkeypatch.setattr(
            f"neuroalrnn.study.{module}.search", lambda *args, **options: pytest.fail("trained")
        )


@pytest.mark.usefixtures("untrained")
@pytest.mark.parametrize("fit", [select_n_pwl, cross_validate, compare_pooling, few_shot])
@pytest.mark.parametrize(("given", "message"), WRONG.values(), ids=WRONG)
def test_wrong_arguments_are_named_before_training(fit, given, message, trials):
    if fit is few_shot:
        given = given | {"n_shots": [0]}
    with pytest.raises(ConfigError, match=message):
        fit(trials, **given)


@pytest.mark.usefixtures("untrained")
@pytest.mark.parametrize("fit", [select_n_pwl, compare_pooling, few_shot])
@pytest.mark.parametrize("what", [None, 3, "trials.csv", [], {"choice": [0, 1]}])
def test_what_is_no_trial_dataset_is_named(fit, what):
    with pytest.raises(DataError, match=f"expected an xarray.Dataset, got {type(what).__name__}"):
        fit(what)


@pytest.mark.usefixtures("untrained")
@pytest.mark.parametrize(
    ("fit", "given", "message"),
    [
        (few_shot, {"n_shots": 3}, "n_shots = 3: expected different whole numbers"),
        (few_shot, {"n_shots": "05"}, "n_shots = '05': expected different whole numbers"),
        (few_shot, {"n_shots": [0, True]}, r"n_shots = \[0, True\]"),
        (compare_pooling, {"n_dimensions": 2}, "n_dimensions = 2: expected a list"),
        (compare_pooling, {"n_dimensions": [0]}, "n_dimensions = 0: expected a whole number"),
        (compare_pooling, {"varying": "bias"}, r"expected a list of names, such as \['bias'\]"),
        (compare_pooling, {"varying": ["bas"]}, "did you mean 'bias'"),
        (compare_pooling, {"n_pwls": [1]}, "options: 'n_pwls' is unknown; did you mean 'n_pwl'"),
    ],
)
def test_wrong_arguments_of_subjects_are_named(fit, given, message, trials):
    with pytest.raises(ConfigError, match=message):
        fit(trials, **given)


def test_the_default_grid_is_clipped_and_a_given_one_is_not(caplog):
    study = {"n_restarts": 1, "n_inner": 2, "random_state": np.int64(3)}
    with caplog.at_level(logging.WARNING):
        assert check_search(Setting(), None, **study) == [0, 1, 2, 4]
        assert caplog.messages == []
        assert check_search(Setting(n_latent=3), None, **study) == [0, 1, 2, 3]
    assert caplog.messages == ["n_pwl: n_latent = 3, so that the default grid is 0, 1, 2, 3"]
    assert check_search(Setting(n_latent=1), None, **study) == [0, 1]
    with pytest.raises(ConfigError, match=r"n_pwl=4: expected 0 .linear. to n_latent=3"):
        check_search(Setting(n_latent=3), (0, 1, 2, 4), **study)


@pytest.mark.filterwarnings("ignore:AL-RNN P=1, log_likelihood")
@pytest.mark.parametrize("lost", [0, 1, 20])
def test_three_animals_of_unequal_length_are_fitted(trials, lost):
    trials = trials.isel(trial=slice(0, trials.sizes["trial"] - lost))
    fit = select_n_pwl(trials, TINY, LeaveOneSubjectOut(), 1, **QUICK)
    assert fit.scores["subject"].nunique() == 3
    assert not any("too small" in text for text in fit.cautions)


def test_a_choice_made_on_few_of_the_training_trials_is_said(trials):
    trials = trials.isel(trial=np.r_[:40, 40:55, 80:95])
    with pytest.warns(LeakageWarning, match="on fits to as little as 27% of them; both may come"):
        fit = select_n_pwl(trials, TINY, LeaveOneSubjectOut(), 1, **QUICK)
    assert any("too small" in text for text in fit.cautions)


@pytest.fixture
def two_orders():
    """Six subjects, every other one with the same stimuli."""
    trials = experiment(n_subjects=6, n_trials=40)
    order = trials["stimulus"].values.reshape(6, 40)[[0, 1] * 3].ravel()
    return trials.assign(stimulus=("trial", order))


def test_two_orders_are_held_out_whole_and_the_limits_of_it_are_said(two_orders):
    fit = partial(select_n_pwl, two_orders, TINY, n_restarts=1, **QUICK)
    for splitter in (SubjectKFold(2), SessionKFold(2)):
        with pytest.warns(LeakageWarning, match="memorise it. Split with StimulusSequenceOut"):
            fit(cv=splitter)
    with pytest.warns(LeakageWarning, match="they can suffer from this, not gain"):
        found = fit(cv=StimulusSequenceOut())
    assert found.scores["subject"].nunique() == 6
    assert any("like s0, like s1: the training subjects are joined" in t for t in found.cautions)


def test_one_order_for_all_cannot_be_held_out(two_orders):
    one = two_orders.assign(stimulus=("trial", np.tile(two_orders["stimulus"].values[:40], 6)))
    fit = partial(select_n_pwl, one, TINY, n_restarts=1, **QUICK)
    with pytest.warns(LeakageWarning, match=r"Here all subjects are joined .* claim no more than"):
        fit(cv=SubjectKFold(2))
    with pytest.raises(DataError, match=r"StimulusSequenceOut: 1 problem\n.* claim no more than"):
        fit(cv=StimulusSequenceOut())


def test_seeds_and_counts_of_numpy_are_kept_as_plain_ones(trials, tmp_path):
    fits = [
        select_n_pwl(trials, TINY, LeaveOneSubjectOut(), kind(1), kind(3), **QUICK)
        for kind in (int, np.int64)
    ]
    for fit, name in zip(fits, "ab", strict=True):
        fit.save(tmp_path / name)
    assert fits[0].config == fits[1].config
    assert fits[0].scores.equals(fits[1].scores)
