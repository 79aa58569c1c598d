"""Epochs of MNE and objects of pynapple: trials with signals and spikes."""

import mne
import numpy as np
import pandas as pd
import pytest

from data_loaders.formats import load_epochs, load_pynapple, read_epochs, recognise
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
    found = read_epochs(path, session="1").table
    assert found["selection"].tolist() == [0, 1, 3, 4, 5]
    assert found["session"].tolist() == ["1"] * 5
    with pytest.raises(DataError, match="keep would part trials from their signal"):
        load_epochs(path, {}, keep={"choice": 1})


def test_epochs_without_metadata_and_damaged_ones_are_refused(tmp_path):
    path = save(tmp_path / "s-epo.fif", None)
    with pytest.raises(DataError, match="it has no metadata"):
        load_epochs(path, {})
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(DataError, match="not a readable file of epochs"):
        read_epochs(path)


class Intervals:
    """What an interval set of pynapple offers."""

    start = np.arange(4.0) * 10

    def as_dataframe(self):
        return pd.DataFrame({"start": self.start, "end": self.start + 5, "choice": [0.0, 1, 1, 0]})


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
