"""Cells that hold several values, such as all licks of a trial: one of them by a named rule."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from neuroalrnn.arguments import not_mapping, not_one_of, optional, refuse, unknown
from neuroalrnn.exceptions import DataError

REDUCERS: dict[str, Callable[[list], Any]] = {
    "first": lambda values: values[0] if len(values) else np.nan,
    "last": lambda values: values[-1] if len(values) else np.nan,
    "count": len,
}


def reduced(table: pd.DataFrame, rules: Mapping[str, str] | None, title: str) -> pd.DataFrame:
    """Replace lists in cells by one value.

    Parameters
    ----------
    table : pandas.DataFrame
        Table whose cells may be lists.
    rules : dict of column to {"first", "last", "count"}, optional
        Which value stands for a list; an empty one is missing.
    title : str
        Name of the file, for messages.

    Returns
    -------
    table : pandas.DataFrame
        Table in which these columns hold single values.

    Raises
    ------
    DataError
        Rules cannot be followed.
    """
    refuse(title, optional(not_mapping)("reduce", rules), DataError)
    rules = rules or {}
    found = [
        f"reduce {unknown(name, map(str, table.columns))}" for name in rules if name not in table
    ]
    for name, rule in rules.items():
        found += not_one_of(f"reduce {name!r}", rule, REDUCERS)
    refuse(title, found, DataError)
    columns = {
        name: pd.Series([REDUCERS[rule](_several(cell)) for cell in table[name]], table.index)
        for name, rule in rules.items()
    }
    return table.assign(**columns)


def _several(cell):
    if isinstance(cell, list):
        return cell
    return [] if cell is None or (isinstance(cell, float) and np.isnan(cell)) else [cell]
