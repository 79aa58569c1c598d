"""What a reader of the results must hear about the data; it travels with the trials."""

import json
import warnings
from collections.abc import Iterable

import numpy as np
import pandas as pd
import xarray as xr

from neuroalrnn.arguments import not_kind, not_names, not_whole, refuse, shown
from neuroalrnn.data.schema import scored_trials, texts
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
    kept = cautions_of(trials)
    try:
        found = list(found)
    except TypeError:
        found = [found]
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


def unscored_reasons(trials: xr.Dataset) -> dict[str, int]:
    """Why trials are not scored, and how many for each reason.

    Parameters
    ----------
    trials : xarray.Dataset
        ``unscored_reason`` (trial), or else ``attrs["unscored"]``, states reasons.

    Returns
    -------
    dict of str -> int
        What is left without a stated reason has no choice, or is marked as not scored.
    """
    unscored = ~scored_trials(trials)
    stated = np.full(trials.sizes["trial"], "", dtype=object)
    if "unscored_reason" in trials:
        stated = np.where(unscored, texts(trials["unscored_reason"].values), "")
    found = pd.Series(stated[stated != ""]).value_counts(sort=False)
    counts = {str(reason): int(n) for reason, n in found.items()}
    if not counts:
        reasons = json.loads(trials.attrs.get("unscored", "[]"))
        counts = {str(one["reason"]): int(one["n_trials"]) for one in reasons if one["n_trials"]}
        if counts:
            left = int(unscored.sum()) - sum(counts.values())
            return counts | ({"no reason stated": left} if left > 0 else {})
    rest = unscored & (stated == "")
    empty = np.isnan(trials["choice"].values)
    counts["no choice"] = counts.get("no choice", 0) + int((rest & empty).sum())
    counts["marked as not scored"] = int((rest & ~empty).sum())
    return {reason: n for reason, n in counts.items() if n}
