"""MATLAB files: values of real and of written ones, and what must not be read."""

import struct
import zlib
from pathlib import Path

import h5py
import numpy as np
import pytest
from scipy.io import savemat

from data_loaders.formats import load_matlab, read_matlab, recognise
from neuroalrnn.exceptions import DataError

REAL = Path(__file__).parent / "files" / "scipy"
ROLES = {"subject": "subject", "choice": "choice", "rt": "rt"}
SESSION = {
    "subject": "rat1",
    "choice": [[1.0], [2.0], [2.0]],
    "rt": [0.5, np.nan, 0.25],
    "go": np.array([True, False, True]),
    "side": np.array(["l", "right", ""], dtype=object),
    "position": [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]],
    "box": {"room": 4.0},
    "licks": [1.0, 2.0, 3.0, 4.0, 5.0],
}


def write_hdf5(path, fields, *, group="data", after=lambda file: None):
    """A struct as MATLAB 7.3 writes it: arrays turned round, text as codes, cells as references."""
    with h5py.File(path, "w", userblock_size=512) as file:
        inside = file.create_group(group)
        inside.attrs["MATLAB_class"] = np.bytes_("struct")
        for name, value in fields.items():
            _write(file, inside, name, value)
        after(file)
    with open(path, "r+b") as raw:
        raw.write(b"MATLAB 7.0 MAT-file, whatever it says".ljust(124))
    return path


def _write(file, group, name, value):
    if isinstance(value, list) and isinstance(value[0], str):
        cells = file.require_group("#refs#")
        made = [_write(file, cells, f"{name}{k}", each).ref for k, each in enumerate(value)]
        data, kind = np.array([made], dtype=h5py.ref_dtype), "cell"
    elif isinstance(value, str):
        data, kind = np.array([[ord(each)] for each in value], dtype="u2"), "char"
    else:
        data = np.atleast_2d(value).T
        kind = "logical" if data.dtype == bool else "double"
        data = data.astype("u1") if kind == "logical" else data
    made = group.create_dataset(name, data=data)
    made.attrs["MATLAB_class"] = np.bytes_(kind)
    return made


def test_real_files_have_the_values_that_matlab_wrote():
    table = read_matlab(REAL / "scipy_teststructarr_7.4_GLNX86.mat").table
    assert table[["one", "two"]].values.tolist() == [[1, 2], ["number 1", "number 2"]]
    assert table["source_row"].tolist() == [1, 2]
    old = read_matlab(REAL / "scipy_test_mat4_le_floats.mat").table
    np.testing.assert_allclose(old["a"], [0.1, 1.2], rtol=1e-6)
    new = read_matlab(REAL / "scipy_testhdf5_7.4_GLNX86.mat").table
    np.testing.assert_allclose(new["testdouble"], np.arange(9) * np.pi / 4)
    assert {recognise(path) for path in REAL.glob("*.mat")} == {"matlab"}


@pytest.mark.parametrize("compressed", [False, True])
def test_a_struct_of_vectors_is_a_table(tmp_path, compressed):
    savemat(tmp_path / "s.mat", {"data": SESSION}, do_compression=compressed)
    found = read_matlab(tmp_path / "s.mat")
    table = found.table
    assert table["subject"].tolist() == ["rat1"] * 3
    assert table["go"].dtype == bool
    assert table["side"].tolist() == ["l", "right", ""]
    assert table["box.room"].tolist() == [4, 4, 4]
    assert table["position_2"].tolist() == [2, 4, 6]
    assert found.notes == ["not read, as no column of one value per trial: licks"]
    trials = load_matlab(tmp_path / "s.mat", ROLES, labels=[1, 2])
    assert trials["choice"].values.tolist() == [0, 1, 1]
    np.testing.assert_array_equal(trials["rt"], [0.5, np.nan, 0.25])
    assert trials.attrs["format"] == "matlab"
    assert "licks" in trials.attrs["notes"]


def test_version_73_gives_the_same_table(tmp_path):
    fields = {
        "subject": "rat1",
        "choice": [1.0, 2.0, 2.0] * 8,
        "rt": [0.5, np.nan, 0.25] * 8,
        "go": [True, False, True] * 8,
        "side": ["l", "right", "r"] * 8,
        "letter": "lrl" * 8,
    }
    found = read_matlab(write_hdf5(tmp_path / "s.mat", fields))
    assert recognise(tmp_path / "s.mat") == "matlab"
    assert found.table["side"].tolist() == ["l", "right", "r"] * 8
    assert found.table["letter"].tolist() == ["l", "r", "l"] * 8
    assert "letter by letter" in found.notes[0]
    assert found.table["go"].tolist() == [True, False, True] * 8
    assert found.table["go"].dtype == bool
    trials = load_matlab(tmp_path / "s.mat", ROLES, labels=[1, 2])
    assert trials["choice"].values.tolist() == [0, 1, 1] * 8


def test_a_name_as_long_as_there_are_trials_stays_a_name(tmp_path):
    savemat(tmp_path / "s.mat", {"data": SESSION | {"subject": "rat"}})
    assert read_matlab(tmp_path / "s.mat").table["subject"].tolist() == ["rat"] * 3


