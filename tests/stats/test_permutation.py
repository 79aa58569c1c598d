import itertools

import numpy as np
import pytest

from neuroalrnn.exceptions import DataError, NotTestableError
from neuroalrnn.stats.permutation import (
    circular_shift_null,
    prepare_swap,
    swap_trials_null,
)
from neuroalrnn.stats.shifts import admissible_shifts, nuisance_basis

N_SUBJECTS = 12


def p_of_shift(simulate, make, n_trials=400, **options):
    subject = simulate.labels(N_SUBJECTS, n_trials)

    def draw(rng):
        regime, event = make(rng, (N_SUBJECTS, n_trials))
        found = circular_shift_null(regime.ravel(), event.ravel(), subject, subject, **options)
        return found.effects["p"][0]

    return draw


def p_of_swap(simulate, n_trials=60, n_steps=50, *, lengths=None, **design):
    subject = simulate.labels(N_SUBJECTS, n_trials)

    def draw(rng):
        switches, event = simulate.clock_locked(rng, (subject.size, n_steps), **design)
        length = None if lengths is None else rng.choice(lengths, subject.size)
        event = event if length is None else np.minimum(event, length - 1)
        found = swap_trials_null(switches, event, subject, subject, n_steps=length)
        return found.effects["p"][0]

    return draw


class TestCircularShift:
    def test_corrected_number_equals_brute_force(self, simulate):
        rng = np.random.default_rng(0)
        n = 130
        regime, event = simulate.slow_regimes(rng, (2, n), 8)
        block = np.repeat(np.arange(5), 26)
        design = np.column_stack(
            [np.arange(n) ** k for k in range(4)] + [block == b for b in range(5)]
        )
        project = np.eye(n) - design @ np.linalg.pinv(design.astype(float))
        x, y = project @ regime, project @ event
        null = [x @ np.roll(y, -k) / n for k in admissible_shifts(n)]
        expected = (x @ y / n - np.mean(null)) / np.std(null)
        sessions = np.repeat(["a", "b"], n)
        found = circular_shift_null(
            np.r_[regime, 1 - regime],
            np.r_[event, event],
            sessions,
            np.repeat(["s"], 2 * n),
            block=np.r_[block, block],
            unit="session",
        )
        np.testing.assert_allclose(found.sessions["corrected"], [expected, -expected], rtol=1e-6)
        assert found.subjects["s"] == pytest.approx(0, abs=1e-8)
        assert "sessions" in found.effects["method"][0]

    @pytest.mark.parametrize(("n_trials", "smallest"), [(20, 1), (100, 5), (400, 20), (2000, 20)])
    def test_smallest_shifts_are_left_out(self, n_trials, smallest):
        shifts = admissible_shifts(n_trials)
        assert (shifts[0], shifts[-1]) == (smallest, n_trials - smallest)

    def test_basis_is_orthonormal_and_spans_trend_and_blocks(self):
        block = np.array(list("aaaabbbbbbcccccccccc"))
        basis = nuisance_basis(20, 3, block)
        np.testing.assert_allclose(basis.T @ basis, np.eye(basis.shape[1]), atol=1e-12)
        for series in (np.arange(20.0) ** 3, (block == "b") * 1.0):
            np.testing.assert_allclose(basis @ (basis.T @ series), series, atol=1e-9)

    def test_session_with_few_switches_is_named_not_tested(self, simulate):
        rng = np.random.default_rng(0)
        subject = simulate.labels(5, 100)
        regime, event = simulate.slow_regimes(rng, (2, 5, 100), 5)
        regime[2], regime[3] = 0.0, np.arange(100) // 25 % 2
        found = circular_shift_null(regime.ravel(), event.ravel(), subject, subject)
        effect = found.effects.iloc[0]
        assert effect["excluded"] == "s02, s03"
        assert effect["n_subjects"] == 3
        assert effect["n_sessions_not_testable"] == 2
        reasons = found.sessions.set_index("subject")["reason"]
        assert reasons["s02"] == "0 switches, at least 4 needed"
        assert reasons["s03"] == "3 switches, at least 4 needed"
        with pytest.raises(NotTestableError, match="2 problems"):
            circular_shift_null(regime[2:4].ravel(), event[2:4].ravel(), *[subject[:200]] * 2)

    def test_refusals(self, simulate):
        subject = simulate.labels(3, 40)
        event = np.tile([0.0, 1.0, 1.0], 40)
        with pytest.raises(DataError, match=r"event_series.*in subject s01"):
            circular_shift_null(event, np.where(subject == "s01", np.nan, event), subject, subject)
        with pytest.raises(DataError, match="3 regime codes"):
            circular_shift_null(np.arange(120) % 3, event, subject, subject)
        with pytest.raises(NotTestableError, match="event or regime without trend"):
            circular_shift_null(event, np.ones(120), subject, subject)
        with pytest.raises(DataError, match="one entry per trial"):
            circular_shift_null(event[:-1], event, subject, subject)
        with pytest.raises(DataError, match=r"regime_series = \[\[1, 2\], \[3\]\]: expected"):
            circular_shift_null([[1, 2], [3]], event, subject, subject)
        with pytest.raises(NotTestableError, match="found 3 subjects"):
            circular_shift_null(event, np.roll(event, 1), subject, subject, unit="session")
        for unit in ("trial", np.array(["subject", "session"])):
            with pytest.raises(DataError, match=r"unit.*subject.*session"):
                circular_shift_null(event, np.roll(event, 1), subject, subject, unit=unit)

    @pytest.mark.parametrize("test", ["t", "sign-flip"])
    def test_level_both_slow(self, simulate, test):
        def make(rng, shape):
            return simulate.slow_regimes(rng, (2, *shape), 33)

        draw = p_of_shift(simulate, make, test=test)
        assert simulate.keeps_level(simulate.rejections(draw, seed=2))

    def test_level_common_linear_drift(self, simulate):
        draw = p_of_shift(simulate, lambda rng, shape: simulate.drifting(rng, (2, *shape)))
        assert simulate.keeps_level(simulate.rejections(draw, seed=2))

    def test_common_drift_does_fail_without_removing_the_trend(self, simulate):
        def make(rng, shape):
            return simulate.drifting(rng, (2, *shape))

        draw = p_of_shift(simulate, make, degree=0)
        assert simulate.rejections(draw, seed=2, n_repeats=50) > 0.9

    def test_level_effects_of_random_sign(self, simulate):
        def make(rng, shape):
            regime = simulate.slow_regimes(rng, shape, 10)
            effect = rng.normal(0, 0.2, (shape[0], 1))
            return regime, (rng.random(shape) < 0.5 + effect * (regime - 0.5)) * 1.0

        assert simulate.keeps_level(simulate.rejections(p_of_shift(simulate, make), seed=3))

    def test_power(self, simulate):
        def make(rng, shape):
            regime = simulate.slow_regimes(rng, shape, 10)
            return regime, (rng.random(shape) < 0.45 + 0.1 * regime) * 1.0

        assert simulate.rejections(p_of_shift(simulate, make), seed=3, n_repeats=100) > 0.95

    def test_shuffling_trials_does_fail_when_both_are_slow(self, simulate):
        def draw(rng):
            regime, event = simulate.slow_regimes(rng, (2, 400), 33)
            null = rng.permuted(np.tile(event, (199, 1)), axis=1) @ (regime - regime.mean())
            observed = event @ (regime - regime.mean())
            return (np.sum(np.abs(null) >= abs(observed)) + 1) / 200

        assert simulate.rejections(draw, seed=4, n_repeats=200) > 0.3


