"""Coding of variables for a model: by their names and marks, never by their values."""

import numpy as np
import xarray as xr

# `attrs["coding"]` may hold these marks: 0 and 1 stand for -1 and +1, or stay as they are
SIGNED, INDICATOR = "signed", "indicator"


def coded(trials: xr.Dataset, name: str) -> list[tuple[str, np.ndarray]]:
    """Build the columns that models get for one variable, as inputs and in designs alike.

    ``choice`` between two options is -1/+1, between more one 0/1 column per option; ``correct`` is
    -1/+1; any other variable is as stored, or ``2 v - 1`` where ``attrs["coding"]`` is "signed".
    The rule uses no value, so one subject's data never change the coding of another's.

    Parameters
    ----------
    trials : xarray.Dataset
        Labelled trials.
    name : str
        A numeric variable on dim ``trial``.

    Returns
    -------
    columns : list of (str, ndarray of float, shape (trial,))
        Label and values of every column. The label is the name, or ``"choice=option"``. Missing
        values are 0.
    """
    variable = trials.variables[name]
    return code(name, variable.values, variable.attrs)


def code(name: str, values: np.ndarray, attrs: dict) -> list[tuple[str, np.ndarray]]:
    """Build the columns of `coded` for values of any shape, such as those of simulated trials.

    Parameters
    ----------
    name : str
        Name of the variable.
    values : ndarray
        Its values.
    attrs : dict
        Its attributes.

    Returns
    -------
    columns : list of (str, ndarray of float)
        Label and values of every column, in the shape of `values`.
    """
    values = values.astype(float)
    if name == "choice":
        labels = [str(label) for label in attrs["labels"]]
        if len(labels) > 2:
            return [(f"choice={text}", (values == k) * 1.0) for k, text in enumerate(labels)]
    if name in ("choice", "correct") or attrs.get("coding") == SIGNED:
        values = 2 * values - 1
    return [(name, np.nan_to_num(values))]


def is_signed(trials: xr.Dataset, name: str) -> bool:
    """Check whether a variable is marked as one whose 0 and 1 stand for -1 and +1."""
    return trials.variables[name].attrs.get("coding") == SIGNED


def is_centred(trials: xr.Dataset, name: str) -> bool:
    """Check whether models get a variable centred and scaled.

    They do, unless it has a code of its own (the choice, ``correct``) or is marked. A factor that
    is marked as an indicator keeps selecting trials in the products of a design.

    Parameters
    ----------
    trials : xarray.Dataset
        Labelled trials.
    name : str
        A numeric variable on dim ``trial``.

    Returns
    -------
    bool
        True where the variable is centred and scaled.
    """
    return name not in ("choice", "correct") and "coding" not in trials.variables[name].attrs
