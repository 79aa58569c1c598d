"""Cross-validation end to end on a small task: honest splits, sabotage, reproducibility."""

import sys

import numpy as np
import pandas as pd
import pytest
import torch

from neuroalrnn.config import Setting
from neuroalrnn.data import (
    Fold,
    LeaveOneSubjectOut,
    SessionKFold,
    StimulusSequenceOut,
    SubjectKFold,
    validate,
)
from neuroalrnn.data.tables import from_frame
from neuroalrnn.evaluate import cross_validate, search, select_n_pwl
from neuroalrnn.exceptions import ConfigError, DataError, FitError, LeakageError, LeakageWarning
from neuroalrnn.results import Fit

ENCODING = {
    "step": "event",
    "choice_event": "response",
    "inputs": {
        "stimulus": "stimulus",
        "rule": "stimulus",
        "choice": "response",
        "reward": "response",
    },
}
SETTING = Setting(
    n_latent=3,
    check_every=10,
    max_checks=6,
    patience=3,
    batch_size=8,
    learning_rate=0.05,
    weight_decay=0.1,
)


def experiment(n_subjects=6, n_trials=40, *, seed=0, scale=1.0, shared_order=False):
    """Choices follow stimulus x rule with 10 % lapses, else reward; one session per subject."""
    rng = np.random.default_rng(seed)
    frames = []
    for subject in range(n_subjects):
        order = np.random.default_rng(99) if shared_order and subject < 2 else rng
        stimulus, rule = order.choice([-1, 1], (2, n_trials))
        correct = rng.random(n_trials) > 0.1
        choice = np.where(correct, stimulus * rule, -stimulus * rule)
        frames.append(
            pd.DataFrame(
                {
                    "who": f"s{subject}",
                    "stimulus": scale * stimulus,
                    "rule": rule,
                    "choice": (choice + 1) // 2,
                    "reward": correct.astype(float),
                    "on": 0.0,
                    "go": 0.5,
                }
            )
        )
    names = ["stimulus", "rule", "choice", "reward"]
    return from_frame(
        pd.concat(frames, ignore_index=True),
        {"subject": "who"} | {name: name for name in names},
        labels={0: "left", 1: "right"},
        events={"stimulus": "on", "response": "go"},
    )


def fit(trials, cv=None, **options):
    options = {"n_pwl": (0, 2), "n_restarts": 2, "n_inner": 2, "progress": False} | options
    return select_n_pwl(
        trials, SETTING, cv or LeaveOneSubjectOut(), encoding=ENCODING, threads=1, **options
    )


@pytest.fixture(scope="module")
def trials():
    return experiment()


@pytest.fixture(scope="module")
def fitted(trials):
    return fit(trials)


