import numpy as np
import pandas as pd
import pytest
from scipy import stats

from neuroalrnn.exceptions import DataError, NotTestableError
from neuroalrnn.stats.compare import benjamini_hochberg, one_standard_error, paired_difference

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
        assert found["n_favouring_a"] == (mean["a"] > mean["b"]).sum()

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
