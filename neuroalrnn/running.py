"""How long work runs: progress in a few lines, one thread for linear algebra, parts that may fail.

A part that cannot be made must not take with it what could be: `attempt` tells why instead.
"""

import sys
import time
import traceback
import warnings
from functools import wraps
from pathlib import Path

from threadpoolctl import threadpool_limits
from tqdm import std
from tqdm.auto import tqdm

from neuroalrnn.exceptions import IncompleteWarning, NeuroALRNNError

EVERY = 60.0
SHARE = 0.1


def attempt(make, what):
    """Make one part of a result, or tell why it cannot be made.

    Parameters
    ----------
    make : callable
        Without arguments.
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
        A full disk or memory is no matter of the part alone.

    Warns
    -----
    IncompleteWarning
        If it failed with an error that is not one of this package: a fault of ours.
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
    told = f"{type(error).__name__}: {' '.join(str(error).split())}"
    return f"{told} ({Path(place.filename).name}, line {place.lineno})"


def one_blas_thread(function):
    """Let a function do its linear algebra in one thread.

    Its matrices are small: threads cost more than they bring, and on a busy machine many times as
    much. Threads of training are others, and are left alone.

    Parameters
    ----------
    function : callable

    Returns
    -------
    callable
    """

    @wraps(function)
    def limited(*args, **kwargs):
        with threadpool_limits(limits=1, user_api="blas"):
            return function(*args, **kwargs)

    return limited


def progress_bar(iterable=None, *, show=True, **options):
    """Progress bar in a terminal or a notebook; in a file a line now and then.

    Parameters
    ----------
    iterable : iterable, optional
    show : bool
    **options
        Of `tqdm.tqdm`.

    Returns
    -------
    tqdm.tqdm
    """
    if show and issubclass(tqdm, std.tqdm) and _is_plain(sys.stderr):
        options = {"file": Lines(sys.stderr), "mininterval": 1.0} | options
    return tqdm(iterable, disable=not show, **options)


def _is_plain(stream):
    in_notebook = "notebook" in "".join(kind.__module__ for kind in tqdm.__mro__)
    return not in_notebook and not (hasattr(stream, "isatty") and stream.isatty())


class Lines:
    """A text stream that lets a progress bar through as lines: the first, some, and the last.

    Parameters
    ----------
    stream : text stream
    clock : callable
        Time in seconds.

    Notes
    -----
    A line comes after a minute, or a tenth of the time so far where that is longer.
    """

    def __init__(self, stream, clock=time.monotonic):
        self.stream, self.clock = stream, clock
        self.started, self.due, self.pending = clock(), clock(), ""

    def write(self, text):
        """Write the bar as a line if one is due, or if it is the last."""
        self.pending = text.strip() or self.pending
        now = self.clock()
        if self.pending and (now >= self.due or text.endswith("\n")):
            self.stream.write(self.pending + "\n")
            self.due = now + max(EVERY, SHARE * (now - self.started))
            self.pending = ""

    def flush(self):
        """Flush the stream."""
        self.stream.flush()
