"""Read-outs that learn every held-out subject, beside the plain models of a fit."""

import gc
import json
import weakref
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_rel

from neuroalrnn.adaptive.filter import predict_adaptively
from neuroalrnn.adaptive.prior import Prior, Spread
from neuroalrnn.adaptive.rows import history_features, scale_states
from neuroalrnn.behaviour import readouts
from neuroalrnn.behaviour.readouts import lay_out_fold, states_at_choice, trace_readouts
from neuroalrnn.behaviour.trajectories import _moves, average_trajectories, trace_effects
from neuroalrnn.data import SubjectKFold, encode
from neuroalrnn.effects import flips_of
from neuroalrnn.exceptions import ResultError
from neuroalrnn.network.run import compute_latents
from neuroalrnn.plots.readouts import plot_effect_trajectories, plot_readout_panels
from neuroalrnn.questions import trajectories
from neuroalrnn.questions.adaptive import QUESTION, compare_adaptive, say_adaptive
from neuroalrnn.questions.listed import COLUMNS
from neuroalrnn.questions.question import Shown
from neuroalrnn.questions.words import p_value
from neuroalrnn.results import Fit
from neuroalrnn.results.tables import columns_of, conform
from neuroalrnn.stats.calibration import subject_calibration_errors
from neuroalrnn.study.adaptive import _history, adaptation_of, terms_of
from neuroalrnn.study.recurrent import recurrent_baselines
from neuroalrnn.study.study import prepare_study

OPTIONS = {"n_pwl": (2,), "n_restarts": 1, "adaptive": True}


def turned(trials, subjects):
    """Subjects who choose the other option, in trials that are the same otherwise."""
    who = np.isin(trials["subject"].values.astype(str), subjects)
    found = trials.copy(deep=True)
    found["choice"] = trials["choice"].copy(
        data=np.where(who, 1 - trials["choice"], trials["choice"])
    )
    return found  # fmt: skip


@pytest.fixture(scope="module")
def adaptive(trials, fit):
    return fit(trials, SubjectKFold(3), **OPTIONS)


@pytest.fixture(scope="module")
def other(trials, fit):
    """The same with the choices of the first test part turned round."""
    return fit(turned(trials, held_out(trials)), SubjectKFold(3), **OPTIONS)


def held_out(trials):
    test = next(iter(SubjectKFold(3).split(trials))).test
    return np.unique(trials["subject"].values[test].astype(str))


def test_every_model_is_scored_beside_its_plain_self(adaptive, trials):
    names = list(adaptive.summarise().index)
    assert names == [
        "AL-RNN", "AL-RNN adaptive", "AL-RNN P=2", "class frequency", "history-logistic",
        "history-logistic adaptive",
    ]  # fmt: skip
    p = adaptive.predictions["probability"]
    np.testing.assert_allclose(p.sum("option"), 1, rtol=1e-6)
    counts = adaptive.scores.groupby("model")["n_trials"].sum()
    assert (counts == trials.sizes["trial"]).all()


def test_what_was_chosen_is_kept_in_the_file(adaptive, tmp_path):
    adaptive.save(tmp_path / "fit.nc")
    chosen = Fit.load(tmp_path / "fit.nc").adaptive
    assert chosen.equals(adaptive.adaptive)
    assert list(chosen["model"].values) == ["AL-RNN", "history-logistic"]
    priors = {f"prior_{name}" for name in Prior._fields}
    assert set(chosen.data_vars) == {*Spread._fields, "plain", "score", "learned"} | priors
    assert (chosen["score"] >= chosen["plain"]).all()
    assert all(np.isfinite(each).all() for each in chosen.data_vars.values())


def test_plain_validation_score_is_that_of_the_search(adaptive):
    """Inner networks at the check that was chosen, run over whole sessions."""
    found = adaptive.adaptive["plain"].sel(model="AL-RNN").values
    for fold, chosen in enumerate(adaptive.folds):
        restart = int(chosen.selection["restart"][0])
        wanted = float(chosen.selection["validation_score"][0, restart])
        assert found[fold] == pytest.approx(wanted, abs=2e-4)


