"""Read text files with one line per trial, without guessing and without losing a cell."""

import csv
import io
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from neuroalrnn.arguments import checked, not_path
from neuroalrnn.data.checks import not_columns
from neuroalrnn.data.columns import inferred
from neuroalrnn.data.names import one_form, where
from neuroalrnn.data.tables import from_frame
from neuroalrnn.exceptions import DataError, problems

MISSING = ("", "NA", "NaN", "nan")
SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab"}
DECIMAL_COMMA = r"[+-]?\d+,\d+"


@checked(DataError, path=not_path, columns=not_columns)
def load_table(path: str | Path, columns: Mapping[str, str], **options: Any) -> xr.Dataset:
    """Read a comma-separated (``.tsv``: tab-separated) UTF-8 file as a trial dataset.

    Semicolons or tabs are taken as separators where the line of column names holds no comma.
    Missing is an empty cell, NA or NaN. No other text is missing (``null`` stays text), unless
    ``missing`` declares it. In the columns of subject, session and block only an empty cell is
    missing, as a subject may be called NA. Blanks around a name or a cell do not count.

    Parameters
    ----------
    path : str or pathlib.Path
        The file.
    columns : dict of role to column
        Which column plays which role, see `from_frame`.
    **options : anything
        Further arguments of `from_frame`.

    Returns
    -------
    trials : xarray.Dataset
        Labelled trials, see `validate`.

    Raises
    ------
    DataError
        The file is missing, empty, not UTF-8 or ragged, names a column twice, writes decimals with
        commas, or its table has problems.

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
    rows, separator = _split(path, _read(path))
    found = _check_shape(rows, separator)
    if found:
        raise problems(DataError, str(path), found)
    names = [one_form(name) for name in rows[0]]
    # labels such as "01" must not turn into numbers
    labels = {one_form(columns[role]) for role in ("subject", "session") if role in columns}
    named = labels | {one_form(columns[role]) for role in ("block",) if role in columns}
    cells = dict(zip(names, zip(*rows[1:], strict=True), strict=False))
    table = {name: _column(cells.get(name, ()), name in named, name in labels) for name in names}
    found = [
        f"column {name!r} writes decimals with a comma, {first!r}: expected points, as in 0.5"
        for name, first in _decimal_commas(table, labels)
    ]
    if found:
        raise problems(DataError, str(path), found)
    return from_frame(pd.DataFrame(table), columns, **options)


def _read(path: Path) -> str:
    if not path.is_file():
        found = ["there is no such file"]
        if path.is_dir():
            found = ["this is a folder: name the file in it"]
        raise problems(DataError, str(path), found)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        found = [f"not UTF-8 at byte {error.start}: save the file as UTF-8"]
        raise problems(DataError, str(path), found) from error
    if not text.strip():
        found = ["the file is empty: expected a line of column names, then one line per trial"]
        raise problems(DataError, str(path), found)
    return text


def _split(path: Path, text: str) -> tuple[list[list[str]], str]:
    """Rows of cells, without empty lines, and the separator between them."""
    expected = "\t" if path.suffix.lower() == ".tsv" else ","
    head = text.lstrip().splitlines()[0]
    others = [each for each in SEPARATORS if each in head]
    separator = expected if expected in head or len(others) != 1 else others[0]
    try:
        # strict: a quote that is never closed would swallow the rest of the file
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
    except csv.Error as error:
        found = [f"cannot be read as a table ({error}): check separator and quotes"]
        raise problems(DataError, str(path), found) from error
    return [row for row in rows if any(cell.strip() for cell in row)], separator


def _check_shape(rows: list[list[str]], separator: str) -> list[str]:
    names = [one_form(name) for name in rows[0]]
    twice = sorted(name for name, n in Counter(names).items() if name and n > 1)
    found = [f"the table has more than one column {name!r}: rename all but one" for name in twice]
    width = np.array([len(row) for row in rows[1:]])
    wrong = width != len(names)
    if wrong.any():
        found.append(
            f"cannot be read as a table: {len(names)} column names but {width[wrong][0]} cells on "
            f"{where(wrong, 'row')} (row 0 follows the names): check the separator "
            f"({SEPARATORS[separator]}), decimal commas and whether the file is complete"
        )
    return found


def _column(cells: tuple[str, ...], is_named: bool, is_label: bool) -> pd.Series:
    """Numbers or truth values where all cells are, else texts; labels always as texts."""
    column = pd.Series([cell.strip() for cell in cells], dtype=object)
    column = column.mask(column.isin(MISSING[:1] if is_named else MISSING))
    return column if is_label else inferred(column)


def _decimal_commas(table: Mapping[str, pd.Series], labels) -> list[tuple[str, str]]:
    found = []
    for name, column in table.items():
        text = column.dropna()
        if name in labels or column.dtype != object or not len(text):
            continue
        number = text.astype(str).str.fullmatch(DECIMAL_COMMA)
        if number.mean() > 0.5:
            found.append((name, text[number].iloc[0]))
    return found
