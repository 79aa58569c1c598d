"""Read the cells of a file as texts, and say how the file is written."""

import csv
import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd

from neuroalrnn.arguments import checked, not_path, not_text, optional
from neuroalrnn.data._binary import NO_SHEETS, read_binary
from neuroalrnn.data._encoding import decode, read_bytes, unpack
from neuroalrnn.data._eprime import is_eprime, read_eprime
from neuroalrnn.data._records import is_json, read_json
from neuroalrnn.data.columns import NUMBER
from neuroalrnn.data.names import one_form, where
from neuroalrnn.exceptions import DataError, problems

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar", " ": "blanks"}
# rows that are looked at to find the separator
N_LOOKED, N_LETTERS = 50, 2**20
MOST_FIELD = 2**31 - 1


@dataclass(frozen=True)
class Dialect:
    """How a file is written.

    Parameters
    ----------
    kind : str
        Format, such as "delimited text".
    sha256 : str
        Checksum of the file on disk.
    encoding : str
        Encoding of a text file, such as "utf-8", "utf-8-sig" or "utf-16-le"; "" for none.
    separator : str
        What stands between cells, one blank for any number of blanks or tabs; "" for none.
    compression : str
        "gzip", "bzip2" or "xz"; "" for none.
    n_blank : int
        Rows without any cell that were left out.
    """

    kind: str
    sha256: str
    encoding: str = ""
    separator: str = ""
    compression: str = ""
    n_blank: int = 0


@checked(
    DataError,
    path=not_path,
    encoding=optional(not_text),
    separator=optional(not_text),
    sheet=optional(not_text),
)
def read_raw(
    path: str | Path,
    encoding: str | None = None,
    separator: str | None = None,
    sheet: str | None = None,
) -> tuple[pd.DataFrame, Dialect]:
    """Read every cell of a file as text, and say how the file is written.

    Text may be delimited, a list of JSON records, as of jsPsych, or a log of E-Prime; Excel and
    Parquet need openpyxl and pyarrow. Nothing is turned into numbers, and nothing is missing but
    what is empty. Blanks around a cell do not count. Columns without a name are called as in
    pandas: ``"Unnamed: 0"``. Delimited text has no names where its first row holds
    numbers, beside texts that are there again below; its columns are called "1", "2", ...

    Parameters
    ----------
    path : str or pathlib.Path
        The file.
    encoding : str, optional
        Encoding of a text file; by default that of its byte-order mark, or UTF-8.
    separator : str, optional
        What stands between cells, ``" "`` for any number of blanks or tabs; by default that of
        comma, semicolon, tab, bar and blanks which gives all rows as many cells as there are names.
    sheet : str, optional
        Name of the sheet of a workbook of Excel; by default the only one that holds cells.

    Returns
    -------
    cells : pandas.DataFrame
        Texts (str), one column per name, in the order of the file. Empty cells are "". Names may be
        there more than once.
    dialect : Dialect
        How the file is written.

    Raises
    ------
    DataError
        The file is missing, empty, damaged, in another encoding, or has rows of unequal length.
    """
    path = Path(path)
    content = read_bytes(path)
    sha256 = hashlib.sha256(content).hexdigest()
    if (read := read_binary(path, content, sheet)) is not None:
        return read[0], Dialect(read[1], sha256)
    if sheet is not None:
        raise problems(DataError, str(path), [NO_SHEETS])
    data, compression = unpack(path, content)
    text, used = decode(path, data, encoding)
    if not text.strip():
        raise problems(DataError, str(path), ["the file is empty: it holds blanks only"])
    if is_eprime(text):
        return read_eprime(path, text), Dialect("E-Prime log", sha256, used, "", compression)
    if separator is None and is_json(path, text):
        return read_json(path, text), Dialect("JSON records", sha256, used, "", compression)
    cells, kind, separator, n_blank = _delimited(path, text, separator)
    return cells, Dialect(kind, sha256, used, separator, compression, n_blank)


