"""Arrays of numpy, from bytes whose claims were looked at, and never unpickled."""

import io

import numpy as np
from numpy.lib import format as npy

PICKLED = (
    "it is pickled, and unpickling runs code from the file: in the environment that wrote it, save "
    "plain arrays with numpy.savez(path, **arrays)"
)


def array_of(data: bytes) -> np.ndarray:
    """Read an array.

    Parameters
    ----------
    data : bytes
        Content of an ``.npy`` file.

    Returns
    -------
    ndarray
        The array.

    Raises
    ------
    ValueError
        It is none, is pickled, or claims another size than it has.
    """
    if data[:1] == b"\x80":
        raise ValueError(PICKLED)
    file = io.BytesIO(data)
    version = npy.read_magic(file)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"version {version} of npy files is not known")
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, _, kind = read(file)
    if kind.hasobject:
        raise ValueError(PICKLED)
    claimed = int(np.prod(shape, dtype=object)) * kind.itemsize
    if claimed != len(data) - file.tell():
        raise ValueError(f"it claims {claimed} bytes and has {len(data) - file.tell()}")
    return np.load(io.BytesIO(data), allow_pickle=False)
