"""Against clusters found by hand and all sign-flips written out."""

import itertools

import numpy as np
import pytest
from scipy import stats

from neuroalrnn.exceptions import DataError, NotTestableError
from neuroalrnn.stats.clusters import COLUMNS, cluster_test, cluster_test_groups
from neuroalrnn.stats.courses import common_window


def masses(t, threshold):
    """Every cluster as (start, stop, mass), by walking along the course."""
    found, run = [], []
    for k, value in enumerate([*t, 0.0]):
        if run and (abs(value) <= threshold or np.sign(value) != np.sign(t[run[-1]])):
            found.append((run[0], run[-1], sum(t[i] for i in run)))
            run = []
        if abs(value) > threshold:
            run.append(k)
    return found


def largest(t, threshold):
    return max((abs(mass) for *_, mass in masses(t, threshold)), default=0.0)


def courses(simulate, seed, shape, effect=0.0):
    made = simulate.smooth_courses(np.random.default_rng(seed), shape, 2.0)
    made[:, 10:20] += effect
    made[:, 25:30] -= effect
    return made


class TestOneGroup:
    def test_all_flips_by_hand(self, simulate):
        x = courses(simulate, 0, (7, 40), 0.9)
        threshold = stats.t.ppf(0.975, 6)
        expected = masses(stats.ttest_1samp(x, 0).statistic, threshold)
        flips = np.array(list(itertools.product([-1, 1], repeat=7)))
        null = [largest(stats.ttest_1samp(x * f[:, None], 0).statistic, threshold) for f in flips]
        found = cluster_test(x).sort_values("start")
        assert tuple(found.columns) == COLUMNS
        assert len(expected) >= 2
        assert [(r.start, r.stop) for r in found.itertuples()] == [e[:2] for e in expected]
        np.testing.assert_allclose(found["mass"], [e[2] for e in expected])
        p = [np.mean(np.array(null) >= abs(e[2]) * (1 - 1e-9)) for e in expected]
        np.testing.assert_allclose(found["p"], p)
        assert (found["n_permutations"] == 64).all()
        assert (found["smallest_p"] == 2 / 2**7).all()
        assert found["note"].str.contains("not of its edges").all()

    def test_labels_of_time_name_the_edges(self, simulate):
        x = courses(simulate, 1, (10, 40), 2.0)
        time = np.linspace(-0.2, 1.75, 40)
        found, plain = cluster_test(x, time=time).iloc[0], cluster_test(x).iloc[0]
        assert (found["start"], found["stop"]) == (time[plain["start"]], time[plain["stop"]])
        assert found["n_points"] == plain["stop"] - plain["start"] + 1

    def test_clusters_stay_within_a_unit_and_p_counts_all_units(self, simulate):
        x = courses(simulate, 2, (7, 40, 3))
        x[:, 5:15, 0] += 2.0
        x[:, 15:25, 1] += 2.0
        found = cluster_test(x, unit=["z1", "z2", "z3"])
        threshold = stats.t.ppf(0.975, 6)
        observed = stats.ttest_1samp(x, 0).statistic
        null = []
        for flip in itertools.product([-1, 1], repeat=7):
            t = stats.ttest_1samp(x * np.array(flip)[:, None, None], 0).statistic
            null.append(max(largest(t[:, k], threshold) for k in range(3)))
        expected = {
            (unit, start, stop): np.mean(np.array(null) >= abs(mass) * (1 - 1e-9))
            for k, unit in enumerate(["z1", "z2", "z3"])
            for start, stop, mass in masses(observed[:, k], threshold)
        }
        got = {(r.unit, r.start, r.stop): r.p for r in found.itertuples()}
        assert got == pytest.approx(expected)
        assert set(found["unit"][:2]) == {"z1", "z2"}

    def test_draws_are_those_of_the_generator(self, simulate):
        x = courses(simulate, 3, (14, 40), 0.35)
        first, again = (
            cluster_test(x, n_permutations=1000, rng=np.random.default_rng(5)) for _ in range(2)
        )
        assert (first["n_permutations"] == 1000).all()
        assert first["p"].tolist() == again["p"].tolist()
        exact = cluster_test(x, n_permutations=2**13)
        assert (exact["n_permutations"] == 2**13).all()
        np.testing.assert_allclose(first["p"], exact["p"], atol=4 * np.sqrt(0.25 / 1000))

    def test_no_time_beyond_the_threshold_gives_no_row(self, simulate):
        found = cluster_test(courses(simulate, 4, (8, 40)), cluster_alpha=1e-6)
        assert found.empty
        assert tuple(found.columns) == COLUMNS

    def test_refusals(self, simulate):
        x = courses(simulate, 5, (8, 40))
        holes = x.copy()
        holes[2, [3, 7]] = np.nan
        names = [f"s{i:02d}" for i in range(8)]
        with pytest.raises(DataError, match=r"subject s02: NaN or infinite at time 1.5, 3.5;"):
            cluster_test(holes, time=np.arange(40) / 2, subject=names)
        with pytest.raises(NotTestableError, match=r"5 subjects cannot give a p below 0\.0625"):
            cluster_test(x[:5])
        with pytest.raises(DataError, match="found 999, expected at least 1000"):
            cluster_test(x, n_permutations=999)
        with pytest.raises(DataError, match="same value at time 0, 39"):
            cluster_test(np.where(np.isin(np.arange(40), [0, 39]), 0.0, x))
        with pytest.raises(DataError, match="39 labels of 40 times"):
            cluster_test(x, time=np.arange(39))
        with pytest.raises(DataError, match=r"found shapes \(8,\)"):
            cluster_test(x[:, 0])

    def test_level_and_planted_cluster(self, simulate):
        def draw(rng, effect=0.0):
            x = simulate.smooth_courses(rng, (8, 60))
            x[:, 20:40] += effect
            return cluster_test(x)["p"].min()

        rate = simulate.rejections(lambda rng: np.nan_to_num(draw(rng), nan=1.0), seed=6)
        assert simulate.keeps_level(rate)
        assert simulate.rejections(lambda rng: draw(rng, 2.0), seed=6, n_repeats=20) > 0.9


