"""Files as laboratories write them: encodings, separators, compression, ragged rows."""

import bz2
import csv
import gzip
import io
import lzma
from hashlib import sha256

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuroalrnn.data import _encoding, load_table
from neuroalrnn.data.dialect import read_raw
from neuroalrnn.exceptions import DataError

TEXT = "id,c,x\n01,left,0.5\n02,rechts,\n"


def read(tmp_path, content, name="trials.csv", **options):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_raw(path, **options)


@pytest.mark.parametrize(
    ("encoding", "found"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("utf-16", "utf-16-le"),
     ("utf-16-le", "utf-16-le"), ("utf-16-be", "utf-16-be"), ("utf-32", "utf-32-le")],
)  # fmt: skip
def test_encoding_is_found_and_said(tmp_path, encoding, found):
    cells, dialect = read(tmp_path, TEXT.replace("rechts", "für").encode(encoding))
    assert dialect.encoding == found
    assert cells.to_dict("list") == {"id": ["01", "02"], "c": ["left", "für"], "x": ["0.5", ""]}


def test_other_encodings_are_asked_for_at_their_byte(tmp_path):
    data = TEXT.replace("rechts", "José").encode("cp1252")
    message = r"not UTF-8 at byte 25 \(line 3\): .*'02,José,' with encoding='cp1252'"
    with pytest.raises(DataError, match=message):
        read(tmp_path, data)
    cells, dialect = read(tmp_path, data, encoding="cp1252")
    assert (cells["c"][1], dialect.encoding) == ("José", "cp1252")
    with pytest.raises(DataError, match="encoding 'klingon' is not known"):
        read(tmp_path, data, encoding="klingon")
    with pytest.raises(DataError, match="not utf-16-le at byte"):
        read(tmp_path, TEXT.encode("utf-16")[:-1])


@pytest.mark.parametrize(
    ("content", "separator"),
    [
        (TEXT, ","),
        ("id;c;x\n01;left;0,5\n02;right;\n", ";"),
        ("id\tc\tx\n01\tleft, but slow\t0.5\n", "\t"),
        ("id|c\n01|left;up\n", "|"),
        ("  id   c  x\n01 left\t0.5\n 02 right 1\n", " "),
        ('"id" "c" "x"\n"01" "to the left" 0.5\n', " "),
        ('id,c\n01,"a;b"\n02,"two\nlines"\n', ","),
        ("sep=;\nid;c,d;x\n01;left;0\n", ";"),
        ("id,c;d\n01,1;2\n", ","),
    ],
)
def test_separator_is_found_and_said(tmp_path, content, separator):
    cells, dialect = read(tmp_path, content)
    assert dialect.separator == separator
    assert cells.iloc[0, 0] == "01"


def test_suffix_says_which_of_two_separators(tmp_path):
    content = "id,c\tx\n1,2\t3\n"
    assert read(tmp_path, content)[1].separator == ","
    assert read(tmp_path, content, "trials.tsv")[1].separator == "\t"
    assert list(read(tmp_path, content, separator="\t")[0]) == ["id,c", "x"]
    for odd in ("::", '"', "\n", "\u00a7"):
        with pytest.raises(DataError, match="expected one character"):
            read(tmp_path, content, separator=odd)


