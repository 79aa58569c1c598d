"""MED-PC: arrays with a value per trial, streams of events, and damaged lines."""

import pytest

from data_loaders.formats import load_medpc, read_medpc, recognise
from neuroalrnn.exceptions import DataError

HEAD = (
    "File: C:\\MED-PC\\x.Subject R1\r\n\r\r\n\r\r\nStart Date: 05/21/25\r\n"
    "Subject: R{n}\r\nMSN: Task_1\r\n"
)
ARRAYS = """B:    1513.000
C:
     0:        1.000        2.000        2.000     -987.987        0.000
L:
     0:       50.000       25.000       75.000
D:
     0:        0.000      100.000      150.000      400.000      430.000
     5:      470.000
E:
     0:        1.000       16.000       16.000        1.000        2.000
     5:       16.000
"""
STREAM = {"times": "D", "codes": "E", "tick": 0.01, "names": {"start": 1, "lick": 16}}


@pytest.fixture
def path(tmp_path):
    text = HEAD.format(n=1) + ARRAYS.replace("\n", "\r\n") + HEAD.format(n=2) + ARRAYS
    (tmp_path / "rats").write_bytes(text.encode("cp1252"))
    return tmp_path / "rats"


def test_arrays_with_a_value_per_trial_are_columns(path):
    assert recognise(path) == "medpc"
    found = read_medpc(path, arrays={"choice": "C", "latency": "L"})
    table = found.table
    assert table["Subject"].tolist() == ["R1"] * 3 + ["R2"] * 3
    assert table["choice"].tolist() == [1, 2, 2] * 2
    assert table["B"].tolist() == [1513] * 6
    assert table["session_in_file"].tolist() == [1, 1, 1, 2, 2, 2]
    trials = load_medpc(path, {"choice": "choice"}, arrays={"choice": "C"}, labels=[1, 2])
    assert trials["choice"].values.tolist() == [0, 1, 1] * 2
    assert trials["subject"].values.tolist() == ["R1"] * 3 + ["R2"] * 3


def test_events_are_folded_into_trials(path):
    table = read_medpc(path, starts=["start"], **STREAM).table.iloc[:2]
    assert table["start.time"].tolist() == [0, 4]
    assert table["lick.time"].tolist() == [[1, 1.5], [4.7]]
    assert table["lick.n"].tolist() == [2, 1]
    assert table["2.n"].tolist() == [0, 1]
    first = read_medpc(path, starts=["start"], reduce={"lick.time": "first"}, **STREAM).table
    assert first["lick.time"].tolist() == [1, 4.7] * 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, r"say either arrays .*arrays: C \(3\), L \(3\), D \(6\), E \(6\)"),
        ({"arrays": {"choice": "Q"}}, "choice: there is no array 'Q'"),
        ({"arrays": {"choice": "C", "t": "D"}}, r"choice = C \(3\), t = D \(6\)"),
        ({"times": "D", "codes": "E"}, "events need times, codes and tick"),
        (STREAM, "3 kinds of 'event', start, lick, 2"),
        (STREAM | {"starts": ["strt"]}, "starts: 'strt'.*start"),
    ],
)
def test_what_arrays_hold_has_to_be_said(path, options, message):
    with pytest.raises(DataError, match=message):
        read_medpc(path, **options)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("     5:      470", "     6:      470", "begins at 6: a line before it is lost"),
        ("     5:      470", "     5:      4x0", "is no part of a MED-PC file"),
        ("C:", "c:", "is no part of a MED-PC file"),
    ],
)
def test_damaged_lines_are_named(path, old, new, message):
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(DataError, match=message):
        read_medpc(path, arrays={"choice": "C"})
