"""Cross-validation end to end on a small task: scores, choices, odd subjects, resuming."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from neuroalrnn.baselines import standard_baselines
from neuroalrnn.data import (
    LeaveOneSubjectOut,
    SessionKFold,
    SubjectKFold,
    validate,
)
from neuroalrnn.data.tables import from_frame
from neuroalrnn.exceptions import ConfigError, DataError, DataWarning, FitError
from neuroalrnn.plots.n_pwl import score_curves
from neuroalrnn.report import write_report
from neuroalrnn.results import Fit
from neuroalrnn.study import cross_validate, search, select_n_pwl


def test_every_scored_trial_is_predicted_once_by_every_model(fitted):
    log_likelihood = fitted.predictions["log_likelihood"]
    assert np.isfinite(log_likelihood).all()
    assert list(log_likelihood["model"].values) == [
        "AL-RNN", "AL-RNN sufficient", "AL-RNN P=0", "AL-RNN P=2", "class frequency",
        "history-logistic",
    ]  # fmt: skip
    np.testing.assert_allclose(fitted.predictions["probability"].sum("option"), 1, atol=1e-6)
    assert (fitted.splits["fold"].values == np.repeat(np.arange(6), 40)).all()


def test_scores_are_means_over_the_trials_of_each_subject(fitted):
    each = fitted.predictions["log_likelihood"].sel(model="AL-RNN").values.reshape(6, 40)
    table = fitted.scores.query("model == 'AL-RNN'").sort_values("subject")
    np.testing.assert_allclose(table["log_likelihood"], each.mean(axis=1))
    floor = fitted.scores.query("model == 'class frequency'").sort_values("subject")
    gain = table["log_likelihood"].to_numpy() - floor["log_likelihood"].to_numpy()
    np.testing.assert_allclose(table["bits"], gain / np.log(2))
    pooled = fitted.summarise().loc["AL-RNN"]
    assert pooled["log_likelihood"] == pytest.approx(each.mean())
    assert pooled["standard_error"] == pytest.approx(each.mean(axis=1).std(ddof=1) / np.sqrt(6))


def test_the_linear_control_stays_at_chance_on_a_product_rule(fitted):
    summary = fitted.summarise()
    assert summary.loc["AL-RNN P=0", "log_likelihood"] < -0.65
    assert summary.loc["AL-RNN P=2", "log_likelihood"] > -0.55


def test_the_same_seed_gives_the_same_bits_whatever_the_engine_and_another_seed_does_not(
    trials, setting, encoding
):
    runs = [
        cross_validate(
            trials, setting, SubjectKFold(2), 2, seed, n_inner=2, encoding=encoding,
            threads=threads, memory=memory, baselines={}, progress=False,
        )
        for seed, threads, memory in ((0, 1, 2**28), (0, 2, 2**28), (0, 1, 1), (1, 1, 2**28))
    ]  # fmt: skip
    first, threaded, one_model_at_a_time, reseeded = (run.parameters["weight"] for run in runs)
    np.testing.assert_array_equal(first, threaded)
    np.testing.assert_array_equal(first, one_model_at_a_time)
    assert not np.array_equal(first, reseeded)


def test_every_backend_chooses_and_predicts_the_same_in_double_precision(trials, setting, encoding):
    setting = setting.model_copy(update={"dtype": "float64"})
    runs = [
        cross_validate(
            trials, setting, SubjectKFold(2), 2, n_inner=2, encoding=encoding,
            backend=backend, progress=False,
        )
        for backend in ("reference", "torch_eager", "auto")
    ]  # fmt: skip
    assert runs[2].provenance["backend"].startswith("numba_cpu")
    for run in runs[1:]:
        np.testing.assert_array_equal(run.selection["restart"], runs[0].selection["restart"])
        np.testing.assert_array_equal(run.selection["n_updates"], runs[0].selection["n_updates"])
        for node, name in (("parameters", "weight"), ("predictions", "log_likelihood")):
            one, other = (getattr(each, node)[name] for each in (run, runs[0]))
            np.testing.assert_allclose(one, other, rtol=0, atol=1e-9)


def test_inputs_in_other_units_give_the_same_predictions(fitted, experiment, fit):
    """Scales are those of the training subjects, folded into C."""
    other = fit(experiment(scale=1000.0))
    np.testing.assert_allclose(
        fitted.predictions["probability"], other.predictions["probability"], atol=1e-3
    )


def test_a_diverged_restart_is_named_and_never_chosen(trials, monkeypatch, caplog, fit):
    drawn = search.search_jobs

    def broken(plan, fold):
        keys, jobs = drawn(plan, fold)
        first_restart = torch.tensor([keys[g][2] == 0 for g in jobs.group])
        jobs.weights.weight[first_restart] = torch.inf
        return keys, jobs

    monkeypatch.setattr(search, "search_jobs", broken)
    found = fit(trials, SubjectKFold(2), n_pwl=(0, 1), baselines={})
    assert found.selection["diverged"].sel(n_pwl=1).values.tolist() == [[True, False]] * 2
    assert (found.selection["restart"] == 1).all()
    assert "fold 0: n_pwl=1, restart 0 diverged and is not used" in caplog.text
    monkeypatch.setattr(search, "search_jobs", lambda p, f: broken(p, f))
    with pytest.raises(FitError, match="every restart diverged at n_pwl = 0, 1"):
        fit(trials, SubjectKFold(2), n_pwl=(0, 1), n_restarts=1)


def test_restarts_that_all_diverge_in_the_final_training_are_named(trials, monkeypatch, fit):
    """Even at their first check, before the training that was chosen has ended."""
    drawn = search.whole_jobs

    def broken(plan, fold, keys, n_checks):
        jobs = drawn(plan, fold, keys, np.maximum(n_checks, 3))
        jobs.weights.weight[:] = torch.inf
        return jobs

    monkeypatch.setattr(search, "whole_jobs", broken)
    with pytest.raises(FitError, match="every restart diverged at n_pwl = 1"):
        fit(trials, SubjectKFold(2), n_pwl=(1,))


@pytest.mark.parametrize(("stage", "lost"), [("search_jobs", 0), ("whole_jobs", 2)])
def test_a_value_of_the_grid_that_diverges_in_one_fold_is_left_out(
    stage, lost, trials, monkeypatch, fit, tmp_path, quick
):
    drawn = getattr(search, stage)

    def broken(plan, fold, *args):
        found = drawn(plan, fold, *args)
        jobs = found[1] if stage == "search_jobs" else found
        if fold == 1:
            jobs.weights.weight[jobs.n_pwl == lost] = torch.inf
        return found

    monkeypatch.setattr(search, stage, broken)
    with pytest.warns(DataWarning, match=f"n_pwl = {lost}: every restart diverged in fold 1; it"):
        found = fit(trials, SubjectKFold(3), n_pwl=(0, 1, 2), baselines=None)
    assert any(text.startswith(f"n_pwl = {lost}: every") for text in found.cautions)
    for name in ("n_pwl_chosen", "n_pwl_best"):
        assert found.selection[name].values[1] != lost
    left = {0, 1, 2} - {lost}
    names = {f"AL-RNN P={p}" for p in left} | {"AL-RNN", "class frequency", "history-logistic"}
    assert set(found.scores["model"]) - {"AL-RNN sufficient"} == names
    assert np.isfinite(found.scores.select_dtypes(float).to_numpy()).all()
    by_subject = found.selection["validation_by_subject"].sel(n_pwl=lost)
    assert np.isnan(by_subject.isel(fold=1)).all()
    assert np.isfinite(by_subject.isel(fold=0)).any()
    assert set(score_curves(found)["n_pwl"]) == left
    page = write_report(found, tmp_path / "report", mechanism=False).read_text()
    assert f"n_pwl = {lost}: every restart diverged" in page


def test_a_chunk_that_fails_ends_the_others(trials, setting, encoding, monkeypatch):
    trained, n_checks = search.train, []

    def failing(jobs, observations, setting, *, on_check, **options):
        if 0 in jobs.group:
            raise MemoryError("no room")

        def count(*values):
            n_checks.append(1)
            on_check(*values)

        setting = setting.model_copy(update={"patience": 20_000})
        jobs = replace(jobs, n_checks=np.full(len(jobs), 20_000))
        return trained(jobs, observations, setting, on_check=count, **options)

    monkeypatch.setattr(search, "train", failing)
    with pytest.raises(MemoryError):
        select_n_pwl(
            trials, setting, SubjectKFold(2), 1, n_pwl=(0, 1), n_inner=2, encoding=encoding,
            threads=2, progress=False,
        )  # fmt: skip
    assert len(n_checks) < 5000


def test_three_options_are_fitted_as_a_categorical_choice(setting):
    rng = np.random.default_rng(0)
    stimulus = rng.integers(0, 3, 240)
    frame = pd.DataFrame(
        {
            "subject": np.repeat([f"s{i}" for i in range(6)], 40),
            "choice": np.where(rng.random(240) < 0.9, stimulus, rng.integers(0, 3, 240)),
            "stimulus": stimulus - 1.0,
        }
    )
    columns = {name: name for name in frame}
    found = select_n_pwl(
        from_frame(frame, columns, labels={0: "a", 1: "b", 2: "c"}), setting, SubjectKFold(2), 1,
        n_pwl=(0,), n_inner=2, encoding={"inputs": ["stimulus"]}, progress=False,
    )  # fmt: skip
    assert found.predictions.sizes["option"] == 3
    assert found.summarise().loc["AL-RNN", "bits"] > 0.3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_pwl": (0, 4)}, "n_pwl=4: expected 0 .linear. to n_latent=3"),
        ({"n_pwl": ()}, "n_pwl is empty"),
        (
            {"n_pwl": (-1,), "n_restarts": 0},
            "(?s)n_pwl=-1.*n_restarts = 0: expected",
        ),
        ({"n_inner": 1}, "n_inner = 1: expected a whole number from 2"),
    ],
)
def test_an_impossible_grid_is_refused(trials, options, message, fit):
    with pytest.raises(ConfigError, match=message):
        fit(trials, **options)


def test_save_and_load_round_trip(fitted, tmp_path):
    fitted.save(tmp_path / "fit.nc")
    loaded = Fit.load(tmp_path / "fit.nc")
    assert fitted.tree.identical(loaded.tree) or _same(fitted.tree, loaded.tree)
    pd.testing.assert_frame_equal(fitted.summarise(), loaded.summarise())


def test_reasons_why_trials_are_not_scored_are_saved(trials, tmp_path, fit):
    number = trials["trial_in_session"].values
    reason = np.where(number > 1, "", "too early")
    given = trials.assign(scored=("trial", reason == ""), unscored_reason=("trial", reason))
    fit(given, SubjectKFold(2), n_pwl=(0,), n_restarts=1).save(tmp_path / "fit.nc")
    loaded = Fit.load(tmp_path / "fit.nc")
    assert loaded.trials["unscored_reason"].values.tolist() == reason.tolist()
    validate(loaded.trials)
    loaded.save(tmp_path / "again.nc")
    again = Fit.load(tmp_path / "again.nc").trials
    assert again["unscored_reason"].values.tolist() == reason.tolist()


def _same(one, other):
    pairs = zip(one.subtree, other.subtree, strict=True)
    return all(a.to_dataset().equals(b.to_dataset()) for a, b in pairs)


def test_a_killed_run_goes_on_where_it_stopped_with_the_same_result(
    trials, tmp_path, monkeypatch, fit
):
    options = {"n_pwl": (1,), "n_restarts": 1, "resume": tmp_path, "baselines": {}}
    whole = fit(trials, SubjectKFold(3), **options | {"resume": None})
    honest, calls = search.search, []

    def dies_in_the_third_fold(plan, observations, fold, **kwargs):
        calls.append(fold)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return honest(plan, observations, fold, **kwargs)

    monkeypatch.setattr("neuroalrnn.study.crossval.search", dies_in_the_third_fold)
    with pytest.raises(KeyboardInterrupt):
        fit(trials, SubjectKFold(3), **options)
    resumed = fit(trials, SubjectKFold(3), **options)
    assert calls == [0, 1, 2, 2]
    assert resumed.parameters.identical(whole.parameters)
    assert resumed.selection.identical(whole.selection)
    fit(trials, SubjectKFold(3), **options, random_state=1)
    assert calls == [0, 1, 2, 2, 0, 1, 2]


def test_baselines_of_a_killed_run_are_not_fitted_again(trials, tmp_path, monkeypatch, fit):
    options = {"n_pwl": (1,), "n_restarts": 1, "resume": tmp_path, "baselines": None}
    whole = fit(trials, SubjectKFold(3), **options | {"resume": None})
    calls = []

    def counted(*args):
        def counting(name, one):
            def predict(trials, train, test):
                calls.append(name)
                if len(calls) == 3:
                    raise KeyboardInterrupt
                return one(trials, train, test)

            return predict

        return {name: counting(name, one) for name, one in standard_baselines(*args).items()}

    monkeypatch.setattr("neuroalrnn.study.crossval.standard_baselines", counted)
    with pytest.raises(KeyboardInterrupt):
        fit(trials, SubjectKFold(3), **options)
    resumed = fit(trials, SubjectKFold(3), **options)
    n_fits = 3 * 2  # folds, baselines
    assert len(calls) == n_fits + 1  # only the one that died is fitted twice
    assert resumed.scores.equals(whole.scores)
    flipped = trials.assign(choice=trials["choice"].copy(data=1 - trials["choice"].values))
    fit(flipped, SubjectKFold(3), **options)
    assert len(calls) == 2 * n_fits + 1


def test_subjects_without_a_scored_choice_validate_nothing_and_have_no_score(trials, fit):
    scored = ~np.isin(trials["subject"].values, ["s1", "s2", "s3"])
    fitted = fit(trials.assign(scored=("trial", scored)), n_pwl=(0,), n_restarts=1)
    assert set(fitted.scores["subject"]) == {"s0", "s4", "s5"}
    assert np.isfinite(fitted.scores.select_dtypes(float).to_numpy()).all()
    assert set(fitted.selection["subject"].values) == {"s0", "s4", "s5"}
    assert np.isfinite(fitted.history["validation"].isel(check=0)).all()


def test_nothing_scored_and_one_option_are_refused(trials, fit):
    with pytest.raises(DataError, match="no choice is scored"):
        fit(trials.assign(scored=("trial", np.zeros(trials.sizes["trial"], dtype=bool))))
    same = trials["choice"].copy(data=np.ones(trials.sizes["trial"]))
    with pytest.raises(DataError, match="'choice' is 'right' on every scored trial"):
        fit(trials.assign(choice=same))


def test_sessions_of_one_subject_are_held_out_and_validated_on(experiment, fit):
    trials = experiment(6)
    session = trials["subject"].values
    one = trials.assign_coords(session=("trial", session), subject=("trial", ["s"] * len(session)))
    fitted = fit(one, SessionKFold(3), n_pwl=(0, 2), n_restarts=1)
    assert set(fitted.selection["subject"].values) == {f"s/s{k}" for k in range(6)}
    assert fitted.scores["n_trials"].eq(len(session)).all()


def test_choices_that_are_never_read_out_are_scored_by_no_model(trials, setting, encoding):
    times = trials["event_time"].copy(deep=True)
    times[5, 1] = np.nan
    encoding = encoding | {"step": "time", "dt": 0.25}
    fitted = select_n_pwl(
        trials.assign(event_time=times), setting, LeaveOneSubjectOut(), 1, n_pwl=(0,), n_inner=2,
        encoding=encoding, threads=1, progress=False,
    )  # fmt: skip
    assert np.isnan(fitted.predictions["log_likelihood"].values[:, 5]).all()
    assert np.isfinite(fitted.scores["log_likelihood"]).all()
    assert fitted.scores["n_trials"].max() == 40
    assert fitted.scores["n_trials"].min() == 39
