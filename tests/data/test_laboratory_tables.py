"""Tables as laboratories keep them: many files, practice rows, several codes for one option."""

import json

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from neuroalrnn import sources
from neuroalrnn.cli.tell import tell_trials
from neuroalrnn.config import Run, load_run
from neuroalrnn.data import from_frame, load_table, to_frame
from neuroalrnn.data.load_report import tell_load
from neuroalrnn.exceptions import ConfigError, DataError

pytestmark = pytest.mark.filterwarnings("ignore::neuroalrnn.exceptions.DataWarning")

HEAD = "trial,phase,stim,resp,rt\n"
ROWS = [
    "1,practice,le,f,null", "2,test,le,f,300", "3,test,ri,1,400", "4,test,le,j,", "5,break,,,9",
]  # fmt: skip
COLUMNS = {"subject": "subject", "choice": "resp", "rt": "rt"}
LABELS = {"left": ["f", 1], "right": ["j", 2]}
KEEP = {"phase": "test"}


@pytest.fixture
def folder(tmp_path):
    for name, more in (("anna", "6,test,ri,2,500"), ("01", "6,test,le,f,600")):
        text = HEAD + "\n".join([*ROWS, more])
        (tmp_path / f"sub-{name}_ses-1.csv").write_text(text, encoding="utf-8")
    return tmp_path


def load(folder, columns=COLUMNS, **options):
    given = {
        "file_name": "sub-{subject}_ses-{session}.csv", "labels": LABELS, "keep": KEEP,
        "units": {"rt": "ms"},
    }  # fmt: skip
    return load_table(folder / "*.csv", columns, **given | options)


def test_one_file_per_subject_is_one_table(folder):
    trials = load(folder)
    assert trials["subject"].values.tolist() == ["01"] * 4 + ["anna"] * 4
    assert trials["session"].values.tolist() == ["1"] * 8
    np.testing.assert_array_equal(trials["choice"], [0, 0, 1, 0, 0, 0, 1, 1])
    np.testing.assert_allclose(trials["rt"].values[:4], [0.3, 0.4, np.nan, 0.6])
    assert list(trials["choice"].attrs["labels"]) == ["left", "right"]
    listed = [*folder.glob("*.csv")][::-1]
    by_hand = load_table(
        listed,
        {"subject": "subject", "choice": "resp"},
        labels=LABELS,
        keep=KEEP,
        file_name="{subject}_ses-1.csv",
    )
    assert set(by_hand["subject"].values) == {"sub-01", "sub-anna"}


def test_values_with_one_label_are_one_option(folder):
    labels = {"j": "right", "f": "left", 1: "left", 2: "right"}
    trials = load(folder, labels=labels)
    assert list(trials["choice"].attrs["labels"]) == ["right", "left"]
    np.testing.assert_array_equal(trials["choice"], [1, 1, 0, 1, 1, 1, 0, 0])


def test_what_was_read_and_dropped_is_kept_and_told(folder):
    trials = load(folder, keep={"phase": ["test", "break"], "rt": {"below": 500}})
    report = json.loads(trials.attrs["load_report"])
    assert (report["rows_read"], report["rows_kept"]) == (12, 6)
    assert report["dropped"] == {"phase is test or break": 2, "rt is below 500": 4}
    assert [file["name"] for file in report["files"]] == ["sub-01_ses-1.csv", "sub-anna_ses-1.csv"]
    assert report["unscored"] == {"no choice": 2}
    told = "\n".join(tell_load(trials))
    assert "read sub-01_ses-1.csv: 6 rows, delimited text, separated by comma, utf-8" in told
    assert "rows: 12 read, 6 kept\ndropped 2 rows: kept are those where phase is test or" in told
    assert "  rows: 12 read, 6 kept\n" in tell_trials("mine", trials)


