"""The contract of a trial dataset, and `validate`, which lists every breach of it at once."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from neuroalrnn.arguments import shown, unknown
from neuroalrnn.data.coding import INDICATOR, SIGNED
from neuroalrnn.data.events import event_names, misnamed
from neuroalrnn.data.names import one_form, texts, where
from neuroalrnn.data.saveable import find_no_json, find_unsaveable
from neuroalrnn.data.timed import check_time, has_targets
from neuroalrnn.exceptions import DataError, problems

SCHEMA_VERSION = "1"
COORDS = ("subject", "session", "trial_in_session")
AFTER_CHOICE = ("choice", "reward", "correct", "rt")
NUMBERS = (*AFTER_CHOICE, "scored", "n_steps")
# above this limit, single precision overflows once a value is squared and summed
LARGEST = 1e30
# these mean something elsewhere: a lag, a product of terms, a node of the saved tree
SIGNS = "[]:/"


def validate(trials: xr.Dataset) -> xr.Dataset:
    """Check a trial dataset against the contract; nothing is changed.

    Dim ``trial``, in time order within a session. Coords ``subject``, ``session`` (unique within a
    subject), ``trial_in_session`` (strictly rising; gaps are removed trials), optional ``block``.
    ``choice`` (float codes 0..n-1, NaN = no response, ``attrs["labels"]`` in code order). Optional:
    ``scored`` (bool), ``reward``, ``correct`` (0, 1, NaN), ``rt`` (s, >= 0), numeric covariates,
    ``event_time(trial, event)`` (s, in order within a trial) with the coordinate ``event``, which
    may be there without times; ``inputs(trial, time, feature)`` and
    ``neural(trial, time, unit)`` with ``n_steps(trial)``. Where values are to be given out at time
    steps, ``target(trial, time, output)`` holds them and ``scored(trial, time)`` says which count,
    optionally with a ``weight`` of the same shape as the targets; a choice is then not needed.
    Missing is NaN, never infinite. A
    variable with ``attrs["coding"]`` holds 0, 1, NaN, which models get as -1, +1, 0 if "signed", as
    0, 1, 0 if "indicator"; others they get centred. Text variables on ``trial`` only label trials,
    such as ``unscored_reason`` (why a trial is not scored, "" where it is); they are no inputs.

    Parameters
    ----------
    trials : xarray.Dataset
        The dataset to check.

    Returns
    -------
    trials : xarray.Dataset
        The same object.

    Raises
    ------
    DataError
        The dataset breaks the contract. The message names all problems, each with the first trials
        concerned.

    Examples
    --------
    >>> import data_loaders
    >>> from neuroalrnn import validate
    >>> trials = data_loaders.load("pratte2010")
    >>> validate(trials) is trials
    True
    """
    found = find_problems(trials)
    if found:
        raise problems(DataError, "trial dataset", found)
    return trials


def find_problems(trials: xr.Dataset) -> list[str]:
    """List all breaches of the contract that `validate` would raise; none is an empty list."""
    if not isinstance(trials, xr.Dataset):
        return [f"expected an xarray.Dataset, got {type(trials).__name__}; see from_frame"]
    if trials.sizes.get("trial", 0) == 0:
        return ["the dataset has no trials: dim 'trial' is missing or has length 0"]
    checks = (_check_names, _check_order, _check_choice, _check_kinds, _check_numbers,
              _check_coding, _check_scored, _check_events, check_time, find_no_json,
              find_unsaveable)  # fmt: skip
    return [text for check in checks for text in check(trials)]


def not_trials(name: str, value: Any) -> list[str]:
    """Describe what has not the shape of a trial dataset; `validate` checks the values too.

    Parameters
    ----------
    name : str
        Name of the argument, for the text.
    value : anything
        What was given.

    Returns
    -------
    list of str
        Texts that say what is wrong; empty where all is well.
    """
    if not isinstance(value, xr.Dataset):
        return [f"{name}: expected an xarray.Dataset, got {shown(value)}; see from_frame"]
    found = [
        f"{name} has no {each!r} on dim 'trial' alone; see validate"
        for each in (*COORDS, "choice")
        if each not in value.variables or value[each].dims != ("trial",)
    ]
    found += [] if value.sizes.get("trial") else [f"{name} has no trials"]
    return found or _check_choice(value)


def scored_trials(trials: xr.Dataset) -> np.ndarray:
    """Find the trials that count in a likelihood: with a choice, not marked as context only.

    Trials without choices count where a target does at any step.

    Parameters
    ----------
    trials : xarray.Dataset
        Labelled trials.

    Returns
    -------
    scored : bool array, shape (trial,)
        True where the trial counts.
    """
    if "choice" not in trials:
        return np.any(trials["scored"].values, axis=1)
    has_choice = np.isfinite(trials["choice"].values.astype(float))
    own = "scored" in trials and trials["scored"].dims == ("trial",)
    return has_choice & trials["scored"].values if own else has_choice


def is_after_choice(trials: xr.Dataset, name: str) -> bool:
    """Check whether a variable is known only after the choice of its trial."""
    return name in AFTER_CHOICE or trials.variables[name].attrs.get("known") == "after_choice"


def data_variables(trials: xr.Dataset) -> dict[str, xr.Variable]:
    """Collect the variables that are no coordinates, faster than by ``trials[name]``."""
    coords = set(trials.coords)
    return {str(name): values for name, values in trials.variables.items() if name not in coords}


def trial_variables(trials: xr.Dataset) -> list[str]:
    """List the names of the numeric variables on dim ``trial`` alone, in dataset order."""
    return [
        str(name)
        for name, values in data_variables(trials).items()
        if values.dims == ("trial",) and values.dtype.kind in "fiub"
        if name not in ("scored", "n_steps")
    ]


def session_number(trials: xr.Dataset) -> np.ndarray:
    """Number the sessions of all subjects from 0, and return that of each trial, shape (trial,)."""
    names = [trials[coord].values for coord in ("subject", "session")]
    first = np.ones(trials.sizes["trial"], dtype=bool)
    # labels are compared as texts where they change only, which is many times as fast
    plain = [pd.factorize(each)[0] if each.dtype.kind == "O" else each for each in names]
    first[1:] = np.logical_or.reduce([each[1:] != each[:-1] for each in plain])
    subject, session = (pd.factorize(texts(each[first]))[0] for each in names)
    number = pd.factorize(subject * (session.max(initial=0) + 1) + session)[0]
    return number[np.cumsum(first) - 1]


def no_number(trials: xr.Dataset, name: str, known: Iterable[str]) -> str:
    """Describe a name that is none of the `known` numeric variables."""
    if name in trials and is_text(trials[name]):
        return f"{name!r} holds text: code it as numbers"
    return unknown(name, known)


def unusable_names(names: Iterable) -> list[str]:
    """Describe names of variables that baselines and saved files cannot hold."""
    return [
        f"variable name {str(name)!r} is empty or holds one of {' '.join(SIGNS)}: rename it"
        for name in names
        if not str(name).strip() or any(sign in str(name) for sign in SIGNS)
    ]


def _check_names(trials: xr.Dataset) -> list[str]:
    return unusable_names(trials.variables)


def _check_order(trials: xr.Dataset) -> list[str]:
    found = []
    for coord in COORDS:
        if coord not in trials.coords or trials[coord].dims != ("trial",):
            found.append(f"coordinate {coord!r} on dim 'trial' is missing")
    if "block" in trials.variables and trials["block"].dims != ("trial",):
        found.append(f"'block' has dims {trials['block'].dims}, expected ('trial',)")
    for name in sorted({"subject", "session", "block"} & set(map(str, trials.coords))):
        found += _forms(name, trials[name].values.ravel())
        blank = texts(trials[name].values.ravel()) == ""
        if blank.any():
            found.append(f"{name!r} is missing on {where(blank)}: give every trial a label")
    if any(coord not in trials.coords for coord in COORDS) or found:
        return found
    number = trials["trial_in_session"].values
    if number.dtype.kind not in "iu":
        return [f"'trial_in_session' has dtype {number.dtype}, expected integers from 0"]
    return _check_sessions(session_number(trials), number)


def _forms(name: str, values: np.ndarray) -> list[str]:
    """Texts for labels that are one label written in two ways: as Unicode, or by blanks."""
    each = pd.Series(pd.unique(values), dtype=object).dropna().astype(str)
    seen = pd.Series(pd.unique(each), dtype=object)
    form = seen.map(one_form)
    return [
        f"{name!r} has {text!r} in {n} ways (letters of two Unicode forms, or blanks around it): "
        "write it in one, as unicodedata.normalize('NFC', text) does"
        for text, n in form.value_counts(sort=False).items()
        if n > 1
    ]


def _check_sessions(session: np.ndarray, number: np.ndarray) -> list[str]:
    found = []
    starts = np.r_[True, session[1:] != session[:-1]]
    again = starts & pd.Series(session).duplicated().to_numpy()
    if again.any():
        found.append(
            f"the trials of a session are not contiguous: one starts again at {where(again)}; "
            "sort by subject, session, trial_in_session"
        )
    same = pd.DataFrame({"session": session, "number": number}).duplicated().to_numpy()
    if same.any():
        found.append(f"duplicate (subject, session, trial_in_session) on {where(same)}")
    back = np.r_[False, number[1:] < number[:-1]] & ~starts
    if back.any():
        found.append(
            f"trials not in time order: 'trial_in_session' falls at {where(back)}; "
            "sort by subject, session, trial_in_session"
        )
    if (number < 0).any():
        found.append(f"'trial_in_session' is negative on {where(number < 0)}; count from 0")
    return found


def _check_choice(trials: xr.Dataset) -> list[str]:
    if "choice" not in trials.data_vars:
        return [] if has_targets(trials) else ["variable 'choice' is missing"]
    choice = trials["choice"]
    if choice.dims != ("trial",) or choice.dtype.kind != "f":
        return [
            f"'choice' has dims {choice.dims} and dtype {choice.dtype}: expected ('trial',), floats"
        ]
    labels = [str(label) for label in np.atleast_1d(choice.attrs.get("labels", []))]
    if len(labels) < 2 or len({one_form(label) for label in labels}) < len(labels):
        return [f"choice.attrs['labels'] is {labels}: expected 2 or more different names in order"]
    values, found = choice.values, []
    finite = np.isfinite(values)
    if not finite.any() and not np.isinf(values).any():
        found.append("'choice' is NaN on every trial: nothing to predict")
    fraction = finite & (values != np.round(values))
    if fraction.any():
        found.append(f"'choice' holds fractional codes on {where(fraction)}; codes are 0..n-1")
    out = finite & ~fraction & ((values < 0) | (values > len(labels) - 1))
    if out.any():
        found.append(
            f"'choice' has codes outside 0..{len(labels) - 1} (labels {', '.join(labels)}) on "
            f"{where(out)}, first {values[out][0]:g}; missing is NaN"
        )
    return found


def is_text(values: xr.DataArray | xr.Variable) -> bool:
    """Check whether a variable holds text on dim ``trial``, as a label of trials."""
    is_column = values.dims == ("trial",) and values.dtype.kind in "OTU"
    return is_column and all(isinstance(value, str) for value in values.values)


def _check_kinds(trials: xr.Dataset) -> list[str]:
    return [
        f"variable {name!r} has dtype {values.dtype}, expected numbers; code it, or make it text "
        "on dim 'trial' if it only labels trials"
        for name, values in data_variables(trials).items()
        if values.dtype.kind not in "fiub" and (name in NUMBERS or not is_text(values))
    ]


def _check_numbers(trials: xr.Dataset) -> list[str]:
    found = []
    for name, values in data_variables(trials).items():
        if values.dtype.kind == "f" and values.dims[:1] == ("trial",):
            infinite = np.isinf(values.values)
            infinite = infinite.reshape(infinite.shape[0], -1).any(axis=1)
            if infinite.any():
                found.append(f"{name!r} is infinite on {where(infinite)}; missing is NaN")
            large = np.abs(np.nan_to_num(values.values, posinf=0.0, neginf=0.0)) > LARGEST
            large = large.reshape(large.shape[0], -1).any(axis=1)
            if large.any():
                found.append(
                    f"{name!r} is beyond {LARGEST:g} on {where(large)}; missing is NaN, other "
                    "numbers need another unit"
                )
    for name in ("reward", "correct", "rt"):
        if name in trials and trials[name].dims != ("trial",):
            found.append(f"{name!r} has dims {trials[name].dims}, expected ('trial',)")
    if _numeric(trials, "rt") and (trials["rt"].values < 0).any():
        negative = trials["rt"].values < 0
        first = trials["rt"].values[negative][0]
        found.append(
            f"'rt' is negative on {where(negative)}; missing is NaN, seconds are >= 0: a table "
            f"declares a code with missing={{'rt': [{first:g}]}}"
        )
    if _numeric(trials, "correct"):
        wrong = _not_binary(trials["correct"])
        if wrong.any():
            first = trials["correct"].values[wrong][0]
            found.append(
                f"'correct' is neither 0, 1 nor NaN on {where(wrong)}, first {first:g}: a table "
                f"declares a code for missing with missing={{'correct': [{first:g}]}}"
            )
    if "unscored_reason" in trials and not is_text(trials["unscored_reason"]):
        found.append("'unscored_reason' must hold text on dim 'trial', \"\" where scored")
    return found


def _check_coding(trials: xr.Dataset) -> list[str]:
    """Breaches of ``attrs["coding"]``, which is "signed" or "indicator"."""
    found = []
    variables = data_variables(trials).items()
    for name, values in ((name, each) for name, each in variables if "coding" in each.attrs):
        coding = values.attrs["coding"]
        if coding not in (SIGNED, INDICATOR):
            wanted = f"expected {SIGNED!r}, {INDICATOR!r} or none"
            found.append(f"{name!r} has attrs['coding'] = {coding!r}: {wanted}")
        elif not _numeric(trials, str(name)):
            found.append(f"{name!r} is marked {coding}, but holds no numbers on dim 'trial' alone")
        elif _not_binary(values).any():
            found.append(
                f"{name!r} is marked {coding}, but is neither 0, 1 nor NaN on "
                f"{where(_not_binary(values))}; without the mark it is used as stored"
            )
    return found


def _not_binary(values: xr.DataArray | xr.Variable) -> np.ndarray:
    numbers = values.values.astype(float)
    return ~np.isnan(numbers) & (numbers != 0) & (numbers != 1)


def _numeric(trials: xr.Dataset, name: str) -> bool:
    return name in trials and trials[name].dims == ("trial",) and trials[name].dtype.kind in "fiub"


def _check_scored(trials: xr.Dataset) -> list[str]:
    if "scored" not in trials or trials["scored"].dims != ("trial",):
        return []
    scored = trials["scored"]
    if scored.dtype.kind != "b":
        return [f"'scored' has dtype {scored.dtype}, expected bool"]
    if not _numeric(trials, "choice"):
        return []
    empty = scored.values & np.isnan(trials["choice"].values.astype(float))
    if not empty.any():
        return []
    return [f"'scored' is True without a choice on {where(empty)}; set it False there"]


def _check_events(trials: xr.Dataset) -> list[str]:
    if (found := misnamed(trials)) or "event_time" not in trials:
        return found
    times, names = trials["event_time"], event_names(trials)
    if times.dims != ("trial", "event") or not names:
        return [f"'event_time' has dims {times.dims}, expected ('trial', 'event') with event names"]
    if times.dtype.kind != "f":
        return []
    early = np.any(times.values < 0, axis=1)
    if early.any():
        return [
            f"event times are before trial start (0 s) on {where(early)}; missing is NaN, which a "
            f"table declares with missing={{event: [code]}}{_at_most(-times.values)}"
        ]
    behind = np.fmax.accumulate(times.values, axis=1) - times.values
    late = np.any(behind > 0, axis=1)
    if not late.any():
        return []
    order = " <= ".join(names)
    return [
        f"event times fall within the trial ({order} expected) on {where(late)}{_at_most(behind)}"
    ]


def _at_most(behind) -> str:
    most = np.nanmax(behind)
    return f"; by {most:.3g} s at most: see tolerance of from_frame" * bool(most < 1)
