"""Parts of FIF files, looked at before they are read: what goes round in a circle has no end."""

import gzip
import struct
from pathlib import Path
from typing import Any

from data_loaders.formats._found import MOST_BYTES

HEAD = struct.Struct(">iIii")
BLOCK, ROLE, NUMBER, NAME = 104, 115, 117, 118
NEXT = 2  # the role of a file that goes on
POINTS = 36  # the type of a list of points, which are as many as it says
LONGEST_NAME, PIECE = 1024, 2**20


def check_fif(path: str | Path) -> None:
    """Refuse a FIF file, or a file that continues it, whose parts lead back or claim too much.

    Parameters
    ----------
    path : str or pathlib.Path
        The file, compressed by gzip if its name ends so.

    Raises
    ------
    ValueError
        Saying what is wrong.
    """
    path, seen = Path(path), list[Path]()
    following = [path]
    while following:
        each = following.pop()
        if each in seen:
            raise ValueError(f"{each.name} is a continuation of itself")
        seen.append(each)
        others = _checked(each)
        lost = [other.name for other in others if not other.is_file()]
        if others and len(lost) == len(others):
            raise ValueError(
                f"it goes on in {lost[0]}, which is not there: keep all parts together"
            )
        following += [other for other in others if other.is_file()]


def _checked(path: Path) -> list[Path]:
    """Check the parts of one file, and list the files that may continue it."""
    is_packed = path.name.endswith(".gz")
    with gzip.open(path) if is_packed else path.open("rb") as file:
        size = _unpacked(file) if is_packed else path.stat().st_size
        place, role = 0, NEXT
        found: dict[int, list[Path]] = {NAME: [], NUMBER: []}
        while place + HEAD.size <= size:
            file.seek(place)
            kind, form, length, following = HEAD.unpack(file.read(HEAD.size))
            if length < 0 or place + HEAD.size + length > size:
                raise ValueError(f"a part claims {length} bytes, more than are there")
            data = file.read(min(length, LONGEST_NAME))
            if form == POINTS and (length < 12 or 12 * int.from_bytes(data[8:12]) > length):
                raise ValueError("a part claims more points than are there")
            if kind in (BLOCK, ROLE):
                role = NEXT if kind == BLOCK else int.from_bytes(data[:4])
            if kind in found and role == NEXT:
                found[kind] += _named(path, kind, data)
            if following < 0:
                break
            end = place + HEAD.size + length
            # every step back would unpack a packed file from its start again
            if 0 < following < end:
                raise ValueError("parts lead back to each other")
            place = following or end
    # a number counts where no name is given
    return list(dict.fromkeys(found[NAME] or found[NUMBER]))


def _unpacked(file: Any) -> int:
    size = 0
    while piece := file.read(PIECE):
        size += len(piece)
        if size > MOST_BYTES:
            raise ValueError(f"it unpacks to more than {MOST_BYTES >> 20} MiB: save it as .fif")
    return size


def _named(path: Path, kind: int, data: bytes) -> list[Path]:
    """The file that a part names as the next one, by its name or by a number."""
    if kind == NAME:
        name = data.decode("latin-1")
        if Path(name).name != name or "\\" in name:
            raise ValueError(f"it goes on in {name!r}, outside of its folder")
        return [path.with_name(name)]
    if len(data) != 4:
        return []
    stem, dot, suffix = path.name.partition(".")
    base, dash, last = stem.rpartition("-")
    number = f"-{struct.unpack('>i', data)[0]}{dot}{suffix}"
    return [path.with_name((base if dash and last.isdigit() else stem) + number)]
