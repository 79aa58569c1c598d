"""What a reader of the results must hear about the data; it travels with the trials."""

import json
import warnings
from collections.abc import Iterable

import xarray as xr

from neuroalrnn.arguments import not_kind, not_names, not_whole, refuse, shown
from neuroalrnn.exceptions import DataError, DataWarning


def caution(
    trials: xr.Dataset, found: Iterable[str], category=DataWarning, stacklevel=3
) -> xr.Dataset:
    """Warn of what was found, and keep it with the trials.

    Cautions are kept in ``attrs["cautions"]`` (JSON). The console shows them as warnings, the first
    screen of the report, ``summary.json`` and ``Fit.cautions`` list them.

    Parameters
    ----------
    trials : xarray.Dataset
    found : iterable of str
        One sentence each: what, where (subject, column, rows), what to do.
    category : class of warning, or None
        None keeps what was told already.
    stacklevel : int
        See `warnings.warn`.

    Returns
    -------
    xarray.Dataset
        The same object where nothing is new.
    """
    kept, found = cautions_of(trials), list(found) if isinstance(found, Iterable) else [found]
    wrong = not_names("found", found)
    if category is not None and not (isinstance(category, type) and issubclass(category, Warning)):
        wrong.append(f"category = {shown(category)}: expected a class of warnings, or None")
    refuse("caution", wrong + not_whole("stacklevel", stacklevel), DataError)
    new = [text for text in dict.fromkeys(found) if text not in kept]
    for text in new if category else ():
        warnings.warn(text, category, stacklevel=stacklevel)
    return trials.assign_attrs(cautions=json.dumps(kept + new)) if new else trials


def cautions_of(trials: xr.Dataset) -> list[str]:
    """What `caution` has kept with the trials so far.

    Parameters
    ----------
    trials : xarray.Dataset

    Returns
    -------
    list of str
    """
    refuse("cautions_of", not_kind("trials", trials, xr.Dataset, "a trial dataset"), DataError)
    return json.loads(trials.attrs.get("cautions", "[]"))
