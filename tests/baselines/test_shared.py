"""The choice between candidates inside a training part."""

import warnings
from inspect import signature

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from neuroalrnn.baselines import (
    choose_inside,
    class_frequency,
    glm_hmm,
    history_kernel,
    history_logistic,
    hybrid,
    logistic,
    q_learning,
)
from neuroalrnn.baselines.hybrid import _is_two_step
from neuroalrnn.data import from_frame
from neuroalrnn.exceptions import DataError, DataWarning, FitError

CHOICE = ("trial", np.tile([0.0, 1.0], 8), {"labels": ["left", "right"]})
TRIALS = xr.Dataset({"choice": CHOICE}).assign_coords(
    subject=("trial", np.repeat(["a", "b", "c", "d"], 4))
)
TRAIN = np.arange(16)


def inner(train):
    return [(train[8:], train[:8]), (train[:8], train[8:])]


def baseline(trials, fit, validate, candidate):
    """Every option half likely; "sharp" is right, "broken" and "empty" overflow."""
    values = np.full((len(validate), 2), np.log(0.5))
    if candidate == "sharp":
        made = trials["choice"].values[validate].astype(int)
        values[np.arange(len(validate)), made] = np.log(0.9)
    if candidate == "broken":
        values[:] = np.log(0.99)
        values[1] = np.nan
    return values * np.nan if candidate == "empty" else values


@pytest.mark.parametrize("candidates", [("flat", "broken"), ("empty", "flat"), ("broken", "flat")])
def test_what_is_not_a_number_never_wins(candidates):
    assert choose_inside(baseline, candidates, TRIALS, TRAIN, inner) == "flat"


def test_the_best_wins_and_nothing_is_chosen_from_nothing():
    assert choose_inside(baseline, ("flat", "sharp"), TRIALS, TRAIN, inner) == "sharp"
    with pytest.raises(FitError, match="no candidate"):
        choose_inside(baseline, ("empty", "broken"), TRIALS, TRAIN, inner)


@pytest.fixture(scope="module", params=[2, 3], ids=["two options", "three options"])
def behaviour(request):
    """Four subjects who follow a cue and what paid; not all options are always offered of three."""
    rng = np.random.default_rng(1)
    n, n_options = 4 * 60, request.param
    cue, reward = rng.normal(size=n), rng.integers(0, 2, n) * 1.0
    drive = np.c_[cue, -cue, np.zeros(n)][:, :n_options] + rng.gumbel(size=(n, n_options))
    offered = np.ones((n, n_options), bool)
    offered[::4, 2:] = False
    frame = pd.DataFrame(
        {
            "subject": np.repeat(list("abcd"), 60),
            "choice": np.where(offered, drive, -np.inf).argmax(axis=1),
            "cue": cue,
            "reward": reward,
            "common": rng.integers(0, 2, n) * 1.0,
        }
        | {f"can {k}": offered[:, k] * 1.0 for k in range(n_options) if n_options == 3}
    )
    with warnings.catch_warnings():  # of options that are always offered
        warnings.simplefilter("ignore", DataWarning)
        trials = from_frame(frame, {name: name for name in frame}, labels=list(range(n_options)))
    trials["common"].attrs["known"] = "after_choice"
    trials["choice"].attrs["offered"] = [name for name in frame if name.startswith("can")]
    return trials


TERMS = ["cue", "choice[-1]", "choice[-1]:reward[-1]"]
MODELS = [
    (class_frequency, {}),
    (logistic, {"terms": TERMS}),
    (history_logistic, {"terms": TERMS, "inner": None, "n_lags": [2]}),
    (q_learning, {"members": ["dual"]}),
    (history_kernel, {"kernels": ["last choice", "choice"]}),
    (hybrid, {"members": ["perseveration"]}),
    (glm_hmm, {"terms": TERMS, "n_states": [2], "n_restarts": 1}),
    (glm_hmm, {"terms": TERMS, "n_states": [2], "n_restarts": 1, "driven": True}),
]


@pytest.mark.parametrize(("baseline", "options"), MODELS, ids=[f.__name__ for f, _ in MODELS])
def test_every_baseline_is_fitted_once_and_predicts_trials_with_other_values(
    baseline, options, behaviour
):
    train, test = np.arange(180), np.arange(180, 240)
    if baseline is hybrid and not _is_two_step(behaviour):
        with pytest.raises(DataError):
            baseline.fit(behaviour, train, **options)
        return
    changed = behaviour.copy(deep=True)
    # scales and weights are those of training, and a trial knows nothing of what comes after it
    changed["cue"][:180] *= 3.0
    changed["reward"][:180] = 5.0
    for name in ("cue", "reward", "choice", "common"):
        changed[name][230:] = 1.0
    predict = baseline.fit(behaviour, train, **options)
    found = predict(behaviour, test)
    np.testing.assert_array_equal(found, baseline(behaviour, train, test, **options))
    np.testing.assert_array_equal(predict(changed, test)[:50], found[:50])
    np.testing.assert_array_equal(predict(behaviour.isel(trial=test), np.arange(60)), found)
    after = predict(changed, test)[51:]
    assert baseline is class_frequency or np.abs(np.exp(after) - np.exp(found[51:])).max() > 1e-4


def test_a_baseline_made_of_its_fit_checks_the_split_and_shows_its_arguments(behaviour):
    assert list(signature(glm_hmm).parameters)[:4] == ["trials", "train", "test", "terms"]
    with pytest.raises(DataError, match=r"(?s)GLM-HMM: 2 problems.*train = .*test = "):
        glm_hmm(behaviour, [1000], "all", terms=["cue"], n_states=(1,))
