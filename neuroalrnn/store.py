"""Files that are whole or absent, folders that one run has to itself, and a disk that is full."""

import errno
import json
import os
import secrets
import shutil
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from types import ModuleType

from neuroalrnn.exceptions import ResultError

fcntl: ModuleType | None
try:
    import fcntl
except ImportError:  # there is none on Windows: files are whole there, but folders are not locked
    fcntl = None

PathLike = str | os.PathLike[str]

LOCK = ".lock"
_NEW, _MOVING, _REPLACED = ".new", ".moving", ".replaced"
_CAUSES = {
    errno.ENOSPC: "the disk is full: make room",
    errno.EDQUOT: "the quota is used up: make room",
    errno.EFBIG: "the file would be larger than allowed: raise the limit (ulimit -f)",
    errno.EROFS: "the disk is read-only: choose another folder, or have it mounted for writing",
    errno.EACCES: "writing is not allowed: change its permissions, or choose another folder",
    errno.EPERM: "writing is not allowed: change its permissions, or choose another folder",
}


def explain(error: OSError, path: PathLike | None = None) -> str | None:
    """Say in one sentence why a file could not be written, and what to do.

    Parameters
    ----------
    error : OSError
        What the operating system raised.
    path : path-like, optional
        The file; by default the one that the error names.

    Returns
    -------
    str or None
        The sentence, or None where the error is of another kind.
    """
    if error.errno not in _CAUSES:
        return None
    place = path or error.filename or "the results"
    again = "give the same command again, finished parts are kept"
    return f"{place} cannot be written, {_CAUSES[error.errno]}, then {again}"


def replace_file(path: PathLike, data: bytes) -> None:
    """Write a file, all or nothing, and remove parts that killed runs have left beside it.

    Parameters
    ----------
    path : path-like
        The file to write.
    data : bytes-like
        Its content.

    Raises
    ------
    ResultError
        There is no room, or no permission.
    """
    path = Path(path)
    remove_parts(path.parent, path.name)
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with open(part, "xb") as file:
            _try_lock(file)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError as error:
        text = explain(error, path)
        if text is None:
            raise
        raise ResultError(text) from error
    finally:
        part.unlink(missing_ok=True)


def remove_parts(folder: PathLike, name: str = "") -> None:
    """Remove what killed runs were writing; a part that is being written is locked, and stays.

    Parameters
    ----------
    folder : path-like
        Where to look.
    name : str
        Name of the file that was being written; by default any.
    """
    folder = Path(folder)
    if not folder.is_dir():
        return
    for part in folder.iterdir():
        if part.suffix == ".part" and part.name.startswith(f".{name}"):
            with suppress(OSError), open(part, "rb") as file:
                if _try_lock(file):
                    part.unlink(missing_ok=True)


@contextmanager
def replacing(out: PathLike, names: Sequence[str] = ()) -> Iterator[Path]:
    """Give a folder to write results into, and move them to their places when all are there.

    Results that exist stay until then. Results are moved in two steps that `finish_moves` can
    complete: old ones are removed first, so that old and new ones never lie side by side.

    Parameters
    ----------
    out : path-like
        Folder of the results.
    names : sequence of str
        Patterns of files in `out` that are removed when the new ones come, such as
        ``tables/*.csv``.

    Yields
    ------
    pathlib.Path
        The folder to write into.
    """
    out = Path(out)
    finish_moves(out)
    new = out / _NEW
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    try:
        yield new
        gone = [path.relative_to(out).as_posix() for name in names for path in out.glob(name)]
        (new / _REPLACED).write_text(json.dumps(gone), encoding="utf-8")
        os.rename(new, out / _MOVING)
    finally:
        shutil.rmtree(new, ignore_errors=True)
    finish_moves(out)


def finish_moves(out: PathLike) -> None:
    """Complete the moves of `replacing` that a kill has cut short.

    Parameters
    ----------
    out : path-like
        Folder of the results.
    """
    moving = Path(out) / _MOVING
    if not moving.is_dir():
        return
    out, replaced = Path(out), moving / _REPLACED
    if replaced.exists():
        for name in json.loads(replaced.read_text(encoding="utf-8")):
            (out / name).unlink(missing_ok=True)
        replaced.unlink()
    for path in sorted(path for path in moving.rglob("*") if path.is_file()):
        place = out / path.relative_to(moving)
        place.parent.mkdir(parents=True, exist_ok=True)
        os.replace(path, place)
    shutil.rmtree(moving)


@contextmanager
def lock_folder(folder: PathLike, command: str) -> Iterator[None]:
    """Lock a folder of results for one run; the lock ends with the process, however it ends.

    Parameters
    ----------
    folder : path-like
        Folder of the results.
    command : str
        What runs, for the message to another run.

    Yields
    ------
    None
        Nothing, while the folder is locked.

    Raises
    ------
    ResultError
        Another run has the folder; the message says which one, and since when.
    """
    path = Path(folder) / LOCK
    file = _open_locked(path)
    with file:
        started = datetime.now().astimezone().isoformat(sep=" ", timespec="seconds")
        file.truncate(0)
        file.write(f"process {os.getpid()} on {socket.gethostname()} since {started}: {command}")
        file.flush()
        try:
            yield
        finally:
            # while it is still locked, so that nobody locks a name that is gone
            path.unlink(missing_ok=True)


def _open_locked(path):
    while True:
        file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o666), "r+", encoding="utf-8")
        if not _try_lock(file):
            with file:
                holder = file.read() or "another process"
            raise ResultError(
                f"{path.parent} is in use by {holder}; wait until it has ended, or choose another "
                "folder"
            )
        with suppress(FileNotFoundError):
            if _is(file, path):
                return file
        file.close()


def _is(file, path):
    """Whether a path still names an open file."""
    one, other = os.fstat(file.fileno()), os.stat(path)
    return (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino)


def _try_lock(file):
    """Lock an open file; False where another process has it, True also where nothing can lock."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # file systems without locks
        return True
    return True
