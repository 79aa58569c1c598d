"""Keep the rows of a table that hold to rules, and count those that do not."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from neuroalrnn.arguments import unknown
from neuroalrnn.data.columns import key, numbers
from neuroalrnn.data.names import N_SHOWN, rows_among

NUMERIC: dict[str, tuple[str, Callable]] = {
    "above": ("above", np.greater),
    "at_least": ("at least", np.greater_equal),
    "below": ("below", np.less),
    "at_most": ("at most", np.less_equal),
}
COMPARISONS = ("is", "is_not", *NUMERIC, "present")


def read_rules(keep: Mapping[str, Any] | None) -> tuple[list[tuple[str, str, Any]], list[str]]:
    """Bring rules into one form.

    Parameters
    ----------
    keep : dict of column to value, list of values, or dict of comparison to value
        Rules as given; a value or list is short for ``{"is": ...}``.

    Returns
    -------
    rules : list of (column, comparison, value)
        One for every comparison; values of "is" and "is_not" are lists.
    found : list of str
        Texts that say what is wrong.
    """
    rules, found = [], list[str]()
    for column, given in (keep or {}).items():
        compared = given if isinstance(given, Mapping) else {"is": given}
        for comparison, value in compared.items():
            found += _wrong_value(column, comparison, value)
            listed = comparison in ("is", "is_not") and not isinstance(value, list | tuple)
            rules.append((column, comparison, [value] if listed else value))
    return rules, found


def _wrong_value(column, comparison, value) -> list[str]:
    where = f"keep {column!r}"
    if comparison not in COMPARISONS:
        return [f"{where}: {unknown(str(comparison), COMPARISONS)}"]
    if comparison == "present":
        return [] if isinstance(value, bool) else [f"{where}: present = {value!r}: true or false"]
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if comparison in NUMERIC:
        return [] if is_number else [f"{where}: {comparison} = {value!r}: expected a number"]
    values = value if isinstance(value, list | tuple) else [value]
    fine = values and all(isinstance(each, str | int | float) for each in values)
    return [] if fine else [f"{where}: {comparison} = {value!r}: expected a value or a list"]


def keep_rows(
    n_rows: int, rules, cells_of: Callable[[str], pd.Series]
) -> tuple[np.ndarray, dict[str, int], list[str]]:
    """Find the rows that hold to every rule; each rule is asked of the rows left by those before.

    Parameters
    ----------
    n_rows : int
        Number of rows of the table.
    rules : list of (column, comparison, value)
        From `read_rules`.
    cells_of : callable
        Gives the cells of a column, without codes for missing.

    Returns
    -------
    kept : bool array, shape (row,)
        True where all rules hold.
    dropped : dict of str to int
        Number of rows that each rule dropped, by its text.
    found : list of str
        Texts that say what is wrong.
    """
    kept, dropped, found = np.ones(n_rows, dtype=bool), dict[str, int](), list[str]()
    for column, comparison, value in rules:
        rows = np.flatnonzero(kept)
        cells = cells_of(column).iloc[rows].reset_index(drop=True)
        with rows_among(rows):
            holds, more = _holds(cells, column, comparison, value)
        found += more
        text = f"{column} {_told(comparison, value)}"
        if not more and not holds.any() and len(rows):
            found.append(f"keep {text}: no row is left; the column holds {_values(cells)}")
        kept[rows[~holds]] = False
        dropped[text] = int((~holds).sum())
    return kept, dropped, found


def _holds(cells, column, comparison, value) -> tuple[np.ndarray, list[str]]:
    present = cells.notna().to_numpy(dtype=bool)
    if comparison == "present":
        return present == value, []
    if comparison in NUMERIC:
        amount, found = numbers(cells, column)
        # what is missing is neither above nor below
        return NUMERIC[comparison][1](amount, value), found
    place, used = pd.factorize(cells.to_numpy(dtype=object))
    named = {key(each) for each in value}
    fits = np.array([key(each) in named for each in used] + [False], dtype=bool)[place] & present
    return fits == (comparison == "is"), []


def _told(comparison, value) -> str:
    if comparison == "present":
        return "is not missing" if value else "is missing"
    if comparison in NUMERIC:
        return f"is {NUMERIC[comparison][0]} {value:g}"
    listed = " or ".join(str(each) for each in value[:N_SHOWN]) + " ..." * (len(value) > N_SHOWN)
    return f"is {listed}" if comparison == "is" else f"is not {listed}"


def _values(cells) -> str:
    names = [repr(str(each)) for each in pd.unique(cells.to_numpy(dtype=object))[: N_SHOWN + 1]]
    return ", ".join(names[:N_SHOWN]) + (" ..." if len(names) > N_SHOWN else "")
