"""The loader reproduces the counts, the outcomes and the learning of this dataset."""

import json

import numpy as np
import pytest

from data_loaders import load
from neuroalrnn.data import default_encoding, encode
from neuroalrnn.data.offered import offered_options
from neuroalrnn.data.schema import is_after_choice

STIMULI = "ABCD"


@pytest.fixture(scope="module")
def trials():
    return load("fontanesi2019")


def columns(trials, name):
    return np.stack([trials[f"{name}_{stimulus}"].values for stimulus in STIMULI], axis=1)


def test_counts(trials):
    assert trials.sizes["trial"] == 6_464
    assert int(trials["scored"].sum()) == 6_464
    subject, session = trials["subject"].values, trials["session"].values
    _, sizes = np.unique(
        [f"{a} {b}" for a, b in zip(subject, session, strict=True)], return_counts=True
    )
    assert len(np.unique(subject)) == 27
    np.testing.assert_array_equal(np.bincount(sizes)[78:], [2, 12, 67])
    assert trials["correct"].mean() == pytest.approx(5266 / 6464)
    assert trials["rt"].median() == pytest.approx(1.322, abs=1e-3)


def test_two_stimuli_are_offered_and_both_outcomes_are_known(trials):
    offered = offered_options(trials)
    assert (offered.sum(axis=1) == 2).all()
    assert not (offered[:, 0] & offered[:, 2]).any()
    assert not (offered[:, 1] & offered[:, 3]).any()
    outcome = columns(trials, "outcome")
    np.testing.assert_array_equal(np.isfinite(outcome), offered)
    both = trials["reward"] + trials["foregone"]
    np.testing.assert_array_equal(np.nansum(outcome, axis=1), both)
    chosen = outcome[np.arange(len(outcome)), trials["choice"].values.astype(int)]
    np.testing.assert_array_equal(chosen, trials["reward"])


@pytest.mark.parametrize("mean", [36, 40, 50, 54])
def test_outcomes_are_those_of_the_publication(trials, mean):
    outcome = columns(trials, "outcome")[columns(trials, "mean") == mean]
    assert np.nanmean(outcome) == pytest.approx(mean, abs=0.2)
    assert np.nanstd(outcome) == pytest.approx(4.5, abs=0.2)


def test_a_stimulus_keeps_its_mean_within_a_block(trials):
    mean = columns(trials, "mean")
    assert (np.sort(mean, axis=1) == [36, 40, 50, 54]).all()
    is_same_block = np.diff(trials["trial_in_session"].values) > 0
    assert (np.diff(mean, axis=0)[is_same_block] == 0).all()
    better = np.nanargmax(np.where(offered_options(trials), mean, np.nan), axis=1)
    np.testing.assert_array_equal(better == trials["choice"].values, trials["correct"] == 1)


def test_names_of_stimuli_do_not_tell_which_is_better(trials):
    first = trials["trial_in_session"].values == 0
    mean = columns(trials, "mean")[first]
    for k in range(4):
        counts = [(mean[:, k] == value).sum() for value in (36, 40, 50, 54)]
        assert max(counts) - min(counts) <= 2, "81 blocks, each way as often as any other"


def test_averages_are_of_earlier_outcomes(trials):
    one = trials.isel(trial=slice(80))
    outcome, average = columns(one, "outcome"), columns(one, "average")
    for k in range(4):
        seen = [outcome[:t, k][np.isfinite(outcome[:t, k])] for t in range(80)]
        expected = [each.mean() if len(each) else np.nan for each in seen]
        np.testing.assert_allclose(average[:, k], expected)


def test_people_learn_and_prefer_what_is_clearly_better(trials):
    correct, place = trials["correct"].values, trials["trial_in_session"].values
    assert correct[place < 8].mean() == pytest.approx(0.611, abs=1e-3)
    assert correct[place >= 40].mean() > 0.84
    clear = trials["value_difference"].values == 14
    assert correct[clear].mean() == pytest.approx(0.886, abs=1e-3)
    assert correct[~clear].mean() == pytest.approx(0.7435, abs=1e-3)


def test_nothing_hidden_can_enter_before_the_choice(trials):
    hidden = ["reward", "foregone", "correct", "rt", "value_difference", "overall_value"]
    for name in (*hidden, *(f"{kind}_{s}" for kind in ("outcome", "mean") for s in STIMULI)):
        assert is_after_choice(trials, name)


def test_default_encoding(trials):
    sequences = encode(trials, **default_encoding(trials))
    assert sequences.inputs.shape[:2] == (81, 160)
    assert set(sequences.steps_to_choice.values()) == {1}
    shown = sequences.to_trials(sequences.inputs)[:, 0]
    after_first = [f"present=outcome_{stimulus}[-1]" for stimulus in STIMULI]
    present = shown[1:80, [sequences.features.index(name) for name in after_first]]
    np.testing.assert_array_equal(present == 1, offered_options(trials)[:79])


def test_regression_uses_what_is_known_before_the_choice(trials):
    terms = json.loads(trials.attrs["baselines"])["history-logistic"]
    now = [term for term in terms if "[-" not in term]
    assert now == [f"average_{stimulus}" for stimulus in STIMULI]
