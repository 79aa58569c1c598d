"""Files that hold pickles: they are refused, and the message says what to export instead."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import xarray as xr

from neuroalrnn.exceptions import DataError, problems

ADVICE = {
    ".psydat": "in PsychoPy, save the trials as CSV (Experiment settings, Data, or "
    "ExperimentHandler.saveAsWideText): a CSV usually lies beside the file already",
    ".kkp": "in the environment that wrote it, save unit, time and group of the spikes as CSV",
    ".pkl": "in the environment that wrote it, save a table with DataFrame.to_csv, or arrays with "
    "numpy.savez",
}
ADVICE |= dict.fromkeys((".pickle", ".p", ".joblib"), ADVICE[".pkl"])


def load_pickle(path: str | Path, columns: Mapping[str, str], **options: Any) -> xr.Dataset:
    """Refuse a pickled file, see `read_pickle`.

    Parameters
    ----------
    path : str or pathlib.Path
        The file.
    columns : dict of role to column
        Not read.
    **options : anything
        Not read.

    Returns
    -------
    trials : xarray.Dataset
        Never.

    Raises
    ------
    DataError
        Always, with what to export instead.
    """
    return read_pickle(path)


def read_pickle(path: str | Path) -> Any:
    """Refuse a pickled file: unpickling runs code from it.

    Parameters
    ----------
    path : str or pathlib.Path
        The file.

    Returns
    -------
    Found
        Never.

    Raises
    ------
    DataError
        Always, with what to export instead.
    """
    advice = ADVICE.get(Path(path).suffix.lower(), ADVICE[".pkl"])
    text = f"it is a pickle, and unpickling runs code from the file, so it is not read: {advice}"
    raise problems(DataError, str(path), [text])


def is_pickle(path: Path) -> bool:
    """Tell a pickled file by its suffix.

    Parameters
    ----------
    path : pathlib.Path
        Any file.

    Returns
    -------
    bool
        Whether it is one.
    """
    return path.suffix.lower() in ADVICE