def test_test_subjects_choose_nothing_about_themselves(adaptive, other):
    first = {"fold": 0}
    assert other.adaptive.isel(first).equals(adaptive.adaptive.isel(first))
    assert not other.adaptive["plain"].isel(fold=1).equals(adaptive.adaptive["plain"].isel(fold=1))


def test_subjects_who_do_the_opposite_are_learned(other, trials):
    scores = other.scores.pivot(index="subject", columns="model", values="log_likelihood")
    turned_round = scores.loc[held_out(trials)].mean()
    assert turned_round["history-logistic adaptive"] > turned_round["history-logistic"] + 0.3


def test_fits_without_say_how_to_get_one(fitted):
    with pytest.raises(ResultError, match="adaptive=True"):
        _ = fitted.adaptive


def test_saved_fits_give_the_same_predictions_again(adaptive):
    stored = adaptive.predictions["probability"].sel(model="AL-RNN adaptive").values
    for fold in adaptive.best.folds:
        index, rows, prior = lay_out_fold(adaptive, fold)
        np.testing.assert_allclose(
            np.exp(predict_adaptively(rows, prior)), stored[index], atol=1e-5
        )


def test_readouts_of_all_subjects_are_traced_with_intervals(adaptive, other, trials):
    table = trace_readouts(adaptive)
    assert set(table["subject"]) == set(trials["subject"].values)
    names = list(dict.fromkeys(table["readout_weight"]))
    assert names[:5] == ["gain", "offset", "latent 1", "latent 2", "latent 3"]
    assert names[5:] == json.loads(adaptive.adaptive.attrs["terms"])
    assert (table["ci_low"] <= table["readout"]).all()
    assert (table["readout"] <= table["ci_high"]).all()
    assert (
        table.groupby(["subject", "readout_weight"])["trial"]
        .agg(["min", "max"])
        .eq([0, 39])
        .all(axis=None)
    )
    turned_round, kept = (
        each.query("readout_weight == 'stimulus:rule'").groupby("subject")["readout"].mean()
        for each in (trace_readouts(other), table)
    )
    assert (turned_round[held_out(trials)] < 0).all()
    assert (kept > 0).all()
    assert len(plot_readout_panels(table).subfigs) == 3


def test_very_many_subjects_keep_fewer_trials_each(adaptive, trials, monkeypatch):
    table = trace_readouts(adaptive)
    n_subjects = len(np.unique(trials["subject"]))
    monkeypatch.setattr(readouts, "MOST_OF_ALL", 3 * n_subjects)
    # few subjects at once, too
    monkeypatch.setattr(readouts, "MOST_BYTES", 1)
    few = trace_readouts(Fit(adaptive.tree))
    assert set(few["trial"]) == {0, 20, 39}
    kept = table.merge(few, on=["subject", "trial", "readout_weight"])
    assert len(kept) == len(few)
    np.testing.assert_allclose(kept["readout_x"], kept["readout_y"], atol=1e-12)
    np.testing.assert_allclose(kept["ci_low_x"], kept["ci_low_y"], atol=1e-12)


def test_readouts_of_three_options_have_a_weight_for_each(trials, fit):
    choice = trials["choice"].copy(data=np.arange(trials.sizes["trial"]) % 3.0)
    choice.attrs["labels"] = ["left", "right", "none"]
    found = fit(trials.assign(choice=choice), SubjectKFold(3), **OPTIONS | {"n_pwl": (0,)})
    table = trace_readouts(found)
    names = set(table["readout_weight"])
    assert {"gain", "offset, left", "offset, none", "choice=left[-1], right"} <= names
    assert (table.groupby(["subject", "trial"])["readout_weight"].nunique() == len(names)).all()
    assert plot_readout_panels(table).subfigs


