"""Tables from the values of a MATLAB file: one row per trial, nothing guessed."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from data_loaders.formats._found import Found, listed
from data_loaders.formats._matlab_values import Cells, Struct, Unreadable
from neuroalrnn.arguments import unknown
from neuroalrnn.exceptions import DataError, problems

ROWS = ("element", "entry")
# a text that is longer, and as long as there are trials, holds a letter for each of them
LONGEST_NAME = 20


def table_of(
    values: Mapping[str, Any],
    title: str,
    variable: str | None,
    names: Sequence[str] | None,
    rows: str | None,
) -> Found:
    """Find the trials among the variables of a file.

    Parameters
    ----------
    values : dict of str to value
        All variables of the file.
    title : str
        Name of the file, for messages.
    variable : str or None
        Where the trials are: a variable, or fields of structs after it, with dots between.
    names : sequence of str or None
        Names of the columns of a matrix.
    rows : {"element", "entry"} or None
        What a row is where a struct array holds vectors.

    Returns
    -------
    Found
        One row per trial.

    Raises
    ------
    DataError
        There is no such variable, it holds no table, or several hold one.
    """
    name, value = _chosen(values, title, variable)
    notes = list[str]()
    if names is None and isinstance(value, np.ndarray) and value.ndim == 2:
        names, notes = _names_beside(values, value)
    try:
        found = _table(value, name, rows)
        if names is not None:
            found = Found(_named(found.table, names), [*found.notes, *notes])
    except ValueError as error:
        raise problems(DataError, title, [str(error)]) from error
    return found


def _chosen(values, title, variable) -> tuple[str, Any]:
    if variable is not None:
        return variable, inside(values, title, variable)
    if "saved" in values and "saved_history" not in values:
        text = (
            "it holds settings of B-control and no trials: expected a data file, with saved_history"
        )
        raise problems(DataError, title, [text])
    tables = [name for name, value in values.items() if _is_table(value)]
    if len(tables) > 1:
        text = (
            f"it holds several tables, {listed(tables)}: say which, with variable = {tables[0]!r}"
        )
        raise problems(DataError, title, [text])
    return (
        (tables[0], values[tables[0]])
        if tables
        else ("the file", Struct(1, {k: [v] for k, v in values.items()}))
    )


def _names_beside(values, matrix) -> tuple[list[str] | None, list[str]]:
    """Names of the columns of a matrix, from the one cell array that has a text for each."""
    found = {
        name: [each.strip() for each in value.values]
        for name, value in values.items()
        if isinstance(value, Cells) and len(value.values) == matrix.shape[1]
        and min(value.shape) == 1 and all(isinstance(each, str) for each in value.values)
    }  # fmt: skip
    able = {name: each for name, each in found.items() if all(each) and len({*each}) == len(each)}
    if len(able) != 1:
        return None, []
    [(name, texts)] = able.items()
    return texts, [f"names of columns are those of {name}"]


def inside(values: Mapping[str, Any], title: str, variable: str) -> Any:
    """Take a variable, or a field of structs.

    Parameters
    ----------
    values : dict of str to value
        Variables, or fields of a struct.
    title : str
        Name of the file, for messages.
    variable : str
        Name of the variable, and names of fields after it, with dots between.

    Returns
    -------
    value
        What is there.

    Raises
    ------
    DataError
        There is none; the message names the nearest.
    """
    here, place = values, list[str]()
    for part in variable.split("."):
        if isinstance(here, Struct):
            here = {name: each[0] for name, each in here.fields.items()} if here.n == 1 else {}
        if not isinstance(here, Mapping) or part not in here:
            known = list(here) if isinstance(here, Mapping) else []
            where = f" in {'.'.join(place)}" if place else ""
            raise problems(DataError, title, [f"variable{where}: {unknown(part, known)}"])
        here = here[part]
        place.append(part)
    return here


def _is_table(value) -> bool:
    if isinstance(value, Cells):
        return any(isinstance(each, Struct) for each in value.values) or min(value.shape) > 1
    return isinstance(value, Struct) or (isinstance(value, np.ndarray) and min(value.shape) > 1)


def _table(value, name, rows) -> Found:
    if isinstance(value, Unreadable):
        raise ValueError(f"{name} {value.advice}")
    if (
        isinstance(value, Cells)
        and value.values
        and all(isinstance(e, Struct) and e.n == 1 for e in value.values)
    ):
        return _elements(
            [{k: v[0] for k, v in each.fields.items()} for each in value.values], name, rows
        )
    if isinstance(value, Struct) and value.n != 1:
        each = [{k: v[k_th] for k, v in value.fields.items()} for k_th in range(value.n)]
        return _elements(each, name, rows)
    if isinstance(value, Struct):
        return _entries([{k: v[0] for k, v in value.fields.items()}], name)
    if isinstance(value, np.ndarray) and value.ndim == 2:
        return Found(pd.DataFrame(value, columns=[str(k + 1) for k in range(value.shape[1])]))
    if isinstance(value, Cells) and len(value.shape) == 2:
        n = value.shape[0]
        columns = {str(k + 1): value.values[k * n : (k + 1) * n] for k in range(value.shape[1])}
        return Found(
            pd.DataFrame({k: _column([_cell(v) for v in each]) for k, each in columns.items()})
        )
    raise ValueError(f"{name} holds no table: expected a struct, a matrix or a cell array")


def _elements(elements, name, rows) -> Found:
    flat = [_flat(each) for each in elements]
    long = sorted({k for each in flat for k, v in each.items() if _length(v) > 1})
    if rows is not None and rows not in ROWS:
        raise ValueError(f"rows: {unknown(rows, ROWS)}")
    if long and rows is None:
        raise ValueError(
            f"{name} has {len(flat)} elements, in which {listed(long)} hold vectors: say rows = "
            "'element' where an element is a trial (vectors become lists), or rows = 'entry' "
            "where an element is a session or subject and each entry of its vectors is a trial"
        )
    if rows == "entry":
        return _entries(elements, name)
    fields = dict.fromkeys(k for each in flat for k in each)
    left = [
        k
        for k in fields
        if any(isinstance(each.get(k), Unreadable | Struct | Cells) for each in flat)
    ]
    table = {k: _column([_cell(each.get(k)) for each in flat]) for k in fields if k not in left}
    return Found(pd.DataFrame(table, index=range(len(flat))), left_out(left))


def _entries(elements, name) -> Found:
    """A row per entry of the vectors of structs; single values are those of all rows."""
    flat = [_flat(each) for each in elements]
    places = [f"{name}({k})" if len(flat) > 1 else name for k in range(1, len(flat) + 1)]
    n_rows = [_count_rows(each, place) for each, place in zip(flat, places, strict=True)]
    letters = [
        k
        for k in flat[0]
        if all(_is_letters(each.get(k), n) for each, n in zip(flat, n_rows, strict=True))
    ]
    letters = letters if max(n_rows) > LONGEST_NAME else []
    tables, left = [], dict[str, None]()
    for each, n in zip(flat, n_rows, strict=True):
        columns, more = columns_of(each, n, letters)
        tables.append(pd.DataFrame(columns, index=range(n)))
        left |= dict.fromkeys(more)
    notes = left_out(list(left))
    notes += [f"read letter by letter, one per trial: {listed(letters)}"] if letters else []
    if len(tables) == 1:
        return Found(tables[0], notes)
    tables = [table.assign(element=k) for k, table in enumerate(tables, 1)]
    return Found(pd.concat(tables, ignore_index=True), notes)


def _count_rows(flat, name) -> int:
    lengths = Counter(_length(v) for v in flat.values() if _length(v) > 1)
    if not lengths and not any(_length(v) == 1 for v in flat.values()):
        told = [f"{k} {v.advice}" for k, v in flat.items() if isinstance(v, Unreadable)]
        raise ValueError(f"{name} holds no table: {listed(told or list(flat))}")
    n, count = lengths.most_common(1)[0] if lengths else (1, 0)
    if len(lengths) > 1 and lengths.most_common(2)[1][1] == count:
        told = [f"{k} ({_length(v)})" for k, v in flat.items() if _length(v) > 1]
        raise ValueError(
            f"vectors of {name} have different lengths, {listed(told)}: save those of the trials "
            "alone, or name the struct that holds them with variable"
        )
    return n


def _is_letters(value, n) -> bool:
    return isinstance(value, str) and len(value) == n


def columns_of(
    fields: Mapping[str, Any], n: int, letters: Sequence[str] = ()
) -> tuple[dict[str, Any], list[str]]:
    """Turn fields into columns.

    Parameters
    ----------
    fields : dict of str to value
        Fields of a struct, of which plain structs are opened.
    n : int
        Number of rows.
    letters : sequence of str
        Texts that hold a letter for each row.

    Returns
    -------
    columns : dict of str to list, array or Series
        Columns of n rows; a single value is that of all rows.
    left : list of str
        What is no column.
    """
    columns, left = dict[str, Any](), list[str]()
    for key, value in _flat(fields).items():
        if key in letters:
            columns[key] = list(value)
        elif _is_wide(value, n):
            wide = value if value.shape[0] == n else value.T
            columns |= {f"{key}_{k + 1}": wide[:, k] for k in range(wide.shape[1])}
        elif isinstance(value, Unreadable):
            left.append(f"{key} ({value.advice})")
        elif isinstance(value, Struct) or _length(value) not in (1, n):
            left.append(key)
        else:
            cells = [_cell(each) for each in _entries_of(value)]
            columns[key] = _column(cells if len(cells) == n else cells * n)
    return columns, left


def _is_wide(value, n) -> bool:
    """Whether a matrix holds several columns of n values."""
    is_matrix = isinstance(value, np.ndarray) and value.ndim == 2 and min(value.shape) > 1
    return is_matrix and n > 1 and n in value.shape


def left_out(names: Sequence[str]) -> list[str]:
    """Say what was not read.

    Parameters
    ----------
    names : sequence of str
        Fields that are no columns.

    Returns
    -------
    list of str
        One sentence, or none.
    """
    return [f"not read, as no column of one value per trial: {listed(names)}"] if names else []


def _flat(fields, before="") -> dict[str, Any]:
    """Fields of plain structs within, with dots between their names."""
    found = dict[str, Any]()
    for name, value in fields.items():
        if isinstance(value, Struct) and value.n == 1:
            found |= _flat({k: v[0] for k, v in value.fields.items()}, f"{before}{name}.")
        else:
            found[before + name] = value
    return found


def _length(value) -> int:
    if isinstance(value, str):
        return 1
    if isinstance(value, Struct):
        return value.n
    if isinstance(value, Cells):
        return len(value.values)
    return max(value.shape) if isinstance(value, np.ndarray) and value.size else 0


def _entries_of(value) -> list:
    if isinstance(value, str):
        return [value]
    return value.values if isinstance(value, Cells) else value.ravel(order="F").tolist()


def _cell(value) -> Any:
    """One value, a list where there are several, None where there is none."""
    if isinstance(value, np.ndarray):
        flat = value.ravel(order="F").tolist()
        return (flat[0] if len(flat) == 1 else flat) if flat else None
    if isinstance(value, Cells):
        inner = [_cell(each) for each in value.values]
        return (inner[0] if len(inner) == 1 else inner) if inner else None
    return None if isinstance(value, Struct | Unreadable) else value


def _column(cells) -> pd.Series:
    return pd.Series(cells, dtype=object).infer_objects()


def _named(table, names) -> pd.DataFrame:
    if len(names) != table.shape[1]:
        raise ValueError(f"names has {len(names)} names for {table.shape[1]} columns")
    return table.set_axis(list(names), axis=1)