def test_one_trial_is_a_table_of_one_row(tmp_path):
    savemat(tmp_path / "s.mat", {"data": {"subject": "a", "choice": 1.0, "rt": 0.5}})
    trials = load_matlab(tmp_path / "s.mat", ROLES, labels=[1, 2])
    assert trials.sizes["trial"] == 1


def test_elements_of_a_struct_array_are_trials_or_sessions_as_is_said(tmp_path):
    each = [{"name": f"s{k}", "hit": np.arange(2.0 + k), "n": k} for k in range(2)]
    savemat(tmp_path / "s.mat", {"data": np.array(each, dtype=object)})
    with pytest.raises(DataError, match=r"2 elements, in which hit hold vectors: say rows"):
        read_matlab(tmp_path / "s.mat")
    long = read_matlab(tmp_path / "s.mat", rows="entry").table
    assert long[["element", "hit", "name"]].values.tolist() == [
        [1, 0, "s0"], [1, 1, "s0"], [2, 0, "s1"], [2, 1, "s1"], [2, 2, "s1"]]  # fmt: skip
    wide = read_matlab(tmp_path / "s.mat", rows="element", reduce={"hit": "last"}).table
    assert wide["hit"].tolist() == [1, 2]
    lists = read_matlab(tmp_path / "s.mat", rows="element").table
    assert lists["hit"].tolist() == [[0, 1], [0, 1, 2]]
    with pytest.raises(DataError, match="reduce 'hit': 'mean'"):
        read_matlab(tmp_path / "s.mat", rows="element", reduce={"hit": "mean"})


def test_codes_of_letters_are_options_by_the_map(tmp_path):
    sides = np.array([108, 114, 108], dtype=np.int8)
    savemat(tmp_path / "s.mat", {"data": {"subject": "a", "sides": sides}})
    roles = {"subject": "subject", "choice": "sides"}
    trials = load_matlab(tmp_path / "s.mat", roles, labels={108: "left", 114: "right"})
    assert trials["choice"].values.tolist() == [0, 1, 0]
    assert list(trials["choice"].attrs["labels"]) == ["left", "right"]


def test_empty_arrays_are_missing_and_empty_text_is_text(tmp_path):
    each = [{"rt": np.empty((0, 0)), "key": ""}, {"rt": 2.0, "key": "f"}]
    savemat(tmp_path / "s.mat", {"data": np.array(each, dtype=object)})
    table = read_matlab(tmp_path / "s.mat").table
    assert table["rt"].isna().tolist() == [True, False]
    assert table["key"].tolist() == ["", "f"]


def test_what_is_empty_in_version_73_is_no_zero(tmp_path):
    def empty(file):
        for name, kind in (("types", "double"), ("note", "char")):
            made = file["data"].create_dataset(name, data=np.zeros(2, dtype="u8"))
            made.attrs["MATLAB_class"] = np.bytes_(kind)
            made.attrs["MATLAB_empty"] = np.uint8(1)

    found = read_matlab(write_hdf5(tmp_path / "s.mat", {"choice": [1.0, 2.0]}, after=empty))
    assert found.table["note"].tolist() == ["", ""]
    assert "types" not in found.table
    assert found.notes == ["not read, as no column of one value per trial: types"]


def test_columns_of_a_matrix_have_numbers_or_the_names_that_are_given(tmp_path):
    savemat(tmp_path / "s.mat", {"m": [[1.0, 0.5], [2.0, 0.25]]})
    assert read_matlab(tmp_path / "s.mat").table["2"].tolist() == [0.5, 0.25]
    named = read_matlab(tmp_path / "s.mat", names=["choice", "rt"]).table
    assert named["choice"].tolist() == [1, 2]
    with pytest.raises(DataError, match="names has 1 names for 2 columns"):
        read_matlab(tmp_path / "s.mat", names=["choice"])


def test_a_matrix_has_the_names_that_a_cell_array_beside_it_holds(tmp_path):
    names = np.array([["choice", "rt"]], dtype=object)
    savemat(tmp_path / "s.mat", {"m": [[1.0, 0.5], [2.0, 0.25], [2.0, 1.0]], "columns": names})
    found = read_matlab(tmp_path / "s.mat")
    assert found.table["rt"].tolist() == [0.5, 0.25, 1.0]
    assert list(found.notes) == ["names of columns are those of columns"]
    blank = {"m": np.ones((3, 2)), "columns": np.array([["choice", " "]], dtype=object)}
    savemat(tmp_path / "s.mat", blank)
    assert list(read_matlab(tmp_path / "s.mat").table)[:2] == ["1", "2"]
    two = {"m": np.ones((3, 2)), "columns": names, "other": names}
    savemat(tmp_path / "s.mat", two)
    assert list(read_matlab(tmp_path / "s.mat").table)[:2] == ["1", "2"]
    assert list(read_matlab(tmp_path / "s.mat", names=["a", "b"]).table)[:2] == ["a", "b"]


