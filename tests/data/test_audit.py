"""Overlap is refused; planted shared orders are found."""

import warnings

import numpy as np
import pytest

from neuroalrnn.data import (
    LeaveOneSubjectOut,
    SessionKFold,
    Split,
    StimulusSequenceOut,
    audit,
)
from neuroalrnn.exceptions import DataError, LeakageError, LeakageWarning


@pytest.fixture
def planted(make_trials):
    """Session 1 of s3 repeats the order of session 0 of s1."""
    trials = make_trials(n_subjects=4)
    trials["stimulus"][42:48] = trials["stimulus"][12:18].values
    return trials


def test_planted_order_is_found(planted):
    with pytest.warns(LeakageWarning, match=r"2 test subjects .* StimulusSequenceOut"):
        report = audit(planted, LeaveOneSubjectOut().split(planted), ["stimulus"])
    assert list(report.shared["subject"]) == ["s1", "s3"]
    assert list(report.shared["n_sharing"]) == [1, 1]


def test_splitter_by_order_passes_its_own_audit(planted):
    splitter = StimulusSequenceOut(("stimulus",))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        report = audit(
            planted, splitter.split(planted), ["stimulus"], groups=splitter.groups(planted)
        )
    assert report.shared.empty


def test_nothing_to_compare_is_said(trials):
    report = audit(trials, LeaveOneSubjectOut().split(trials))
    assert "nothing to compare" in report.note


def test_overlapping_trials_are_refused(trials):
    fold = Split("a", np.arange(20), np.arange(19, 36))
    with pytest.raises(LeakageError, match=r"fold 'a': 1 trials are in both parts, first 19"):
        audit(trials, [fold])


def test_split_session_is_refused(trials):
    fold = Split("a", np.arange(20), np.arange(20, 36))
    with pytest.raises(LeakageError, match="1 groups are in both parts: s1/1"):
        audit(trials, [fold])


def test_split_subject_is_refused_when_subjects_are_the_groups(make_trials):
    trials = make_trials(n_subjects=3)
    groups = LeaveOneSubjectOut().groups(trials)
    folds = SessionKFold(3).split(trials)
    audit(trials, folds)
    with pytest.raises(LeakageError, match="groups are in both parts: s"):
        audit(trials, folds, groups=groups)


def test_outcome_is_no_stimulus(trials):
    with pytest.raises(DataError, match="'reward' is known only after the choice"):
        audit(trials, LeaveOneSubjectOut().split(trials), ["reward"])
