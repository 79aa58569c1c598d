"""Ways to damage a file."""

import gzip
import io
import struct
import tempfile
import zipfile
from pathlib import Path

import numpy as np

GZIP, FIF = b"\x1f\x8b", b"\0\0\0\x64"
# what a field of a FIF file says, and where another part begins
SAID = (2**31 - 1, 2**30, 2**28, 2**24, 10**6, -1, 0, 36)
MARKS = [(b"<f", b">f"), (b"<i", b">i"), (b"IM", b"MI"), (b"\xff\xfe", b"\xfe\xff")]
# a member of an archive that is called so would be written there
OUTSIDE = Path(tempfile.gettempdir()) / "outside_of_neuroalrnn.npy"
EXECUTED = "executed"


class Canary:
    """A harmless stand-in for a hostile pickle: whoever unpickles it touches the file `EXECUTED`.

    It is put into files on purpose. No reader may open it, and the file, in the folder where the
    process is, tells if one did.
    """

    def __reduce__(self):
        return Path.touch, (Path(EXECUTED),)


def harm(data, rng):
    """Damage a file.

    Parameters
    ----------
    data : bytes
        A whole file.
    rng : numpy.random.Generator
        Source of the damage.

    Returns
    -------
    bytes
        The same file cut off, with flipped bits, huge numbers, bytes in another order, parts twice
        or parts lost. What is compressed is also damaged inside; members of an archive would also
        lie outside, or are pickles.
    """
    if data[:2] == GZIP and rng.random() < 0.5:
        return gzip.compress(harm(gzip.decompress(data), rng), mtime=0)
    if data[:2] == b"PK" and rng.random() < 0.3:
        return _other_members(data, rng)
    if data[:4] == FIF and rng.random() < 0.5:
        return _other_field(data, rng)
    changed = bytearray(data)
    for _ in range(rng.integers(1, 4)):
        HARMS[rng.integers(len(HARMS))](changed, rng)
    return bytes(changed)


def _cut(data, rng):
    del data[rng.integers(len(data) + 1) :]


def _flip(data, rng):
    for _ in range(rng.integers(1, 9) if data else 0):
        data[rng.integers(len(data))] ^= 1 << rng.integers(8)


def _huge(data, rng):
    """A number that claims much, where sizes may be."""
    value = int(rng.choice([2**31 - 1, 2**32 - 1, 2**40, 2**63 - 1, 2**28, 2**24, 0]))
    size = 4 if value < 2**32 else 8
    place = rng.integers(max(len(data) // 4, 1)) * 4
    if place + size <= len(data):
        order = "<" if rng.random() < 0.5 else ">"
        data[place : place + size] = struct.pack(order + ("I" if size == 4 else "Q"), value)


def _reverse(data, rng):
    size = int(rng.choice([2, 4, 8]))
    place = rng.integers(max(len(data) - size, 1))
    data[place : place + size] = data[place : place + size][::-1]


def _swap(data, rng):
    """Words of a stretch as a machine of the other byte order writes them."""
    size = int(rng.choice([2, 4, 8]))
    start = int(rng.integers(len(data) + 1)) // size * size
    n_words = int(rng.choice([8, 2**20]))
    part = data[start : start + size * n_words]
    part = part[: len(part) // size * size]
    words = np.frombuffer(part, dtype=f"u{size}")
    data[start : start + len(part)] = words.byteswap().tobytes()


def _mark(data, rng):
    """The marks that tell the byte order tell another one."""
    mark = MARKS[rng.integers(len(MARKS))]
    data[:] = data.replace(*mark)


def _twice(data, rng):
    start = rng.integers(len(data) + 1)
    part = data[start : start + rng.integers(1, 200)]
    data[start:start] = part


def _lose(data, rng):
    start = rng.integers(len(data) + 1)
    del data[start : start + rng.integers(1, 50)]


HARMS = (_cut, _flip, _flip, _huge, _huge, _reverse, _swap, _mark, _twice, _lose)


def _other_field(data, rng):
    """A FIF file one part of which says another kind, type, size, place of the next, or number."""
    places, at = [], 0
    while at + 16 <= len(data):
        places.append(at)
        size, following = struct.unpack(">ii", data[at + 8 : at + 16])
        if following < 0:
            break
        at = following or at + 16 + size
    changed = bytearray(data)
    place = places[rng.integers(len(places))] + 4 * int(rng.integers(8))
    changed[place : place + 4] = struct.pack(">i", int(rng.choice(SAID)))
    return bytes(changed[: len(data)])


def _pickled():
    """An array that touches a file when it is unpickled."""
    made = io.BytesIO()
    np.save(made, np.array([Canary()], dtype=object), allow_pickle=True)
    return made.getvalue()


def _other_members(data, rng):
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(made, "w") as new:
        for each in old.namelist():
            content = harm(old.read(each), rng) if rng.random() < 0.5 else old.read(each)
            content = _pickled() if rng.random() < 0.1 else content
            outside = rng.choice(["../x.npy", str(OUTSIDE), "a/../../x", "..\\x", each])
            new.writestr(str(outside) if rng.random() < 0.3 else each, content)
    return made.getvalue()
