"""Against scipy, by its Welch test and by its own permutations."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from neuroalrnn.exceptions import DataError, NotTestableError
from neuroalrnn.stats.effects import COLUMNS
from neuroalrnn.stats.groups import compare_groups


def two_groups(seed, n_a, n_b, shift=0.8):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(shift, 2, n_a), rng.normal(0, 1, n_b)
    return a, b, np.r_[a, b], np.repeat(["a", "b"], [n_a, n_b])


def welch(a, b, axis=-1):
    return stats.ttest_ind(a, b, axis=axis, equal_var=False).statistic


def test_welch_is_that_of_scipy_and_order_does_not_matter():
    a, b, values, group = two_groups(0, 6, 20)
    oracle = stats.ttest_ind(a, b, equal_var=False)
    interval = oracle.confidence_interval()
    order = np.random.default_rng(1).permutation(26)
    for found in (compare_groups(values, group), compare_groups(values[order], group[order])):
        row = found.iloc[0]
        assert tuple(found.columns[: len(COLUMNS)]) == COLUMNS
        assert row["effect"] == "a - b"
        assert row["estimate"] == pytest.approx(a.mean() - b.mean())
        assert row["estimate"] / row["standard_error"] == pytest.approx(oracle.statistic)
        assert row["p"] == pytest.approx(oracle.pvalue)
        assert row["df"] == pytest.approx(oracle.df)
        assert [row["ci_low"], row["ci_high"]] == pytest.approx([interval.low, interval.high])
        assert (row["n_a"], row["n_b"], row["n_subjects"]) == (6, 20, 26)


@pytest.mark.parametrize(("n_a", "n_b"), [(5, 5), (4, 8)])
def test_all_arrangements_are_those_of_scipy(n_a, n_b):
    a, b, values, group = two_groups(2, n_a, n_b)
    oracle = stats.permutation_test(
        (a, b),
        lambda *x, axis: abs(welch(*x, axis)),
        vectorized=True,
        alternative="greater",
        n_resamples=np.inf,
    )
    found = compare_groups(values, group, test="permutation").iloc[0]
    assert found["p"] == pytest.approx(oracle.pvalue)
    assert "all" in found["method"]


@pytest.mark.parametrize("unit", [0.1, 1 / 3])
def test_rounding_does_not_decide_on_ties(unit):
    values, group = np.array([0, 1, 2, 2, 1, 3, 3, 0, 2, 1]), np.repeat(["a", "b"], [4, 6])
    found = [compare_groups(values * u, group, test="permutation")["p"][0] for u in (1.0, unit)]
    assert found[0] == found[1]


def test_draws_agree_with_all_arrangements():
    a, b, values, group = two_groups(3, 6, 14, shift=1.0)
    oracle = stats.permutation_test(
        (a, b),
        lambda *x, axis: abs(welch(*x, axis)),
        vectorized=True,
        alternative="greater",
        n_resamples=np.inf,
    ).pvalue
    found = compare_groups(values, group, test="permutation", rng=np.random.default_rng(0)).iloc[0]
    assert "4999 draws" in found["method"]
    assert found["p"] == pytest.approx(oracle, abs=4 * np.sqrt(oracle / 5000))


def test_refusals():
    _, _, values, group = two_groups(4, 5, 7)
    names = [f"s{i:02d}" for i in range(12)]
    holes = pd.Series(np.where(np.arange(12) == 3, np.nan, values), names)
    with pytest.raises(DataError, match="in subject s03"):
        compare_groups(holes, group)
    with pytest.raises(DataError, match=r"(?s)2 problems.*values for subject s00.*3 groups"):
        compare_groups(values, [*group[:-1], "c"], subject=["s00", *names[:-1]])
    with pytest.raises(NotTestableError, match="group a: 3 subjects, expected at least 4"):
        compare_groups(values[2:], group[2:])
    with pytest.raises(NotTestableError, match="group a: all 5 values are the same"):
        compare_groups(np.where(group == "a", 1.0, values), group)
    with pytest.raises(DataError, match="expected one of welch, permutation"):
        compare_groups(values, group, test="student")
    with pytest.raises(DataError, match="one entry per subject"):
        compare_groups(values, group[1:])


def test_permuting_means_does_fail_with_unequal_variances_where_welch_does_not(simulate):
    rng = np.random.default_rng(5)
    p = []
    for _ in range(200):
        x = np.r_[3 * simulate.values(rng, 6), simulate.values(rng, 20)]
        drawn = rng.permuted(np.tile(x, (199, 1)), axis=1)
        size = [np.abs(y[..., :6].mean(-1) - y[..., 6:].mean(-1)) for y in (x, drawn)]
        own = compare_groups(x, np.repeat(["a", "b"], [6, 20]))["p"][0]
        p.append(((np.sum(size[1] >= size[0]) + 1) / 200, own))
    by_means, own = np.mean(np.array(p) < 0.05, axis=0)
    assert by_means > 0.15
    assert simulate.keeps_level(own, n_repeats=200)


def test_a_missing_group_is_no_group():
    values = np.random.default_rng(0).normal(size=12)
    for missing in (np.nan, None):
        with pytest.raises(DataError, match="'group' is missing in 6 of 12"):
            compare_groups(values, [missing] * 6 + ["B"] * 6)


def test_groups_in_another_order_are_not_paired_by_position():
    values = pd.Series(np.random.default_rng(0).normal(size=12), list("abcdefghijkl"))
    group = pd.Series(["A"] * 6 + ["B"] * 6, values.index)
    expected = compare_groups(values, group.to_numpy())["p"][0]
    assert compare_groups(values, group)["p"][0] == expected
    assert compare_groups(values, group.reset_index(drop=True))["p"][0] == expected
    with pytest.raises(DataError, match="'group' has the row labels of 'values' in another order"):
        compare_groups(values, group[::-1])


def test_text_and_rounding_are_no_spread():
    with pytest.raises(DataError, match="'values' should be numbers"):
        compare_groups(["x"] * 12, ["A"] * 6 + ["B"] * 6)
    values = [0.1 + 0.2, 0.3] * 3 + [1.0, 2, 3, 4, 5, 6]
    with pytest.raises(NotTestableError, match="group A: all 6 values are the same"):
        compare_groups(values, ["A"] * 6 + ["B"] * 6)
