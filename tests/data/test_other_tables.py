"""Tables that are no delimited text: logs of E-Prime, records of jsPsych, Excel, Parquet."""

import datetime
import io
import json
import sys
import zipfile

import numpy as np
import pandas as pd
import pytest

from neuroalrnn.data import _binary, _records, load_table
from neuroalrnn.data.dialect import read_raw
from neuroalrnn.exceptions import DataError


def frame(level, **lines):
    tabs = "\t" * (level - 1)
    inside = "".join(f"{tabs}{name}: {value}\r\n" for name, value in lines.items())
    start, end = "*** LogFrame Start ***", "*** LogFrame End ***"
    return f"{tabs}Level: {level}\r\n{tabs}{start}\r\n{inside}{tabs}{end}\r\n"


HEADER = (
    "*** Header Start ***\r\nVersionPersist: 1\r\nLevelName: Session\r\nLevelName: Block\r\n"
    "LevelName: Trial\r\nSubject: 007\r\nSession: 1\r\n*** Header End ***\r\n"
)
LOG = HEADER + "".join(
    [
        frame(2, Procedure="Rating", RT=900),
        frame(3, Procedure="Go", RESP="f", RT=300, Cue=1),
        frame(3, Procedure="Go", RESP="", RT=0, Cue=-1),
        frame(2, Procedure="Easy", Set="a: b"),
        frame(3, Procedure="Go", RESP="j", RT=250, Cue=1),
        frame(2, Procedure="Hard", Set="c"),
        frame(1, Subject="007", Session=1, Version=2),
    ]
)


def write(tmp_path, content, name):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_log_of_eprime_is_a_table_of_innermost_frames(tmp_path):
    path = write(tmp_path, LOG.encode("utf-16"), "log.txt")
    cells, dialect = read_raw(path)
    assert (dialect.kind, dialect.encoding) == ("E-Prime log", "utf-16-le")
    assert cells["Level"].tolist() == ["Block", "Trial", "Trial", "Trial"]
    assert cells["Procedure[Block]"].tolist() == ["", "Easy", "Easy", "Hard"]
    assert cells["Set"].tolist() == ["", "a: b", "a: b", "c"]
    assert cells["Procedure"].tolist() == ["Rating", "Go", "Go", "Go"]
    assert set(cells["Subject"]) == {"007"}
    assert cells["Version"].tolist() == ["2"] * 4
    trials = load_table(
        path, {"subject": "Subject", "block": "Procedure[Block]", "choice": "RESP", "rt": "RT",
               "cue": "Cue"},
        keep={"Level": "Trial"}, labels=["f", "j"], missing={"rt": [0]}, units={"rt": "ms"},
    )  # fmt: skip
    np.testing.assert_array_equal(trials["choice"], [0, np.nan, 1])
    np.testing.assert_allclose(trials["rt"], [0.3, np.nan, 0.25])
    assert trials["block"].values.tolist() == ["Easy", "Easy", "Hard"]
    assert trials["subject"].values.tolist() == ["007"] * 3


def test_log_of_a_run_that_was_stopped_has_no_outer_frames(tmp_path):
    cut = LOG[: LOG.index("\tLevel: 2\r\n", LOG.index("Easy"))]
    cells, _ = read_raw(write(tmp_path, cut, "log.txt"))
    assert cells["Procedure[Block]"].tolist() == ["", "Easy", "Easy", ""]
    assert set(cells["Subject"]) == {"007"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text[:-30], r"frame of line \d+ has no end: the file is cut off"),
        (lambda text: text.replace("RT: 300", "RT 300"), r"line 18 is 'RT 300': expected a line"),
        (lambda text: HEADER, "the log holds no frame"),
        (lambda text: text.replace("\t\t*** LogFrame End ***\r\n", "", 1), "a frame begins inside"),
    ],
)
def test_broken_logs_are_named(tmp_path, change, message):
    with pytest.raises(DataError, match=message):
        read_raw(write(tmp_path, change(LOG), "log.txt"))


SCREENS = [
    {"success": True, "trial_type": "preload", "failed": []},
    {"rt": None, "response": None, "trial_type": "fixation", "trial_index": 1},
    {"rt": 1398, "response": "y", "trial_type": "choice", "trial_index": 2, "answers": {"Q": "né"}},
    {"rt": 2.5e3, "response": "n", "trial_type": "choice", "trial_index": 3},
]


