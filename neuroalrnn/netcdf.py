"""NetCDF files: inspected before they are read, and written with checksums of their content."""

import hashlib
import io
import json
import os
from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

import h5py
import numpy as np
import xarray as xr

from neuroalrnn.exceptions import NeuroALRNNError, ResultError

Tree = TypeVar("Tree", xr.Dataset, xr.DataTree)
PathLike = str | os.PathLike[str]
CHECKSUMS = "checksums"
# This mark and a checksum of all before it follow the end of the HDF5 file. A program that writes
# to the file cuts them off.
SEAL = b"\nneuroalrnn sha256 "
# how HDF5 refers to a text of any length
REFERENCE = np.dtype([("length", "<u4"), ("address", "<u8"), ("index", "<u4")])
# a file may unpack to RATIO times its size, and in any case to ALWAYS bytes
RATIO = 200
ALWAYS = 2**28
MOST_OBJECTS = 10_000
# these come with HDF5 itself and with h5py; others would load a library
FILTERS = {1: "gzip", 2: "shuffle", 3: "fletcher32", 4: "szip", 5: "nbit", 6: "scaleoffset",
           32000: "lzf"}  # fmt: skip


def read_netcdf(
    path: PathLike, read: Callable[..., Tree], kind: type[NeuroALRNNError], what: str
) -> Tree:
    """Read a file that may be damaged, or made to do harm.

    Parameters
    ----------
    path : path-like
        The file.
    read : callable
        Reader, `xarray.load_dataset` or `xarray.load_datatree`.
    kind : exception class
        Class of the error, one of this package.
    what : str
        What the file should be, for the message.

    Returns
    -------
    xarray.Dataset or xarray.DataTree
        What the reader returns.

    Raises
    ------
    kind
        The file cannot be read, refers to other files, holds a cycle of links, needs filters that
        do not come with HDF5, or would unpack to far more than its size.
    """
    # HDF5, h5py, h5netcdf and xarray raise whatever they stumble over in a damaged file
    try:
        found = _inspect(path)
        if not found:
            return read(path, engine="h5netcdf")
    except Exception as error:
        text = str(error).strip() or type(error).__name__
        raise kind(f"{path} is not a readable {what} (damaged or cut off?): {text}") from error
    raise kind(f"{path} is not a readable {what}: {'; '.join(found)}")


def is_sealed_wrong(path: PathLike) -> bool:
    """Check whether a file ends with a checksum that is not that of its bytes.

    HDF5 may loop for hours over a flipped bit, which this check finds without opening the file.

    Parameters
    ----------
    path : path-like
        The file.

    Returns
    -------
    bool
        True where the checksum is wrong, False where it is right or absent.
    """
    with open(path, "rb") as file:
        data, seal, checksum = file.read().rpartition(SEAL)
    return bool(seal) and checksum != hashlib.sha256(data).hexdigest().encode()


def _inspect(path):
    """Texts on what in an HDF5 file must not be followed or unpacked."""
    with h5py.File(path, "r") as file:
        most = max(ALWAYS, RATIO * file.id.get_filesize())
        found, groups, n_objects, total = [], [file], 0, 0
        seen = {_address(file)}
        while groups:
            group = groups.pop()
            total += _attribute_bytes(group)
            for name in group:
                place = f"{group.name.rstrip('/')}/{name}"
                if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                    found.append(f"{place} is a link to another place or file")
                    continue
                each = group[name]
                n_objects += 1
                if n_objects > MOST_OBJECTS:
                    return [*found, f"it holds more than {MOST_OBJECTS} variables and groups"]
                if isinstance(each, h5py.Group):
                    if _address(each) in seen:
                        found.append(f"{place} is a group met before, links go round")
                        continue
                    seen.add(_address(each))
                    groups.append(each)
                elif isinstance(each, h5py.Dataset):
                    total += _attribute_bytes(each) + _unpacked_bytes(each)
                    found += [f"{place} {text}" for text in faults(each, path)]
        if total > most:
            found.append(f"it would unpack to {total:.3g} bytes, expected {most:.3g} at most")
    return found


def _address(each):
    return h5py.h5o.get_info(each.id).addr


def _attribute_bytes(each):
    names = range(h5py.h5a.get_num_attrs(each.id))
    return sum(h5py.h5a.open(each.id, index=k).get_storage_size() for k in names)


def _unpacked_bytes(dataset):
    if dataset.id.get_storage_size() == 0:
        return 0 if "CLASS" in dataset.attrs else dataset.nbytes
    chunk = int(np.prod(dataset.chunks or [0], dtype=object)) * dataset.dtype.itemsize
    return max(int(np.prod(dataset.shape, dtype=object)) * dataset.dtype.itemsize, chunk)


def faults(dataset: h5py.Dataset, path: PathLike) -> Iterator[str]:
    """Find what must not be read or unpacked.

    Parameters
    ----------
    dataset : h5py.Dataset
        A variable of an HDF5 file.
    path : path-like
        The file.

    Yields
    ------
    str
        Text on what is wrong.
    """
    properties = dataset.id.get_create_plist()
    size = h5py.h5i.get_file_id(dataset.id).get_filesize()
    if max(dataset.id.get_storage_size(), _longest_text(dataset, path)) > size:
        yield "claims more bytes than the file has"
    if properties.get_external_count():
        yield "lies in another file"
    if dataset.is_virtual:
        yield "is made of other variables or files"
    codes = [properties.get_filter(k)[0] for k in range(properties.get_nfilters())]
    other = [str(code) for code in codes if code not in FILTERS]
    if other:
        yield f"needs the filter {', '.join(other)}, expected {', '.join(FILTERS.values())}"


