"""Two P per fold: the one that predicts best, and the smallest that loses little of it."""

import json

import numpy as np
import pytest

from neuroalrnn.baselines import class_frequency
from neuroalrnn.data import LeaveOneSubjectOut, SubjectKFold
from neuroalrnn.data.schema import scored_trials
from neuroalrnn.exceptions import ConfigError
from neuroalrnn.network.run import compute_latents
from neuroalrnn.questions.n_pwl import describe_choice_of_n_pwl
from neuroalrnn.results import Fit
from neuroalrnn.stats import best_and_sufficient, one_standard_error
from neuroalrnn.study.floor import score_floor
from neuroalrnn.study.observation import predict_constant
from neuroalrnn.study.study import prepare_study


@pytest.fixture(scope="module")
def changed(fitted):
    """A fit with other choices of P, by fold, as if it had been saved so."""

    def change(sufficient, best=None):
        tree = fitted.tree.copy()
        selection = tree["selection"].to_dataset().drop_vars("n_pwl_best")
        values = selection["n_pwl_chosen"].copy(data=sufficient)
        selection = selection.assign(n_pwl_chosen=values)
        if best is not None:
            selection = selection.assign(n_pwl_best=values.copy(data=best))
        tree["selection"] = type(tree)(selection)
        return Fit(tree)

    return change


def test_what_explains_nothing_is_the_class_frequency_of_the_inner_training_parts(
    trials, setting, encoding, fitted
):
    options = {"n_pwl": [0], "n_inner": 2, "encoding": encoding}
    study = prepare_study(trials, setting, LeaveOneSubjectOut(), **options)
    subject, code = trials["subject"].values, trials["choice"].values.astype(int)
    for fold, part in enumerate(study.folds):
        expected = {}
        for train, validate in study.inner(part.train):
            said = class_frequency(trials, train, validate)
            said = said[np.arange(len(validate)), code[validate]]
            for name in np.unique(subject[validate]):
                expected[name] = said[subject[validate] == name].mean()
        found = score_floor(study.plan, fold)
        np.testing.assert_allclose(found, [expected[name] for name in sorted(expected)])
        kept = fitted.selection["validation_floor"].isel(fold=fold).dropna("subject")
        assert part.name not in kept["subject"]
        np.testing.assert_array_equal(kept, found)


def test_with_further_variables_it_is_the_constant_model_of_the_inner_training_parts(
    timed, setting, encoding, joint_fit
):
    options = {"n_pwl": [0], "n_inner": 2, "encoding": encoding, "observation": "choice_rt"}
    study = prepare_study(timed, setting, SubjectKFold(2), **options)
    subject, scored = study.trials["subject"].values, scored_trials(study.trials)
    for fold, part in enumerate(study.folds):
        expected = {}
        for train, validate in study.inner(part.train):
            train, rows = train[scored[train]], validate[scored[validate]]
            joint = predict_constant(study.plan.observation, study.trials, train, rows)[1]["joint"]
            for name in np.unique(subject[rows]):
                expected[name] = joint[subject[rows] == name].mean()
        found = score_floor(study.plan, fold)
        np.testing.assert_allclose(found, [expected[name] for name in sorted(expected)], rtol=1e-4)
        kept = joint_fit.selection["validation_floor"].isel(fold=fold).dropna("subject")
        np.testing.assert_array_equal(kept, found)


def test_both_follow_from_the_validation_scores_of_their_fold(fitted):
    for fold, name in enumerate(fitted.selection["fold"].values):
        one = fitted.selection.isel(fold=fold).dropna("subject")
        scores, grid = one["validation_by_subject"].values, one["n_pwl"].values
        found = best_and_sufficient(scores, grid, one["validation_floor"].values, 0.05)
        assert grid[found.best] == one["n_pwl_best"], name
        assert grid[found.index] == one["n_pwl_chosen"], name
    assert (fitted.loss, fitted.config["sufficient"]) == (0.05, 0.05)


def test_predictions_are_those_of_the_best_network_and_of_the_sufficient_one(fitted):
    by_model, held_out = fitted.predictions["log_likelihood"], fitted.splits["fold"].values
    for name, view in (("AL-RNN", fitted.best), ("AL-RNN sufficient", fitted.sufficient)):
        assert view.model == name
        for fold in view.folds:
            rows = held_out == fold.index
            expected = by_model.sel(model=f"AL-RNN P={fold.network.n_pwl}").values[rows]
            np.testing.assert_array_equal(by_model.sel(model=name).values[rows], expected)


