import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import xarray as xr
from scipy import stats
from scipy.linalg import sqrtm
from scipy.special import expit

from neuroalrnn.exceptions import DataError, NotTestableError
from neuroalrnn.stats import (
    cluster_robust_logistic,
    effects,
    sign_flip,
    t_test,
    two_stage_linear,
    two_stage_logistic,
)
from neuroalrnn.stats.effects import COLUMNS
from neuroalrnn.stats.subject_level import subject_slopes


@pytest.fixture
def table(simulate):
    y, x = simulate.choices(np.random.default_rng(0), 8, 60, slope=0.5)
    other = np.random.default_rng(1).normal(size=x.shape)
    predictors = pd.DataFrame({"x": x.ravel(), "other": 100 * other.ravel()})
    return y.ravel(), predictors, simulate.labels(8, 60)


def p_of_logistic(simulate, function, n_subjects, n_trials, *, sizes=None, test=None, **design):
    subject = simulate.labels(n_subjects, n_trials)
    keep = slice(None)
    if sizes is not None:
        keep = np.tile(np.arange(n_trials), n_subjects) < np.repeat(sizes, n_trials)
    options = {} if test is None else {"test": test}

    def draw(rng):
        y, x = simulate.choices(rng, n_subjects, n_trials, **design)
        predictors = {"x": x.ravel()[keep]}
        return function(y.ravel()[keep], predictors, subject[keep], **options)["p"][0]

    return draw


