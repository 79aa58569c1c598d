"""Compiled loops over trials."""

from collections.abc import Callable
from functools import cache, wraps

from neuroalrnn import running


def kernel(function: Callable) -> Callable:
    """Compile a function with numba on its first call, as numba takes a second to import.

    Parameters
    ----------
    function : callable
        Takes arrays and numbers, by position.

    Returns
    -------
    callable
        The same function, compiled; other compiled functions cannot call it.
    """

    @cache
    def compiled():
        return running.kernel(function)

    @wraps(function)
    def call(*arguments):
        return compiled()(*arguments)

    return call
