"""Regimes and switches land in MNE at the right times and epochs."""

import mne
import numpy as np
import pytest
import xarray as xr

from neuroalrnn.exceptions import DataError
from neuroalrnn.neural import annotate_epochs, to_annotations, to_epochs


@pytest.fixture
def session(simulate):
    """Four trials of two events each, with known regimes; the second step of trial 2 is absent."""
    trials, _ = simulate(0, n_sessions=1, n_times=5)
    trials = trials.isel(trial=slice(4))
    time = np.array([[0.0, 0.4], [0.0, 0.5], [0.0, np.nan], [0.1, 0.6]])
    trials["event_time"] = (("trial", "event"), time)
    trials = trials.assign_coords(event=["stimulus", "response"])
    trials["start"] = ("trial", [10.0, 12.0, 14.0, 16.0])
    regimes = xr.DataArray([[0, 0], [1, 0], [0, -1], [2, 2]], dims=("trial", "step"),
                           coords={"step": ["stimulus", "response"]})  # fmt: skip
    return trials, regimes


def test_annotations_mark_every_step_and_switch(session):
    trials, regimes = session
    annotations = to_annotations(regimes, trials, "start")
    marks = list(zip(annotations.onset.round(6), annotations.description, strict=True))
    assert sorted(marks) == [
        (10.0, "regime 0"), (10.4, "regime 0"), (12.0, "regime 1"), (12.0, "switch 0>1"),
        (12.5, "regime 0"), (12.5, "switch 1>0"), (14.0, "regime 0"), (16.1, "regime 2"),
        (16.1, "switch 0>2"), (16.6, "regime 2"),
    ]  # fmt: skip
    assert (annotations.duration == 0).all()


def test_annotations_become_events_of_a_recording(session):
    trials, regimes = session
    info = mne.create_info(["Cz"], 100.0, "eeg")
    raw = mne.io.RawArray(np.zeros((1, 2000)), info, first_samp=500, verbose="error")
    raw.set_annotations(to_annotations(regimes, trials, "start"))
    events, codes = mne.events_from_annotations(raw, verbose="error")
    at = events[events[:, 2] == codes["switch 1>0"], 0] - raw.first_samp
    assert at.tolist() == [1250]


def test_steps_get_their_times_from_events_or_seconds(session):
    trials, regimes = session
    renamed = regimes.assign_coords(step=["first", "second"])
    with pytest.raises(DataError, match=r"(?s)'first' is not known.*'second' is not known"):
        to_annotations(renamed, trials, "start")
    found = to_annotations(renamed, trials, "start", at={"first": "stimulus", "second": 1.5})
    assert found.onset[found.description == "regime 2"].round(6).tolist() == [16.1, 17.5]
    with pytest.raises(DataError, match="no time on trial 2"):
        to_annotations(regimes.where(regimes >= 0, 1), trials, "start")
    with pytest.raises(DataError, match=r"start: found shape \(3,\)"):
        to_annotations(regimes, trials, np.arange(3.0))


def test_a_recording_is_one_session(simulate):
    trials, regimes = simulate(0, n_trials=30)
    with pytest.raises(DataError, match="found 2 sessions"):
        to_annotations(regimes, trials, np.arange(60.0), at={"choice": 0.0})


def test_epochs_get_regimes_as_metadata_and_events(session):
    trials, regimes = session
    epochs = to_epochs(trials)
    before = epochs.metadata.copy()
    annotated = annotate_epochs(epochs, regimes, trials, events="stimulus")
    assert annotated.metadata["regime_stimulus"].tolist() == [0, 1, 0, 2]
    assert annotated.metadata["regime_response"].tolist() == [0, 0, -1, 2]
    np.testing.assert_array_equal(annotated.metadata["switch_stimulus"], [np.nan, 1, 0, 1])
    np.testing.assert_array_equal(annotated.metadata["switch_response"], [0, 1, np.nan, 0])
    assert len(annotated["regime 0"]) == 2
    np.testing.assert_array_equal(annotated["regime 2"].get_data()[0], epochs.get_data()[3])
    assert len(annotated["switch_stimulus == 1"]) == 2
    assert list(before) == list(epochs.metadata)


# of MNE with a recent pandas
@pytest.mark.filterwarnings("ignore:The inplace keyword")
def test_annotated_epochs_survive_a_file(session, tmp_path):
    trials, regimes = session
    path = tmp_path / "regimes-epo.fif"
    annotate_epochs(to_epochs(trials), regimes, trials, events="stimulus").save(
        path, verbose="error"
    )
    again = mne.read_epochs(path, verbose="error")
    assert len(again["regime 0"]) == 2
    assert again.metadata["regime_response"].tolist() == [0, 0, -1, 2]


def test_other_epochs_are_refused(session):
    trials, regimes = session
    epochs = to_epochs(trials)
    with pytest.raises(DataError, match="3 epochs, regimes of 4 trials"):
        annotate_epochs(epochs[:3], regimes, trials)
    with pytest.raises(DataError, match="no regime at step 'response' of trial 2"):
        annotate_epochs(epochs, regimes, trials, events="response")
    with pytest.raises(DataError, match="did you mean 'response'"):
        annotate_epochs(epochs, regimes, trials, events="respons")
    other = regimes.assign_coords(subject=("trial", ["s0", "s0", "s1", "s0"]))
    with pytest.raises(DataError, match="'subject' of epochs and regimes differs on trial 2"):
        annotate_epochs(epochs, other, trials)


def test_epochs_in_another_order_are_refused(session):
    trials, regimes = session
    epochs = to_epochs(trials)
    trials = trials.assign_coords(selection=("trial", epochs.selection))
    with pytest.raises(DataError, match="'selection' of epochs and regimes differs on trials 0, 1"):
        annotate_epochs(epochs[[1, 0, 2, 3]], regimes, trials)


def test_regimes_and_times_must_be_usable(session):
    trials, regimes = session
    for wrong in (regimes.values, regimes[0]):
        with pytest.raises(DataError, match="regimes: found"):
            to_annotations(wrong, trials, "start")
        with pytest.raises(DataError, match="regimes: found"):
            annotate_epochs(to_epochs(trials), wrong, trials)
    with pytest.raises(DataError, match="'start' should be numbers"):
        to_annotations(regimes, trials, np.full(4, "a"))
    with pytest.raises(DataError, match="no time"):
        to_annotations(regimes, trials, np.full(4, np.inf))


def test_functional_regimes_of_whole_trials_are_those_of_a_step_choice(session):
    trials, regimes = session
    labels = regimes.isel(step=0, drop=True)
    found = to_annotations(labels, trials, "start", at={"choice": "stimulus"})
    marks = [name for name in found.description if name.startswith("switch")]
    assert marks == ["switch 0>1", "switch 1>0", "switch 0>2"]
    annotated = annotate_epochs(to_epochs(trials), labels, trials, events="choice")
    assert annotated.metadata["regime_choice"].tolist() == labels.values.tolist()
    assert len(annotated["regime 0"]) == 2