class TestAgainstOracles:
    def test_slopes_equal_statsmodels_per_subject(self, table):
        y, x, subject = table
        found = subject_slopes(y, x, subject, family="logistic").set_index("subject")
        for name in np.unique(subject):
            at = subject == name
            oracle = sm.Logit(y[at], sm.add_constant(x[at])).fit(disp=0)
            np.testing.assert_allclose(found.loc[name, "slope"], oracle.params.iloc[1:], rtol=1e-6)
            error = found.loc[name, "standard_error"]
            np.testing.assert_allclose(error, oracle.bse.iloc[1:], rtol=1e-6)

    def test_linear_slopes_equal_ols_also_with_unequal_trials(self, table):
        y, x, subject = table
        y, x, subject = (v[37:] for v in (y + x["x"].to_numpy() ** 2, x, subject))
        found = subject_slopes(y, x, subject, family="linear").set_index("subject")
        for name in np.unique(subject):
            at = subject == name
            oracle = sm.OLS(y[at], sm.add_constant(x[at])).fit()
            np.testing.assert_allclose(found.loc[name, "slope"], oracle.params.iloc[1:], rtol=1e-9)
            error = found.loc[name, "standard_error"]
            np.testing.assert_allclose(error, oracle.bse.iloc[1:], rtol=1e-9)

    def test_cluster_robust_equals_the_equations_on_whole_matrices(self, table):
        """CR2 and its degrees of freedom with trial x trial matrices, as Bell & McCaffrey write."""
        y, x, subject = table
        keep = (subject != "s01") | (np.arange(y.size) % 3 == 0)
        y, x, subject = y[keep], x[keep], subject[keep]
        fit = sm.Logit(y, sm.add_constant(x)).fit(disp=0)
        p = fit.predict()
        root = np.sqrt(p * (1 - p))
        design = sm.add_constant(x).to_numpy() * root[:, None]
        residual = (y - p) / root
        bread = np.linalg.inv(design.T @ design)
        left = np.eye(y.size) - design @ bread @ design.T
        meat, columns = 0.0, []
        spread = pd.Series(residual**2).groupby(subject).transform("mean").to_numpy()
        for name in np.unique(subject):
            here = subject == name
            adjust = sqrtm(np.linalg.inv(left[np.ix_(here, here)])).real
            score = design[here].T @ adjust @ residual[here]
            meat = meat + np.outer(score, score)
            columns.append(left[:, here] @ adjust @ design[here] @ bread)
        error = np.sqrt(np.diag(bread @ meat @ bread))[1:]
        found = cluster_robust_logistic(y, x, subject)
        np.testing.assert_allclose(found["estimate"], fit.params.iloc[1:], rtol=1e-8)
        np.testing.assert_allclose(found["standard_error"], error, rtol=1e-6)
        for k in (1, 2):
            part = np.stack([column[:, k] for column in columns])
            size = np.linalg.eigvalsh(part * spread @ part.T)
            assert found["df"][k - 1] == pytest.approx(size.sum() ** 2 / (size**2).sum(), rel=1e-6)
        assert (found["df"] < 7).all()
        expected = 2 * stats.t.sf(np.abs(found["estimate"] / error), found["df"])
        np.testing.assert_allclose(found["p"], expected, rtol=1e-5)
        assert found["scale"].str.contains("marginal").all()

    def test_a_predictor_that_one_subject_tells_has_no_clustered_error(self, table):
        y, x, subject = table
        x = x.assign(x=np.where(subject == "s01", x["x"], 0.0))
        with pytest.raises(NotTestableError, match="one subject alone tells the effect"):
            cluster_robust_logistic(y, x, subject)

    def test_t_test_equals_scipy(self):
        values = np.random.default_rng(0).normal(0.3, 1, 9)
        found, oracle = t_test(values).iloc[0], stats.ttest_1samp(values, 0)
        interval = oracle.confidence_interval()
        assert found["p"] == pytest.approx(oracle.pvalue)
        assert found["ci_low"] == pytest.approx(interval.low)
        assert found["ci_high"] == pytest.approx(interval.high)

    def test_thousands_of_subjects_are_tested_piece_by_piece(self, monkeypatch):
        values = np.random.default_rng(0).normal(0.05, 1, 1200)
        whole = sign_flip(values)
        monkeypatch.setattr(effects, "MOST_SIGNS", 2**20)
        assert sign_flip(values).equals(whole)
        assert effects.smallest_p(1200) == 0.0

    def test_sign_flip_is_exact_and_draws_agree_with_it(self):
        values = np.random.default_rng(0).normal(0.5, 1, 13)
        found = sign_flip(values).iloc[0]
        signs = ((np.arange(2**13)[:, None] >> np.arange(13)) & 1) * 2.0 - 1.0
        exact = np.mean(np.abs(signs @ values) >= abs(values.sum()) - 1e-12)
        assert found["p"] == pytest.approx(exact, abs=4 * np.sqrt(exact / 4999))
        assert "4999 draws" in found["method"]
        assert sign_flip(np.arange(1.0, 7.0))["p"][0] == 2 / 64

    @pytest.mark.parametrize("seed", range(3))
    def test_sign_flip_without_ties_is_that_of_scipy(self, seed):
        values = np.random.default_rng(seed).normal(0.5, 1, 8)
        oracle = stats.permutation_test(
            (values,), lambda x, axis: abs(x.mean(axis)), permutation_type="samples",
            alternative="greater", n_resamples=np.inf,
        )  # fmt: skip
        assert sign_flip(values)["p"][0] == pytest.approx(oracle.pvalue)

    @pytest.mark.parametrize("unit", [1.0, 0.1, 1 / 3])
    def test_rounding_does_not_decide_on_ties(self, unit):
        values = np.array([3, 3, 1, -2, 0, -1, -2, -1])
        signs = 2 * ((np.arange(2**8)[:, None] >> np.arange(8)) & 1) - 1
        exact = np.mean(abs(signs @ values) >= abs(values.sum()))
        assert sign_flip(values * unit)["p"][0] == exact


class TestTables:
    def test_columns_are_those_of_every_effect(self, table):
        y, x, subject = table
        for found in (
            two_stage_logistic(y, x, subject),
            cluster_robust_logistic(y, x, subject),
            sign_flip(np.arange(8.0)),
        ):
            assert tuple(found.columns[: len(COLUMNS)]) == COLUMNS
        assert list(two_stage_logistic(y, x, subject)["effect"]) == ["x", "other"]

    def test_order_of_trials_and_unit_of_predictor_do_not_matter(self, table):
        y, x, subject = table
        order = np.random.default_rng(2).permutation(y.size)
        first = two_stage_logistic(y, x, subject)
        second = two_stage_logistic(y[order], x.iloc[order] * 1000, subject[order])
        np.testing.assert_allclose(first["p"], second["p"], rtol=1e-6)
        np.testing.assert_allclose(first["estimate"], second["estimate"] * 1000, rtol=1e-6)

    def test_subject_without_variation_is_named(self, table):
        y, x, subject = table
        x.loc[subject == "s03", "other"] = 2.0
        found = two_stage_logistic(y, x, subject).set_index("effect")
        assert found.loc["other", "excluded"] == "s03"
        assert found.loc["other", "n_subjects"] == 7
        assert found.loc["x", "n_subjects"] == 8

    @pytest.mark.parametrize("which", ["complete", "constant", "quasi"])
    def test_separated_subject_stays_in_with_the_same_penalty_for_all(self, table, which):
        y, x, subject = table
        at = subject == "s02"
        plain = subject_slopes(y, x, subject, family="logistic")
        steep = x.loc[at, "x"]
        y = y.copy()
        y[at] = 1.0 if which == "constant" else steep > 0
        if which == "quasi":
            x.loc[at, "x"] = np.where(np.arange(60) < 10, 0.0, steep)
            y[np.flatnonzero(at)[:10]] = np.arange(10) % 2
        slopes = subject_slopes(y, x, subject, family="logistic")
        assert slopes.attrs["separated"] == ["s02"]
        assert np.isfinite(slopes["slope"]).all()
        others = slopes["subject"] != "s02"
        assert (slopes["slope"][others] != plain["slope"][others]).all()
        moved = (slopes["slope"] - plain["slope"])[others].abs()
        assert (moved < 0.25 * plain["standard_error"][others]).all()
        found = two_stage_logistic(y, x, subject)
        assert found["method"].str.contains("penalty for all subjects.*s02").all()
        assert (found["n_subjects"] == 8).all()


