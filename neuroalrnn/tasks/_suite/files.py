"""Files that tasks are made from: how they are found, read once, and drawn from."""

import gzip
import zlib
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from neuroalrnn.exceptions import ConfigError, DataError, problems


def read_once(read: Callable, path: Path, *names: str) -> Any:
    """Read a file, or take what was read of it before, as long as it has not changed.

    Parameters
    ----------
    read : callable
        ``read(path, *names)`` returns the content.
    path : pathlib.Path
        A file.
    *names : str
        Further arguments of `read`.

    Returns
    -------
    anything
        What `read` returns. It is shared, and must not be changed.
    """
    found = path.stat()
    return _kept(read, path, names, found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=8)
def _kept(read, path, names, changed, size):
    return read(path, *names)


def find_file(path: str | Path | None, names: Sequence[str], source: str) -> Path:
    """Find a file in a folder, packed or not.

    Parameters
    ----------
    path : str, pathlib.Path or None
        The file itself, or its folder.
    names : sequence of str
        Names that it may have in the folder; ``.gz`` may follow.
    source : str
        Where to get it, for the message.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    ConfigError
        No path was given.
    DataError
        There is no such file.
    """
    if path is None:
        text = f"path is missing: give the file {names[0]!r} or its folder ({source})"
        raise problems(ConfigError, "path", [text])
    folder = Path(path)
    if folder.is_file():
        return folder
    tried = [folder / f"{name}{end}" for name in names for end in ("", ".gz")]
    for each in tried:
        if each.is_file():
            return each
    text = f"{folder} holds none of {', '.join(names)} (or .gz): get it from {source}"
    raise problems(DataError, "path", [text])


def read_bytes(path: Path) -> bytes:
    """Read a file, unpacked where its name ends in ``.gz``.

    Parameters
    ----------
    path : pathlib.Path
        The file.

    Returns
    -------
    bytes
        Its content.

    Raises
    ------
    DataError
        It cannot be unpacked.
    """
    content = path.read_bytes()
    if path.suffix != ".gz":
        return content
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise problems(DataError, str(path), [f"cannot be unpacked: {error}"]) from error


def read_arrays(path: Path, *names: str) -> list[np.ndarray]:
    """Read arrays of an ``.npz`` file; nothing is unpickled.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    *names : str
        Names of the arrays.

    Returns
    -------
    list of array
        In the order of the names.

    Raises
    ------
    DataError
        It is no such file, or lacks one of the arrays.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            if lacking := [name for name in names if name not in archive]:
                raise problems(DataError, str(path), [f"holds no {name!r}" for name in lacking])
            return [archive[name] for name in names]
    except (OSError, ValueError, AttributeError, TypeError) as error:
        if isinstance(error, DataError):
            raise
        text = f"cannot be read as arrays of an .npz file: {error}"
        raise problems(DataError, str(path), [text]) from error


def pick(n_trials: int, n_items: int, rng: np.random.Generator) -> np.ndarray:
    """Draw different items; those of fewer trials come first among those of more.

    Parameters
    ----------
    n_trials, n_items : int
        How many are drawn, and how many there are.
    rng : numpy.random.Generator
        Source of the order.

    Returns
    -------
    int array, shape (trial,)
        Places of the items.

    Raises
    ------
    DataError
        There are fewer items than trials.
    """
    if n_trials > n_items:
        text = f"{n_trials} trials asked for, the file has {n_items} for this part"
        raise problems(DataError, "n_trials", [text])
    return rng.permutation(n_items)[:n_trials]
