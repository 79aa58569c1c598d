"""Attributes of a trial dataset that cannot be read, and what a file cannot hold of it."""

import json
from collections.abc import Iterator

import numpy as np
import pandas as pd
import xarray as xr

# netCDF and HDF5 keep these names for themselves
TAKEN = {"_NCProperties", "_Netcdf4Coordinates", "_Netcdf4Dimid", "_nc3_strict", "_Encoding"}
TAKEN |= {"CLASS", "NAME", "DIMENSION_LIST", "REFERENCE_LIST"}
# a reader of files changes the values of a variable with such an attribute
DECODED = {"_FillValue", "missing_value", "scale_factor", "add_offset", "_Unsigned", "dtype"}
DECODED |= {"coordinates"}
JSON_ATTRS: dict[str, type] = dict.fromkeys(
    ("encoding", "analysis", "baselines", "environment", "load_report"), dict
)
JSON_ATTRS |= dict.fromkeys(("unscored", "notes", "cautions", "reading"), list)
LONGEST = 60
ADVICE = "files hold text, numbers and lists of either: convert it, such as with str(), or drop it"


def find_unsaveable(trials: xr.Dataset) -> list[str]:
    """Describe everything in a dataset that a netCDF file cannot hold, or would give back changed.

    Parameters
    ----------
    trials : xarray.Dataset
        Any dataset.

    Returns
    -------
    list of str
        Texts that say what, and what to do; empty where all can be saved.
    """
    found = [f"dim {text}" for name in trials.dims for text in _name_faults(name)]
    found += [f"variable {text}" for name in trials.variables for text in _name_faults(name)]
    found += [
        f"{name!r} is a MultiIndex, which files do not hold: use reset_index({name!r})"
        for name in trials.indexes
        if isinstance(trials.indexes[name], pd.MultiIndex) and name in trials.dims
    ]
    found += _attribute_faults("", trials.attrs)
    for name, variable in trials.variables.items():
        found += _attribute_faults(f"{name!r}.", variable.attrs)
        found += [
            f"{name!r}.attrs[{key!r}] tells readers of files to change the values: rename it"
            for key, value in variable.attrs.items()
            if key in DECODED or (key == "units" and " since " in str(value))
        ]
        if name in trials.coords and not isinstance(trials.indexes.get(name), pd.MultiIndex):
            found += _value_faults(name, variable.values)
    return found


def _name_faults(name) -> Iterator[str]:
    if not isinstance(name, str):
        yield f"name {name!r} is a {type(name).__name__}, expected text"
    elif not _is_text(name) or name in (".", "..") or name in TAKEN or name.startswith("_nc4_non_"):
        yield f"name {name!r} cannot be used in files: rename it"


def _attribute_faults(owner: str, attrs: dict) -> Iterator[str]:
    for name, value in attrs.items():
        if isinstance(name, str) and "/" not in name:
            yield from (f"{owner}attrs: {text}" for text in _name_faults(name))
        else:
            yield f"{owner}attrs: name {name!r} cannot be used in files: rename it"
        if not _is_saveable(value):
            shown = repr(value)
            shown = shown if len(shown) <= LONGEST else f"{shown[:LONGEST]}..."
            kind = type(value).__name__
            yield f"{owner}attrs[{name!r}] is {shown} ({kind}); {ADVICE}"


def _is_saveable(value) -> bool:
    """Whether an attribute is a text, a number, or a list or an array of only one of the two."""
    if isinstance(value, str):
        return _is_text(value)
    if isinstance(value, np.number | int | float):
        return np.asarray(value).dtype.kind in "iuf"
    if not isinstance(value, list | tuple | np.ndarray):
        return False
    try:
        array = np.asarray(value)
    except ValueError:
        return False
    if array.dtype.kind in "UO":
        each = array.ravel().tolist() if isinstance(value, np.ndarray) else value
        return all(isinstance(one, str) and _is_text(one) for one in each)
    return array.dtype.kind in "iuf" and not isinstance(value, np.ma.MaskedArray)


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in value


def _value_faults(name, values: np.ndarray) -> Iterator[str]:
    """Texts on values of a coordinate that cannot be written."""
    if values.dtype.kind not in "OTU":
        return
    each = pd.unique(values.ravel())
    if all(isinstance(one, str) for one in each):
        wrong = [one for one in each if not _is_text(one)]
        if wrong:
            yield f"coordinate {name!r} holds {wrong[0]!r}, which files cannot hold: rename it"
        return
    kinds = sorted({type(one).__name__ for one in each})
    if len(kinds) > 1 or not isinstance(each[0], int | float | np.number) or kinds == ["bool"]:
        yield f"coordinate {name!r} holds values of type {', '.join(kinds)}: make them all text"


def find_no_json(trials: xr.Dataset) -> list[str]:
    """Describe attributes that should hold tables or lists as JSON, but do not.

    Parameters
    ----------
    trials : xarray.Dataset
        Any dataset.

    Returns
    -------
    list of str
        Texts that say which, and what is wrong; empty where all is well.
    """
    found = []
    for name, kind in JSON_ATTRS.items():
        if name not in trials.attrs:
            continue
        try:
            value = json.loads(trials.attrs[name])
        except (TypeError, ValueError):
            found.append(f"attrs[{name!r}] is not a JSON string; use json.dumps")
            continue
        if type(value) is not kind:
            what = type(value).__name__
            found.append(f"attrs[{name!r}] holds a {what}, expected a {kind.__name__}")
        elif name == "unscored" and not all(map(_is_reason, json.loads(trials.attrs[name]))):
            found.append("attrs['unscored'] holds more than tables of reason and n_trials")
    return found


def _is_reason(each) -> bool:
    return isinstance(each, dict) and {"reason", "n_trials"} <= set(each)
