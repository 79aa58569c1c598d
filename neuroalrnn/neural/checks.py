"""Checks of arguments about neural data, see `neuroalrnn.arguments`."""

from typing import Any

import xarray as xr

from neuroalrnn.arguments import not_kind, not_names, not_number, not_whole, shown


def not_epochs(name: str, value: Any) -> list[str]:
    """Describe what is no set of epochs of MNE."""
    import mne

    return not_kind(name, value, mne.BaseEpochs, "epochs of MNE")


def not_label(name: str, value: Any) -> list[str]:
    """Describe what is neither a name nor a number."""
    fits = isinstance(value, str) or not not_whole(name, value)
    return [] if fits else [f"{name} = {shown(value)}: expected a name or a number"]


def not_window(name: str, value: Any) -> list[str]:
    """Describe what is no pair of times."""
    pair = isinstance(value, tuple | list) and len(value) == 2
    if pair and not any(not_number(name, each) for each in value):
        return []
    return [f"{name} = {shown(value)}: expected its first and its last time in s"]


def not_held_out(name: str, value: Any) -> list[str]:
    """Describe what is neither "session", "subject" nor a list of subjects."""
    return [] if isinstance(value, str) else not_names(name, value)


def not_values(name: str, value: Any) -> list[str]:
    """Describe what is no labelled array."""
    return not_kind(name, value, xr.DataArray, "a DataArray with a value for every subject")


def not_channel_type(name: str, value: Any) -> list[str]:
    """Describe what is no type of channels of MNE."""
    import mne

    known = mne.io.get_channel_type_constants()
    fits = isinstance(value, str) and value in known
    return [] if fits else [f"{name} = {shown(value)}: expected one of {', '.join(known)}"]
