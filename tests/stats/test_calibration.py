"""Slopes against statsmodels and scipy, curves against counting, bands against a population."""

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import minimize
from scipy.special import expit, log_expit, logit, softmax

from neuroalrnn.exceptions import DataError
from neuroalrnn.stats.calibration import (
    calibration_scores,
    reliability_curve,
    subject_calibration_errors,
    subject_chance_errors,
)


def predictions(rng, n_subjects=12, n_trials=150, *, slope=1.0, bias=0.0, spread=0.0, scale=1.5):
    """Binary predictions and choices of subjects that differ in bias and slope by `spread`."""
    x = rng.normal(0, scale, (n_subjects, n_trials))
    shift, factor = rng.normal(0, spread, (2, n_subjects, 1))
    choice = rng.random(x.shape) < expit(bias + shift + (slope + factor / 2) * x)
    p = expit(x).ravel()
    subject = np.repeat(np.arange(n_subjects), n_trials)
    return np.column_stack([1 - p, p]), choice.ravel().astype(int), subject


def test_slope_and_intercept_are_those_of_maximum_likelihood_with_clustered_errors():
    rng = np.random.default_rng(0)
    probability, choice, subject = predictions(rng, slope=0.7, bias=0.3, spread=0.4)
    found = calibration_scores(probability, choice, subject).iloc[0]
    x, sign = np.column_stack([np.ones(len(choice)), logit(probability[:, 1])]), 2 * choice - 1
    fit = minimize(lambda b: -log_expit(sign * (x @ b)).sum(), [0, 1], tol=1e-10)
    assert [found["intercept"], found["slope"]] == pytest.approx(fit.x, abs=1e-4)
    p = expit(x @ fit.x)
    bread = np.linalg.inv((x * (p * (1 - p))[:, None]).T @ x)
    scores = np.array([(x * (choice - p)[:, None])[subject == i].sum(axis=0) for i in range(12)])
    variance = bread @ (scores.T @ scores) @ bread * 12 / 11  # all but equal to CR2 at 12 alike
    half = stats.t.ppf(0.975, 11) * np.sqrt(np.diag(variance))
    low, high = found[["intercept_low", "slope_low"]], found[["intercept_high", "slope_high"]]
    np.testing.assert_allclose(low.to_numpy(dtype=float), fit.x - half, atol=5e-3)
    np.testing.assert_allclose(high.to_numpy(dtype=float), fit.x + half, atol=5e-3)


@pytest.mark.parametrize(("sure", "expected"), [(2.0, 0.5), (1.0, 1.0), (0.5, 2.0)])
def test_predictions_that_are_too_sure_have_a_low_slope(sure, expected):
    probability, choice, subject = predictions(np.random.default_rng(1), 30, 400)
    p = expit(sure * logit(probability[:, 1]))
    found = calibration_scores(np.column_stack([1 - p, p]), choice, subject).iloc[0]
    assert found["slope"] == pytest.approx(expected, rel=0.08)
    assert found["intercept"] == pytest.approx(0, abs=0.08)


def test_error_and_brier_score_by_counting():
    p = np.array([0.1, 0.1, 0.2, 0.2, 0.8, 0.8, 0.9, 0.9])
    choice = np.array([0, 1, 0, 0, 1, 1, 1, 0])
    probability, subject = np.column_stack([1 - p, p]), np.repeat([0, 1], 4)
    found = calibration_scores(probability, choice, subject, n_bins=4).iloc[0]
    expected = (2 * abs(0.5 - 0.1) + 2 * 0.2 + 2 * 0.2 + 2 * abs(0.5 - 0.9)) / 8
    assert found["calibration_error"] == pytest.approx(expected)
    assert found["brier"] == pytest.approx(np.mean((p - choice) ** 2))
    curve = reliability_curve(probability, choice, subject, n_bins=4)
    assert curve["predicted"].tolist() == pytest.approx([0.1, 0.2, 0.8, 0.9])
    assert curve["observed"].tolist() == [0.5, 0, 1, 0.5]
    assert curve["n_trials"].tolist() == [2, 2, 2, 2]


