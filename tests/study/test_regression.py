"""Networks on top of the history regression, beside those without."""

import numpy as np
import pytest
import torch

from neuroalrnn.data import SubjectKFold, encode
from neuroalrnn.data.schema import scored_trials
from neuroalrnn.effects import Counterfactuals, list_flips
from neuroalrnn.exceptions import ConfigError
from neuroalrnn.plots.added import plot_added
from neuroalrnn.questions.adaptive import compare_adaptive, say_averaged
from neuroalrnn.questions.listed import COLUMNS
from neuroalrnn.questions.regression import PAIRS, QUESTION, compare_to_regression, say_added
from neuroalrnn.results.summary import (
    ADAPTIVE,
    CHOSEN,
    ENSEMBLE,
    NETWORK,
    ON_REGRESSION,
    REGRESSION,
)
from neuroalrnn.results.tables import columns_of, conform
from neuroalrnn.study.adaptive import terms_of
from neuroalrnn.study.predict import add_log_odds, predict_trials
from neuroalrnn.study.regression import OnRegression, _plan, history_regression, log_odds_of
from neuroalrnn.study.study import prepare_study

OPTIONS = {"n_pwl": (2,), "n_restarts": 1, "regression": True}
AVERAGED = OPTIONS | {"n_restarts": 2, "adaptive": True, "ensemble": True}


@pytest.fixture(scope="module")
def study(trials, setting, encoding):
    options = {"n_pwl": (0, 1), "n_restarts": 1, "n_inner": 2, "encoding": encoding}
    return prepare_study(trials, setting, SubjectKFold(2), threads=1, **options)


@pytest.fixture(scope="module")
def model(study):
    return OnRegression(study).fit(study.trials, study.folds[0].train)


@pytest.fixture(scope="module")
def both(trials, fit):
    return fit(trials, SubjectKFold(2), **AVERAGED)


def turned(trials, rows):
    choice = trials["choice"].values.copy()
    choice[rows] = 1 - choice[rows]
    return trials.assign(choice=trials["choice"].copy(data=choice))


def test_log_odds_add_up():
    one, other = np.log([[0.2, 0.8]]), np.log([[0.9, 0.1]])
    total = add_log_odds(one, log_odds_of(other))
    assert np.exp(total).sum() == pytest.approx(1)
    assert total[0, 1] - total[0, 0] == pytest.approx(np.log(4) - np.log(9))


def test_nothing_is_surer_than_can_be_observed():
    found = log_odds_of(np.log([[1.0, 1e-300, 1e-3]]))
    np.testing.assert_allclose(found, [[0, -20, np.log(1e-3)]])
    assert not log_odds_of(np.full((2, 3), np.nan)).any()


def test_network_that_reads_nothing_leaves_the_regression(study, model):
    """With the read-out at 0 only what is added is left, of the training part of the fold."""
    part = study.folds[0]
    silent = model.weights[-1]._replace(
        readout=torch.zeros_like(model.weights[-1].readout),
        offset=torch.zeros_like(model.weights[-1].offset),
    )
    model = type(model)(study, model.plan, model.n_pwl, [silent], model.regressions)
    wanted = history_regression(study)(study.trials, part.train, part.test)
    np.testing.assert_allclose(model(study.trials, part.test), wanted, atol=1e-9)


def test_training_score_is_that_of_the_sum(study):
    """The likelihood that is maximised, against the definition, for every part."""
    plan, regressions = _plan(study, study.folds[0])
    observations = plan.observations(0)
    choice = study.trials["choice"].values
    for k, part in enumerate([*plan.inner[0], *plan.whole]):
        piece = part.train[0]
        rows = plan.pieces.trial[piece][plan.pieces.scored[piece]]
        said = regressions[k](study.trials, rows)
        found = observations.shift[:, piece, 0][observations.scored[:, piece] > 0]
        np.testing.assert_allclose(found, said[:, 1] - said[:, 0], rtol=1e-4, atol=1e-4)
        assert (observations.choice[:, piece][: len(rows)].numpy() == choice[rows]).all()


