"""The estimator: the same networks and scores as our own cross-validation, in other clothes."""

import pickle
from dataclasses import dataclass

import numpy as np
import pytest
from sklearn import model_selection, pipeline
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils import estimator_checks, validation

from neuroalrnn import ALRNN, Rows
from neuroalrnn.data import LeaveOneSubjectOut, SessionKFold, SubjectKFold
from neuroalrnn.exceptions import ConfigError, DataError
from neuroalrnn.study import cross_validate, select_n_pwl
from tests.study.conftest import ENCODING, SETTING

TRAINING = SETTING.model_dump(exclude={"n_latent", "n_pwl"})
OPTIONS = {"n_restarts": 2, "n_inner": 2, "threads": 1, "encoding": ENCODING}


def model(n_pwl=(0, 2), **options):
    return ALRNN(SETTING.n_latent, n_pwl, setting=TRAINING, **OPTIONS | options)


@dataclass(frozen=True)
class OnlyOne:
    """One fold of a splitter, so that its random streams are those of a first fold."""

    cv: object
    fold: int

    def split(self, trials):
        return [self.cv.split(trials)[self.fold]]

    def inner(self, *arguments):
        return self.cv.inner(*arguments)

    def groups(self, trials):
        return self.cv.groups(trials)


@pytest.fixture(scope="module")
def estimated(trials):
    return model().fit(trials)


@pytest.mark.filterwarnings("ignore:AL-RNN.*these scores, and means over them")
@pytest.mark.parametrize("gaps", [False, True])
def test_cross_validation_of_scikit_learn_and_ours_give_the_same_scores(trials, gaps):
    cv = SubjectKFold(3)
    if gaps:  # an input of one subject alone is missing at times: nobody else tells where
        away = (trials["subject"].values == "s2") & (np.arange(240) % 3 == 0)
        trials = trials.assign(stimulus=trials["stimulus"].where(~away))
    found = model_selection.cross_validate(
        model(n_pwl=1), Rows(trials), groups=trials["subject"].values, cv=cv, return_estimator=True
    )
    for fold, (score, one) in enumerate(zip(found["test_score"], found["estimator"], strict=True)):
        fit = cross_validate(
            trials, SETTING, OnlyOne(cv, fold), n_pwl=(1,), baselines={}, progress=False, **OPTIONS
        )
        values = fit.predictions["log_likelihood"].sel(model="AL-RNN").values
        expected = values[cv.split(trials)[fold].test].mean()
        assert score == pytest.approx(expected, abs=1e-5 if gaps else 1e-9)
        if not gaps:
            np.testing.assert_array_equal(one.network_.weight, fit.folds[0].network.weight)


def test_the_whole_choice_is_that_of_a_fold(trials):
    cv = SubjectKFold(2)
    fold = cv.split(trials)[0]
    rows = Rows(trials)
    one = model().fit(rows[fold.train])
    fit = select_n_pwl(trials, SETTING, cv, n_pwl=(0, 2), baselines={}, progress=False, **OPTIONS)
    assert one.n_pwl_ == fit.folds[0].network.n_pwl
    selection = fit.folds[0].selection.sel(n_pwl=one.n_pwl_)
    assert one.n_updates_ == selection["n_updates"].values[int(selection["restart"])]
    expected = fit.predictions["probability"].sel(model="AL-RNN").values[fold.test]
    np.testing.assert_allclose(one.predict_proba(rows[fold.test]), expected, atol=1e-6)
    assert one.cautions_ == []


def test_predictions_belong_to_trials_and_labels(trials, estimated):
    probability = estimated.predict_proba(trials)
    assert probability.shape == (trials.sizes["trial"], 2)
    np.testing.assert_allclose(probability.sum(axis=1), 1)
    labels = estimated.predict(Rows(trials))
    assert estimated.classes_.tolist() == ["left", "right"]
    np.testing.assert_array_equal(labels == "right", probability[:, 1] > 0.5)
    code = trials["choice"].values.astype(int)
    expected = np.log(probability[np.arange(len(code)), code]).mean()
    assert estimated.score(trials) == pytest.approx(expected, abs=1e-12)
    assert (labels == np.array(["left", "right"])[code]).mean() > 0.6