class TestTrialSwap:
    def test_null_moments_equal_all_permutations(self):
        rng = np.random.default_rng(0)
        switches = (rng.random((12, 6)) < 0.3) * 1.0
        event = rng.integers(0, 6, 12)
        condition = np.repeat([0, 1], 6)
        subject = np.full(12, "a")
        found = swap_trials_null(
            np.vstack([switches, switches]),
            np.r_[event, event[::-1]],
            np.r_[subject, np.full(12, "b")],
            np.r_[subject, subject],
            condition=np.r_[condition, condition],
            bin_trials=12,
            window=(0, 1),
        ).sessions.iloc[0]

        def hits(order, cell):
            rows = switches[cell][list(order)]
            return sum(row[e : e + 2].any() for row, e in zip(rows, event[cell], strict=True))

        moments = [
            (np.mean(null), np.var(null))
            for cell in (condition == 0, condition == 1)
            for null in [[hits(order, cell) for order in itertools.permutations(range(6))]]
        ]
        mean, variance = np.sum(moments, axis=0)
        assert found["null_mean"] == pytest.approx(mean / 12)
        assert found["null_sd"] == pytest.approx(np.sqrt(variance) / 12)
        observed = sum(hits(range(6), condition == c) for c in (0, 1))
        assert found["observed"] == pytest.approx(observed / 12)

    def test_event_on_one_step_cannot_be_tested(self, simulate):
        switches = (np.random.default_rng(0).random((60, 8)) < 0.3) * 1.0
        subject = simulate.labels(6, 10)
        with pytest.raises(NotTestableError, match="same step in all exchangeable trials"):
            swap_trials_null(switches, np.full(60, 3), subject, subject)
        event = np.tile([2, 5], 30)
        with pytest.raises(
            NotTestableError, match="cannot be told from locking to the trial clock"
        ):
            swap_trials_null(switches, event, subject, subject, condition=event)

    @pytest.mark.parametrize(
        ("n_trials", "bin_trials", "sizes"),
        [
            (40, None, [5] * 8),
            (7, None, [4, 3]),
            (4, None, [4]),
            (120, None, [12] * 10),
            (410, None, [20] * 11 + [19] * 10),
            (50, 20, [17, 17, 16]),
            (20, 20, [20]),
            (50, 10**9, [50]),
        ],
    )
    def test_bins_of_a_session_are_of_about_the_same_size(self, n_trials, bin_trials, sizes):
        subject, event = np.repeat(["a", "b"], n_trials), np.zeros(2 * n_trials)
        switches = np.zeros((2 * n_trials, 3))
        found = prepare_swap(switches, event, subject, subject, None, None, bin_trials)[1]
        for _, rows in found.groupby("subject"):
            assert rows["bin"].is_monotonic_increasing
            assert sorted(rows["bin"].value_counts(), reverse=True) == sizes

    def test_trials_of_different_bins_are_not_exchanged(self):
        rng = np.random.default_rng(0)
        switches, event = (rng.random((48, 10)) < 0.2) * 1.0, rng.integers(0, 8, 48)
        subject = np.repeat(["a", "b"], 24)
        binned = swap_trials_null(switches, event, subject, subject, bin_trials=8)
        condition = np.tile(np.repeat([0, 1, 2], 8), 2)
        by_hand = swap_trials_null(
            switches, event, subject, subject, condition=condition, bin_trials=24
        )
        np.testing.assert_allclose(binned.sessions["corrected"], by_hand.sessions["corrected"])

    def test_trials_without_a_partner_are_named(self):
        switches, event = np.zeros((40, 6)), np.arange(40) % 5
        subject = np.repeat(["a", "b"], 20)
        alone = np.tile(np.arange(20), 2)
        with pytest.raises(NotTestableError, match=r"no two trials .* larger bins \(bin_trials\)"):
            swap_trials_null(switches, event, subject, subject, condition=alone)
        with pytest.raises(NotTestableError, match="no two trials can be exchanged"):
            swap_trials_null(switches, event, subject, subject, condition=alone % 5)

    @pytest.mark.parametrize("n_trials", [40, 100, 400])
    def test_level_when_both_drift_over_the_session(self, simulate, n_trials):
        rejected = {None: 0, 10**6: 0}
        subject = simulate.labels(8, n_trials)
        rng = np.random.default_rng(1)
        for _ in range(40):
            switches, event = simulate.drifting_times(rng, 8, n_trials)
            for size in rejected:
                found = swap_trials_null(switches, event, subject, subject, bin_trials=size)
                rejected[size] += found.effects["p"][0] < 0.05
        assert rejected[None] <= 40 * simulate.upper_limit(40)
        assert rejected[10**6] >= 35

    def test_power_within_bins(self, simulate):
        def draw(rng):
            switches, event = simulate.drifting_times(rng, 8, 40, locked=0.3)
            return swap_trials_null(switches, event, *[simulate.labels(8, 40)] * 2).effects["p"][0]

        assert simulate.rejections(draw, seed=1, n_repeats=30) > 0.9

    def test_trials_without_event_and_padding_do_not_matter(self):
        rng = np.random.default_rng(1)
        switches = (rng.random((40, 10)) < 0.2) * 1.0
        event = rng.integers(0, 5, 40).astype(float)
        length, subject = np.repeat([8, 10], 20), np.repeat(["a", "b"], 20)
        first = swap_trials_null(switches, event, subject, subject, n_steps=length)
        switches[:20, 8:] = np.nan
        more = np.vstack([switches, np.ones((5, 10))])
        extra = np.full(5, np.nan)
        names, lengths = np.r_[subject, ["a"] * 5], np.r_[length, [8] * 5]
        second = swap_trials_null(more, np.r_[event, extra], names, names, n_steps=lengths)
        np.testing.assert_allclose(first.sessions["corrected"], second.sessions["corrected"])

    def test_refusals(self, simulate):
        switches = np.zeros((20, 5))
        subject = simulate.labels(2, 10)
        switches[12, 2] = np.nan
        with pytest.raises(DataError, match=r"(?s)2 problems.*of subject s01.*in subject s00"):
            swap_trials_null(switches, np.r_[7, np.arange(19) % 5], subject, subject)
        with pytest.raises(NotTestableError, match="never changes"):
            swap_trials_null(np.zeros((20, 5)), np.arange(20) % 5, subject, subject)

    @pytest.mark.parametrize("lengths", [None, (40, 45, 50)])
    def test_level_when_both_follow_the_trial_clock(self, simulate, lengths):
        draw = p_of_swap(simulate, lengths=lengths)
        assert simulate.keeps_level(simulate.rejections(draw, seed=3))

    def test_power_when_some_switches_follow_the_event(self, simulate):
        draw = p_of_swap(simulate, locked=0.4)
        assert simulate.rejections(draw, seed=3, n_repeats=100) > 0.95


