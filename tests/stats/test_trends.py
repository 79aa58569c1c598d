"""The trend that subjects share is found, their own is not, and short sessions bear less."""

import numpy as np
import pytest

from neuroalrnn.behaviour.relation import compute_slopes
from neuroalrnn.exceptions import DataError
from neuroalrnn.stats.permutation import circular_shift_null
from neuroalrnn.stats.subject_level import t_test
from neuroalrnn.stats.trends import HIGHEST, choose_degree, session_degree, trend_columns

N_SUBJECTS, N_TRIALS = 10, 100
SUBJECT = np.repeat([f"s{i}" for i in range(N_SUBJECTS)], N_TRIALS)
TIME = np.linspace(-1, 1, N_TRIALS)


def curves(rng, shape, *, own_sign=False, noise=0.5):
    sign = rng.choice([-1, 1], (N_SUBJECTS, 1)) if own_sign else np.ones((N_SUBJECTS, 1))
    return (sign * shape + noise * rng.normal(size=(N_SUBJECTS, N_TRIALS))).ravel()


@pytest.mark.parametrize("term", [4, 7, 10])
def test_the_highest_term_that_subjects_share_is_the_degree(term):
    rng = np.random.default_rng(term)
    shape = np.polynomial.legendre.legval(TIME, np.eye(HIGHEST + 1)[term])
    degrees = [choose_degree(curves(rng, shape), SUBJECT, SUBJECT) for _ in range(20)]
    assert min(degrees) == term
    assert np.mean(degrees) < term + 2


def test_without_a_shared_trend_it_mostly_stays_a_cubic():
    rng = np.random.default_rng(0)
    steep = np.tanh(20 * (TIME - 0.2))
    for shape, own_sign in ((TIME**3, False), (steep, True)):
        found = [choose_degree(curves(rng, shape, own_sign=own_sign), SUBJECT, SUBJECT)
                 for _ in range(60)]  # fmt: skip
        assert np.mean(np.array(found) == 3) > 0.5
    shared = [choose_degree(curves(rng, steep), SUBJECT, SUBJECT) for _ in range(20)]
    assert min(shared) >= 8


def test_missing_trials_do_not_make_a_trend():
    rng, degrees = np.random.default_rng(1), []
    missing = (np.tile(TIME, N_SUBJECTS) > 0.2) & (np.arange(SUBJECT.size) % 2 == 0)
    for _ in range(30):
        series = np.where(missing, np.nan, 5 + curves(rng, TIME**2, noise=0.01))
        degrees.append(choose_degree(series, SUBJECT, SUBJECT))
    assert np.mean(np.array(degrees) == 3) > 0.5


def test_with_few_units_it_stays_a_cubic():
    shape = np.polynomial.legendre.legval(TIME, np.eye(HIGHEST + 1)[9])
    series, two = curves(np.random.default_rng(2), shape), SUBJECT <= "s1"
    assert choose_degree(series[two], SUBJECT[two], SUBJECT[two]) == 3
    assert choose_degree(series, SUBJECT, np.full(SUBJECT.size, "one")) >= 9
    assert choose_degree([], [], []) == 3


def test_short_sessions_bear_a_lower_degree():
    assert [session_degree(10, n) for n in (5, 20, 39, 40, 400)] == [3, 5, 9, 10, 10]
    session = np.r_[np.zeros(40), np.ones(8), np.zeros(12)]
    subject = np.r_[np.zeros(48), np.ones(12)]
    columns = trend_columns(session, subject, 10)
    assert columns.shape == (60, 22)
    ranks = [np.linalg.matrix_rank(columns[rows]) for rows in np.split(np.arange(60), [40, 48])]
    assert ranks == [11, 4, 4]
    assert np.linalg.matrix_rank(columns[:48]) == 15


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"series": ["a"] * 8}, "'series' should be numbers"),
        ({"series": np.zeros(7)}, "have shapes"),
        ({"subject": [None] + ["a"] * 7}, "'subject' is missing in 1 of 8"),
    ],
)
def test_what_comes_in(change, message):
    given = {"series": np.zeros(8), "session": np.zeros(8), "subject": np.zeros(8)}
    with pytest.raises(DataError, match=message):
        choose_degree(**given | change)


def rejects(simulate, rng, statistic, degree, **design):
    choice, regime = (each.ravel() for each in simulate.steep_learning(rng, 10, 100, **design))
    if statistic == "shifts":
        found = circular_shift_null(regime, choice, SUBJECT, SUBJECT, degree=degree)
        return found.effects["p"][0] < 0.05
    degree = choose_degree(choice, SUBJECT, SUBJECT) if degree is None else degree
    slopes = compute_slopes(choice, regime, SUBJECT, trend_columns(SUBJECT, SUBJECT, degree))
    return t_test(slopes["slope"])["p"][0] < 0.05


@pytest.mark.parametrize("statistic", ["slopes", "shifts"])
def test_steep_common_learning_passes_a_cubic_and_not_the_chosen_trend(simulate, statistic):
    rng, n_sets = np.random.default_rng(3), 60
    chosen = [rejects(simulate, rng, statistic, None) for _ in range(n_sets)]
    cubic = [rejects(simulate, rng, statistic, 3) for _ in range(n_sets)]
    assert np.mean(chosen) <= simulate.upper_limit(n_sets)
    assert np.mean(cubic) > 0.15
    found = [rejects(simulate, rng, statistic, None, effect=1.0) for _ in range(30)]
    assert np.mean(found) > 0.7
