"""Cautions: sentences on the data that a reader of the results must hear, kept with the trials."""

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
    trials: xr.Dataset,
    found: Iterable[str],
    category: type[Warning] | None = DataWarning,
    stacklevel: int = 3,
) -> xr.Dataset:
    """Warn of what was found in the data, and keep the sentences with the trials.

    Cautions are kept in ``attrs["cautions"]`` (JSON). The console shows them as warnings. The first
    screen of the report, ``summary.json`` and ``Fit.cautions`` list them.

    Parameters
    ----------
    trials : xarray.Dataset
        Labelled trials.
    found : iterable of str
        One sentence each: what is odd, where (subject, column, rows), and what to do.
    category : class of warning, or None
        Class of the warnings. None keeps the sentences without a warning.
    stacklevel : int
        Place in the code that the warning names, see `warnings.warn`.

    Returns
    -------
    trials : xarray.Dataset
        The same trials with the new cautions; the same object where nothing is new.

    Raises
    ------
    DataError
        The sentences are no texts.

    Warns
    -----
    DataWarning
        One for each sentence that is new.
    """
    kept = cautions_of(trials)
    sentences: list
    try:
        sentences = list(found)
    except TypeError:
        sentences = [found]
    wrong = not_names("found", sentences)
    if category is not None and not (isinstance(category, type) and issubclass(category, Warning)):
        wrong.append(f"category = {shown(category)}: expected a class of warnings, or None")
    refuse("caution", wrong + not_whole("stacklevel", stacklevel), DataError)
    new = [text for text in dict.fromkeys(sentences) if text not in kept]
    for text in new if category else ():
        warnings.warn(text, category, stacklevel=stacklevel)
    return trials.assign_attrs(cautions=json.dumps(kept + new)) if new else trials


def cautions_of(trials: xr.Dataset) -> list[str]:
    """List the cautions that are kept with the trials.

    Parameters
    ----------
    trials : xarray.Dataset
        Labelled trials.

    Returns
    -------
    cautions : list of str
        One sentence each, oldest first.

    Raises
    ------
    DataError
        What was given is no dataset.
    """
    refuse("cautions_of", not_kind("trials", trials, xr.Dataset, "a trial dataset"), DataError)
    return json.loads(trials.attrs.get("cautions", "[]"))


def unscored_reasons(trials: xr.Dataset) -> dict[str, int]:
    """Count the trials that are not scored, by the reason why.

    Parameters
    ----------
    trials : xarray.Dataset
        Labelled trials. Reasons stand in ``unscored_reason``, shape (trial,), or else in
        ``attrs["unscored"]``.

    Returns
    -------
    counts : dict of str to int
        Number of trials for each reason. Trials without a stated reason are counted as having no
        choice, or as marked as not scored.
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