def test_error_of_calibrated_predictions_is_that_by_chance():
    rng = np.random.default_rng(2)
    found = [calibration_scores(*predictions(rng, 10, 100), rng=rng).iloc[0] for _ in range(40)]
    errors = np.array([one["calibration_error"] for one in found])
    chance = np.mean([one["error_by_chance"] for one in found])
    assert abs(errors.mean() - chance) < 3 * errors.std() / np.sqrt(40)
    wrong = calibration_scores(*predictions(rng, 10, 400, slope=0.3)).iloc[0]
    assert wrong["calibration_error"] > 3 * wrong["error_by_chance"]


def test_bins_hold_equally_many_trials_and_equal_predictions_share_one():
    probability, choice, subject = predictions(np.random.default_rng(3))
    curve = reliability_curve(probability, choice, subject)
    assert curve["n_trials"].tolist() == [180] * 10
    assert curve["predicted"].is_monotonic_increasing
    flat = np.full((len(choice), 2), 0.5)
    assert len(reliability_curve(flat, choice, subject)) == 1


def test_more_than_two_options_are_each_set_against_the_rest():
    rng = np.random.default_rng(4)
    eta = rng.normal(0, 1.5, (6000, 3))
    probability, subject = softmax(eta, axis=1), np.repeat(np.arange(20), 300)
    choice = (probability.cumsum(axis=1) < rng.random((6000, 1))).sum(axis=1)
    found = calibration_scores(probability, choice, subject)
    assert found["option"].tolist() == [0, 1, 2]
    assert found["slope"].between(0.9, 1.1).all()
    binary = np.column_stack([1 - probability[:, 2], probability[:, 2]])
    alone = calibration_scores(binary, (choice == 2).astype(int), subject).iloc[0]
    for name in ("slope", "intercept", "brier", "calibration_error"):
        assert found.loc[2, name] == pytest.approx(alone[name])


def test_two_options_mirror_each_other():
    probability, choice, subject = predictions(np.random.default_rng(5), bias=0.5)
    one = calibration_scores(probability, choice, subject).iloc[0]
    other = calibration_scores(probability[:, ::-1], 1 - choice, subject).iloc[0]
    assert other["slope"] == pytest.approx(one["slope"])
    assert other["intercept"] == pytest.approx(-one["intercept"])
    assert other["brier"] == pytest.approx(one["brier"])


def test_probabilities_that_round_to_one_keep_their_log_odds():
    rng = np.random.default_rng(6)
    x = rng.normal(0, 12, 4000)
    p = np.column_stack([expit(-x), expit(x)]).astype(np.float32)
    assert (p[:, 1] == 1).any()
    choice, subject = (rng.random(4000) < expit(0.5 * x)).astype(int), np.arange(4000) % 10
    assert calibration_scores(p, choice, subject)["slope"][0] == pytest.approx(0.5, rel=0.1)


@pytest.mark.parametrize(
    ("p", "choice", "note"),
    [
        (np.full(40, 0.6), np.tile([0, 1], 20), "hardly vary"),
        (np.linspace(0.2, 0.8, 40), np.ones(40, dtype=int), "all choices are the same"),
        (np.linspace(0.2, 0.8, 40), np.repeat([0, 1], 20), "separate"),
    ],
)
def test_without_a_slope_there_is_a_reason(p, choice, note):
    found = calibration_scores(np.column_stack([1 - p, p]), choice, np.arange(40) % 4).iloc[0]
    assert np.isnan(found["slope"])
    assert note in found["note"]
    assert np.isfinite(found["brier"])


def test_one_subject_has_a_slope_and_no_interval():
    probability, choice, subject = predictions(np.random.default_rng(7), 1, 300)
    found = calibration_scores(probability, choice, subject).iloc[0]
    assert np.isfinite(found["slope"])
    assert np.isnan(found["slope_low"])
    assert reliability_curve(probability, choice, subject)["ci_low"].isna().all()


def test_refusals_name_every_problem():
    probability, choice, subject = predictions(np.random.default_rng(8), 2, 5)
    bad = probability.copy()
    bad[0], bad[1, 0] = np.nan, -1
    with pytest.raises(DataError, match=r"(?s)2 problems.*of 2 trials.*choices: expected 0 to 1"):
        calibration_scores(bad, choice + 1, subject)
    with pytest.raises(DataError, match="choice = None: expected a list, one for every row"):
        calibration_scores(np.full((2, 2), 0.5), None, ["a", "a"])
    with pytest.raises(DataError, match="expected \\(trial, option\\)"):
        reliability_curve(probability, choice[:-1], subject)


