"""NWB: tables of intervals with every kind of column, and files that must be refused."""

import os
import signal
import time

import h5py
import numpy as np
import pandas as pd
import pytest
import xarray as xr

from data_loaders.formats import load_nwb, read_nwb, recognise
from data_loaders.formats._hdf5 import survives
from data_loaders.formats.nwb import write_nwb
from neuroalrnn.exceptions import DataError

N = 4
ZERO = "2023-11-20T10:39:40+00:00"


def write(path, *, name="trials", subject="697062", after=lambda file: None, **more):
    """A file with one table of intervals, as pynwb lays it out."""
    columns = {
        "start_time": 100.0 + np.arange(N),
        "go": np.array([100.5, np.nan, 102.5, 103.5]),
        "animal_response": np.array([0.0, 1.0, 2.0, 1.0]),
        "rewarded": np.array([True, False, False, True]),
        "cue": np.array(["high", "nïedrig", "", "high"], dtype=object),
        "position": np.arange(2.0 * N).reshape(N, 2),
        "movie": np.zeros((N, 30)),
        "licks": np.array([1.0, 2.0, 3.0, 4.0]),
        "licks_index": np.array([2, 2, 3, 4], dtype="u1"),
    } | more
    with h5py.File(path, "w") as file:
        file["session_start_time"], file["timestamps_reference_time"] = (
            "2023-11-20T10:40:00+00:00",
            ZERO,
        )
        file["identifier"] = "day 1"
        file["general/experimenter"] = "Somebody"
        if subject is not None:
            file["general/subject/subject_id"] = subject
        table = file.create_group(f"intervals/{name}")
        table.attrs["colnames"] = [each for each in columns if not each.endswith("_index")]
        table["id"] = np.arange(len(columns["start_time"]))
        for key, values in columns.items():
            kind = h5py.string_dtype() if values.dtype == object else None
            table.create_dataset(key, data=values, dtype=kind)
        after(file)
    return path


@pytest.fixture
def path(tmp_path):
    return write(tmp_path / "s.nwb")


def test_every_kind_of_column_is_read(path):
    assert recognise(path) == "nwb"
    found = read_nwb(path, reduce={"licks": "count"})
    table = found.table
    assert table["subject"].tolist() == ["697062"] * N
    assert table["session"].tolist() == ["day 1"] * N
    assert table["cue"].tolist() == ["high", "nïedrig", "", "high"]
    assert table["rewarded"].tolist() == [True, False, False, True]
    assert table["position_1"].tolist() == [1, 3, 5, 7]
    assert table["licks"].tolist() == [2, 0, 1, 1]
    assert read_nwb(path).table["licks"].tolist() == [[1, 2], [], [3], [4]]
    assert "not read, as no column of values: movie" in found.notes
    assert any("20 s before the session starts" in note for note in found.notes)
    assert "Somebody" not in str(found)


def test_lists_of_lists_are_no_column(tmp_path):
    more = {"pokes": np.arange(6.0), "pokes_index": np.array([1, 2, 4, 5, 6], dtype="u1"),
            "pokes_index_index": np.array([1, 2, 4, 5], dtype="u1")}  # fmt: skip
    found = read_nwb(write(tmp_path / "s.nwb", **more))
    assert not [name for name in found.table if name.startswith("pokes")]
    assert "not read, as no column of values: pokes, movie" in found.notes


def test_trials_come_from_a_column_map(path):
    roles = {"subject": "subject", "choice": "animal_response", "reward": "rewarded"}
    trials = load_nwb(path, roles | {"session": "session"}, labels=["0", "1"],
                      missing={"choice": [2]}, events={"start": 0, "go": "go"},
                      trial_start="start_time")  # fmt: skip
    np.testing.assert_array_equal(trials["choice"], [0, 1, np.nan, 1])
    np.testing.assert_array_equal(trials["event_time"].sel(event="go"), [0.5, np.nan, 0.5, 0.5])
    assert trials["reward"].values.tolist() == [1, 0, 0, 1]


def test_another_table_is_read_by_its_name_and_listed_where_there_are_no_trials(tmp_path):
    path = write(tmp_path / "s.nwb", name="epochs")
    with pytest.raises(DataError, match=r"'trials' is unknown \(there are: epochs\): say which"):
        read_nwb(path)
    assert len(read_nwb(path, table="epochs").table) == N
    assert len(read_nwb(path, table="/intervals/epochs").table) == N
    with pytest.raises(DataError, match="there is no /intervals/none"):
        read_nwb(path, table="intervals/none")
    with h5py.File(path, "r+") as file:
        del file["intervals"]
    with pytest.raises(DataError, match="no other table of intervals"):
        read_nwb(path)