def test_validation_and_test_subjects_do_not_enter_the_regression(study, trials):
    part = study.folds[0]
    plan, before = _plan(study, part)
    pieces = plan.pieces.trial[:, 0]
    subject = trials["subject"].values
    every = np.arange(trials.sizes["trial"])
    for k, inner in enumerate(plan.inner[0]):
        unseen = np.isin(subject, subject[pieces[inner.validate]]) | np.isin(every, part.test)
        assert not np.isin(pieces[inner.train], every[unseen]).any()
        fitted = history_regression(study).fit
        train = np.flatnonzero(~unseen)
        changed = turned(study.trials, unseen)
        again = fitted(changed, train)(study.trials, every)
        np.testing.assert_allclose(before[k](study.trials, every), again, atol=1e-9)


def test_effects_are_those_of_the_sum(study, model, encoding):
    """Against a model that encodes the changed trials, runs the network and adds."""
    trials = study.trials
    asked = Counterfactuals(trials, encoding, study.sequences)

    def predict(changed, rows):
        sequences = encode(changed, **encoding)
        at, said = predict_trials(
            model.weights[-1], [model.n_pwl], sequences, study.plan, study.engine
        )
        found = np.full((changed.sizes["trial"], 2), np.nan)
        found[at] = add_log_odds(said[0], model.regressions[-1](changed, at))
        return found[rows]

    every = np.arange(trials.sizes["trial"])
    flips = list_flips(trials, encoding)
    found = model.effects(asked, flips, every, 2)
    place = 0
    for flip in flips:
        weights = np.array(list(flip.contrasts.values()))
        at = np.flatnonzero(flip.is_set & (trials["trial_in_session"].values == 7))[:1]
        said = [predict(flip.set(trials, level, at), every) for level in range(len(flip.levels))]
        contrast = weights @ np.stack([each[:, 1] - each[:, 0] for each in said])
        for lag in range(flip.first_lag, 3):
            own = found[at + lag, place : place + len(weights), lag, 0]
            np.testing.assert_allclose(own[0], contrast[:, at[0] + lag], atol=1e-6)
        place += len(weights)


def test_every_kind_is_scored_and_one_is_chosen_inside(both, trials):
    names = set(both.predictions["model"].values)
    single = NETWORK, ON_REGRESSION
    kinds = (*single, *(name + ENSEMBLE for name in single), REGRESSION, CHOSEN)
    assert {name + end for name in kinds for end in ("", ADAPTIVE)} <= names
    p = both.predictions["probability"]
    np.testing.assert_allclose(p.sum("option"), 1, rtol=1e-6)
    fold = both.splits["fold"].values
    taken = both.adaptive["averaged"]
    for k in range(2):
        names = taken["model"].values[taken.values[:, k]]
        wanted = np.mean([p.sel(model=name + ADAPTIVE).values[fold == k] for name in names], axis=0)
        found = p.sel(model=CHOSEN + ADAPTIVE).values[fold == k]
        np.testing.assert_allclose(found, wanted, rtol=1e-5)
    # a rule that the regression knows and a short training does not
    assert taken.sel(model=[ON_REGRESSION, ON_REGRESSION + ENSEMBLE]).any("model").all()
    assert not taken.sel(model=REGRESSION).any()
    assert f"{ON_REGRESSION}" in say_averaged(both)
    assert NETWORK + ENSEMBLE in set(compare_adaptive(both)["model"])


def test_choices_of_test_subjects_change_nothing_inside(both, trials, fit):
    part = next(iter(SubjectKFold(2).split(trials)))
    other = fit(turned(trials, part.test), SubjectKFold(2), **AVERAGED)
    chosen = both.adaptive.isel(fold=0)
    assert other.adaptive.isel(fold=0).equals(chosen)
    first = np.isin(np.arange(trials.sizes["trial"]), part.test)
    first &= trials["trial_in_session"].values == 0
    p, q = (each.predictions["probability"].values[:, first] for each in (both, other))
    np.testing.assert_allclose(p, q, atol=1e-6)