def test_the_one_standard_error_rule_is_there_by_name(trials, fit):
    found = fit(trials, SubjectKFold(2), sufficient="one standard error")
    assert found.loss is None
    for fold in range(2):
        one = found.selection.isel(fold=fold).dropna("subject")
        index = one_standard_error(one["validation_by_subject"].values, [0, 2]).index
        assert one["n_pwl_chosen"] == min([0, 2][index], int(one["n_pwl_best"]))


@pytest.mark.parametrize("given", [-0.1, 1.5, np.nan, "5 %", None, True])
def test_an_impossible_share_is_refused(trials, given, fit):
    with pytest.raises(ConfigError, match=r"sufficient = .*expected"):
        fit(trials, sufficient=given)


def test_views_share_what_is_the_same_and_nothing_is_computed_twice(changed):
    fit = changed([0, 0, 2, 0, 2, 2], [0, 2, 2, 2, 2, 2])
    fit.sequences  # noqa: B018 - what is known before is shared
    best = fit.best
    assert best.best is best
    assert best.sufficient is fit.sufficient is fit
    assert best.sequences is fit.sequences
    same = [one is other for one, other in zip(fit.folds, best.folds, strict=True)]
    assert same == [True, False, True, False, True, True]
    assert [fold.network.n_pwl for fold in fit.folds] == [0, 0, 2, 0, 2, 2]
    assert [fold.network.n_pwl for fold in best.folds] == [0, 2, 2, 2, 2, 2]
    assert best.folds[1].selection["n_pwl_chosen"] == 2
    expected = compute_latents(fit.folds[1].network_of(2), fit.sequences)
    np.testing.assert_array_equal(best.folds[1].latents, expected)
    assert fit.selection["n_pwl_chosen"].values.tolist() == [0, 0, 2, 0, 2, 2]
    one = changed([2] * 6, [2] * 6)
    assert one.best is one.sufficient is one
    assert one.model == "AL-RNN"


def test_a_file_of_an_earlier_version_has_one_choice_for_both(changed, tmp_path):
    fit = changed([0, 2, 2, 2, 2, 0])
    fit.save(tmp_path / "fit.nc")
    old = Fit.load(tmp_path / "fit.nc")
    assert old.best is old
    assert old.selection["n_pwl_best"].values.tolist() == [0, 2, 2, 2, 2, 0]
    tree = old.tree.copy()
    config = {name: value for name, value in old.config.items() if name != "sufficient"}
    tree.attrs = old.tree.attrs | {"config": json.dumps(config)}
    assert Fit(tree).loss is None
    said = describe_choice_of_n_pwl(Fit(tree))
    assert "Chosen on validation subjects: P = 0 in 2 folds, 2 in 4 folds. This fit is of" in said


def test_both_are_told_with_the_share_that_may_be_lost(changed):
    said = describe_choice_of_n_pwl(changed([0] * 6, [0, 0, 2, 2, 2, 2]))
    assert "the best P is 0 in 2 folds, 2 in 4 folds; the sufficient one" in said
    assert "loses at most 5 % of what is explained, is 0 in 6 folds" in said


def test_a_view_is_saved_as_the_fit_that_it_shows(changed, tmp_path):
    fit = changed([0] * 6, [2] * 6)
    fit.best.save(tmp_path / "fit.nc")
    again = Fit.load(tmp_path / "fit.nc")
    assert again.selection["n_pwl_chosen"].values.tolist() == [0] * 6
    assert again.best.selection["n_pwl_chosen"].values.tolist() == [2] * 6


def test_where_nothing_is_explained_one_sentence_says_so(trials, fit):
    noise = np.random.default_rng(5).integers(0, 2, trials.sizes["trial"]).astype(float)
    found = fit(trials.assign(choice=trials["choice"].copy(data=noise)), SubjectKFold(2))
    gain = found.selection["validation_by_subject"] - found.selection["validation_floor"]
    nothing = (gain.mean("subject").max("n_pwl") <= 0).values
    assert nothing.any()
    (text,) = [each for each in found.cautions if "nothing is explained" in each]
    names = found.selection["fold"].values
    assert text.startswith(", ".join(names[nothing]))
    assert "smallest P that was fitted is the sufficient one" in text
    assert (found.selection["n_pwl_chosen"].values[nothing] == 0).all()