@pytest.mark.parametrize("subject", [None, "", " "])
def test_a_file_without_a_subject_says_so(tmp_path, subject):
    found = read_nwb(write(tmp_path / "s.nwb", subject=subject))
    assert "subject" not in found.table
    assert "the file names no subject" in found.notes
    assert found.table["file"].tolist() == ["s"] * N


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"go": np.zeros(N + 1)}, r"different lengths: start_time \(4\), go \(5\)"),
        ({"licks_index": np.array([2, 1, 3, 4])}, "licks_index does not divide"),
        ({"licks_index": np.array([2, 2, 3, 9])}, "licks_index does not divide the 4 values"),
    ],
)
def test_columns_that_do_not_fit_each_other_are_refused(tmp_path, more, message):
    with pytest.raises(DataError, match=message):
        read_nwb(write(tmp_path / "s.nwb", **more))


def test_nothing_outside_the_file_is_read(tmp_path):
    write(tmp_path / "other.nwb")

    def link(file):
        del file["intervals/trials/go"]
        file["intervals/trials/go"] = h5py.ExternalLink("other.nwb", "/intervals/trials/go")

    def raw(file):
        del file["intervals/trials/go"]
        file["intervals/trials"].create_dataset("go", (N,), "f8", external=[("x.bin", 0, 8 * N)])

    def whole(file):
        del file["intervals"]
        file["intervals"] = h5py.ExternalLink("other.nwb", "/intervals")

    for after, message in (
        (link, "trials/go is a link to another file"),
        (raw, "trials/go lies in another file"),
        (whole, "/intervals is a link to another file"),
    ):
        with pytest.raises(DataError, match=message):
            read_nwb(write(tmp_path / "s.nwb", after=after))


def test_a_column_that_claims_more_than_the_file_has_is_refused(tmp_path):
    def huge(file):
        del file["intervals/trials/go"]
        file["intervals/trials"].create_dataset("go", (2**40,), "f8", chunks=(2**10,))

    with pytest.raises(DataError, match=r"go unpacks to 8.8e\+12 bytes"):
        read_nwb(write(tmp_path / "s.nwb", after=huge))


def test_links_within_the_file_are_followed_and_those_that_lead_nowhere_are_named(tmp_path):
    def link(file):
        file["intervals/alias"] = h5py.SoftLink("/intervals/trials")
        file["intervals/lost"] = h5py.SoftLink("/intervals/none")

    path = write(tmp_path / "s.nwb", after=link)
    assert len(read_nwb(path, table="alias").table) == N
    with pytest.raises(DataError, match="leads nowhere"):
        read_nwb(path, table="lost")


def test_zarr_is_refused_with_what_to_do(tmp_path):
    (tmp_path / "s.nwb").mkdir()
    (tmp_path / "s.nwb" / ".zgroup").write_text("{}")
    assert recognise(tmp_path / "s.nwb") == "nwb"
    with pytest.raises(DataError, match="Zarr is not read: write it as HDF5"):
        read_nwb(tmp_path / "s.nwb")


def test_a_file_that_is_cut_off_is_refused(path):
    path.write_bytes(path.read_bytes()[:900])
    with pytest.raises(DataError, match="not a readable NWB file"):
        read_nwb(path)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork to try readers in")
def test_a_reader_that_comes_to_no_end_or_crashes_is_given_up(monkeypatch):
    monkeypatch.setattr("data_loaders.formats._hdf5.LONGEST", 0.05)
    with pytest.raises(ValueError, match="HDF5 came to no end"):
        survives(lambda: time.sleep(60), 0)
    monkeypatch.setattr("data_loaders.formats._hdf5.LONGEST", 8.0)
    with pytest.raises(ValueError, match="HDF5 crashed over it"):
        survives(lambda: os.kill(os.getpid(), signal.SIGTERM), 0)
    assert survives(lambda: 1 / 0, 0) is None


def units(file, **more):
    """Two units, as pynwb lays them out; the second was observed in the first trials alone."""
    columns = {
        "id": np.array([3, 8]),
        "spike_times": np.array([99.95, 100.02, 100.03, 102.4, 101.1, 103.0]),
        "spike_times_index": np.array([4, 6]),
        "obs_intervals": np.array([[0.0, 500.0], [0.0, 101.8], [103.5, 200.0]]),
        "obs_intervals_index": np.array([1, 3]),
        "quality": np.array(["good", "multi"], dtype=object),
        "depth": np.array([1.5, 2.5]),
    } | more
    for name, values in columns.items():
        kind = h5py.string_dtype() if values.dtype == object else None
        file.create_dataset(f"units/{name}", data=values, dtype=kind)