def test_round_trip_by_netcdf_and_table_changes_nothing(folder):
    trials = load(folder, COLUMNS | {"phase": "phase"}, text=["phase"])
    trials.to_netcdf(folder / "trials.nc", engine="h5netcdf")
    stored = xr.load_dataset(folder / "trials.nc", engine="h5netcdf")
    back = to_frame(stored)
    assert from_frame(back, **back.attrs["from_frame"]).identical(stored)
    xr.testing.assert_equal(stored, trials)
    assert stored.attrs == trials.attrs
    back.to_csv(folder / "again.csv", index=False)
    again = load_table(folder / "again.csv", **back.attrs["from_frame"])
    assert again.attrs == trials.attrs
    pd.testing.assert_frame_equal(to_frame(again), to_frame(trials))


@pytest.mark.parametrize(
    ("rule", "rows"),
    [
        ({"trial": 2}, [2]),
        ({"trial": {"is_not": [2.0, "3"]}}, [1, 4, 5, 6]),
        ({"trial": {"above": 2, "at_most": 5}}, [3, 4, 5]),
        ({"trial": {"at_least": 2}, "phase": "test"}, [2, 3, 4, 6]),
        ({"rt": {"present": False}}, [1, 4]),
        ({"rt": {"present": True}}, [2, 3, 5, 6]),
        ({"phase": {"is_not": "practice"}, "rt": {"below": 350}}, [2, 5]),
    ],
)
def test_rows_are_kept_by_rule(folder, rule, rows):
    path = folder / "sub-anna_ses-1.csv"
    trials = load_table(
        path, {"choice": "resp", "number": "trial"}, constants={"subject": "anna"}, keep=rule,
        labels=LABELS, missing={"rt": "null"},
    )  # fmt: skip
    assert trials["number"].values.tolist() == rows


def test_rows_in_messages_are_those_of_the_file(folder):
    with pytest.raises(DataError, match=r"'1' on rows 2 of sub-01_ses-1\.csv, 2 of"):
        load(folder, labels=["f", "j", "2"])
    with pytest.raises(DataError, match=r"'x' has text .* 'le', on row 3: "):
        load_table(folder / "sub-01_ses-1.csv", {"choice": "resp", "x": "stim"}, labels=LABELS,
                   constants={"subject": "a"}, keep={"trial": [3, 4]})  # fmt: skip


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"keep": {"phas": 1}}, "column 'phas' is unknown; did you mean 'phase'"),
        ({"keep": {"phase": {"over": 1}}}, "keep 'phase': 'over' is unknown"),
        ({"keep": {"trial": {"above": "2"}}}, "above = '2': expected a number"),
        ({"keep": {"phase": []}}, r"is = \[\]: expected a value"),
        ({"keep": {"phase": {"present": "yes"}}}, "present = 'yes': true or false"),
        ({"keep": {"phase": "Test"}}, "keep phase is Test: no row is left; the column holds 'prac"),
        (
            {"keep": {"trial": [1, 4], "rt": {"above": 0}}},
            "'rt' has text .* 'null', on rows 0 of sub-01",
        ),
        ({"keep": {"__import__('os')": 1}}, "is unknown"),
        ({"file_name": "{subject}"}, "column 'phase_x' is unknown"),
        ({"file_name": "sub.csv"}, "'sub.csv': expected names in braces"),
        ({"file_name": "s-{subject}.csv"}, "does not fit sub-01_ses-1.csv, sub-anna_ses-1.csv"),
        ({"file_name": "sub-{trial}_ses-{session}.csv"}, "column 'trial' is made, and the table"),
        ({"constants": {"subject": "a"}}, "column 'subject' is made"),
        ({"derive": {"x": "stim"}}, r"derive 'x': expected \{from = 'COLUMN'"),
        ({"derive": {"x": {"from": "stim", "eval": "1"}}}, "derive 'x': 'eval' is unknown"),
        ({"derive": {"x": {"from": "stim"}}}, "expected one of equals, map"),
        ({"derive": {"x": {"from": "rt", "lag": 0}}}, "lag = 0: expected a whole number from 1"),
        ({"derive": {"x": {"from": "rt", "unit": "hz"}}}, "unit = 'hz': expected one of s, ms"),
        ({"derive": {"x": {"from": "stim", "map": {"le": 1}}}}, r"leaves out 'ri' \(3 rows\), fir"),
        (
            {"derive": {"x": {"from": "stim", "one_hot": ["le"]}}},
            "one_hot leaves out 'ri' .3 rows., first on rows 2 of sub-01",
        ),
        ({"derive": {"x": {"from": "stim", "minus": "rt"}}}, "derive 'x': 'stim' has text"),
        ({"derive": {"phase": {"from": "rt", "lag": 1}}}, "'phase' is made, and the table has one"),
        ({"derive": {"choice": {"from": "rt", "lag": 1}}}, "column 'resp' plays this role"),
        ({"derive": {"rt": {"from": "trial", "lag": 1}}}, "'rt' is made, and"),
        ({"labels": {"left": ["f", 1], "right": ["j", "1"]}}, "hold one value twice"),
        ({"text": ["rt"]}, "text 'rt': this is a role of numbers"),
        ({"text": ["stimulus"]}, "text 'stimulus' is unknown"),
    ],
)
def test_mistakes_are_named(folder, options, message):
    columns = COLUMNS | ({"phase_x": "phase_x"} if "phase_x" in message else {})
    with pytest.raises(DataError, match=message):
        load(folder, columns, **options)


