"""Fits that several models have in common: who comes second takes, or awaits, what is found."""

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from hashlib import blake2b
from typing import Any, TypeVar

import numpy as np

Found = TypeVar("Found")
# results that are kept, the latest
MOST = 200
_LOCK = threading.Lock()
_KEPT: dict[Hashable, Future] = {}


def once(key: Hashable, make: Callable[[], Found]) -> Found:
    """Make something once, also where several threads ask for it at the same time.

    Parameters
    ----------
    key : hashable
        Everything that it depends on, see `digest`.
    make : callable
        Makes it; it takes no arguments.

    Returns
    -------
    object
        What `make` returns, or returned before.
    """
    with _LOCK:
        known = _KEPT.get(key)
        if known is None:
            own = _KEPT[key] = Future[Any]()
            for old in list(_KEPT)[:-MOST]:
                del _KEPT[old]
    if known is not None:
        return known.result()
    try:
        own.set_result(make())
    except BaseException as error:
        with _LOCK:
            _KEPT.pop(key, None)
        own.set_exception(error)
        raise
    return own.result()


def digest(*arrays: np.ndarray | None) -> bytes:
    """Compute a key of arrays, by their shapes, types and values.

    Parameters
    ----------
    *arrays : array or None
        What it is of.

    Returns
    -------
    bytes
        The same for the same arrays alone.
    """
    found = blake2b(digest_size=16)
    for each in arrays:
        if each is None:
            found.update(b"none")
            continue
        found.update(f"{each.shape} {each.dtype}".encode())
        found.update(np.ascontiguousarray(each).data)
    return found.digest()