def test_gain_of_learning_a_subject_is_told_for_every_model(adaptive):
    compared = compare_adaptive(adaptive)
    for name, table in (("adaptive", compared), ("readouts", trace_readouts(adaptive))):
        found = conform(name, table, QUESTION.schema[name], COLUMNS)
        dtypes = {column: str(dtype) for column, dtype in found.dtypes.items()}
        assert dtypes == columns_of(QUESTION.schema[name], COLUMNS)
        assert list(dtypes) == list(table)
    assert compared["model"].tolist() == ["AL-RNN"] * 3 + ["history-logistic"] * 3
    wanted = adaptive.scores.pivot(index="subject", columns="model", values="log_likelihood")
    wanted = (wanted["AL-RNN adaptive"] - wanted["AL-RNN"]).mean()
    assert compared["estimate"][0] == pytest.approx(wanted)
    assert len(say_adaptive(compared)) == 2


def test_calibration_is_told_before_and_after_paired_over_subjects(adaptive, trials):
    compared = compare_adaptive(adaptive)
    row = compared.query("quantity == 'calibration error'").iloc[0]
    choice, subject = trials["choice"].values.astype(int), trials["subject"].values.astype(str)
    plain, learned = (
        subject_calibration_errors(
            adaptive.predictions["probability"].sel(model=name).values, choice, subject
        )
        for name in ("AL-RNN", "AL-RNN adaptive")
    )
    assert (row["mean_plain"], row["mean_adaptive"]) == (plain.mean(), learned.mean())
    assert row["p"] == pytest.approx(ttest_rel(learned, plain).pvalue)
    # an error is better where it falls
    assert row["n_favouring"] == (learned < plain).sum()
    shown = next(each for each in QUESTION.answer if isinstance(each, Shown))
    read = shown.make(SimpleNamespace(tables={"adaptive": compared}))
    assert read["better in"][1] == f"{(learned < plain).sum()} of {len(plain)}"
    assert f"{plain.mean():.3f} to {learned.mean():.3f}" in say_adaptive(compared)[0]
    assert p_value(row["p"]) in say_adaptive(compared)[0]


@pytest.mark.parametrize(("estimate", "text"), [(0.1, "gains"), (-0.1, "loses"), (0.01, "cannot")])
def test_words_follow_the_direction_of_the_gain(adaptive, estimate, text):
    compared = compare_adaptive(adaptive).iloc[:3].copy()
    half = 0.05
    columns = ["estimate", "ci_low", "ci_high"]
    compared.loc[0, columns] = estimate, estimate - half, estimate + half
    compared.loc[1, columns] = -estimate, -estimate - half, -estimate + half
    (found,) = say_adaptive(compared)
    assert text in found
    assert ("falls" if estimate > 0 else "rises") in found
    compared["estimate"] = 0.0
    assert say_adaptive(compared) == [
        "No read-out predicts validation subjects better than the AL-RNN."
    ]


def test_terms_of_the_history_are_computed_once_and_go_with_their_study(trials, setting, encoding):
    study = prepare_study(trials, setting, SubjectKFold(3), encoding=encoding, n_restarts=1)
    train = study.folds[0].train
    found = _history(study, train)
    assert _history(study, list(train)) is found
    assert _history(study, study.folds[1].train) is not found
    expected = history_features(study.trials, train, terms_of(study))
    np.testing.assert_array_equal(found, expected)
    kept = weakref.ref(found)
    del study, found
    gc.collect()
    assert kept() is None


