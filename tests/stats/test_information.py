import numpy as np
import pytest
from scipy.stats import chi2_contingency, entropy
from sklearn.metrics import mutual_info_score

from neuroalrnn.exceptions import DataError, NotTestableError
from neuroalrnn.stats.effects import one_sample
from neuroalrnn.stats.information import (
    mutual_information,
    shift_information,
    swap_information,
)

N_SUBJECTS, N_TRIALS = 8, 320


def three_regimes(rng, simulate, shape, dwell):
    """Slow labels 0, 1, 2."""
    first, second = (simulate.slow_regimes(rng, shape, dwell) for _ in range(2))
    return (first + first * second).astype(int)


def shuffle_p(regime, variable, rng, n_draws=99):
    """The same group test with trials shuffled in place of shifted."""
    corrected = []
    for x, y in zip(regime, variable, strict=True):
        draws = np.stack([x, *rng.permuted(np.tile(x, (n_draws, 1)), axis=1)])
        count = np.stack([((draws == k) & (y == 1)).sum(axis=1) for k in range(3)], axis=1)
        squared = (count**2 / np.maximum(np.bincount(x, minlength=3), 1)).sum(axis=1)
        corrected.append((squared[0] - squared[1:].mean()) / squared[1:].std())
    return one_sample(np.array(corrected), test="t")["p"]


class TestMutualInformation:
    def test_equals_sklearn_and_closed_forms(self):
        x = np.array([0, 0, 1, 1, 2, 2])
        rng = np.random.default_rng(0)
        y = rng.integers(0, 3, 500)
        z = (y + rng.integers(0, 2, 500)) % 3
        assert mutual_information(x, x, corrected=False) == pytest.approx(np.log(3))
        assert mutual_information(x, [0, 1] * 3, corrected=False) == pytest.approx(0, abs=1e-12)
        assert mutual_information(y, z, corrected=False) == pytest.approx(mutual_info_score(y, z))
        joint = np.unique(3 * y + z, return_counts=True)[1]
        parts = [np.bincount(y), np.bincount(z), joint]
        by_hand = sum(
            sign * (entropy(n) + (n.size - 1) / 1000)
            for sign, n in zip((1, 1, -1), parts, strict=True)
        )
        assert mutual_information(y, z) == pytest.approx(by_hand)

    def test_correction_removes_the_bias_of_independent_draws(self):
        rng = np.random.default_rng(0)
        pairs = [(rng.integers(0, 4, 150), rng.integers(0, 3, 150)) for _ in range(200)]
        plug_in = np.mean([mutual_information(*pair, corrected=False) for pair in pairs])
        assert plug_in == pytest.approx(6 / 300, rel=0.1)
        assert np.mean([mutual_information(*pair) for pair in pairs]) == pytest.approx(0, abs=0.003)

    def test_refusals(self):
        with pytest.raises(DataError, match="'second': 1 of 2 values are missing"):
            mutual_information([0, 1], [0, np.nan])
        with pytest.raises(DataError, match="one entry per trial"):
            mutual_information([0, 1], [0])


