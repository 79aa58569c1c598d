import numpy as np
import pandas as pd
import pytest

from neuroalrnn.exceptions import DataError, NotTestableError
from neuroalrnn.stats import locked
from neuroalrnn.stats.locked import locked_switch_probability, shift_band, swap_band

LAGS = range(-3, 4)


def test_probability_by_hand_leaves_out_edges_and_undefined_steps():
    switch = np.array([np.nan, 1, 0, 0, 1, 0])
    found = locked_switch_probability(switch, [0, 3], [-1, 0, 1, 3])
    np.testing.assert_allclose(found, [0.0, 0.0, 1.0, 0.0])
    assert np.isnan(locked_switch_probability(switch, [0], [-1])).all()


def test_shift_band_holds_independent_series_and_shows_locking(simulate):
    rng = np.random.default_rng(0)
    subject = simulate.labels(8, 200)
    event, chance = rng.random((2, subject.size)) < 0.1
    locked = shift_band(chance * 1.0, event, subject, subject, lags=LAGS).group
    inside = locked["probability"].between(locked["null_low"], locked["null_high"])
    assert inside.mean() > 0.7
    follows = np.roll(event, 1) | chance
    follows = np.where(np.arange(subject.size) % 200 == 0, np.nan, follows)
    found = shift_band(follows, event, subject, subject, lags=LAGS).group.set_index("lag")
    assert found.loc[1, "probability"] == 1.0
    assert found.loc[1, "null_high"] < 0.5


def test_sessions_are_computed_at_once_as_they_are_one_by_one(simulate, monkeypatch):
    rng = np.random.default_rng(0)
    subject = simulate.labels(5, 60)
    session = np.where(np.arange(subject.size) % 60 < np.repeat([20, 25, 30, 30, 40], 60), "a", "b")
    switch = np.where(rng.random(subject.size) < 0.05, np.nan, rng.random(subject.size) < 0.3)
    event = rng.random(subject.size) < 0.15
    found = []
    for most in (1, 2**20):
        monkeypatch.setattr(locked, "N_TOGETHER", most)
        monkeypatch.setattr(locked, "MOST_ENTRIES", most)
        found.append(shift_band(switch, event, session, subject, lags=LAGS))
    pd.testing.assert_frame_equal(found[0].subjects, found[1].subjects)
    pd.testing.assert_frame_equal(found[0].group, found[1].group)
    alone = shift_band(switch, event, session, subject, lags=LAGS, of_subjects=False)
    pd.testing.assert_frame_equal(alone.group, found[1].group)
    assert list(alone.subjects) == ["subject", "lag", "probability", "n_events"]
    own = subject == subject[0]
    one = shift_band(switch[own], event[own], session[own], subject[own], lags=LAGS, degree=3)
    same = shift_band(switch, event, session, subject, lags=LAGS, degree=3).subjects
    pd.testing.assert_frame_equal(one.subjects, same[: len(LAGS)])


def test_shift_band_contains_a_common_drift(simulate):
    rng = np.random.default_rng(0)
    subject = simulate.labels(12, 400)
    switch, event = simulate.drifting(rng, (2, 12, 400))
    found = shift_band(switch.ravel(), event.ravel() > 0, subject, subject, lags=[0]).group.iloc[0]
    assert found["null_low"] < found["probability"] < found["null_high"]
    assert found["probability"] > switch.mean() + 0.05


def test_shift_band_names_what_it_leaves_out(simulate):
    subject = simulate.labels(3, 50)
    rng = np.random.default_rng(0)
    switch, event = (rng.random((2, 150)) < 0.2) * 1.0
    event = (event > 0) & (subject != "s01")
    found = shift_band(switch, event, subject, subject, lags=LAGS)
    assert found.excluded == ("s01",)
    assert set(found.subjects["subject"]) == {"s00", "s02"}
    with pytest.raises(NotTestableError, match="no session"):
        shift_band(switch, event & False, subject, subject, lags=LAGS)
    with pytest.raises(DataError, match="expected bool"):
        shift_band(switch, event * 1.0, subject, subject, lags=LAGS)


def test_swap_band_follows_the_trial_clock(simulate):
    rng = np.random.default_rng(0)
    subject = simulate.labels(10, 60)
    switches, event = simulate.clock_locked(rng, (600, 50))
    clock = swap_band(switches, event, subject, subject, lags=LAGS).group
    inside = clock["probability"].between(clock["null_low"], clock["null_high"])
    assert inside.mean() > 0.7
    switches, event = simulate.clock_locked(rng, (600, 50), locked=0.4)
    locked = swap_band(switches, event, subject, subject, lags=LAGS).group.set_index("lag")
    assert (locked["probability"] > locked["null_high"])[[0, 1]].all()


@pytest.fixture
def session():
    rng = np.random.default_rng(0)
    subject = np.repeat(["a", "b"], 40).astype(object)
    return (rng.random(80) < 0.3) * 1.0, rng.random(80) < 0.3, np.full(80, "1"), subject


def test_trials_without_a_subject_are_not_dropped(session):
    switch, event, name, subject = session
    with pytest.raises(DataError, match="'subject' is missing in 40 of 80"):
        shift_band(switch, event, name, np.where(subject == "a", None, subject), lags=[0])


@pytest.mark.parametrize("lags", [[-0.5, 0.5], [0, 0], [], ["a"]])
def test_lags_are_different_whole_numbers(session, lags):
    with pytest.raises(DataError, match="lags"):
        shift_band(*session, lags=lags, n_draws=9)


@pytest.mark.parametrize("n_draws", [0, 64.0, np.array(3.0)])
def test_no_whole_number_of_draws_is_no_band(session, n_draws):
    with pytest.raises(DataError, match=r"n_draws = .*: expected a whole number from 1"):
        shift_band(*session, lags=[0], n_draws=n_draws)


@pytest.mark.parametrize("index", [[-1], [1.5], [9]])
def test_events_outside_the_session_are_refused(index):
    with pytest.raises(DataError, match="event_index"):
        locked_switch_probability([0, 1, 0, 1.0], index, [0, 1])
