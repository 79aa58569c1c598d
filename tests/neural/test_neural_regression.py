"""Regression recovers known weights, explains held-out sessions, and is fooled by no drift."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import xarray as xr
from scipy.stats import binom

from neuroalrnn.exceptions import DataError, NotTestableError
from neuroalrnn.neural import (
    effects_over_subjects,
    explain_neural,
    regress_neural,
    subject_means,
)
from neuroalrnn.neural.held_out import circular_products
from neuroalrnn.stats.shifts import admissible_shifts

N_NULL = 40
MOST_REJECTED = binom.ppf(0.999, N_NULL, 0.05)


def dummies(trials, regimes, *, trend):
    """Every column of the regression of one subject, written out."""
    columns = [regimes.values[:, 0] == code for code in (1, 2)]
    for session in np.unique(trials["session"]):
        inside = trials["session"].values == session
        position = np.linspace(-1, 1, inside.sum())
        for power in range(trend + 1):
            column = np.zeros(inside.size)
            column[inside] = position**power
            columns.append(column)
            if power == 0:
                columns.append(inside * trials["stimulus"].values)
    return np.stack(columns, axis=1).astype(float)


def test_coefficients_are_those_of_one_regression_with_all_columns(simulate):
    weights = np.random.default_rng(3).standard_normal((3, 4, 2))
    trials, regimes = simulate(1, n_times=4, n_units=2, n_regimes=3, weights=weights)
    trials["neural"] = trials["neural"] + 0.1 * trials["trial_in_session"]
    found = regress_neural(trials, regimes, nuisances=["stimulus"], reference=0)
    design = dummies(trials, regimes, trend=3)
    for time in range(4):
        for unit in range(2):
            model = sm.OLS(trials["neural"].values[:, time, unit], design).fit()
            mine = found.isel(subject=0, time=time, unit=unit)
            np.testing.assert_allclose(mine, model.params[:2], rtol=1e-8)


def test_known_weights_are_recovered_at_every_time_and_unit(simulate):
    weights = np.zeros((3, 4, 2))
    weights[1, 2:], weights[2, :2, 1] = 1.0, -1.0
    trials, regimes = simulate(2, n_subjects=8, n_trials=200, n_times=4, n_units=2, n_regimes=3,
                               weights=weights)  # fmt: skip
    found = regress_neural(trials, regimes, reference=0)
    assert found.dims == ("subject", "regime", "time", "unit")
    error = found.mean("subject") - (weights[1:] - weights[0])
    spread = found.std("subject", ddof=1) / np.sqrt(8)
    # 16 errors, t with 7 df
    assert (np.abs(error / spread) < 5.0).all()
    assert (found.mean("subject").values[weights[1:] == 1] > 0.7).all()
    clusters = effects_over_subjects(found)
    real = clusters[clusters["p"] < 0.05]
    assert set(real["unit"]) == {
        "regime 1, unit unit 0", "regime 1, unit unit 1", "regime 2, unit unit 1"
    }  # fmt: skip


def test_effect_of_a_nuisance_is_not_given_to_regimes(simulate):
    trials, regimes = simulate(3, n_subjects=6)
    regime = regimes.values[:, 0]
    noise = np.random.default_rng(0).standard_normal(regime.size)
    trials["stimulus"] = ("trial", regime + 0.25 * noise)
    trials["neural"] = trials["neural"] + 2.0 * trials["stimulus"]
    with_it = regress_neural(trials, regimes, nuisances=["stimulus"], reference=0, pooled=True)
    without = regress_neural(trials, regimes, reference=0, pooled=True)
    assert (without > 1.0).all()
    assert np.abs(with_it.mean()) < 0.3
    explained = explain_neural(trials, regimes, nuisances=["stimulus"], pooled=True)
    assert explained["partial_r2"].mean() < 0.0
    assert explain_neural(trials, regimes, pooled=True)["partial_r2"].mean() > 0.25


def test_regimes_that_cannot_be_told_have_no_coefficient(simulate):
    trials, regimes = simulate(4, n_subjects=2, n_regimes=3)
    second = trials["subject"].values == "s1"
    regimes.values[second & (regimes.values[:, 0] == 2), 0] = 0
    found = regress_neural(trials, regimes, reference=0, pooled=True)
    assert found.sel(subject="s0").notnull().all()
    assert found.sel(subject="s1", regime=2).isnull().all()
    assert found.sel(subject="s1", regime=1).notnull().all()
    assert found["n_trials"].sel(subject="s1", regime=2) == 0
    with pytest.raises(DataError, match="in subject s1"):
        effects_over_subjects(found)
    same = trials.assign(copy=("trial", (regimes.values[:, 0] == 1).astype(float)))
    blocked = regress_neural(same, regimes, reference=0, pooled=True, nuisances=["copy"])
    assert blocked.sel(regime=1).isnull().all()


def test_sessions_get_coefficients_of_their_own(simulate):
    trials, regimes = simulate(5, n_subjects=2)
    found = regress_neural(trials, regimes, by="session", pooled=True)
    assert found["session"].values.tolist() == ["s0/0", "s0/1", "s1/0", "s1/1"]
    alone = np.flatnonzero(trials["session"].values == "1")[:100]
    part = regress_neural(trials.isel(trial=alone), regimes.isel(trial=alone), pooled=True,
                          reference=found.attrs["reference"])  # fmt: skip
    np.testing.assert_allclose(part.values[0], found.sel(session="s0/1").values)


def test_absent_regimes_are_left_out_and_counted(simulate):
    trials, regimes = simulate(6)
    regimes.values[::7] = -1
    kept = np.flatnonzero(regimes.values[:, 0] >= 0)
    found = regress_neural(trials, regimes)
    assert found.attrs["n_absent"] == 29
    same = regress_neural(trials.isel(trial=kept), regimes.isel(trial=kept))
    np.testing.assert_allclose(found, same)


def test_explained_variance_follows_its_definition_shift_by_shift(simulate):
    trials, regimes = simulate(7, n_trials=60, n_units=1, weights=[[[0.0]], [[0.8]]])
    found = explain_neural(trials, regimes, nuisances=["stimulus"], pooled=True)
    position = np.linspace(-1, 1, 60)
    left = {}
    for session in (0, 1):
        rows = slice(60 * session, 60 * session + 60)
        nuisance = np.stack([*(position**k for k in range(4)), trials["stimulus"][rows]], axis=1)
        hat = nuisance @ np.linalg.pinv(nuisance)
        y, r = trials["neural"].values[rows, 0, 0], regimes.values[rows, 0] == 1
        left[session] = y - hat @ y, r - hat @ r
    for test in (0, 1):
        y, r = left[1 - test]
        slope = (r @ y) / (r @ r)
        y, r = left[test]
        scores = [1 - ((y - np.roll(r, s) * slope) ** 2).sum() / (y**2).sum() for s in range(60)]
        null = np.array(scores)[admissible_shifts(60)]
        mine = found.isel(session=test, unit=0)
        np.testing.assert_allclose(mine["partial_r2"], scores[0])
        np.testing.assert_allclose(mine["chance"], null.mean())
        np.testing.assert_allclose(mine["corrected"], (scores[0] - null.mean()) / null.std())


def test_circular_products_are_sums_over_shifted_series():
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((2, 31, 2))
    direct = [(x * np.roll(y, -shift, axis=0)).sum(axis=0) for shift in range(31)]
    np.testing.assert_allclose(circular_products(x, y), direct, atol=1e-12)


def p_of_null(simulate, seed, **options):
    trials, regimes = simulate(seed, n_subjects=8, n_units=1, **options)
    scores = subject_means(explain_neural(trials, regimes, pooled=True)["corrected"])
    return effects_over_subjects(scores)["p"][0]


@pytest.mark.parametrize(
    "options", [{"dwell": 8, "memory": 0.9}, {"drift": 2.0, "memory": 0.5}], ids=["slow", "drift"]
)
def test_independent_series_are_rejected_as_often_as_claimed(simulate, options):
    p = [p_of_null(simulate, seed, **options) for seed in range(N_NULL)]
    assert (np.array(p) < 0.05).sum() <= MOST_REJECTED


def test_drift_does_fool_the_analysis_that_leaves_it_in(simulate):
    trials, regimes = simulate(0, n_subjects=8, n_units=1, drift=2.0, memory=0.5)
    scores = explain_neural(trials, regimes, pooled=True, degree=0)["corrected"]
    assert effects_over_subjects(subject_means(scores))["p"][0] < 1e-3


def test_planted_effects_are_found(simulate):
    p = [
        p_of_null(simulate, seed, weights=np.array([0.0, 1.5])[:, None, None]) for seed in range(10)
    ]
    assert np.max(p) < 0.05


def test_scores_of_held_out_subjects_are_not_tested_but_named_ones_are(simulate):
    weights = np.array([0.0, 2.0])[:, None, None]
    trials, regimes = simulate(8, n_subjects=10, n_units=1, weights=weights)
    scores = explain_neural(trials, regimes, held_out="subject", pooled=True)
    assert scores["partial_r2"].mean() > 0.2
    with pytest.raises(NotTestableError, match="share their training"):
        effects_over_subjects(subject_means(scores["corrected"]))
    half = [f"s{i}" for i in range(5, 10)]
    named = explain_neural(trials, regimes, held_out=half, pooled=True)
    assert sorted(set(named["subject"].values)) == half
    assert effects_over_subjects(subject_means(named["corrected"]))["p"][0] < 0.05


def test_short_sessions_and_rare_switches_are_not_testable(simulate):
    trials, regimes = simulate(9, n_subjects=2)
    regimes.values[:100] = (np.arange(100) > 50)[:, None]
    scores = explain_neural(trials, regimes, pooled=True)
    assert scores["reason"].values.tolist() == ["1 switches, at least 4 needed", "", "", ""]
    assert scores["corrected"].isel(session=0).isnull().all()
    assert scores["partial_r2"].notnull().all()


def test_mistakes_are_named(simulate):
    trials, regimes = simulate(10, n_subjects=2, n_times=4)
    with pytest.raises(DataError, match="did you mean 'stimulus'"):
        regress_neural(trials, regimes, nuisances=["stimulos"])
    with pytest.raises(DataError, match="found 'x', expected one of choice"):
        regress_neural(trials, regimes, step="x")
    with pytest.raises(DataError, match=r"found ndarray of shape \(2,\), expected one of choice"):
        regress_neural(trials, regimes, step=np.array(["choice", "x"]))
    with pytest.raises(DataError, match="reference: found 5"):
        regress_neural(trials, regimes, reference=5)
    with pytest.raises(DataError, match="regimes and trials are not the same"):
        regress_neural(trials, regimes.isel(trial=slice(None, None, -1)))
    with pytest.raises(DataError, match="expected its first and its last time"):
        regress_neural(trials, regimes, window=(0.1,))
    with pytest.raises(DataError, match="nuisances = 'stimulos': expected a list"):
        regress_neural(trials, regimes, nuisances="stimulos")
    with pytest.raises(DataError, match="found 1 regimes in use"):
        regress_neural(trials, xr.zeros_like(regimes))
    with pytest.raises(DataError, match="held_out subject 's7' is unknown"):
        explain_neural(trials, regimes, held_out=["s7"])
    first = np.flatnonzero(trials["session"].values == "0")
    with pytest.raises(NotTestableError, match="train on for subject s0, s1"):
        explain_neural(trials.isel(trial=first), regimes.isel(trial=first))
    regimes.values[:3] = 9
    with pytest.raises(DataError, match="regime 9 of subject s0, session 0 never occurs"):
        explain_neural(trials, regimes)


def test_short_trials_and_gaps_are_named(simulate):
    trials, regimes = simulate(11, n_times=4)
    trials["n_steps"][5] = 3
    with pytest.raises(DataError, match=r"1 of 200 trials end before 0.3 s: .*window=\(0, 0.2\)"):
        regress_neural(trials, regimes)
    found = regress_neural(trials, regimes, window=(0, 0.2))
    np.testing.assert_allclose(found["time"], [0.0, 0.1, 0.2])
    trials["neural"].values[7, 1, 2] = np.nan
    with pytest.raises(DataError, match="in 1 units of subject s0, session 0"):
        regress_neural(trials, regimes, window=(0, 0.2))


def test_units_of_one_subject_stay_with_it(simulate):
    trials, regimes = simulate(12, n_subjects=2)
    second = trials["subject"].values == "s1"
    trials["neural"].values[second, :, 0] = np.nan
    found = regress_neural(trials, regimes, pooled=True)
    assert found.isel(subject=1, unit=0).isnull().all()
    assert found.isel(unit=[1, 2]).notnull().all()
    scores = explain_neural(trials, regimes, pooled=True)["corrected"]
    assert scores.isnull().sum() == 2


def test_blocks_are_nuisances_by_name(simulate):
    trials, regimes = simulate(13)
    block = np.arange(200) % 100 // 20
    trials = trials.assign_coords(block=("trial", block))
    level = pd.Series([3.0, -2.0, 0.0, 5.0, 1.0])
    shifted = trials.assign(neural=trials["neural"] + xr.DataArray(level[block], dims="trial"))
    same, other = (
        regress_neural(each, regimes, nuisances=["block"], pooled=True)
        for each in (trials, shifted)
    )
    np.testing.assert_allclose(same, other, atol=1e-10)
