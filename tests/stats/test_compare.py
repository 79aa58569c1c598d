import numpy as np
import pandas as pd
import pytest
from scipy import stats

from neuroalrnn.exceptions import DataError, NotTestableError
from neuroalrnn.stats.compare import benjamini_hochberg, compare_models, paired_difference
from neuroalrnn.stats.select import one_standard_error

SUBJECTS = [f"s{i:02d}" for i in range(12)]


def p_of_difference(draw_difference, test="t"):
    def draw(rng):
        b = pd.Series(rng.normal(-0.5, 0.1, 12), SUBJECTS)
        return paired_difference(b + draw_difference(rng), b, test=test)["p"][0]

    return draw


def scores_by_n_pwl(rng, n_subjects=12):
    """True n_pwl is 2; subjects differ much, settings little (setting, subject)."""
    deficit = np.array([0.03, 0.012, 0, 0, 0, 0, 0, 0, 0])
    subject = rng.normal(0, 0.1, n_subjects)
    return -0.5 + subject - deficit[:, None] + rng.normal(0, 0.01, (9, n_subjects))


class TestPairedDifference:
    def test_over_trials_equals_over_subjects(self):
        rng = np.random.default_rng(0)
        subject = np.repeat(SUBJECTS[:3], [5, 10, 20])
        a, b = rng.normal(-0.5, 0.1, (2, 35))
        a[3] = b[3] = np.nan
        mean = pd.DataFrame({"a": a, "b": b}).groupby(subject).mean()
        found = paired_difference(a, b, subject).iloc[0]
        expected = paired_difference(mean["a"], mean["b"].iloc[::-1]).iloc[0]
        assert found["p"] == pytest.approx(expected["p"])
        assert found["p"] == pytest.approx(stats.ttest_rel(mean["a"], mean["b"]).pvalue)
        assert found["n_trials"] == 34
        assert found["n_favouring"] == (mean["a"] > mean["b"]).sum()

    def test_refuses_unequal_masks_and_subjects(self):
        subject = np.repeat(["a", "b"], 3)
        a, b = np.random.default_rng(0).normal(size=(2, 6))
        a[4] = np.nan
        with pytest.raises(DataError, match=r"unequal masks, 1 trials .* in subject b"):
            paired_difference(a, b, subject)
        with pytest.raises(DataError, match="no scored trial in subject b"):
            paired_difference(*[np.r_[1.0, 2, 3, [np.nan] * 3]] * 2, subject)
        with pytest.raises(DataError, match=r"(?s)only A has subject b.*only B has subject c"):
            paired_difference(pd.Series({"a": 1.0, "b": 2.0}), pd.Series({"a": 1.0, "c": 2.0}))
        with pytest.raises(DataError, match=r"scores of A.*infinite, in subject b"):
            paired_difference(pd.Series({"a": 1.0, "b": -np.inf}), pd.Series({"a": 1.0, "b": 2.0}))

    @pytest.mark.parametrize("test", ["t", "sign-flip"])
    def test_level(self, simulate, test):
        draw = p_of_difference(lambda rng: rng.normal(0, 0.03, 12), test)
        assert simulate.keeps_level(simulate.rejections(draw, seed=1))

    def test_level_with_skewed_differences(self, simulate):
        draw = p_of_difference(lambda rng: 0.015 * (rng.gamma(4, 1, 12) - 4))
        assert simulate.keeps_level(simulate.rejections(draw, seed=2))

    def test_power(self, simulate):
        draw = p_of_difference(lambda rng: rng.normal(0.02, 0.02, 12))
        assert simulate.rejections(draw, seed=3) > 0.80

    def test_pairing_over_trials_does_fail(self, simulate):
        def draw(rng):
            d = rng.normal(0, 0.03, (12, 1)) + rng.normal(0, 0.2, (12, 200))
            return stats.ttest_1samp(d.ravel(), 0).pvalue

        assert simulate.rejections(draw, seed=4) > 0.15


def long(wide, n_trials=100):
    """Scores {model: array (subject,)} as one row per model and subject."""
    parts = [
        pd.DataFrame({"model": model, "subject": SUBJECTS[: len(values)], "log_likelihood": values})
        for model, values in wide.items()
    ]
    table = pd.concat(parts, ignore_index=True)
    return table.assign(n_trials=np.resize(n_trials, len(table)))


def three_models(n_subjects=12, seed=0):
    rng = np.random.default_rng(seed)
    base = rng.normal(-0.5, 0.1, n_subjects)
    wide = {"AL-RNN": base + rng.normal(0.02, 0.02, n_subjects), "b": base}
    return wide | {"c": base - 0.1 + rng.normal(0, 0.02, n_subjects)}


