"""Every breach of the contract is named, all in one error, and the dataset stays as it was."""

import numpy as np
import pytest
import xarray as xr

from neuroalrnn.data import validate
from neuroalrnn.data.names import texts
from neuroalrnn.data.schema import session_number
from neuroalrnn.exceptions import DataError


def replace(name, index, value):
    def change(trials):
        values = trials[name].values.copy()
        values[index] = value
        return trials.assign({name: (trials[name].dims, values, trials[name].attrs)})

    return change


def recoordinate(name, index, value):
    def change(trials):
        values = trials[name].values.copy()
        values[index] = value
        return trials.assign_coords({name: ("trial", values)})

    return change


def assign(name, values):
    return lambda trials: trials.assign({name: values(trials)})


def labels(value):
    return lambda trials: trials.assign(choice=trials["choice"].assign_attrs(labels=value))


SWAPPED = [0, 1, 2, 4, 3]
BROKEN = {
    "not a dataset": (lambda trials: trials.to_dataframe(), "expected an xarray.Dataset"),
    "empty": (lambda trials: trials.isel(trial=[]), "has no trials"),
    "no trial dim": (lambda trials: xr.Dataset(), "has no trials"),
    "no subject": (lambda trials: trials.drop_vars("subject"), "'subject' on dim 'trial' is miss"),
    "blank subject": (recoordinate("subject", 4, ""), "'subject' is missing on trial 4:"),
    "no choice": (lambda trials: trials.drop_vars("choice"), "variable 'choice' is missing"),
    "integer choice": (assign("choice", lambda t: t["choice"].astype(int)), "dtype int64"),
    "all NaN": (replace("choice", slice(None), np.nan), "'choice' is NaN on every trial"),
    "fractional": (replace("choice", 3, 0.5), "fractional codes on trial 3"),
    "out of range": (replace("choice", [2, 7], 2.0), r"outside 0..1 .* trials 2, 7, first 2"),
    "sentinel": (replace("choice", 2, -1.0), r"outside 0..1 .* trial 2, first -1; missing is NaN"),
    "no labels": (labels([]), r"\['labels'\] is \[\]"),
    "repeated labels": (labels(["a", "a"]), "2 or more different names"),
    "infinite choice": (replace("choice", 1, np.inf), "'choice' is infinite on trial 1"),
    "infinite": (replace("stimulus", [1, 2], np.inf), "'stimulus' is infinite on trials 1, 2"),
    "negative rt": (replace("rt", 5, -1.0), "'rt' is negative on trial 5; missing is NaN"),
    "text reward": (assign("reward", lambda t: t["reward"].astype(str)), "'reward' has dtype <U"),
    "correct": (assign("correct", lambda t: t["reward"] * 2), "'correct' is neither 0, 1 nor NaN"),
    "signed": (replace("reward", [4, 8], 0.5), "'reward' is marked signed, .* on trials 4, 8"),
    "signed choice": (
        lambda t: t.assign(
            choice=(2 * t["choice"]).assign_attrs(labels=["a", "b", "c"], coding="signed")
        ),
        "'choice' is marked signed, but is neither 0, 1 nor NaN",
    ),
    "signed times": (
        assign("event_time", lambda t: t["event_time"].assign_attrs(coding="signed")),
        "'event_time' is marked signed, but holds no numbers on dim 'trial' alone",
    ),
    "coding": (
        assign("flag", lambda t: t["flag"].assign_attrs(coding="raw")),
        r"'flag' has attrs\['coding'\] = 'raw': expected 'signed', 'indicator' or none",
    ),
    "text events": (assign("event_time", lambda t: t["event_time"].astype(str)), "has dtype <U"),
    "not quite text": (
        assign("why", lambda t: ("trial", np.array(["a", None] * 18, dtype=object))),
        "variable 'why' has dtype object, expected numbers",
    ),
    "unscored_reason": (
        assign("unscored_reason", lambda t: t["rt"]),
        "'unscored_reason' must hold text on dim 'trial'",
    ),
    "reward dims": (assign("reward", lambda t: t["event_time"]), "'reward' has dims"),
    "scored dtype": (assign("scored", lambda t: t["scored"].astype(int)), "expected bool"),
    "scored": (replace("choice", 3, np.nan), "'scored' is True without a choice on trial 3"),
    "duplicate": (recoordinate("trial_in_session", 1, 0), r"duplicate .* on trial 1"),
    "order": (lambda t: t.isel(trial=SWAPPED), "not in time order: .* falls at trial 4"),
    "contiguous": (lambda t: t.isel(trial=[0, 1, 6, 2]), "not contiguous.* at trial 3; sort by"),
    "float numbers": (
        lambda t: t.assign_coords(trial_in_session=t["trial_in_session"] + 0.5),
        "dtype float64, expected integers",
    ),
    "negative number": (recoordinate("trial_in_session", 0, -1), "negative on trial 0"),
    "events": (replace("event_time", (3, 1), 9.0), "event times fall .*cue <= go <= end.* trial 3"),
    "event names": (lambda t: t.assign_coords(event=["a", "a", "b"]), "event names repeat: a, a"),
    "block": (lambda t: t.assign_coords(block=0), "'block' has dims"),
    "attrs": (lambda t: t.assign_attrs(encoding={"step": 1}), r"attrs\['encoding'\] is not a JSON"),
    "n_steps": (
        assign("inputs", lambda t: (("trial", "time", "feature"), np.zeros((36, 4, 1)))),
        "needs 'n_steps'",
    ),
    "inputs dims": (
        assign("inputs", lambda t: (("time", "trial", "feature"), np.zeros((4, 36, 1)))),
        "'inputs' has dims",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_dataset_is_named(trials, name):
    change, message = BROKEN[name]
    with pytest.raises(DataError, match=message):
        validate(change(trials))


def test_good_dataset_comes_back_unchanged(trials):
    before = trials.copy(deep=True)
    assert validate(trials) is trials
    assert trials.identical(before)


@pytest.mark.parametrize("kind", [str, object])
def test_text_that_labels_trials_is_allowed(trials, kind):
    validate(trials.assign(why=("trial", np.array(["a", ""] * 18, dtype=kind))))


def test_missing_values_and_removed_trials_are_allowed(trials):
    trials["reward"][:] = np.nan
    trials["choice"][0] = np.nan
    trials["event_time"][2, 1] = np.nan
    validate(trials.isel(trial=[0, 2, 3, 5, 6, 8]))


def test_all_problems_stand_in_one_error(trials):
    broken = replace("rt", 5, -1.0)(replace("choice", 3, 7.0)(trials))
    broken = replace("stimulus", slice(None), np.inf)(broken)
    before = broken.copy(deep=True)
    with pytest.raises(DataError) as error:
        validate(broken)
    text = str(error.value)
    assert "trial dataset: 3 problems" in text
    assert "outside 0..1" in text
    assert "'rt' is negative" in text
    assert "trials 0, 1, 2, 3, 4 and 31 more" in text
    assert broken.identical(before)


def test_n_steps_must_fit_into_time(trials):
    timed = trials.assign(
        inputs=(("trial", "time", "feature"), np.zeros((36, 4, 1))),
        n_steps=("trial", np.full(36, 5)),
    ).assign_coords(time=np.arange(4) * 0.1)
    with pytest.raises(DataError, match=r"'n_steps' must hold integers 1..4"):
        validate(timed)


def test_sessions_have_one_number_however_their_labels_are_written():
    subject = np.array(["\u00e9", "e\u0301", " \u00e9", "b", "b", "\u00e9"], dtype=object)
    session = np.array([1, "1", "1", 1, 2, 1], dtype=object)
    trials = xr.Dataset(coords={"subject": ("trial", subject), "session": ("trial", session)})
    assert session_number(trials).tolist() == [0, 0, 0, 1, 2, 0]


def test_labels_that_are_numbers_become_texts_as_fast_as_texts():
    numbers = np.repeat(np.arange(3), 2)
    assert texts(numbers).tolist() == ["0", "0", "1", "1", "2", "2"]
    assert texts(np.array([1.0, np.nan])).tolist() == ["1.0", ""]
    assert texts(np.array([1, True, " a", None], dtype=object)).tolist() == ["1", "True", "a", ""]
