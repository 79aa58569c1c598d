"""Write tables with one row per trial, with the arguments that bring the dataset back."""

import numpy as np
import pandas as pd
import xarray as xr

from neuroalrnn.data.coding import is_signed
from neuroalrnn.data.events import event_names
from neuroalrnn.data.roles import LABELS, UNMARKED
from neuroalrnn.data.schema import is_after_choice, validate
from neuroalrnn.exceptions import DataError, problems

COORDS = {**{name: name for name in LABELS}, "trial": "trial_in_session"}


def to_frame(trials: xr.Dataset) -> pd.DataFrame:
    """Write a trial dataset as a table, one row per trial; the inverse of `from_frame`.

    Parameters
    ----------
    trials : xarray.Dataset
        Labelled trials, see `validate`.

    Returns
    -------
    df : pandas.DataFrame
        Table with choices as labels, and event times as columns ``"event_time:name"`` (s).
        ``df.attrs["from_frame"]`` holds the arguments that bring the dataset back as it was:
        ``from_frame(df, **df.attrs["from_frame"])``.

    Raises
    ------
    DataError
        The dataset does not fit the contract, or holds variables that are no column, such as
        time-resolved ones.

    Examples
    --------
    >>> import pandas as pd
    >>> from neuroalrnn import from_frame, to_frame
    >>> table = pd.DataFrame({"ID": ["ann", "ann"], "resp": ["left", "right"]})
    >>> roles = {"subject": "ID", "choice": "resp"}
    >>> trials = from_frame(table, roles, labels=["left", "right"])
    >>> to_frame(trials)["choice"].tolist()
    ['left', 'right']
    """
    validate(trials)
    names = _written(trials)
    labels = [str(label) for label in trials["choice"].attrs["labels"]]
    table = {role: trials[name].values for role, name in COORDS.items() if name in trials.variables}
    table |= {name: trials.variables[name].values for name in names}
    code = np.nan_to_num(table["choice"]).astype(int)
    answered = np.isfinite(table["choice"])
    table["choice"] = np.where(answered, np.array(labels, dtype=object)[code], np.nan)
    events, timed = event_names(trials), list[str]()
    if "event_time" in trials:
        timed = [f"event_time:{name}" for name in events]
        table |= dict(zip(timed, trials["event_time"].values.T, strict=True))
    df = pd.DataFrame(table)
    df.attrs["from_frame"] = {
        "columns": {name: name for name in df if name not in timed},
        "labels": dict(zip(labels, labels, strict=True)),
        "events": dict(zip(events, timed, strict=True)) if timed else events,
        "after_choice": [
            name for name in names if is_after_choice(trials, name) and name in df.columns
        ],
        "signed": [name for name in names if is_signed(trials, name) and name not in UNMARKED],
        "attrs": dict(trials.attrs),
        "stored": {
            "digest": digest(df),
            "variables": {
                str(name): _description(values) | {"is_coordinate": name in trials.coords}
                for name, values in trials.variables.items()
            },
        },
    }
    return df


def _description(values: xr.Variable) -> dict:
    attrs = {
        name: value.tolist() if isinstance(value, np.ndarray | np.generic) else value
        for name, value in values.attrs.items()
    }
    return {
        "dtype": str(values.dtype),
        "is_text": values.dtype.kind in "OTU",
        "attrs": attrs,
    }


def _written(trials) -> list[str]:
    """Variables with one value per trial, beside those that label trials."""
    rest = [name for name in trials.variables if name not in (*COORDS.values(), "event_time")]
    rest = [name for name in rest if name != "event" or trials["event"].dims != ("event",)]
    found = [
        f"{name!r} has a value per time step: leave it out with drop_vars"
        if "time" in trials.variables[name].dims
        else f"{name!r} is no column of one value per trial: leave it out with drop_vars"
        for name in rest
        if trials.variables[name].dims != ("trial",)
    ]
    found += ["'trial' would stand for trial_in_session: leave it out with drop_vars"] * (
        "trial" in rest
    )
    if found:
        raise problems(DataError, "to_frame", found)
    return [str(name) for name in rest]


def digest(df: pd.DataFrame) -> str:
    """Compute a checksum, which tells whether a table is still the one that `to_frame` wrote.

    Parameters
    ----------
    df : pandas.DataFrame
        Any table.

    Returns
    -------
    digest : str
        Equal for tables of equal cells.
    """
    return str(int(pd.util.hash_pandas_object(df.astype(str), index=False).sum()))
