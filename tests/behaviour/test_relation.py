"""Slopes with nuisances held constant, one value per subject."""

import sys

import numpy as np
import pytest
import xarray as xr
from scipy.stats import ttest_1samp

from neuroalrnn.behaviour.relation import (
    _residuals,
    compute_outcomes,
    compute_slopes,
    relate_to_behaviour,
    tabulate_trials,
)
from neuroalrnn.exceptions import DataError, NotTestableError
from neuroalrnn.questions import analyse, compare_with_others
from neuroalrnn.regimes.events import decisive_regimes
from neuroalrnn.regimes.held_out import compute_held_out_regimes
from neuroalrnn.regimes.replication import cells, is_independent, nuisances
from neuroalrnn.stats import benjamini_hochberg


def simulate(rng, *, effect=0.0, confound=0.0, drift=None, n_subjects=12, n_trials=120):
    """An indicator that goes with a condition and drifts, and an outcome that does both too."""
    subject = np.repeat(np.arange(n_subjects), n_trials).astype(str)
    time = np.tile(np.linspace(0, 1, n_trials), n_subjects)
    trend = {None: 0 * time, "linear": time, "exponential": 1 - np.exp(-6 * time)}[drift]
    cell = rng.integers(0, 2, len(subject))
    indicator = (rng.random(len(subject)) < 0.2 + 0.3 * cell + 0.3 * trend).astype(float)
    slope = np.repeat(effect + 0.2 * rng.standard_normal(n_subjects), n_trials)
    outcome = confound * cell + 2 * trend + slope * indicator + rng.standard_normal(len(subject))
    cubic = np.polynomial.legendre.legvander(2 * time - 1, 3)
    return outcome, indicator, subject, np.column_stack([cell == 0, cell == 1, cubic])


def rejection_rate(rng, n_sets, *, n_columns=6, **options):
    p = []
    for _ in range(n_sets):
        outcome, indicator, subject, nuisance = simulate(rng, **options)
        found = compute_slopes(outcome, indicator, subject, nuisance[:, :n_columns])
        p.append(ttest_1samp(found["slope"], 0).pvalue)
    return np.mean(np.array(p) < 0.05)


def test_slope_equals_joint_least_squares():
    outcome, indicator, subject, nuisance = simulate(np.random.default_rng(0), effect=0.5)
    found = compute_slopes(outcome, indicator, subject, nuisance)
    here = subject == "3"
    joint = np.column_stack([indicator, nuisance[:, :2], nuisance[:, 3:]])[here].astype(float)
    beta, *_ = np.linalg.lstsq(joint, outcome[here], rcond=None)
    assert found.loc["3", "slope"] == pytest.approx(beta[0])
    assert found.loc["3", "n_trials"] == 120


@pytest.mark.parametrize("drift", [None, "linear", "exponential"])
def test_neither_a_condition_nor_a_common_drift_is_taken_for_an_effect(drift):
    """400 data sets without an effect of the indicator: at most 5 % + 3 standard errors."""
    rate = rejection_rate(np.random.default_rng(1), 400, confound=3.0, drift=drift)
    assert 0.005 < rate <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 400)


def test_a_true_effect_is_found_and_without_the_trend_drift_would_be_taken_for_one():
    rng = np.random.default_rng(2)
    assert rejection_rate(rng, 50, effect=0.4, drift="linear") > 0.9
    assert rejection_rate(rng, 50, drift="linear", n_columns=3) > 0.2


def test_an_indicator_that_the_nuisances_explain_has_no_slope():
    outcome = np.arange(40.0)
    subject = np.repeat(["a", "b"], 20)
    indicator = np.r_[np.ones(20), np.tile([0.0, 1.0], 10)]
    found = compute_slopes(outcome, indicator, subject, np.ones((40, 1)))
    assert list(found.index) == ["b"]
    assert found.loc["b", "slope"] == pytest.approx(1.0)


def test_nuisances_that_depend_on_each_other_are_removed_as_by_least_squares():
    rng = np.random.default_rng(5)
    labels = np.stack([rng.integers(0, n, 90) for n in (30, 20, 3)])
    columns = [(each[:, None] == np.arange(each.max() + 1)).astype(float) for each in labels]
    columns.append(np.polynomial.legendre.legvander(np.linspace(-1, 1, 90), 3))
    nuisance, values = np.hstack([*columns, np.zeros((90, 1))]), rng.standard_normal((90, 3))
    left = values - nuisance @ np.linalg.lstsq(nuisance, values, rcond=None)[0]
    assert np.linalg.matrix_rank(nuisance) < nuisance.shape[1] - 1
    assert np.allclose(_residuals(values, nuisance), left, rtol=0, atol=1e-13)
    assert (_residuals(values, nuisance[:, -1:]) == values).all()


