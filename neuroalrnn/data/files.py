"""Read files with one row per trial, without guessing and without losing a cell."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import xarray as xr

from neuroalrnn.arguments import checked, not_one_of, not_text, optional
from neuroalrnn.data._paths import not_paths
from neuroalrnn.data._prepare import named_columns
from neuroalrnn.data._sheet import read_sheet
from neuroalrnn.data.checks import not_columns
from neuroalrnn.data.columns import WITH_MARK
from neuroalrnn.data.load_report import with_report
from neuroalrnn.data.names import one_form, rows_called
from neuroalrnn.data.roles import ROLES
from neuroalrnn.data.tables import from_frame
from neuroalrnn.exceptions import DataError


@checked(
    DataError,
    path=not_paths,
    columns=not_columns,
    decimal=lambda name, value: not_one_of(name, value, WITH_MARK),
    file_name=optional(not_text),
    sheet=optional(not_text),
)
def load_table(
    path: str | Path | Sequence[str | Path],
    columns: Mapping[str, str],
    *,
    encoding: str | None = None,
    separator: str | None = None,
    decimal: str = ".",
    file_name: str | None = None,
    sheet: str | None = None,
    **options: Any,
) -> xr.Dataset:
    """Read files with one row per trial as a trial dataset.

    Files may be compressed (gzip, bzip2, xz). Encoding and separator are found, see
    `neuroalrnn.data.dialect.read_raw`. Missing is an empty cell, NA or NaN. No other text is
    missing (``null`` stays text), unless ``missing`` declares it. In the columns of subject,
    session and block only an empty cell is missing, as a subject may be called NA. Blanks around a
    name or a cell do not count. ``attrs["load_report"]`` (JSON) keeps what was read, and how many
    rows were dropped by which rule.

    Parameters
    ----------
    path : str or pathlib.Path, or list of them
        The file, or several files that are read as one table; ``*`` stands for any part of a name.
    columns : dict of role to column
        Which column plays which role, see `from_frame`.
    encoding : str, optional
        Encoding of the files; by default that of their byte-order mark, or UTF-8.
    separator : str, optional
        What stands between cells, ``" "`` for any number of blanks or tabs. By default that of
        comma, semicolon, tab, bar and blanks which gives all rows as many cells as there are names.
    decimal : {".", ","}
        What numbers have before their decimals.
    file_name : str, optional
        How files are called: ``"sub-{subject}_ses-{session}.csv"`` makes the columns ``subject``
        and ``session`` of what stands in the place of the braces. Those that are called as a role
        play it.
    sheet : str, optional
        Name of the sheet of workbooks of Excel; by default the only one that holds cells.
    **options : anything
        Further arguments of `from_frame`.

    Returns
    -------
    trials : xarray.Dataset
        Labelled trials, see `validate`.

    Raises
    ------
    DataError
        A file is missing, empty, damaged, ragged, in another encoding or a copy of another one,
        names a column twice, writes decimals otherwise, or its table has problems.

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
    columns = {one_form(role): one_form(column) for role, column in columns.items()}
    named = [*columns.values(), *named_columns(options)]
    read = read_sheet(path, encoding, separator, file_name, named, sheet)
    columns = {role: role for role in read.made if role in ROLES} | columns
    frame = read.values(columns, decimal, [*named, *read.made])
    with rows_called(read.row_name):
        trials = from_frame(frame, columns, **options)
    more = {"decimal": decimal} if decimal != "." else {}
    more |= {"sheet": sheet} if sheet is not None else {}
    files = [file | more for file in read.files]
    return trials if "stored" in options else with_report(trials, files=files)
