"""The loader reproduces the counts and the logistic reference of this dataset."""

import json

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from data_loaders import load
from neuroalrnn.data import LeaveOneSubjectOut, default_encoding, design, encode

RATS = ["M055", "M064", "M070", "M071", "M088", "M093"]


@pytest.fixture(scope="module")
def trials():
    return load("miller_rats")


def by_rat(trials, name, keep):
    subject, values = trials["subject"].values, trials[name].values
    return np.array([values[keep & (subject == rat)].mean() for rat in RATS])


def test_counts(trials):
    assert trials.sizes["trial"] == 36_351
    assert int(trials["scored"].sum()) == 31_743
    reasons = trials["unscored_reason"].values
    np.testing.assert_array_equal(reasons == "", trials["scored"])
    for each in json.loads(trials.attrs["unscored"]):
        assert (reasons == each["reason"]).sum() == each["n_trials"] > 0
    assert "62 rows of the source removed: 10 violations, 52 bad timing" in trials.attrs["notes"]


def test_shares_by_rat(trials):
    free = trials["forced"].values == 0
    better = by_rat(trials, "correct", free)
    np.testing.assert_allclose(better, [0.755, 0.736, 0.720, 0.605, 0.646, 0.762], atol=1e-3)
    trials["same"] = trials["second_side"] == trials["choice"]
    same = by_rat(trials, "same", np.ones_like(free))
    np.testing.assert_allclose(same, [0.803, 0.204, 0.795, 0.200, 0.201, 0.791], atol=1e-3)


def test_mapping_explains_every_transition(trials):
    side = 2 * trials["choice"] - 1
    common = trials["mapped_side"] == side
    np.testing.assert_array_equal(common, trials["common"] == 1)
    mapping = by_rat(trials, "mapping", np.ones(trials.sizes["trial"], dtype=bool))
    np.testing.assert_array_equal(mapping, [1, -1, 1, -1, -1, 1])


def test_forced_side_is_the_choice_and_never_scored(trials):
    forced = trials["forced"].values == 1
    side = 2 * trials["choice"].values - 1
    np.testing.assert_array_equal(trials["forced_side"].values, np.where(forced, side, 0))
    assert not trials["scored"].values[forced].any()
    assert np.isnan(trials["correct"].values[forced]).all()


def test_reward_follows_the_hidden_probability(trials):
    right = trials["second_side"].values == 1
    p_reward = np.where(right, 1 - trials["p_reward_left"], trials["p_reward_left"])
    reward = trials["reward"].values
    assert reward[p_reward > 0.5].mean() == pytest.approx(0.79, abs=0.01)
    assert reward[p_reward < 0.5].mean() == pytest.approx(0.22, abs=0.01)


def test_blocks_count_the_reversals(trials):
    changes = np.diff(trials["block"].values)
    inside = np.diff(trials["trial_in_session"].values) > 0
    assert (changes[inside] > 0).sum() == 565
    assert set(changes[inside]) == {0, 1}


def test_logistic_reference(trials):
    terms = json.loads(trials.attrs["baselines"])["history-logistic"]
    assert len(terms) == 20
    matrix, choice = design(trials, terms).to_numpy(), trials["choice"].values
    scored, scores = trials["scored"].values, []
    for fold in LeaveOneSubjectOut().split(trials):
        train, test = fold.train[scored[fold.train]], fold.test[scored[fold.test]]
        model = LogisticRegression(C=1.0, max_iter=1000).fit(matrix[train], choice[train])
        log_p = model.predict_log_proba(matrix[test])
        scores.append(log_p[np.arange(len(test)), choice[test].astype(int)])
    expected = [-0.383, -0.412, -0.453, -0.652, -0.535, -0.462]
    np.testing.assert_allclose([score.mean() for score in scores], expected, atol=6e-4)
    assert np.concatenate(scores).mean() == pytest.approx(-0.4388, abs=1e-4)


def test_default_encoding(trials):
    sequences = encode(trials, **default_encoding(trials))
    assert sequences.scored.sum() == 31_743
    assert len(sequences.inputs) == 52
    distance = {"forced_side": 1, "choice": 3, "mapped_side": 2, "reward": 2}
    assert sequences.steps_to_choice == distance


def test_outcomes_are_coded_by_sign_and_a_free_choice_by_0(trials):
    rat = trials.isel(trial=np.flatnonzero(trials["subject"].values == "M055"))
    sequences = encode(rat, **default_encoding(trials))
    assert (sequences.inputs[..., sequences.features.index("forced_side")] == 0).all()
    at_reward = sequences.to_trials(sequences.inputs)[:, 3, sequences.features.index("reward")]
    np.testing.assert_array_equal(at_reward, 2 * rat["reward"] - 1)
