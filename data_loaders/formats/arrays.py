"""Arrays in npz files: one value per trial, or steps, episodes and features as of disRNN."""

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from data_loaders.formats._found import (
    MOST_BYTES,
    Found,
    each_file,
    listed,
    readable,
    to_trials,
    together,
)
from data_loaders.formats._npy import array_of
from neuroalrnn.arguments import not_path, refuse
from neuroalrnn.data.checks import not_columns
from neuroalrnn.exceptions import DataError, problems

WHAT = "npz file"
MOST_MEMBERS = 10_000
Source = str | Path | Mapping[str, np.ndarray]


def load_arrays(
    path: Source,
    columns: Mapping[str, str],
    *,
    names: Mapping[str, Sequence[str]] | None = None,
    padding: float = -1,
    **options: Any,
) -> xr.Dataset:
    """Read arrays as a trial dataset.

    Parameters
    ----------
    path : str, pathlib.Path or dict of str to ndarray
        An ``.npz`` file or a folder of them, or the arrays themselves.
    columns : dict of role to column
        Which column plays which role, see `neuroalrnn.from_frame` and `read_arrays`.
    names, padding
        Arguments of `read_arrays`.
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
    refuse("arrays", not_columns("columns", columns), DataError)
    return to_trials(read_arrays(path, names=names, padding=padding), columns, "arrays", options)


def read_arrays(
    path: Source,
    *,
    names: Mapping[str, Sequence[str]] | None = None,
    padding: float = -1,
) -> Found:
    """Read arrays as a table.

    Parameters
    ----------
    path : str, pathlib.Path or dict of str to ndarray
        An ``.npz`` file or a folder of them, or the arrays themselves.
    names : dict of array to sequence of str, optional
        Names of the features of an array, which are else called ``ARRAY_0``, ``ARRAY_1``, ...
    padding : float
        Value that fills episodes which are shorter than others, beside NaN.

    Returns
    -------
    Found
        One row per trial. Arrays of shape (time, episode, feature) become rows of one episode after
        the other, with the columns ``episode`` and ``time`` from 0; steps at the end of an episode
        that hold nothing but padding in some array are left out and counted. Arrays of shape
        (trial,) or (trial, feature) become columns.

    Raises
    ------
    DataError
        Arrays have different sizes, are pickled, or the file is damaged.
    """
    if isinstance(path, Mapping):
        arrays = {str(name): np.asarray(values) for name, values in path.items()}
        return _table(arrays, "arrays", names or {}, padding)
    refuse("arrays", not_path("path", path), DataError)

    def read(each: Path) -> Found:
        with readable(each, WHAT):
            return _table(_members(each), str(each), names or {}, padding)

    return together(path, each_file(path, is_arrays, "npz files"), read)


def is_arrays(path: Path) -> bool:
    """Tell an npz file by its name.

    Parameters
    ----------
    path : pathlib.Path
        Any file.

    Returns
    -------
    bool
        Whether it is one.
    """
    return path.suffix.lower() == ".npz"


def _members(path) -> dict[str, np.ndarray]:
    """Arrays of an archive, which is never unpacked onto the disk."""
    arrays, found = dict[str, np.ndarray](), list[str]()
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        if len(members) > MOST_MEMBERS:
            raise ValueError(f"it has {len(members)} members")
        left = MOST_BYTES
        for each in members:
            if ".." in each.filename.replace("\\", "/").split("/") or each.filename[:1] in "/\\":
                found.append(f"member {each.filename!r} would lie outside: this is no npz file")
                continue
            with archive.open(each) as file:
                data = file.read(left + 1)
            left -= len(data)
            if left < 0:
                raise ValueError(f"it unpacks to more than {MOST_BYTES} bytes")
            try:
                arrays[each.filename.removesuffix(".npy")] = array_of(data)
            except ValueError as error:
                found.append(f"member {each.filename!r}: {error}")
    if found:
        raise problems(DataError, str(path), found)
    return arrays


def _table(arrays, title, names, padding) -> Found:
    kinds = {
        name: values.dtype for name, values in arrays.items() if values.dtype.kind not in "fiubSU"
    }
    wrong = [f"{name} holds {kind}: expected numbers or text" for name, kind in kinds.items()]
    wrong += [f"names: there is no array {name!r}" for name in names if name not in arrays]
    single = [name for name, values in arrays.items() if values.ndim == 0]
    arrays = {name: values for name, values in arrays.items() if name not in single}
    is_long = any(values.ndim == 3 for values in arrays.values())
    sizes = {name: values.shape[: 2 if is_long else 1] for name, values in arrays.items()}
    if len(set(sizes.values())) > 1 or not arrays:
        wrong.append(
            f"arrays have different sizes: {listed([f'{k} {v}' for k, v in sizes.items()])}"
        )
    wrong += [
        f"{name} has {values.ndim} dimensions" for name, values in arrays.items() if values.ndim > 3
    ]
    if wrong:
        raise problems(DataError, title, wrong)
    notes = [f"not read, as no value per trial: {listed(single)}"] if single else []
    if is_long:
        arrays, more = _episodes(arrays, padding)
        notes += more
    columns = dict[str, np.ndarray]()
    for name, values in arrays.items():
        plain = np.char.decode(values) if values.dtype.kind == "S" else values
        own = names.get(name, [f"{name}_{k}" for k in range(plain[0:1].size)])
        if plain.ndim == 1:
            columns[name] = plain
            continue
        if len(own) != plain.shape[1]:
            raise problems(
                DataError,
                title,
                [f"names has {len(own)} names for {plain.shape[1]} features of {name}"],
            )
        columns |= {str(each): plain[:, k] for k, each in enumerate(own)}
    return Found(pd.DataFrame(columns), notes)


def _episodes(arrays, padding) -> tuple[dict[str, np.ndarray], list[str]]:
    """Rows of one episode after the other, without the padding at their ends."""
    n_times, n_episodes = next(iter(arrays.values())).shape[:2]
    empty = np.zeros((n_times, n_episodes), dtype=bool)
    for values in arrays.values():
        if values.ndim == 3 and values.dtype.kind in "fiu":
            empty |= ((values == padding) | np.isnan(values.astype(float))).all(axis=2)
    # what is empty and has nothing but empty steps after it
    is_end = np.logical_and.accumulate(empty[::-1], axis=0)[::-1].T.ravel()
    long = {name: np.swapaxes(values, 0, 1).reshape(n_times * n_episodes, -1)[~is_end]
            for name, values in arrays.items()}  # fmt: skip
    place = np.indices((n_episodes, n_times)).reshape(2, -1)[:, ~is_end]
    long = {"episode": place[0], "time": place[1]} | long
    notes = [f"{int(is_end.sum())} steps of padding at the end of episodes are left out"]
    return long, notes if is_end.any() else []
