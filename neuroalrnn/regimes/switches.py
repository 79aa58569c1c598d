"""Switches: where the regime changes from one step to the next, and what they are locked to.

A switch at a step means that its regime differs from that of the previous present step of the
same session. The regime of a step decides the map to the *next* step, so the new map acts one step
later.
"""

import numpy as np
import pandas as pd
import xarray as xr

from neuroalrnn.exceptions import DataError
from neuroalrnn.network.codes import flipped_units
from neuroalrnn.regimes import ABSENT, trial_variable
from neuroalrnn.regimes.steps import (
    require_steps,
    steps_in_order,
    with_steps,
    with_variables,
)
from neuroalrnn.stats.defaults import N_CURVE_DRAWS
from neuroalrnn.stats.locked import check_lags, shift_band


def compute_switches(regimes: xr.DataArray, trials=None, *, carry: str = "session") -> xr.DataArray:
    """Mark the steps at which the regime changed.

    Parameters
    ----------
    regimes : DataArray (trial, step) of int, or (trial,)
        -1 where a trial has no such step.
    trials : Dataset, optional
        Trial coordinates that `regimes` lacks.
    carry : {"session", "block", "trial"}
        Where the latent state is reset; no switch is defined at the first step after a reset.

    Returns
    -------
    switches : DataArray (trial, step) of float
        1 at a switch, 0 elsewhere, NaN where undefined: the first step of a sequence, absent steps.

    Raises
    ------
    DataError
    """
    regimes = with_steps(regimes)
    steps = steps_in_order(regimes, trials, carry=carry)
    first = steps["sequence"].diff().ne(0)
    values = np.full(regimes.shape, np.nan)
    switched = steps["regime"].diff().ne(0).astype(float).mask(first)
    values[steps["row"], steps["column"]] = switched
    return regimes.copy(data=values).rename("switch").assign_attrs(carry=carry)


def switch_events(regimes: xr.DataArray, trials=None, *, carry: str = "session") -> pd.DataFrame:
    """List the switches.

    Parameters
    ----------
    regimes : DataArray (trial, step) of int
    trials : Dataset, optional
    carry : {"session", "block", "trial"}

    Returns
    -------
    events : DataFrame, one row per switch, in time order
        subject, session, trial (position in `regimes`), trial_in_session, step (name), code,
        code_next (before and after), flipped_units (PWL units that flipped, such as "0 2"),
        n_flipped (Hamming distance).
    """
    steps = with_variables(steps_in_order(regimes, trials, carry=carry), ("step",), regimes, trials)
    previous = steps["regime"].shift(fill_value=ABSENT)
    at = steps["sequence"].diff().eq(0) & (steps["regime"] != previous)
    events = steps[at].rename(columns={"row": "trial", "regime": "code_next"})
    events = events.assign(code=previous[at])
    pairs = zip(events["code"], events["code_next"], strict=True)
    flipped = [flipped_units(*pair) for pair in pairs]
    events["flipped_units"] = [" ".join(map(str, units)) for units in flipped]
    events["n_flipped"] = [len(units) for units in flipped]
    columns = ["subject", "session", "trial", "trial_in_session", "step"]
    columns += ["code", "code_next", "flipped_units", "n_flipped"]
    return events[columns].reset_index(drop=True)


def compute_rule_changes(trials: xr.Dataset, variable: str) -> xr.DataArray:
    """Mark trials whose value of a variable differs from that of the trial before.

    Parameters
    ----------
    trials : Dataset
    variable : str
        Such as the context or the rule.

    Returns
    -------
    changed : DataArray (trial,) of bool
        False at the first trial of a session.

    Raises
    ------
    DataError
        No such variable on trial, or missing values (with trials).
    """
    if variable not in trials:
        raise DataError(f"no variable {variable!r}; found {', '.join(map(str, trials.data_vars))}")
    names = ("subject", "session", "trial_in_session")
    table = pd.DataFrame({name: trials[name].to_numpy() for name in names})
    if trials[variable].dims != ("trial",):
        raise DataError(f"{variable!r}: found dims {trials[variable].dims}, expected ('trial',)")
    table["value"] = trials[variable].to_numpy()
    if (missing := np.flatnonzero(table["value"].isna())).size:
        raise DataError(f"{variable!r} is missing in trials {missing[:10].tolist()}; select first")
    table = table.sort_values(list(names), kind="stable")
    before = table.groupby(["subject", "session"], sort=False)["value"].shift()
    first = table.groupby(["subject", "session"], sort=False).cumcount() == 0
    changed = ((table["value"] != before) & ~first).sort_index()
    coords = {name: trials[name] for name in names}
    return xr.DataArray(changed.to_numpy(bool), dims="trial", coords=coords, name="rule_change")


