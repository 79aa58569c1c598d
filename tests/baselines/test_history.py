"""Lags chosen inside: the terms, the choice, and which baselines suit a dataset."""

import numpy as np
import pytest
import xarray as xr

from neuroalrnn.baselines import (
    choose_inside,
    cognitive_baselines,
    history_logistic,
    logistic,
    whole_sessions,
)
from neuroalrnn.baselines.history import _with_lags
from neuroalrnn.exceptions import DataError, FitError


def dataset(depth, n_subjects=4, n_trials=300, n_options=2, seed=0):
    """Choices that mostly repeat the one `depth` trials ago; options above are chosen at random."""
    rng = np.random.default_rng(seed)
    choice = rng.integers(0, n_options, (n_subjects, n_trials)).astype(float)
    for t in range(depth, n_trials):
        choice[:, t] = np.where(rng.random(n_subjects) < 0.8, choice[:, t - depth], choice[:, t])
    place = np.arange(choice.size)
    names = np.array([f"s{i}" for i in place // n_trials])
    labels = [f"arm {i}" for i in range(n_options)]
    return xr.Dataset(
        {
            "choice": ("trial", choice.ravel(), {"labels": labels}),
            "reward": ("trial", rng.integers(0, 2, choice.size).astype(float)),
        },
        coords={
            "subject": ("trial", names),
            "session": ("trial", names),
            "trial_in_session": ("trial", place % n_trials),
        },
    )


def by_subject(trials):
    def inner(train):
        subject = trials["subject"].values[train]
        return [(train[subject != name], train[subject == name]) for name in np.unique(subject)]

    return inner


def test_lagged_terms_are_repeated_and_others_kept():
    trials = dataset(1).assign(cue=("trial", np.ones(1200)))
    terms = ["cue", "choice[-1]", "choice[-1]:reward[-2]:cue", "choice[-2]", "choice[-3]"]
    assert _with_lags(trials, terms, 2) == [
        "cue",
        "choice[-1]",
        "choice[-1]:reward[-2]:cue",
        "choice[-2]",
        "choice[-2]:reward[-3]:cue",
    ]


@pytest.mark.parametrize(("depth", "expected"), [(1, 1), (4, 4)])
def test_lags_are_those_that_predict_best(depth, expected):
    trials = dataset(depth, seed=1)
    train, test = np.arange(900), np.arange(900, 1200)
    found = history_logistic(
        trials, train, test, terms=["choice[-1]"], inner=by_subject(trials), n_lags=(1, 4, 80)
    )
    terms = [f"choice[-{k}]" for k in range(1, expected + 1)]
    np.testing.assert_array_equal(found, logistic(trials, train, test, terms=terms))


def test_choice_inside_weights_subjects_alike():
    trials = dataset(1, n_subjects=3)
    trials["choice"][:] = np.r_[np.zeros(300), np.ones(900)][:900]
    train = np.r_[np.arange(20), np.arange(300, 900)]

    def baseline(trials, fit, validate, candidate):
        return np.log(np.tile([candidate, 1 - candidate], (len(validate), 1)))

    # by trial 0.05 would win; by subject, two of three choose option 1
    assert choose_inside(baseline, (0.05, 0.35, 0.9), trials, train, by_subject(trials)) == 0.35


def test_choice_inside_needs_parts_unless_there_is_nothing_to_choose():
    trials = dataset(1)
    assert choose_inside(max, ("only",), trials, np.arange(10), None) == "only"
    with pytest.raises(FitError, match="2 candidates and no part to validate on"):
        choose_inside(max, (1, 2), trials, np.arange(10), lambda train: [])


def test_whole_sessions_hold_all_trials_and_their_starts():
    rows, first = whole_sessions(dataset(1), [310, 1100])
    np.testing.assert_array_equal(rows, np.r_[300:600, 900:1200])
    np.testing.assert_array_equal(np.flatnonzero(first), [0, 300])


def test_baselines_follow_the_variables_of_a_dataset():
    trials = dataset(1)
    inner = by_subject(trials)
    inputs = ["choice", "reward"]
    names = ["history-logistic, lags chosen", "Q-learning", "asymmetric Q-learning", "RFLR"]
    names += ["RFLR without reward", "history kernel", "GLM-HMM", "GLM-HMM with lapses"]
    names += ["GLM-HMM with driven states"]
    assert list(cognitive_baselines(trials, inputs, inner)) == names
    plain = trials.drop_vars("reward")
    assert list(cognitive_baselines(plain, ["choice"], inner)) == [names[0], *names[6:]]
    common = trials.assign(common=("trial", np.ones(1200), {"known": "after_choice"}))
    assert "hybrid" in cognitive_baselines(common, inputs, inner)
    found = cognitive_baselines(trials, inputs, inner)["GLM-HMM"].keywords["terms"]
    assert found[:2] == ["choice[-1]", "choice[-1]:reward[-1]"]
    named = trials.assign_attrs(baselines='{"history-logistic": ["rewad[-1]"]}')
    with pytest.raises(DataError, match="did you mean 'reward'"):
        cognitive_baselines(named, inputs, inner)


def test_every_baseline_predicts_more_than_two_options():
    trials = dataset(1, n_subjects=3, n_trials=100, n_options=3)
    train, test = np.arange(200), np.arange(200, 300)
    made = trials["choice"].values[test].astype(int)

    def inner(train):
        return [(train[:100], train[100:])]

    for name, baseline in cognitive_baselines(trials, ["choice", "reward"], inner).items():
        found = baseline(trials, train, test)
        np.testing.assert_allclose(np.exp(found).sum(axis=1), 1, err_msg=name)
        assert found[np.arange(100), made].mean() > np.log(1 / 3) + 0.2, name