class TestRefusals:
    def test_nan_is_named_with_its_subject(self, table):
        y, x, subject = table
        x.loc[subject == "s05", "x"] = np.nan
        with pytest.raises(DataError, match=r"'x': 60 of 480 .* in subject s05"):
            two_stage_logistic(y, x, subject)
        with pytest.raises(DataError, match="in subject b"):
            t_test(pd.Series({"a": 1.0, "b": np.nan}))

    @pytest.mark.parametrize("n", [2, 5])
    def test_sign_flip_of_few_subjects_says_the_smallest_p(self, n):
        with pytest.raises(NotTestableError, match=f"below {2 / 2**n:.4g}"):
            sign_flip(np.arange(1.0, n + 1))

    def test_degenerate_input(self, table):
        y, x, subject = table
        with pytest.raises(NotTestableError, match="at least 2"):
            t_test([1.0])
        with pytest.raises(NotTestableError, match="all 3 values are the same"):
            t_test([0.0, 0.0, 0.0])
        with pytest.raises(DataError, match="several for a; average"):
            t_test([1.0, 2.0], subject=["a", "a"])
        with pytest.raises(DataError, match="expected 0 and 1"):
            two_stage_logistic(y + 1, x, subject)
        with pytest.raises(DataError, match="collinear within subject s00"):
            two_stage_logistic(y, {"x": x["x"], "twice": 2 * x["x"]}, subject)
        with pytest.raises(NotTestableError, match="'x' varies in 0 subject"):
            two_stage_logistic(y, {"x": np.ones(y.size)}, subject)
        with pytest.raises(NotTestableError, match="separated by the predictors"):
            cluster_robust_logistic(x["x"] > 0, x, subject)
        with pytest.raises(NotTestableError, match="found 1 subject"):
            cluster_robust_logistic(y, x, np.full(y.size, "a"))


