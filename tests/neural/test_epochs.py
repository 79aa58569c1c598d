"""MNE epochs become trials and come back as they were."""

import json

import mne
import numpy as np
import pandas as pd
import pytest
import xarray as xr

from neuroalrnn.data import validate
from neuroalrnn.exceptions import DataError, DataWarning
from neuroalrnn.neural import from_epochs, to_epochs


def cut(event_id):
    """Epochs cut from a recording, whose EOG rejects trials 9 and 10."""
    info = mne.create_info(["Fz", "Cz", "EOG"], 100.0, ["eeg", "eeg", "eog"])
    info["bads"] = ["Cz"]
    rng = np.random.default_rng(0)
    raw = mne.io.RawArray(1e-6 * rng.standard_normal((3, 6000)), info, verbose="error")
    raw._data[2, 1000:1050] = 1.0
    code = np.tile([1, 2], 29)
    events = np.stack([np.arange(50, 5800, 100), np.zeros(58, int), code], axis=1)
    table = pd.DataFrame({"choice": ["no", "yes"] * 29, "contrast": rng.random(58), "other": "x"})
    options = {"metadata": table, "reject": {"eog": 0.5}, "baseline": (None, 0), "preload": True}
    return mne.Epochs(raw, events, event_id, tmin=-0.2, tmax=0.5, verbose="error", **options)


@pytest.fixture
def epochs():
    return cut({"left": 1, "right": 2})


COLUMNS = {"choice": "choice", "contrast": "contrast"}


def read(epochs, **options):
    return from_epochs(epochs, COLUMNS, subject="s1", labels=["no", "yes"], **options)


def test_trials_hold_signal_metadata_and_what_was_dropped(epochs):
    trials = validate(read(epochs))
    signal = trials["neural"].sel(unit="Fz").values
    np.testing.assert_array_equal(signal, epochs.get_data(picks="Fz")[:, 0])
    np.testing.assert_array_equal(trials["time"], epochs.times)
    np.testing.assert_array_equal(trials["contrast"], epochs.metadata["contrast"])
    assert trials["choice"].values[:2].tolist() == [0.0, 1.0]
    assert json.loads(trials.attrs["dropped_epochs"]) == [{"reason": "EOG", "n_epochs": 2}]
    kept = [*range(9), *range(11, 58)]
    assert trials["trial_in_session"].values.tolist() == kept
    assert trials["selection"].values.tolist() == kept
    assert trials["channel_type"].values.tolist() == ["eeg", "eeg", "eog"]
    assert trials["bad"].values.tolist() == [False, True, False]
    assert json.loads(trials.attrs["baseline"]) == [-0.2, 0.0]
    assert trials["neural"].attrs["sfreq"] == 100.0
    assert json.loads(trials.attrs["unread_columns"]) == ["other"]


def test_bad_channels_stay_unless_asked_for(epochs):
    assert "Cz" in read(epochs)["unit"]
    without = read(epochs, exclude_bads=True)
    assert without["unit"].values.tolist() == ["Fz", "EOG"]
    assert json.loads(without["neural"].attrs["excluded_channels"]) == ["Cz"]
    assert "Cz" in epochs.ch_names


def test_trials_survive_the_way_to_mne_and_back(epochs):
    trials = read(epochs)
    back = to_epochs(trials)
    again = from_epochs(back, **back.metadata.attrs["from_frame"])
    xr.testing.assert_identical(again, trials)


def test_epochs_survive_the_way_to_trials_and_back(epochs):
    back = to_epochs(read(epochs))
    np.testing.assert_array_equal(back.get_data(), epochs.get_data())
    np.testing.assert_array_equal(back.times, epochs.times)
    np.testing.assert_array_equal(back.events, epochs.events)
    np.testing.assert_array_equal(back.selection, epochs.selection)
    assert back.event_id == epochs.event_id
    assert back.drop_log == epochs.drop_log
    assert mne.utils.object_diff(back.info, epochs.info) == ""
    pd.testing.assert_frame_equal(back.metadata, epochs.metadata)
    assert len(back["contrast > 0.5"]) == (epochs.metadata["contrast"] > 0.5).sum()


def test_metadata_come_back_with_columns_of_every_kind(epochs):
    epochs.metadata = epochs.metadata.assign(
        code=[1, 2] * 28,
        other=[None, "ü"] * 28,
        rt=[0.1, np.nan] * 28,
        seen=[True, False] * 28,
        level=pd.array([1, None] * 28, "Int64"),
    )
    columns = {"choice": "code", "rt": "rt", "contrast": "contrast"}
    trials = from_epochs(epochs, columns, session="a", subject="s", labels={2: "yes", 1: "no"})
    part = trials.isel(trial=[0, 5, 6])
    back = to_epochs(part)
    pd.testing.assert_frame_equal(back.metadata, epochs.metadata.iloc[[0, 5, 6]])
    changed = trials.assign(contrast=trials["contrast"] + 1)
    back = to_epochs(changed)
    assert list(back.metadata)[:4] == ["subject", "session", "trial", "choice"]
    np.testing.assert_array_equal(back.metadata["contrast"], changed["contrast"])
    xr.testing.assert_identical(from_epochs(back, **back.metadata.attrs["from_frame"]), changed)


