"""Steps in time order, with the variables that they are grouped by."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr

from neuroalrnn.exceptions import DataError, problems
from neuroalrnn.network.codes import ABSENT, check_codes
from neuroalrnn.stats.checks import refuse_unnamed
from neuroalrnn.stats.null_tests import number_labels

CARRY = {
    "session": ("subject", "session"),
    "block": ("subject", "session", "block"),
    "trial": ("subject", "session", "trial_in_session"),
}
TRIAL = CARRY["trial"]
# columns of the table of steps that no variable may replace
OWN_COLUMNS = ("row", "column", "regime", "sequence")


def steps_in_order(
    regimes: xr.DataArray, trials: xr.Dataset | None = None, *, carry: str = "session"
) -> pd.DataFrame:
    """List the present steps in time order, with the sequence each belongs to.

    Parameters
    ----------
    regimes : DataArray (trial, step) of int, or (trial,)
        Regimes of all steps, -1 where there is no step; see `with_steps` for one per trial.
    trials : Dataset, optional
        The same trials, for coordinates that `regimes` lacks.
    carry : {"session", "block", "trial"}
        What one sequence is, that is, where the latent state is reset.

    Returns
    -------
    steps : DataFrame
        One row per present step: row and column (positions in `regimes`), regime, subject,
        session, sequence (int). Sorted by subject, session, trial in session and step.

    Raises
    ------
    DataError
        No DataArray (trial, step) or (trial,) of integers, trials that are not those of `trials`,
        or trials without subject, session or number, or with one that occurs twice.
    """
    if carry not in CARRY:
        raise DataError(f"carry: found {carry!r}, expected one of {', '.join(CARRY)}")
    regimes = with_steps(regimes)
    keys = {
        name: trial_variable(name, regimes, trials)
        for name in dict.fromkeys((*TRIAL, *CARRY[carry]))
    }
    places = _refuse_unordered(keys)
    values = check_codes(regimes)
    # trials are sorted, not their steps: these are in order within a trial
    order = np.lexsort([places[name] for name in reversed(TRIAL)])
    at, column = np.nonzero(values[order] != ABSENT)
    row = order[at]
    table = pd.DataFrame({name: pd.Series(key).take(row) for name, key in keys.items()})
    table = table.reset_index(drop=True)
    table = table.assign(row=row, column=column, regime=values[row, column])
    changed = np.zeros(len(row), dtype=bool)
    changed[:1] = True
    for name in CARRY[carry]:
        changed[1:] |= np.diff(places[name][row]) != 0
    return table.assign(sequence=np.cumsum(changed) - 1)


def with_steps(regimes: xr.DataArray) -> xr.DataArray:
    """Give regimes of whole trials, such as functional ones, the form that statistics take.

    Parameters
    ----------
    regimes : DataArray (trial, step), or (trial,)
        One label per trial is that of its choice.

    Returns
    -------
    regimes : DataArray (trial, step)
        With one step, "choice", where there was none.

    Raises
    ------
    DataError
    """
    if isinstance(regimes, xr.DataArray) and regimes.dims == ("trial",):
        return regimes.expand_dims(step=["choice"], axis=1)
    require_steps(regimes)
    return regimes.transpose("trial", "step")


def require_steps(regimes) -> None:
    """Raise unless values are a DataArray (trial, step).

    Parameters
    ----------
    regimes : DataArray

    Raises
    ------
    DataError
    """
    if not isinstance(regimes, xr.DataArray):
        raise DataError(
            f"regimes: found {type(regimes).__name__}, expected a DataArray (trial, step), "
            "see compute_held_out_regimes"
        )
    if set(regimes.dims) != {"trial", "step"}:
        raise DataError(f"regimes: found dims {regimes.dims}, expected ('trial', 'step')")


def refuse_other_trials(regimes, trials) -> None:
    """Raise unless regimes are those of the same trials, in the same order.

    Parameters
    ----------
    regimes : DataArray (trial, ...)
    trials : Dataset

    Raises
    ------
    DataError
    """
    found = []
    if regimes.sizes["trial"] != trials.sizes["trial"]:
        found.append(f"{regimes.sizes['trial']} trials and {trials.sizes['trial']}")
    else:
        for name in TRIAL:
            if name in regimes.coords and name in trials:
                mine, theirs = (each[name].to_numpy() for each in (regimes, trials))
                if mine.dtype == theirs.dtype and np.array_equal(mine, theirs):
                    continue
                mine, theirs = mine.astype(str), theirs.astype(str)
                if (other := np.flatnonzero(mine != theirs)).size:
                    at = other[0]
                    found.append(f"{name!r} differs, first in row {at}: {mine[at]}, {theirs[at]}")
    if found:
        found.append("select and sort both in the same way")
        raise problems(DataError, "regimes and trials are not the same", found)


def _refuse_unordered(keys) -> dict:
    """Place of each label among those of its kind; trials need a place in time of their own."""
    refuse_unnamed("trials", keys)
    number = keys["trial_in_session"]
    if number.dtype.kind not in "iuf":
        raise DataError(
            f"trials: 'trial_in_session' is {number.dtype}, expected numbers: "
            "text sorts 10 before 2"
        )
    places = {name: number_labels(key)[0] for name, key in keys.items()}
    twice = pd.DataFrame({name: places[name] for name in TRIAL}).duplicated().to_numpy()
    if twice.any():
        row = int(twice.argmax())
        where = ", ".join(f"{name} {keys[name][row]}" for name in TRIAL)
        raise DataError(f"trials: {int(twice.sum())} occur twice, first row {row} ({where})")
    return places


def trial_variable(
    name: str, regimes: xr.DataArray, trials: xr.Dataset | None = None
) -> np.ndarray:
    """Look up a variable on `trial`, in the regimes first, then in the trials.

    Parameters
    ----------
    name : str
        Name of the variable.
    regimes : DataArray (trial, step)
        Regimes with coordinates of trials.
    trials : Dataset, optional
        The same trials.

    Returns
    -------
    values : array (trial,)
        One value per trial.

    Raises
    ------
    DataError
        Unknown, not one value per trial, of another length, or of other trials than `regimes`.
    """
    found = _look_up(name, regimes, trials)
    if found.dims != ("trial",) or found.size != regimes.sizes["trial"]:
        raise DataError(
            f"{name!r}: found dims {found.dims} and {found.size} values, "
            f"expected one for each of the {regimes.sizes['trial']} trials"
        )
    return found.to_numpy()


def _look_up(name, regimes, trials) -> xr.DataArray:
    if name in regimes.coords:
        return regimes.coords[name]
    if trials is not None and name in trials:
        if trials[name].sizes.get("trial") == regimes.sizes["trial"]:
            refuse_other_trials(regimes, trials)
        return trials[name]
    raise DataError(f"no variable {name!r} on trial; pass `trials` that have it")


def with_variables(
    steps: pd.DataFrame,
    by: Sequence[str],
    regimes: xr.DataArray,
    trials: xr.Dataset | None = None,
) -> pd.DataFrame:
    """Add variables to a table made by `steps_in_order`.

    Parameters
    ----------
    steps : DataFrame
        One row per step, from `steps_in_order`.
    by : sequence of str
        What to add: "step" (its name), variables on `trial`, or on `trial` and `step` (see
        `assign_epochs`).
    regimes : DataArray (trial, step), or (trial,)
        Regimes with coordinates of trials.
    trials : Dataset, optional
        The same trials.

    Returns
    -------
    steps : DataFrame
        The same rows with one more column per variable; steps, and choices by their labels, are
        ordered categories.

    Raises
    ------
    DataError
        Lists unknown variables and variables with missing values.
    """
    if isinstance(by, str):
        raise DataError(
            f"by: found the text {by!r}, expected a sequence of names, such as [{by!r}]"
        )
    regimes = with_steps(regimes)
    found = [
        f"{name!r} is a name of this table's own; rename it" for name in by if name in OWN_COLUMNS
    ]
    by = [name for name in by if name not in OWN_COLUMNS]
    for name in by:
        try:
            values = _on_steps(name, steps, regimes, trials)
        except DataError as error:
            found.append(str(error))
            continue
        if values.isna().any():
            found.append(
                f"{name!r}: {int(values.isna().sum())} steps without a value; select first"
            )
        steps = steps.assign(**{name: values.to_numpy() if values.dtype != "category" else values})
    if found:
        raise problems(DataError, "grouping steps", found)
    return steps


def _on_steps(name, steps, regimes, trials) -> pd.Series:
    """Value of a variable at each row of the steps."""
    if name == "step":
        labels = regimes["step"].to_numpy() if "step" in regimes.coords else None
        labels = np.arange(regimes.sizes["step"]) if labels is None else labels
        # Ordered as in the task, not by name.
        return _ordered(steps["column"].to_numpy(), labels)
    variable = _look_up(name, regimes, trials)
    if set(variable.dims) == {"trial", "step"} and variable.sizes == regimes.sizes:
        values = variable.transpose("trial", "step").to_numpy()[steps["row"], steps["column"]]
    else:
        values = trial_variable(name, regimes, trials)[steps["row"]]
    # elsewhere labels explain values, which need not be codes
    labels = variable.attrs.get("labels") if name == "choice" else None
    if labels is None:
        return pd.Series(values, index=steps.index)
    return _ordered(np.where(np.isnan(values), -1, values).astype(int), np.asarray(labels))


def _ordered(codes, labels) -> pd.Series:
    kind = pd.Categorical.from_codes(codes, categories=labels, ordered=True)
    return pd.Series(kind.remove_unused_categories())