def test_records_of_jspsych_are_a_table(tmp_path):
    path = write(tmp_path, json.dumps(SCREENS), "ann.json")
    cells, dialect = read_raw(path)
    assert dialect.kind == "JSON records"
    assert cells["rt"].tolist() == ["", "", "1398", "2500.0"]
    assert cells["success"].tolist() == ["true", "", "", ""]
    assert cells["failed"][0] == "[]"
    assert cells["answers"][2] == '{"Q": "né"}'
    trials = load_table(
        path, {"choice": "response", "rt": "rt"}, file_name="{subject}.json",
        keep={"trial_type": "choice"}, labels={"yes": ["y"], "no": ["n"]}, units={"rt": "ms"},
    )  # fmt: skip
    np.testing.assert_allclose(trials["rt"], [1.398, 2.5])
    assert trials["subject"].values.tolist() == ["ann", "ann"]


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("\n".join(map(json.dumps, SCREENS)), None),
        (json.dumps({"rt": [1, 2], "response": ["y", "n"]}), None),
        (json.dumps([SCREENS, SCREENS[2:]]), ["0"] * 4 + ["1"] * 2),
        (json.dumps(SCREENS) + "\n" + json.dumps(SCREENS[2:]), ["0"] * 4 + ["1"] * 2),
    ],
)
def test_other_forms_of_json_are_tables_too(tmp_path, text, part):
    cells, _ = read_raw(write(tmp_path, text, "trials.txt"))
    assert cells["response"].tolist()[-2:] == ["y", "n"]
    assert (cells["part"].tolist() if "part" in cells else None) == part


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[{"a": 1}, {"a": }]', "no JSON: Expecting value on line 1, column 18"),
        ('{"a": 1}\n{"a": \n', "one record per line; record 2"),
        ("[1, 2]", r"cannot be read: expected a list of records"),
        ("[]", "expected a list of records"),
        ("[{}]", "1 records with 0 names"),
        ("3", "expected a list of records"),
        ("[" * 100_000, "cannot be read"),
    ],
)
def test_json_that_is_no_table_is_refused(tmp_path, text, message):
    with pytest.raises(DataError, match=message):
        read_raw(write(tmp_path, text, "trials.json"))


def test_unlike_records_do_not_fill_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(_records, "MOST_CELLS", 50)
    path = write(tmp_path, json.dumps([{str(k): k} for k in range(10)]), "trials.json")
    with pytest.raises(DataError, match="10 records with 10 names"):
        read_raw(path)


def test_brackets_in_a_header_are_no_json(tmp_path):
    assert read_raw(write(tmp_path, "[id],c\n1,0\n", "t.csv"))[1].separator == ","


CELLS = {
    "id": ["07", "07"], "c": [0, 1], "x": [0.1, None], "w": [True, False],
    "when": [datetime.datetime(2024, 1, 2, 3, 4), None],
}  # fmt: skip
TEXTS = {
    "id": ["07", "07"], "c": ["0", "1"], "x": ["0.1", ""], "w": ["true", "false"],
    "when": ["2024-01-02 03:04:00", ""],
}  # fmt: skip


def test_parquet_is_read_as_texts(tmp_path):
    pytest.importorskip("pyarrow")
    table = pd.DataFrame(CELLS | {"c": pd.array([0, 1], dtype="Int64")})
    table["id"] = table["id"].astype("category")
    table.set_index("c", append=True).to_parquet(tmp_path / "t.parquet")
    cells, dialect = read_raw(tmp_path / "t.parquet")
    assert dialect.kind == "Parquet"
    assert {name: cells[name].tolist() for name in TEXTS} == TEXTS
    data = (tmp_path / "t.parquet").read_bytes()
    with pytest.raises(DataError, match=r"cannot be read .* damaged or cut off"):
        read_raw(write(tmp_path, data[:-9], "cut.parquet"))


def test_excel_is_read_as_texts(tmp_path, monkeypatch):
    pytest.importorskip("openpyxl")
    table = pd.DataFrame(CELLS)
    table.to_excel(tmp_path / "t.xlsx", index=False)
    cells, dialect = read_raw(tmp_path / "t.xlsx")
    assert dialect.kind == "Excel"
    assert cells.to_dict("list") == TEXTS
    with pd.ExcelWriter(tmp_path / "two.xlsx") as file:
        table.to_excel(file, sheet_name="one")
        table.to_excel(file, sheet_name="two")
    with pytest.raises(DataError, match=r"2 sheets hold cells \('one', 'two'\): name that of"):
        read_raw(tmp_path / "two.xlsx")
    assert read_raw(tmp_path / "two.xlsx", sheet="two")[0][[*TEXTS]].to_dict("list") == TEXTS
    with pytest.raises(DataError, match=r"sheet 'tow' is unknown.* did you mean 'two'"):
        read_raw(tmp_path / "two.xlsx", sheet="tow")
    monkeypatch.setattr(_binary, "MOST_EXCEL", 100)
    with pytest.raises(DataError, match="unpacks to more than"):
        read_raw(tmp_path / "t.xlsx")


def test_archives_and_packages_that_are_not_there_are_named(tmp_path, monkeypatch):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("../trials.csv", "id,c\n")
    with pytest.raises(DataError, match="a zip archive: unpack it"):
        read_raw(write(tmp_path, archive.getvalue(), "t.zip"))
    with pytest.raises(DataError, match="damaged or cut off"):
        read_raw(write(tmp_path, archive.getvalue()[:30], "t.xlsx"))
    with pytest.raises(DataError, match=r"before 2007: save it as \.xlsx"):
        read_raw(write(tmp_path, b"\xd0\xcf\x11\xe0" + bytes(100), "t.xls"))
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(DataError, match="pyarrow is needed to read it: pip install pyarrow"):
        read_raw(write(tmp_path, b"PAR1" + bytes(100), "t.parquet"))