def test_switches_are_counted_not_their_edges():
    """Two isolated switches have four edges: too few to test."""
    marks = np.zeros(100)
    marks[[30, 60]] = 1
    event = np.tile([0.0, 0, 0, 0, 1], 20)
    session, subject = np.repeat("a", 100), np.repeat("s", 100)
    with pytest.raises(NotTestableError, match="2 switches, at least 4 needed"):
        circular_shift_null(marks, event, session, subject, marks_switches=True, unit="session")


@pytest.fixture
def series():
    """Regime, event, session, subject of six subjects; switches and event steps of the trials."""
    rng = np.random.default_rng(0)
    regime = np.repeat(rng.integers(0, 2, 60), 5)
    session = np.tile(np.repeat(["1", "2"], 25), 6).astype(object)
    switches = (rng.random((300, 6)) < 0.2) * 1.0
    switches[:, 0] = np.nan
    subject = np.repeat(list("abcdef"), 50).astype(object)
    return regime, rng.random(300), session, subject, switches, rng.integers(1, 5, 300)


@pytest.mark.parametrize("at", [2, 3])
def test_trials_without_a_session_or_subject_are_not_dropped(series, at):
    columns = list(series[:4])
    columns[at] = columns[at].copy()
    columns[at][:30] = None
    with pytest.raises(DataError, match="is missing in 30 of 300 rows"):
        circular_shift_null(*columns)
    switches, steps = series[4:]
    with pytest.raises(DataError, match="is missing in 30 of 300 rows"):
        swap_trials_null(switches, steps, columns[3], columns[2])