def test_searches_and_scorers_of_scikit_learn_work(trials):
    y = np.array(trials["choice"].attrs["labels"])[trials["choice"].values.astype(int)]
    search = model_selection.GridSearchCV(
        model(n_restarts=1), {"n_pwl": [0, 1]}, cv=SubjectKFold(2), scoring="neg_log_loss"
    )
    found = search.fit(Rows(trials), y)
    assert found.best_params_["n_pwl"] in (0, 1)
    assert -1 < found.best_score_ < 0


def test_a_choice_that_is_not_known_is_predicted_and_not_scored(trials, estimated):
    unknown = trials["choice"].values.copy()
    unknown[40:50] = np.nan
    open_ended = trials.assign(choice=trials["choice"].copy(data=unknown))
    probability = estimated.predict_proba(open_ended)
    assert np.isfinite(probability).all()
    # the first of them is predicted from what came before it
    np.testing.assert_allclose(probability[:41], estimated.predict_proba(trials)[:41])
    made = np.isfinite(unknown)
    expected = np.log(probability[np.flatnonzero(made), unknown[made].astype(int)]).mean()
    assert estimated.score(open_ended) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.drop_vars("rule"), "input 'rule' is unknown"),
        (
            lambda t: t.assign(choice=t["choice"].assign_attrs(labels=["right", "left"])),
            "choice: labels are right, left, those trained on left, right",
        ),
        (lambda t: Rows, "expected an xarray.Dataset, got"),
    ],
)
def test_other_trials_are_refused(trials, estimated, change, message):
    with pytest.raises(DataError, match=message):
        estimated.predict_proba(change(trials))


def test_wrong_arguments_are_named(trials):
    with pytest.raises(ConfigError, match="setting holds 'n_pwl': give it beside"):
        ALRNN(setting={"n_pwl": 1}).fit(trials)
    with pytest.raises(ConfigError, match="did you mean 'learning_rate'"):
        ALRNN(setting={"learning_rat": 1}).fit(trials)
    with pytest.raises(ConfigError, match=r"n_pwl=7: expected 0 .linear. to n_latent=3"):
        ALRNN(3, 7).fit(trials)
    with pytest.raises(DataError, match="expected the choices that the trials hold"):
        model().fit(trials, 1 - trials["choice"].values)
    with pytest.raises(NotFittedError):
        ALRNN().predict_proba(trials)


def test_an_estimator_is_copied_and_kept(trials, estimated):
    again = clone(estimated)
    assert not hasattr(again, "network_")
    assert again.get_params() == estimated.get_params()
    kept = pickle.loads(pickle.dumps(estimated))
    np.testing.assert_array_equal(kept.predict_proba(trials), estimated.predict_proba(trials))


