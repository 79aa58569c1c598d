"""Epochs of MNE and objects of pynapple: trials with signals and spikes."""

import gzip
import hashlib
import json
import struct

import mne
import numpy as np
import pandas as pd
import pytest
import xarray as xr

from data_loaders.formats import _fif, load_epochs, load_pynapple, read_epochs, recognise
from data_loaders.formats.epochs import write_epochs
from neuroalrnn.exceptions import DataError, DataWarning

N = 6
TABLE = {"subject": ["a"] * N, "choice": [0.0, 1.0, 1.0] * 2, "trial": np.arange(N)}


def save(path, metadata):
    info = mne.create_info(["Fz"], 100.0, ["eeg"])
    data = 1e-6 * np.arange(N * 10.0).reshape(N, 1, 10)
    events = np.c_[np.arange(N) * 50, np.zeros(N, int), np.ones(N, int)]
    epochs = mne.EpochsArray(data, info, events, metadata=metadata, verbose="error")
    epochs.drop([2], verbose="error")
    epochs.save(path, verbose="error")
    return path


def test_epochs_are_trials_with_signal_and_keep_their_numbers(tmp_path):
    path = save(tmp_path / "s-epo.fif", pd.DataFrame(TABLE))
    assert recognise(path) == "epochs"
    with pytest.warns(DataWarning, match="trial numbers have 1 gap"):
        trials = load_epochs(path, {})
    assert trials["trial_in_session"].values.tolist() == [0, 1, 3, 4, 5]
    np.testing.assert_allclose(
        trials["neural"].values[2, :, 0], 1e-6 * np.arange(30, 40), atol=1e-11
    )
    assert trials.attrs["dropped_epochs"] != "[]"
    (file,) = json.loads(trials.attrs["load_report"])["files"]
    assert (file["name"], file["rows"], file["kind"]) == ("s-epo.fif", 5, "epochs")
    assert file["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    found = read_epochs(path, session="1").table
    assert found["selection"].tolist() == [0, 1, 3, 4, 5]
    assert found["session"].tolist() == ["1"] * 5
    with pytest.raises(DataError, match="keep would part trials from their signal"):
        load_epochs(path, {}, keep={"choice": 1})


def test_columns_that_are_there_are_not_written_again(tmp_path):
    path = save(tmp_path / "s-epo.fif", pd.DataFrame(TABLE))
    columns = pd.DataFrame({"choice": np.zeros(5), "p": np.zeros(5)})
    with pytest.raises(DataError, match="there is a column 'choice' already: choose another pre"):
        write_epochs(path, tmp_path / "t-epo.fif", columns, {}, xr.Dataset())


def test_epochs_without_metadata_and_damaged_ones_are_refused(tmp_path):
    path = save(tmp_path / "s-epo.fif", None)
    with pytest.raises(DataError, match="it has no metadata"):
        load_epochs(path, {})
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(DataError, match="not a readable file of epochs"):
        read_epochs(path)


def parts(folder, name, to):
    """The first of two files that are one, with another name of the second."""
    n = 40
    data = np.random.default_rng(0).normal(size=(n, 16, 1000))
    table = pd.DataFrame({"subject": ["a"] * n, "choice": np.arange(n) % 2.0})
    epochs = mne.EpochsArray(
        data, mne.create_info(16, 100.0, "eeg"), metadata=table, verbose="error"
    )
    epochs.save(folder / "ab-epo.fif", split_size="2MB", verbose="error")
    whole = folder / "ab-epo.fif"
    (folder / name).write_bytes(whole.read_bytes().replace(b"ab-epo-1.fif", to))
    return folder / name


@pytest.mark.parametrize(
    ("to", "match"),
    [
        (b"abcd-epo.fif", "abcd-epo.fif is a continuation of itself"),
        (b"../b-epo.fif", "goes on in '../b-epo.fif', outside of its folder"),
        (b"/tmp/epo.fif", "goes on in '/tmp/epo.fif', outside of its folder"),
    ],
)
def test_a_file_goes_on_in_other_files_of_its_folder_and_not_in_a_circle(tmp_path, to, match):
    path = parts(tmp_path, "abcd-epo.fif", to)
    assert len(read_epochs(tmp_path / "ab-epo.fif").table) == 40
    with pytest.raises(DataError, match=match):
        read_epochs(path)


def test_a_file_needs_all_its_parts_and_a_name_that_tells_them(tmp_path):
    parts(tmp_path, "other-epo.fif", b"ab-epo-1.fif")
    (tmp_path / "ab-epo-1.fif").unlink()
    with pytest.raises(DataError, match=r"goes on in ab-epo-1.fif, which is not there: keep all"):
        read_epochs(tmp_path / "ab-epo.fif")
    path = save(tmp_path / "s-epo.fif", pd.DataFrame(TABLE)).rename(tmp_path / "s.fif")
    with pytest.raises(DataError, match=r"expected a name that ends with -epo.fif or _epo.fif"):
        load_epochs(path, {})


def test_parts_that_lead_back_or_claim_too_much_are_refused(tmp_path):
    path = save(tmp_path / "s-epo.fif", pd.DataFrame(TABLE))
    data = path.read_bytes()
    for place, number, match in (
        (48, 36, "parts lead back"),
        (48, 40, "parts lead back"),
        (44, 2**31 - 1, "claims 2147483647 bytes"),
        (44, -1, "claims -1 bytes"),
    ):
        changed = bytearray(data)
        changed[place : place + 4] = struct.pack(">i", number)
        path.write_bytes(changed)
        with pytest.raises(DataError, match=match):
            read_epochs(path)


@pytest.mark.parametrize("kind", [302, 3803])
def test_a_part_that_is_another_type_does_not_count_points_for_hours(tmp_path, kind):
    path = save(tmp_path / "s-epo.fif", pd.DataFrame(TABLE))
    data, at = bytearray(path.read_bytes()), 0
    while struct.unpack(">i", data[at : at + 4])[0] != kind:
        at += 16 + struct.unpack(">i", data[at + 8 : at + 12])[0]
    data[at + 4 : at + 8] = struct.pack(">i", 36)
    path.write_bytes(data)
    with pytest.raises(DataError, match="claims more points"):
        read_epochs(path)


def test_a_packed_file_may_not_unpack_to_much(tmp_path, monkeypatch):
    monkeypatch.setattr(_fif, "MOST_BYTES", 2**20)
    path = save(tmp_path / "s-epo.fif.gz", pd.DataFrame(TABLE))
    assert len(read_epochs(path).table) == 5
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()) + bytes(2**20)))
    with pytest.raises(DataError, match="unpacks to more than 1 MiB"):
        read_epochs(path)