class TestCompareModels:
    def test_agrees_with_the_paired_difference_of_every_pair(self):
        wide = three_models()
        table = compare_models(long(wide), "b").set_index("model")
        assert list(table.index) == ["AL-RNN", "b", "c"]
        for model in ("AL-RNN", "c"):
            pair = [pd.Series(wide[name], SUBJECTS) for name in (model, "b")]
            expected = paired_difference(*pair).iloc[0]
            names = {
                "difference": "estimate",
                "difference_standard_error": "standard_error",
                "p": "p",
            }
            names |= {"ci_low": "ci_low", "ci_high": "ci_high", "n_favouring": "n_favouring"}
            for mine, other in names.items():
                assert table.loc[model, mine] == pytest.approx(expected[other])
        assert (table["n_favouring"] + table["n_against"])[["AL-RNN", "c"]].eq(12).all()

    def test_default_reference_is_the_best_that_is_no_alrnn(self):
        wide = three_models() | {"AL-RNN P=2": np.zeros(12)}
        table = compare_models(long(wide))
        assert set(table["reference"]) == {"b"}
        assert set(table["best"]) == {"AL-RNN P=2"}
        own = {name: values for name, values in wide.items() if name.startswith("AL-RNN")}
        assert set(compare_models(long(own))["reference"]) == {"AL-RNN P=2"}

    def test_q_is_over_all_different_comparisons_of_the_table(self):
        wide = three_models() | {"d": three_models(seed=1)["c"]}
        table = compare_models(long(wide), "b").set_index("model")
        assert table.index[0] == "AL-RNN"
        # AL-RNN, c, d against b; c, d against the AL-RNN
        p = [*table["p"].drop("b"), *table["p_to_best"][["c", "d"]]]
        places = [*table.index.drop("b"), "c2", "d2"]
        expected = dict(zip(places, benjamini_hochberg(p), strict=True))
        for model in ("AL-RNN", "c", "d"):
            assert table.loc[model, "q"] == pytest.approx(expected[model])
        assert table.loc["c", "q_to_best"] == pytest.approx(expected["c2"])
        assert table.loc["b", "q_to_best"] == table.loc["AL-RNN", "q"]
        assert np.isnan(table.loc["b", "q"])
        assert np.isnan(table.loc["AL-RNN", "q_to_best"])

    def test_pooled_scores_weigh_subjects_by_their_trials(self):
        wide = {"a": np.array([-0.2, -0.4, -0.9]), "b": np.array([-0.3, -0.1, -0.5])}
        table = compare_models(long(wide, [100, 300, 50])).set_index("model")
        expected = (-0.2 * 100 - 0.4 * 300 - 0.9 * 50) / 450
        assert table.loc["a", "log_likelihood"] == pytest.approx(expected)
        assert table.loc["a", "subject_mean"] == pytest.approx(-0.5)
        assert table.loc["a", "n_trials"] == 450

    def test_ties_share_the_best_place(self):
        values = np.array([-0.5, -0.4, -0.3, -0.2])
        worse = values - [0, 0.1, 0.2, 0.3]
        table = compare_models(long({"a": values, "b": values, "c": worse})).set_index("model")
        assert table["n_best"].to_dict() == pytest.approx({"a": 11 / 6, "b": 11 / 6, "c": 1 / 3})

    def test_within_one_error_of_the_best_is_that_of_the_paired_difference(self):
        subject = np.linspace(-1, 0, 12)
        noise = np.tile([0.01, -0.01], 6)
        error = noise.std(ddof=1) / np.sqrt(12)
        wide = {"best": subject, "near": subject - 0.9 * error + noise}
        wide |= {"far": subject - 1.1 * error + noise}
        table = compare_models(long(wide), "best").set_index("model")
        assert table["within_one_error"].to_dict() == {"best": True, "near": True, "far": False}

    def test_fewer_than_six_subjects_are_not_tested(self):
        table = compare_models(long(three_models(5)), "b").set_index("model")
        assert table[["p", "q", "p_to_best", "q_to_best"]].isna().all(axis=None)
        assert "5 subjects cannot give a p below 0.0625" in table.loc["c", "note"]
        assert np.isfinite(table.loc["c", ["ci_low", "ci_high"]].to_numpy(dtype=float)).all()
        assert compare_models(long(three_models(6)), "b")["p"].notna().sum() == 2

    def test_the_same_predictions_stay_in_the_family_as_one(self):
        wide = three_models()
        wide["same"] = wide["b"]
        table = compare_models(long(wide), "b").set_index("model")
        assert np.isnan(table.loc["same", "p"])
        assert "the same" in table.loc["same", "note"]
        p = [*table["p"].drop(["b", "same"]), 1.0, *table["p_to_best"][["same", "c"]]]
        assert table.loc["c", "q"] == pytest.approx(benjamini_hochberg(p)[1])

    def test_one_model_and_one_subject(self):
        table = compare_models(long({"a": np.array([-0.5, -0.4])}))
        assert table["within_one_error"].tolist() == [True]
        table = compare_models(long({"a": np.array([-0.5]), "b": np.array([-0.6])}))
        assert "at least 2" in table["note"][1]

    def test_an_empty_table_is_refused(self):
        columns = ["model", "subject", "n_trials", "log_likelihood"]
        with pytest.raises(DataError, match="found no score"):
            compare_models(pd.DataFrame(columns=columns))

    def test_refusals_name_every_problem(self):
        table = long(three_models(3))
        table.loc[1, "log_likelihood"] = -np.inf
        table.loc[4, "n_trials"] = 99
        match = r"(?s)AL-RNN: no finite score in subject s01.*b: not the trials .* in subject s01"
        with pytest.raises(DataError, match=match):
            compare_models(table)
        with pytest.raises(DataError, match="c: no finite score in subject s02"):
            compare_models(long(three_models(3))[:-1])
        with pytest.raises(DataError, match="AL-RNN: subject s00 occurs twice"):
            compare_models(pd.concat([table, table[:1]]))
        with pytest.raises(DataError, match="found 'd', expected one of AL-RNN, b, c"):
            compare_models(long(three_models(3)), "d")

    @pytest.mark.parametrize(
        ("n_subjects", "lowest", "highest"), [(6, 0.81, 0.91), (12, 0.86, 0.94)]
    )
    def test_t_covers_and_percentiles_do_not(self, monkeypatch, n_subjects, lowest, highest):
        monkeypatch.setattr("neuroalrnn.stats.compare.N_DRAWS", 499)
        rng = np.random.default_rng(1)
        names = [f"m{k}" for k in range(150)]
        t, percentile = [], []
        for _ in range(4):
            drawn = rng.normal(0, 0.03, (150, n_subjects))
            wide = {"AL-RNN": np.zeros(n_subjects)} | dict(zip(names, drawn, strict=True))
            table = compare_models(long(wide), "AL-RNN", rng=rng).set_index("model").loc[names]
            t += ((table["ci_low"] <= 0) & (table["ci_high"] >= 0)).tolist()
            percentile += ((table["bootstrap_low"] <= 0) & (table["bootstrap_high"] >= 0)).tolist()
        assert abs(np.mean(t) - 0.95) < 3 * np.sqrt(0.95 * 0.05 / 600)
        assert lowest < np.mean(percentile) < highest


