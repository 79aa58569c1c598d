"""Files of other programs, each turned into a plain table and then into labelled trials."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import xarray as xr

from data_loaders.formats._found import Found
from data_loaders.formats.alf import is_alf, load_alf, read_alf
from data_loaders.formats.arrays import is_arrays, load_arrays, read_arrays
from data_loaders.formats.bids import is_bids, load_bids, read_bids
from data_loaders.formats.bpod import is_bpod, load_bpod, read_bpod
from data_loaders.formats.crcns import is_crcns, load_crcns, read_crcns
from data_loaders.formats.epochs import is_epochs, load_epochs, read_epochs, write_epochs
from data_loaders.formats.matlab import is_matlab, load_matlab, read_matlab
from data_loaders.formats.medpc import is_medpc, load_medpc, read_medpc
from data_loaders.formats.nwb import is_nwb, load_nwb, read_nwb, write_nwb
from data_loaders.formats.pickle import is_pickle, load_pickle, read_pickle
from data_loaders.formats.pynapple import load_pynapple

# of a folder as many files are looked at
MOST_FILES = 1000


@dataclass(frozen=True)
class Format:
    """A kind of file.

    Parameters
    ----------
    title : str
        What it is, for people.
    fits : callable
        Tells of the path of a file whether it is of this format.
    read : callable
        Reads a path as a `Found` table.
    load : callable
        Reads a path and a dict of role to column as labelled trials.
    write : callable, optional
        Copies a file, and adds columns to its table.
    """

    title: str
    fits: Callable[[Path], bool]
    read: Callable[..., Found]
    load: Callable[..., xr.Dataset]
    write: Callable[..., None] | None = None


FORMATS = {
    "bpod": Format("session of Bpod or B-control, MATLAB", is_bpod, read_bpod, load_bpod),
    "matlab": Format("MATLAB, version 4 to 7.3", is_matlab, read_matlab, load_matlab),
    "nwb": Format("NWB, in HDF5", is_nwb, read_nwb, load_nwb, write_nwb),
    "bids": Format("BIDS, events.tsv and _beh.tsv", is_bids, read_bids, load_bids),
    "alf": Format("IBL session, ALF or raw", is_alf, read_alf, load_alf),
    "medpc": Format("MED-PC", is_medpc, read_medpc, load_medpc),
    "epochs": Format("MNE epochs with metadata", is_epochs, read_epochs, load_epochs, write_epochs),
    "arrays": Format("npz of arrays [time, episode, feature]", is_arrays, read_arrays, load_arrays),
    "crcns": Format("CRCNS pfc-1", is_crcns, read_crcns, load_crcns),
    "pickle": Format("pickles, which are refused", is_pickle, read_pickle, load_pickle),
}


def recognise(path: str | Path) -> str | None:
    """Tell the format of a file or folder by its content and its name.

    Parameters
    ----------
    path : str or pathlib.Path
        Any file or folder.

    Returns
    -------
    str or None
        A key of `FORMATS`; None where none fits, as of tables of text, and where the files of a
        folder are of several formats.
    """
    path = Path(path)
    if path.is_dir():
        inside = (each for each in path.rglob("*") if each.is_file())
        names = {_of_file(each) for each in islice(inside, MOST_FILES)} - {None}
        return names.pop() if len(names) == 1 else None
    return _of_file(path) if path.is_file() else None


def _of_file(path) -> str | None:
    return next((name for name, each in FORMATS.items() if each.fits(path)), None)


__all__ = [
    "FORMATS",
    "Format",
    "Found",
    "load_alf",
    "load_arrays",
    "load_bids",
    "load_bpod",
    "load_crcns",
    "load_epochs",
    "load_matlab",
    "load_medpc",
    "load_nwb",
    "load_pickle",
    "load_pynapple",
    "read_alf",
    "read_arrays",
    "read_bids",
    "read_bpod",
    "read_crcns",
    "read_epochs",
    "read_matlab",
    "read_medpc",
    "read_nwb",
    "read_pickle",
    "recognise",
]
