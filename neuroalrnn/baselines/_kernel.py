"""Compiled loops over trials."""

from collections.abc import Callable
from functools import cache, wraps


def kernel(function: Callable) -> Callable:
    """Compile a function with numba on its first call, and keep the code on disk where possible.

    Parameters
    ----------
    function : callable
        Takes arrays and numbers by position.

    Returns
    -------
    callable
        The same function, compiled.
    """

    @cache
    def compiled():
        from numba import njit  # takes a second to import, and only fits need it

        try:
            return njit(nogil=True, cache=True, error_model="numpy")(function)
        except RuntimeError:  # neither the folder of this file nor the home folder can be written
            return njit(nogil=True, error_model="numpy")(function)

    @wraps(function)
    def call(*arguments):
        return compiled()(*arguments)

    return call