def test_gated_networks_adapt_by_their_states(trials, setting, encoding):
    options = {"n_pwl": (0,), "n_restarts": 1, "n_inner": 2, "encoding": encoding}
    study = prepare_study(trials, setting, SubjectKFold(3), **options)
    baseline = replace(recurrent_baselines(study)["GRU"], sizes=(2,))
    part = study.folds[0]
    model = baseline.fit(study.trials, part.train)
    predicted = model(study.trials, part.test)
    ask = adaptation_of(study)
    found = ask("GRU", baseline, model, part.train, part.test, predicted)
    assert found["adaptive"].shape == predicted.shape
    assert np.isfinite(found["adaptive"]).all()
    states = model.features(study.trials, part.train)[:, :2]
    np.testing.assert_allclose(states.mean(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(states.std(axis=0), 1)
    assert sorted(np.concatenate([each.rows for each in model.inside])) == part.train.tolist()


def test_effects_under_a_readout_are_what_changed_inputs_change(adaptive):
    """Trial by trial, against trials that are changed, encoded and run anew."""
    fold, trials = adaptive.best.folds[1], adaptive.trials
    index, _ = states_at_choice(fold.test, fold.test_latents)
    names, lags, moves = zip(*_moves(adaptive, fold), strict=True)
    moves = np.stack(moves, axis=1)
    assert dict(zip(names, lags, strict=True)) == {
        "stimulus": 0, "rule": 0, "choice": 1, "reward": 1,
    }  # fmt: skip
    trained, known = states_at_choice(fold.train, fold.train_latents)
    terms = json.loads(adaptive.adaptive.attrs["terms"])
    theta = np.random.default_rng(0).normal(size=moves.shape[2])

    def log_odds(changed, at):
        sequences = encode(changed, **adaptive.encoding)
        rows, states = states_at_choice(sequences, compute_latents(fold.network, sequences))
        state = states[rows == at]
        features = [
            state @ fold.network.readout.T, [[1.0]], scale_states(known, state),
            history_features(trials, trained, terms, changed)[[at]],
        ]  # fmt: skip
        return (np.hstack(features) @ theta).item()

    for row in (3, 47):
        for k, flip in enumerate(flips_of(adaptive, None, fold.index)):
            at = index[row]
            low, high = (flip.set(trials, level, [at - lags[k]]) for level in (0, 1))
            expected = (log_odds(high, at) - log_odds(low, at)) / 2
            assert moves[row, k] @ theta == pytest.approx(expected, abs=1e-9), flip.name


def test_effects_of_inputs_are_traced_for_every_subject_and_their_mean(other, trials):
    traced = trace_effects(other)
    assert set(traced["subject"]) == set(trials["subject"].values)
    assert (traced["ci_low"] < traced["input_effect"]).all()
    group = average_trajectories(traced)
    assert (group["n_subjects"] == 6).all()
    at = traced.query("trial == 39 and input == 'stimulus'")
    own = group.query("trial == 39 and input == 'stimulus'")
    assert own["input_effect"].item() == pytest.approx(at["input_effect"].mean())
    values = at["input_effect"]
    half = values.std() / np.sqrt(6) * 2.5705818
    assert own["ci_high"].item() == pytest.approx(values.mean() + half)
    assert plot_effect_trajectories(traced, group).subfigs
    for name, table in (("readout_effects", traced), ("mean_readout_effects", group)):
        found = conform(name, table, trajectories.QUESTION.schema[name], COLUMNS)
        assert list(found) == list(table)


def test_the_mean_goes_as_far_as_half_of_the_subjects():
    rows = [
        {"subject": name, "trial": trial, "input": "cue", "lag": 0, "input_effect": float(k)}
        for k, (name, n) in enumerate({"a": 10, "b": 20, "c": 90}.items())
        for trial in range(n)
    ]
    group = average_trajectories(pd.DataFrame(rows))
    assert group["trial"].max() == 19
    np.testing.assert_array_equal(group["n_subjects"], np.where(group["trial"] < 10, 3, 2))
    np.testing.assert_allclose(group["input_effect"], np.where(group["trial"] < 10, 1.0, 1.5))
    one = average_trajectories(pd.DataFrame(rows).query("subject == 'a'"))
    assert one["ci_low"].isna().all()
