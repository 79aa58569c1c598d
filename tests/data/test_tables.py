"""A table becomes a dataset without losing a row, or one error says all that is wrong with it."""

import json

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from neuroalrnn.data import SessionKFold, from_frame, load_table, to_frame
from neuroalrnn.data.schema import session_number
from neuroalrnn.exceptions import DataError

COLUMNS = {name: name for name in ("subject", "session", "trial", "choice", "reward", "rt", "cue")}
LABELS = ["left", "right"]


def put(column, index, value):
    def change(table):
        table = table.astype({column: object})
        table.loc[index, column] = value
        return table

    return change


BROKEN = {
    "no rows": (lambda t: t.iloc[:0], {}, "the table has no rows"),
    "unknown label": (put("choice", [3, 4], "Left"), {}, r"unknown labels 'Left' on rows 3, 4"),
    "text without labels": (lambda t: t, {"labels": None}, "choice is text: pass labels"),
    "text reward": (put("reward", 2, "win"), {}, "'reward' has text .* 'win', on row 2"),
    "text rt": (put("rt", 2, "slow"), {}, "'rt' has text where numbers are expected"),
    "negative rt": (put("rt", 6, -1), {}, "'rt' is negative on trial 6"),
    "infinite": (put("cue", 6, np.inf), {}, "'cue' is infinite on trial 6"),
    "missing subject": (put("subject", 5, None), {}, "'subject' is missing on trial 5"),
    "missing session": (put("session", 5, np.nan), {}, "'session' is missing on trial 5"),
    "fractional trial": (put("trial", 5, 1.5), {}, "trial numbers are not integers on row 5"),
    "duplicate trial": (put("trial", 1, 0), {}, "duplicate .* on trial 1"),
    "unsorted": (lambda t: t.iloc[::-1].reset_index(drop=True), {}, "not in time order"),
    "shuffled": (lambda t: t.iloc[[0, 8, 1, 9]], {}, "not contiguous"),
    "all missing": (lambda t: t.assign(choice=np.nan), {}, "'choice' is NaN on every trial"),
    "codes from 1": (
        lambda t: t.assign(choice=(t["choice"] == "left") + 1),
        {"labels": None},
        r"never has code 0 \(values 1, 2\): pass labels=\[1, 2\]",
    ),
    "fractional codes": (
        lambda t: t.assign(choice=np.tile([0, 0.5], 12)),
        {"labels": None},
        "fractional codes on trials 1, 3",
    ),
    "gap in codes": (
        lambda t: t.assign(choice=np.tile([0, 99], 12)),
        {"labels": None},
        r"never has code 1 \(values 0, 99\): 99, on rows 1, 3, .* pass missing={'choice': \[99\]}",
    ),
    "one code": (
        lambda t: t.assign(choice=1),
        {"labels": None},
        r"never has code 0 \(values 1\): pass labels=\[...\] with every option",
    ),
    "names of covariates": (
        lambda t: t,
        {"columns": {**COLUMNS, "a:b": "comment"}},
        "variable name 'a:b' is empty or holds one of",
    ),
    "huge": (put("cue", 6, 1e300), {}, "'cue' is beyond 1e.30 on trial 6"),
    "early event": (
        lambda t: t,
        {"events": {"start": -1.0, "response": "rt"}},
        "event times are before trial start",
    ),
    "negative codes": (
        lambda t: t.assign(choice=np.tile([0, -1], 12)),
        {"labels": None},
        "outside 0..1",
    ),
    "scored text": (
        lambda t: t.assign(keep="maybe"),
        {"columns": {**COLUMNS, "scored": "keep"}},
        "'scored' has text",
    ),
    "scored number": (
        lambda t: t.assign(keep=2),
        {"columns": {**COLUMNS, "scored": "keep"}},
        "'scored' is neither true nor false",
    ),
    "missing column": (
        lambda t: t.rename(columns={"reward": "rewards"}),
        {},
        "column 'reward' is unknown; did you mean 'rewards'",
    ),
    "missing role": (lambda t: t, {"columns": {"choice": "choice"}}, "role 'subject' is missing"),
    "misspelt role": (
        lambda t: t,
        {"columns": {**COLUMNS, "blocks": "comment"}},
        "'blocks' is reserved, too near to the role 'block'",
    ),
    "reserved role": (lambda t: t, {"columns": {**COLUMNS, "event_time": "rt"}}, "is reserved"),
    "column twice": (
        lambda t: t,
        {"columns": {**COLUMNS, "block": "session"}},
        "column 'session' is given for several roles: session, block",
    ),
    "two columns of one name": (
        lambda t: pd.concat([t, t[["cue"]]], axis=1),
        {},
        "more than one column 'cue'",
    ),
    "event order": (
        lambda t: t,
        {"events": {"response": "rt", "start": 0.0}},
        "event times fall within the trial",
    ),
    "event column": (lambda t: t, {"events": {"go": "rtt"}}, "'rtt' is unknown; did you mean 'rt'"),
    "signed": (
        lambda t: t,
        {"signed": ["reward", "rewards", "choice"]},
        "(?s)2 problems.*signed 'rewards' is unknown; did you mean 'reward'.*signed 'choice'",
    ),
    "signed values": (
        put("reward", 3, 0.5),
        {"signed": ["reward"]},
        "'reward' is marked signed, but is neither 0, 1 nor NaN on trial 3",
    ),
    "after_choice": (lambda t: t, {"after_choice": ["cu"]}, "after_choice 'cu' is unknown"),
    "events in an array": (
        lambda t: t,
        {"events": np.array([True, False])},
        r"events = ndarray of shape \(2,\): expected a list of names in the order of the trial",
    ),
    "stored number": (lambda t: t, {"stored": -1}, "stored = -1: expected a dict"),
    "stored series": (
        lambda t: t,
        {"stored": pd.Series([1, 2])},
        r"stored = Series of shape \(2,\): expected a dict",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_table_is_named(table, name):
    change, options, message = BROKEN[name]
    with pytest.raises(DataError, match=message):
        from_frame(change(table), **{"columns": COLUMNS, "labels": LABELS, **options})


def test_several_problems_stand_in_one_error(table):
    table = put("choice", 3, "up")(put("reward", 2, "win")(put("rt", 6, -1)(table)))
    with pytest.raises(DataError, match="table: 3 problems") as error:
        from_frame(table, COLUMNS, labels=LABELS)
    for text in ("unknown labels 'up'", "'reward' has text", "'rt' is negative"):
        assert text in str(error.value)


def test_all_missing_columns_are_named(table):
    with pytest.raises(DataError, match="2 problems") as error:
        from_frame(table, {**COLUMNS, "a": "sesion", "b": "trail"}, labels=LABELS)
    assert "did you mean 'session'" in str(error.value)
    assert "did you mean 'trial'" in str(error.value)


def test_nothing_is_dropped_or_guessed(table):
    table.loc[3, "choice"] = np.nan
    trials = from_frame(table, COLUMNS, labels=LABELS, attrs={"notes": ["a"], "task": "x"})
    assert trials.sizes["trial"] == len(table)
    assert np.isnan(trials["choice"].values[3])
    right = (table["choice"] == "right").to_numpy()
    assert (trials["choice"].values[right] == 1).all()
    assert json.loads(trials.attrs["unread_columns"]) == ["comment"]
    assert json.loads(trials.attrs["notes"]) == ["a"]


def test_labels_of_any_size_stay_labels(table):
    large = table.assign(session=table["session"] * 1e300)
    trials = from_frame(large, COLUMNS, labels=LABELS)
    assert set(trials["session"].values) == {"1e+300", "2e+300"}
    endless = table.assign(session=table["session"].replace(2, np.inf))
    assert set(from_frame(endless, COLUMNS, labels=LABELS)["session"].values) == {"1.0", "inf"}


def test_labels_may_rename_values(table):
    codes = table.assign(choice=np.tile([1, 2], 12))
    trials = from_frame(codes, COLUMNS, labels={2: "right", 1: "left"})
    assert trials["choice"].attrs["labels"] == ["right", "left"]
    np.testing.assert_array_equal(trials["choice"], np.tile([1.0, 0.0], 12))


def test_session_and_trial_are_optional(table):
    trials = from_frame(table, {"subject": "subject", "choice": "choice"}, labels=LABELS)
    assert set(trials["session"].values) == {"1"}
    np.testing.assert_array_equal(trials["trial_in_session"], np.tile(np.arange(8), 3))


def test_trial_numbers_from_one_become_numbers_from_zero(table):
    trials = from_frame(table.assign(trial=table["trial"] + 1), COLUMNS, labels=LABELS)
    np.testing.assert_array_equal(trials["trial_in_session"], table["trial"])


def test_sessions_are_not_mixed_up_by_a_slash(table):
    named = table.assign(
        subject=table["subject"].map({"a": "r", "b": "r/1", "c": "c"}),
        session=np.repeat(["1/2", "3", "2", "3", "1", "2"], 4),
    )
    trials = from_frame(named, COLUMNS, labels=LABELS)
    assert len(np.unique(SessionKFold(2).groups(trials))) == 6


@pytest.mark.parametrize("names", [["ses-01", "ses-02"], ["2024-03-01", "2024-03-02"], ["a", "b"]])
def test_sessions_nest_in_subjects(table, names):
    named = table.assign(session=np.tile(np.repeat(names, 4), 3))
    trials = from_frame(named, COLUMNS, labels=LABELS)
    assert len(np.unique(session_number(trials))) == 6
    assert len(np.unique(SessionKFold(2).groups(trials))) == 6


def test_round_trip(trials):
    trials["choice"][0] = np.nan
    trials["flag"].attrs["known"] = "after_choice"
    df = to_frame(trials)
    assert df["choice"].tolist()[:3] != [0, 1, 0]
    back = from_frame(df, **df.attrs["from_frame"])
    xr.testing.assert_identical(back, trials)


def test_to_frame_refuses_time_resolved_data(trials):
    timed = trials.assign(
        inputs=(("trial", "time", "feature"), np.zeros((36, 4, 1))),
        n_steps=("trial", np.full(36, 4)),
    ).assign_coords(time=np.arange(4) * 0.1)
    with pytest.raises(DataError, match="'inputs' has a value per time step"):
        to_frame(timed)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"subject,choice\n", "the table has no rows"),
        (b"subject,choice\nJos\xe9,1\n", "not UTF-8 at byte"),
        (b"subject,choice\na,1\nb,1,2,3\n", "cannot be read as a table"),
        (b"subject,choice,choice\na,0,1\n", "more than one column 'choice'"),
        (b"subject,choice\na,0\na\n", "2 column names but 1 cells on row 1"),
        (b"subject,choice\na,0,5\na,1,5\n", "2 column names but 3 cells on rows 0, 1"),
        (b'subject,choice\na,"0\n', "cannot be read as a table"),
        (b"subject,choice\na,null\na,1\n", "choice is text"),
    ],
)
def test_broken_file_is_named(tmp_path, content, message):
    path = tmp_path / "trials.csv"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        load_table(path, {"subject": "subject", "choice": "choice"})


