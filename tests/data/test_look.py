"""What looks wrong in a table is said, with who, where and what to do; what is right is not."""

import json

import numpy as np
import pandas as pd
import pytest

from neuroalrnn.data import cautions_of, encode, from_frame
from neuroalrnn.data.schema import is_after_choice
from neuroalrnn.exceptions import DataError

COLUMNS = {name: name for name in ("subject", "trial", "choice", "rt", "x")}
EVENTS = {"stimulus": "on", "response": "off"}


def make(n_subjects=6, n_trials=40, seed=0):
    rng = np.random.default_rng(seed)
    n = n_subjects * n_trials
    rt = 0.3 + rng.gamma(2.0, 0.2, n)
    return pd.DataFrame(
        {
            "subject": np.repeat([f"s{k}" for k in range(n_subjects)], n_trials),
            "trial": np.tile(np.arange(n_trials), n_subjects),
            "block": np.tile(np.arange(n_trials) // 10, n_subjects),
            "choice": rng.integers(0, 2, n),
            "rt": rt,
            "x": rng.choice([-1.0, 1.0], n) * rng.uniform(0.1, 1, n),
            "on": 0.5,
            "off": 0.5 + rt,
        }
    )


def change(column, rows, value):
    def changed(table):
        table = table.copy()
        use = rows(table)
        table.loc[use, column] = value(table[column]) if callable(value) else value
        return table

    return changed


def every(n, start=0):
    return lambda t: np.arange(len(t)) % n == start


def of(*subjects):
    return lambda t: t["subject"].isin(subjects)


WRONG = {
    "ms": (change("rt", every(1), lambda v: 1000 * v), r"units=\{'rt': 'ms'\}"),
    "some in ms": (
        change("rt", of("s1", "s4"), lambda v: 1000 * v),
        r"'rt' is of another size in subjects s1, s4 than in the other 4.*units",
    ),
    "some in min": (change("rt", of("s2"), lambda v: v / 60), "another size in subject s2 than"),
    "percent": (change("x", of("s0"), lambda v: 100 * v), "'x' is of another size in subject s0"),
    "shifted": (change("x", of("s5"), lambda v: v + 100), "'x' is of another size in subject s5"),
    "999": (change("rt", every(50), 999), r"'rt' is 999 on trials 0, 50, .*missing=\{'rt': \[999"),
    "one 999": (change("x", every(1000, 7), 999), r"'x' is 999 on trial 7 \(subject s0\)"),
    "-99": (change("x", every(60), -99), r"'x' is -99 on trials 0, 60, 120, 180 .*\[-99\]"),
    "1 and 999": (change("x", every(1), lambda x: 1.0 + 998 * (x.index % 2)), "'x' is 999"),
    "far value": (change("rt", every(70, 3), 5000), "'rt' is 5000 on trials 3, 73, 143, 213"),
    "0 s": (change("rt", every(60), 0), r"'rt' is 0 s on trials 0, .*missing=\{'rt': \[0\]\}"),
    "constant": (change("x", every(1), 2.0), "'x' never changes: this tells models nothing"),
    "all missing": (change("x", every(1), np.nan), "'x' is missing on every trial"),
    "missing": (
        change("x", every(40), np.nan),
        r"'x' is missing on 6 of 240 trials \(subjects s0, s1, s2, s3, s4 and 1 more\): ",
    ),
    "gaps": (
        lambda t: t[~t["trial"].isin([5, 6]) | (t["subject"] != "s3")],
        r"1 gap, 2 numbers are missing \(subject s3; first before trial 125\)",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_looks_wrong_is_said_and_kept(name):
    changed, message = WRONG[name]
    with pytest.warns(UserWarning, match=message):
        trials = from_frame(changed(make()), COLUMNS)
    assert len(cautions_of(trials)) >= 1


def test_no_unit_is_advised_for_all_where_subjects_differ_in_unit():
    mixed = change("rt", lambda t: ~t["subject"].isin(["s0", "s1"]), lambda v: 1000 * v)(make())
    with pytest.warns(UserWarning, match="bring them to one unit, then say which with units"):
        trials = from_frame(mixed, COLUMNS)
    assert len(cautions_of(trials)) == 1


FINE = {
    "as it is": lambda t: t,
    "numbers from 1": lambda t: t.assign(trial=t["trial"] + 1),
    "slow people": change("rt", of("s1"), lambda v: 6 * v),
    "one long response": change("rt", every(1000, 9), 58.3),
    "jackpots": change("x", every(60), 10.0),
    "ratings": lambda t: t.assign(x=np.arange(len(t)) % 10),
    "99 and 101": lambda t: t.assign(x=99 + 2 * (np.arange(len(t)) % 2)),
    "mostly 999": lambda t: t.assign(x=999 + 2 * (np.arange(len(t)) % 9 == 0)),
    "0 and 1": lambda t: t.assign(x=np.arange(len(t)) % 2),
    "a rare cue": lambda t: t.assign(x=(np.arange(len(t)) % 60 == 0) * 1.0),
    "age": lambda t: t.assign(x=t["subject"].map({"s0": 18, "s1": 70}).fillna(33)),
    "response deadline": change("rt", lambda t: t["rt"] > 1, 1.0),
}


@pytest.mark.parametrize("name", FINE)
def test_what_is_right_is_not_cautioned(name):
    assert cautions_of(from_frame(FINE[name](make()), COLUMNS)) == []


@pytest.mark.parametrize("scale", [1, 1000])
@pytest.mark.parametrize("events", [EVENTS, {"response": "off"}, {"start": 0, **EVENTS}])
def test_session_clocks_are_refused_and_can_be_subtracted(events, scale):
    table = make()
    start = 3.0 * table["trial"] + 7
    clock = table.assign(
        on=scale * (table["on"] + start), off=scale * (table["off"] + start), begins=scale * start
    )
    units = {"on": "ms", "off": "ms", "begins": "ms"} if scale > 1 else {}
    used = {name: unit for name, unit in units.items() if name in events.values()}
    with pytest.raises(DataError, match=r"climb from trial to trial .*trial_start='column'"):
        from_frame(clock, COLUMNS, events=events, units=used)
    used |= {"begins": "ms"} if units else {}
    trials = from_frame(clock, COLUMNS, events=events, trial_start="begins", units=used)
    right = from_frame(table, COLUMNS, events=events)
    np.testing.assert_allclose(trials["event_time"], right["event_time"], atol=1e-8)
    assert "count from trial start: " in trials.attrs["reading"]


@pytest.mark.parametrize("step", ["event", "time"])
def test_session_clocks_of_datasets_are_refused_by_encode(step):
    trials = from_frame(make(), COLUMNS, events=EVENTS)
    late = 4.0 * trials["trial_in_session"]
    options = {"dt": 0.1} if step == "time" else {}
    with pytest.raises(DataError, match=r"climb from trial to trial \(stimulus; subject s0"):
        encode(
            trials.assign(event_time=trials["event_time"] + late),
            inputs={"x": "stimulus"}, step=step, choice_event="response", **options,
        )  # fmt: skip


def test_one_subject_on_the_session_clock_is_named():
    table = make()
    late = np.where(table["subject"] == "s3", 4.0 * table["trial"], 0)
    clock = table.assign(on=table["on"] + late, off=table["off"] + late)
    with pytest.raises(DataError, match=r"\(stimulus; subject s3\)"):
        from_frame(clock, COLUMNS, events=EVENTS)


DATES = {
    "dates": pd.date_range("2024-03-01", periods=240),
    "zoned": pd.date_range("2024-03-01", periods=240, tz="UTC"),
    "durations": pd.to_timedelta(np.arange(240), unit="s"),
    "texts": [f"2024-03-{1 + k % 28:02d}" for k in range(240)],
    "stamps": [f"2024-03-01T10:{k % 60:02d}:00.5Z" for k in range(240)],
    "German": [f"{1 + k % 28}.3.2024" for k in range(240)],
    "times": [f"10:{k % 60:02d}:07" for k in range(240)],
    "timedeltas": [f"0 days 00:00:{k % 60:02d}.5" for k in range(240)],
    "objects": [pd.Timestamp("2024-03-01").date()] * 240,
    "ISO durations": ["PT1.5S"] * 240,
}


@pytest.mark.parametrize("role", ["x", "rt"])
@pytest.mark.parametrize("kind", DATES)
def test_dates_and_durations_are_named_once(kind, role):
    table = make().assign(**{role: DATES[kind]})
    with pytest.raises(DataError, match=f"'{role}' holds (dates|durations).*on row 0.*second") as e:
        from_frame(table, COLUMNS)
    assert "table: 1 problem" in str(e.value)


def test_dates_may_label_sessions():
    table = make().assign(day=pd.Timestamp("2024-03-01"))
    trials = from_frame(table, COLUMNS | {"session": "day"})
    assert trials["session"].values[0].startswith("2024-03-01")


def test_units_are_turned_into_seconds():
    table = make()
    right = from_frame(table, COLUMNS, events={"on": "on", "off": "off"})
    for unit, scale in {"ms": 1e3, "us": 1e6, "min": 1 / 60}.items():
        scaled = table.assign(rt=scale * table["rt"], on=scale * table["on"])
        trials = from_frame(
            scaled, COLUMNS, events={"on": "on", "off": "off"}, units={"rt": unit, "on": unit}
        )
        np.testing.assert_allclose(trials["rt"], right["rt"], rtol=1e-12)
        np.testing.assert_allclose(trials["event_time"], right["event_time"], rtol=1e-12)
        assert json.loads(trials.attrs["reading"]) == [
            f"turned into seconds: rt in {unit}, event on in {unit}"
        ]


@pytest.mark.parametrize("first", [0, 1])
def test_numbers_that_restart_in_blocks_are_counted_on(first):
    table = make().assign(trial=lambda t: t["trial"] % 10 + first)
    trials = from_frame(table, COLUMNS | {"block": "block"})
    np.testing.assert_array_equal(trials["trial_in_session"], np.tile(np.arange(40), 6))
    assert "start anew in every block" in trials.attrs["reading"]
    with pytest.raises(
        DataError, match=r"start again within a session, .*leave the role trial out"
    ):
        from_frame(table, COLUMNS)
    with pytest.warns(UserWarning, match="6 gaps, 6 numbers are missing"):
        gapped = from_frame(table[make()["trial"] != 13], COLUMNS | {"block": "block"})
    assert gapped["trial_in_session"].values[12:15].tolist() == [12, 14, 15]


@pytest.mark.parametrize("role", ["reward", "correct", "rt", "common", "transition", "told"])
def test_what_is_known_after_the_choice_by_default(role):
    table = make().assign(y=lambda t: t.index % 2 + (role == "rt"))
    trials = from_frame(table, {"subject": "subject", "choice": "choice", role: "y"})
    assert is_after_choice(trials, role) == (role != "told")
