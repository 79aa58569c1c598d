"""Checks of arguments: numbers, labels of subjects, order of rows, columns of tables."""

from collections.abc import Iterable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from neuroalrnn.arguments import not_kind, not_number, not_whole, optional, refuse, shown
from neuroalrnn.exceptions import DataError, problems


def not_labels(name: str, value: Any) -> list[str]:
    """Describe what is no list of labels or numbers, one for every row."""
    try:
        fits = np.ndim(value) == 1
        if fits and not _is_plain(value):
            hash(tuple(np.asarray(value, dtype=object)))
    except (TypeError, ValueError):
        fits = False
    return [] if fits else [f"{name} = {shown(value)}: expected a list, one for every row"]


def _is_plain(values) -> bool:
    """Whether values are an array of texts or whole numbers: all of one type, none missing."""
    if not isinstance(values, np.ndarray) or values.ndim != 1:
        return False
    is_text = values.dtype.kind == "O" and pd.api.types.infer_dtype(values, skipna=False)
    return values.dtype.kind in "Uiub" or is_text == "string"


RNG = optional(partial(not_kind, kinds=np.random.Generator, expected="numpy.random.default_rng(3)"))
DRAWS = partial(not_whole, least=1)
SHARE = partial(not_number, least=0.0, most=1.0)


def as_numbers(values: ArrayLike, name: str, title: str) -> np.ndarray:
    """Read values as floats.

    Parameters
    ----------
    values : array
        What was given.
    name, title : str
        What the values are, and what was looked at, for the message.

    Returns
    -------
    numbers : array of float
        The same values.

    Raises
    ------
    DataError
        The values are text, or rows of unequal length.
    """
    try:
        return np.asarray(values, dtype=float)
    except (TypeError, ValueError) as error:
        raise DataError(f"{title}: {name!r} should be numbers: {error}") from error


def as_whole_numbers(
    values: ArrayLike, name: str, title: str, *, least: int | None = None
) -> np.ndarray:
    """Read values as integers, without rounding any.

    Parameters
    ----------
    values : array
        What was given.
    name, title : str
        What the values are, and what was looked at, for the message.
    least : int, optional
        The smallest number that is allowed.

    Returns
    -------
    numbers : array of int
        The same values.

    Raises
    ------
    DataError
        A value is a fraction, NaN, or too small.
    """
    numbers = as_numbers(values, name, title)
    wrong = ~np.isfinite(numbers) | (numbers % 1 != 0)
    if least is not None:
        wrong |= numbers < least
    if wrong.any():
        limit = "" if least is None else f" from {least} on"
        shown = ", ".join(f"{each:g}" for each in numbers[wrong].ravel()[:6])
        raise DataError(f"{title}, {name}: found {shown}, expected whole numbers{limit}")
    return numbers.astype(int)


def as_count(value: Any, name: str, title: str, *, least: int = 0) -> int:
    """Read one whole number, see `as_whole_numbers`.

    Parameters
    ----------
    value : int
        What was given.
    name, title : str
        What the value is, and what was looked at, for the message.
    least : int
        The smallest number that is allowed.

    Returns
    -------
    count : int
        The same value.

    Raises
    ------
    DataError
        The value is None, several numbers, a fraction, or too small.
    """
    if value is None or np.ndim(value):
        raise DataError(f"{title}, {name}: found {value!r}, expected one whole number")
    return int(as_whole_numbers(value, name, title, least=least))


def refuse_unnamed(title: str, columns: dict) -> None:
    """Raise where a label is missing, as its rows would silently belong nowhere.

    Parameters
    ----------
    title : str
        What was looked at, for the message.
    columns : dict of str to array (row,)
        Labels such as subject and session.

    Raises
    ------
    DataError
        A label is missing, or two labels read the same (1 and "1").
    """
    found = [text for name, labels in columns.items() for text in not_labels(name, labels)]
    refuse(title, found, DataError)
    for name, labels in columns.items():
        if _is_plain(labels):
            continue
        labels = np.asarray(labels, dtype=object)
        known = pd.unique(labels)
        if pd.isna(known).any():
            missing = pd.isna(labels)
            found.append(
                f"{name!r} is missing in {int(missing.sum())} of {missing.size} rows, first in row "
                f"{int(missing.argmax())}; name it, or leave these rows out"
            )
        known = known[~pd.isna(known)]
        if twice := pd.Index([str(label) for label in known]).duplicated().sum():
            found.append(f"{name!r}: {twice} labels read like another one of another type")
    if found:
        raise problems(DataError, title, found)


def refuse_reordered(title: str, columns: dict) -> None:
    """Raise where pandas objects hold the same row labels in different orders.

    Rows are paired by position, so that a table in another order would be paired wrongly.

    Parameters
    ----------
    title : str
        What was looked at, for the message.
    columns : dict of str to anything
        Arguments by name; only Series and DataFrames are checked.

    Raises
    ------
    DataError
        Two arguments have the same row labels in different orders.
    """
    indexed = {
        name: values.index
        for name, values in columns.items()
        if isinstance(values, pd.Series | pd.DataFrame) and values.index.is_unique
    }
    if not indexed:
        return
    first, order = next(iter(indexed.items()))
    found = [
        f"{name!r} has the row labels of {first!r} in another order; sort one like the other, "
        "with reindex"
        for name, index in indexed.items()
        if len(index) == len(order) and not index.equals(order) and index.isin(order).all()
    ]
    if found:
        raise problems(DataError, title, found)


def require_columns(title: str, table: Any, names: Iterable[str]) -> None:
    """Raise unless a table has all these columns.

    Parameters
    ----------
    title : str
        What was looked at, for the message.
    table : DataFrame
        The table.
    names : iterable of str
        Columns that are needed.

    Raises
    ------
    DataError
        A column is missing, or there is no table.
    """
    if not isinstance(table, pd.DataFrame):
        raise DataError(f"{title}: found {type(table).__name__}, expected a table (DataFrame)")
    if missing := [name for name in names if name not in table]:
        known = ", ".join(map(str, table.columns)) or "none"
        raise DataError(f"{title}: no column {', '.join(map(repr, missing))}; found {known}")