class TestOneStandardError:
    def test_hand_made_case(self):
        scores = np.array([[-0.8, -0.6], [-0.5, -0.32], [-0.5, -0.3]])
        found = one_standard_error(scores, [0, 1, 2])
        assert found.index == 1
        np.testing.assert_allclose(found.table["difference"], [0.3, 0.01, 0], atol=1e-12)
        np.testing.assert_allclose(found.table["standard_error"], [0, 0.01, 0], atol=1e-12)
        assert found.table["chosen"].tolist() == [False, True, False]

    def test_order_of_settings_does_not_matter(self):
        scores = scores_by_n_pwl(np.random.default_rng(0))
        chosen = one_standard_error(scores, range(9)).index
        assert one_standard_error(scores[::-1], range(9)[::-1]).index == 8 - chosen

    @pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
    def test_failed_setting_never_wins(self, value):
        scores = scores_by_n_pwl(np.random.default_rng(0))
        scores[[0, 2, 3], 5] = value
        found = one_standard_error(scores, range(9))
        assert found.index not in (0, 2, 3)
        assert found.table["difference"].isna().sum() == 3

    def test_refusals(self):
        with pytest.raises(NotTestableError, match="found 1 subject"):
            one_standard_error(np.zeros((3, 1)), range(3))
        with pytest.raises(NotTestableError, match="0 finite setting"):
            one_standard_error(np.full((3, 4), np.nan), range(3))
        with pytest.raises(DataError, match="expected \\(setting, subject\\)"):
            one_standard_error(np.zeros((3, 4)), range(4))

    def test_raw_error_picks_too_small_and_paired_error_does_not(self):
        rng = np.random.default_rng(1)
        raw, paired = [], []
        for _ in range(400):
            scores = scores_by_n_pwl(rng)
            mean, error = scores.mean(axis=1), scores.std(axis=1, ddof=1) / np.sqrt(12)
            raw.append(np.flatnonzero(mean >= (mean - error)[mean.argmax()])[0])
            paired.append(one_standard_error(scores, range(9)).index)
        assert np.mean(np.array(raw) < 2) > 0.5
        assert np.mean(np.array(paired) < 2) < 0.02
        assert np.mean(np.array(paired) == 2) > 0.4


