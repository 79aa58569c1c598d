"""Means over subjects, with their intervals."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_1samp

from neuroalrnn.stats.means import describe_over_subjects


def test_means_and_intervals_are_those_of_subject_means():
    rng = np.random.default_rng(0)
    values = pd.DataFrame({"a": rng.standard_normal(60), "b": rng.standard_normal(60)})
    values.loc[:9, "b"] = np.nan
    subject = np.repeat(["s1", "s2", "s3", "s4", "s5", "s6"], 10)
    found = describe_over_subjects(values, subject)
    assert found["n_subjects"].tolist() == [6, 5]
    for name in values:
        means = values[name].groupby(subject).mean().dropna()
        assert found.loc[name, "mean"] == pytest.approx(means.mean())
        expected = ttest_1samp(means, 0).confidence_interval()
        assert tuple(found.loc[name, ["ci_low", "ci_high"]]) == pytest.approx(expected)


def test_one_subject_has_no_interval():
    found = describe_over_subjects(pd.DataFrame({"a": [1.0, 2.0]}), ["s", "s"])
    assert found.loc["a", "mean"] == 1.5
    assert found[["ci_low", "ci_high"]].isna().all(axis=None)
