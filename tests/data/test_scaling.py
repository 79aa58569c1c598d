"""Centres and scales of covariates, and how an encoding tells where each is present."""

import numpy as np
import pytest
import xarray as xr

from neuroalrnn.data import encode
from neuroalrnn.data.scaling import carriers, measure, scale_of, standardise, standardise_inputs
from neuroalrnn.exceptions import DataError

RNG = np.random.default_rng(0)
N = 24
EVENTS = {"cue": "on", "x": "on", "choice": "go", "reward": "out"}


@pytest.fixture
def trials():
    """Two subjects with two sessions; x is missing at times, the outcome at others."""
    time = np.tile([0.0, 0.5, 1.0], (N, 1))
    time[[5, 6, 20], 2] = np.nan
    x, reward = RNG.normal(size=N), RNG.choice([0.0, 1.0], N)
    x[[1, 13, 14]] = np.nan
    reward[[5, 6, 20]] = np.nan
    return xr.Dataset(
        {
            "choice": ("trial", RNG.choice([0.0, 1.0], N), {"labels": ["a", "b"]}),
            "cue": ("trial", RNG.choice([99.0, 101.0], N)),
            "sign": ("trial", RNG.choice([0.0, 1.0], N), {"coding": "signed"}),
            "x": ("trial", x),
            "reward": ("trial", reward),
            "correct": ("trial", RNG.choice([0.0, 1.0], N)),
            "event_time": (("trial", "event"), time),
        },
        coords={
            "subject": ("trial", np.repeat(["s0", "s1"], N // 2)),
            "session": ("trial", np.tile(np.repeat(["1", "2"], N // 4), 2)),
            "trial_in_session": ("trial", np.tile(np.arange(N // 4), 4)),
            "event": ["on", "go", "out"],
        },
    )


def test_mean_and_deviation_are_of_what_is_there():
    values = np.array([3.0, np.nan, 5.0, 10.0])
    scale = measure(values)
    assert scale.centre == pytest.approx(6.0)
    assert scale.size == pytest.approx(np.std([3, 5, 10]))
    np.testing.assert_allclose(scale.apply(values), (values - 6) / np.std([3, 5, 10]))


@pytest.mark.parametrize("value", [0.0, 0.1, 1e6 + 0.1, -1e30, 1e-300])
def test_a_constant_becomes_exactly_zero(value):
    scale = measure(np.full(7, value))
    assert scale.size == 1
    np.testing.assert_array_equal(scale.apply(np.full(3, value)), 0.0)


@pytest.mark.parametrize("values", [np.array([]), np.full(3, np.nan)])
def test_what_is_never_there_is_left_as_it_is(values):
    assert measure(values) == (0.0, 0.0, 1.0)


@pytest.mark.parametrize("offset", [100.0, 1e4, 1e6, -1e9, 2.0**40])
def test_an_offset_costs_no_digits(offset):
    """Values that can be stored with the offset come out the same to the last bit."""
    values = RNG.integers(-50, 50, 40).astype(float)
    np.testing.assert_array_equal(
        measure(values).apply(values), measure(values + offset).apply(values + offset)
    )


def test_codes_stay_and_all_else_is_standardised_by_the_training_trials(trials):
    train = np.arange(10)
    found = standardise(trials, train)
    for name in ("choice", "sign", "correct"):
        np.testing.assert_array_equal(found[name], trials[name])
    for name in ("cue", "x", "reward"):
        known = found[name].values[train]
        assert np.nanmean(known) == pytest.approx(0, abs=1e-12)
        assert np.nanstd(known) == pytest.approx(1)
        np.testing.assert_array_equal(np.isnan(found[name]), np.isnan(trials[name]))
    assert found["choice"].attrs == trials["choice"].attrs
    changed = trials.copy(deep=True)
    changed["x"].values[10:] = 1e5
    np.testing.assert_array_equal(standardise(changed, train)["x"][train], found["x"][train])


def test_what_is_there_at_every_step_needs_no_feature(trials):
    found = encode(trials, inputs=["cue", "sign", "choice", "correct"])
    assert found.features == ("cue", "sign", "choice[-1]", "correct[-1]")
    assert found.present_at == {"cue": ""}
    expected = np.zeros((4, 5))
    expected[0, -1] = 1
    np.testing.assert_array_equal(carriers(found), expected)


def test_the_marker_of_an_event_tells_where_its_inputs_are_present(trials):
    found = encode(trials, inputs=EVENTS, step="event", choice_event="go")
    assert found.features[-2:] == ("event=out", "present=x")
    # the outcome is missing exactly where its event did not happen
    assert found.present_at == {"cue": "event=on", "x": "present=x", "reward": "event=out"}
    at = found.place
    present = found.inputs[..., at["present=x"]] == 1
    np.testing.assert_array_equal(present[:, ::3], np.isfinite(trials["x"].values).reshape(4, 6))
    assert not present[:, 1::3].any()


@pytest.mark.parametrize("marks", [True, False])
def test_without_markers_inputs_of_one_step_share_a_feature(trials, marks):
    trials["y"] = trials["cue"] + 1
    inputs = EVENTS | {"y": "on"}
    found = encode(trials, inputs=inputs, step="time", dt=0.5, choice_event="go")
    assert found.present_at["y"] == found.present_at["cue"] == "present=cue"
    assert found.presence == ["cue", "x", "reward"]
    assert found.n_own == 5


def test_what_follows_the_choice_shares_no_feature_with_others(trials):
    """A model that makes the choices itself changes where it is present."""
    trials["late"] = trials["x"].assign_attrs(known="after_choice")
    found = encode(trials, inputs=["x", "late"], carry="trial")
    assert found.present_at == {"x": "present=x", "late[-1]": "present=late[-1]"}


def test_one_back_values_are_absent_on_first_trials_and_after_missing_ones(trials):
    found = encode(trials, inputs=["reward"])
    present = found.inputs[..., found.place["present=reward[-1]"]]
    known = np.isfinite(trials["reward"].values).reshape(4, 6)
    np.testing.assert_array_equal(present, np.c_[np.zeros(4), known[:, :-1]])


def test_time_resolved_inputs_are_present_where_they_are_numbers():
    inputs = RNG.normal(size=(6, 4, 2))
    inputs[2, 1, 1] = np.nan
    trials = xr.Dataset(
        {
            "choice": ("trial", [0.0, 1, 0, 1, 0, 1], {"labels": ["a", "b"]}),
            "inputs": (("trial", "time", "feature"), inputs),
            "n_steps": ("trial", [4, 3, 4, 2, 4, 4]),
        },
        coords={
            "subject": ("trial", ["s"] * 6), "session": ("trial", ["1"] * 6),
            "trial_in_session": ("trial", np.arange(6)),
            "time": np.arange(4.0), "feature": ["u", "v"],
        },
    )  # fmt: skip
    found = encode(trials, inputs=[], step="time", carry="trial")
    assert found.features == ("u", "v", "present=v")
    assert found.present_at == {"u": "", "v": "present=v"}
    standard = standardise_inputs(found, np.arange(6))
    real = found.trial >= 0
    assert not standard.inputs[~real].any()
    np.testing.assert_allclose(standard.inputs[real].mean(axis=0)[:2], 0, atol=1e-12)
    np.testing.assert_allclose(standard.inputs[real].std(axis=0)[0], 1)
    assert standard.inputs[2, 1, 1] == 0


def test_statistics_of_features_are_those_of_their_sequences_alone(trials):
    found = encode(trials, inputs=EVENTS, step="event", choice_event="go")
    centre, size = scale_of(found.take(np.array([0, 1])))
    x = trials["x"].values[:12]
    at = found.place
    assert centre[at["x"]] == pytest.approx(np.nanmean(x))
    assert size[at["x"]] == pytest.approx(np.nanstd(x))
    for name in ("choice", "event=on", "event=go", "event=out"):
        assert (centre[at[name]], size[at[name]]) == (0, 1)
    standard = standardise_inputs(found, np.array([0, 1]))
    np.testing.assert_allclose(scale_of(standard.take(np.array([0, 1])))[0], 0, atol=1e-12)


def test_features_can_be_asked_for(trials):
    """So that networks meet those they were fitted with, whatever is missing in other trials."""
    encoding = {"inputs": EVENTS, "step": "event", "choice_event": "go"}
    whole = encode(trials, **encoding)
    some = trials.isel(trial=slice(2, 12))
    assert encode(some, **encoding).features != whole.features
    assert encode(some, **encoding, presence=whole.presence).features == whole.features


def test_names_that_would_be_taken_are_refused(trials):
    trials["present=x"] = trials["cue"]
    with pytest.raises(DataError, match="'present=x' names where another input is present: rename"):
        encode(trials, inputs=["x", "present=x"])
    with pytest.raises(DataError, match=r"presence: 'y' is unknown .*there are: x"):
        encode(trials, inputs=["x"], presence=["y"])