def test_nuisances_are_removed_whatever_their_units():
    """Seconds since 1970 are a constant but for their last digits, and the drift is in these."""
    rng, time = np.random.default_rng(6), np.arange(90.0)
    values = rng.standard_normal((90, 2)) + time[:, None] / 10
    nuisance = np.column_stack([np.ones(90), time, np.sin(time)])
    expected = values - nuisance @ np.linalg.lstsq(nuisance, values, rcond=None)[0]
    units = np.column_stack([1e200 * nuisance[:, 0], 1.7e9 + time, 1e-12 * nuisance[:, 2]])
    assert np.allclose(_residuals(values, units), expected, rtol=0, atol=1e-6)


def test_nuisances_hold_inputs_repetitions_resets_and_trends(fit):
    columns = nuisances(fit)
    trials = fit.trials
    assert np.linalg.matrix_rank(columns[:120]) < columns.shape[1]

    def spanned(values):
        here = np.arange(120)
        beta, *_ = np.linalg.lstsq(columns[here], values[here], rcond=None)
        return np.allclose(columns[here] @ beta, values[here])

    stimulus, rule = trials["stimulus"].values, trials["rule"].values
    choice = trials["choice"].values
    before = np.r_[0, (stimulus * choice)[:-1]]
    time = np.arange(720) % 120.0
    assert spanned(stimulus * rule)
    assert spanned(before)
    assert spanned(np.r_[0, stimulus[1:] == stimulus[:-1]].astype(float))
    assert spanned((time == 2).astype(float))
    assert spanned(time**3)
    assert not spanned(np.r_[0, 0, stimulus[:-2]].astype(float))


def test_continuous_inputs_cannot_be_held_constant_and_this_is_said(fit):
    tree = fit.tree.copy(deep=True)
    noise = ("trial", np.random.default_rng(0).normal(size=720))
    tree["trials"] = xr.DataTree(tree["trials"].to_dataset().assign(stimulus=noise))
    regimes = compute_held_out_regimes(fit).regimes
    table = relate_to_behaviour(type(fit)(tree), regimes)
    assert (table["method"] == "not testable").all()
    assert table["note"].str.contains("cannot be held constant").all()


def test_outcomes_leave_out_unscored_trials_and_use_log_seconds(fit):
    trials = fit.trials.assign(scored=("trial", np.arange(fit.trials.sizes["trial"]) > 0))
    outcomes = compute_outcomes(trials)
    assert set(outcomes) == {"choice", "correct", "log rt"}
    assert all(np.isnan(values[0]) for values in outcomes.values())
    assert outcomes["log rt"][1] == pytest.approx(np.log(trials["rt"].values[1]))


def test_the_analysis_has_every_table_and_its_tests_count_subjects(fit, by_stimulus):
    found = analyse(fit, conditions=["rule"], rule="rule")
    of_regimes = {
        "occupancy", "dwell_times", "transitions", "switch_probability", "occupancy_trend",
        "dwell_survival", "mean_dwell_times", "behaviour", "rule_switches", "locked_switches",
    }  # fmt: skip
    linear = {f"linear_{name}" for name in (*of_regimes, "regimes", "event_switches")}
    assert set(found.tables) >= of_regimes | linear | {
        "scores", "comparisons", "agreement", "effective_n_pwl", "spectra",
        "own_temperature", "models_own_temperature",
        "models", "calibration", "reliability", "stability", "stability_pairs", "stability_units",
        "score_spread",
    }  # fmt: skip
    assert (found.tables["behaviour"]["n_subjects"] <= 6).all()
    for _, rows in found.tables["behaviour"].groupby("outcome"):
        np.testing.assert_allclose(rows["q"], benjamini_hochberg(rows["p"].fillna(1)))
    shares = found.tables["occupancy"].groupby(["subject", "step", "rule"])["occupancy"].sum()
    np.testing.assert_allclose(shares, 1)
    rows = found.tables["transitions"].groupby(["subject", "regime"])["transition_probability"]
    np.testing.assert_allclose(rows.sum(min_count=1).dropna(), 1)


def test_comparisons_are_paired_over_subjects(fit):
    table = compare_with_others(fit).set_index("effect")
    scores = fit.scores.pivot(index="subject", columns="model", values="log_likelihood")
    difference = scores["AL-RNN"] - scores["class frequency"]
    row = table.loc["AL-RNN - class frequency"]
    assert row["estimate"] == pytest.approx(difference.mean())
    assert row["n_subjects"] == 6


