"""What a reader of a format hands on: a plain table, and what has to be said about it."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import xarray as xr

from data_loaders.formats._ragged import reduced
from neuroalrnn.arguments import not_mapping, optional, refuse
from neuroalrnn.data import caution, from_frame
from neuroalrnn.data.load_report import with_report
from neuroalrnn.data.names import first_few
from neuroalrnn.exceptions import DataError, NeuroALRNNError, problems

# what one file may unpack to
MOST_BYTES = 2**29
MOST_SHOWN = 20


@dataclass(frozen=True)
class Found:
    """Table of a file, with what was left out of it.

    Parameters
    ----------
    table : pandas.DataFrame
        One row per trial, in the order of the file.
    notes : sequence of str
        Sentences on what was left out or turned into another form.
    cautions : sequence of str
        Sentences that a reader of results must hear.
    files : sequence of dict
        ``name``, ``sha256`` and number of ``rows`` of each file, in the order of the table.
    """

    table: pd.DataFrame
    notes: Sequence[str] = ()
    cautions: Sequence[str] = ()
    files: Sequence[Mapping[str, Any]] = ()


def to_trials(
    found: Found, columns: Mapping[str, str], name: str, options: Mapping[str, Any]
) -> xr.Dataset:
    """Turn a table into trials by the way that tables of text go, too.

    Parameters
    ----------
    found : Found
        Table of a file.
    columns : dict of role to column
        Which column plays which role.
    name : str
        Name of the format.
    options : dict of str to anything
        Further arguments of `neuroalrnn.from_frame`.

    Returns
    -------
    trials : xarray.Dataset
        Labelled trials, see `neuroalrnn.validate`.

    Raises
    ------
    DataError
        The table has problems, or `attrs` are no dict.
    """
    refuse(name, optional(not_mapping)("attrs", options.get("attrs")), DataError)
    attrs = {"format": name, "notes": list(found.notes)} | dict(options.get("attrs") or {})
    trials = from_frame(found.table, columns, **{**options, "attrs": attrs})
    trials = with_report(trials, files=[{**each, "kind": name} for each in found.files])
    return caution(trials, list(found.cautions)) if found.cautions else trials


def each_file(
    path: str | Path, fits: Callable[[Path], bool], what: str, *, whole: bool = True
) -> list[Path]:
    """List the files that a path names: itself, or those of a format in a folder.

    Parameters
    ----------
    path : str or pathlib.Path
        A file or a folder.
    fits : callable
        Tells of a file in a folder whether it is of the format.
    what : str
        What the files should be, for the message.
    whole : bool
        Whether each file is a whole session, so that two alike are a copy.

    Returns
    -------
    list of pathlib.Path
        Files by name.

    Raises
    ------
    DataError
        There is no such file, a file is empty, or two files are the same under two names.
    """
    path = Path(path)
    if path.is_file():
        files = [path]
    elif path.is_dir():
        files = sorted(each for each in path.rglob("*") if each.is_file() and fits(each))
        if not files:
            raise problems(DataError, str(path), [f"this folder holds no {what}"])
    else:
        raise problems(DataError, str(path), ["there is no such file"])
    found = [f"{each.name} is empty" for each in files if each.stat().st_size == 0]
    found += _twins(files) if whole and len(files) > 1 else []
    if found:
        raise problems(DataError, str(path), found)
    return files


def _twins(files) -> list[str]:
    same, sizes = defaultdict(list), [each.stat().st_size for each in files]
    often = Counter(sizes)
    for each, size in zip(files, sizes, strict=True):
        if often[size] > 1:
            same[_sha256(each)].append(each)
    return [
        f"{' and '.join(map(str, alike))} are the same byte for byte: remove the copies"
        for alike in same.values()
        if len(alike) > 1
    ]


def _sha256(path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def together(
    path: str | Path,
    files: Sequence[Path],
    read: Callable[[Path], Found],
    reduce: Mapping[str, str] | None = None,
) -> Found:
    """Read files one after the other into one table, with the columns ``file`` and ``source_row``.

    Parameters
    ----------
    path : str or pathlib.Path
        What was named; files are told by their place in it.
    files : sequence of pathlib.Path
        The files.
    read : callable
        Reader of one file.
    reduce : dict of column to {"first", "last", "count"}, optional
        Which value stands for a list in a cell.

    Returns
    -------
    Found
        All rows. ``file`` is the place of a file without its suffix, ``source_row`` counts its
        trials from 1.

    Raises
    ------
    DataError
        `reduce` is no dict, or names an unknown column or value.
    """
    path, tables, notes, cautions, told = Path(path), [], [], [], []
    for each in files:
        found = read(each)
        place = _place(path, each)
        tables.append(_with_source(found.table, place))
        prefix = f"{place}: " if len(files) > 1 else ""
        notes += [prefix + text for text in found.notes]
        cautions += [prefix + text for text in found.cautions]
        told.append(told_of(path, each, len(found.table)))
    table = tables[0] if len(tables) == 1 else pd.concat(tables, ignore_index=True)
    return Found(reduced(table, reduce, str(path)), notes, cautions, told)


def told_of(path: str | Path, file: Path, n_rows: int) -> dict[str, Any]:
    """Say of a file what the load report keeps.

    Parameters
    ----------
    path : str or pathlib.Path
        What was named; files are told by their place in it.
    file : pathlib.Path
        The file.
    n_rows : int
        How many rows of the table come from it.

    Returns
    -------
    dict
        ``name``, ``sha256`` and ``rows``.
    """
    return {"name": str(_place(Path(path), file)), "sha256": _sha256(file), "rows": n_rows}


def _place(path, file) -> Path:
    return file.relative_to(path) if path.is_dir() else Path(file.name)


def _with_source(table, place) -> pd.DataFrame:
    source: dict[str, Any] = {"file": place.with_suffix("").as_posix()}
    source["source_row"] = range(1, len(table) + 1)
    return table.assign(**{name: source[name] for name in source if name not in table})


@contextmanager
def readable(path: str | Path, what: str) -> Iterator[None]:
    """Turn whatever a library stumbles over in a damaged file into one error.

    Parameters
    ----------
    path : str or pathlib.Path
        The file.
    what : str
        What the file should be.

    Yields
    ------
    None
        Nothing.

    Raises
    ------
    DataError
        The file cannot be read.
    """
    try:
        yield
    except NeuroALRNNError:
        raise
    except Exception as error:
        text = str(error).strip().split("\n")[0] or type(error).__name__
        found = [f"this is not a readable {what} (damaged or cut off?): {text[:200]}"]
        raise problems(DataError, str(path), found) from error


def listed(names: Sequence[Any]) -> str:
    """Write names one after the other, not more than a reader wants to see.

    Parameters
    ----------
    names : sequence
        Anything that can be written.

    Returns
    -------
    str
        The names.
    """
    return first_few([str(each) for each in names], MOST_SHOWN) or "none"
