"""A look at MATLAB files before they are read: what they claim must fit into their bytes.

The library that reads them makes room for whatever a file claims.
"""

import struct
import zlib
from dataclasses import dataclass

from data_loaders.formats._found import MOST_BYTES

HDF5 = b"\x89HDF\r\n\x1a\n"
HEADER = 128
# classes of arrays
CELL, STRUCT, OBJECT, CHAR, FUNCTION, OPAQUE = 1, 2, 3, 4, 16, 17
# kinds of elements
MATRIX, COMPRESSED, TEXT, INT32, UINT32 = 14, 15, {1, 2, 16}, {5}, {6}
NUMBERS = {1, 2, 3, 4, 5, 6, 7, 9, 12, 13}
CHARACTERS = {1, 2, 3, 4, 16, 17, 18}
MOST_DIMS = 32
MOST_DEPTH = 60
V4_BYTES = (8, 4, 4, 2, 2, 1)


def version_of(head: bytes) -> str | None:
    """Tell the version of a MATLAB file by its first bytes, whatever its header says.

    Parameters
    ----------
    head : bytes
        The first 520 bytes, or all where there are fewer.

    Returns
    -------
    str or None
        "7.3", "5" (which is that of versions 5 to 7) or "4"; None for any other file.
    """
    if head[512:520] == HDF5:
        return "7.3"
    if len(head) >= HEADER and head[126:128] in (b"IM", b"MI"):
        return "5" if 1 in head[124:126] else None
    if len(head) < 20:
        return None
    return "4" if any(_is_v4(head, order) for order in "<>") else None


def _is_v4(head, order) -> bool:
    kind, rows, columns, is_complex, length = struct.unpack(order + "5i", head[:20])
    machine, zero, number, matrix = (kind // 10**k % 10 for k in (3, 2, 1, 0))
    fits = 0 <= kind < 5000 and zero == 0 and number < 6 and matrix < 3 and machine < 5
    return fits and rows >= 0 and columns >= 0 and is_complex in (0, 1) and 0 < length < 256


def unpacked(data: bytes) -> bytes:
    """Check a file of version 5 to 7, and unpack what is compressed in it.

    Parameters
    ----------
    data : bytes
        Content of the file.

    Returns
    -------
    bytes
        The same file, without compression.

    Raises
    ------
    ValueError
        The file is cut off, claims more than it holds, or would unpack to far more than its size.
    """
    order, parts, total, at = "<" if data[126:128] == b"IM" else ">", [data[:HEADER]], 0, HEADER
    while at < len(data):
        kind, start, stop, after = _tag(_Place(data, at, len(data), order))
        part = data[start:stop]
        if kind == COMPRESSED:
            packed = zlib.decompressobj()
            part = packed.decompress(part, max(MOST_BYTES - total, 1))
            if not packed.eof:
                many = f"it unpacks to more than {MOST_BYTES} bytes" * bool(packed.unconsumed_tail)
                raise ValueError(many or "a compressed variable is cut off")
            after = stop
        else:
            part = data[at:after]
        total += len(part)
        _check(_Place(part, 0, len(part), order), 0)
        parts.append(part)
        at = after
    return b"".join(parts)


@dataclass
class _Place:
    data: bytes
    at: int
    stop: int
    order: str


def _tag(place) -> tuple[int, int, int, int]:
    """Kind of the next element, where its data start and stop, and where the next one starts."""
    data, at, order = place.data, place.at, place.order
    if at + 8 > place.stop:
        raise ValueError("an element is cut off")
    kind, size = struct.unpack_from(order + "2I", data, at)
    if kind >> 16:
        kind, size, start, after = kind & 0xFFFF, kind >> 16, at + 4, at + 8
    else:
        start = at + 8
        after = start + size + -size % 8
    if start + size > place.stop or (size > 4 and start == at + 4):
        raise ValueError(f"an element claims {size} bytes, which the file does not have")
    return kind, start, start + size, min(after, place.stop)


def _check(place, depth) -> None:
    """Compare the shapes that an array and all arrays in it claim with their bytes."""
    kind, start, stop, place.at = _tag(place)
    if kind != MATRIX:
        raise ValueError(f"an element is of kind {kind}, expected an array")
    if start == stop:
        return
    if depth > MOST_DEPTH:
        raise ValueError(f"arrays lie more than {MOST_DEPTH} deep in each other")
    inner = _Place(place.data, start, stop, place.order)
    flags = _next(inner, UINT32)
    array = struct.unpack_from(inner.order + "I", flags)[0] & 0xFF
    if array == OPAQUE:
        return _check_opaque(inner, depth)
    if not 0 < array < OPAQUE or len(flags) != 8:
        raise ValueError(f"an array is of class {array}, which is not known")
    count = _count(_next(inner, INT32), inner.order)
    _next(inner, TEXT)
    if count > stop - start:
        raise ValueError(f"an array claims {count} entries in {stop - start} bytes")
    if array in (STRUCT, OBJECT):
        count *= _count_fields(inner, array)
        if count > (stop - start) // 8:
            raise ValueError(f"a struct claims {count} entries in {stop - start} bytes")
    if array in (CELL, STRUCT, OBJECT, FUNCTION):
        for _ in range(1 if array == FUNCTION else count):
            _check(inner, depth + 1)
    else:
        while inner.at < stop:
            _next(inner, CHARACTERS if array == CHAR else NUMBERS)


def _check_opaque(place, depth) -> None:
    for _ in range(3):
        _next(place, TEXT)
    while place.at < place.stop:
        _check(place, depth + 1)


def _count(dims, order) -> int:
    """Number of entries that dimensions claim."""
    count = 1
    if len(dims) % 4 or not 8 <= len(dims) <= 4 * MOST_DIMS:
        raise ValueError(f"an array has {len(dims) / 4:g} dimensions")
    for size in struct.unpack(f"{order}{len(dims) // 4}i", dims):
        if size < 0:
            raise ValueError(f"an array claims {size} rows or columns")
        count *= size
    return count


def _next(place, kinds) -> bytes:
    """The data of the next element, whose kind the library does not look at."""
    kind, start, stop, place.at = _tag(place)
    if kind not in kinds:
        raise ValueError(f"an element is of kind {kind}, expected {sorted(kinds)}")
    return place.data[start:stop]


def _count_fields(place, array) -> int:
    if array == OBJECT:
        _next(place, TEXT)
    size = _next(place, INT32)
    length = struct.unpack(place.order + "i", size)[0] if len(size) == 4 else 0
    names = _next(place, TEXT)
    if length <= 0 or len(names) % length:
        raise ValueError("names of fields are damaged")
    return len(names) // length


def check_v4(data: bytes) -> None:
    """Check a file of version 4.

    Parameters
    ----------
    data : bytes
        Content of the file.

    Raises
    ------
    ValueError
        The file is cut off, or claims more than it holds.
    """
    at = 0
    while at < len(data):
        head = data[at : at + 20]
        orders = [order for order in "<>" if len(head) == 20 and _is_v4(head, order)]
        if not orders:
            raise ValueError(f"byte {at} does not begin a variable")
        kind, rows, columns, is_complex, length = struct.unpack(orders[0] + "5i", head)
        size = rows * columns * V4_BYTES[kind // 10 % 10] * (1 + is_complex)
        at += 20 + length + size
        if at > len(data):
            raise ValueError(f"a variable claims {rows} x {columns} entries, more than there are")