def test_several_tables_are_named_and_a_field_within_can_be_meant(tmp_path):
    savemat(tmp_path / "s.mat", {"a": {"x": {"v": [1.0, 2.0]}}, "b": {"w": [3.0, 4.0]}})
    with pytest.raises(DataError, match=r"several tables, a, b: say which"):
        read_matlab(tmp_path / "s.mat")
    assert read_matlab(tmp_path / "s.mat", variable="a.x").table["v"].tolist() == [1, 2]
    with pytest.raises(DataError, match=r"variable in a: 'y'.*x"):
        read_matlab(tmp_path / "s.mat", variable="a.y")


def test_what_only_matlab_reads_is_named_with_what_to_save(tmp_path):
    with pytest.raises(DataError, match="object of class inline"):
        read_matlab(REAL / "scipy_testobject_7.4_GLNX86.mat")

    def opaque(file):
        for name, kind in (("t", "table"), ("own", "TrialTypes")):
            made = file.create_dataset(name, data=np.zeros((1, 2), dtype="u4"))
            made.attrs["MATLAB_class"] = np.bytes_(kind)
        made.attrs["MATLAB_object_decode"] = 3

    path = write_hdf5(tmp_path / "s.mat", {"choice": [1.0, 2.0]}, after=opaque)
    with pytest.raises(DataError, match=r"is a MATLAB table.*table2struct"):
        read_matlab(path, variable="t")
    with pytest.raises(DataError, match="is a MATLAB TrialTypes, which only MATLAB reads: save a"):
        read_matlab(path, variable="own")


def test_settings_of_b_control_hold_no_trials(tmp_path):
    savemat(tmp_path / "s.mat", {"saved": {"A_b": 1.0}, "saved_autoset": {"A_b": 1.0}})
    with pytest.raises(DataError, match="settings of B-control and no trials"):
        read_matlab(tmp_path / "s.mat")


def test_a_folder_is_read_file_by_file_and_copies_are_refused(tmp_path):
    for name in ("one", "two"):
        savemat(tmp_path / f"{name}.mat", {"data": SESSION | {"subject": name}})
    (tmp_path / "notes.txt").write_text("no data")
    trials = load_matlab(tmp_path, ROLES | {"session": "file"}, labels=[1, 2])
    assert trials["session"].values.tolist() == ["one"] * 3 + ["two"] * 3
    (tmp_path / "three.mat").write_bytes((tmp_path / "two.mat").read_bytes())
    with pytest.raises(DataError, match=r"three.mat and .*two.mat are the same byte for byte"):
        read_matlab(tmp_path)
    (tmp_path / "none").mkdir()
    with pytest.raises(DataError, match="holds no MATLAB files"):
        read_matlab(tmp_path / "none")


def claims(rows, columns, kind=6, content=b""):
    """A file of version 5 whose one variable claims a shape."""
    flags = struct.pack("<4I", 6, 8, kind, 0)
    dims = struct.pack("<2I2i", 5, 8, rows, columns)
    name = struct.pack("<2H4s", 1, 1, b"x\0\0\0")
    body = flags + dims + name + content
    head = b"MATLAB 5.0 MAT-file".ljust(124) + struct.pack("<H2s", 0x0100, b"IM")
    return head + struct.pack("<2I", 14, len(body)) + body


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (claims(2**30, 2**30), "claims 1152921504606846976 entries"),
        (claims(2**20, 2**10, kind=1), "claims 1073741824 entries"),
        (claims(-5, 1), "claims -5 rows"),
        (claims(1, 1)[:-3], "claims 40 bytes"),
        (claims(1, 1)[:130], "cut off"),
        (struct.pack("<5i", 0, 2**30, 2, 0, 2) + b"x\0", "claims 1073741824 x 2 entries"),
        (b"no MATLAB file at all, but long enough to be read as one", "does not begin as"),
        (b"", "is empty"),
    ],
)
def test_claims_that_no_bytes_stand_behind_are_refused(tmp_path, data, message):
    (tmp_path / "s.mat").write_bytes(data)
    with pytest.raises(DataError, match=message):
        read_matlab(tmp_path / "s.mat")


def test_a_small_file_that_unpacks_to_much_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("data_loaders.formats._matlab_check.MOST_BYTES", 10**5)
    packed = zlib.compress(bytes(10**6))
    data = claims(1, 1)[:128] + struct.pack("<2I", 15, len(packed)) + packed
    (tmp_path / "s.mat").write_bytes(data)
    with pytest.raises(DataError, match="unpacks to more than 100000 bytes"):
        read_matlab(tmp_path / "s.mat")


def test_links_to_other_files_are_refused(tmp_path):
    write_hdf5(tmp_path / "other.mat", {"choice": [1.0]})

    def link(file):
        file["data"]["rt"] = h5py.ExternalLink("other.mat", "/data/choice")

    path = write_hdf5(tmp_path / "s.mat", {"choice": [1.0, 2.0]}, after=link)
    with pytest.raises(DataError, match=r"/data/rt is a link to another file, 'other.mat'"):
        read_matlab(path)