def test_file_that_is_not_there(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        load_table(tmp_path / "none.csv", COLUMNS)


def test_file_keeps_leading_zeros(tmp_path):
    path = tmp_path / "trials.tsv"
    path.write_text("id\tc\n01\t0\n01\tNA\n02\t1\n")
    trials = load_table(path, {"subject": "id", "choice": "c"}, labels=[0, 1])
    assert list(trials["subject"].values) == ["01", "01", "02"]
    assert np.isnan(trials["choice"].values[1])


@pytest.mark.parametrize(
    "content",
    [
        "id;c\n01;0\n01;1\n02;1\n",
        "id\tc\n01\t0\n01\t1\n02\t1\n",
        "\ufeff id , c \n01, 0\n 01 ,1 \n02,1\n\n,\n",
        '"id","c"\r\n"01","0"\r\n"01","1"\r\n"02","1"',
    ],
)
def test_files_of_other_programs_are_read_alike(tmp_path, content):
    path = tmp_path / "trials.csv"
    path.write_text(content, encoding="utf-8", newline="")
    trials = load_table(path, {"subject": "id", "choice": "c"})
    assert list(trials["subject"].values) == ["01", "01", "02"]
    np.testing.assert_array_equal(trials["choice"], [0.0, 1.0, 1.0])


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        (["FALSE", "TRUE"], ["False", "True"]),
        (["1", "2"], ["1", "2"]),
        (["1.0", "2.0"], [1, 2]),
        (["left ", " right"], ["left", "right"]),
    ],
)
def test_labels_match_however_they_are_written(tmp_path, values, labels):
    path = tmp_path / "trials.csv"
    path.write_text("id,c\n" + "".join(f"a,{value}\n" for value in [*values, ""]))
    trials = load_table(path, {"subject": "id", "choice": "c"}, labels=labels)
    np.testing.assert_array_equal(trials["choice"], [0.0, 1.0, np.nan])


