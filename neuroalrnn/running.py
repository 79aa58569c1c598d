"""Help for long runs: compiled loops, progress in few lines, one BLAS thread, parts that may fail.

A part of a result that fails must not stop the other parts: `attempt` says why it failed instead.
"""

import os
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cache, partial, wraps
from hashlib import sha256
from pathlib import Path
from typing import Any, ParamSpec, TextIO, TypeVar
from uuid import uuid4

from threadpoolctl import threadpool_limits
from tqdm import std
from tqdm.auto import tqdm

from neuroalrnn.exceptions import IncompleteWarning, NeuroALRNNError

P = ParamSpec("P")
R = TypeVar("R")
# folders with compiled functions, and with all that these are made of
COMPILED = ("adaptive", "baselines", "ops", "peers", "reconstruct")
EVERY = 60.0
SHARE = 0.1


def attempt(make: Callable[[], R], what: str) -> tuple[R | None, str]:
    """Make one part of a result, or say why it cannot be made.

    Parameters
    ----------
    make : callable
        Makes the part; it takes no arguments.
    what : str
        Name of the part.

    Returns
    -------
    made : object
        What `make` returns; None where it fails.
    reason : str
        Why it failed, in one line; empty where it did not.

    Raises
    ------
    OSError, MemoryError
        The disk or the memory is full, which concerns all parts.

    Warns
    -----
    IncompleteWarning
        The part failed through a fault of this package, with an error of another kind.
    """
    try:
        return make(), ""
    except (OSError, MemoryError):
        raise
    except NeuroALRNNError as error:
        return None, " ".join(str(error).split())
    except Exception as error:
        reason = f"could not be made: {_fault(error)}"
        warnings.warn(f"{what} {reason}", IncompleteWarning, stacklevel=2)
        return None, reason


def _fault(error):
    """Type, message and place of an error."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    what = f"{type(error).__name__}: {' '.join(str(error).split())}"
    return f"{what} ({Path(place.filename).name}, line {place.lineno})"


def one_blas_thread(function: Callable[P, R]) -> Callable[P, R]:
    """Let a function do its linear algebra in one thread.

    The matrices of an analysis are small: threads cost more time than they save, many times more on
    a busy machine. The threads of training are not touched.

    Parameters
    ----------
    function : callable
        Any function.

    Returns
    -------
    callable
        The same function, in one thread.
    """

    @wraps(function)
    def limited(*args: P.args, **kwargs: P.kwargs) -> R:
        with threadpool_limits(limits=1, user_api="blas"):
            return function(*args, **kwargs)

    return limited


def count_cores() -> int:
    """Count the cores that this process may use.

    Returns
    -------
    int
        At least 1.
    """
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def kernel(function: Callable, **options: Any) -> Callable:
    """Compile a function with numba on its first call, and keep the code on disk where possible.

    Parameters
    ----------
    function : callable
        Takes arrays and numbers, by position.
    **options : anything
        Further options of `numba.njit`.

    Returns
    -------
    callable
        The compiled function, which other compiled functions can call.
    """
    from numba import njit  # takes a second to import

    # nobody calls from C
    options |= {"nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True}
    try:
        compiled = njit(**options, cache=True)(function)
    except RuntimeError:  # neither the folder of its file nor the home folder can be written
        return njit(**options)(function)
    _keep_apart(compiled)
    return compiled


# for what only compiled functions call: Python cannot, and it compiles in half the time
part = partial(kernel, no_cpython_wrapper=True)


def _keep_apart(compiled):
    """Let no two processes write the code of two signatures to one file, and use no old code.

    Numba counts the files of a function, and two processes that compile it at the same time would
    count alike; the index of one would then name the code of the other. Numba compiles a function
    anew where its own file has changed; but what it calls, or gets, may be of another file.
    """
    with suppress(AttributeError):  # of a numba that keeps code in another way
        files = compiled._cache._cache_file
        stem = files._index_name.removesuffix(".nbi")
        files._data_name = lambda number: f"{stem}.{uuid4().hex}.nbc"
        # what an earlier version wrote may name what is no longer there, and is not read
        files._index_name = f"{stem}.{_stamp()[:16]}.nbi"
        files._index_path = str(Path(files._index_path).with_name(files._index_name))


@cache
def _stamp() -> str:
    """Checksum of all files that compiled functions are made of, and of their options here."""
    here, found = Path(__file__), sha256()
    folders = (here.parent / name for name in COMPILED)
    for path in sorted([here, *(path for folder in folders for path in folder.glob("*.py"))]):
        found.update(path.read_bytes())
    return found.hexdigest()


def progress_bar(iterable: Iterable | None = None, *, show: bool = True, **options: Any) -> tqdm:
    """Show progress: a bar in a terminal or a notebook, a line now and then in a file.

    Parameters
    ----------
    iterable : iterable, optional
        What is worked through.
    show : bool
        Whether anything is shown.
    **options : anything
        Options of `tqdm.tqdm`.

    Returns
    -------
    tqdm.tqdm
        The bar, which is an iterator over `iterable`.
    """
    if show and issubclass(tqdm, std.tqdm) and _is_plain(sys.stderr):
        # Each bar has lines of its own, whatever other bars are open: no cursor moves in a file.
        options = {"file": _Lines(sys.stderr), "mininterval": 1.0, "position": 0} | options
    return tqdm(iterable, disable=not show, **options)


def announce(text: str) -> None:
    """Write lines beside the progress bars, in terminals as in logs.

    Parameters
    ----------
    text : str
        Whole lines.

    Returns
    -------
    None
        They go to the error stream.
    """
    tqdm.write(text, file=sys.stderr)


def _is_plain(stream):
    in_notebook = "notebook" in "".join(kind.__module__ for kind in tqdm.__mro__)
    return not in_notebook and not (hasattr(stream, "isatty") and stream.isatty())


class _Lines:
    """A text stream that writes a progress bar as lines: the first state, some, and the last.

    A line comes after a minute, or after a tenth of the time so far if that is longer.
    """

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic):
        self.stream, self.clock = stream, clock
        self.started, self.due, self.pending = clock(), clock(), ""

    def write(self, text: str) -> None:
        """Write the bar as a line if one is due, or if it is the last."""
        self.pending = text.strip() or self.pending
        now = self.clock()
        if self.pending and (now >= self.due or text.endswith("\n")):
            self.stream.write(self.pending + "\n")
            self.due = now + max(EVERY, SHARE * (now - self.started))
            self.pending = ""

    def flush(self) -> None:
        """Flush the stream."""
        self.stream.flush()
