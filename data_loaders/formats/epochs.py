"""Epochs of MNE in FIF files, with metadata: trials with their signal."""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import xarray as xr

from data_loaders.formats._fif import check_fif
from data_loaders.formats._found import Found, each_file, readable, told_of
from neuroalrnn.arguments import checked, not_path, not_text, optional
from neuroalrnn.data.checks import not_columns
from neuroalrnn.data.load_report import with_report
from neuroalrnn.exceptions import DataError, problems

NAMES = ("-epo.fif", "_epo.fif", "-epo.fif.gz", "_epo.fif.gz")
LACKING = "it has no metadata: set epochs.metadata to a table of one row each, and save it again"


@checked(
    DataError,
    path=not_path,
    columns=not_columns,
    subject=optional(not_text),
    session=optional(not_text),
)
def load_epochs(
    path: str | Path,
    columns: Mapping[str, str],
    *,
    subject: str | None = None,
    session: str | None = None,
    **options: Any,
) -> xr.Dataset:
    """Read epochs with metadata as a trial dataset with signal.

    Parameters
    ----------
    path : str or pathlib.Path
        A file that ends with ``-epo.fif`` or ``_epo.fif``; of a split file the first part.
    columns : dict of role to column
        Roles of the columns of the metadata; ``{}``: columns that are named like a role.
    subject, session : str, optional
        Labels, where the metadata have no such column.
    **options : anything
        Further arguments of `neuroalrnn.neural.from_epochs`, and those of `neuroalrnn.from_frame`.

    Returns
    -------
    trials : xarray.Dataset
        Labelled trials with ``neural(trial, time, unit)``; which epochs were dropped and why is in
        ``attrs["dropped_epochs"]``.

    Raises
    ------
    DataError
        The file is damaged, has no metadata, or its table has problems.
    """
    from neuroalrnn.neural import from_epochs

    if options.get("keep"):
        text = "keep would part trials from their signal: select epochs in MNE, and save them"
        raise problems(DataError, str(path), [text])
    file = _file(path)
    trials = from_epochs(
        _epochs(file), columns or None, subject=subject, session=session, **options
    )
    told = told_of(path, file, trials.sizes["trial"]) | {"kind": "epochs"}
    return with_report(trials.assign_attrs(format="epochs"), files=[told])


def read_epochs(
    path: str | Path, *, subject: str | None = None, session: str | None = None
) -> Found:
    """Read the metadata of epochs, without their signal.

    Parameters
    ----------
    path : str or pathlib.Path
        A file that ends with ``-epo.fif`` or ``_epo.fif``.
    subject, session : str, optional
        Labels, which become columns.

    Returns
    -------
    Found
        One row per epoch that is left; ``selection`` is its position among all events.

    Raises
    ------
    DataError
        The file is damaged, or has no metadata.
    """
    epochs = _epochs(_file(path))
    given = {k: v for k, v in (("subject", subject), ("session", session)) if v is not None}
    table = epochs.metadata.reset_index(drop=True)
    return Found(table.assign(selection=epochs.selection, **given))


def write_epochs(
    path: Path, out: Path, columns: pd.DataFrame, meanings: Mapping[str, str], trials: xr.Dataset
) -> None:
    """Write epochs again, with further columns of their metadata.

    Parameters
    ----------
    path : pathlib.Path
        A file of epochs.
    out : pathlib.Path
        The new file, whose name ends as such names do.
    columns : pandas.DataFrame
        One row per epoch.
    meanings : dict of column to str
        Descriptions, for which epochs have no place.
    trials : xarray.Dataset
        What was read.

    Raises
    ------
    DataError
        The name of the new file does not end as such names do, or there are columns of these
        names.
    """
    from neuroalrnn.neural.annotations import with_metadata

    if not is_epochs(out):
        text = f"a file of epochs ends with {' or '.join(NAMES[:2])}"
        raise problems(DataError, str(out), [text])
    epochs = _epochs(path)
    metadata = epochs.metadata.reset_index(drop=True)
    taken = [f"there is a column {each!r} already: choose another prefix"
             for each in columns if each in metadata]  # fmt: skip
    if taken:
        raise problems(DataError, str(path), taken)
    with warnings.catch_warnings():
        # of the way that MNE calls pandas
        warnings.simplefilter("ignore", DeprecationWarning)
        with_metadata(epochs, pd.concat([metadata, columns], axis=1)).save(out, verbose="error")


def is_epochs(path: Path) -> bool:
    """Tell epochs of MNE by the name of their file.

    Parameters
    ----------
    path : pathlib.Path
        Any file.

    Returns
    -------
    bool
        Whether it is one.
    """
    return path.name.endswith(NAMES)


def _file(path) -> Path:
    files = each_file(path, is_epochs, "epochs of MNE")
    if len(files) > 1:
        text = f"the folder holds {len(files)} files of epochs: name one of them"
        raise problems(DataError, str(path), [text])
    if not is_epochs(files[0]):
        text = f"expected a name that ends with {' or '.join(NAMES[:2])}, by which MNE finds parts"
        raise problems(DataError, str(path), [text])
    return files[0]


def _epochs(file):
    import mne

    with readable(file, "file of epochs"), warnings.catch_warnings():
        check_fif(file)
        # of the way that MNE calls pandas
        warnings.simplefilter("ignore", DeprecationWarning)
        epochs = mne.read_epochs(file, preload=True, verbose="error")
        if epochs.metadata is None:
            raise problems(DataError, str(file), [LACKING])
        return epochs