# of MNE with a recent pandas
@pytest.mark.filterwarnings("ignore:The inplace keyword")
@pytest.mark.parametrize("precision", ["double", "single"])
def test_trials_survive_a_file(epochs, tmp_path, precision):
    path = tmp_path / "some-epo.fif"
    to_epochs(read(epochs)).save(path, fmt=precision, verbose="error")
    again = read(mne.read_epochs(path, preload=False, verbose="error"))
    trials = read(epochs)
    if precision == "double":
        np.testing.assert_array_equal(again["neural"], trials["neural"])
    np.testing.assert_allclose(again["neural"], trials["neural"], rtol=1e-6)
    # MNE writes metadata with ten digits
    rest = (again.drop_vars("neural"), trials.drop_vars("neural"))
    xr.testing.assert_allclose(*rest, rtol=1e-9)
    assert again.attrs["dropped_epochs"] == trials.attrs["dropped_epochs"]


def test_trials_left_out_later_count_as_dropped_by_the_user(epochs):
    trials = read(epochs).isel(trial=[0, 2, 5])
    back = to_epochs(trials)
    assert back.selection.tolist() == [0, 2, 5]
    assert back.drop_log[1] == ("USER",)
    assert back.drop_log[9] == ("EOG",)
    assert list(back.event_id) == ["left", "right"]


def test_trials_of_other_origin_become_epochs_and_keep_their_lengths(simulate):
    trials, _ = simulate(0, n_times=5)
    trials["n_steps"][:3] = 4
    trials["neural"].values[:3, 4] = np.nan
    back = to_epochs(trials, channel_type="ecog")
    assert back.info["sfreq"] == 10.0
    assert set(back.get_channel_types()) == {"ecog"}
    again = from_epochs(back, **back.metadata.attrs["from_frame"])
    xr.testing.assert_equal(again["neural"].drop_vars(again["neural"].coords),
                            trials["neural"].drop_vars(trials["neural"].coords))  # fmt: skip
    for name in ("n_steps", "choice", "stimulus", "subject", "session", "trial_in_session"):
        np.testing.assert_array_equal(again[name], trials[name])


def test_trials_keep_their_position_in_the_recording(epochs):
    epochs.metadata["session"] = np.where(np.arange(56) < 30, "a", "b")
    trials = from_epochs(epochs, COLUMNS | {"session": "session"}, subject="s1",
                         labels=["no", "yes"])  # fmt: skip
    number = trials["trial_in_session"].values
    assert number[:12].tolist() == [*range(9), 11, 12, 13]
    assert number[30:33].tolist() == [32, 33, 34]
    later = from_epochs(epochs[35:], COLUMNS, subject="s1", labels=["no", "yes"])
    assert later["trial_in_session"].values.tolist() == number[35:].tolist()


def test_trials_keep_the_numbers_of_the_metadata(epochs):
    epochs.metadata["trial"] = np.arange(56)
    columns = COLUMNS | {"trial": "trial"}
    part = from_epochs(epochs[1:], columns, subject="s1", labels=["no", "yes"])
    assert part["trial_in_session"].values.tolist() == [*range(1, 56)]


@pytest.mark.parametrize("left", [cut({"left": 1}), cut({"left": 1, "right": 2})["left"]])
def test_ignored_events_are_told_as_they_may_be_trials(left):
    assert left.drop_log[1] == ("IGNORED",)
    with pytest.warns(DataWarning, match="between the epochs lie 2[789] events that MNE ignored"):
        trials = read(left)
    # the sixth left one was rejected
    assert trials["trial_in_session"].values[:6].tolist() == [0, 2, 4, 6, 8, 12]
    left.metadata["trial"] = np.arange(len(left))
    numbered = from_epochs(left, COLUMNS | {"trial": "trial"}, subject="s1", labels=["no", "yes"])
    assert numbered["trial_in_session"].values[:6].tolist() == [*range(6)]


def test_mistakes_are_named(epochs, simulate):
    with pytest.raises(DataError, match="subject is given as 's2' and as column 'other'"):
        from_epochs(epochs, COLUMNS | {"subject": "other"}, subject="s2", labels=["no", "yes"])
    with pytest.raises(DataError, match="role 'subject' is missing"):
        from_epochs(epochs, labels=["no", "yes"])
    epochs.metadata = None
    with pytest.raises(DataError, match="no metadata"):
        from_epochs(epochs)
    trials, _ = simulate(0, n_times=5)
    with pytest.raises(DataError, match="hold no 'neural"):
        to_epochs(trials.drop_vars(["neural", "n_steps"]))
    with pytest.raises(DataError, match="half a bin"):
        to_epochs(trials.assign_coords(time=trials["time"] + 0.05))
    with pytest.raises(DataError, match="not evenly spaced"):
        to_epochs(trials.assign_coords(time=trials["time"] ** 2))


def test_no_epoch_left_says_why(epochs):
    with pytest.raises(DataError, match=r'no epoch is left: .*"USER", "n_epochs": 56'):
        read(epochs.drop(np.arange(56), verbose="error"))


def test_lengths_are_not_rounded_and_tables_are_no_epochs(epochs):
    for n_steps in (10.7, "x", np.nan):
        wrong = epochs.copy()
        wrong.metadata = wrong.metadata.assign(n_steps=n_steps)
        with pytest.raises(DataError, match="n_steps"):
            read(wrong)
    with pytest.raises(DataError, match=r"epochs = DataFrame of shape .56, 3.: expected epochs"):
        from_epochs(epochs.metadata)
