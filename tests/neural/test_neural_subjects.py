"""One number per subject, tested as the statistics of the package test it."""

import numpy as np
import pytest
import xarray as xr
from scipy.stats import ttest_1samp

from neuroalrnn.exceptions import DataError, NotTestableError
from neuroalrnn.neural import effects_over_subjects, subject_means
from neuroalrnn.stats.clusters import cluster_test

RNG = np.random.default_rng(0)


def test_sessions_without_a_value_do_not_count():
    values = xr.DataArray([1.0, 3.0, np.nan, 5.0, np.nan], dims="session",
                          coords={"subject": ("session", ["b", "b", "b", "a", "c"])})  # fmt: skip
    means = subject_means(values)
    assert means["subject"].values.tolist() == ["a", "b", "c"]
    np.testing.assert_array_equal(means, [5.0, 2.0, np.nan])
    with pytest.raises(DataError, match="with coord 'subject'"):
        subject_means(values.drop_vars("subject"))


def test_entries_without_time_get_a_t_test_and_a_q_each():
    values = RNG.standard_normal((7, 2, 3)) + 0.5
    values[4] = np.nan
    labelled = xr.DataArray(values, dims=("subject", "regime", "unit"), name="coefficient",
                            coords={"subject": list("abcdefg"), "regime": [1, 2]})  # fmt: skip
    table = effects_over_subjects(labelled)
    oracle = ttest_1samp(np.delete(values, 4, axis=0), 0.0)
    np.testing.assert_allclose(table["p"], oracle.pvalue.ravel())
    assert table["regime"].tolist() == [1, 1, 1, 2, 2, 2]
    assert table["unit"].tolist() == [0, 1, 2, 0, 1, 2]
    assert (table["excluded"] == "e").all()
    assert (table["n_subjects"] == 6).all()
    ordered = np.sort(table["p"])
    assert table["q"].min() == pytest.approx((ordered * 6 / np.arange(1, 7)).min())


def test_times_are_tested_by_clusters_of_one_test_over_units_and_regimes():
    values = RNG.standard_normal((8, 2, 12, 3))
    values[:, 1, 4:9, 2] += 2.0
    coords = {"regime": [1, 5], "time": np.arange(12) / 10, "subject": np.arange(8)}
    coords["unit"] = ["Fz", "Cz", "Pz"]
    labelled = xr.DataArray(values, dims=("subject", "regime", "time", "unit"), coords=coords)
    table = effects_over_subjects(labelled, n_permutations=1000)
    courses = values.transpose(0, 2, 1, 3).reshape(8, 12, 6)
    direct = cluster_test(courses, n_permutations=1000)
    np.testing.assert_array_equal(table["p"], direct["p"])
    assert table["unit"][0] == "regime 5, unit Pz"
    assert 0.3 <= table["start"][0] <= 0.4


def test_subjects_that_lack_values_are_named():
    values = xr.DataArray(np.ones((6, 2)) + RNG.standard_normal((6, 2)), dims=("subject", "unit"),
                          coords={"subject": [f"s{i}" for i in range(6)]})  # fmt: skip
    values[3, 1] = np.nan
    with pytest.raises(DataError, match="in subject s3"):
        effects_over_subjects(values)
    with pytest.raises(NotTestableError, match="no subject has a value"):
        effects_over_subjects(values * np.nan)
    with pytest.raises(NotTestableError, match="at least 2"):
        effects_over_subjects(values[:1])


def test_sessions_are_no_subjects():
    values = np.random.default_rng(0).normal(size=8)
    twice = xr.DataArray(values, dims="subject", coords={"subject": list("aabbccdd")})
    with pytest.raises(DataError, match="several values of subject a, b, c, d"):
        effects_over_subjects(twice)
    for wrong in (twice.drop_vars("subject"), twice.rename(subject="session")):
        with pytest.raises(DataError, match="with named subjects"):
            effects_over_subjects(wrong)
    names = np.array([None, *"abbccdd"], dtype=object)
    sessions = xr.DataArray(values, dims="session", coords={"subject": ("session", names)})
    with pytest.raises(DataError, match="'subject' is missing in 1 of 8"):
        subject_means(sessions)
    with pytest.raises(DataError, match="subject_means: expected"):
        subject_means(values)