def test_subjects_that_share_a_stimulus_order_count_once(fit):
    assert is_independent(fit).all()
    tree = fit.tree.copy(deep=True)
    for name in ("stimulus", "rule"):
        tree["trials"][name].values[120:240] = tree["trials"][name].values[:120]
    together = type(fit)(tree)
    np.testing.assert_array_equal(is_independent(together), fit.trials["subject"].values != "s1")
    test = analyse(together, rule="rule").tables["linear_rule_switches"].iloc[0]
    assert test["n_subjects"] == 5
    assert "one subject per stimulus order" in test["note"]


def test_changes_that_all_fall_on_a_reset_of_the_state_are_not_testable(fit):
    tree = fit.tree.copy(deep=True)
    trials = tree["trials"].to_dataset()
    block = np.arange(720) % 120 // 20
    tree["trials"] = xr.DataTree(trials.assign_coords(block=("trial", block)))
    tree.attrs["config"] = fit.tree.attrs["config"].replace(
        '"step": "event"', '"step": "event", "carry": "block"'
    )
    found = analyse(type(fit)(tree), rule="rule")
    assert "linear_rule_switches" not in found.tables
    assert any("every change of rule falls on a reset" in note for note in found.notes)


def test_the_table_of_trials_holds_what_is_tested(fit):
    regimes = compute_held_out_regimes(fit).regimes
    table = tabulate_trials(fit, regimes)
    assert len(table) == fit.trials.sizes["trial"]
    decisive = decisive_regimes(fit, regimes).values[:, 0]
    np.testing.assert_array_equal(table["regime 0"], decisive == 0)
    scored = fit.trials["scored"].values if "scored" in fit.trials else slice(None)
    choice = fit.trials["choice"].values
    np.testing.assert_array_equal(table["choice"][scored], choice[scored])
    assert set(table["switch since last trial"].dropna()) <= {0.0, 1.0}


def test_unknown_names_are_refused_all_at_once(fit):
    with pytest.raises(DataError, match=r"(?s)2 problems.*'contxt'.*'rle'"):
        analyse(fit, conditions=["contxt"], rule="rle")
    with pytest.raises(
        DataError, match=r"(?s)2 problems.*None is no name.*ndarray of shape \(2,\) is"
    ):
        analyse(fit, conditions=["rule", None], rule=np.arange(2))
    for unordered in ({"rule"}, frozenset(["rule"]), 3):
        with pytest.raises(DataError, match=r"conditions: found .*, expected a list of names"):
            analyse(fit, conditions=unordered)


def test_without_outcomes_the_table_is_empty(fit, monkeypatch):
    monkeypatch.setattr("neuroalrnn.behaviour.relation.compute_outcomes", lambda trials: {})
    assert len(analyse(fit).tables["linear_behaviour"]) == 0


def test_models_that_differ_alike_in_all_subjects_leave_a_row_that_says_so(fit, monkeypatch):
    def refuse(*args, **options):
        raise NotTestableError("all 6 values are the same")

    module = sys.modules["neuroalrnn.questions.comparisons"]
    monkeypatch.setattr(module, "paired_difference", refuse)
    table = compare_with_others(fit)
    assert set(table["note"]) == {"all 6 values are the same"}
    assert np.isfinite(table["estimate"]).all()


def test_columns_that_are_no_scores_are_named(fit):
    with pytest.raises(DataError, match=r"value: 'n_trials' is unknown.*there are: log_likelihood"):
        compare_with_others(fit, value="n_trials")


def test_flags_and_seeds_are_told_together(fit):
    with pytest.raises(
        DataError, match=r"(?s)analyse: 2 problems.*random_state = -1.*mechanism = ndarray"
    ):
        analyse(fit, random_state=-1, mechanism=np.zeros((0, 3)))


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


def test_regimes_of_other_trials_are_refused(fit):
    regimes = compute_held_out_regimes(fit).regimes
    for other in (regimes[::-1], regimes[:50]):
        for describe in (relate_to_behaviour, tabulate_trials):
            with pytest.raises(DataError, match="regimes and trials are not the same"):
                describe(fit, other)


def test_slopes_need_numbers_of_the_same_trials():
    outcome, nuisance = np.arange(50.0), np.ones((50, 1))
    subject = np.full(50, "a")
    with pytest.raises(DataError, match="'outcome' should be numbers"):
        compute_slopes(np.full(50, "x"), outcome % 2, subject, nuisance)
    with pytest.raises(DataError, match="found shapes"):
        compute_slopes(outcome, outcome[:3], subject, nuisance)
    with pytest.raises(DataError, match="nuisances are NaN"):
        compute_slopes(outcome, outcome % 2, subject, nuisance * np.nan)


def test_conditions_are_numeric_variables_of_trials(fit):
    trials = fit.trials.assign(word=("trial", np.full(fit.trials.sizes["trial"], "x")))
    with pytest.raises(DataError, match="2 problems"):
        cells(trials, ["word", "typo"])