SPIKES = {"at": "start_time", "window": (-0.1, 0.5), "dt": 0.1}
CHOSEN = {"columns": {"choice": "animal_response", "subject": "subject"}, "labels": ["0", "1"],
          "missing": {"choice": [2]}}  # fmt: skip


@pytest.mark.filterwarnings("ignore::neuroalrnn.exceptions.DataWarning")
def test_spikes_are_counted_where_units_were_observed(tmp_path):
    path = write(tmp_path / "s.nwb", after=units)
    trials = load_nwb(path, **CHOSEN, **SPIKES)
    np.testing.assert_allclose(trials["time"], [-0.05, 0.05, 0.15, 0.25, 0.35, 0.45])
    assert trials["unit"].values.tolist() == ["1-3", "1-8"]
    assert trials["unit_quality"].values.tolist() == ["good", "multi"]
    assert trials["unit_depth"].values.tolist() == [1.5, 2.5]
    neural = trials["neural"].values
    np.testing.assert_array_equal(neural[:, :, 0], [[1, 2, 0, 0, 0, 0], [0] * 6,
                                                    [0, 0, 0, 0, 0, 1], [0] * 6])  # fmt: skip
    np.testing.assert_array_equal(neural[1, :, 1], [0, 0, 1, 0, 0, 0])
    assert np.isnan(neural[2:, :, 1]).all()
    some = load_nwb(path, **CHOSEN, **SPIKES, keep={"cue": "high"})
    np.testing.assert_array_equal(some["neural"], neural[[0, 3]])


@pytest.mark.filterwarnings("ignore::neuroalrnn.exceptions.DataWarning")
@pytest.mark.parametrize(
    ("options", "more", "found"),
    [
        ({"at": "stimulus"}, {}, "at: column 'stimulus' is unknown"),
        ({"at": "cue"}, {}, "'cue' has text where numbers are expected"),
        ({"window": (0, 0.05)}, {}, "holds no bin of 0.1 s"),
        ({}, {"spike_times_index": np.array([4, 5])}, "spike_times_index does not divide the 6"),
        ({}, {"spike_times_index": np.array([], int)}, "spike_times_index does not divide the 6"),
        ({}, {"spike_times_index": np.array([6])}, "spike_times has lists for 1 units, expected 2"),
        ({}, {"spike_times": np.ones((6, 2))}, r"spike_times has the shape \(6, 2\)"),
        ({}, {"obs_intervals": np.ones(3)}, r"obs_intervals has the shape \(3,\)"),
        ({}, {"id": np.array([3, 3])}, "several units have the same id"),
        ({"window": 1}, {}, "window = 1: expected its first and its last time in s"),
        ({"window": (0, np.inf)}, {}, "its first and its last time in s"),
        ({"dt": "0.1"}, {}, "dt = '0.1': expected a number"),
        ({"table": 3, "attrs": "x"}, {}, "table = 3: expected a text\n.*attrs = 'x': expected a"),
    ],
)
def test_spikes_that_cannot_be_counted_are_refused(tmp_path, options, more, found):
    path = write(tmp_path / "s.nwb", after=lambda file: units(file, **more))
    with pytest.raises(DataError, match=found):
        load_nwb(path, **CHOSEN, **SPIKES | options)
    with pytest.raises(DataError, match="it holds no units: leave 'at' out"):
        load_nwb(write(tmp_path / "t.nwb"), **CHOSEN, **SPIKES)


def test_columns_that_would_have_one_name_are_not_written(tmp_path):
    path, frame = write(tmp_path / "s.nwb"), pd.DataFrame({"a/b": range(4), "a_b": range(4)})
    with pytest.raises(DataError, match="two columns would be called 'a_b': a slash"):
        write_nwb(path, tmp_path / "t.nwb", frame, dict.fromkeys(frame, ""), xr.Dataset())


def test_a_copy_that_cannot_be_written_is_not_taken_for_a_damaged_file(tmp_path):
    path, frame = write(tmp_path / "s.nwb"), pd.DataFrame({"a": range(4)})
    with pytest.raises(FileNotFoundError, match=r"none.t\.nwb"):
        write_nwb(path, tmp_path / "none" / "t.nwb", frame, {"a": ""}, xr.Dataset())
