"""Values of MATLAB files in one form, whatever the version of the file."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from scipy.io import loadmat
from scipy.io.matlab import MatlabFunction, MatlabObject, MatlabOpaque

from data_loaders.formats._found import MOST_BYTES
from data_loaders.formats._hdf5 import member, survives, values_of
from data_loaders.formats._matlab_check import MOST_DEPTH, check_v4, unpacked, version_of

OBJECTS = {
    "table": "table2struct(t)",
    "string": "cellstr(s)",
    "datetime": "posixtime(d)",
    "duration": "seconds(d)",
    "categorical": "cellstr(c)",
}


@dataclass(frozen=True)
class Struct:
    """Struct array: the values of each field, one per element, in MATLAB's order.

    Parameters
    ----------
    n : int
        Number of elements; 1 for a plain struct.
    fields : dict of str to list
        Values of each field, one per element.
    """

    n: int
    fields: dict[str, list]


@dataclass(frozen=True)
class Cells:
    """Cell array.

    Parameters
    ----------
    shape : tuple of int
        Rows and columns.
    values : list
        Cells, column after column.
    """

    shape: tuple[int, ...]
    values: list


@dataclass(frozen=True)
class Unreadable:
    """A variable whose content only MATLAB knows.

    Parameters
    ----------
    kind : str
        MATLAB's name of its class.
    """

    kind: str

    @property
    def advice(self) -> str:
        """What to do about it."""
        do = OBJECTS.get(self.kind, "a struct, numbers or a cell array of text")
        return f"is a MATLAB {self.kind}, which only MATLAB reads: save {do} instead"


def read_values(path: Path) -> dict[str, Any]:
    """Read all variables of a MATLAB file of any version.

    Parameters
    ----------
    path : pathlib.Path
        The file.

    Returns
    -------
    dict of str to value
        Arrays of two dimensions or more, texts, `Struct`, `Cells` and `Unreadable`, by variable.

    Raises
    ------
    ValueError
        It is no MATLAB file, or damaged.
    """
    with path.open("rb") as file:
        version = version_of(file.read(520))
    if version is None:
        raise ValueError("it does not begin as a MATLAB file does")
    if version != "7.3":
        return _read_before(path, version)
    survives(partial(_read_hdf5, path), path.stat().st_size)
    return _read_hdf5(path)


def _read_before(path, version) -> dict[str, Any]:
    data = path.read_bytes()
    if version == "4":
        check_v4(data)
    else:
        data = unpacked(data)
    # arrays keep their two dimensions: squeezed, one trial would be no list of trials
    read = loadmat(io.BytesIO(data), squeeze_me=False, mat_dtype=True)
    return {name: _plain(value) for name, value in read.items() if not name.startswith("__")}


def _plain(value) -> Any:
    if isinstance(value, MatlabOpaque):
        return Unreadable(_class_of(value))
    if isinstance(value, MatlabFunction):
        return Unreadable("function")
    if isinstance(value, MatlabObject):
        return Unreadable(f"object of class {value.classname}")
    if not isinstance(value, np.ndarray):
        return Unreadable("sparse matrix")
    if value.dtype.names:
        flat = value.ravel(order="F")
        return Struct(
            value.size, {name: [_plain(each) for each in flat[name]] for name in value.dtype.names}
        )
    if value.dtype == object:
        return Cells(value.shape, [_plain(each) for each in value.ravel(order="F")])
    return _text(value) if value.dtype.kind == "U" else value


def _class_of(value) -> str:
    names = [
        each
        for name in ("_Class", "s2")
        if name in (value.dtype.names or ())
        for each in value[name].ravel()
    ]
    return (
        (names[0].decode() if isinstance(names[0], bytes) else str(names[0])) if names else "object"
    )


def _text(value) -> Any:
    rows = [str(each) for each in value.ravel()]
    if len(rows) > 1:
        return Cells((len(rows), 1), [each.rstrip() for each in rows])
    return rows[0] if rows else ""


def _read_hdf5(path) -> dict[str, Any]:
    with h5py.File(path, "r") as file:
        reader = _Reader(file, MOST_BYTES)
        return {name: reader.value(member(file, name), 0) for name in file if name[:1] != "#"}


class _Reader:
    """Values of a file of version 7.3; arrays lie there the other way round."""

    def __init__(self, file, budget):
        self.file, self.budget = file, budget

    def value(self, each, depth) -> Any:
        if depth > MOST_DEPTH:
            raise ValueError(f"structs lie more than {MOST_DEPTH} deep in each other")
        kind = _attribute(each, "MATLAB_class")
        if "MATLAB_object_decode" in each.attrs or _attribute(each, "MATLAB_sparse"):
            return Unreadable(kind or "object")
        if isinstance(each, h5py.Group):
            return self.struct(each, depth)
        if kind in OBJECTS:
            return Unreadable(kind)
        if each.attrs.get("MATLAB_empty", 0):
            return "" if kind == "char" else np.empty((0, 0))
        data = values_of(each, self.budget)
        self.budget -= data.nbytes
        if data.dtype == object:
            return Cells(
                data.shape[::-1], [self.value(one, depth + 1) for one in self.referred(data)]
            )
        if kind == "char":
            return _text(np.array([_letters(row) for row in np.atleast_2d(data.T)]))
        return (data != 0).T if kind == "logical" else np.atleast_2d(data.T)

    def struct(self, group, depth) -> Struct:
        fields, n = {}, 1
        for name in group:
            each = member(group, name)
            is_array = isinstance(each, h5py.Dataset) and each.dtype == h5py.ref_dtype
            if is_array and "MATLAB_class" not in each.attrs:
                data = values_of(each, self.budget)
                n = data.size
                fields[name] = [self.value(one, depth + 1) for one in self.referred(data)]
            else:
                fields[name] = [self.value(each, depth + 1)]
        if len({len(values) for values in fields.values()}) > 1:
            raise ValueError(f"fields of {group.name} have different numbers of elements")
        return Struct(n, fields)

    def referred(self, references) -> Iterator[Any]:
        # memory is what is read, the same array as often as it is referred to
        for reference in references.ravel():
            self.budget -= 100
            if self.budget < 0:
                raise ValueError(f"it holds more than {MOST_BYTES} bytes")
            yield self.file[reference]


def _attribute(each, name) -> str:
    value = each.attrs.get(name, b"")
    return value.decode() if isinstance(value, bytes) else str(value)


def _letters(row) -> str:
    return np.asarray(row).astype("<u2").tobytes().decode("utf-16-le")
