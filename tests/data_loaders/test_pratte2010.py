"""The loader reproduces the counts and the logistic reference of this dataset."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from data_loaders import load
from neuroalrnn.data import (
    LeaveOneSubjectOut,
    StimulusSequenceOut,
    audit,
    default_encoding,
    design,
    encode,
)
from neuroalrnn.exceptions import DataError, LeakageWarning


@pytest.fixture(scope="module")
def trials():
    return load("pratte2010")


def held_out(trials, terms, folds):
    """Held-out log-likelihood in nats per scored trial."""
    matrix, choice = design(trials, terms).to_numpy(), trials["choice"].values
    scored = trials["scored"].values
    total = 0.0
    for fold in folds:
        train, test = fold.train[scored[fold.train]], fold.test[scored[fold.test]]
        model = LogisticRegression(C=1.0, max_iter=1000).fit(matrix[train], choice[train])
        log_p = model.predict_log_proba(matrix[test])
        total += log_p[np.arange(len(test)), choice[test].astype(int)].sum()
    return total / scored.sum()


def test_counts(trials):
    assert trials.sizes["trial"] == 27_360
    assert int(trials["scored"].sum()) == 27_316
    assert len(np.unique(trials["subject"])) == 38
    assert int(np.isnan(trials["choice"]).sum()) == 7
    assert int(np.isnan(trials["rt"]).sum()) == 39
    reasons = trials["unscored_reason"].values
    np.testing.assert_array_equal(reasons == "", trials["scored"])
    for each in json.loads(trials.attrs["unscored"]):
        assert (reasons == each["reason"]).sum() == each["n_trials"] > 0


def test_context_says_which_stimulus_is_followed(trials):
    followed = np.where(trials["context"] > 0, trials["location"], trials["word"])
    valid = np.isfinite(trials["choice"].values)
    right_answer = (2 * trials["choice"].values - 1 == followed)[valid]
    np.testing.assert_array_equal(right_answer, trials["correct"].values[valid] == 1)
    np.testing.assert_array_equal(trials["congruent"], trials["word"] * trials["location"])


def test_subjects_share_six_orders(trials):
    folds = StimulusSequenceOut().split(trials)
    n_subjects = [len(np.unique(trials["subject"].values[fold.test])) for fold in folds]
    assert sorted(n_subjects, reverse=True) == [18, 15, 2, 1, 1, 1]


def test_audit_finds_the_shared_orders(trials):
    with pytest.warns(LeakageWarning, match="35 test subjects .* StimulusSequenceOut"):
        report = audit(trials, LeaveOneSubjectOut().split(trials))
    sharing = pd.Series(report.shared["n_sharing"]).value_counts().to_dict()
    assert sharing == {17: 18, 14: 15, 1: 2}
    assert audit(trials, StimulusSequenceOut().split(trials)).shared.empty


@pytest.mark.parametrize(
    ("name", "n_terms", "score"), [("logistic", 5, -0.0929), ("history-logistic", 16, -0.0891)]
)
def test_logistic_reference(trials, name, n_terms, score):
    terms = json.loads(trials.attrs["baselines"])[name]
    assert len(terms) == n_terms
    folds = StimulusSequenceOut().split(trials)
    assert held_out(trials, terms, folds) == pytest.approx(score, abs=1e-4)


def test_default_encoding_lets_the_context_gate_the_stimulus(trials):
    sequences = encode(trials, **default_encoding(trials))
    assert sequences.inputs.shape == (38, 1440, 6)
    assert sequences.scored.sum() == 27_316
    assert min(sequences.steps_to_choice.values()) >= 1


def test_session_per_block():
    trials = load("pratte2010", session="block")
    assert int(trials["trial_in_session"].max()) == 71
    with pytest.raises(DataError, match=r"session: 'run' is unknown \(there are: subject, block\)"):
        load("pratte2010", session="run")


def test_licence_travels_with_the_data(trials):
    assert "without restriction" in trials.attrs["licence"]
    assert "Pratte" in trials.attrs["citation"]


def test_unknown_dataset_names_the_nearest():
    with pytest.raises(DataError, match="did you mean 'pratte2010'"):
        load("prate2010")
