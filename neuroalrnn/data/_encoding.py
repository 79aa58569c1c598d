"""Turn the bytes of a file into text: compression, byte-order marks, and where a code fails."""

import bz2
import codecs
import gzip
import lzma
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

from neuroalrnn.exceptions import DataError, problems

# a small file can unpack to more than memory holds
MOST_UNPACKED = 2**29
BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    # before the mark of UTF-16, with which it begins
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# what files that are not UTF-8 are mostly written in
OTHERS = ("cp1252", "mac_roman", "cp437")
PACKED: tuple[tuple[bytes, str, Callable], ...] = (
    (b"\x1f\x8b", "gzip", gzip.open),
    (b"BZh", "bzip2", bz2.open),
    (b"\xfd7zXZ", "xz", lzma.open),
)


def read_bytes(path: Path) -> bytes:
    """Read a file as it is on disk."""
    if path.is_file():
        data = path.read_bytes()
        if data.strip():
            return data
        found = ["the file is empty: expected a line of column names, then one line per trial"]
    elif path.is_dir():
        found = ["this is a folder: name the file in it"]
    else:
        found = ["there is no such file"]
    raise problems(DataError, str(path), found)


def unpack(path: Path, data: bytes) -> tuple[bytes, str]:
    """Unpack a compressed file.

    Parameters
    ----------
    path : pathlib.Path
        The file, for messages.
    data : bytes
        Its content.

    Returns
    -------
    data : bytes
        Content, unpacked.
    compression : str
        Name of the compression, "" for none.
    """
    for mark, name, opened in PACKED:
        if data.startswith(mark):
            return _unpacked(path, data, name, opened), name
    return data, ""


def _unpacked(path, data, name, opened) -> bytes:
    try:
        with opened(BytesIO(data)) as file:
            content = file.read(MOST_UNPACKED + 1)
    except (OSError, EOFError, ValueError, lzma.LZMAError, zlib.error) as error:
        found = [f"{name} cannot be unpacked ({error}): the file is damaged or cut off"]
        raise problems(DataError, str(path), found) from error
    if len(content) > MOST_UNPACKED:
        found = [f"unpacks to more than {MOST_UNPACKED >> 20} MiB: unpack it, and give that file"]
        raise problems(DataError, str(path), found)
    if not content.strip():
        raise problems(DataError, str(path), ["unpacks to an empty file"])
    return content


def decode(path: Path, data: bytes, encoding: str | None = None) -> tuple[str, str]:
    """Turn bytes into text, by a byte-order mark or as UTF-8; nothing else is guessed.

    Parameters
    ----------
    path : pathlib.Path
        The file, for messages.
    data : bytes
        Its content.
    encoding : str, optional
        Encoding to use.

    Returns
    -------
    text : str
        The text, without a byte-order mark.
    encoding : str
        Encoding that was used.
    """
    used = encoding or _marked(data)
    try:
        text = data.decode(used)
    except LookupError as error:
        found = [f"encoding {encoding!r} is not known: expected one such as 'utf-8' or 'cp1252'"]
        raise problems(DataError, str(path), found) from error
    except UnicodeDecodeError as error:
        raise problems(DataError, str(path), [_undecodable(data, used, error)]) from error
    text = text.removeprefix("\ufeff")
    if "\0" in text:
        place = len(text[: text.index("\0")].encode(used, "replace"))
        found = [f"holds a zero at byte {place}: this is no text file, or its end is damaged"]
        raise problems(DataError, str(path), found)
    return text, used


def _marked(data: bytes) -> str:
    for mark, encoding in BOMS:
        if data.startswith(mark):
            return encoding
    head = data[:400]
    # most letters of a table have one zero byte in UTF-16
    if head[1::2].count(0) > 0.8 * len(head[1::2]):
        return "utf-16-le"
    return "utf-16-be" if head[::2].count(0) > 0.8 * len(head[::2]) else "utf-8"


def _undecodable(data, used, error: UnicodeDecodeError) -> str:
    name = "UTF-8" if used.startswith("utf-8") else used
    start, end = data.rfind(b"\n", 0, error.start) + 1, data.find(b"\n", error.start)
    line = 1 + data[: error.start].count(b"\n")
    shown = data[max(start, error.start - 20) : end if end > 0 else None][:30].strip()
    ways = [f"{shown.decode(other, 'replace')!r} with encoding={other!r}" for other in OTHERS]
    return (
        f"not {name} at byte {error.start} (line {line}): save the file as UTF-8, or say its "
        f"encoding; it reads {', '.join(ways)}"
    )
