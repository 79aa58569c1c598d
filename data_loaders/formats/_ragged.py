"""Cells that hold several values, such as all licks of a trial: one of them by a named rule."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from neuroalrnn.arguments import unknown

REDUCERS: dict[str, Callable[[list], Any]] = {
    "first": lambda values: values[0] if len(values) else np.nan,
    "last": lambda values: values[-1] if len(values) else np.nan,
    "count": len,
}


def reduced(table: pd.DataFrame, rules: Mapping[str, str]) -> tuple[pd.DataFrame, list[str]]:
    """Replace lists in cells by one value.

    Parameters
    ----------
    table : pandas.DataFrame
        Table whose cells may be lists.
    rules : dict of column to {"first", "last", "count"}
        Which value stands for a list; an empty one is missing.

    Returns
    -------
    table : pandas.DataFrame
        Table in which these columns hold single values.
    found : list of str
        Texts on rules that cannot be followed.
    """
    found = [
        f"reduce {unknown(name, map(str, table.columns))}" for name in rules if name not in table
    ]
    found += [
        f"reduce {name!r}: {unknown(rule, REDUCERS)}"
        for name, rule in rules.items()
        if rule not in REDUCERS
    ]
    if found:
        return table, found
    columns = {
        name: pd.Series([REDUCERS[rule](_several(cell)) for cell in table[name]], table.index)
        for name, rule in rules.items()
    }
    return table.assign(**columns), []


def _several(cell):
    if isinstance(cell, list):
        return cell
    return [] if cell is None or (isinstance(cell, float) and np.isnan(cell)) else [cell]