class TestRows:
    def test_are_counted_and_indexed_as_an_array(self, trials):
        rows = Rows(trials)
        assert len(rows) == rows.shape[0] == 240
        for key in (slice(80, 120), np.arange(80, 120), np.arange(240) // 40 == 2):
            assert rows[key].trials.equals(trials.isel(trial=slice(80, 120)))
        assert repr(rows[:40]) == "40 trials of 1 subject"
        with pytest.raises(DataError, match=r"expected an xarray.Dataset"):
            Rows([1, 2])

    @pytest.mark.parametrize("cv", [LeaveOneSubjectOut(), SubjectKFold(3), SessionKFold(3)])
    def test_are_split_as_trials_are(self, trials, cv):
        expected = cv.split(trials)
        pairs = list(cv.split(Rows(trials), None, cv.groups(trials)))
        assert cv.get_n_splits(Rows(trials)) == len(pairs) == len(expected)
        for (train, test), split in zip(pairs, expected, strict=True):
            np.testing.assert_array_equal(train, split.train)
            np.testing.assert_array_equal(test, split.test)

    def test_groups_on_both_sides_are_refused(self, trials):
        halves = np.arange(240) % 40 // 20
        with pytest.raises(DataError, match="groups: 0, 1 would be trained on and tested"):
            SubjectKFold(2).split(Rows(trials), groups=halves)
        with pytest.raises(DataError, match="expected a label for each of 240 trials"):
            SubjectKFold(2).split(Rows(trials), groups=halves[:3])


APPLY = {
    "check_decision_proba_consistency",
    "check_do_not_raise_errors_in_init_or_set_params",
    "check_estimator_cloneable",
    "check_estimator_repr",
    "check_estimator_tags_renamed",
    "check_estimators_unfitted",
    "check_get_params_invariance",
    "check_mixin_order",
    "check_n_features_in_after_fitting",
    "check_no_attributes_set_in_init",
    "check_non_transformer_estimators_n_iter",
    "check_parameters_default_constructible",
    "check_set_params",
    "check_valid_tag_types",
}
ON_TRIALS = "it fits numbers; `test_habits_of_estimators_hold_on_trials` does it on trials"
MATRIX = "it is about numbers, shapes or types of a matrix; trials are refused or taken as trials"
CONTEXT = "the state goes on from trial to trial, so that order and neighbours matter"
DO_NOT = {
    "check_array_api_input": MATRIX,
    "check_classifier_data_not_an_array": MATRIX,
    "check_classifiers_classes": MATRIX,
    "check_classifiers_one_label": "with a single label there is nothing to predict: it is refused",
    "check_classifiers_one_label_sample_weights": "there are no weights of trials",
    "check_classifiers_regression_target": "targets are the choices that the trials hold",
    "check_classifiers_train": MATRIX,
    "check_complex_data": MATRIX,
    "check_dict_unchanged": ON_TRIALS,
    "check_dont_overwrite_parameters": ON_TRIALS,
    "check_dtype_object": MATRIX,
    "check_estimator_sparse_array": "trials are never sparse",
    "check_estimator_sparse_matrix": "trials are never sparse",
    "check_estimator_sparse_tag": "trials are never sparse",
    "check_estimators_dtypes": MATRIX,
    "check_estimators_empty_data_messages": MATRIX,
    "check_estimators_fit_returns_self": ON_TRIALS,
    "check_estimators_overwrite_params": ON_TRIALS,
    "check_estimators_partial_fit_n_features": "there is no partial_fit",
    "check_estimators_pickle": ON_TRIALS,
    "check_f_contiguous_array_estimator": MATRIX,
    "check_fit1d": MATRIX,
    "check_fit2d_1feature": MATRIX,
    "check_fit2d_1sample": MATRIX,
    "check_fit2d_predict1d": MATRIX,
    "check_fit_check_is_fitted": ON_TRIALS,
    "check_fit_idempotent": ON_TRIALS,
    "check_fit_score_takes_y": ON_TRIALS,
    "check_methods_sample_order_invariance": CONTEXT,
    "check_methods_subset_invariance": CONTEXT,
    "check_n_features_in": "inputs are named in the encoding, and not counted",
    "check_pipeline_consistency": ON_TRIALS,
    "check_positive_only_tag_during_fit": MATRIX,
    "check_readonly_memmap_input": MATRIX,
    "check_supervised_y_2d": "targets are the choices that the trials hold",
    "check_supervised_y_no_nan": "targets are the choices that the trials hold",
}


class OfMatrices(ALRNN):
    """The same under another tag, so that scikit-learn offers all checks of classifiers."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.no_validation, tags.input_tags.two_d_array = False, True
        return tags


def test_checks_of_scikit_learn_that_make_sense_pass_and_all_others_have_a_reason():
    names = set()
    for _, check in estimator_checks.estimator_checks_generator(OfMatrices()):
        name = getattr(check, "func", check).__name__
        names.add(name)
        if name in APPLY:
            check(ALRNN())
    assert not APPLY & set(DO_NOT)
    # other versions of scikit-learn may lack some
    assert names <= APPLY | set(DO_NOT)
    assert len(names & APPLY) > 10


def test_habits_of_estimators_hold_on_trials(trials):
    one = pipeline.make_pipeline(model(n_pwl=1, n_restarts=1))
    before, content = one[-1].get_params(), trials.copy(deep=True)
    rows = Rows(trials)
    assert not hasattr(one[-1], "network_")
    assert one[-1].fit(rows, trials["choice"].values) is one[-1]
    validation.check_is_fitted(one[-1])
    assert one[-1].get_params() == before
    assert trials.identical(content)
    fitted = {name for name in vars(one[-1]) if name not in before}
    assert all(name.endswith("_") and not name.startswith("_") for name in fitted)
    scores = [one.score(rows), one.score(rows, trials["choice"].values)]
    scores += [one.fit(rows).score(rows), pickle.loads(pickle.dumps(one)).score(rows)]
    assert len(set(scores)) == 1
