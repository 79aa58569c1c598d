"""Groups stay whole, parts are balanced, and shared stimulus orders are held out together."""

import numpy as np
import pytest

from neuroalrnn.data import (
    LeaveOneSubjectOut,
    SessionKFold,
    StimulusSequenceOut,
    SubjectKFold,
)
from neuroalrnn.exceptions import DataError

STIMULUS = ("stimulus",)


def share(trials, source, target):
    """Give session `target` the stimuli of session `source`; sessions hold 6 trials."""
    trials["stimulus"][6 * target : 6 * target + 6] = trials["stimulus"][
        6 * source : 6 * source + 6
    ].values
    return trials


@pytest.mark.parametrize(
    "splitter",
    [LeaveOneSubjectOut(), SubjectKFold(3), SessionKFold(4), StimulusSequenceOut(STIMULUS)],
    ids=lambda splitter: type(splitter).__name__,
)
def test_folds_hold_out_whole_groups_once(make_trials, splitter):
    trials = make_trials(n_subjects=5)
    folds, groups = splitter.split(trials), splitter.groups(trials)
    np.testing.assert_array_equal(np.sort(np.concatenate([fold.test for fold in folds])), range(60))
    for fold in folds:
        assert not set(groups[fold.train]) & set(groups[fold.test])
        assert len(fold.train) + len(fold.test) == 60
        again = splitter.inner(trials, fold.train, 2)
        for (fit, validation), (fit_again, _) in zip(
            again, splitter.inner(trials, fold.train, 2), strict=True
        ):
            np.testing.assert_array_equal(fit, fit_again)
            assert not set(groups[fit]) & set(groups[validation])
            assert set(fit) | set(validation) == set(fold.train)


def test_random_parts_follow_random_state(make_trials):
    trials = make_trials(n_subjects=8)
    tests = [SubjectKFold(4, seed).split(trials)[0].test for seed in (0, 0, 1)]
    np.testing.assert_array_equal(tests[0], tests[1])
    assert set(tests[0]) != set(tests[2])


def test_subjects_that_share_a_session_form_one_group(make_trials):
    trials = make_trials(n_subjects=5)
    # s0 and s2 share one order, s2 and s4 another: all three belong together
    trials = share(share(trials, 0, 5), 4, 9)
    groups = StimulusSequenceOut(STIMULUS).groups(trials)[::12]
    assert list(groups) == ["like s0", "like s1", "like s0", "like s3", "like s0"]


def test_constant_stimuli_are_no_order(make_trials):
    trials = make_trials()
    trials["stimulus"][:24] = 0.0
    assert len(StimulusSequenceOut(STIMULUS).split(trials)) == 3


def test_dominant_group_is_never_held_out_inside(make_trials):
    trials = make_trials(n_subjects=7)
    for target in range(2, 8, 2):
        trials = share(trials, 0, target)
    splitter = StimulusSequenceOut(STIMULUS)
    parts = splitter.inner(trials, np.arange(84), 3)
    assert len(parts) == 3
    for fit, validation in parts:
        assert set(range(48)) <= set(fit)
        assert len(validation) == 12


def test_inner_parts_are_balanced(make_trials):
    trials = make_trials(n_subjects=9)
    sizes = [len(part) for _, part in SubjectKFold().inner(trials, np.arange(96), 4)]
    assert sizes == [24, 24, 24, 24]


@pytest.mark.parametrize(
    "splitter", [LeaveOneSubjectOut(), SubjectKFold(2), StimulusSequenceOut(STIMULUS)]
)
def test_one_subject_cannot_be_split(make_trials, splitter):
    with pytest.raises(DataError, match="holds 1 group to hold out, expected at least 2"):
        splitter.split(make_trials(n_subjects=1))


def test_one_trial_cannot_be_split(make_trials):
    trials = make_trials(1, 1, 1)
    with pytest.raises(DataError, match="holds 1 group"):
        SessionKFold().split(trials)


def test_too_few_subjects_for_the_folds(trials):
    with pytest.raises(DataError, match="holds 3 groups to hold out, expected at least 5"):
        SubjectKFold(5).split(trials)


def test_inner_split_needs_two_groups(trials):
    with pytest.raises(DataError, match="the training part holds 1 group"):
        LeaveOneSubjectOut().inner(trials, np.arange(12), 2)


@pytest.mark.parametrize(
    ("stimulus", "message"),
    [
        (("stimulos",), "'stimulos' is unknown; did you mean 'stimulus'"),
        (("choice",), "'choice' is known only after the choice"),
        ((), "no stimulus is known before the choice"),
        (None, "no stimulus is known before the choice"),
    ],
)
def test_stimulus_must_be_known_before_the_choice(trials, stimulus, message):
    with pytest.raises(DataError, match=message):
        StimulusSequenceOut(stimulus).split(trials)
