"""Contrasts within conditions, one value per subject."""

import sys

import numpy as np
import pytest

from neuroalrnn.analysis import analyse
from neuroalrnn.analysis.analyse import compare_models
from neuroalrnn.analysis.behaviour import compute_contrasts, compute_outcomes
from neuroalrnn.analysis.units import is_independent
from neuroalrnn.exceptions import DataError, NotTestableError


def simulate(rng, *, effect=0.0, confound=0.0, n_subjects=12, n_trials=120):
    """An indicator that goes with a condition, and an outcome that goes with both."""
    subject = np.repeat(np.arange(n_subjects), n_trials).astype(str)
    cell = rng.integers(0, 2, len(subject))
    indicator = (rng.random(len(subject)) < 0.3 + 0.4 * cell).astype(float)
    slope = np.repeat(effect + 0.2 * rng.standard_normal(n_subjects), n_trials)
    noise = rng.standard_normal(len(subject))
    return confound * cell + slope * indicator + noise, indicator, subject, cell.astype(str)


def test_contrast_equals_least_squares_with_condition_means():
    outcome, indicator, subject, cell = simulate(np.random.default_rng(0), effect=0.5, confound=2)
    found = compute_contrasts(outcome, indicator, subject, cell)
    here = subject == "3"
    columns = [indicator[here], cell[here] == "0", cell[here] == "1"]
    beta, *_ = np.linalg.lstsq(np.stack(columns, 1).astype(float), outcome[here], rcond=None)
    assert found.loc["3", "contrast"] == pytest.approx(beta[0])
    assert found.loc["3", "n_trials"] == 120


def test_a_strong_effect_of_the_condition_alone_is_not_found():
    """400 data sets without an effect of the indicator: at most 5 % + 3 standard errors."""
    from scipy.stats import ttest_1samp

    rng = np.random.default_rng(1)
    p = [
        ttest_1samp(compute_contrasts(*simulate(rng, confound=3.0))["contrast"], 0).pvalue
        for _ in range(400)
    ]
    assert 0.005 < np.mean(np.array(p) < 0.05) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 400)
    strong = [
        ttest_1samp(compute_contrasts(*simulate(rng, effect=0.4))["contrast"], 0).pvalue
        for _ in range(50)
    ]
    assert np.mean(np.array(strong) < 0.05) > 0.9


def test_conditions_without_variation_do_not_count_and_subjects_without_any_are_absent():
    outcome = np.arange(40.0)
    indicator = np.r_[np.ones(20), np.tile([0.0, 1.0], 10)]
    found = compute_contrasts(outcome, indicator, np.repeat(["a", "b"], 20), np.repeat("c", 40))
    assert list(found.index) == ["b"]
    assert found.loc["b", "contrast"] == pytest.approx(1.0)


def test_outcomes_leave_out_unscored_trials_and_use_log_seconds(fit):
    trials = fit.trials.assign(scored=("trial", np.arange(fit.trials.sizes["trial"]) > 0))
    outcomes = compute_outcomes(trials)
    assert set(outcomes) == {"choice", "correct", "log rt"}
    assert all(np.isnan(values[0]) for values in outcomes.values())
    assert outcomes["log rt"][1] == pytest.approx(np.log(trials["rt"].values[1]))


def test_the_analysis_has_every_table_and_its_tests_count_subjects(fit):
    found = analyse(fit, conditions=["rule"], rule="rule")
    assert set(found.tables) == {
        "scores", "comparisons", "regimes", "agreement", "occupancy", "dwell_times", "transitions",
        "switch_probability", "event_switches", "spectra", "behaviour", "rule_switches",
        "locked_switches",
    }  # fmt: skip
    assert (found.tables["behaviour"]["n_subjects"] <= 6).all()
    assert found.tables["behaviour"]["q"].ge(found.tables["behaviour"]["p"].fillna(0)).all()
    shares = found.tables["occupancy"].groupby(["subject", "step", "rule"])["occupancy"].sum()
    np.testing.assert_allclose(shares, 1)
    rows = found.tables["transitions"].groupby(["subject", "regime"])["transition_probability"]
    np.testing.assert_allclose(rows.sum(min_count=1).dropna(), 1)


def test_comparisons_are_paired_over_subjects(fit):
    table = compare_models(fit).set_index("effect")
    scores = fit.scores.pivot(index="subject", columns="model", values="log_likelihood")
    difference = scores["AL-RNN"] - scores["class frequency"]
    row = table.loc["AL-RNN - class frequency"]
    assert row["estimate"] == pytest.approx(difference.mean())
    assert row["n_subjects"] == 6


def test_subjects_held_out_together_count_once(fit):
    assert is_independent(fit).all()
    tree = fit.tree.copy(deep=True)
    tree["splits"]["group"].values[:] = np.where(np.arange(720) < 240, "a", "b")
    together = type(fit)(tree)
    stands = np.isin(fit.trials["subject"], ["s0", "s2"])
    np.testing.assert_array_equal(is_independent(together), stands)
    test = analyse(together, rule="rule").tables["rule_switches"].iloc[0]
    assert test["n_subjects"] == 2
    assert "one subject per stimulus order" in test["note"]


def test_unknown_names_are_refused_all_at_once(fit):
    with pytest.raises(DataError, match=r"(?s)2 problems.*'contxt'.*'rle'"):
        analyse(fit, conditions=["contxt"], rule="rle")


def test_stimuli_that_never_repeat_leave_rows_that_say_so(fit, monkeypatch):
    every = np.arange(fit.trials.sizes["trial"]).astype(str)
    monkeypatch.setattr("neuroalrnn.analysis.behaviour.cells", lambda *args: every)
    table = analyse(fit).tables["behaviour"]
    assert (table["method"] == "not testable").all()
    assert table["p"].isna().all()
    assert (table["q"] == 1).all()
    monkeypatch.setattr("neuroalrnn.analysis.behaviour.compute_outcomes", lambda trials: {})
    assert len(analyse(fit).tables["behaviour"]) == 0


def test_models_that_differ_alike_in_all_subjects_leave_a_row_that_says_so(fit, monkeypatch):
    def refuse(*args, **options):
        raise NotTestableError("all 6 values are the same")

    module = sys.modules["neuroalrnn.analysis.analyse"]
    monkeypatch.setattr(module, "paired_difference", refuse)
    table = compare_models(fit)
    assert set(table["note"]) == {"all 6 values are the same"}
    assert np.isfinite(table["estimate"]).all()


def test_conditions_may_be_texts_but_not_what_is_counted_over(fit):
    analyse(fit.__class__(_with_text(fit.tree)), conditions=["half"])
    with pytest.raises(DataError, match="condition 'subject' labels what is counted over"):
        analyse(fit, conditions=["subject"])


def _with_text(tree):
    tree = tree.copy()
    half = np.where(tree["trials"]["trial_in_session"].values < 60, "early", "late")
    trials = tree["trials"].to_dataset().assign_coords(half=("trial", half))
    tree["trials"] = tree["trials"].__class__(trials)
    return tree
