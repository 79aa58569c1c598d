"""Spikes counted in bins around an event of each trial."""

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from data_loaders.formats._found import MOST_BYTES
from neuroalrnn.arguments import not_number, refuse
from neuroalrnn.exceptions import DataError, problems


def with_spikes(
    trials: xr.Dataset,
    spikes: Mapping[str, np.ndarray],
    at: np.ndarray,
    window: Sequence[float],
    dt: float,
) -> xr.Dataset:
    """Add the number of spikes of each unit in bins around one time per trial.

    Parameters
    ----------
    trials : xarray.Dataset
        Labelled trials.
    spikes : dict of unit to ndarray
        Times of the spikes of each unit, in seconds.
    at : ndarray, shape (trial,)
        Time of the event in each trial, on the same clock; NaN where it is not known.
    window : pair of float
        Seconds from the event where bins start and end.
    dt : float
        Width of the bins in seconds.

    Returns
    -------
    trials : xarray.Dataset
        The same with ``neural(trial, time, unit)``, counts, NaN where the event is not known;
        ``time`` is the middle of a bin.

    Raises
    ------
    DataError
        The window is no pair of times or holds no whole bin, or counts would take too much memory.
    """
    from neuroalrnn.neural.checks import not_window

    found = not_window("window", tuple(window) if np.iterable(window) else window)
    refuse("spikes", found + not_number("dt", dt), DataError)
    start, stop = window
    n_bins = int(np.floor((stop - start) / dt + 1e-9)) if dt > 0 else 0
    size = 8 * n_bins * len(at) * max(len(spikes), 1)
    found = [f"window {start:g} to {stop:g} s holds no bin of {dt:g} s"] * (n_bins < 1)
    found += [f"counts would take {size:.3g} bytes, expected {MOST_BYTES:.3g} at most"] * (
        size > MOST_BYTES
    )
    if found:
        raise problems(DataError, "spikes", found)
    edges = start + dt * np.arange(n_bins + 1)
    counts = np.empty((len(at), n_bins, len(spikes)))
    for k, times in enumerate(spikes.values()):
        place = np.searchsorted(np.sort(times), np.asarray(at)[:, None] + edges)
        counts[:, :, k] = np.diff(place, axis=1)
    counts[~np.isfinite(at)] = np.nan
    trials = trials.assign_coords(time=edges[:-1] + dt / 2, unit=[str(each) for each in spikes])
    dims = ("trial", "time", "unit")
    return trials.assign(neural=(dims, counts, {"units": "spikes", "bin_width": float(dt)}))