def test_copies_and_odd_files_are_refused(folder):
    path = folder / "sub-bert_ses-1.csv"
    path.write_bytes((folder / "sub-01_ses-1.csv").read_bytes())
    with pytest.raises(DataError, match=r"01_ses-1.csv, .*bert_ses-1.csv are byte for byte"):
        load(folder)
    path.write_text("trial,resp,rt\n1,f,300\n")
    with pytest.raises(DataError, match=r"column 'phase' is not in .*sub-bert_ses-1.csv"):
        load(folder)
    path.write_text(HEAD.replace("stim", "phase"))
    with pytest.raises(DataError, match="more than one column 'phase'"):
        load(folder)
    with pytest.raises(DataError, match="no file has such a name"):
        load_table(folder / "*.dat", COLUMNS)
    with pytest.raises(DataError, match="the list of files is empty"):
        load_table([], COLUMNS)


def test_columns_are_derived_by_transforms(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(
        "id,c,stim,left,right,feedback,times,mixed\n"
        "a,0,le,1,3,won,\"[0.25, 0.5]\",TRUE\na,1,ri,2,,lost,[],1\nb,0,le,4,4,,0.75,TRUE\n"
        "b,1,,1,2,won,\"['x', 2.5]\",\n"
    )  # fmt: skip
    trials = load_table(
        path, {"subject": "id", "choice": "c", "side": "side", "where": "where"},
        derive={
            "reward": {"from": "feedback", "equals": ["won", "paid"]},
            "side": {"from": "stim", "map": {"le": -1, "ri": 1}},
            "where": {"from": "stim", "map": {"le": "on the left", "ri": "on the right"}},
            "more": {"from": "right", "minus": "left"},
            "before": {"from": "side", "lag": 1},
            "cue": {"from": "stim", "one_hot": True},
            "end": {"from": "times", "element": "last"},
            "rt": {"from": "left", "unit": "ms"},
        },
        text=["where"],
    )  # fmt: skip
    expected = {
        "reward": [1, 0, np.nan, 1], "side": [-1, 1, -1, np.nan], "more": [2, np.nan, 0, 1],
        "before": [np.nan, -1, np.nan, -1], "cue_le": [1, 0, 1, np.nan],
        "cue_ri": [0, 1, 0, np.nan], "end": [0.5, np.nan, 0.75, 2.5],
        "rt": [0.001, 0.002, 0.004, 0.001],
    }  # fmt: skip
    for name, values in expected.items():
        np.testing.assert_allclose(trials[name], values, err_msg=name)
    assert trials["where"].values.tolist() == ["on the left", "on the right", "on the left", ""]


def test_tables_of_psychopy_have_marks_lists_and_an_empty_column(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(
        "cue,trials.thisN,mouse.time,mouse.clicked_name,participant,session,\r\n"
        '<---,0,"[0.25, 1.5]","[\'right\']",350024,001,\r\n'
        "--->,1,[],[],350024,001,\r\n"
        '--->,2,"[0.75]","[\'left\']",350024,001,\r\n,,,,350024,001,\r\n'.encode("utf-8-sig")
    )
    trials = load_table(
        path, {"subject": "participant", "session": "session", "trial": "trials.thisN",
               "choice": "clicked", "cue": "cue"},
        derive={"clicked": {"from": "mouse.clicked_name", "element": "first"},
                "rt": {"from": "mouse.time", "element": "last"}},
        keep={"trials.thisN": {"present": True}}, labels=["left", "right"], text=["cue"],
    )  # fmt: skip
    np.testing.assert_array_equal(trials["choice"], [1, np.nan, 0])
    np.testing.assert_array_equal(trials["rt"], [1.5, np.nan, 0.75])
    assert set(trials["session"].values) == {"001"}
    assert trials["cue"].values.tolist() == ["<---", "--->", "--->"]


@pytest.mark.parametrize(
    ("cell", "first", "last"),
    [
        ("[0.5]", "0.5", "0.5"), ("['a, b', \"c]\"]", "a, b", "c]"), ("(1, 2,)", "1", "2"),
        ("[]", np.nan, np.nan), ("plain", "plain", "plain"), ("[null, 1]", np.nan, "1"),
        ("[" * 10**5, np.nan, np.nan),
    ],
)  # fmt: skip
def test_elements_of_list_cells(cell, first, last):
    from neuroalrnn.data.columns import entry

    np.testing.assert_equal([entry(cell, "first"), entry(cell, "last")], [first, last])


def test_missing_codes_spare_derived_columns(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("id,c,stim,x\n-1,0,le,5\n-1,-1,ri,-1\n2,1,-1,2\n")
    derive = {"side": {"from": "stim", "map": {"le": -1, "ri": 1}}}
    trials = load_table(
        path, {"subject": "id", "choice": "c", "x": "x"}, derive=derive, missing=[-1]
    )
    np.testing.assert_array_equal(trials["side"], [-1, 1, np.nan])
    np.testing.assert_array_equal(trials["x"], [5, np.nan, 2])
    assert trials["subject"].values.tolist() == ["-1", "-1", "2"]
    trials = load_table(
        path, {"subject": "id", "choice": "c"}, derive=derive, missing={"c": [-1], "stim": -1}
    )
    np.testing.assert_array_equal(trials["choice"], [0, np.nan, 1])


def test_text_conditions_divide_trials(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("id,c,phase,code\na,0,früh,1\na,1,spät,2\na,1,,1\n", encoding="utf-8")
    columns = {"subject": "id", "choice": "c", "phase": "phase", "code": "code"}
    trials = load_table(path, columns, text=["phase", "code"], after_choice=["phase"])
    assert trials["phase"].values.tolist() == ["früh", "spät", ""]
    assert trials["phase"].attrs == {"known": "after_choice"}
    assert trials["code"].values.tolist() == ["1", "2", "1"]
    frame = to_frame(trials)
    assert from_frame(frame, **frame.attrs["from_frame"]).identical(trials)


RUN = """
[data]
path = "sub-*.csv"
file_name = "sub-{subject}_ses-{session}.csv"
text = ["phase"]
[data.columns]
choice = "resp"
phase = "phase"
[data.labels]
left = ["f", 1]
right = ["j", 2]
[data.keep]
phase = {is_not = ["practice", "break"]}
[data.derive]
side = {from = "stim", map = {le = -1, ri = 1}}
[analysis]
conditions = ["phase"]
"""


def test_run_file_says_all_of_it(folder):
    (folder / "run.toml").write_text(RUN, encoding="utf-8")
    run = load_run(folder / "run.toml")
    trials = sources.load_trials(str(folder / run.data.path), run)
    np.testing.assert_array_equal(trials["side"], [-1, 1, -1, -1, -1, 1, -1, 1])
    assert trials["subject"].values.tolist() == ["01"] * 4 + ["anna"] * 4
    files = sorted(map(str, folder.glob("*.csv")))
    data = run.data.model_dump(exclude_unset=True) | {"path": files}
    again = sources.load_trials(files[0], Run(data=data))
    assert again.drop_attrs().identical(trials.drop_attrs())
    with pytest.raises(ConfigError, match=r"\[data\] decimal = 'x'"):
        Run(data={"decimal": "x"})
