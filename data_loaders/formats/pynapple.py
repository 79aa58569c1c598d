"""Objects of pynapple: an interval set of trials, and a group of spike trains."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from data_loaders.formats._found import Found, to_trials
from data_loaders.formats._spikes import with_spikes
from neuroalrnn.arguments import checked, not_mapping, not_text, optional, refuse
from neuroalrnn.data.checks import not_columns
from neuroalrnn.data.columns import numbers
from neuroalrnn.exceptions import DataError, problems


@checked(DataError, columns=not_columns, at=not_text, constants=optional(not_mapping))
def load_pynapple(
    intervals: Any,
    columns: Mapping[str, str],
    *,
    units: Any = None,
    at: str = "start",
    window: Sequence[float] = (-0.5, 1.0),
    dt: float = 0.05,
    **options: Any,
) -> xr.Dataset:
    """Turn an interval set of pynapple into a trial dataset, with spikes where units are given.

    The objects are known by what they offer, and pynapple need not be installed.

    Parameters
    ----------
    intervals : pynapple.IntervalSet
        One interval per trial, in time order; its metadata are the columns of the table, beside
        ``start`` and ``end`` in seconds.
    columns : dict of role to column
        Which column plays which role, see `neuroalrnn.from_frame`.
    units : pynapple.TsGroup or dict of unit to times, optional
        Spike trains, which are counted in bins.
    at : str
        Column with the time that bins are counted from.
    window : pair of float
        Seconds from there where bins start and end.
    dt : float
        Width of the bins in seconds.
    **options : anything
        Further arguments of `neuroalrnn.from_frame`; ``constants={"subject": "A8604"}`` names the
        subject.

    Returns
    -------
    trials : xarray.Dataset
        Labelled trials, with ``neural(trial, time, unit)`` where units are given.

    Raises
    ------
    DataError
        The objects are none of pynapple, or the table has problems.
    """
    table = _table(intervals)
    if units is None:
        return to_trials(Found(table), columns, "pynapple", options)
    no_column = (np.zeros(0), [f"at: there is no column {at!r}"])
    times, found = numbers(table[at], at) if at in table else no_column
    if options.get("keep"):
        found.append("keep would part trials from their spikes: select intervals first")
    refuse("pynapple", found, DataError)
    trials = to_trials(Found(table), columns, "pynapple", options)
    return with_spikes(trials, _spikes(units), times, window, dt)


def _table(intervals) -> pd.DataFrame:
    if isinstance(intervals, pd.DataFrame):
        return intervals.reset_index(drop=True)
    if hasattr(intervals, "as_dataframe") and hasattr(intervals, "start"):
        return pd.DataFrame(intervals.as_dataframe()).reset_index(drop=True)
    text = f"intervals = {type(intervals).__name__}: expected an IntervalSet of pynapple"
    raise problems(DataError, "pynapple", [text])


def _spikes(units) -> dict[str, np.ndarray]:
    if not hasattr(units, "keys"):
        text = f"units = {type(units).__name__}: expected a TsGroup of pynapple"
        raise problems(DataError, "pynapple", [text])
    trains = {str(name): units[name] for name in units.keys()}  # noqa: SIM118
    return {
        name: np.asarray(getattr(each, "t", each), dtype=float) for name, each in trains.items()
    }
