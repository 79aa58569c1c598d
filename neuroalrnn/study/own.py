"""Baselines of the caller: what they are called, and whether they return log-probabilities."""

import inspect
import unicodedata
from collections.abc import Mapping

import numpy as np

from neuroalrnn.arguments import shown
from neuroalrnn.baselines import class_frequency
from neuroalrnn.data.level import level
from neuroalrnn.data.schema import scored_trials, where
from neuroalrnn.exceptions import ConfigError, problems
from neuroalrnn.results.summary import ADAPTIVE, NETWORK, REGRESSION

CONSTANT, FREQUENCY = "constant", "class frequency"
FORM = "f(trials, train, test) -> array of log-probabilities, shape (test trial, option)"
# of single precision, added up over options
TOLERANCE = 1e-5


def check_baselines(baselines, *, regression=False, adaptive=False):
    """Refuse baselines that cannot be called, or whose names are taken, before anything is run.

    Parameters
    ----------
    baselines : dict of str -> callable, None or "all"
    regression : bool
        Whether networks on top of the history regression are fitted, too.
    adaptive : bool
        Each is predicted by with a read-out that learns its subject, too.

    Returns
    -------
    bool
        Whether they are the caller's own.

    Raises
    ------
    ConfigError
        Naming everything that is wrong.
    """
    if baselines is None or (isinstance(baselines, str) and baselines == "all"):
        return False
    if not isinstance(baselines, Mapping):
        found = [f"baselines = {shown(baselines)}: expected a dict {{name: {FORM}}}, or 'all'"]
        raise problems(ConfigError, "baselines", found)
    found = [*_bad_names(baselines, {REGRESSION} if regression else set())]
    found += _taken(baselines) if adaptive else []
    found += [text for name, each in baselines.items() for text in _bad_callable(name, each)]
    if found:
        raise problems(ConfigError, "baselines", found)
    return True


def _bad_names(baselines, ours):
    known = {}
    for name, each in baselines.items():
        if not isinstance(name, str) or not name.strip() or not name.isprintable():
            yield f"name {name!r}: expected a printable text"
            continue
        form = unicodedata.normalize("NFC", name).strip()
        if form in known:
            yield f"{name!r} and {known[form]!r} are one name, given twice"
        known[form] = name
        if form.startswith(NETWORK) or form in {CONSTANT, *ours}:
            yield f"{name!r}: the name belongs to a model that is always fitted; give another"
        if form == FREQUENCY and inspect.unwrap(each) is not inspect.unwrap(class_frequency):
            yield f"{name!r}: the name belongs to what bits are counted from; give another"


def _taken(baselines):
    for name in (f"{each}{ADAPTIVE}" for each in baselines):
        if name in baselines:
            yield f"{name!r}: the name belongs to another of them, adaptive=True; give another"


def _bad_callable(name, each):
    if not callable(each):
        return [f"{name!r} is {shown(each)}: expected {FORM}"]
    try:
        inspect.signature(each).bind(None, None, None)
    except TypeError:
        return [f"{name!r} cannot be called with (trials, train, test): expected {FORM}"]
    except ValueError:  # compiled code tells no signature
        return []
    return []


def predict_own(baseline, trials, train, test):
    """Call a baseline of the caller, and look at what comes back.

    Parameters
    ----------
    baseline : callable
    trials : xarray.Dataset
    train, test : int arrays

    Returns
    -------
    predicted : array, shape (test trial, option), or None
        Float64.
    found : list of str
        What is wrong with it, what was expected.
    """
    try:
        # copies: what it changes in them must not reach other models
        value = baseline(trials.copy(deep=True), train.copy(), test.copy())
    except Exception as error:
        return None, [f"raised {type(error).__name__}: {error}"]
    shape = len(test), len(trials["choice"].attrs["labels"])
    found = _bad_array(value, shape)
    if found:
        return None, found
    predicted = np.ma.filled(np.ma.asarray(value, dtype=float), np.nan)
    scored = scored_trials(trials)[test]
    found = _bad_values(predicted, scored) or _impossible(predicted, trials, train, test, scored)
    return predicted, found


def _bad_array(value, shape):
    expected = f"expected a numpy array of log-probabilities, shape {shape} (test trial, option)"
    if not isinstance(value, np.ndarray | list | tuple):
        return [f"returned {type(value).__name__}: {expected}"]
    try:
        array = np.asarray(value)
    except ValueError:  # rows of different lengths
        return [f"returned a ragged {type(value).__name__}: {expected}"]
    if array.dtype.kind not in "fiu":
        return [f"returned dtype {array.dtype}: {expected}"]
    if array.shape != shape:
        return [f"returned shape {array.shape}: {expected}"]
    return []


def _bad_values(predicted, scored):
    lost = np.isnan(predicted).any(axis=1)
    if (lost & scored).any():
        return [f"returned NaN on {where(lost & scored, 'test row')}: expected log-probabilities"]
    rows = ~lost
    mass = np.full(len(predicted), 1.0)
    with np.errstate(over="ignore"):
        mass[rows] = np.exp(predicted[rows]).sum(axis=1)
    wrong = (np.abs(mass - 1) > TOLERANCE) | (predicted > TOLERANCE).any(axis=1)
    if not wrong.any():
        return []
    plain = predicted[rows]
    if (plain >= 0).all() and np.allclose(plain.sum(axis=1), 1, atol=1e-3):
        return ["returned probabilities: return their logarithms"]
    first = np.flatnonzero(wrong)[0]
    row = ", ".join(f"{each:g}" for each in predicted[first])
    return [
        f"returned {row} on test row {first}, probabilities that add up to {mass[first]:.6g} "
        f"({wrong.sum()} rows alike): expected log-probabilities of options, which add up to 1"
    ]


def _impossible(predicted, trials, train, test, scored):
    code = np.where(scored, trials["choice"].values[test], 0).astype(int)
    made = level(predicted, trials, train, test)[np.arange(len(test)), code]
    never = scored & ~np.isfinite(made)
    if not never.any():
        return []
    return [
        f"gives probability 0 to the choices made on {where(never, 'test row')}: their score is "
        "minus infinity; leave a small probability to every option, such as a lapse rate"
    ]
