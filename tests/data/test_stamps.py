"""Times that are written as dates or on a clock become seconds by a stated rule."""

import datetime

import numpy as np
import pandas as pd
import pytest

from neuroalrnn.data import from_frame
from neuroalrnn.data._stamps import in_seconds
from neuroalrnn.exceptions import DataError

pytestmark = pytest.mark.filterwarnings("ignore::neuroalrnn.exceptions.DataWarning")
ROLES = {"subject": "id", "choice": "c", "rt": "rt"}


@pytest.mark.parametrize(
    ("cells", "unit", "seconds"),
    [
        (["00:00:01.25", "0:01:00,5", None], "clock", [1.25, 60.5, np.nan]),
        (["12:05 am", "12:05:30 PM", "1:00 pm"], "clock", [300, 43530, 46800]),
        (["0 days 00:00:02", "1 day, 0:00:01", "-00:00:01"], "clock", [2, 86401, -1]),
        (["PT1.5S", "PT2M", ""], "clock", None),
        ([datetime.time(0, 0, 3), datetime.timedelta(seconds=4)], "clock", [3, 4]),
        (pd.to_timedelta([1.5, None], unit="s"), "clock", [1.5, np.nan]),
        (["1970-01-01T00:00:01Z", "1970-01-01 01:00:02.5+01:00"], "date", [1, 2.5]),
        (["1970-01-02 00:00:00,25", "1970-01-01T00:01"], "date", [86400.25, 60]),
        (pd.to_datetime(["1970-01-01 00:00:01.5", None]), "date", [1.5, np.nan]),
        (["1.5", "2"], "day", [129600, 172800]),
        (["90", "30:15"], "clock", None),
        (["1970-01-01T00:00:01Z", "1970-01-01 00:00:02"], "date", None),
        (["1.2.1970 10:00:00", "1970-13-01 00:00:00"], "date", None),
    ],
)  # fmt: skip
def test_cells_become_seconds(cells, unit, seconds):
    values, found = in_seconds(pd.Series(cells), "rt", unit)
    if seconds is None:
        assert f"'rt' holds no {unit}" in found[0]
        assert "on row" in found[0]
    else:
        assert found == []
        np.testing.assert_array_equal(values, seconds)


def table(n=6):
    start = pd.date_range("2024-03-30 23:59:57", periods=n, freq="2s", tz="Europe/Berlin")
    go = start + pd.to_timedelta(np.arange(n) / 8, unit="s")
    return pd.DataFrame({
        "id": "a", "c": np.arange(n) % 2, "rt": ["00:00:00.5"] * n,
        "start": start.astype(str), "go": go.astype(str),
        "on": start.strftime("%H:%M:%S"), "off": (start + pd.Timedelta("4s")).strftime("%H:%M:%S"),
        "serial": (start - pd.Timestamp("1899-12-30", tz="Europe/Berlin")) / pd.Timedelta("1D"),
        "later": (go - pd.Timestamp("1899-12-30", tz="Europe/Berlin")) / pd.Timedelta("1D"),
    })  # fmt: skip


def test_events_count_from_trial_start_even_over_midnight():
    n = np.arange(6)
    dates = from_frame(table(), ROLES, events={"start": "start", "go": "go"}, trial_start="start",
                       units={"rt": "clock", "start": "date", "go": "date"})  # fmt: skip
    np.testing.assert_allclose(dates["event_time"].sel(event="go"), n / 8)
    np.testing.assert_array_equal(dates["rt"], 0.5)
    clock = from_frame(table(), ROLES, events={"on": "on", "off": "off"}, trial_start="on",
                       units={"rt": "clock", "on": "clock", "off": "clock"})  # fmt: skip
    np.testing.assert_array_equal(clock["event_time"].sel(event="off"), 4)
    excel = from_frame(table(), ROLES, events={"go": "later"}, trial_start="serial",
                       units={"rt": "clock", "serial": "day", "later": "day"})  # fmt: skip
    np.testing.assert_allclose(excel["event_time"].sel(event="go"), n / 8, atol=1e-5)


def test_times_between_columns_are_derived():
    roles = ROLES | {"rt": "took"}
    recipe = {"took": {"from": "go", "minus": "start", "unit": "date"}}
    trials = from_frame(table(), roles, derive=recipe)
    np.testing.assert_allclose(trials["rt"], np.arange(6) / 8)
    with pytest.raises(DataError, match="or minus and the unit of both columns"):
        from_frame(table(), roles, derive={"took": recipe["took"] | {"lag": 1}})


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({"units": {"rt": "date"}}, "units of 'rt': a date is no duration; make one, derive="),
        ({"units": {"rt": "clok"}}, "units of 'rt': 'clok' is unknown.*did you mean 'clock'"),
        ({}, "'rt' holds durations or times of day.*units={'rt': 'clock'}"),
        (
            {"events": {"go": "go"}, "units": {"rt": "clock", "go": "date"}},
            "event 'go' is a date: name the start of trials, trial_start=",
        ),
        (
            {"events": {"go": "go"}, "trial_start": "on", "units": {"go": "date", "on": "clock"}},
            "event 'go' and its start 'on' are not both dates",
        ),
    ],
)
def test_what_is_no_time_from_trial_start_is_refused(options, found):
    with pytest.raises(DataError, match=found):
        from_frame(table(), ROLES, **options)


def test_events_a_little_out_of_order_are_moved_and_counted():
    times = {"a": [0.5, -0.02, 0.5, np.nan], "b": [0.4, 1.0, 0.6, 0.1], "c": [0.45, 1.0, 0.7, 0.2]}
    frame = pd.DataFrame({"ID": "ann", "resp": [0, 1, 1, 0]} | times)
    roles, events = {"subject": "ID", "choice": "resp"}, {name: name for name in times}
    with pytest.raises(DataError, match=r"before trial start .* on trial 1; .*0.02 s at most"):
        from_frame(frame, roles, events=events)
    with pytest.raises(DataError, match=r"a <= b <= c expected\) on trial 0; by 0.1 s at most"):
        from_frame(frame, roles, events=events, tolerance=0.05)
    trials = from_frame(frame, roles, events=events, tolerance=0.11)
    expected = [[0.5, 0.5, 0.5], [0, 1, 1], [0.5, 0.6, 0.7], [np.nan, 0.1, 0.2]]
    np.testing.assert_array_equal(trials["event_time"], expected)
    told = "a on 1 trials by up to 0.02 s, b on 1 trials by up to 0.1 s, c on 1 trials by"
    assert told in trials.attrs["reading"]
    assert frame["b"][0] == 0.4
    for odd in (-1, 2, "0.1"):
        with pytest.raises(DataError, match=r"tolerance = .*: expected a number from 0 to 1"):
            from_frame(frame, roles, events=events, tolerance=odd)
