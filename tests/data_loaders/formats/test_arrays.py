"""Arrays of episodes and plain arrays; archives and pickles that must not be opened."""

import os
import zipfile

import numpy as np
import pytest

from data_loaders.formats import load_arrays, load_pickle, read_arrays, read_pickle, recognise
from neuroalrnn.exceptions import DataError

XS = np.arange(12.0).reshape(3, 2, 2)
YS = np.array([[[0], [1]], [[1], [-1]], [[-1], [-1]]], dtype=float)


def test_steps_of_episodes_are_trials_without_their_padding(tmp_path):
    np.savez(tmp_path / "d.npz", xs=XS, ys=YS, version=3)
    assert recognise(tmp_path / "d.npz") == "arrays"
    found = read_arrays(tmp_path / "d.npz", names={"xs": ["choice before", "reward before"]})
    table = found.table
    assert table[["episode", "time"]].values.tolist() == [[0, 0], [0, 1], [1, 0]]
    assert table["ys_0"].tolist() == [0, 1, 1]
    assert table["reward before"].tolist() == [1, 5, 3]
    assert "3 steps of padding" in found.notes[1]
    assert "version" in found.notes[0]
    roles = {"subject": "file", "session": "episode", "trial": "time", "choice": "ys_0"}
    trials = load_arrays(tmp_path / "d.npz", roles)
    assert trials["trial_in_session"].values.tolist() == [0, 1, 0]


def test_padding_within_an_episode_is_a_missing_choice_and_stays():
    ys = np.array([0.0, -1.0, 1.0, np.nan, -1.0])[:, None, None]
    assert read_arrays({"ys": ys}).table["ys_0"].tolist() == [0, -1, 1]
    assert len(read_arrays({"ys": ys}, padding=-9).table) == 5


def test_plain_arrays_are_columns(tmp_path):
    np.savez(
        tmp_path / "d.npz", who=np.array(["a", "ä"]), y=[1, 0], place=np.eye(2), old=[b"x", b"y"]
    )
    table = read_arrays(tmp_path / "d.npz").table
    assert table["who"].tolist() == ["a", "ä"]
    assert table["place_1"].tolist() == [0, 1]
    assert table["old"].tolist() == ["x", "y"]


@pytest.mark.parametrize(
    ("arrays", "options", "message"),
    [
        ({"a": np.zeros(2), "b": np.zeros(3)}, {}, r"different sizes: a \(2,\), b \(3,\)"),
        ({"a": XS, "b": np.zeros(3)}, {}, r"different sizes: a \(3, 2\), b \(3,\)"),
        ({"a": np.zeros(2, dtype=complex)}, {}, "a holds complex128: expected numbers or text"),
        ({"a": XS}, {"names": {"a": ["x"]}}, "1 names for 2 features of a"),
        ({"a": XS}, {"names": {"b": ["x"]}}, "no array 'b'"),
        ({}, {}, "different sizes: none"),
    ],
)
def test_arrays_that_are_no_table_are_refused(arrays, options, message):
    with pytest.raises(DataError, match=message):
        read_arrays(arrays, **options)


class Trap:
    """An object whose unpickling would write a file."""

    def __reduce__(self):
        return os.mkdir, ("trap",)


def test_pickled_members_are_named_and_never_opened(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savez("d.npz", dat=np.array([Trap()], dtype=object), y=[1.0])
    with pytest.raises(DataError, match=r"member 'dat.npy': it is pickled.*numpy.savez"):
        read_arrays("d.npz")
    with zipfile.ZipFile("e.npz", "w") as archive:
        archive.writestr("dat.npy", b"\x80\x04K\x01.")
    with pytest.raises(DataError, match="it is pickled"):
        read_arrays("e.npz")
    assert not (tmp_path / "trap").exists()


@pytest.mark.parametrize("name", ["../x.npy", "/x.npy", "a/../../x.npy", "..\\x.npy"])
def test_members_that_would_lie_outside_are_refused(tmp_path, name):
    with zipfile.ZipFile(tmp_path / "d.npz", "w") as archive:
        archive.writestr(name, b"x")
    with pytest.raises(DataError, match="would lie outside"):
        read_arrays(tmp_path / "d.npz")
    assert [each.name for each in tmp_path.iterdir()] == ["d.npz"]


def test_an_archive_that_unpacks_to_much_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("data_loaders.formats.arrays.MOST_BYTES", 10**5)
    np.savez_compressed(tmp_path / "d.npz", y=np.zeros(10**6))
    with pytest.raises(DataError, match="unpacks to more than 100000 bytes"):
        read_arrays(tmp_path / "d.npz")


@pytest.mark.parametrize(
    ("name", "message"),
    [("s.psydat", "saveAsWideText"), ("s.kkp", "unit, time and group"), ("s.PKL", "to_csv")],
)
def test_pickles_are_refused_with_what_to_export(tmp_path, name, message):
    (tmp_path / name).write_bytes(b"\x80\x04K\x01.")
    assert recognise(tmp_path / name) == "pickle"
    with pytest.raises(DataError, match=message):
        read_pickle(tmp_path / name)
    with pytest.raises(DataError, match=message):
        load_pickle(tmp_path / name, {})
