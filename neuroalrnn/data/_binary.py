"""Tables of binary files, read and written by packages that need not be installed."""

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from neuroalrnn.arguments import unknown
from neuroalrnn.data._records import cell_text
from neuroalrnn.data.names import one_form
from neuroalrnn.exceptions import DataError, problems

# in bytes, unpacked: the reader of Excel takes many times as much
MOST_EXCEL = 2**26
OLD_EXCEL, ZIP, PARQUET = b"\xd0\xcf\x11\xe0", b"PK\x03\x04", b"PAR1"
MACROS = "xl/vbaProject.bin"
NO_SHEETS = "only workbooks of Excel have sheets: leave sheet out"


def read_binary(path: Path, data: bytes, sheet: str | None) -> tuple[pd.DataFrame, str] | None:
    """Read a workbook of Excel or a Parquet file as texts.

    Parameters
    ----------
    path : pathlib.Path
        The file, for messages.
    data : bytes
        Its content.
    sheet : str or None
        Name of the sheet of a workbook; None for the only one that holds cells.

    Returns
    -------
    cells : pandas.DataFrame
        Texts.
    kind : str
        Name of the format, a key of `BINARY`. None in place of both where the file is neither.
    """
    if data.startswith(OLD_EXCEL):
        found = ["an Excel file of before 2007: save it as .xlsx or as CSV"]
        raise problems(DataError, str(path), found)
    if not data.startswith((PARQUET, ZIP)):
        return None
    kind = "Parquet" if data.startswith(PARQUET) else "Excel"
    return guarded(path, kind, lambda: BINARY[kind].read(data, sheet)), kind


def guarded(path: Path, kind: str, act: Callable[[], Any]) -> Any:
    """Read or write a binary table, and say why that fails.

    Parameters
    ----------
    path : pathlib.Path
        The file, for messages.
    kind : str
        A key of `BINARY`.
    act : callable
        What reads or writes.

    Returns
    -------
    anything
        As `act` returned it.
    """
    try:
        return act()
    except ImportError as error:
        package = BINARY[kind].package
        text = f"{package} is needed to read it: pip install {package}, or save the table as CSV"
        raise problems(DataError, str(path), [text]) from error
    except DataError as error:
        raise problems(DataError, str(path), [str(error)]) from error
    except Exception as error:
        # readers of formats fail in many ways on a damaged file
        text = f"cannot be read ({type(error).__name__}: {error}): the file is damaged or cut off"
        raise problems(DataError, str(path), [text]) from error


def _parquet(data: bytes, sheet: str | None) -> pd.DataFrame:
    from pyarrow import parquet

    if sheet is not None:
        raise DataError(NO_SHEETS)
    # columns as they are: what pandas notes on its index in the file is not trusted
    table = parquet.ParquetFile(io.BytesIO(data)).read()
    return _texts(table.column_names, [column.to_pylist() for column in table.columns])


def _parquet_with(data: bytes, columns: pd.DataFrame, sheet: str | None) -> bytes:
    import pyarrow
    from pyarrow import parquet

    table = parquet.ParquetFile(io.BytesIO(data)).read()
    for name in columns:
        table = table.append_column(str(name), pyarrow.array(columns[name], from_pandas=True))
    written = io.BytesIO()
    parquet.write_table(table, written)
    return written.getvalue()


def _excel(data: bytes, sheet: str | None) -> pd.DataFrame:
    _name_parts(data)
    sheets = pd.read_excel(
        io.BytesIO(data), sheet_name=None, header=None, dtype=object, na_filter=False,
        engine="openpyxl",
    )  # fmt: skip
    full = {str(name): each for name, each in sheets.items() if len(each)}
    cells = full[_chosen(full, sheet)]
    return _texts(cells.iloc[0].tolist(), [cells[k].tolist()[1:] for k in cells])


def _name_parts(data: bytes) -> list[str]:
    """Names of the parts of a workbook, after a look at its size."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = archive.namelist()
        size = sum(each.file_size for each in archive.infolist())
    if "xl/workbook.xml" not in names:
        raise DataError("a zip archive: unpack it, and name the files in it")
    if size > MOST_EXCEL:
        raise DataError(f"unpacks to more than {MOST_EXCEL >> 20} MiB: save it as CSV")
    return names


def _chosen(full, sheet: str | None) -> str:
    """Name of the sheet that is read, of those that hold cells."""
    if sheet is not None and sheet not in full:
        raise DataError(f"sheet {unknown(sheet, full)}")
    if sheet is None and len(full) != 1:
        listed = ", ".join(map(repr, full))
        text = f"{len(full)} sheets hold cells ({listed}): name that of the trials"
        raise DataError(f"{text}, sheet = {next(iter(full), '')!r}")
    return next(iter(full)) if sheet is None else sheet


def _excel_with(data: bytes, columns: pd.DataFrame, sheet: str | None) -> bytes:
    import openpyxl

    book = openpyxl.load_workbook(io.BytesIO(data), keep_vba=MACROS in _name_parts(data))
    full = {each.title: each for each in book.worksheets if any(each.values)}
    page = full[_chosen(full, sheet)]
    for place, name in enumerate(columns, page.max_column + 1):
        texts = [str(name), *(_plain(each) for each in columns[name])]
        for row, value in enumerate(texts, 1):
            cell = page.cell(row, place)
            cell.value = value
            # a text that begins like a formula stays a text
            cell.data_type = "s" if isinstance(value, str) else cell.data_type
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def _plain(value: Any) -> Any:
    if pd.isna(value):
        return None
    return value.item() if isinstance(value, np.generic) else value


def _texts(names: list, columns: list[list[Any]]) -> pd.DataFrame:
    table = {k: [cell_text(cell) for cell in column] for k, column in enumerate(columns)}
    called = [one_form(cell_text(name)) or f"Unnamed: {k}" for k, name in enumerate(names)]
    return pd.DataFrame(table, dtype=object).set_axis(called, axis=1)


@dataclass(frozen=True)
class _Kind:
    package: str
    read: Callable[[bytes, str | None], pd.DataFrame]
    write: Callable[[bytes, pd.DataFrame, str | None], bytes]


BINARY = {
    "Excel": _Kind("openpyxl", _excel, _excel_with),
    "Parquet": _Kind("pyarrow", _parquet, _parquet_with),
}
