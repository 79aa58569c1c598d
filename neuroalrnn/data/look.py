"""Look for oddities in trials before anything is fitted, which a reader of results must hear of."""

import json

import numpy as np
import pandas as pd
import xarray as xr

from neuroalrnn.data.choices import NINES
from neuroalrnn.data.columns import declare
from neuroalrnn.data.names import N_SHOWN, first_few, texts, where
from neuroalrnn.data.offered import offered_names
from neuroalrnn.data.schema import data_variables, is_after_choice, session_number, trial_variables

# in s: LONG is far above response times of decisions, and far below the same times in ms; SHORT is
# far below response times
LONG, SHORT = 100.0, 0.005
# no individual difference explains a larger ratio of sizes between subjects
APART = 30.0
# a value is odd if it is further from all others than this many of their ranges: FAR_NINES for 99,
# 999, ..., which often stand for a missing value; FAR for any other value
FAR_NINES, FAR = 5.0, 20.0
FEW = 3
NINE_LIKE = 10.0 ** np.arange(1, 10) - 1


def look(trials: xr.Dataset) -> list[str]:
    """Say what looks wrong in trials that the contract allows.

    It looks for gaps in trial numbers, variables that are constant or missing, missing values,
    values that look like a code for missing, times that look like milliseconds, and variables whose
    size differs between subjects as if their units did.

    Parameters
    ----------
    trials : xarray.Dataset
        Labelled trials that `neuroalrnn.validate` accepts.

    Returns
    -------
    sentences : list of str
        One sentence for every oddity, for `neuroalrnn.data.caution`.
    """
    subject = texts(trials["subject"].values)
    found = _gaps(trials, subject)
    columns = _columns(trials)
    empty = [name for name, values in columns.items() if np.isnan(values).all()]
    constant = [name for name in columns if name not in empty and _is_constant(columns[name])]
    found += _named("is missing on every trial", "are missing on every trial", empty)
    found += _named("never changes", "never change", constant)
    found += _missing(trials, subject, [name for name in columns if name not in empty])
    rest = {name: values for name, values in columns.items() if name not in (*empty, *constant)}
    times = [name for name in _times(trials) if name in rest]
    sizes = _sizes(rest, subject)
    for name, values in rest.items():
        groups = _by_size(sizes[name], subject)
        found += _apart(name, groups, subject, name in times)
        found += _codes(name, values, subject, groups)
        # subjects who seem to differ in unit have no common unit to ask about
        found += _units(name, values) if name in times and len(groups) < 2 else []
    return found + _odd_options(trials)


def _columns(trials) -> dict[str, np.ndarray]:
    """Numbers on trials by name, the choice left out; events by ``"event NAME"``."""
    variables = data_variables(trials)
    apart = ("choice", "block", *offered_names(trials))
    names = [name for name in trial_variables(trials) if name not in apart]
    columns = {name: variables[name].values.astype(float) for name in names}
    if "event_time" in variables:
        times = variables["event_time"].values.astype(float)
        columns |= {f"event {e}": times[:, k] for k, e in enumerate(trials["event"].values)}
    return columns


def _times(trials) -> list[str]:
    events = trials["event"].values if "event_time" in trials.variables else ()
    return ["rt", *(f"event {name}" for name in events)]


def _is_constant(values) -> bool:
    present = values[np.isfinite(values)]
    return len(present) > FEW and bool((present == present[0]).all())


def _named(one, many, names) -> list[str]:
    # an event may well come at the same time in every trial, and a missing response has no time
    names = [name for name in names if not name.startswith("event ") and name != "rt"]
    if not names:
        return []
    told = first_few([repr(str(name)) for name in names])
    return [f"{told} {one if len(names) == 1 else many}: this tells models nothing"]


def _who(subject, mask) -> str:
    names = list(dict.fromkeys(subject[mask]))
    return f"subject{'s' if len(names) > 1 else ''} {first_few(names)}"


def _gaps(trials, subject) -> list[str]:
    session, number = session_number(trials), trials["trial_in_session"].values
    same = np.r_[False, session[1:] == session[:-1]]
    missing = np.where(same, np.r_[0, np.diff(number)] - 1, 0)
    if not missing.any():
        return []
    n_gaps = int((missing > 0).sum())
    return [
        f"trial numbers have {n_gaps} gap{'s' if n_gaps > 1 else ''}, {int(missing.sum())} numbers "
        f"are missing ({_who(subject, missing > 0)}; first before {where(missing > 0)}): trials "
        "were removed there, and what follows a gap is not what came next"
    ]


def _missing(trials, subject, names) -> list[str]:
    """Missing values that models read as 0, but for those that follow from a missing choice."""
    answered = np.isfinite(trials["choice"].values.astype(float))
    variables, found = data_variables(trials), []
    inputs = json.loads(trials.attrs.get("encoding", "{}")).get("inputs")
    if inputs is None:
        # no model gets these unless it is asked to
        inputs = variables.keys() - {"rt", "correct"}
    for name in names:
        if name not in variables or name not in inputs:
            continue
        expected = answered if is_after_choice(trials, name) else np.ones(len(answered), bool)
        missing = np.isnan(variables[name].values.astype(float)) & expected
        if missing.any():
            found.append(
                f"{name!r} is missing on {int(missing.sum())} of {int(expected.sum())} trials "
                f"({_who(subject, missing)}): models read 0 there"
            )
    more = [f"and {len(found) - N_SHOWN} further variables have missing values"]
    return found[:N_SHOWN] + (more if len(found) > N_SHOWN else [])


