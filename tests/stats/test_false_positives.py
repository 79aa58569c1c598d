"""The table of false positives: its verdicts, some of its rows, and that it lists them all."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks import nulls
from benchmarks.false_positive_rows import CONTROL, DISCOVERY, NULL, POWER, ROWS, Row
from benchmarks.false_positives import Found, judge, measure, name, simulate, write
from benchmarks.functional_rows import FUNCTIONAL

DOCUMENT = Path(__file__).parents[2] / "docs" / "false_positives.md"
# Rows of statistics whose own tests simulate nothing of the kind, data sets that take little time.
CHEAP = {
    "two groups, Welch; 6 and 20 subjects, SD 1 and 3": 200,
    "two groups, labels permuted; 6 and 20 subjects": 100,
    "circular shift, one session; slow regime (dwell 33), event in alternating blocks of 40": 200,
    "circular shift, t; 12 subjects, common exponential drift, 60 trials": 100,
    "Benjamini-Hochberg; 90 nulls, 10 effects, correlation .5": 400,
    "two-stage linear, t; 12 subjects, 20 to 500 trials": 150,
    "two-stage logistic, t; 12 subjects, covariate 0 or 1": 100,
}


def by_name(kind):
    return {name(row): row for row in ROWS if row.kind == kind}


def row(kind=NULL, bound=None, draw=lambda rng: 0.0):
    return Row("statistic", "data", draw, kind, bound)


def outcomes(n_rejected, n):
    return np.r_[np.ones(n_rejected), np.zeros(n - n_rejected)]


@pytest.mark.parametrize(
    ("each", "n_rejected", "n", "fine"),
    [
        (row(), 33, 400, True),
        (row(), 34, 400, False),
        (row(), 70, 1000, True),
        (row(), 71, 1000, False),
        (row(), 2, 400, False),
        (row(), 3, 400, True),
        (row(bound=0.10), 40, 400, True),
        (row(bound=0.10), 41, 400, False),
        (row(POWER, 0.8), 80, 100, True),
        (row(POWER, 0.8), 79, 100, False),
        (row(CONTROL), 33, 400, False),
        (row(CONTROL), 34, 400, True),
    ],
)
def test_verdicts(each, n_rejected, n, fine):
    assert judge(each, outcomes(n_rejected, n)).as_expected is fine


def test_share_of_false_discoveries_may_exceed_q_by_chance_only():
    shares = np.tile([0.0, 0.1], 200)
    assert judge(row(DISCOVERY), shares).as_expected
    assert not judge(row(DISCOVERY), shares + 0.01).as_expected


def test_refused_data_sets_leave_the_rate_and_are_counted():
    found = judge(row(), np.r_[outcomes(5, 100), [np.nan] * 20])
    assert (found.rate, found.n_sets, found.n_refused) == (0.05, 100, 20)
    assert not judge(row(), np.full(10, np.nan)).as_expected


def test_a_row_has_a_seed_of_its_own():
    first, second = ROWS[:2]
    alone = simulate(second, 5)
    simulate(first, 5)
    np.testing.assert_array_equal(simulate(second, 5), alone)


@pytest.mark.parametrize("which", CHEAP)
def test_statistics_keep_their_level(which):
    found = by_name(NULL) | by_name(DISCOVERY)
    assert judge(found[which], simulate(found[which], CHEAP[which])).as_expected


@pytest.mark.parametrize("which", by_name(CONTROL))
def test_invalid_methods_are_seen_to_fail(which):
    assert judge(by_name(CONTROL)[which], simulate(by_name(CONTROL)[which], 60)).as_expected


@pytest.mark.parametrize(
    "which",
    [
        "two groups, Welch; difference of 2 SD, 6 and 20 subjects",
        "circular shift, t; event rate .45 and .55 in two regimes",
        "Benjamini-Hochberg; 10 effects of 4 SE, of 100 tests",
    ],
)
def test_effects_are_found(which):
    assert judge(by_name(POWER)[which], simulate(by_name(POWER)[which], 60)).as_expected


def test_the_committed_table_has_every_row_once():
    lines = DOCUMENT.read_text(encoding="utf-8").splitlines()
    found = sorted(tuple(line.split(" | ")[:2]) for line in lines if line.startswith("| "))
    rows = (*ROWS, *FUNCTIONAL)
    expected = [(f"| {each.statistic}", each.situation) for each in rows]
    expected += [("| statistic", "data")] * 4
    assert found == sorted(expected)
    assert f"{nulls.N_REPEATS} data sets per row" in " ".join(lines)


def test_what_is_outside_is_said_first(tmp_path):
    found = measure([row(), row(POWER, 0.5)], n_repeats=20)
    assert [each.as_expected for each in found.values()] == [False, False]
    found[row(CONTROL)] = Found(0.4, 20, 1, "above 19.6 %", True)
    path = tmp_path / "table.md"
    write(path, found, 20)
    text = path.read_text(encoding="utf-8")
    assert "1 of 3 rows are within their limits. Outside:" in text
    assert text.count("**outside**") == 2
    assert "| 40.0 % | 1 | above 19.6 % | as expected |" in text
