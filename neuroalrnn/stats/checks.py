"""Checks of what comes in: numbers, names of subjects, rows in one order, columns of tables."""

from collections.abc import Iterable
from functools import partial

import numpy as np
import pandas as pd

from neuroalrnn.arguments import not_kind, not_number, not_whole, optional, refuse, shown
from neuroalrnn.exceptions import DataError, problems


def not_labels(name: str, value) -> list[str]:
    """Text for what is no list of labels or numbers, one for every row."""
    try:
        fits = np.ndim(value) == 1
        if fits:
            hash(tuple(np.asarray(value, dtype=object)))
    except (TypeError, ValueError):
        fits = False
    return [] if fits else [f"{name} = {shown(value)}: expected a list, one for every row"]


RNG = optional(partial(not_kind, kinds=np.random.Generator, expected="numpy.random.default_rng(3)"))
DRAWS = partial(not_whole, least=1)
SHARE = partial(not_number, least=0.0, most=1.0)


def as_numbers(values, name: str, title: str) -> np.ndarray:
    """Values as floats.

    Parameters
    ----------
    values : array
    name, title : str
        What the values are, and what was looked at, for the message.

    Returns
    -------
    numbers : array of float

    Raises
    ------
    DataError
        Text, or rows of unequal length.
    """
    try:
        return np.asarray(values, dtype=float)
    except (TypeError, ValueError) as error:
        raise DataError(f"{title}: {name!r} should be numbers: {error}") from error


def as_whole_numbers(values, name: str, title: str, *, least: int | None = None) -> np.ndarray:
    """Values as integers, none of them rounded.

    Parameters
    ----------
    values : array
    name, title : str
        For the message.
    least : int, optional
        The smallest that is allowed.

    Returns
    -------
    numbers : array of int

    Raises
    ------
    DataError
        Fractions, NaN, or smaller values.
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


def as_count(value, name: str, title: str, *, least: int = 0) -> int:
    """One whole number, see `as_whole_numbers`.

    Parameters
    ----------
    value : int
    name, title : str
        For the message.
    least : int
        The smallest that is allowed.

    Returns
    -------
    int

    Raises
    ------
    DataError
        None, several numbers, a fraction, or a smaller one.
    """
    if value is None or np.ndim(value):
        raise DataError(f"{title}, {name}: found {value!r}, expected one whole number")
    return int(as_whole_numbers(value, name, title, least=least))


def refuse_unnamed(title: str, columns: dict) -> None:
    """Raise where a label is missing, since its rows would silently belong nowhere.

    Parameters
    ----------
    title : str
    columns : dict of str to array (row,)
        Labels such as subject and session.

    Raises
    ------
    DataError
        A missing label, or two that read the same (1 and "1").
    """
    found = [text for name, labels in columns.items() for text in not_labels(name, labels)]
    refuse(title, found, DataError)
    for name, labels in columns.items():
        labels = np.asarray(labels, dtype=object)
        missing = pd.isna(labels)
        if missing.any():
            found.append(
                f"{name!r} is missing in {int(missing.sum())} of {missing.size} rows, first in row "
                f"{int(missing.argmax())}; name it, or leave these rows out"
            )
        known = pd.unique(labels[~missing])
        if twice := pd.Index([str(label) for label in known]).duplicated().sum():
            found.append(f"{name!r}: {twice} labels read like another one of another type")
    if found:
        raise problems(DataError, title, found)


def refuse_reordered(title: str, columns: dict) -> None:
    """Raise where pandas objects hold the same row labels in different orders.

    Rows are paired by position, so that a table sorted otherwise would be paired wrongly.

    Parameters
    ----------
    title : str
    columns : dict of str to anything
        Only Series and DataFrames are looked at.

    Raises
    ------
    DataError
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


def require_columns(title: str, table, names: Iterable[str]) -> None:
    """Raise unless a table has all these columns.

    Parameters
    ----------
    title : str
    table : DataFrame
    names : iterable of str

    Raises
    ------
    DataError
    """
    if not isinstance(table, pd.DataFrame):
        raise DataError(f"{title}: found {type(table).__name__}, expected a table (DataFrame)")
    if missing := [name for name in names if name not in table]:
        known = ", ".join(map(str, table.columns)) or "none"
        raise DataError(f"{title}: no column {', '.join(map(repr, missing))}; found {known}")