class TestTwoGroups:
    def test_clusters_are_those_of_welch_and_p_that_of_the_flips(self, simulate):
        a, b = courses(simulate, 7, (6, 40), 2.0), courses(simulate, 8, (7, 40))
        threshold = stats.t.ppf(0.975, 11)
        expected = masses(stats.ttest_ind(a, b, equal_var=False).statistic, threshold)
        rest = [(x - x.mean(axis=0)) * np.sqrt(len(x) / (len(x) - 1)) for x in (a, b)]
        rng = np.random.default_rng(0)
        signs = [rng.integers(0, 2, (999, len(x))) * 2 - 1 for x in (a, b)]
        null = [largest(stats.ttest_ind(a, b, equal_var=False).statistic, threshold)]
        for each in zip(*signs, strict=True):
            flipped = [x * s[:, None] for x, s in zip(rest, each, strict=True)]
            null.append(largest(stats.ttest_ind(*flipped, equal_var=False).statistic, threshold))
        found = cluster_test_groups(a, b, n_permutations=1000).sort_values("start")
        assert [(r.start, r.stop) for r in found.itertuples()] == [e[:2] for e in expected]
        np.testing.assert_allclose(found["mass"], [e[2] for e in expected])
        p = np.array([np.mean(np.array(null) >= abs(e[2]) * (1 - 1e-9)) for e in expected])
        np.testing.assert_allclose(found["p"], p, rtol=1e-12)
        assert p.min() < 0.05
        swapped = cluster_test_groups(b, a).sort_values("start")
        np.testing.assert_allclose(swapped["mass"], -found["mass"])

    def test_units(self, simulate):
        a, b = courses(simulate, 9, (8, 40, 2)), courses(simulate, 10, (9, 40, 2))
        a[:, 10:20, 1] += 3.0
        found = cluster_test_groups(a, b, unit=["z1", "z2"])
        assert found["unit"][0] == "z2"
        assert found["p"][0] < 0.01

    def test_refusals(self, simulate):
        a, b = courses(simulate, 11, (5, 40)), courses(simulate, 12, (9, 40))
        with pytest.raises(NotTestableError, match="groups of 5 and 9 subjects, expected at least"):
            cluster_test_groups(a, b)
        with pytest.raises(DataError, match="same times everywhere"):
            cluster_test_groups(b, b[:, 1:])
        b[4, 2] = np.inf
        with pytest.raises(DataError, match="subject 4: NaN or infinite at time 2"):
            cluster_test_groups(b, b)

    def test_level_with_unequal_sizes_and_variances(self, simulate):
        def draw(rng):
            a, b = (simulate.smooth_courses(rng, (n, 60)) for n in (6, 20))
            found = cluster_test_groups(3 * a, b, n_permutations=1000, rng=rng)
            return min([1.0, *found["p"]])

        assert simulate.keeps_level(simulate.rejections(draw, seed=13))


