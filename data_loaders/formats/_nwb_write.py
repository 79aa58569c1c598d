"""Columns that are added to a table of intervals of a copy of an NWB file."""

import uuid
from collections.abc import Mapping
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

from data_loaders.formats._hdf5 import member, texts_of
from neuroalrnn.exceptions import DataError, problems


def add_columns(path: Path, place: str, columns: pd.DataFrame, meanings: Mapping[str, str]) -> None:
    """Add columns to a table of intervals.

    Parameters
    ----------
    path : pathlib.Path
        An NWB file in HDF5, which is changed.
    place : str
        Path of the table in the file.
    columns : pandas.DataFrame
        One row per interval. Missing numbers become NaN, missing texts empty. Slashes in names
        become underscores, as HDF5 separates the parts of a path by slashes.
    meanings : dict of column to str
        Descriptions.

    Raises
    ------
    DataError
        The table has another number of rows, or columns of these names, or two of the columns
        would have one name.
    """
    meanings = {name.replace("/", "_"): text for name, text in meanings.items()}
    columns = columns.rename(columns=lambda name: name.replace("/", "_"))
    with h5py.File(path, "r+") as file:
        group = file
        for part in filter(None, place.split("/")):
            group = member(group, part)
        ids = member(group, "id")
        names = [str(each) for each in texts_of(np.asarray(group.attrs["colnames"]))]
        found = [f"there is a column {each!r} already: choose another prefix"
                 for each in columns if each in group]  # fmt: skip
        found += [f"two columns would be called {each!r}: a slash becomes an underscore"
                  for each in columns.columns[columns.columns.duplicated()].unique()]  # fmt: skip
        if len(ids) != len(columns):
            found.append(f"{place} has {len(ids)} rows, expected {len(columns)}")
        if found:
            raise problems(DataError, str(path), found)
        namespace = _namespace(group)
        for name in map(str, columns):
            column = group.create_dataset(name, data=_values(columns[name]))
            column.attrs["namespace"] = namespace
            column.attrs["neurodata_type"] = "VectorData"
            column.attrs["object_id"] = str(uuid.uuid4())
            column.attrs["description"] = meanings[name]
        group.attrs["colnames"] = np.array([*names, *columns], dtype=h5py.string_dtype())


def _namespace(group) -> str:
    """Where the file says that columns are defined: early versions of NWB have another place."""
    for name in group:
        each = group[name] if isinstance(group.get(name, getlink=True), h5py.HardLink) else None
        if each is not None and str(each.attrs.get("neurodata_type")) == "VectorData":
            return str(each.attrs["namespace"])
    return "hdmf-common"


def _values(column: pd.Series) -> np.ndarray:
    if pd.api.types.is_numeric_dtype(column):
        return column.to_numpy(dtype=float, na_value=np.nan)
    texts = ["" if pd.isna(each) else str(each) for each in column]
    return np.array(texts, dtype=h5py.string_dtype())
