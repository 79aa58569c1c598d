"""Options that each trial offers; choices are scored among these."""

import numpy as np
import xarray as xr

from neuroalrnn.data.schema import scored_trials, trial_variables, unknown, where
from neuroalrnn.exceptions import DataError, problems


def offered_names(trials: xr.Dataset) -> list[str]:
    """List the variables that say which options are offered; none where all always are."""
    return [str(name) for name in np.atleast_1d(trials["choice"].attrs.get("offered", []))]


def offered_options(trials: xr.Dataset) -> np.ndarray | None:
    """Read the option sets that ``choice.attrs["offered"]`` names.

    Parameters
    ----------
    trials : xarray.Dataset
        Labelled trials. The attribute names one variable per option, which is 1 where the option
        can be chosen.

    Returns
    -------
    offered : bool array, shape (trial, option), or None
        True where the option is offered; None where all options always are.
    """
    names = offered_names(trials)
    if not names:
        return None
    offered = np.stack([trials[name].values.astype(float) > 0 for name in names], axis=-1)
    return None if offered.all() else offered


def forced_trials(trials: xr.Dataset) -> np.ndarray:
    """Find the scored trials that offer a single option, and thus say nothing, shape (trial,)."""
    offered = offered_options(trials)
    scored = scored_trials(trials)
    return scored & (offered.sum(axis=1) == 1) if offered is not None else scored & False


def check_offered(trials: xr.Dataset) -> None:
    """Refuse impossible sets of options, and name the trials.

    Parameters
    ----------
    trials : xarray.Dataset
        Labelled trials.

    Raises
    ------
    DataError
        A variable of the attribute is unknown, an option has no variable, a variable is neither 0
        nor 1 where there is a choice, or an option was chosen that was not offered.
    """
    found = _find_unnamed(trials) or _find_unclear(trials) or _find_not_offered(trials)
    if found:
        raise problems(DataError, "options offered", found)


def _find_unnamed(trials):
    names, known = offered_names(trials), trial_variables(trials)
    labels = trials["choice"].attrs["labels"]
    if names and len(names) != len(labels):
        labels = ", ".join(map(str, labels))
        return [f"{len(names)} variables ({', '.join(names)}): expected one for each of {labels}"]
    return [unknown(name, known) for name in names if name not in known]


def _find_unclear(trials):
    made = np.isfinite(trials["choice"].values)
    found = []
    for name in offered_names(trials):
        unclear = made & ~np.isin(trials[name].values.astype(float), (0.0, 1.0))
        if unclear.any():
            first = trials[name].values[unclear][0]
            found.append(
                f"{name!r} is {first:g} on {where(unclear)}: expected 1 where the option is "
                "offered, else 0, on every trial with a choice"
            )
    return found


def _find_not_offered(trials):
    offered = offered_options(trials)
    if offered is None:
        return []
    code = trials["choice"].values
    made = np.isfinite(code)
    wrong = made & ~offered[np.arange(len(code)), np.where(made, code, 0).astype(int)]
    if not wrong.any():
        return []
    labels = np.array([str(label) for label in trials["choice"].attrs["labels"]])
    row = np.flatnonzero(wrong)[0]
    subject = trials["subject"].values[row]
    text = f"a choice that was not offered on {where(wrong)}; the first, of subject {subject}, is "
    among = ", ".join(labels[offered[row]]) or "nothing"
    return [f"{text}{labels[int(code[row])]} among {among}: mend the choice or the offer"]