class TestCommonWindow:
    def test_times_that_all_have(self):
        x = np.arange(24.0).reshape(3, 8)
        x[0, :2], x[1, 6:], x[2, 7] = np.nan, np.nan, np.nan
        window, time = common_window(x, time=np.arange(8) * 10)
        assert time.tolist() == [20, 30, 40, 50]
        np.testing.assert_array_equal(window, x[:, 2:6])

    def test_a_unit_that_is_missing_ends_the_window(self):
        x = np.ones((3, 8, 2))
        x[1, 5:, 1] = np.nan
        assert common_window(x)[0].shape == (3, 5, 2)

    def test_refusals(self):
        x = np.ones((3, 8))
        x[0, 3], x[2] = np.nan, np.nan
        with pytest.raises(DataError, match=r"(?s)subject a: NaN between.*subject c: no time"):
            common_window(x, subject=["a", "b", "c"])
        x = np.ones((2, 8))
        x[0, 4:], x[1, :4] = np.nan, np.nan
        with pytest.raises(DataError, match="subject b begins at 4, after subject a ended at 3"):
            common_window(x, subject=["a", "b"])


@pytest.fixture
def plain():
    return np.random.default_rng(0).normal(size=(10, 12)) + 0.8


@pytest.mark.parametrize("level", [0, 5, np.nan])
def test_impossible_levels_do_not_say_no_cluster(plain, level):
    with pytest.raises(DataError, match=r"0 (and|to) 1"):
        cluster_test(plain, cluster_alpha=level)
    with pytest.raises(DataError, match=r"0 (and|to) 1"):
        cluster_test_groups(plain, plain - 1, cluster_alpha=level)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"subject": ["a"] * 10}, "several courses of subject a"),
        ({"subject": ["a"]}, "1 names of 10 subjects"),
        ({"subject": [None, *"bcdefghij"]}, "'subject' is missing in 1 of 10"),
        ({"time": np.arange(12)[::-1]}, "run forwards"),
        ({"time": np.zeros(12)}, "run forwards"),
        ({"n_permutations": "many"}, "expected a whole number from 1"),
    ],
)
def test_labels_must_fit(plain, options, message):
    with pytest.raises(DataError, match=message):
        cluster_test(plain, **options)


def test_empty_courses_are_refused(plain):
    with pytest.raises(DataError, match="none of them empty"):
        cluster_test(plain[:, :0])
    with pytest.raises(DataError, match="none of them empty"):
        common_window(plain[:0])
    with pytest.raises(DataError, match="found shape \\(10,\\)"):
        common_window(plain[:, 0])
    with pytest.raises(DataError, match="1 labels of 12 times"):
        common_window(plain, time=[1])


def test_rounding_is_no_variation(plain):
    plain[:, 3] = 0.3
    plain[::2, 3] = 0.1 + 0.2
    with pytest.raises(DataError, match="same value at time 3"):
        cluster_test(plain)
