"""Labels of trials as numbers, and sessions that are computed at once."""

import numpy as np
import pandas as pd
import pytest

from neuroalrnn.stats.null_tests import number_labels, session_numbers
from neuroalrnn.stats.trends import alike, trend_columns

SUBJECT = np.array(["b", "b", "a", "a", "b", "c", "a"], dtype=object)
SESSION = np.array(["2", "1", "1", "1", "2", "1", "2"], dtype=object)


@pytest.mark.parametrize("sort", [True, False])
def test_sessions_that_are_interleaved_have_one_number(sort):
    table = pd.DataFrame({"subject": SUBJECT, "session": SESSION})
    expected = table.groupby(["subject", "session"], sort=sort).ngroup()
    assert session_numbers(SUBJECT, SESSION, sort=sort).tolist() == expected.tolist()


def test_labels_are_numbered_in_their_order():
    number, names = number_labels(SUBJECT)
    assert names.tolist() == ["a", "b", "c"]
    assert names[number].tolist() == SUBJECT.tolist()


def test_sessions_that_lack_the_same_trials_are_together():
    counts = np.random.default_rng(0).random((60, 9)) < 0.9
    found = list(alike(counts, ~counts.all(axis=1)))
    assert sorted(np.concatenate([places for places, _ in found])) == sorted(
        np.flatnonzero(~counts.all(axis=1))
    )
    assert all((counts[places] == known).all() for places, known in found)
    assert len(found) == len(np.unique(counts[~counts.all(axis=1)], axis=0))


def test_trends_of_a_session_lie_in_its_own_columns():
    columns = trend_columns(SESSION.repeat(8), SUBJECT.repeat(8), 2)
    assert columns.shape == (56, 6)
    for rows, place in (([*range(8), *range(32, 40)], 0), (range(8, 16), 1), (range(48, 56), 1)):
        own = np.zeros((len(rows), 6))
        time = np.linspace(-1, 1, len(rows))
        own[:, 3 * place : 3 * place + 3] = np.polynomial.legendre.legvander(time, 2)
        assert np.allclose(columns[list(rows)], own)
