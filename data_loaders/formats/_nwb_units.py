"""Units of an NWB file: their spikes, when they were observed, and what is noted of them."""

from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np
import xarray as xr

from data_loaders.formats._found import MOST_BYTES
from data_loaders.formats._hdf5 import member, pieces_of, texts_of, values_of

# columns that hold a list for every unit
SPIKES, OBSERVED = "spike_times", "obs_intervals"


@dataclass
class Units:
    """Units of one file.

    Parameters
    ----------
    spikes : dict of str to ndarray
        Times in s of every unit, by its number.
    observed : dict of str to ndarray, shape (interval, 2)
        Start and end in s of the times in which a unit was observed; empty where it is not told.
    notes : dict of str to ndarray, shape (unit,)
        Columns of one text or number for each unit, such as its quality.
    """

    spikes: dict[str, np.ndarray]
    observed: dict[str, np.ndarray]
    notes: dict[str, np.ndarray]

    def mask(self, trials: xr.Dataset, at: np.ndarray, window: Any) -> xr.Dataset:
        """Leave no counts of trials in which a unit was not observed.

        Parameters
        ----------
        trials : xarray.Dataset
            Trials with ``neural``, of these units.
        at : ndarray, shape (trial,)
            Time in s that bins count from.
        window : pair of float
            Where bins start and end.

        Returns
        -------
        trials : xarray.Dataset
            The same with NaN there, and notes as coords of unit.
        """
        neural = trials["neural"].values
        for k, intervals in enumerate(self.observed.values()):
            first, last = at[:, None] + window[0], at[:, None] + window[1]
            inside = ((intervals[:, 0] <= first) & (last <= intervals[:, 1])).any(axis=1)
            neural[~inside, :, k] = np.nan
        notes = {f"unit_{name}": ("unit", values) for name, values in self.notes.items()}
        return trials.assign_coords(notes)


def units_of(file: h5py.File) -> Units:
    """Read the table of units of a file.

    Parameters
    ----------
    file : h5py.File
        An NWB file.

    Returns
    -------
    Units
        All of them, whatever their quality.

    Raises
    ------
    ValueError
        The file has no units with spikes, numbers of units are not unique, or columns do not fit
        them.
    """
    if file.get("units", getlink=True) is None:
        raise ValueError("it holds no units: leave 'at' out")
    group = member(file, "units")
    names = [str(each) for each in values_of(member(group, "id"), MOST_BYTES)]
    if len(set(names)) < len(names):
        raise ValueError("several units have the same id")
    spikes = _lists(group, SPIKES, names, ())
    observed = _lists(group, OBSERVED, names, (2,)) if OBSERVED in group else {}
    return Units(spikes, observed, _notes(group, len(names)))


def _lists(group, name, names, shape) -> dict[str, np.ndarray]:
    """One array per unit, whose rows have this shape."""
    values = values_of(member(group, name), MOST_BYTES).astype(float)
    if values.shape[1:] != shape:
        raise ValueError(f"{name} has the shape {values.shape}, expected {('n', *shape)}")
    pieces = pieces_of(group, name, values)
    if len(pieces) != len(names):
        raise ValueError(f"{name} has lists for {len(pieces)} units, expected {len(names)}")
    return dict(zip(names, pieces, strict=True))


def _notes(group, n_units) -> dict[str, np.ndarray]:
    notes = {}
    for name in group:
        each = member(group, name)
        is_plain = isinstance(each, h5py.Dataset) and each.shape == (n_units,)
        if name == "id" or not is_plain or f"{name}_index" in group or name.endswith("_index"):
            continue
        if h5py.check_ref_dtype(each.dtype) or each.dtype.kind not in "iufbSO":
            continue
        values = values_of(each, MOST_BYTES)
        notes[name] = texts_of(values).astype(str) if values.dtype.kind in "SO" else values
    return notes
