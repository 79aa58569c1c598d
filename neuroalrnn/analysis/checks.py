"""Checks of what functions about a fit are given."""

from neuroalrnn.exceptions import DataError
from neuroalrnn.results import Fit


def require_fit(title, fit):
    """Raise unless something is a fit.

    Parameters
    ----------
    title : str
        What was called, for the message.
    fit : object

    Raises
    ------
    DataError
    """
    if not isinstance(fit, Fit):
        hint = "; read a saved one with Fit.load" if isinstance(fit, str) else ""
        raise DataError(f"{title}, fit: found {type(fit).__name__}, expected a Fit{hint}")