class Intervals:
    """What an interval set of pynapple offers."""

    start = np.arange(4.0) * 10

    def as_dataframe(self):
        columns = {"start": self.start, "end": self.start + 5, "choice": [0.0, 1, 1, 0]}
        return pd.DataFrame(columns | {"cue": ["low", "high"] * 2})


class Train:
    """What a spike train of pynapple offers."""

    def __init__(self, *times):
        self.t = np.array(times)


def test_spikes_are_counted_around_a_time_of_each_trial():
    units = {3: Train(0.05, 0.15, 0.19, 10.0, 30.31, 29.99), 7: Train()}
    trials = load_pynapple(Intervals(), {"choice": "choice"}, units=units, window=(0, 0.4), dt=0.1,
                           constants={"subject": "A"})  # fmt: skip
    assert trials["neural"].dims == ("trial", "time", "unit")
    assert trials["neural"].sel(unit="3").values.tolist() == [
        [1, 2, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 1]]  # fmt: skip
    assert trials["neural"].sel(unit="7").values.sum() == 0
    np.testing.assert_allclose(trials["time"], [0.05, 0.15, 0.25, 0.35])
    assert trials["choice"].values.tolist() == [0, 1, 1, 0]


@pytest.mark.parametrize(
    ("intervals", "options", "message"),
    [
        (3, {}, "intervals = int: expected an IntervalSet"),
        (Intervals(), {"units": [1]}, "units = list: expected a TsGroup"),
        (Intervals(), {"units": {}, "at": "go"}, "at: there is no column 'go'"),
        (Intervals(), {"units": {}, "at": "cue"}, "'cue' has text where numbers are expected"),
        (Intervals(), {"attrs": "x"}, "attrs = 'x': expected a dict"),
        (Intervals(), {"units": {}, "window": (0, 0.01)}, "holds no bin of 0.05 s"),
        (Intervals(), {"units": {}, "dt": 1e-9}, "counts would take"),
        (Intervals(), {"units": {}, "keep": {"choice": 1}}, "part trials from their spikes"),
    ],
)
def test_objects_that_fit_nothing_are_refused(intervals, options, message):
    with pytest.raises(DataError, match=message):
        load_pynapple(intervals, {"choice": "choice"}, constants={"subject": "A"}, **options)


def test_intervals_alone_are_trials():
    trials = load_pynapple(Intervals(), {"choice": "choice"}, constants={"subject": "A"})
    assert trials.sizes["trial"] == 4
