"""MATLAB files, version 4 to 7.3: struct arrays, structs of vectors, matrices, cell arrays."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import xarray as xr

from data_loaders.formats._found import Found, each_file, readable, to_trials, together
from data_loaders.formats._matlab_check import version_of
from data_loaders.formats._matlab_table import table_of
from data_loaders.formats._matlab_values import read_values
from neuroalrnn.arguments import checked, not_path
from neuroalrnn.data.checks import not_columns
from neuroalrnn.exceptions import DataError

WHAT = "MATLAB file"


@checked(DataError, path=not_path, columns=not_columns)
def load_matlab(
    path: str | Path,
    columns: Mapping[str, str],
    *,
    variable: str | None = None,
    names: Sequence[str] | None = None,
    rows: str | None = None,
    reduce: Mapping[str, str] | None = None,
    **options: Any,
) -> xr.Dataset:
    """Read a MATLAB file, or all those of a folder, as a trial dataset.

    Parameters
    ----------
    path : str or pathlib.Path
        A ``.mat`` file, or a folder.
    columns : dict of role to column
        Which column plays which role, see `neuroalrnn.from_frame` and `read_matlab`.
    variable : str, optional
        Where the trials are, see `read_matlab`. This argument and the next three are its.
    names : sequence of str, optional
        Names of the columns of a matrix.
    rows : {"element", "entry"}, optional
        What a row is where a struct array holds vectors.
    reduce : dict of column to {"first", "last", "count"}, optional
        Which value stands for a list in a cell.
    **options : anything
        Further arguments of `neuroalrnn.from_frame`.

    Returns
    -------
    trials : xarray.Dataset
        Labelled trials, see `neuroalrnn.validate`.

    Raises
    ------
    DataError
        The file or its table has problems; the message names all of them.
    """
    found = read_matlab(path, variable=variable, names=names, rows=rows, reduce=reduce)
    return to_trials(found, columns, "matlab", options)


def read_matlab(
    path: str | Path,
    *,
    variable: str | None = None,
    names: Sequence[str] | None = None,
    rows: str | None = None,
    reduce: Mapping[str, str] | None = None,
) -> Found:
    """Read the table of a MATLAB file, or of all those of a folder.

    Parameters
    ----------
    path : str or pathlib.Path
        A ``.mat`` file, or a folder.
    variable : str, optional
        The variable that holds the trials; with dots, a field of a struct, as ``data.trials``.
        Default: the one struct, matrix or cell array of the file, else its vectors of one length.
    names : sequence of str, optional
        Names of the columns of a matrix or cell array, which are else "1", "2", ... as MATLAB
        counts them.
    rows : {"element", "entry"}, optional
        What a row is where a struct array holds vectors: an element of the array, whose vectors
        become lists, or each entry of the vectors of each element.
    reduce : dict of column to {"first", "last", "count"}, optional
        Which value stands for a list in a cell.

    Returns
    -------
    Found
        One row per trial. Fields of structs in structs are named with dots; a text of more than
        20 letters, as many as there are trials, is read letter by letter; empty arrays are missing.
        ``file`` and ``source_row`` say where a row comes from, ``element`` which element of an
        array.

    Raises
    ------
    DataError
        The file is damaged, or it does not say which of its variables are trials.
    """

    def read(each: Path) -> Found:
        with readable(each, WHAT):
            return table_of(read_values(each), str(each), variable, names, rows)

    return together(path, each_file(path, is_matlab, "MATLAB files"), read, reduce)


def is_matlab(path: Path) -> bool:
    """Tell a MATLAB file by its first bytes.

    Parameters
    ----------
    path : pathlib.Path
        Any file.

    Returns
    -------
    bool
        Whether it is one. What is HDF5 needs the suffix ``.mat``, too.
    """
    with path.open("rb") as file:
        version = version_of(file.read(520))
    return version is not None and (version != "4" or path.suffix.lower() == ".mat")