@pytest.mark.parametrize(
    ("name", "pack"), [("gzip", gzip.compress), ("bzip2", bz2.compress), ("xz", lzma.compress)]
)
def test_compressed_files_are_read_and_bombs_refused(tmp_path, monkeypatch, name, pack):
    data = pack(TEXT.encode())
    cells, dialect = read(tmp_path, data, "trials.csv.gz")
    assert (dialect.compression, dialect.sha256) == (name, sha256(data).hexdigest())
    assert cells["c"].tolist() == ["left", "rechts"]
    for cut in (data[:-5], data[: len(data) // 2] + b"\0" * 20):
        with pytest.raises(DataError, match=f"{name} cannot be unpacked"):
            read(tmp_path, cut)
    monkeypatch.setattr(_encoding, "MOST_UNPACKED", 10)
    with pytest.raises(DataError, match="unpacks to more than"):
        read(tmp_path, data)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b" \n", "the file is empty"),
        (gzip.compress(b"", mtime=0), "unpacks to an empty file"),
        (b"\xef\xbb\xbf \n", "it holds blanks only"),
        (b'""\n,,\n', "it holds blank cells only"),
        (b"id,c\n1,a\0b\n", "holds a zero at byte 8"),
        ("id,c\n1,1,0\n2,2,0\n", "rows 0, 1 .* as R writes them, name that column"),
        ("id,c\n1,0\n2\n3,1,1\n", "2 column names but 1 cells on rows 1, 2"),
        ('id,c\n"1",0\n"2,1\n', "cannot be read as a table"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path, content, message):
    with pytest.raises(DataError, match=message):
        read(tmp_path, content)


@pytest.mark.parametrize("quote", ["", '"'])
def test_blank_rows_are_counted_whatever_their_length(tmp_path, quote):
    q = quote
    content = f"\nid,c,\r\n{q}1{q},0,\r\n\r\n,,\r\n,,,,\r\n2, 1 ,\r\n  \r\n"
    cells, dialect = read(tmp_path, content)
    assert cells.to_dict("list") == {"id": ["1", "2"], "c": ["0", "1"], "Unnamed: 2": ["", ""]}
    assert dialect.n_blank == 5


def test_separator_at_the_end_of_every_row_moves_no_column(tmp_path):
    cells, _ = read(tmp_path, "id,c\n1,0,\n2,1,\n")
    assert cells.to_dict("list") == {"id": ["1", "2"], "c": ["0", "1"], "Unnamed: 2": ["", ""]}


def test_empty_cells_between_blanks_stay_where_rows_are_blank(tmp_path):
    cells, dialect = read(tmp_path, 'id c x\na "" 0.5\n \nb 1 ""\n', separator=" ")
    assert cells.to_numpy().tolist() == [["a", "", "0.5"], ["b", "1", ""]]
    assert dialect.n_blank == 1


def test_long_cells_and_quotes_inside_cells_are_kept(tmp_path):
    long = "[" + ", ".join(["0.25"] * 40_000) + "]"
    cells, _ = read(tmp_path, f'id,c\n1,"{long}"\n2,"say ""no"""\n3,5\' 3"\n')
    assert cells["c"].tolist() == [long, 'say "no"', "5' 3\""]


def test_decimal_commas_are_read_where_they_are_declared(tmp_path):
    path = tmp_path / "trials.csv"
    path.write_text("id;c;x\n1,5;0;0,5\n1,5;1;-,25\n2;1;3\n")
    columns = {"subject": "id", "choice": "c", "x": "x"}
    with pytest.raises(DataError, match="'x' writes decimals with a comma, '0,5': pass decimal="):
        load_table(path, columns)
    trials = load_table(path, columns, decimal=",")
    np.testing.assert_array_equal(trials["x"], [0.5, -0.25, 3])
    assert trials["subject"].values.tolist() == ["1,5", "1,5", "2"]
    path.write_text("id;c;x\n1;0;0.5\n2;1;1.5\n")
    with pytest.raises(DataError, match="'x' writes decimals with a point"):
        load_table(path, columns, decimal=",")
    with pytest.raises(DataError, match="decimal: 'x' is unknown"):
        load_table(path, columns, decimal="x")


CELL = st.text(st.sampled_from("ab1 ,;|\t'\"\n\u00e9[]=-."), max_size=5)


@settings(max_examples=60, deadline=None)
@given(
    rows=st.integers(2, 4).flatmap(
        lambda n: st.lists(st.lists(CELL, min_size=n, max_size=n), min_size=2, max_size=5)
    ),
    separator=st.sampled_from(",;\t|"),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_every_cell_of_any_table_is_read(tmp_path_factory, rows, separator, end):
    rows[0] = [f"n{k}" for k in range(len(rows[0]))]
    out = io.StringIO()
    csv.writer(out, delimiter=separator, lineterminator=end).writerows(rows)
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(out.getvalue().encode())
    cells, _ = read_raw(path, separator=separator)
    expected = [[cell.strip() for cell in row] for row in rows[1:]]
    assert cells.to_numpy().tolist() == [row for row in expected if any(row)]


@pytest.mark.parametrize(
    ("first", "names"),
    [
        ("7,left,1.5", ["1", "2", "3"]),
        ("7,up,1.5", ["7", "up", "1.5"]),
        ("0,1,2", ["0", "1", "2"]),
        ("1,2,3", ["1", "2", "3"]),
        ("left,left,left", ["left"] * 3),
    ],
)
def test_a_first_row_of_numbers_is_a_trial_unless_it_counts_the_columns(tmp_path, first, names):
    cells, dialect = read(tmp_path, f"{first}\n8,left,0.5\n9,right,2.5\n".encode())
    assert list(cells) == names
    is_trial = first == "7,left,1.5"
    assert len(cells) == 2 + is_trial
    assert ("without names" in dialect.kind) == is_trial
