"""NetCDF files: looked through before they are read, and checksums of what they hold."""

import hashlib
import io
import json

import h5py
import numpy as np
import xarray as xr

CHECKSUMS = "checksums"
# stands after the end of the HDF5 file, with a checksum of all before it: a program that writes to
# the file cuts it off
SEAL = b"\nneuroalrnn sha256 "
# how HDF5 refers to a text of any length
REFERENCE = np.dtype([("length", "<u4"), ("address", "<u8"), ("index", "<u4")])
# a file may unpack to that many times its size, and always to that many bytes
RATIO = 200
ALWAYS = 2**28
MOST_OBJECTS = 10_000
# those that come with HDF5 itself and with h5py; others would load a library
FILTERS = {1: "gzip", 2: "shuffle", 3: "fletcher32", 4: "szip", 5: "nbit", 6: "scaleoffset",
           32000: "lzf"}  # fmt: skip


def read_netcdf(path, read, kind, what):
    """Read a file that may be damaged, or made to do harm.

    Parameters
    ----------
    path : path-like
    read : callable
        `xarray.load_dataset` or `xarray.load_datatree`.
    kind : exception class
        Of this package.
    what : str
        What the file should be, for the message.

    Returns
    -------
    xarray.Dataset or xarray.DataTree

    Raises
    ------
    kind
        If it cannot be read, refers to other files, holds a cycle of links, needs filters that do
        not come with HDF5, or would unpack to far more than its size.
    """
    # HDF5, h5py, h5netcdf and xarray raise whatever they stumble over in a damaged file
    try:
        found = inspect(path)
        if not found:
            return read(path, engine="h5netcdf")
    except Exception as error:
        text = str(error).strip() or type(error).__name__
        raise kind(f"{path} is not a readable {what} (damaged or cut off?): {text}") from error
    raise kind(f"{path} is not a readable {what}: {'; '.join(found)}")


def is_sealed_wrong(path):
    """Whether a file ends with a checksum that is not that of its bytes.

    HDF5 may loop for hours over a flipped bit that this finds before it opens the file.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    bool
    """
    with open(path, "rb") as file:
        data, seal, told = file.read().rpartition(SEAL)
    return bool(seal) and told != hashlib.sha256(data).hexdigest().encode()


def inspect(path):
    """What in an HDF5 file is not to be followed or unpacked.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    list of str
    """
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
                    found += [f"{place} {text}" for text in _faults(each, path)]
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


def _faults(dataset, path):
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


def checksums(tree):
    """SHA-256 of what each group holds: names, dims, types, attributes and values.

    Parameters
    ----------
    tree : xarray.DataTree

    Returns
    -------
    dict of str -> str
        By path of the group.
    """
    found = {}
    for node in tree.subtree:
        dataset = node.to_dataset(inherit=False)
        digest = hashlib.sha256(_told(dataset.attrs))
        for name in sorted(map(str, dataset.variables)):
            variable = dataset.variables[name]
            head = [name, name in dataset.coords, variable.dims, variable.shape]
            digest.update(json.dumps(head).encode())
            digest.update(_told(variable.attrs))
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


def _told(attrs):
    # a list of one text comes back as that text
    plain = {name: np.atleast_1d(value).tolist() for name, value in attrs.items()}
    return json.dumps(plain, sort_keys=True, default=str).encode()


def write_netcdf(tree, encoding):
    """A tree as the bytes of a netCDF file that carries the checksums of its groups.

    Parameters
    ----------
    tree : xarray.DataTree
    encoding : dict
        Compression, see `xarray.DataTree.to_netcdf`.

    Returns
    -------
    bytes
    """
    buffer = io.BytesIO(tree.to_netcdf(None, engine="h5netcdf", encoding=encoding))
    told = checksums(xr.load_datatree(buffer, engine="h5netcdf"))
    with h5py.File(buffer, "r+") as file:
        file.attrs[CHECKSUMS] = json.dumps(told)
    data = buffer.getvalue()
    return data + SEAL + hashlib.sha256(data).hexdigest().encode()


def storable(dataset):
    """The same without what files that it was read from have left, and with Python's own texts.

    Parameters
    ----------
    dataset : xarray.Dataset

    Returns
    -------
    xarray.Dataset
    """
    dataset = dataset.drop_encoding()
    for each in (dataset, *dataset.variables.values()):
        each.attrs = {name: _plain(value) for name, value in each.attrs.items()}
    return dataset


def _plain(value):
    is_text = isinstance(value, np.str_ | np.ndarray) and value.dtype.kind in "UO"
    return value.tolist() if is_text else value


def find_lost(dataset):
    """What of a dataset does not come back from a file as it was, found by writing it to memory.

    Parameters
    ----------
    dataset : xarray.Dataset

    Returns
    -------
    list of str
    """
    # whatever the writer stumbles over is what a user must hear of before training, not after it
    try:
        again = xr.load_dataset(
            io.BytesIO(storable(dataset).to_netcdf(None, engine="h5netcdf")),
            engine="h5netcdf",
        )
    except Exception as error:
        return [f"it cannot be saved: {error}"]
    found = [] if _told(dataset.attrs) == _told(again.attrs) else ["its attributes"]
    found += [
        f"{name!r}"
        for name, variable in dataset.variables.items()
        if name not in again.variables or not _is_alike(variable, again.variables[name])
    ]
    return [f"{name} would come back changed from a saved file" for name in found]


def _is_alike(one, other):
    if one.dims != other.dims or _told(one.attrs) != _told(other.attrs):
        return False
    if one.dtype.kind in "OTU":
        return one.values.astype(str).tolist() == other.values.astype(str).tolist()
    return np.array_equal(one.values, other.values, equal_nan=one.dtype.kind in "fcmM")
