"""What tells the choice is named, alone or two together; what chance or a good rule does is not."""

import warnings

import numpy as np
import pandas as pd
import pytest

from neuroalrnn.data import cautions_of, from_frame
from neuroalrnn.study.telling import caution_of_telling_inputs, perfect_models


def named(choice, after=(), labels=None, inputs=None, **columns):
    """Cautions for a table of one subject."""
    frame = pd.DataFrame({"s": "a", "choice": choice, **columns})
    roles = {name: name for name in ["choice", *columns]}
    labels = labels or range(int(np.nanmax(choice)) + 1)
    with warnings.catch_warnings():
        # tables are warned of, too
        warnings.simplefilter("ignore")
        trials = from_frame(frame, {"subject": "s", **roles}, labels=labels, after_choice=after)
        told = caution_of_telling_inputs(trials, inputs or list(columns))
    return cautions_of(told)[len(cautions_of(trials)) :]


@pytest.fixture
def draw():
    rng = np.random.default_rng(3)
    return rng, rng.integers(0, 2, 2000).astype(float)


def flipped(values, n):
    """The same but for some trials, where 0 and 1 change places."""
    changed = values.copy()
    changed[np.linspace(0, len(values) - 1, n).astype(int)] *= -1
    return changed


ALONE = {
    "signs": lambda c, rng: 2 * c - 1,
    "level and noise": lambda c, rng: c + 0.9 * rng.random(len(c)),
    "six levels": lambda c, rng: c + 2 * rng.integers(0, 3, len(c)),
    "one trial in 2,000 is other": lambda c, rng: flipped(2 * c - 1, 1),
    "missing where one was chosen": lambda c, rng: np.where(c == 1, np.nan, 3 + rng.random(len(c))),
}


@pytest.mark.parametrize("make", ALONE.values(), ids=ALONE)
def test_an_input_that_tells_is_named(draw, make):
    rng, choice = draw
    (text,) = named(choice, x=make(choice, rng), y=rng.normal(size=len(choice)))
    assert text.startswith("x: tells the choice of ")
    assert "list it in after_choice" in text
    assert ("every scored trial" in text) == ("99.95" not in text)


def signs(rng, n):
    return rng.choice([-1.0, 1.0], n)


TOGETHER = {
    "signs": lambda c, a, rng: (a, a * (2 * c - 1)),
    "0 and 1": lambda c, a, rng: ((a + 1) / 2, ((a * (2 * c - 1)) + 1) / 2),
    "99 and 101": lambda c, a, rng: (a + 100, a * (2 * c - 1) + 100),
    "sign and strength": lambda c, a, rng: (a, a * (2 * c - 1) * (0.1 + rng.random(len(c)))),
    "context and strength": lambda c, a, rng: (
        (a + 1) / 2, a * (2 * c - 1) * (0.1 + rng.random(len(c)))
    ),
    "two strengths": lambda c, a, rng: (
        a * (0.1 + rng.random(len(c))), a * (2 * c - 1) * (0.1 + rng.random(len(c)))
    ),
    "one trial in 2,000 is other": lambda c, a, rng: (a, flipped(a * (2 * c - 1), 1)),
}  # fmt: skip


@pytest.mark.parametrize("make", TOGETHER.values(), ids=TOGETHER)
def test_two_inputs_that_tell_together_are_named(draw, make):
    rng, choice = draw
    one, other = make(choice, signs(rng, len(choice)), rng)
    (text,) = named(choice, one=one, noise=rng.normal(size=len(choice)), other=other)
    assert text.startswith("one and other: together (as by their product) they tell the choice of")


def test_state_reached_and_transition_tell_the_choice(draw):
    rng, choice = draw
    common = (rng.random(len(choice)) < 0.7) * 1.0
    state = (2 * choice - 1) * (2 * common - 1)
    (text,) = named(choice, after=["common"], state2=state, common=common, inputs=["state2"])
    assert text.startswith("state2: with common, which is known only after the choice, it tells")
    assert named(choice, after=["common", "state2"], state2=state, common=common) == []