def test_intervals_and_bands_cover_the_population(monkeypatch):
    monkeypatch.setattr("neuroalrnn.stats.calibration.N_CURVE_DRAWS", 199)
    monkeypatch.setattr("neuroalrnn.stats.calibration.N_SIMULATIONS", 1)
    rng = np.random.default_rng(9)
    population = predictions(rng, 4000, 100, slope=0.9, spread=0.4)
    truth = calibration_scores(*population).iloc[0]
    order = np.argsort(population[0][:, 1])
    sorted_p, n_chosen = population[0][order, 1], np.r_[0, np.cumsum(population[1][order])]
    covered, inside = [], []
    for _ in range(300):
        probability, choice, subject = predictions(rng, 12, 100, slope=0.9, spread=0.4)
        found = calibration_scores(probability, choice, subject, rng=rng).iloc[0]
        covered.append(found["slope_low"] <= truth["slope"] <= found["slope_high"])
        curve = reliability_curve(probability, choice, subject, rng=rng)
        edges = np.searchsorted(sorted_p, np.quantile(probability[:, 1], np.linspace(0, 1, 11)))
        share = np.diff(n_chosen[edges]) / np.diff(edges)
        inside.append((curve["ci_low"] <= share) & (share <= curve["ci_high"]))
    assert np.mean(covered) > 0.95 - 3 * np.sqrt(0.95 * 0.05 / 300)
    by_bin = np.mean(inside, axis=0)
    assert by_bin.min() > 0.95 - 3 * np.sqrt(0.95 * 0.05 / 300)
    assert by_bin.mean() < 0.99


def test_subjects_and_bins_must_be_there():
    rng = np.random.default_rng(0)
    p = rng.random(60)
    table, choice = np.c_[1 - p, p], (rng.random(60) < p).astype(int)
    subject = np.repeat(list("abcdef"), 10).astype(object)
    for score in (calibration_scores, reliability_curve):
        for n_bins in (0, 2.5):
            with pytest.raises(DataError, match="n_bins: found"):
                score(table, choice, subject, n_bins=n_bins)
        with pytest.raises(DataError, match="'subject' is missing in 10 of 60"):
            score(table, choice, np.where(subject == "a", None, subject))
    with pytest.raises(DataError, match="'probability' should be numbers"):
        calibration_scores([["a", "b"]], [0], ["a"])


def test_options_that_are_not_offered_tell_nothing_of_a_slope():
    """Two of three options on every trial: slopes and errors are those of the trials with it."""
    rng = np.random.default_rng(4)
    eta, subject = rng.normal(0, 1.5, (900, 3)), np.repeat(np.arange(9), 100)
    eta[np.arange(900), rng.integers(0, 3, 900)] = -np.inf
    probability = softmax(eta, axis=1)
    choice = (rng.random((900, 1)) > probability.cumsum(axis=1)).sum(axis=1)
    found = calibration_scores(probability, choice, subject)
    offered = probability[:, 1] > 0
    pair = np.column_stack([1 - probability[:, 1], probability[:, 1]])[offered]
    alone = calibration_scores(pair, (choice == 1)[offered].astype(int), subject[offered]).iloc[0]
    for name in ("slope", "slope_low", "slope_high", "intercept"):
        assert found.loc[1, name] == pytest.approx(alone[name], rel=1e-9), name
    assert (found["slope_low"] < 1).all()
    assert (found["slope_high"] > 1).all()
    hidden = np.insert(pair, 1, 0.0, axis=1)
    assert calibration_scores(hidden, 2 * (choice == 1)[offered], subject[offered]).loc[1, "note"]


def test_right_predictions_err_as_they_would_by_chance():
    rng = np.random.default_rng(3)
    p, subject = rng.uniform(0.05, 0.95, 6000), np.repeat(np.arange(60), 100)
    options = np.c_[1 - p, p]
    by_chance = subject_chance_errors(options, subject)
    right, wrong = (
        subject_calibration_errors(options, (rng.random(p.size) < each).astype(int), subject)
        for each in (p, np.clip(p + 0.2, 0, 1))
    )
    error = (right - by_chance).std() / np.sqrt(60)
    assert abs((right - by_chance).mean()) < 3 * error
    assert (wrong - by_chance).mean() > 10 * error
    surer = np.where(p > 0.5, 0.99, 0.01)
    assert subject_chance_errors(np.c_[1 - surer, surer], subject).max() < by_chance.min()