class TestBenjaminiHochberg:
    def test_known_values(self):
        p = [0.01, 0.04, 0.03, 1.0]
        np.testing.assert_allclose(benjamini_hochberg(p), [0.04, 0.16 / 3, 0.16 / 3, 1.0])

    def test_a_family_is_adjusted_by_itself(self):
        p, family = np.array([0.01, 0.04, 0.03, 1.0, 0.02]), np.array(list("ababb"))
        found = benjamini_hochberg(p, family)
        for name in "ab":
            here = family == name
            np.testing.assert_allclose(found[here], benjamini_hochberg(p[here]))
        with pytest.raises(DataError, match="family has shape \\(4,\\), p has \\(5,\\)"):
            benjamini_hochberg(p, family[:4])
        with pytest.raises(DataError, match="'family' is missing in 1 of 5"):
            benjamini_hochberg(p, ["a", "b", None, "a", "b"])

    def test_refuses_nan(self):
        with pytest.raises(DataError, match="stays in the family as p = 1"):
            benjamini_hochberg([0.1, np.nan])

    def test_false_discovery_proportion(self):
        rng = np.random.default_rng(0)
        proportion = []
        for _ in range(400):
            z = np.r_[rng.normal(size=90), rng.normal(4, 1, 10)]
            found = benjamini_hochberg(2 * stats.norm.sf(np.abs(z))) < 0.1
            proportion.append(found[:90].sum() / max(found.sum(), 1))
        error = np.std(proportion) / 20
        assert 0.05 < np.mean(proportion) <= 0.1 + 3 * error


class TestWhatComesIn:
    def test_several_families_at_once_are_refused(self):
        with pytest.raises(DataError, match="expected one family"):
            benjamini_hochberg([[0.01, 0.02], [0.04, 0.5]])
        with pytest.raises(DataError, match="expected one family"):
            benjamini_hochberg(0.01)

    def test_trials_in_another_order_or_without_subject_are_refused(self):
        rng = np.random.default_rng(0)
        a, b = pd.Series(rng.normal(size=40)), pd.Series(rng.normal(size=40))
        subject = np.array(list("abcd") * 10, dtype=object)
        with pytest.raises(DataError, match="'scores of B' has the row labels of 'scores of A'"):
            paired_difference(a, b[::-1], subject)
        subject[0] = None
        with pytest.raises(DataError, match="'subject' is missing in 1 of 40"):
            paired_difference(a, b, subject)

    def test_differences_by_rounding_are_none(self):
        a = pd.Series(np.linspace(-0.7, -0.4, 8), list("abcdefgh"))
        rounded = a + np.array([1e-16, -2e-16, 1e-16, 2e-16, 1e-16, 3e-16, 1e-16, 2e-16])
        with pytest.raises(NotTestableError, match="all 8 values are the same"):
            paired_difference(a, rounded)
        table = pd.DataFrame({"subject": [*a.index, *a.index], "n_trials": 10})
        table = table.assign(model=np.repeat(["one", "two"], 8), log_likelihood=[*a, *rounded])
        found = compare_models(table, "one").set_index("model").loc["two"]
        assert np.isnan(found["p"])
        assert "all 8 values are the same" in found["note"]

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"n_trials": 0}, "n_trials: found 0"),
            ({"n_trials": -3}, "n_trials: found -3"),
            ({"log_likelihood": "x"}, "'log_likelihood' should be numbers"),
            ({"model": ["m", "m", None, None]}, "'model' is missing in 2 of 4"),
            ({"subject": ["a", None, "a", None]}, "'subject' is missing in 2 of 4"),
            ({"model": [1, 1, 2, 2]}, "'model' should hold names"),
        ],
    )
    def test_tables_of_scores(self, change, message):
        table = pd.DataFrame({"model": list("mmnn"), "subject": list("abab"), "n_trials": 10})
        table["log_likelihood"] = [-0.5, -0.6, -0.4, -0.3]
        assert len(compare_models(table)) == 2
        with pytest.raises(DataError, match=message):
            compare_models(table.assign(**change))
        with pytest.raises(DataError, match="no column 'n_trials'"):
            compare_models(table.drop(columns="n_trials"))

    def test_complexity_of_other_settings(self):
        scores = pd.DataFrame(np.random.default_rng(0).normal(size=(3, 4)))
        with pytest.raises(DataError, match="'complexity' has the row labels of 'scores'"):
            one_standard_error(scores, pd.Series([1, 2, 3], [2, 1, 0]))
        with pytest.raises(DataError, match="'scores' should be numbers"):
            one_standard_error([["a", "b"]], [1])