class TestLevel:
    @pytest.mark.parametrize("test", ["t", "sign-flip"])
    @pytest.mark.parametrize("n_subjects", [6, 12])
    def test_two_stage_logistic(self, simulate, n_subjects, test):
        draw = p_of_logistic(simulate, two_stage_logistic, n_subjects, 100, test=test)
        assert simulate.keeps_level(simulate.rejections(draw, seed=n_subjects))

    def test_two_stage_logistic_with_unequal_trials(self, simulate):
        sizes = np.linspace(20, 500, 12).astype(int)
        draw = p_of_logistic(simulate, two_stage_logistic, 12, 500, sizes=sizes)
        assert simulate.keeps_level(simulate.rejections(draw, seed=1))

    def test_two_stage_logistic_when_most_data_sets_are_separated(self, simulate):
        draw = p_of_logistic(simulate, two_stage_logistic, 12, 30, base=3.0)
        assert simulate.keeps_level(simulate.rejections(draw, seed=3))

    @pytest.mark.parametrize("n_subjects", [6, 12])
    def test_cluster_robust(self, simulate, n_subjects):
        draw = p_of_logistic(simulate, cluster_robust_logistic, n_subjects, 100)
        assert simulate.keeps_level(simulate.rejections(draw, seed=n_subjects))

    @pytest.mark.parametrize("heavy", [False, True])
    def test_two_stage_log_rt(self, simulate, heavy):
        subject = simulate.labels(12, 100)

        def draw(rng):
            x = rng.normal(size=(12, 100))
            noise = rng.standard_t(3, x.shape) if heavy else rng.normal(size=x.shape)
            y = rng.normal(-0.5, 0.2, (12, 1)) + rng.normal(0, 0.04, (12, 1)) * x + 0.3 * noise
            return two_stage_linear(y.ravel(), {"x": x.ravel()}, subject)["p"][0]

        assert simulate.keeps_level(simulate.rejections(draw, seed=4))

    def test_sign_flip_by_draws(self, simulate):
        rate = simulate.rejections(lambda rng: sign_flip(rng.normal(size=14))["p"][0], seed=5)
        assert simulate.keeps_level(rate)

    def test_pooled_logistic_does_fail(self, simulate):
        def draw(rng):
            y, x = simulate.choices(rng, 12, 100)
            y, x = y.ravel(), x.ravel()
            beta = np.zeros(2)
            design = np.column_stack([np.ones_like(x), x])
            for _ in range(8):
                p = expit(design @ beta)
                information = design.T @ (design * (p * (1 - p))[:, None])
                beta = beta + np.linalg.solve(information, design.T @ (y - p))
            z = beta[1] / np.sqrt(np.linalg.inv(information)[1, 1])
            return 2 * stats.norm.sf(abs(z))

        assert simulate.rejections(draw, seed=6) > 0.15


class TestPower:
    @pytest.mark.parametrize(
        ("function", "n_subjects", "least"),
        [
            (two_stage_logistic, 6, 0.30),
            (two_stage_logistic, 12, 0.70),
            (two_stage_logistic, 24, 0.95),
            (cluster_robust_logistic, 12, 0.70),
        ],
    )
    def test_slope_is_found(self, simulate, function, n_subjects, least):
        draw = p_of_logistic(simulate, function, n_subjects, 100, slope=0.4)
        assert simulate.rejections(draw, seed=1) >= least


class TestWhatComesIn:
    @pytest.fixture
    def rows(self):
        rng = np.random.default_rng(0)
        return {
            "outcome": rng.normal(size=60),
            "predictors": {"x": rng.normal(size=60)},
            "subject": np.repeat(list("abcdef"), 10).astype(object),
        }

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"subject": [None] * 10 + list("bcdef") * 10}, "'subject' is missing in 10 of 60"),
            ({"subject": np.array([1, "1"] * 30, dtype=object)}, "read like another"),
            ({"predictors": {"x": ["a"] * 60}}, "'x' should be numbers"),
            ({"outcome": ["a"] * 60}, "'outcome' should be numbers"),
            ({"predictors": {1: np.arange(60), "1": np.ones(60)}}, "'name': 1 labels read like"),
        ],
    )
    def test_slopes(self, rows, change, message):
        for fit in (two_stage_linear, two_stage_logistic, cluster_robust_logistic):
            with pytest.raises(DataError, match=message):
                fit(**rows | change)

    def test_rows_in_another_order(self, rows):
        outcome = pd.Series(rows["outcome"])
        table = pd.DataFrame(rows["predictors"])
        expected = subject_slopes(outcome, table, rows["subject"], family="linear")
        assert (expected["slope"] != 0).all()
        for predictors in (table[::-1], {"x": table["x"][::-1]}):
            with pytest.raises(DataError, match="row labels of 'outcome' in another order"):
                subject_slopes(outcome, predictors, rows["subject"], family="linear")

    def test_no_row(self):
        with pytest.raises(DataError, match="found no row"):
            two_stage_linear([], {"x": []}, [])

    def test_a_constant_outcome_has_no_slope_to_test(self, rows):
        for fit, value in ((two_stage_logistic, 1.0), (two_stage_linear, 0.1 + 0.2)):
            with pytest.raises(NotTestableError, match="all 6 values are the same"):
                fit(np.full(60, value), rows["predictors"], rows["subject"])

    def test_one_value_per_subject(self):
        with pytest.raises(DataError, match="'values' should be numbers"):
            t_test(["a", "b"])
        for values in (3.0, [["a"], ["b"]], xr.Dataset()):
            for test in (t_test, sign_flip):
                with pytest.raises(DataError, match=r"values = .*: expected a list, one"):
                    test(values)
        with pytest.raises(DataError, match="'subject' is missing in 1 of 3"):
            t_test([1, 2, 4.0], subject=["a", "b", None])
