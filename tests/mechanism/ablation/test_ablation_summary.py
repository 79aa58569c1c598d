"""Statements over subjects and the concentration of an ablation map."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from neuroalrnn.exceptions import DataError
from neuroalrnn.mechanism.ablation.summarise import (
    compare_costs,
    gini,
    subject_costs,
    summarise_map,
)


def made_up(n_subjects=8, seed=0):
    """Costs of two interventions in two conditions; the second one does nothing."""
    rng = np.random.default_rng(seed)
    rows = [
        (what, condition, f"s{s}", int(rng.integers(5, 50)), size * (1 + rng.standard_normal()))
        for what, size in (("kink", 1.0), ("nothing", 1e-13))
        for condition in (0, 1)
        for s in range(n_subjects)
    ]
    return pd.DataFrame(rows, columns=["what", "condition", "subject", "n_trials", "cost"])


def test_subjects_are_tested_and_their_trials_count_the_same():
    table = made_up()
    found = compare_costs(table, ["what"]).set_index("what")
    kink = table[table["what"] == "kink"]
    means = [
        np.average(part["cost"], weights=part["n_trials"]) for _, part in kink.groupby("subject")
    ]
    expected = stats.ttest_1samp(means, 0)
    assert np.isclose(found.loc["kink", "p"], expected.pvalue)
    assert np.isclose(found.loc["kink", "estimate"], np.mean(means))
    assert found.loc["kink", "n_trials"] == kink["n_trials"].sum()


def test_rounding_is_no_effect_but_stays_in_the_family():
    found = compare_costs(made_up(), ["what", "condition"])
    nothing = found[found["what"] == "nothing"]
    assert (nothing["p"] == 1).all()
    assert nothing["method"].str.startswith("not testable").all()
    np.testing.assert_allclose(found["q"], stats.false_discovery_control(found["p"]))


def test_subjects_without_a_value_are_named():
    table = made_up()
    table.loc[(table["subject"] == "s3") & (table["what"] == "kink"), "cost"] = np.nan
    table.loc[table["what"] == "nothing", "cost"] = np.nan
    found = compare_costs(table, ["what"], test="sign-flip").set_index("what")
    assert found.loc["kink", ["n_subjects", "excluded"]].tolist() == [7, "s3"]
    assert found.loc["kink", "method"] == "sign-flip, all 128 flips"
    assert found.loc["nothing", ["n_subjects", "p"]].tolist() == [0, 1.0]


def test_a_subject_with_one_missing_part_has_no_mean():
    table = made_up()
    table.loc[0, "cost"] = np.nan
    costs = subject_costs(table, ["what"]).set_index(["what", "subject"])["cost"]
    assert costs.isna().sum() == 1
    assert np.isnan(costs["kink", "s0"])


@pytest.mark.parametrize(
    ("values", "expected"), [([3, 3, 3], 0), ([0, 0, 0, 7], 0.75), ([1, -5, 0, 3], 0.625)]
)
def test_gini_of_known_amounts(values, expected):
    assert np.isclose(gini(values), expected)


def test_gini_is_the_mean_difference_of_pairs():
    values = np.random.default_rng(0).exponential(size=(4, 5))
    pairs = np.abs(values.ravel()[:, None] - values.ravel())
    assert np.isclose(gini(values), pairs.mean() / (2 * values.mean()))
    assert np.isnan(gini(np.zeros(3)))


def test_a_map_is_summarised_by_fold_and_replacement():
    cells = [
        ("a", 0, 1.0),
        ("a", 1, 0.0),
        ("b", 0, 0.5),
        ("b", 1, 0.5),
        ("all", 0, 9),
        ("all", 1, 9),
    ]
    rows = [
        {"fold": fold, "replacement": "zero", "unit": unit, "epoch": epoch, "subject": subject}
        | {"n_trials": 10, "cost": cost * scale}
        for fold, scale in (("x", 1), ("y", 2))
        for subject in "pq"
        for epoch, unit, cost in cells
    ]
    found = summarise_map(pd.DataFrame(rows)).set_index("fold")
    assert found["n_units"].tolist() == found["n_epochs"].tolist() == [2, 2]
    np.testing.assert_allclose(found["gini"], gini([1, 0, 0.5, 0.5]))
    assert found.loc["y", ["unit", "epoch", "cost"]].tolist() == [0, "a", 2.0]


@pytest.mark.parametrize(
    ("change", "by", "message"),
    [
        ({"n_trials": 0}, ["rank"], "n_trials: found 0"),
        ({"n_trials": -1}, ["rank"], "n_trials: found -1"),
        ({"subject": None}, ["rank"], "'subject' is missing in 4 of 4"),
        ({}, "rank", "expected a list of columns"),
        ({}, ["ranks"], "no column 'ranks'"),
        ({}, [], "by = "),
    ],
)
def test_costs_that_cannot_be_averaged(change, by, message):
    table = pd.DataFrame({"subject": list("aabb"), "n_trials": 5, "cost": [0.1, 0.2, 0.3, 0.4]})
    table["rank"] = [1, 2, 1, 2]
    assert len(compare_costs(table, ["rank"])) == 2
    with pytest.raises(DataError, match=message):
        compare_costs(table.assign(**change), by)
    with pytest.raises(DataError, match="found 0 rows"):
        compare_costs(table[:0], ["rank"])


def test_a_map_without_costs_has_no_largest_one():
    table = pd.DataFrame({"fold": "a", "replacement": "zero", "unit": [0, 1], "epoch": "x"})
    table = table.assign(subject="s", n_trials=1, cost=np.nan)
    assert summarise_map(table)["gini"].isna().all()
    with pytest.raises(DataError, match="no column 'epoch'"):
        summarise_map(table.drop(columns="epoch"))
