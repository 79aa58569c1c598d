"""The loader reproduces counts and gaps of this dataset; its history is what came before."""

import numpy as np
import pytest

from data_loaders import load
from neuroalrnn.data import default_encoding
from neuroalrnn.data.lags import count_gaps


@pytest.fixture(scope="module")
def trials():
    return load("akrami2018")


def follows(trials):
    """Whether a trial comes right after the one above, in the same session."""
    session, number = trials["session"].values, trials["trial_in_session"].values
    return np.r_[False, (session[1:] == session[:-1]) & (np.diff(number) == 1)]


def test_first_trials_are_those_of_the_source(trials):
    np.testing.assert_allclose(trials["sound_1"][:3], [-0.04184, 1.51889, 0.73846], atol=1e-5)
    np.testing.assert_allclose(trials["sound_2"][:3], [-0.82167, 0.73846, -0.04184], atol=1e-5)
    np.testing.assert_allclose(trials["average_back1"][:3], [0.34831, -0.43175, 1.12868], atol=1e-5)
    np.testing.assert_array_equal(trials["choice"][:3], 1)
    np.testing.assert_array_equal(trials["correct_side_back2"][:3], [0, -1, 1])
    assert set(trials["subject"].values) == {"W053"}


def test_counts(trials):
    assert trials["correct"].mean() == pytest.approx(0.6445)
    assert trials["choice"].mean() == pytest.approx(0.532, abs=5e-4)
    _, sizes = np.unique(trials["session"].values, return_counts=True)
    assert (sizes.min(), np.median(sizes), sizes.max()) == (54, 251, 400)
    assert (count_gaps(trials), follows(trials).sum()) == (2012, 17_908)


def test_the_louder_sound_tells_the_side_that_pays(trials):
    pays = np.where(trials["choice"] == 1, 1, -1) == trials["louder"]
    np.testing.assert_array_equal(pays, trials["correct"] == 1)
    np.testing.assert_array_equal(trials["sound_1"] > trials["sound_2"], trials["louder"] == 1)


def test_history_is_that_of_the_trial_before_where_there_is_one(trials):
    here = np.flatnonzero(follows(trials))
    signed = {name: 2 * trials[name].values - 1 for name in ("choice", "reward")}
    signed["correct_side"] = trials["louder"].values
    signed["average"] = (trials["sound_1"] + trials["sound_2"]).values / 2
    for name, values in signed.items():
        np.testing.assert_allclose(trials[f"{name}_back1"].values[here], values[here - 1])
    assert not set(default_encoding(trials)["inputs"]) & {"choice", "reward", "correct", "louder"}
