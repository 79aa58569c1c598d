"""How a variable becomes numbers for a model: by its name and its mark, never by its values."""

import numpy as np
import xarray as xr

# marks that `attrs["coding"]` may hold: 0 and 1 stand for -1 and +1, or stay as they are
SIGNED, INDICATOR = "signed", "indicator"


def coded(trials: xr.Dataset, name: str) -> list[tuple[str, np.ndarray]]:
    """Columns that models get for one variable, as inputs and in designs alike.

    ``choice`` between two options is -1/+1, between more one 0/1 column per option; ``correct`` is
    -1/+1; any other variable is as stored, or ``2 v - 1`` where ``attrs["coding"]`` is "signed".
    The rule looks at no value, so one subject's data never change how another's are coded.

    Parameters
    ----------
    trials : xarray.Dataset
        As `neuroalrnn.validate` accepts it.
    name : str
        A numeric variable on dim ``trial``.

    Returns
    -------
    list of (label, ndarray of float, shape (trial,))
        The label is the name, or ``"choice=option"``. Missing is 0.
    """
    variable = trials.variables[name]
    return code(name, variable.values, variable.attrs)


def code(name: str, values: np.ndarray, attrs: dict) -> list[tuple[str, np.ndarray]]:
    """The columns of `coded` for values of any shape, such as those of simulated trials.

    Parameters
    ----------
    name : str
    values : ndarray
    attrs : dict
        Of the variable.

    Returns
    -------
    list of (label, ndarray of float, of the shape of `values`)
    """
    values = values.astype(float)
    if name == "choice":
        labels = [str(label) for label in attrs["labels"]]
        if len(labels) > 2:
            return [(f"choice={text}", (values == k) * 1.0) for k, text in enumerate(labels)]
    if name in ("choice", "correct") or attrs.get("coding") == SIGNED:
        values = 2 * values - 1
    return [(name, np.nan_to_num(values))]


def is_signed(trials: xr.Dataset, name: str) -> bool:
    """Whether a variable is marked as one whose 0 and 1 stand for -1 and +1."""
    return trials.variables[name].attrs.get("coding") == SIGNED


def is_centred(trials: xr.Dataset, name: str) -> bool:
    """Whether models get a variable centred and scaled: all but what has a code or is marked.

    A factor marked as an indicator goes on selecting trials in the products of a design.

    Parameters
    ----------
    trials : xarray.Dataset
    name : str
        A numeric variable on dim ``trial``.

    Returns
    -------
    bool
    """
    return name not in ("choice", "correct") and "coding" not in trials.variables[name].attrs