def _longest_text(dataset, path):
    """Length of the longest text as the file has it: HDF5 makes room for it before it looks."""
    offset = dataset.id.get_offset()
    kind = h5py.check_string_dtype(dataset.dtype)
    if kind is None or kind.length is not None or not dataset.size or offset is None:
        return 0
    with open(path, "rb") as file:
        file.seek(offset)
        claims = np.frombuffer(file.read(dataset.size * REFERENCE.itemsize), REFERENCE)
    return int(claims["length"].max(initial=0))


def checksums(tree: xr.DataTree) -> dict[str, str]:
    """Compute the SHA-256 of each group: of names, dims, types, attributes and values.

    Parameters
    ----------
    tree : xarray.DataTree
        Groups of variables.

    Returns
    -------
    dict of str to str
        Checksum of each group, by the path of the group.
    """
    found = {}
    for node in tree.subtree:
        dataset = node.to_dataset(inherit=False)
        digest = hashlib.sha256(_attributes_text(dataset.attrs))
        for name in sorted(map(str, dataset.variables)):
            variable = dataset.variables[name]
            head = [name, name in dataset.coords, variable.dims, variable.shape]
            digest.update(json.dumps(head).encode())
            digest.update(_attributes_text(variable.attrs))
            for part in _raw(variable.values):
                digest.update(part)
        found[node.path] = digest.hexdigest()
    return found


def _raw(values):
    if values.dtype.kind in "OTU":
        yield from (json.dumps(str(value)).encode() for value in values.ravel())
    else:
        yield values.dtype.str.encode()
        yield np.ascontiguousarray(values).tobytes()


def _attributes_text(attrs):
    # a list of one text comes back as that text
    plain = {name: np.atleast_1d(value).tolist() for name, value in attrs.items()}
    return json.dumps(plain, sort_keys=True, default=str).encode()


def write_netcdf(tree: xr.DataTree, encoding: Mapping) -> bytes:
    """Turn a tree into the bytes of a netCDF file that carries the checksums of its groups.

    Parameters
    ----------
    tree : xarray.DataTree
        Groups of variables.
    encoding : dict
        Compression of each variable, see `xarray.DataTree.to_netcdf`.

    Returns
    -------
    bytes
        Content of the file.
    """
    buffer = io.BytesIO(tree.to_netcdf(None, engine="h5netcdf", encoding=encoding))
    sums = checksums(xr.load_datatree(buffer, engine="h5netcdf"))
    with h5py.File(buffer, "r+") as file:
        file.attrs[CHECKSUMS] = json.dumps(sums)
    data = buffer.getvalue()
    return data + SEAL + hashlib.sha256(data).hexdigest().encode()


def storable(dataset: xr.Dataset) -> xr.Dataset:
    """Prepare a dataset for a file: drop the encoding of other files, and use plain texts.

    Parameters
    ----------
    dataset : xarray.Dataset
        Any dataset, such as one that was read from a file.

    Returns
    -------
    xarray.Dataset
        The same variables, without an encoding and with texts of Python as attributes.
    """
    dataset = dataset.drop_encoding()
    dataset.attrs = _plain(dataset.attrs)
    for variable in dataset.variables.values():
        variable.attrs = _plain(variable.attrs)
    return dataset


def _plain(attributes):
    return {
        name: value.tolist() if _is_numpy_text(value) else value
        for name, value in attributes.items()
    }


def _is_numpy_text(value):
    return isinstance(value, np.str_ | np.ndarray) and value.dtype.kind in "UO"


def find_lost(dataset: xr.Dataset) -> list[str]:
    """Write a dataset to memory, and find what does not come back as it was.

    Parameters
    ----------
    dataset : xarray.Dataset
        Data that a fit is going to keep.

    Returns
    -------
    list of str
        One text per attribute or variable that would come back changed.
    """
    # a user must hear before training, not after it, whatever the writer cannot write
    try:
        again = xr.load_dataset(
            io.BytesIO(storable(dataset).to_netcdf(None, engine="h5netcdf")),
            engine="h5netcdf",
        )
    except Exception as error:
        return [f"it cannot be saved: {error}"]
    same = _attributes_text(dataset.attrs) == _attributes_text(again.attrs)
    found = [] if same else ["its attributes"]
    found += [
        f"{name!r}"
        for name, variable in dataset.variables.items()
        if name not in again.variables or not _is_alike(variable, again.variables[name])
    ]
    return [f"{name} would come back changed from a saved file" for name in found]


def _is_alike(one, other):
    if one.dims != other.dims or _attributes_text(one.attrs) != _attributes_text(other.attrs):
        return False
    if one.dtype.kind in "OTU":
        return one.values.astype(str).tolist() == other.values.astype(str).tolist()
    return np.array_equal(one.values, other.values, equal_nan=one.dtype.kind in "fcmM")


def require_unchanged(path: PathLike, saved: str | None, read: Mapping[str, str]) -> None:
    """Refuse a file that does not hold what was saved.

    Parameters
    ----------
    path : path-like
        For the message.
    saved : str or None
        Checksums in the file, as JSON.
    read : dict of str -> str
        Checksums of what was read.

    Raises
    ------
    ResultError
        Naming every part that differs.
    """
    if saved is None:
        raise ResultError(
            f"{path} carries no checksums: it was saved by an earlier version, or written by "
            "another program; fit again"
        )
    try:
        kept = dict(json.loads(saved))
    except (TypeError, ValueError) as error:
        raise ResultError(f"{path} is damaged: its checksums cannot be read; fit again") from error
    changed = [name for name in {**kept, **read} if kept.get(name) != read.get(name)]
    if changed:
        raise ResultError(
            f"{path} is damaged, or was changed after it was saved: {', '.join(changed)} "
            "do not match their checksums; fit again, or take a copy of the file"
        )
