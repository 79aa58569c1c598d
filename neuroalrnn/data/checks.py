"""Checks of arguments about trials and tables, see `neuroalrnn.arguments`."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from neuroalrnn.arguments import not_mapping, refuse, shown
from neuroalrnn.data.schema import not_trials
from neuroalrnn.exceptions import DataError


def not_rows(name: str, value: Any, n_trials: int) -> list[str]:
    """Describe what is no list of different trial indices.

    Parameters
    ----------
    name : str
        Name of the argument, for the text.
    value : anything
        What was given.
    n_trials : int
        Number of trials of the dataset.

    Returns
    -------
    list of str
        Texts that say what is wrong; empty where all is well.
    """
    expected = f"{name} = {shown(value)}: expected an array of trial indices, 0 to {n_trials - 1}"
    try:
        rows = np.asarray(value)
    except (TypeError, ValueError):
        return [expected]
    if rows.ndim != 1 or rows.dtype.kind not in "iu" or not len(rows):
        return [expected]
    fits = rows.min() >= 0 and rows.max() < n_trials and np.bincount(rows).max() == 1
    return [] if fits else [f"{expected}, each once"]


def not_columns(name: str, value: Any) -> list[str]:
    """Describe what is no dict from roles to names of columns."""
    if found := not_mapping(name, value):
        return [f"{text} of role -> column, such as {{'subject': 'ID'}}" for text in found]
    return [
        f"{name}: {shown(role)} -> {shown(column)}: expected a role and the name of a column"
        for role, column in value.items()
        if not isinstance(role, str) or not isinstance(column, str | int | float)
    ]


def not_labels(name: str, value: Any) -> list[str]:
    """Describe what is neither a list of options nor a dict from values to options."""
    fits = isinstance(value, Mapping | Sequence) and not isinstance(value, str | bytes | range)
    fits = fits and all(isinstance(each, str | int | float) for each in value)
    expected = "a list of options, or a dict from values to options"
    return [] if fits else [f"{name} = {shown(value)}: expected {expected}"]


def check_split(
    title: str, trials: xr.Dataset, train: ArrayLike, test: ArrayLike
) -> tuple[np.ndarray, np.ndarray]:
    """Refuse trials that a baseline cannot be fitted to or tested on.

    Parameters
    ----------
    title : str
        What was called, for the message.
    trials : xarray.Dataset
        Labelled trials.
    train, test : array of int
        Trial indices; trials of `train` have a choice.

    Returns
    -------
    train, test : array of int
        The same indices.

    Raises
    ------
    DataError
        Indices that are none, or training trials without a choice.
    """
    found = not_trials("trials", trials)
    if not found:
        n_trials = trials.sizes["trial"]
        found = not_rows("train", train, n_trials) + not_rows("test", test, n_trials)
    if not found and np.isnan(trials["choice"].values[np.asarray(train)]).any():
        found = ["train holds trials without a choice: leave them out"]
    refuse(title, found, DataError)
    return np.asarray(train), np.asarray(test)
