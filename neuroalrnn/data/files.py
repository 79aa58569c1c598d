"""Read files with one row per trial, without guessing and without losing a cell."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from neuroalrnn.arguments import checked, not_one_of, not_path
from neuroalrnn.data.checks import not_columns
from neuroalrnn.data.columns import inferred
from neuroalrnn.data.dialect import read_raw
from neuroalrnn.data.names import one_form
from neuroalrnn.data.tables import from_frame
from neuroalrnn.exceptions import DataError, problems

MISSING = ("", "NA", "NaN", "nan")
# numbers with a decimal comma, and with a point
WITH_MARK = {",": r"[+-]?\d*,\d+", ".": r"[+-]?\d*[.]\d+"}


@checked(
    DataError,
    path=not_path,
    columns=not_columns,
    decimal=lambda name, value: not_one_of(name, value, WITH_MARK),
)
def load_table(
    path: str | Path,
    columns: Mapping[str, str],
    *,
    encoding: str | None = None,
    separator: str | None = None,
    decimal: str = ".",
    **options: Any,
) -> xr.Dataset:
    """Read a text file with one row per trial as a trial dataset.

    The file may be compressed (gzip, bzip2, xz). Encoding and separator are found, see
    `neuroalrnn.data.dialect.read_raw`. Missing is an empty cell, NA or NaN. No other text is
    missing (``null`` stays text), unless ``missing`` declares it. In the columns of subject,
    session and block only an empty cell is missing, as a subject may be called NA. Blanks around a
    name or a cell do not count.

    Parameters
    ----------
    path : str or pathlib.Path
        The file.
    columns : dict of role to column
        Which column plays which role, see `from_frame`.
    encoding : str, optional
        Encoding of the file; by default that of its byte-order mark, or UTF-8.
    separator : str, optional
        What stands between cells, ``" "`` for any number of blanks or tabs. By default that of
        comma, semicolon, tab, bar and blanks which gives all rows as many cells as there are names.
    decimal : {".", ","}
        What numbers have before their decimals.
    **options : anything
        Further arguments of `from_frame`.

    Returns
    -------
    trials : xarray.Dataset
        Labelled trials, see `validate`.

    Raises
    ------
    DataError
        The file is missing, empty, damaged, ragged or in another encoding, names a column twice,
        writes decimals otherwise, or its table has problems.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from neuroalrnn import load_table
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "trials.csv"
    ...     size = path.write_text("ID,resp,cue\\nann,0,0.5\\nann,1,-0.5\\n")
    ...     trials = load_table(path, {"subject": "ID", "choice": "resp", "cue": "cue"})
    >>> trials["cue"].values
    array([ 0.5, -0.5])
    """
    path = Path(path)
    cells, _ = read_raw(path, encoding, separator)
    twice = sorted(name for name, n in Counter(cells.columns).items() if n > 1)
    found = [f"the table has more than one column {name!r}: rename all but one" for name in twice]
    if found:
        raise problems(DataError, str(path), found)
    # labels such as "01" must not turn into numbers
    labels = {one_form(columns[role]) for role in ("subject", "session") if role in columns}
    named = labels | {one_form(columns[role]) for role in ("block",) if role in columns}
    table, found = {}, []
    for name in map(str, list(cells)):
        column, more = _column(cells.pop(name), name in named, name in labels, decimal)
        table[name] = column
        found += [f"column {name!r} {text}" for text in more]
    if found:
        raise problems(DataError, str(path), found)
    return from_frame(pd.DataFrame(table), columns, **options)


def _column(cells, is_named: bool, is_label: bool, decimal: str) -> tuple[pd.Series, list[str]]:
    """Numbers or truth values where all cells are, else texts; labels always as texts."""
    place, used = pd.factorize(cells.to_numpy())
    values = pd.Series(used, dtype=object)
    values = values.mask(values.isin(MISSING[:1] if is_named else MISSING))
    found = [] if is_label else _other_decimals(values, np.bincount(place), decimal)
    if decimal == "," and not is_label:
        is_number = values.str.fullmatch(WITH_MARK[","]).fillna(False).to_numpy(dtype=bool)
        values[is_number] = values[is_number].str.replace(",", ".")
    values = values if is_label else inferred(values)
    return values.take(place).reset_index(drop=True), found


def _other_decimals(values: pd.Series, count: np.ndarray, decimal: str) -> list[str]:
    """Text for a column of which most cells are numbers with the other decimal mark."""
    mark, name = (",", "a comma") if decimal == "." else (".", "a point")
    is_number = values.str.fullmatch(WITH_MARK[mark]).fillna(False).to_numpy(dtype=bool)
    present = count[values.notna().to_numpy(dtype=bool)].sum()
    if count[is_number].sum() <= 0.5 * present:
        return []
    return [
        f"writes decimals with {name}, {values[is_number].iloc[0]!r}: pass decimal={mark!r}, or "
        f"write {'points' if mark == ',' else 'commas'}"
    ]
