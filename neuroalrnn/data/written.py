"""Write a table again with further columns: what stood in its cells stays as it was written."""

import bz2
import csv
import gzip
import io
import lzma
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import pandas as pd

from neuroalrnn.arguments import checked
from neuroalrnn.data._append import appended
from neuroalrnn.data._binary import BINARY, guarded
from neuroalrnn.data._encoding import BOMS, decode, read_bytes, unpack
from neuroalrnn.data._paths import find_files, not_paths
from neuroalrnn.data.dialect import read_raw
from neuroalrnn.exceptions import DataError, problems

NAMELESS = "delimited text without names of columns"
TEXTS = ("delimited text", NAMELESS)
# by the end of the name of a file: how it is compressed, and what separates its cells
PACK: dict[str, Callable[[bytes], bytes]] = {
    ".gz": partial(gzip.compress, mtime=0),
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
}
SEPARATED = {".csv": ",", ".tsv": "\t"}
# what no text is called
OTHERS = (".xlsx", ".xlsm", ".xls", ".parquet", ".pqt", ".json", ".jsonl", ".zip")


@checked(DataError, path=not_paths)
def tables_at(path: str | Path | Sequence[str | Path]) -> list[Path]:
    """List the tables that a path, a pattern or a list names, as `neuroalrnn.load_table` does.

    Parameters
    ----------
    path : str or pathlib.Path, or list of them
        The file, or several files; ``*`` stands for any part of a name.

    Returns
    -------
    list of pathlib.Path
        Each once.
    """
    return find_files(path)


def not_written_as(new: str, old: str, kind: str) -> list[str]:
    """Say why a table cannot be written into a file of some name.

    Parameters
    ----------
    new, old : str
        Names of the new file and of the old one.
    kind : str
        What the old one is, see `neuroalrnn.data.dialect.Dialect`.

    Returns
    -------
    list of str
        Texts that say what is wrong; empty where nothing is.
    """
    ends, ended = _ending(new), _ending(old)
    is_text, is_binary = kind in TEXTS, kind in BINARY
    stays = (ends == ended and (is_text or is_binary)) or (is_text and ends not in OTHERS)
    if ends in SEPARATED or stays:
        return []
    if is_binary:
        text = "stays what it is, or becomes text"
        return [f"a table of {kind} {text}: call the new file {ended}, .csv or .tsv"]
    word = "stays" if is_text else "becomes"
    return [f"a table of {kind} {word} text: call the new file .csv or .tsv"]


def table_with(
    path: str | Path,
    columns: pd.DataFrame,
    name: str,
    *,
    encoding: str | None = None,
    separator: str | None = None,
    decimal: str = ".",
    sheet: str | None = None,
) -> bytes:
    """Write what a table holds, and further columns beside it.

    Parameters
    ----------
    path : str or pathlib.Path
        File that `neuroalrnn.data.dialect.read_raw` reads.
    columns : pandas.DataFrame
        Further columns, one row for each that `read_raw` finds; what is missing stays empty. Names
        are others than those that are there.
    name : str
        Name of the new file, in which `not_written_as` finds nothing wrong. Delimited text, Excel
        and Parquet stay what they are, unless the name ends with ``.csv`` or ``.tsv`` and the old
        one does not: then all cells become texts.
    encoding, separator, sheet : str, optional
        How the file is written, see `read_raw`.
    decimal : {".", ","}
        What new numbers have before their decimals.

    Returns
    -------
    content : bytes
        Content of the new file.

    Raises
    ------
    DataError
        There are other rows than expected.
    """
    path = Path(path)
    cells, dialect = read_raw(path, encoding, separator, sheet)
    if len(cells) != len(columns):
        found = [f"it holds {len(cells)} rows, expected {len(columns)}"]
        raise problems(DataError, str(path), found)
    old, new = (_ending(each) for each in (path.name, name))
    if dialect.kind in BINARY and new not in SEPARATED:
        write = partial(BINARY[dialect.kind].write, read_bytes(path), columns, sheet)
        return guarded(path, dialect.kind, write)
    if dialect.kind in TEXTS and (old == new or new not in SEPARATED):
        used = encoding or dialect.encoding
        empty = "NA" if dialect.separator == " " else ""
        rows = _rows(columns, decimal, empty)
        missing = [*cells.columns] if dialect.kind == NAMELESS else list[str]()
        return _packed(_appended(path, used, dialect.separator, rows, missing), name)
    written = io.StringIO()
    plain = [[*cells.columns], *cells.itertuples(index=False, name=None)]
    pairs = zip(plain, _rows(columns, decimal), strict=True)
    lines = csv.writer(written, delimiter=SEPARATED[new], lineterminator="\n")
    lines.writerows([*one, *other] for one, other in pairs)
    return _packed(written.getvalue().encode(), name)


def _ending(name: str) -> str:
    """What a name ends with, without its compression."""
    path = Path(name.lower())
    return (path.with_suffix("") if path.suffix in PACK else path).suffix


def _packed(content: bytes, name: str) -> bytes:
    pack = PACK.get(Path(name.lower()).suffix)
    return pack(content) if pack else content


def _rows(columns: pd.DataFrame, decimal: str, empty: str = "") -> list[Sequence[str]]:
    """Names and cells of new columns as texts."""
    texts = [_texts(columns[name], decimal, empty) for name in columns]
    return [[str(name) for name in columns], *zip(*texts, strict=True)]


def _texts(column: pd.Series, decimal: str, empty: str) -> list[str]:
    present = column.notna().to_numpy(dtype=bool)
    if column.dtype.kind != "f":
        texts = [str(each) if here else "" for each, here in zip(column, present, strict=True)]
        return [each or empty for each in texts]
    texts = [f"{each:.10g}" if here else empty for each, here in zip(column, present, strict=True)]
    return texts if decimal == "." else [each.replace(".", decimal) for each in texts]


def _appended(path, encoding, separator, rows, names) -> bytes:
    """Content of a file of text with new cells, in its encoding and with its mark."""
    data = unpack(path, read_bytes(path))[0]
    old = decode(path, data, encoding)[0]
    if len(names):
        # a name for each column is above the first row from now on
        old = separator.join(names) + ("\r\n" if "\r\n" in old else "\n") + old
    text = appended(old, separator, rows)
    if text is None:
        found = ["its rows cannot be told apart: save it as CSV again"]
        raise problems(DataError, str(path), found)
    mark, used = next((each for each in BOMS if data.startswith(each[0])), (b"", encoding))
    try:
        content = text.encode(used)
        return content if content.startswith(mark) else mark + content
    except UnicodeEncodeError as error:
        letter = text[error.start]
        found = [f"{letter!r} of a new column cannot be written in {used}: save it as UTF-8"]
        raise problems(DataError, str(path), found) from error
