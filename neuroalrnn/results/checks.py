"""Checks of what functions about a fit are given."""

import numpy as np

from neuroalrnn.arguments import not_kind, shown
from neuroalrnn.data.schema import not_trials
from neuroalrnn.exceptions import DataError
from neuroalrnn.network.run import Network
from neuroalrnn.results import Fit


def not_fit(name, value):
    """Text for what is no fit, see `neuroalrnn.arguments`."""
    return not_kind(name, value, Fit, "a Fit; read a saved one with Fit.load")


def not_generator(name, value):
    """Text for what is no random generator of numpy."""
    return not_kind(name, value, np.random.Generator, "numpy.random.default_rng(3)")


def not_agent(name, value):
    """Text for what cannot make choices step by step."""
    fits = isinstance(value, Network) or callable(getattr(value, "advance", None))
    return [] if fits else [f"{name} = {shown(value)}: expected a Network or an agent"]


def not_environment(name, value):
    """Text for what does not answer choices."""
    fits = hasattr(value, "names") and hasattr(value, "fixed") and not isinstance(value, type)
    return [] if fits else [f"{name} = {shown(value)}: expected an environment of a task"]


def not_signatures(name, value):
    """Text for what is no list of signatures."""
    fits = isinstance(value, list | tuple)
    fits = fits and all(callable(getattr(each, "compute", None)) for each in value)
    return [] if fits else [f"{name} = {shown(value)}: expected a list of Signature"]


def not_simulations(name, value):
    """Texts for what is no list of trial datasets."""
    if found := not_kind(name, value, list | tuple, "a list of trial datasets"):
        return found
    return [text for each in value for text in not_trials(name, each)][:1]


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