def test_every_scored_trial_is_predicted_once_by_every_model(fitted):
    log_likelihood = fitted.predictions["log_likelihood"]
    assert np.isfinite(log_likelihood).all()
    assert list(log_likelihood["model"].values) == [
        "AL-RNN", "AL-RNN P=0", "AL-RNN P=2", "class frequency", "history-logistic",
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


def _changed(trials, subject):
    """The same experiment with everything about one subject altered, rewards to fractions."""
    here = trials["subject"].values == subject
    changed = trials.copy(deep=True)
    for name in ("stimulus", "rule"):
        changed[name].values[here] = -3.5 * np.roll(changed[name].values[here], 7)
    changed["choice"].values[here] = 1 - changed["choice"].values[here]
    changed["reward"].values[here] = 0.5 - 0.25 * changed["reward"].values[here]
    return changed


def _of_fold(fitted, fold):
    """Everything that must not depend on the test subject of a fold, by kind and name."""
    kinds = {
        "parameters": fitted.parameters, "history": fitted.history, "selection": fitted.selection
    }  # fmt: skip
    return {
        (kind, str(name)): part[name].isel(fold=fold).values
        for kind, part in kinds.items()
        for name in part.data_vars
    }


def _differing(one, other, fold):
    """What of a fold differs between two fits, as (kind, name)."""
    before, after = _of_fold(one, fold), _of_fold(other, fold)
    assert before.keys() == after.keys()
    return {key for key in before if not np.array_equal(before[key], after[key], equal_nan=True)}


CHOSEN = {("selection", name) for name in ("restart", "n_updates", "n_pwl_chosen")}


def test_changing_a_test_subject_changes_nothing_that_was_learned_or_chosen(trials, fitted):
    other = fit(_changed(trials, "s2"))
    assert _differing(fitted, other, 2) == set()
    assert ("parameters", "weight") in _differing(fitted, other, 1)


def test_the_leakage_test_notices_validation_on_the_test_subject(trials):
    """Sabotage: early stopping and restarts look at the test subject."""

    class Leaky(LeaveOneSubjectOut):
        def inner(self, trials, train, n_splits):
            parts = super().inner(trials, train, n_splits)
            everyone = np.arange(trials.sizes["trial"])
            return [(kept, np.setdiff1d(everyone, kept)) for kept, _ in parts]

    differing = _differing(fit(trials, Leaky()), fit(_changed(trials, "s2"), Leaky()), 2)
    assert ("history", "validation") in differing
    assert differing & CHOSEN
    assert ("parameters", "weight") in differing


def test_the_leakage_test_notices_a_coding_read_from_everybody(trials, monkeypatch):
    """Sabotage: 0 and 1 become -1 and +1 only if no subject has another value."""
    encode_module = sys.modules["neuroalrnn.data.encode"]
    honest = encode_module.coded

    def leaky(trials, name):
        values = trials[name].values.astype(float)
        signed = name != "choice" and np.isin(values, (0, 1)).all()
        return [(name, 2 * values - 1)] if signed else honest(trials, name)

    monkeypatch.setattr(encode_module, "coded", leaky)
    assert ("parameters", "weight") in _differing(fit(trials), fit(_changed(trials, "s2")), 2)


def test_the_leakage_test_notices_a_scaler_fitted_on_everybody(trials, monkeypatch):
    from neuroalrnn.evaluate import plan

    honest = plan._gain
    everybody = {}

    def leaky(_):
        return honest(everybody["inputs"])

    original = plan.make_plan

    def remember(trials, sequences, *args, **kwargs):
        everybody["inputs"] = sequences.inputs
        return original(trials, sequences, *args, **kwargs)

    monkeypatch.setattr(plan, "_gain", leaky)
    monkeypatch.setattr("neuroalrnn.evaluate.crossval.make_plan", remember)
    assert ("parameters", "input_weight") in _differing(fit(trials), fit(_changed(trials, "s2")), 2)


def test_overlapping_folds_are_refused(trials):
    class Overlapping(LeaveOneSubjectOut):
        def split(self, trials):
            folds = super().split(trials)
            return [Fold(f.name, np.arange(trials.sizes["trial"]), f.test) for f in folds]

    with pytest.raises(LeakageError, match="in both parts"):
        fit(trials, Overlapping())


def test_a_planted_shared_stimulus_order_is_found_and_the_remedy_works():
    planted = experiment(shared_order=True)
    with pytest.warns(LeakageWarning, match="StimulusSequenceOut"):
        found = fit(planted, n_pwl=(0,), n_restarts=1)
    assert '"subject":"s0"' in found.splits.attrs["shared"]
    clean = fit(planted, StimulusSequenceOut(), n_pwl=(0,), n_restarts=1)
    assert clean.splits.attrs["shared"] == "[]"


def test_the_same_seed_gives_the_same_bits_whatever_the_threads_and_another_seed_does_not(trials):
    runs = [
        cross_validate(
            trials, SETTING, SubjectKFold(2), 1, seed, n_inner=2, encoding=ENCODING,
            threads=threads, progress=False,
        )
        for seed, threads in ((0, 1), (0, 2), (1, 1))
    ]  # fmt: skip
    weights = [run.parameters["weight"].values for run in runs]
    np.testing.assert_array_equal(weights[0], weights[1])
    assert not np.array_equal(weights[0], weights[2])


def test_inputs_in_other_units_give_the_same_predictions(fitted):
    """Scales are those of the training subjects, folded into C."""
    other = fit(experiment(scale=1000.0))
    np.testing.assert_allclose(
        fitted.predictions["probability"], other.predictions["probability"], atol=1e-3
    )


def test_a_diverged_restart_is_named_and_never_chosen(trials, monkeypatch, caplog):
    drawn = search.search_jobs

    def broken(plan, fold):
        keys, jobs = drawn(plan, fold)
        first_restart = torch.tensor([keys[g][1] == 0 for g in jobs.group])
        jobs.weights.weight[first_restart] = torch.inf
        return keys, jobs

    monkeypatch.setattr(search, "search_jobs", broken)
    found = fit(trials, SubjectKFold(2), n_pwl=(0, 1))
    assert found.selection["diverged"].sel(n_pwl=1).values.tolist() == [[True, False]] * 2
    assert (found.selection["restart"] == 1).all()
    assert "fold 0: n_pwl=1, restart 0 diverged and is not used" in caplog.text
    monkeypatch.setattr(search, "search_jobs", lambda p, f: broken(p, f))
    with pytest.raises(FitError, match="every restart diverged at n_pwl = 0, 1"):
        fit(trials, SubjectKFold(2), n_pwl=(0, 1), n_restarts=1)


def test_three_options_are_fitted_as_a_categorical_choice():
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
        from_frame(frame, columns, labels={0: "a", 1: "b", 2: "c"}), SETTING, SubjectKFold(2), 1,
        n_pwl=(0,), n_inner=2, encoding={"inputs": ["stimulus"]}, progress=False,
    )  # fmt: skip
    assert found.predictions.sizes["option"] == 3
    assert found.summarise().loc["AL-RNN", "bits"] > 0.3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_pwl": (0, 4)}, "n_pwl=4: expected 0 .linear. to n_latent=3"),
        ({"n_pwl": ()}, "n_pwl is empty"),
        ({"n_pwl": (-1,), "n_restarts": 0}, "(?s)n_pwl=-1.*n_restarts=0: expected at least 1"),
        ({"n_inner": 1}, "n_inner=1: expected at least 2"),
    ],
)
def test_an_impossible_grid_is_refused(trials, options, message):
    with pytest.raises(ConfigError, match=message):
        fit(trials, **options)