def test_trials_without_a_condition_or_block_are_not_dropped(series):
    regime, event, session, subject, switches, steps = series
    gaps = np.where(np.arange(300) % 2, np.nan, 1.0)
    with pytest.raises(DataError, match="'condition' is missing in 150"):
        swap_trials_null(switches, steps, subject, session, condition=gaps)
    with pytest.raises(DataError, match="'block' is missing in 150"):
        circular_shift_null(regime, event, session, subject, block=gaps)


def test_regime_codes_are_refused_whatever_their_type(series):
    codes = np.random.default_rng(1).integers(0, 4, 300)
    for kind in (int, float):
        with pytest.raises(DataError, match="4 regime codes"):
            circular_shift_null(codes.astype(kind), *series[1:4])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"degree": -1}, "degree: found -1"),
        ({"degree": 2.5}, "degree: found 2.5"),
        ({"event_series": np.full(300, "x")}, "'event_series' should be numbers"),
    ],
)
def test_shifts_refuse(series, change, message):
    names = ("regime_series", "event_series", "session", "subject")
    with pytest.raises(DataError, match=message):
        circular_shift_null(**dict(zip(names, series[:4], strict=True)) | change)


def test_no_trial_is_not_testable():
    with pytest.raises(NotTestableError, match="found no trial"):
        circular_shift_null([], [], [], [])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"event_step": np.full(300, 1.7)}, "event_step holds fractions"),
        ({"switches": np.full((300, 6), 3.0)}, "switches hold other values than 0, 1"),
        ({"switches": np.zeros(300)}, "expected \\(trial, step\\)"),
        ({"n_steps": np.full(300, 99)}, "n_steps up to 99, but switches have 6 steps"),
        ({"n_steps": np.full(300, 5.5)}, "n_steps: found 5.5"),
        ({"window": (1, 0)}, "ends before it begins"),
        ({"window": 1}, "expected the first and the last step"),
        ({"bin_trials": 1}, "bin_trials: found 1, expected whole numbers from 2 on"),
        ({"bin_trials": 2.5}, "bin_trials: found 2.5"),
        ({"bin_trials": "20 trials"}, "'bin_trials' should be numbers"),
    ],
)
def test_swaps_refuse(series, change, message):
    names = ("session", "subject", "switches", "event_step")
    with pytest.raises(DataError, match=message):
        swap_trials_null(**dict(zip(names, series[2:], strict=True)) | change)