class TestShift:
    def test_statistic_without_trend_is_that_of_chi_square(self, simulate):
        rng = np.random.default_rng(0)
        x, y = three_regimes(rng, simulate, (300,), 8), simulate.slow_regimes(rng, (300,), 8)
        x, y = np.tile(x, 2), np.tile(y, 2)
        subject = simulate.labels(2, 300)
        y[300:] = np.roll(y[300:], 40)
        found = shift_information(x, y, subject, subject, degree=0).sessions
        for row, part in zip(found.itertuples(), (slice(300), slice(300, 600)), strict=True):
            table = np.stack([np.bincount(x[part][y[part] == k], minlength=3) for k in (0, 1)])
            statistic = chi2_contingency(table, correction=False).statistic
            assert row.observed**3 * 300 == pytest.approx(statistic)
            assert row.information == pytest.approx(mutual_info_score(x[part], y[part]))

    @pytest.mark.parametrize("dwell", [2, 20])
    def test_slow_regimes_and_slow_blocks_are_not_related_but_shuffled_trials_say_so(
        self, simulate, dwell
    ):
        """Of 60 data sets without a relation at most 5 % + 3 standard errors are rejected."""
        rng = np.random.default_rng(1)
        subject = simulate.labels(N_SUBJECTS, N_TRIALS)
        shape = (N_SUBJECTS, N_TRIALS)

        def draw():
            start = rng.integers(0, 2, (N_SUBJECTS, 1))
            block = (np.arange(N_TRIALS) // 40 + start) % 2
            return three_regimes(rng, simulate, shape, dwell), np.broadcast_to(block, shape)

        p = [
            shift_information(*(each.ravel() for each in draw()), subject, subject).effects["p"][0]
            for _ in range(60)
        ]
        assert np.mean(np.array(p) < 0.05) <= simulate.upper_limit(60)
        if dwell == 20:
            assert np.mean([shuffle_p(*draw(), rng) < 0.05 for _ in range(20)]) > 0.8

    def test_a_common_drift_is_not_information_unless_the_trend_stays(self, simulate):
        rng = np.random.default_rng(2)
        subject = simulate.labels(N_SUBJECTS, N_TRIALS)

        def rejected(degree, n_sets):
            p = []
            for _ in range(n_sets):
                x, y = simulate.drifting(rng, (2, N_SUBJECTS, N_TRIALS)).astype(int)
                test = shift_information(x.ravel(), y.ravel(), subject, subject, degree=degree)
                p.append(test.effects["p"][0])
            return np.mean(np.array(p) < 0.05)

        assert rejected(3, 40) <= simulate.upper_limit(40)
        assert rejected(0, 10) > 0.9

    def test_planted_information_is_found_whatever_its_sign_in_a_subject(self, simulate):
        rng = np.random.default_rng(3)
        shape, subject = (N_SUBJECTS, N_TRIALS), simulate.labels(N_SUBJECTS, N_TRIALS)
        regime = three_regimes(rng, simulate, shape, 10)
        sign = rng.integers(0, 2, (N_SUBJECTS, 1))
        tied = rng.random(shape) < 0.3
        variable = np.where(tied, (regime == 1) ^ sign, rng.integers(0, 2, shape))
        found = shift_information(regime.ravel(), variable.ravel(), subject, subject)
        assert found.effects["p"][0] < 1e-3
        assert (found.subjects > 0).all()
        low, high = found.sessions["excess"].min(), found.sessions["excess"].max()
        assert low < found.effects["information"][0] < high
        assert found.effects["information"][0] == pytest.approx(0.04, abs=0.02)

    def test_sessions_that_cannot_be_tested_are_named(self, simulate):
        rng = np.random.default_rng(0)
        subject = simulate.labels(4, 100)
        regime, variable = rng.integers(0, 2, (2, 400))
        regime[:100], variable[100:200] = 1, 7
        found = shift_information(regime, variable, subject, subject)
        reasons = found.sessions["reason"].tolist()
        assert reasons[:2] == ["0 switches, at least 4 needed", "the variable takes one value"]
        assert found.effects["excluded"][0] == "s00, s01"
        with pytest.raises(NotTestableError, match="no session can be tested"):
            shift_information(regime[:100], variable[:100], subject[:100], subject[:100])
        block = np.repeat(np.arange(40), 10)
        with pytest.raises(NotTestableError, match="nothing is left"):
            shift_information(regime, block % 2, subject, subject, block=block)

    def test_refusals_name_everything(self, simulate):
        subject = simulate.labels(2, 50)
        regime, variable = np.zeros(100, int), np.zeros(100)
        regime[3], variable[60] = -1, np.nan
        message = r"(?s)2 problems.*'regime': 1 of 100.*s00.*'variable': 1 of 100.*s01"
        with pytest.raises(DataError, match=message):
            shift_information(regime, variable, subject, subject)
        with pytest.raises(DataError, match="100 different fractions"):
            shift_information(regime * 0, np.linspace(0, 1, 100), subject, subject)


class TestSwap:
    def draw(self, rng, simulate, *, tied=0.0, dwell=None, n_subjects=6, n_trials=60, n_steps=12):
        """A variable that steps up inside the trial, and a regime with the same clock."""
        shape = (n_subjects * n_trials, n_steps)
        step = np.arange(n_steps)
        slow = (0, 0)
        if dwell:
            draws = simulate.slow_regimes(rng, (2, n_subjects, n_trials), dwell)
            slow = 4 * draws.reshape(2, -1)
        at, own = (rng.integers(3, 6, shape[0]) + each for each in slow)
        own = np.where(rng.random(shape[0]) < tied, at, own)
        subject = simulate.labels(n_subjects, n_trials)
        return (step >= own[:, None]) * 1, (step >= at[:, None]) * 1, subject, subject

    def rejected(self, simulate, seed, n_sets, **options):
        rng = np.random.default_rng(seed)
        tests = [
            swap_information(*self.draw(rng, simulate, **options), n_draws=29, rng=rng)
            for _ in range(n_sets)
        ]
        return np.mean([test.effects["p"][0] < 0.05 for test in tests])

    def test_a_common_clock_is_not_information_and_a_tie_beyond_it_is(self, simulate):
        assert self.rejected(simulate, 0, 20) <= simulate.upper_limit(20)
        assert self.rejected(simulate, 0, 3, tied=0.4) == 1.0

    def test_what_is_slow_over_trials_is_not_information(self, simulate):
        assert self.rejected(simulate, 1, 20, dwell=10) <= simulate.upper_limit(20)

    def test_observed_information_leaves_out_absent_steps(self, simulate):
        rng = np.random.default_rng(0)
        regimes, variable, *labels = self.draw(rng, simulate, tied=0.5, n_subjects=2)
        n_steps = rng.choice([9, 12], len(regimes))
        absent = np.arange(12) >= n_steps[:, None]
        variable = np.where(absent, np.nan, variable)
        found = swap_information(np.where(absent, -1, regimes), variable, *labels).sessions
        here = (np.array(labels[0]) == "s00")[:, None] & ~absent
        expected = mutual_info_score(regimes[here], variable[here].astype(int))
        assert found["information"][0] == pytest.approx(expected)

    def test_refusals(self, simulate):
        regimes, variable, *labels = self.draw(np.random.default_rng(0), simulate)
        with pytest.raises(NotTestableError, match="the same course in all exchangeable trials"):
            swap_information(regimes, np.tile(np.arange(12) > 5, (360, 1)), *labels)
        with pytest.raises(NotTestableError, match="0 switches"):
            swap_information(regimes * 0, variable, *labels)
        holes = np.where(np.arange(12) == 4, -1, regimes)
        with pytest.raises(DataError, match="absent"):
            swap_information(holes, variable, *labels)
        with pytest.raises(DataError, match="'variable': 360 of 4320 values are missing"):
            swap_information(regimes, np.where(np.arange(12) == 4, np.nan, variable), *labels)


def test_trials_without_a_session_are_not_dropped():
    rng = np.random.default_rng(0)
    regime, subject = rng.integers(0, 3, 100), np.repeat(["a", "b"], 50)
    session = np.array(["1"] * 90 + [None] * 10, dtype=object)
    with pytest.raises(DataError, match="'session' is missing in 10 of 100"):
        shift_information(regime, rng.integers(0, 2, 100), session, subject)
    steps = rng.integers(0, 3, (100, 4))
    with pytest.raises(DataError, match="'session' is missing in 10 of 100"):
        swap_information(steps, steps, subject, session)
    with pytest.raises(DataError, match="regimes are float64"):
        swap_information(np.where(steps == 0, np.nan, steps), steps, subject, subject)
    with pytest.raises(DataError, match="n_draws: found 0"):
        swap_information(steps, steps, subject, subject, n_draws=0)
    with pytest.raises(NotTestableError, match="found no trial"):
        shift_information([], [], [], [])