def test_save_and_load_round_trip(fitted, tmp_path):
    fitted.save(tmp_path / "fit.nc")
    loaded = Fit.load(tmp_path / "fit.nc")
    assert fitted.tree.identical(loaded.tree) or _same(fitted.tree, loaded.tree)
    pd.testing.assert_frame_equal(fitted.summarise(), loaded.summarise())


def test_reasons_why_trials_are_not_scored_are_saved(trials, tmp_path):
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


def test_a_killed_run_goes_on_where_it_stopped_with_the_same_result(trials, tmp_path, monkeypatch):
    options = {"n_pwl": (1,), "n_restarts": 1, "resume": tmp_path}
    whole = fit(trials, SubjectKFold(3), **options | {"resume": None})
    honest, calls = search.search, []

    def dies_in_the_third_fold(plan, observations, fold, **kwargs):
        calls.append(fold)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return honest(plan, observations, fold, **kwargs)

    monkeypatch.setattr("neuroalrnn.evaluate.crossval.search", dies_in_the_third_fold)
    with pytest.raises(KeyboardInterrupt):
        fit(trials, SubjectKFold(3), **options)
    resumed = fit(trials, SubjectKFold(3), **options)
    assert calls == [0, 1, 2, 2]
    assert resumed.parameters.identical(whole.parameters)
    assert resumed.selection.identical(whole.selection)
    fit(trials, SubjectKFold(3), **options, random_state=1)
    assert calls == [0, 1, 2, 2, 0, 1, 2]


def _only(trials, subject, n_trials):
    """The trials of all subjects, but the first `n_trials` only of one."""
    late = (trials["subject"].values == subject) & (trials["trial_in_session"].values >= n_trials)
    return trials.isel(trial=np.flatnonzero(~late))