INNOCENT = {
    "noise": lambda c, a, rng: (rng.normal(size=len(c)), rng.normal(size=len(c))),
    "two trials in 1,000 are other": lambda c, a, rng: (flipped(2 * c - 1, 5), a),
    "right in 99 of 100": lambda c, a, rng: (a, flipped(a * (2 * c - 1), 20)),
    "constant": lambda c, a, rng: (np.ones(len(c)), a),
    "all missing": lambda c, a, rng: (np.full(len(c), np.nan), a),
}


@pytest.mark.parametrize("make", INNOCENT.values(), ids=INNOCENT)
def test_what_does_not_tell_is_not_named(draw, make):
    rng, choice = draw
    one, other = make(choice, signs(rng, len(choice)), rng)
    assert named(choice, one=one, other=other) == []


def test_long_runs_of_a_choice_are_not_told_by_time():
    choice = np.repeat(np.arange(200) % 2, 100).astype(float)
    assert named(choice, hour=np.arange(20_000.0), place=np.tile(np.arange(100.0), 200)) == []


def test_rare_choices_are_not_told_by_chance():
    rng = np.random.default_rng(0)
    for n_rare in (1, 3, 8):
        choice = np.zeros(3000)
        choice[rng.permutation(3000)[:n_rare]] = 1
        columns = {f"x{k}": rng.normal(size=3000) for k in range(10)}
        assert named(choice, y=rng.integers(0, 12, 3000), **columns) == []


@pytest.mark.parametrize("n_trials", [8, 20, 40, 80])
def test_few_trials_are_not_told_by_chance(n_trials):
    rng = np.random.default_rng(n_trials)
    choice = np.r_[0, 1, rng.integers(0, 2, n_trials - 2)]
    columns = {f"x{k}": rng.normal(size=n_trials) for k in range(20)}
    columns |= {f"y{k}": rng.integers(0, 1 + k, n_trials) for k in range(1, 20)}
    assert named(choice, **columns) == []


def test_more_options_and_outcomes():
    rng = np.random.default_rng(1)
    choice, turn = rng.integers(0, 3, 900), rng.integers(0, 3, 900)
    (text,) = named(choice, x=(choice + turn) % 3, turn=turn)
    assert text.startswith("x and turn: together")
    assert named(choice, after=["x"], x=choice, turn=turn) == []


def test_many_pairs_are_counted_and_left_out_pairs_are_said(draw, monkeypatch):
    rng, choice = draw
    a = signs(rng, len(choice))
    columns = {f"a{k}": a for k in range(4)} | {f"b{k}": a * (2 * choice - 1) for k in range(4)}
    texts = named(choice, **columns)
    assert len(texts) == 11
    assert texts[-1] == "6 more pairs tell the choice"
    monkeypatch.setattr("neuroalrnn.study.telling.MOST_IN_PAIRS", 4)
    (text,) = named(choice, **columns)
    assert "among the first 4 of 8 only" in text


def test_models_that_predict_every_choice_are_named(draw):
    _, choice = draw
    trials = from_frame(pd.DataFrame({"s": "a", "c": choice}), {"subject": "s", "choice": "c"})
    sure = np.log(np.where(choice[:, None] == [0, 1], 0.9, 0.1))
    wrong = sure.copy()
    wrong[:3] = wrong[:3, ::-1]
    (text,) = perfect_models(trials, {"logistic": sure, "AL-RNN": wrong})
    assert text.startswith("logistic: more than 99.9 % of held-out choices")
    rare = trials.assign(choice=trials["choice"].copy(data=np.arange(2000) == 0).astype(float))
    sure[:] = [-0.1, -3.0]
    assert perfect_models(rare, {"class frequency": sure}) == []