def test_milliseconds_are_suspected(table):
    with pytest.warns(UserWarning, match="'rt' has a median of .* divide by 1000"):
        from_frame(table.assign(rt=1000 * table["rt"]), COLUMNS, labels=LABELS)


def test_a_role_that_is_needed_is_asked_for(table):
    message = "role 'choice' is missing in columns: name the column that holds it"
    with pytest.raises(DataError, match=message):
        from_frame(table, {role: name for role, name in COLUMNS.items() if role != "choice"})


def test_values_can_be_written_to_and_the_table_keeps_its_own():
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"subject": ["a"] * 6 + ["b"] * 6, "choice": [0, 1] * 6})
    table["cue"], table["reward"] = rng.normal(size=12), rng.integers(0, 2, 12)
    table["block"] = np.tile(np.repeat([1, 2], 3), 2)
    before = table.copy(deep=True)
    trials = from_frame(table, {name: name for name in table})
    for name in ("choice", "cue", "reward", "block", "trial_in_session"):
        trials[name][:] = 0
        assert not trials[name].values.any()
    pd.testing.assert_frame_equal(table, before)


@pytest.mark.filterwarnings("ignore::neuroalrnn.exceptions.DataWarning")
def test_lists_in_cells_are_read_by_their_entry_and_named_elsewhere():
    cells = [[0.5, 2.0], np.array([1.5]), 2.5, [], None, {"a": 1}]
    table = pd.DataFrame({"ID": "ann", "resp": [0, 1] * 3, "licks": pd.Series(cells, dtype=object)})
    roles, last = {"subject": "ID", "choice": "resp"}, {"from": "licks", "element": "last"}
    trials = from_frame(table.iloc[:5], roles, derive={"lick": last})
    np.testing.assert_array_equal(trials["lick"], [2, 1.5, 2.5, np.nan, np.nan])
    assert from_frame(table, roles, keep={"licks": ["[1.5]", 2.5]}).sizes["trial"] == 2
    with pytest.raises(DataError, match=r"'licks' holds lists where numbers are expected, '\[0.5"):
        from_frame(table.iloc[:5], roles | {"licks": "licks"})
    with pytest.raises(DataError, match=r"choice has unknown labels '\[0.5, 2.0\]', "):
        from_frame(table, {"subject": "ID", "choice": "licks"}, labels=[2.5, 1])