@pytest.mark.parametrize("window", [0, 16])
def test_length_of_a_test_session_changes_nothing_it_is_not_trained_on(window):
    setting = SETTING.model_copy(update={"window": window, "warm_up": window // 2, "max_checks": 3})
    trials = _only(experiment(6, 60), "s1", 40)
    options = {"n_pwl": (0, 2), "n_restarts": 1, "n_inner": 2, "progress": False, "threads": 1}
    fits = [
        select_n_pwl(_only(trials, "s0", n), setting, LeaveOneSubjectOut(), encoding=ENCODING,
                     **options)
        for n in (7, 60)
    ]  # fmt: skip
    assert _differing(*fits, 0) == set()


def test_subjects_without_a_scored_choice_validate_nothing_and_have_no_score(trials):
    scored = ~np.isin(trials["subject"].values, ["s1", "s2", "s3"])
    fitted = fit(trials.assign(scored=("trial", scored)), n_pwl=(0,), n_restarts=1)
    assert set(fitted.scores["subject"]) == {"s0", "s4", "s5"}
    assert np.isfinite(fitted.scores.select_dtypes(float).to_numpy()).all()
    assert set(fitted.selection["subject"].values) == {"s0", "s4", "s5"}
    assert np.isfinite(fitted.history["validation"].isel(check=0)).all()


def test_too_few_scored_subjects_are_refused_before_training(trials, monkeypatch):
    monkeypatch.setattr("neuroalrnn.evaluate.crossval.search", lambda *a, **k: pytest.fail("ran"))
    scored = np.isin(trials["subject"].values, ["s0", "s1"])
    with pytest.raises(DataError, match="the training part holds 1 group"):
        fit(trials.assign(scored=("trial", scored)))
    with pytest.raises(DataError, match="'s0': its training part can validate on s2"):
        fit(_only(_only(trials, "s2", 9), "s0", 5).isel(trial=slice(54)))


def test_nothing_scored_and_one_option_are_refused(trials):
    with pytest.raises(DataError, match="no choice is scored"):
        fit(trials.assign(scored=("trial", np.zeros(trials.sizes["trial"], dtype=bool))))
    same = trials["choice"].copy(data=np.ones(trials.sizes["trial"]))
    with pytest.raises(DataError, match="'choice' is 'right' on every scored trial"):
        fit(trials.assign(choice=same))


def test_sessions_of_one_subject_are_held_out_and_validated_on():
    trials = experiment(6)
    session = trials["subject"].values
    one = trials.assign_coords(session=("trial", session), subject=("trial", ["s"] * len(session)))
    fitted = fit(one, SessionKFold(3), n_pwl=(0, 2), n_restarts=1)
    assert set(fitted.selection["subject"].values) == {f"s/s{k}" for k in range(6)}
    assert fitted.scores["n_trials"].eq(len(session)).all()


def test_an_input_that_tells_the_choice_is_named(trials):
    told = trials.assign(stimulus=("trial", trials["choice"].values * 2 - 1))
    with pytest.warns(LeakageWarning, match="stimulus: tells the choice of every scored trial"):
        fit(told, n_pwl=(0,), n_restarts=1)


def test_choices_that_are_never_read_out_are_scored_by_no_model(trials):
    times = trials["event_time"].copy(deep=True)
    times[5, 1] = np.nan
    encoding = ENCODING | {"step": "time", "dt": 0.25}
    fitted = select_n_pwl(
        trials.assign(event_time=times), SETTING, LeaveOneSubjectOut(), 1, n_pwl=(0,), n_inner=2,
        encoding=encoding, threads=1, progress=False,
    )  # fmt: skip
    assert np.isnan(fitted.predictions["log_likelihood"].values[:, 5]).all()
    assert np.isfinite(fitted.scores["log_likelihood"]).all()
    assert fitted.scores["n_trials"].max() == 40
    assert fitted.scores["n_trials"].min() == 39
