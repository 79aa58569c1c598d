"""Metadata of epochs as they were, kept with the trials that were made of them."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

# what epochs keep beside their metadata, and where a trial stood, decide nothing about metadata
BESIDE = ("event_sample", "event_before", "event_code", "selection", "table_row")


def keep_metadata(table: pd.DataFrame, selection: np.ndarray, read: Mapping[str, Any]) -> str:
    """Write metadata and how they were read, so that `own_metadata` brings them back.

    Parameters
    ----------
    table : pandas.DataFrame
        Metadata.
    selection : ndarray of int, shape (epoch,)
        Position of each epoch among all events.
    read : dict of str to anything
        Arguments that trials were made with.

    Returns
    -------
    str
        JSON; "" for what JSON cannot hold as it is.
    """
    kept = {
        "columns": {str(name): [_cell(each) for each in table[name].tolist()] for name in table},
        "dtypes": {str(name): str(table[name].dtype) for name in table},
        "selection": np.asarray(selection).tolist(),
    }
    try:
        text = json.dumps(kept | {"read": _plain(read)})
        same = _table(json.loads(text)).equals(table.set_axis(selection))
    except (TypeError, ValueError):
        return ""
    return text if same else ""


def own_metadata(
    trials: xr.Dataset, again: Callable[[pd.DataFrame, np.ndarray, dict], xr.Dataset]
) -> tuple[pd.DataFrame, dict[str, Any]] | None:
    """Metadata that trials were made of, if they still say what the trials say.

    Parameters
    ----------
    trials : xarray.Dataset
        Trials with ``neural``.
    again : callable
        Makes trials of metadata, the positions of epochs and what was read.

    Returns
    -------
    metadata : pandas.DataFrame
        One row per trial.
    read : dict of str to anything
        Arguments that the trials were made with. None in place of both where there are no such
        metadata, or variables of trials were added, left out or changed.
    """
    text = trials["neural"].attrs.get("metadata", "")
    if not text or "selection" not in trials.coords:
        return None
    kept = json.loads(text)
    selection, read = trials["selection"].values, _restored(kept["read"])
    table = _table(kept).reindex(selection)
    if not np.isin(selection, kept["selection"]).all():
        return None
    table = table.astype(kept["dtypes"])
    new = _comparable(again(table, selection, read))
    return (table, read) if new.identical(_comparable(trials)) else None


def _comparable(trials) -> xr.Dataset:
    """What metadata say of trials, without what the signal and the epochs say."""
    rest = trials.drop_dims([name for name in ("time", "unit") if name in trials.dims])
    return rest.drop_vars(BESIDE, errors="ignore").drop_attrs(deep=False)


def _table(kept) -> pd.DataFrame:
    columns = {
        name: pd.Series(cells, kept["selection"], dtype=kept["dtypes"][name])
        for name, cells in kept["columns"].items()
    }
    return pd.DataFrame(columns, index=kept["selection"])


def _cell(value) -> Any:
    return None if value is pd.NA else value


def _plain(value) -> Any:
    """A value as JSON holds it; keys of dicts need not be text."""
    if isinstance(value, Mapping):
        return {"pairs": [[_plain(key), _plain(each)] for key, each in value.items()]}
    if isinstance(value, list | tuple | np.ndarray):
        return [_plain(each) for each in value]
    return value.item() if isinstance(value, np.generic) else value


def _restored(value) -> Any:
    if isinstance(value, dict):
        return {_restored(key): _restored(each) for key, each in value["pairs"]}
    return [_restored(each) for each in value] if isinstance(value, list) else value
