"""Spread and drift of subjects, chosen by validation."""

import numpy as np
import pytest
from scipy.special import expit

from neuroalrnn.adaptive import choose
from neuroalrnn.adaptive.choose import choose_spread, score_spread
from neuroalrnn.adaptive.prior import Spread
from neuroalrnn.adaptive.rows import Rows


def subjects(offset_sd, n_subjects=20, n_trials=60, seed=0):
    """Subjects who differ in their offset alone."""
    rng = np.random.default_rng(seed)
    n = n_subjects * n_trials
    log_odds = rng.standard_normal((n, 1))
    offset = np.repeat(rng.standard_normal(n_subjects) * offset_sd, n_trials)
    choice = (rng.random(n) < expit(log_odds[:, 0] + offset)).astype(int)
    first = np.arange(n) % n_trials == 0
    every = np.ones((n, 2), bool)
    return Rows(log_odds, np.ones((n, 1)), choice, every, first, np.ones(n), first)


def test_subjects_who_differ_get_a_spread():
    found = choose_spread([subjects(1.0), subjects(1.0, seed=1)])
    assert 0.5 <= found.spread.offset <= 1.2
    assert found.spread.gain <= 0.2
    assert found.spread.drift <= 3e-4
    assert found.spread.readout == 0  # there are no further features
    assert found.spread.session_drift == 0  # nor further sessions
    assert found.score > found.plain + 0.02


def test_subjects_alike_are_left_to_the_shared_model():
    found = choose_spread([subjects(0.0, n_subjects=40)])
    assert found.score - found.plain < 1e-3
    assert found.spread.offset <= 0.1


def test_shared_model_is_kept_where_nothing_is_gained(monkeypatch):
    monkeypatch.setattr(choose, "GRID", ((2.0,),) * 3 + ((0.1,),) * 2)
    monkeypatch.setattr(choose, "START", (0,) * 5)
    found = choose_spread([subjects(0.0)])
    assert found.spread == Spread(0, 0, 0, 0, 0)
    assert found.score == found.plain


def test_many_subjects_are_thinned_but_all_are_scored(monkeypatch):
    parts = [subjects(1.0, n_subjects=7), subjects(1.0, n_subjects=6, seed=1)]
    monkeypatch.setattr(choose, "ENOUGH", 300)
    few = choose._thin(parts)
    assert [int(rows.first.sum()) for rows in few] == [3, 2]
    assert all(rows.first[0] for rows in few)
    found = choose_spread(parts)
    assert found.score == pytest.approx(score_spread(parts, found.spread))