def _sizes(columns, subject) -> pd.DataFrame:
    """Logarithm of the median size of the non-zero values of each column, one row per subject."""
    values = np.abs(np.stack(list(columns.values()), axis=1)) if columns else np.ones((1, 0))
    with np.errstate(divide="ignore"):
        size = np.where(values > 0, np.log(values), np.nan)
    table = pd.DataFrame(size, columns=list(columns))
    return table.groupby(subject[: len(table)]).median()


def _by_size(size: pd.Series, subject) -> list[np.ndarray]:
    """Masks of the trials of subjects whose values are of one size; one mask if all are."""
    size = size.dropna().sort_values()
    step = np.diff(size.to_numpy())
    if len(size) < 2 or size.iloc[-1] - size.iloc[0] < np.log(APART) or step.max() < np.log(FAR):
        return [np.ones(len(subject), dtype=bool)]
    large = np.isin(subject, size.index[int(np.argmax(step)) + 1 :].to_numpy(dtype=object))
    return [~large, large]


def _apart(name, groups, subject, is_time) -> list[str]:
    if len(groups) < 2:
        return []
    few, many = sorted(groups, key=lambda mask: len(set(subject[mask])))
    others = len(set(subject[many]))
    remedy = "bring them to one unit" + (", then say which with units" if is_time else " or scale")
    return [
        f"{name!r} is of another size in {_who(subject, few)} than in the other {others}: the "
        f"medians are {APART:g} times apart or more, as in other units; {remedy}"
    ]


def _codes(name, values, subject, groups) -> list[str]:
    """Values far beyond all others that occur again and again: they stand for something else."""
    far = np.zeros(len(values), dtype=bool)
    for mask in groups:
        for value in far_values(values[mask]):
            far |= values == value
    if not far.any():
        return []
    codes = np.unique(values[far]).tolist()
    listed = ", ".join(f"{code:g}" for code in codes)
    return [
        f"{name!r} is {listed} on {where(far)} ({_who(subject, far)}), far from all other values: "
        f"where this stands for a missing value, pass {declare(name.removeprefix('event '), codes)}"
        "; where it is in another unit, units"
    ]


def far_values(values: np.ndarray) -> list[float]:
    """List values far beyond all others, which occur again and again or are 99, 999, ...

    Parameters
    ----------
    values : ndarray, shape (trial,)
        Numbers, NaN where missing.

    Returns
    -------
    far : list of float
        These values; they may stand for something else.
    """
    unique, count = np.unique(values[np.isfinite(values)], return_counts=True)
    if len(unique) < 2:
        return []
    nines = np.isin(np.abs(unique), NINE_LIKE)
    rest = unique[~nines] if (~nines).any() else unique
    width, found = rest[-1] - rest[0], []
    usual = count[~nines].max(initial=1)
    for value in unique[nines]:
        away = max(rest[0] - value, value - rest[-1])
        often = count[unique == value][0] >= max(FEW, 4 * usual) and abs(value) > 9
        # beside one other value, as 99 beside 101, a range does not say what is far
        wide = width if len(rest) > 1 else np.abs(rest[0])
        if value not in rest and (
            away > FAR_NINES * max(wide, 1e-9) or (often and len(rest) > FEW)
        ):
            found.append(float(value))
    for end, inner in ((0, rest[1:]), (-1, rest[:-1])):
        width = np.ptp(inner) if len(inner) > 1 else np.inf
        away = np.abs(rest[end] - inner).min() if len(inner) else 0
        if away > FAR * width and count[unique == rest[end]][0] >= FEW:
            found.append(float(rest[end]))
    return found


def _units(name, values) -> list[str]:
    positive = values[values > 0]
    if not len(positive):
        return []
    median, option = np.median(positive), f"units={{{name.removeprefix('event ')!r}: 'ms'}}"
    if median > LONG:
        return [
            f"{name!r} has a median of {median:g}: taken as seconds; if these are milliseconds, "
            f"pass {option}, or divide by 1000"
        ]
    if name == "rt" and median < SHORT:
        return [f"{name!r} has a median of {median:g} s, which no response time is: look at units"]
    zero = values == 0
    if name == "rt" and zero.any():
        return [
            f"'rt' is 0 s on {where(zero)}: where this stands for no response, pass "
            f"{declare('rt', [0])}"
        ]
    return []


def _odd_options(trials) -> list[str]:
    """Options that look like a code for a missing choice, and have no name of their own."""
    names = [str(name) for name in np.atleast_1d(trials["choice"].attrs["labels"])]
    number = pd.to_numeric(pd.Series(names, dtype=object), errors="coerce").to_numpy(float)
    if np.isnan(number).any() or len(names) < 3:
        return []
    code = trials["choice"].values.astype(float)
    two_sided = len(names) > 3 and set(number) == set(-number)
    odd = [
        (name, k)
        for k, (name, value) in enumerate(zip(names, number, strict=True))
        if (value < 0 and 0 in number and not two_sided)
        or (len(name) > 1 and NINES.fullmatch(name) and value - 1 not in number)
    ]
    return [
        f"option {name!r} was chosen on {int((code == k).sum())} of {np.isfinite(code).sum()} "
        f"trials: where it stands for a missing choice, pass {declare('choice', [float(name)])} "
        "and leave it out of labels; where it is an option, give it a name with {value: label}"
        for name, k in odd
    ]