@pytest.mark.parametrize("offered", [False, True])
def test_several_options_are_added_to_alike(trials, setting, encoding, offered):
    choice = trials["choice"].copy(data=np.arange(trials.sizes["trial"]) % 3.0)
    choice.attrs["labels"] = ["left", "right", "none"]
    if offered:
        choice.attrs["offered"] = ["first", "second", "third"]
    third = (choice.values == 2) | (np.arange(len(choice)) % 2 == 0)
    found = trials.assign(
        choice=choice,
        third=("trial", third.astype(float)),
        **dict.fromkeys(("first", "second"), ("trial", np.ones(len(third)))),
    )
    options = {"n_pwl": (1,), "n_restarts": 1, "n_inner": 2, "encoding": encoding}
    short = setting.model_copy(update={"max_checks": 1})
    study = prepare_study(found, short, SubjectKFold(2), threads=1, **options)
    part = study.folds[0]
    model = OnRegression(study).fit(study.trials, part.train)
    said = model(study.trials, part.test)
    scored = scored_trials(study.trials)[part.test]
    np.testing.assert_allclose(np.exp(said[scored]).sum(axis=1), 1)
    if offered:
        third = study.trials["third"].values[part.test].astype(bool)
        assert (np.isneginf(said[:, 2]) == ~third)[scored].all()
    assert all(np.isfinite(each.features).all() for each in model.inside)


def test_an_average_is_over_the_restarts(both):
    p = both.predictions["probability"]
    at = both.splits["fold"].values == 0
    for name in (NETWORK, ON_REGRESSION):
        single, mean = (p.sel(model=name + end).values[at] for end in ("", ENSEMBLE))
        assert abs(single - mean).max() > 1e-4
        # the other restart is what is left, between 0 and 1
        other = 2 * mean - single
        assert (other > -1e-6).all()
        assert (other < 1 + 1e-6).all()


def test_models_of_the_caller_stand_beside_the_regression(trials, fit):
    options = OPTIONS | {"n_restarts": 2, "ensemble": True}
    found = fit(trials, SubjectKFold(2), baselines={}, **options)
    assert list(found.predictions["model"].values) == [
        NETWORK, f"{NETWORK} P=2", NETWORK + ENSEMBLE, REGRESSION, ON_REGRESSION,
        ON_REGRESSION + ENSEMBLE,
    ]  # fmt: skip
    with pytest.raises(ConfigError, match="history-logistic"):
        fit(trials, baselines={REGRESSION: lambda *each: each}, **OPTIONS)


def test_terms_of_the_regression_are_those_of_the_baseline(study):
    assert terms_of(study) == history_regression(study).keywords["terms"]


def test_pairs_are_paired_over_subjects(both):
    table = compare_to_regression(both)
    found = conform("regression", table, QUESTION.schema["regression"], COLUMNS)
    assert list(found) == list(columns_of(QUESTION.schema["regression"], COLUMNS))
    assert len(table) == 2 * len(PAIRS)
    scores = both.scores.pivot(index="subject", columns="model", values="log_likelihood")
    wanted = (scores[ON_REGRESSION] - scores[REGRESSION]).mean()
    assert table["estimate"][0] == pytest.approx(wanted)
    assert len(plot_added(both, table).get_yticklabels()) == len(table)


@pytest.mark.parametrize(("estimate", "text"), [(0.1, "adds"), (-0.1, "takes"), (0.01, "cannot")])
def test_words_follow_the_direction(both, estimate, text):
    row = compare_to_regression(both).iloc[:1].copy()
    row[["estimate", "ci_low", "ci_high"]] = estimate, estimate - 0.05, estimate + 0.05
    (sentence,) = say_added(row)
    assert text in sentence
