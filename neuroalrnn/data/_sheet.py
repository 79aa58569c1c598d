"""Read one or several files as one table of texts, and turn its columns into values."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from neuroalrnn.data._paths import find_files, parts_of_names, same_content
from neuroalrnn.data.columns import MISSING, WITH_MARK, inferred
from neuroalrnn.data.dialect import Dialect, read_raw
from neuroalrnn.data.names import first_few
from neuroalrnn.data.roles import LABELS
from neuroalrnn.exceptions import DataError, problems


@dataclass
class Sheet:
    """Texts of one or several files as one table.

    Parameters
    ----------
    cells : pandas.DataFrame
        Texts (str), "" where empty.
    row : ndarray of int, shape (row,)
        Place of each row in its file, from 0 below the names.
    file : ndarray of int, shape (row,)
        Index of the file of each row.
    files : list of dict
        Entries of the load report, one per file.
    made : list of str
        Columns that no file holds: parts of names of files.
    """

    cells: pd.DataFrame
    row: np.ndarray
    file: np.ndarray
    files: list[dict]
    made: list[str]

    def row_name(self, place: int) -> str:
        """Name a row in messages: ``"3"``, or ``"3 of b.csv"`` where there are several files."""
        name = str(self.row[place])
        return name if len(self.files) == 1 else f"{name} of {self.files[self.file[place]]['name']}"

    def values(
        self, columns: Mapping[str, str], decimal: str, named: Iterable[str]
    ) -> pd.DataFrame:
        """Turn the texts of columns into numbers or truth values, where all of them are such.

        Parameters
        ----------
        columns : dict of role to column
            Labels stay as they are, as "01" must not turn into a number.
        decimal : {".", ","}
            What numbers have before their decimals.
        named : iterable of str
            Columns that are used; others stay texts.

        Returns
        -------
        table : pandas.DataFrame
            Values; the texts are gone.
        """
        labels = [columns.get(role) for role in LABELS]
        table, found = {str(name): cells for name, cells in self.cells.items()}, list[str]()
        self.cells = self.cells.iloc[:, :0]
        wanted = {*named}
        for name in [each for each in table if each in wanted]:
            table[name], more = _column(table[name], name in labels, name in labels[:2], decimal)
            found += [f"column {name!r} {text}" for text in more]
        if found:
            raise problems(DataError, ", ".join(file["name"] for file in self.files), found)
        return pd.DataFrame(table, copy=False)


def read_sheet(
    path: str | Path | Sequence[str | Path],
    encoding: str | None,
    separator: str | None,
    file_name: str | None,
    named: Iterable[str],
    sheet: str | None = None,
) -> Sheet:
    """Read files as one table.

    Parameters
    ----------
    path, encoding, separator, file_name, sheet
        Arguments of `neuroalrnn.load_table`.
    named : iterable of str
        Columns that are used, which all files need to have.

    Returns
    -------
    sheet : Sheet
        The table.
    """
    paths = find_files(path)
    read = [read_raw(each, encoding, separator, sheet) for each in paths]
    files = [_entry(*each) for each in zip(paths, read, strict=True)]
    found = same_content(paths, [dialect.sha256 for _, dialect in read])
    for file, (cells, _) in zip(paths, read, strict=True):
        twice = [each for each, n in Counter(cells.columns).items() if n > 1]
        found += [
            f"{file}: the table has more than one column {each!r}: rename all but one"
            for each in twice
        ]
    if found:
        raise problems(DataError, str(path), found)
    tables = [cells for cells, _ in read]
    found = _absent(paths, tables, named)
    parts = parts_of_names(paths, file_name) if file_name is not None else {}
    known = {name for table in tables for name in table}
    found += [
        f"column {name!r} is made, and the table has one of that name: call it otherwise"
        for name in parts
        if name in known
    ]
    if found:
        raise problems(DataError, str(path), found)
    counts = [len(table) for table in tables]
    cells = tables[0] if len(tables) == 1 else pd.concat(tables, ignore_index=True).fillna("")
    for name, texts in parts.items():
        cells[name] = np.repeat(np.array(texts, dtype=object), counts)
    row = np.concatenate([np.arange(n) for n in counts])
    of_file = np.repeat(np.arange(len(counts)), counts)
    return Sheet(cells, row, of_file, files, list(parts))


def _entry(path: Path, read: tuple[pd.DataFrame, Dialect]) -> dict:
    cells, dialect = read
    return {
        "name": path.name,
        "sha256": dialect.sha256,
        "kind": dialect.kind,
        "encoding": dialect.encoding,
        "separator": dialect.separator,
        "compression": dialect.compression,
        "rows": len(cells),
        "blank_rows": dialect.n_blank,
    }


def _absent(paths, tables, named) -> list[str]:
    """Texts for columns that some files have and others do not."""
    found = []
    for name in dict.fromkeys(named):
        without = [str(p) for p, table in zip(paths, tables, strict=True) if name not in table]
        if 0 < len(without) < len(paths):
            found.append(f"column {name!r} is not in {first_few(without)}")
    return found


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
