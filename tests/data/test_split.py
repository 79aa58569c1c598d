"""Groups stay whole, parts are balanced, and shared stimulus orders are held out together."""

import numpy as np
import pytest
from sklearn import model_selection

from neuroalrnn.data import (
    LeaveOneSubjectOut,
    SessionKFold,
    StimulusSequenceOut,
    SubjectKFold,
)
from neuroalrnn.data.cv import as_splitter
from neuroalrnn.exceptions import ConfigError, DataError

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


@pytest.mark.parametrize(
    ("n_trials", "held_out"),
    [((32, 31), [32, 31]), ((70, 30), [70, 30]), ((80, 20), [80, 20]), ((81, 19), [19])],
)
def test_one_of_two_subjects_may_have_more_than_half(make_trials, n_trials, held_out):
    trials = make_trials(1, 1, sum(n_trials))
    trials = trials.assign_coords(subject=("trial", np.repeat(["a", "b"], n_trials)))
    parts = LeaveOneSubjectOut().inner(trials, np.arange(sum(n_trials)), 2)
    assert [len(part) for _, part in parts] == held_out


def test_subjects_validate_where_all_that_train_share_one_order(make_trials):
    trials = make_trials(n_subjects=6)
    for target in (2, 4):
        trials = share(share(trials, 0, target), 6, 6 + target)
    splitter = StimulusSequenceOut(STIMULUS)
    folds = splitter.split(trials)
    assert [fold.name for fold in folds] == ["like s0", "like s3"]
    subject = trials["subject"].values
    for _, validation in splitter.inner(trials, folds[0].train, 3):
        assert len(set(subject[validation])) == 1


@pytest.mark.parametrize(
    ("splitter", "message"),
    [
        (SubjectKFold(4), "give n_splits = 3 or fewer"),
        (StimulusSequenceOut(STIMULUS), r"hold out subjects \(SubjectKFold\), and claim no more"),
    ],
)
def test_the_remedy_fits_the_splitter(trials, splitter, message):
    for target in (2, 4):
        trials = share(trials, 0, target)
    with pytest.raises(DataError, match=message):
        splitter.split(trials)


@pytest.mark.parametrize(
    ("cv", "message"),
    [
        (SubjectKFold, r"the class SubjectKFold: pass an instance, SubjectKFold\(\)"),
        (5, r"cv = 5: expected a splitter; pass SubjectKFold\(5\)"),
        ("SessionKFold", r"pass the splitter, not its name: SessionKFold\(\)"),
        ("kfold", r"cv = 'kfold': expected a splitter, one of LeaveOneSubjectOut\(\), "),
        (False, "cv = False: expected a splitter"),
        (0, "cv = 0: expected a splitter"),
        (model_selection.KFold(4), r"KFold: scikit-learn .* pass SubjectKFold\(4\)"),
        (model_selection.GroupKFold, r"GroupKFold: scikit-learn .* pass SubjectKFold\(\)"),
        (model_selection.LeaveOneGroupOut(), r"scikit-learn .* pass LeaveOneSubjectOut\(\)"),
    ],
)
def test_what_is_no_splitter_is_refused_with_what_to_pass(cv, message):
    with pytest.raises(ConfigError, match=message):
        as_splitter(cv, SubjectKFold())


def test_no_splitter_is_the_default():
    assert as_splitter(None, SubjectKFold(3)) == SubjectKFold(3)


@pytest.mark.parametrize("kind", [SubjectKFold, SessionKFold])
@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((1,), "n_splits = 1: expected a whole number from 2"),
        ((2.0,), "n_splits = 2.0: expected a whole number"),
        (("2",), "n_splits = '2': expected a whole number"),
        ((True,), "n_splits = True: expected a whole number"),
        ((2, -1), "random_state = -1: expected a whole number from 0 to 4294967295"),
        ((2, 2**80), "random_state = .*: expected a whole number from 0 to 4294967295"),
        ((2, None), "random_state = None"),
    ],
)
def test_numbers_of_splitters_are_checked(kind, given, message):
    with pytest.raises(ConfigError, match=message):
        kind(*given)


def test_numbers_of_numpy_are_kept_as_plain_ones():
    assert (
        repr(SubjectKFold(np.int64(3), np.uint32(7))) == "SubjectKFold(n_splits=3, random_state=7)"
    )


@pytest.mark.parametrize("stimulus", ["stimulus", 3, [1], {"stimulus"}])
def test_stimuli_are_a_list_of_names(stimulus):
    with pytest.raises(ConfigError, match="stimulus"):
        StimulusSequenceOut(stimulus)
