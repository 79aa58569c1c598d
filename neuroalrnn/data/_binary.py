"""Tables of binary files, read by packages that need not be installed: Excel and Parquet."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from neuroalrnn.data._records import cell_text
from neuroalrnn.data.names import one_form
from neuroalrnn.exceptions import DataError, problems

# in bytes, unpacked: the reader of Excel takes many times as much
MOST_EXCEL = 2**26
OLD_EXCEL, ZIP, PARQUET = b"\xd0\xcf\x11\xe0", b"PK\x03\x04", b"PAR1"


def read_binary(path: Path, data: bytes) -> tuple[pd.DataFrame, str] | None:
    """Read a workbook of Excel or a Parquet file as texts.

    Parameters
    ----------
    path : pathlib.Path
        The file, for messages.
    data : bytes
        Its content.

    Returns
    -------
    cells : pandas.DataFrame
        Texts.
    kind : str
        Name of the format. None in place of both where the file is neither.
    """
    if data.startswith(PARQUET):
        return _read(path, data, _parquet, "pyarrow"), "Parquet"
    if data.startswith(OLD_EXCEL):
        found = ["an Excel file of before 2007: save it as .xlsx or as CSV"]
        raise problems(DataError, str(path), found)
    if not data.startswith(ZIP):
        return None
    return _read(path, data, _excel, "openpyxl"), "Excel"


def _read(path, data, read: Callable[[bytes], pd.DataFrame], package) -> pd.DataFrame:
    try:
        return read(data)
    except ImportError as error:
        text = f"{package} is needed to read it: pip install {package}, or save the table as CSV"
        raise problems(DataError, str(path), [text]) from error
    except DataError as error:
        raise problems(DataError, str(path), [str(error)]) from error
    except Exception as error:
        # readers of formats fail in many ways on a damaged file
        text = f"cannot be read ({type(error).__name__}: {error}): the file is damaged or cut off"
        raise problems(DataError, str(path), [text]) from error


def _parquet(data: bytes) -> pd.DataFrame:
    from pyarrow import parquet

    # columns as they are: what pandas notes on its index in the file is not trusted
    table = parquet.ParquetFile(io.BytesIO(data)).read()
    return _texts(table.column_names, [column.to_pylist() for column in table.columns])


def _excel(data: bytes) -> pd.DataFrame:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = archive.namelist()
        size = sum(each.file_size for each in archive.infolist())
    if "xl/workbook.xml" not in names:
        raise DataError("a zip archive: unpack it, and name the files in it")
    if size > MOST_EXCEL:
        raise DataError(f"unpacks to more than {MOST_EXCEL >> 20} MiB: save it as CSV")
    sheets = pd.read_excel(
        io.BytesIO(data), sheet_name=None, header=None, dtype=object, na_filter=False,
        engine="openpyxl",
    )  # fmt: skip
    full = {str(name): sheet for name, sheet in sheets.items() if len(sheet)}
    if len(full) != 1:
        listed = ", ".join(map(repr, full))
        raise DataError(f"{len(full)} sheets hold cells ({listed}): save the one of trials as CSV")
    (sheet,) = full.values()
    return _texts(sheet.iloc[0].tolist(), [sheet[k].tolist()[1:] for k in sheet])


def _texts(names: list, columns: list[list[Any]]) -> pd.DataFrame:
    table = {k: [cell_text(cell) for cell in column] for k, column in enumerate(columns)}
    called = [one_form(cell_text(name)) or f"Unnamed: {k}" for k, name in enumerate(names)]
    return pd.DataFrame(table, dtype=object).set_axis(called, axis=1)
