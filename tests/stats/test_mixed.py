"""Against a t-test in a balanced design, and against a likelihood written out and maximised."""

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import minimize

from neuroalrnn.exceptions import DataError, FitError, NotTestableError
from neuroalrnn.stats.effects import COLUMNS
from neuroalrnn.stats.mixed import mixed_linear
from neuroalrnn.stats.subject_level import subject_slopes

NAMES = [f"s{i:02d}" for i in range(9)]


def reaction_times(rng, sizes, *, slope=0.1, slope_sd=0.3):
    """Log RT of 9 subjects with `sizes` trials, a covariate that differs between them."""
    subject = np.repeat(NAMES, sizes)
    codes = np.repeat(np.arange(9), sizes)
    x = rng.normal(size=codes.size) + codes
    y = rng.normal(0, 0.5, 9)[codes] + rng.normal(slope, slope_sd, 9)[codes] * x
    return y + rng.normal(0, 0.3, x.size), x, subject


def restricted_likelihood(theta, y, x, subject):
    """Log-likelihood and fixed effects, D by its Cholesky factor, for x centred within subject."""
    root = np.array([[np.exp(theta[0]), 0], [theta[1], np.exp(theta[2])]])
    log_likelihood, information, score, parts = 0.0, 0.0, 0.0, []
    for name in np.unique(subject):
        at = subject == name
        design = np.column_stack([np.ones(at.sum()), x[at] - x[at].mean()])
        v = np.exp(2 * theta[3]) * np.eye(at.sum()) + design @ root @ root.T @ design.T
        solved = np.linalg.solve(v, design)
        information, score = information + design.T @ solved, score + solved.T @ y[at]
        parts.append((v, design, y[at]))
    beta = np.linalg.solve(information, score)
    for v, design, own in parts:
        log_likelihood += stats.multivariate_normal(design @ beta, v).logpdf(own)
    log_likelihood += np.log(2 * np.pi) - np.linalg.slogdet(information)[1] / 2
    return log_likelihood, beta[1], np.sqrt(np.linalg.inv(information)[1, 1])


def test_balanced_design_gives_the_t_test_of_the_slopes():
    rng = np.random.default_rng(0)
    x = np.tile(rng.normal(size=40), 9)
    y, _, subject = reaction_times(rng, np.full(9, 40))
    y = y + rng.normal(0.2, 0.2, 9).repeat(40) * x
    found = mixed_linear(y, {"x": x}, subject).iloc[0]
    slopes = subject_slopes(y, {"x": x}, subject, family="linear")["slope"]
    oracle = stats.ttest_1samp(slopes, 0)
    interval = oracle.confidence_interval()
    assert found["estimate"] == pytest.approx(slopes.mean(), rel=1e-6)
    assert found["statistic"] == pytest.approx(oracle.statistic, rel=1e-3)
    assert found["p"] == pytest.approx(oracle.pvalue, rel=5e-3)
    assert found["ci_low"] == pytest.approx(interval.low, abs=1e-3)
    assert found["df"] == 8
    assert not found["boundary"]


def test_unbalanced_design_gives_the_restricted_maximum_likelihood():
    y, x, subject = reaction_times(np.random.default_rng(1), np.arange(10, 55, 5))
    found = mixed_linear(y, {"x": x}, subject).iloc[0]
    start = [np.log(0.5), 0.0, np.log(0.3), np.log(0.3)]
    options = {"xatol": 1e-6, "fatol": 1e-9, "maxiter": 2000}
    best = minimize(
        lambda theta: -restricted_likelihood(theta, y, x, subject)[0],
        start,
        method="Nelder-Mead",
        options=options,
    ).x
    log_likelihood, slope, error = restricted_likelihood(best, y, x, subject)
    assert found["log_likelihood"] == pytest.approx(log_likelihood, abs=1e-4)
    assert found["estimate"] == pytest.approx(slope, rel=1e-4)
    assert found["standard_error"] == pytest.approx(error, rel=1e-3)
    assert found["slope_sd"] == pytest.approx(np.hypot(best[1], np.exp(best[2])), rel=1e-2)


def test_columns_and_units():
    y, x, subject = reaction_times(np.random.default_rng(2), np.full(9, 30))
    other = np.random.default_rng(3).normal(size=x.size)
    found = mixed_linear(y, {"x": x, "other": other}, subject)
    assert tuple(found.columns[: len(COLUMNS)]) == COLUMNS
    assert list(found["effect"]) == ["x", "other"]
    scaled = mixed_linear(1000 * y, {"x": 10 * x, "other": other}, subject)
    np.testing.assert_allclose(scaled["p"], found["p"], rtol=1e-3)
    np.testing.assert_allclose(scaled["estimate"] / [100, 1000], found["estimate"], rtol=1e-3)
    gain = (len(y) - 3) * np.log(1000) + np.log(10)
    assert scaled["log_likelihood"][0] == pytest.approx(found["log_likelihood"][0] - gain, abs=1e-3)


def test_only_effects_within_subjects_count():
    y, x, subject = reaction_times(np.random.default_rng(4), np.full(9, 30))
    moved = x + 5 * np.repeat(np.random.default_rng(5).normal(size=9), 30)
    first, second = (mixed_linear(y, {"x": each}, subject).iloc[0] for each in (x, moved))
    assert second["estimate"] == pytest.approx(first["estimate"], rel=1e-6)


def test_subject_in_which_the_predictor_does_not_vary_is_named():
    y, x, subject = reaction_times(np.random.default_rng(6), np.full(9, 30))
    x[subject == "s03"] = 1.0
    found = mixed_linear(y, {"x": x}, subject).iloc[0]
    assert found["excluded"] == "s03"
    assert (found["n_subjects"], found["df"], found["n_trials"]) == (8, 7, 240)


def test_equal_slopes_are_at_the_boundary_and_warnings_are_kept_in_the_table():
    y, x, subject = reaction_times(np.random.default_rng(7), np.full(9, 30), slope_sd=0.0)
    y = y - 0.1 * x
    slope = subject_slopes(y, {"x": x}, subject, family="linear").set_index("subject")["slope"]
    centred = x - np.repeat(x.reshape(9, 30).mean(axis=1), 30)
    y = y - np.repeat(slope[NAMES].to_numpy(), 30) * centred
    found = mixed_linear(y, {"x": x}, subject).iloc[0]
    assert found["boundary"]
    assert "boundary" in found["warning"]
    assert found["slope_sd"] < 0.01


def test_refusals():
    y, x, subject = reaction_times(np.random.default_rng(8), np.full(9, 20))
    with pytest.raises(DataError, match=r"'outcome': 20 of 180 .* in subject s04"):
        mixed_linear(np.where(subject == "s04", np.nan, y), {"x": x}, subject)
    few = np.isin(subject, NAMES[:2])
    with pytest.raises(NotTestableError, match="varies in 2 subjects, expected at least 3"):
        mixed_linear(y[few], {"x": x[few]}, subject[few])
    with pytest.raises(FitError, match="nothing is left of the outcome"):
        mixed_linear(np.ones(180), {"x": x}, subject)


@pytest.mark.parametrize(("n_subjects", "heavy"), [(6, False), (9, True)])
def test_level(simulate, n_subjects, heavy):
    subject = simulate.labels(n_subjects, 40)

    def draw(rng):
        y, x = simulate.log_rts(rng, n_subjects, 40, slope_sd=0.1, heavy=heavy)
        return mixed_linear(y.ravel(), {"x": x.ravel()}, subject)["p"][0]

    rate = simulate.rejections(draw, seed=n_subjects, n_repeats=30)
    assert rate <= simulate.upper_limit(30)