def compute_switch_probability_by(switches: xr.DataArray, trials=None, *, by=("step",)):
    """Share of steps with a switch, per subject and condition.

    Parameters
    ----------
    switches : DataArray (trial, step) of float
        From `compute_switches`; undefined steps do not count.
    trials : Dataset, optional
        Holds the variables named in `by`.
    by : sequence of str
        "step" and any variables on `trial`.

    Returns
    -------
    table : DataFrame
        subject, the columns of `by`, switch_probability, n_steps.

    Raises
    ------
    DataError
        No switches, or an unknown variable.
    """
    _require_switches(switches)
    defined = switches.copy(data=np.where(switches.isnull(), ABSENT, switches).astype(int))
    steps = with_variables(steps_in_order(defined, trials), by, defined, trials)
    keys = list(dict.fromkeys(["subject", *by]))
    parts = steps.groupby(keys, sort=True, observed=True)["regime"]
    return parts.agg(switch_probability="mean", n_steps="size").reset_index()


def compute_locked_switch_probability(
    switches: xr.DataArray,
    trials=None,
    *,
    event,
    step=None,
    lags=range(-5, 6),
    n_draws: int = N_CURVE_DRAWS,
    rng: np.random.Generator | None = None,
) -> xr.Dataset:
    """Probability of a switch in the trials around an event, with its circular-shift band.

    Parameters
    ----------
    switches : DataArray (trial, step) of float
    trials : Dataset, optional
        Trial coordinates that `switches` lacks.
    event : array or DataArray (trial,) of bool
        Trials with the event, such as `compute_rule_changes`.
    step : str or int, optional
        Name of the step within the trial whose switches count; any step of the trial if absent.
    lags : sequence of int
        In trials, 0 being the trial of the event.
    n_draws : int
        Circular shifts drawn.
    rng : Generator, optional

    Returns
    -------
    locked : Dataset
        Per subject (subject, lag): switch_probability, null_mean, null_low, null_high, n_events;
        over subjects (lag): group_switch_probability (mean), group_null_mean, group_null_low,
        group_null_high.
        ``attrs["excluded"]`` names subjects without a usable session.

    Raises
    ------
    DataError, NotTestableError
    """
    require_steps(switches)
    values = switches.transpose("trial", "step")
    if np.shape(event) != (values.sizes["trial"],):
        raise DataError(
            f"event: found shape {np.shape(event)}, expected one for each of "
            f"{values.sizes['trial']} trials"
        )
    names = ("subject", "session", "trial_in_session")
    table = pd.DataFrame({name: trial_variable(name, values, trials) for name in names})
    table["switch"] = switch_in_trial(values, step)
    table["event"] = np.asarray(event)
    table = table.sort_values(list(names), kind="stable")
    row, there = rows_with_removed(table, check_lags(lags, n_draws))
    table = table.iloc[row].assign(switch=lambda rows: rows["switch"].where(there))
    table["event"] = np.where(there, table["event"], False)
    locked = shift_band(
        *(table[name].to_numpy() for name in ("switch", "event", "session", "subject")),
        lags=lags,
        n_draws=n_draws,
        rng=rng,
    )
    named = {"probability": "switch_probability"}
    each = locked.subjects.rename(columns=named).set_index(["subject", "lag"]).to_xarray()
    group = locked.group.rename(columns=named).set_index("lag").to_xarray()
    group = group.rename({name: f"group_{name}" for name in group.data_vars})
    label = "any" if step is None else str(step)
    return xr.merge([each, group]).assign_attrs(
        excluded=", ".join(locked.excluded), step=label, n_draws=n_draws
    )


def switch_in_trial(switches: xr.DataArray, step=None) -> np.ndarray:
    """Reduce switches to one value per trial.

    Parameters
    ----------
    switches : DataArray (trial, step) of float
    step : str or int, optional
        Name of the step whose switches count; any step of the trial if absent.

    Returns
    -------
    switched : array (trial,) of float
        1 or 0, NaN where no switch is defined.

    Raises
    ------
    DataError
        No such step, or other values than 0, 1 and NaN.
    """
    _require_switches(switches)
    if step is None:
        return switches.max("step", skipna=True).to_numpy()
    labels = switches["step"].to_numpy().tolist()
    if step not in labels:
        raise DataError(f"step: found {step!r}, expected one of {', '.join(map(str, labels))}")
    return switches.isel(step=labels.index(step)).to_numpy()


def rows_with_removed(table: pd.DataFrame, lags) -> tuple[np.ndarray, np.ndarray]:
    """Rows that leave room for trials that were removed, so that lags count trials, not rows.

    Parameters
    ----------
    table : DataFrame
        subject, session and trial_in_session, sorted by these.
    lags : int array
        A gap gets no more rows than the largest of them.

    Returns
    -------
    row : int array
        Positions in the table in order; the trial before a gap fills it.
    there : bool array
        False in gaps.
    """
    keys = table[["subject", "session"]].reset_index(drop=True)
    ends = ~(keys == keys.shift(-1)).all(axis=1).to_numpy()
    gap = np.diff(table["trial_in_session"].to_numpy(float), append=0.0) - 1
    n_rows = 1 + np.where(ends, 0, np.clip(gap, 0, np.abs(lags).max())).astype(int)
    row = np.repeat(np.arange(len(table)), n_rows)
    return row, np.r_[True, row[1:] != row[:-1]]


def _require_switches(switches) -> None:
    require_steps(switches)
    values = switches.to_numpy().astype(float)
    if not np.isin(values[~np.isnan(values)], (0, 1)).all():
        raise DataError("switches: found other values than 0, 1 and NaN; see compute_switches")
