"""The loader reproduces the counts and effects of this dataset; tasks differ in their keys."""

import numpy as np
import pytest

from data_loaders import load
from neuroalrnn.data import StimulusSequenceOut
from neuroalrnn.data.cautions import unscored_reasons
from neuroalrnn.data.offered import offered_options


@pytest.fixture(scope="module")
def trials():
    return load("pratte2010_exp1")


def test_first_trials_are_those_of_the_source(trials):
    names = ["color_red", "color_green", "location", "congruent", "choice"]
    found = np.stack([trials[name].values[[0, 1, 4]] for name in names], axis=1)
    np.testing.assert_array_equal(found, [[1, 0, -1, 1, 0], [1, 0, 1, -1, 0], [0, 1, -1, -1, 1]])
    np.testing.assert_array_equal(trials["rt"][:3], [1.681236, 1.085295, 0.651648])


def test_counts(trials):
    scored, simon = trials["scored"].values, trials["session"].values == "simon"
    assert (scored[simon].sum(), scored[~simon].sum()) == (19_122, 19_124)
    reasons = {"a key that the task does not use": 11, "no valid response time": 47}
    assert unscored_reasons(trials) == reasons
    assert trials["trial_in_session"].max() == 7 * 72 - 1
    assert trials["first_in_block"].sum() == 38 * 2 * 7


@pytest.mark.parametrize(
    ("session", "expected"),
    [("simon", {-1: 0.969, 1: 0.984}), ("stroop", {-1: 0.950, 1: 0.970, 0: 0.964})],
)
def test_people_err_more_where_the_distractor_disagrees(trials, session, expected):
    here = trials["session"].values == session
    correct, congruent = trials["correct"].values[here], trials["congruent"].values[here]
    for value, share in expected.items():
        assert correct[congruent == value].mean() == pytest.approx(share, abs=5e-4)
    assert set(congruent) == set(expected)


def test_a_choice_is_correct_if_it_is_the_colour(trials):
    color = np.argmax([trials[f"color_{name}"] for name in ("red", "green", "blue")], axis=0)
    np.testing.assert_array_equal(trials["choice"] == color, trials["correct"] == 1)


def test_only_the_stroop_task_has_words_and_the_blue_key(trials):
    stroop = trials["context"].values == 1
    np.testing.assert_array_equal(offered_options(trials).sum(axis=1), np.where(stroop, 3, 2))
    words = sum(trials[f"word_{name}"].values for name in ("red", "green", "blue"))
    np.testing.assert_array_equal(words == 1, stroop & (trials["congruent"].values != 0))
    np.testing.assert_array_equal(trials["location"] == 0, stroop)


def test_subjects_share_six_sequences(trials):
    assert len(StimulusSequenceOut().split(trials)) == 6