def _delimited(path: Path, text: str, separator) -> tuple[pd.DataFrame, str, str, int]:
    first, _, rest = text.lstrip("\r\n").partition("\n")
    says = first.strip()[4:] if first.strip().lower()[:4] == "sep=" else ""
    if len(says) == 1 and separator in (None, says):
        # spreadsheets write this line to say how they separated
        text, separator = rest, says
    if separator is None:
        separator = _found(path, text)
    if len(separator) != 1 or not separator.isascii() or separator in '"\r\n\0':
        found = [f"separator = {separator!r}: expected one character, such as ',' or '\\t'"]
        raise problems(DataError, str(path), found)
    with _long_fields():
        try:
            text, n_blank = _equal_rows(path, text, separator)
            cells = _read(text, separator)
        except (csv.Error, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
            found = [f"cannot be read as a table ({error}): check separator and quotes"]
            raise problems(DataError, str(path), found) from error
    first_row, kind = [cell.strip() for cell in cells.iloc[0]], "delimited text"
    names = [one_form(name) or f"Unnamed: {k}" for k, name in enumerate(cells.iloc[0])]
    if is_trial := _has_no_names(first_row, cells):
        names = [str(k + 1) for k in range(len(first_row))]
        kind += " without names of columns"
    columns = [_stripped(cells[k].to_numpy()[0 if is_trial else 1 :]) for k in cells]
    blank = np.ones(len(columns[0]), dtype=bool)
    for column in columns:
        blank[blank] = column[blank] == ""
        if not blank.any():
            break
    kept = [column[~blank] for column in columns] if blank.any() else columns
    table = pd.DataFrame(dict(enumerate(kept)), dtype=object, copy=False).set_axis(names, axis=1)
    return table, kind, separator, n_blank + int(blank.sum())


def _has_no_names(row: list[str], cells: pd.DataFrame) -> bool:
    """Whether the first row is a trial: it holds numbers and what its columns hold again."""
    is_number = [bool(NUMBER.fullmatch(cell)) for cell in row]
    if len(row) < 2 or not any(is_number):
        return False
    counted = [int(cell) if cell.isdecimal() else None for cell in row]
    if counted in (list(range(len(row))), list(range(1, len(row) + 1))):
        return False
    texts = [k for k, number in enumerate(is_number) if not number]
    return all((_stripped(cells[k].to_numpy()[1:]) == row[k]).any() for k in texts)


def _read(text: str, separator: str) -> pd.DataFrame:
    """Every cell as it stands, the names in row 0."""
    return pd.read_csv(
        io.BytesIO(text.encode()),
        sep=r"\s+" if separator == " " else separator,
        header=None,
        index_col=False,
        dtype=object,
        na_filter=False,
        low_memory=False,
    )


def _stripped(column: np.ndarray) -> np.ndarray:
    place, used = pd.factorize(column)
    plain = np.array([cell.strip() for cell in used], dtype=object)
    return column if (plain == used).all() else plain[place]


@contextmanager
def _long_fields() -> Iterator[None]:
    """Let cells hold more than the 128 KiB that `csv` allows, as those with lists do."""
    before = csv.field_size_limit(MOST_FIELD)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _found(path: Path, text: str) -> str:
    """The separator that gives the first rows as many cells as there are names."""
    expected = "\t" if path.suffixes[-1:] == [".tsv"] or ".tsv" in path.suffixes else ","
    order = [expected, *(each for each in SEPARATORS if each != expected)]
    lines = text.lstrip("\r\n")[:N_LETTERS]
    is_cut = len(lines) == N_LETTERS
    width = {each: _first_widths(lines, each, is_cut) for each in order}
    fits = [each for each in order if width[each][0] > 1 and len(set(width[each])) == 1]
    if fits:
        return fits[0]
    # no choice is right: take the likely one, for whose rows the error counts cells
    head = next(iter(lines.splitlines()), "")
    others = [each for each in order if each != " " and each in head]
    return others[0] if expected not in others and len(others) == 1 else expected


def _first_widths(text: str, separator: str, is_cut: bool) -> list[int]:
    width, rows = [], _rows(text, separator)
    with _long_fields(), suppress(csv.Error):
        for row in islice(rows, N_LOOKED):
            width += [len(row)] if _is_full(row) else []
    # the last of these rows may be cut, too
    return (width[:-1] if is_cut and 1 < len(width) < N_LOOKED else width) or [0]


def _rows(text: str, separator: str) -> Iterator[list[str]]:
    # strict: a quote that is never closed would swallow the rest of the file
    lines = io.StringIO(text, newline="")
    if separator == " ":
        plain = (line.replace("\t", " ").strip() + "\n" for line in lines)
        return csv.reader(plain, delimiter=" ", skipinitialspace=True, strict=True)
    return csv.reader(lines, delimiter=separator, strict=True)


def _is_full(row: list[str]) -> bool:
    return any(cell.strip() for cell in row)


def _equal_rows(path: Path, text: str, separator: str) -> tuple[str, int]:
    """The text without blank rows that are too short or too long; other such rows are refused."""
    if '"' not in text and separator.isascii() and separator != " ":
        width, n_lines = _plain_widths(text, separator)
        if (width[1:] == width[0]).all():
            return text, n_lines - len(width)
    # 0 for a blank row; a table that is as it should be is not kept as a list of its cells
    widths = np.fromiter((len(row) * _is_full(row) for row in _rows(text, separator)), dtype=int)
    if len(widths) and widths[0] and (widths == widths[0]).all():
        return text, 0
    rows = list(_rows(text, separator))
    kept = [row for row in rows if _is_full(row)]
    if not kept:
        raise problems(DataError, str(path), ["the file is empty: it holds blank cells only"])
    width = np.array([len(row) for row in kept])
    surplus = [row[width[0] :] for row in kept[1:]]
    if len(kept) > 1 and (width[1:] == width[0] + 1).all() and not any(map("".join, surplus)):
        # every row ends with a separator, the line of names does not
        kept[0] = [*kept[0], ""]
    elif (width[1:] != width[0]).any():
        raise problems(DataError, str(path), [_ragged(width, separator)])
    return _written(kept, separator), len(rows) - len(kept)


def _plain_widths(text: str, separator: str) -> tuple[np.ndarray, int]:
    """Number of cells of every line that is not empty, where nothing is quoted."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
    letters = np.frombuffer((plain.rstrip("\n") + "\n").encode(), dtype=np.uint8)
    end = np.flatnonzero(letters == ord("\n"))
    between = np.searchsorted(np.flatnonzero(letters == ord(separator)), end)
    is_empty = np.diff(end, prepend=-1) == 1
    return np.diff(between, prepend=0)[~is_empty] + 1, len(end)


def _written(rows: list[list[str]], separator: str) -> str:
    out = io.StringIO()
    lines = csv.writer(out, delimiter=separator, lineterminator="\n")
    if separator == " ":
        # an empty cell between blanks would be no cell
        lines = csv.writer(out, delimiter=" ", lineterminator="\n", quoting=csv.QUOTE_ALL)
    lines.writerows(rows)
    return out.getvalue()


def _ragged(width: np.ndarray, separator: str) -> str:
    wrong = width[1:] != width[0]
    shift = ""
    if (width[1:] == width[0] + 1).all():
        shift = "; if each row begins with a name of its own, as R writes them, name that column"
    return (
        f"cannot be read as a table: {width[0]} column names but {width[1:][wrong][0]} cells on "
        f"{where(wrong, 'row')} (row 0 follows the names): check the separator "
        f"({SEPARATORS.get(separator, separator)}), decimal commas and whether the file is "
        f"complete{shift}"
    )
