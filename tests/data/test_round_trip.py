"""A dataset survives the way to a table and back, whatever it holds."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neuroalrnn.data import caution, from_frame, load_table, to_frame, validate
from neuroalrnn.exceptions import DataError, DataWarning

NAMES = st.text("abcdeäé019._- ", min_size=1, max_size=6).map(str.strip).filter(bool)
LABELS = st.one_of(NAMES, st.sampled_from(["n/a", "NA", "None", "1", "01", "1.5", "-1", "999"]))
FLOATS = st.floats(-1e6, 1e6, allow_subnormal=False) | st.just(np.nan)


@st.composite
def datasets(draw):
    """Small datasets with all that the contract allows on one value per trial."""
    n = draw(st.integers(1, 8))
    labels = draw(st.lists(LABELS, min_size=2, max_size=4, unique_by=str.lower))

    def column(values, dtype=None):
        return np.array(draw(st.lists(values, min_size=n, max_size=n)), dtype=dtype)

    codes = st.sampled_from([*map(float, range(len(labels))), np.nan])
    choice = column(codes)
    choice[0] = 0.0
    subject = np.sort(column(st.sampled_from(draw(st.lists(NAMES, min_size=1, max_size=3)))))
    first = draw(st.integers(0, 3))
    number = first + np.cumsum(column(st.integers(1, 3)))
    trials = xr.Dataset(
        {
            "choice": ("trial", choice, {"labels": labels}),
            "reward": ("trial", column(st.sampled_from([0.0, 1.0, np.nan]))),
            "points": ("trial", column(st.integers(-5, 5), np.int32), {"long_name": "points won"}),
            "seen": ("trial", column(st.booleans())),
            "x": ("trial", column(FLOATS, draw(st.sampled_from(["float64", "float32"])))),
            "word": ("trial", column(st.text("ab é", max_size=3))),
            "scored": ("trial", np.isfinite(choice) & column(st.booleans())),
        },
        coords={
            "subject": ("trial", subject.astype(str)),
            "session": ("trial", np.full(n, draw(NAMES))),
            "trial_in_session": ("trial", number),
        },
        attrs={"task": "t", "n": 3, "cautions": '["known"]', "unread_columns": '["other"]'},
    )
    if draw(st.booleans()):
        trials["reward"].attrs["coding"] = "signed"
    if draw(st.booleans()):
        trials["x"].attrs["known"] = "after_choice"
    block = draw(st.sampled_from([None, np.arange(n), np.arange(n) / 2, np.arange(n) % 2 == 0]))
    if block is not None:
        trials = trials.assign_coords(block=("trial", block))
    if draw(st.booleans()):
        times = np.c_[np.zeros(n), column(st.floats(0, 9))]
        trials = trials.assign_coords(event=["go", "end"])
        trials["event_time"] = (("trial", "event"), times)
    return trials


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(datasets())
def test_every_dataset_comes_back_as_it_was(trials):
    validate(trials)
    df = to_frame(trials)
    back = from_frame(df, **df.attrs["from_frame"])
    xr.testing.assert_identical(back, trials)
    assert {name: back[name].dtype.kind for name in back.variables} == {
        name: trials[name].dtype.kind for name in trials.variables
    }


def test_cautions_are_kept_and_not_doubled(table):
    columns = {name: name for name in ("subject", "session", "trial", "choice", "cue")}
    with pytest.warns(DataWarning, match="'cue' never changes"):
        trials = from_frame(table.assign(cue=1.0), columns, labels=["left", "right"])
    df = to_frame(caution(trials, ["told"], category=None))
    back = from_frame(df, **df.attrs["from_frame"])
    assert back.attrs == trials.attrs | {"cautions": back.attrs["cautions"]}
    assert back.attrs["cautions"].count("never changes") == 1
    shorter = df[df["trial"] != 1]
    with pytest.warns(DataWarning, match="trial numbers have 6 gaps, 6 numbers are missing"):
        from_frame(shorter, **df.attrs["from_frame"])


def test_table_comes_back_from_a_file(trials, tmp_path):
    df = to_frame(trials)
    df.to_csv(tmp_path / "trials.csv", index=False)
    back = load_table(tmp_path / "trials.csv", **df.attrs["from_frame"])
    xr.testing.assert_identical(back.drop_attrs(), trials.drop_attrs())


def test_what_is_no_column_is_refused(trials):
    wide = trials.assign(weights=("unit", np.zeros(3)))
    with pytest.raises(DataError, match="'weights' is no column of one value per trial"):
        to_frame(wide)
    with pytest.raises(DataError, match="'trial' would stand for trial_in_session"):
        to_frame(trials.assign_coords(trial=np.arange(trials.sizes["trial"])))


def test_a_table_survives_dataset_and_file(tmp_path):
    table = pd.DataFrame({
        "subject": ["007", "007", "007", "é b", "é b"],
        "session": ["a", "a", "b", "a", "a"],
        "block": ["x", "y", "x", "1", "01"],
        "trial": [0, 3, 2, 0, 7],
        "choice": ["left", np.nan, "right", "left", "left"],
        "reward": [1.0, np.nan, 0.0, 1.0, 0.0],
        "rt": [0.1, np.nan, 1 / 3, 2e-7, 1.0],
        "cue": ["", "null", "NA", "日本", "a b"],
        "level": [1.5, np.nan, -0.0, 1e-12, 7.0],
        "scored": [True, False, True, True, False],
        "unscored_reason": ["", "no answer", "", "", "practice"],
    })  # fmt: skip
    roles, labels = {name: name for name in table}, ["left", "right"]
    with pytest.warns(DataWarning):
        trials = from_frame(table, roles, labels=labels, text=["cue"], attrs={"task": "ü"})
    trials.to_netcdf(tmp_path / "trials.nc")
    again = validate(xr.load_dataset(tmp_path / "trials.nc"))
    xr.testing.assert_identical(again, trials)
    back = to_frame(again)
    pd.testing.assert_frame_equal(back[list(table)], table)
    xr.testing.assert_identical(from_frame(back, **back.attrs["from_frame"]), trials)
