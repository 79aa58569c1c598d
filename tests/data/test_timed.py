"""Targets of time steps in the trial dataset."""

import numpy as np
import pytest

from neuroalrnn.data import encode, validate
from neuroalrnn.data.schema import scored_trials
from neuroalrnn.exceptions import DataError


@pytest.fixture
def timed(trials):
    """Trials with two outputs at up to four steps, and no choice."""
    n = trials.sizes["trial"]
    n_steps = np.resize([4, 3, 2], n)
    rng = np.random.default_rng(0)
    return trials.drop_vars(["choice", "scored", "event_time", "event"]).assign(
        inputs=(("trial", "time", "feature"), rng.standard_normal((n, 4, 1))),
        target=(("trial", "time", "output"), rng.standard_normal((n, 4, 2))),
        scored=(("trial", "time"), (np.arange(4) > 0) & (np.arange(4) < n_steps[:, None])),
        n_steps=("trial", n_steps),
    ).assign_coords(time=np.arange(4.0), output=["x", "y"])  # fmt: skip


def test_targets_need_no_choice_and_reach_their_steps(timed):
    validate(timed)
    assert scored_trials(timed).all()
    sequences = encode(timed, step="time", inputs=[], carry="trial")
    assert np.array_equal(sequences.scored, timed["scored"].values)
    assert sequences.labels == ()
    for name in ("x", "y"):
        expected = timed["target"].where(timed["scored"]).sel(output=name)
        np.testing.assert_array_equal(sequences.observed[name], expected)
    kept = sequences.take(np.arange(3, 6))
    np.testing.assert_array_equal(kept.observed["x"], sequences.observed["x"][3:6])


def test_weights_of_targets_come_along(timed):
    weight = np.arange(timed["target"].size, dtype=float).reshape(timed["target"].shape)
    weighted = timed.assign(weight=(("trial", "time", "output"), weight))
    sequences = encode(weighted, step="time", inputs=[], carry="trial")
    assert list(sequences.observed) == ["x", "y", "weight of x", "weight of y"]
    expected = np.where(timed["scored"], weight[..., 1], np.nan)
    np.testing.assert_array_equal(sequences.observed["weight of y"], expected)


def test_names_of_targets_are_those_of_covariates_with_one_value_per_trial(trials):
    side = np.resize([0.0, 1.0], trials.sizes["trial"])
    named = validate(trials.assign(dict.fromkeys(("target", "weight"), ("trial", side))))
    sequences = encode(named, step="trial", inputs=["target"])
    assert np.array_equal(scored_trials(named), scored_trials(trials))
    assert sequences.observed == {}
    assert any("target" in name for name in sequences.features)


def test_a_choice_beside_targets_is_what_is_read_out(timed):
    choice = np.resize([0.0, 1.0, np.nan], timed.sizes["trial"])
    both = validate(timed.assign(choice=("trial", choice, {"labels": ["a", "b"]})))
    assert np.array_equal(scored_trials(both), np.isfinite(choice))
    sequences = encode(both, step="time", inputs=[], carry="trial")
    assert np.array_equal(sequences.scored.sum(axis=1), np.isfinite(choice))
    assert sequences.observed == {}
    alone = encode(both.drop_vars("choice"), step="time", inputs=[], carry="trial")
    assert list(alone.observed) == ["x", "y"]


def replaced(name, place, value):
    """Replace one value of a variable."""

    def change(timed):
        values = timed[name].values.copy()
        values[place] = value
        return timed.assign({name: (timed[name].dims, values)})

    return change


BROKEN = {
    "dims": (
        lambda t: t.assign(target=t["target"].transpose("time", "trial", "output")),
        "'target' has dims",
    ),
    "no mask": (lambda t: t.drop_vars("scored"), "'target' needs 'scored'"),
    "mask without targets": (lambda t: t.drop_vars("target"), "'scored' has dims"),
    "dtype": (lambda t: t.assign(scored=t["scored"] * 1.0), "'scored' has dtype float64"),
    "late": (replaced("scored", (2, 3), True), "after the last step on trial 2"),
    "missing": (replaced("target", (1, 2, 0), np.nan), "missing at a scored step on trial 1"),
    "nothing": (lambda t: t.assign(scored=t["scored"] & False), "False at every step"),
    "weight": (lambda t: t.assign(weight=-(t["target"] ** 2)), "'weight' is missing or negative"),
    "weight alone": (
        lambda t: t.assign(weight=t["target"]).drop_vars(["target", "scored"]),
        "'weight' needs 'target'",
    ),
    "nothing to predict": (
        lambda t: t.drop_vars(["target", "scored"]),
        "variable 'choice' is missing",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_targets_are_named(timed, name):
    change, message = BROKEN[name]
    with pytest.raises(DataError, match=message):
        validate(change(timed))


def test_unscored_targets_may_be_missing(timed):
    validate(replaced("target", (0, 0), np.nan)(timed))


def test_other_steps_need_a_choice(timed):
    with pytest.raises(DataError, match="step='trial' reads out a choice"):
        encode(timed, step="trial", inputs=["stimulus"])
