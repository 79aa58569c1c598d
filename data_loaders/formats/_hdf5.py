"""HDF5 files of other programs: only what is asked for is read, and nothing outside the file."""

import os
import signal
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import h5py
import numpy as np

from data_loaders.formats._found import MOST_BYTES
from neuroalrnn.netcdf import faults

LONGEST, BYTES_PER_SECOND = 8.0, 2**24


def member(group: h5py.Group, name: str) -> Any:
    """Take a member of a group that lies in the same file.

    Parameters
    ----------
    group : h5py.Group
        The group.
    name : str
        Name of the member, without slashes.

    Returns
    -------
    h5py.Group or h5py.Dataset
        The member.

    Raises
    ------
    ValueError
        There is none, it lies in another file, or the link leads nowhere.
    """
    link = group.get(name, getlink=True)
    if link is None:
        raise ValueError(f"there is no {group.name.rstrip('/')}/{name}")
    if isinstance(link, h5py.ExternalLink):
        raise ValueError(
            f"{group.name.rstrip('/')}/{name} is a link to another file, {link.filename!r}"
        )
    if isinstance(link, h5py.SoftLink):
        return _follow(group, link)
    return group[name]


def _follow(group, link):
    """The goal of a link within the file, each part of whose path is looked at, too."""
    at = group.file if link.path.startswith("/") else group
    for part in filter(None, link.path.split("/")):
        step = at.get(part, getlink=True) if isinstance(at, h5py.Group) else None
        if not isinstance(step, h5py.HardLink):
            raise ValueError(f"a link to {link.path} leads nowhere, or to another link")
        at = at[part]
    return at


def values_of(dataset: h5py.Dataset, most_bytes: int) -> np.ndarray:
    """Read a dataset whose claims were looked at first.

    Parameters
    ----------
    dataset : h5py.Dataset
        What is read.
    most_bytes : int
        What it may unpack to.

    Returns
    -------
    ndarray
        Values.

    Raises
    ------
    ValueError
        It lies in another file, claims more than the file has, or is too large.
    """
    size = int(np.prod(dataset.shape or (0,), dtype=object)) * dataset.dtype.itemsize
    if size > most_bytes:
        raise ValueError(
            f"{dataset.name} unpacks to {size:.3g} bytes, expected {most_bytes:.3g} at most"
        )
    found = list(faults(dataset, dataset.file.filename))
    if found:
        raise ValueError(f"{dataset.name} {'; '.join(found)}")
    return np.asarray(dataset[()])


def pieces_of(group: h5py.Group, name: str, values: np.ndarray) -> list[np.ndarray]:
    """Divide a column whose cells are lists, as the column of their ends beside it says.

    Parameters
    ----------
    group : h5py.Group
        A table of NWB.
    name : str
        Name of the column.
    values : ndarray, shape (value, ...)
        What the column holds.

    Returns
    -------
    list of ndarray
        Values of each row.

    Raises
    ------
    ValueError
        Ends do not divide the values.
    """
    ends = values_of(member(group, f"{name}_index"), MOST_BYTES).astype(np.int64)
    starts = np.r_[0, ends[:-1]][: len(ends)]
    if (ends < starts).any() or ends[-1:].sum() != len(values):
        raise ValueError(f"{name}_index does not divide the {len(values)} values of {name}")
    return [values[a:b] for a, b in zip(starts, ends, strict=True)]


def texts_of(values: np.ndarray) -> np.ndarray:
    """Decode the texts of a dataset.

    Parameters
    ----------
    values : ndarray
        Bytes, texts or objects.

    Returns
    -------
    ndarray of object
        Texts; what is no bytes stays as it is.

    Raises
    ------
    ValueError
        A text is not UTF-8.
    """
    plain = [each.decode() if isinstance(each, bytes) else each for each in values.ravel().tolist()]
    cells = np.empty(len(plain), dtype=object)
    cells[:] = plain
    return cells.reshape(values.shape)


def survives(read: Callable[[], Any], size: int) -> None:
    """Try a reader in a process of its own, as HDF5 may go round for ever in a damaged file.

    Errors of Python are left to the caller, who reads again.

    Parameters
    ----------
    read : callable
        Reader without arguments.
    size : int
        Bytes of the file; large ones may take longer.

    Raises
    ------
    ValueError
        It came to no end in time, or the process died.
    """
    if not hasattr(os, "fork"):
        return
    with warnings.catch_warnings():
        # the child computes with numpy and HDF5 alone, and uses no threads
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        with suppress(BaseException):
            read()
        os._exit(0)
    end = time.monotonic() + LONGEST + size / BYTES_PER_SECOND
    while not (ended := os.waitpid(child, os.WNOHANG))[0]:
        if time.monotonic() > end:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            raise ValueError(
                f"HDF5 came to no end within {LONGEST + size / BYTES_PER_SECOND:.0f} s"
            )
        time.sleep(0.001)
    if os.WIFSIGNALED(ended[1]):
        raise ValueError("HDF5 crashed over it")
