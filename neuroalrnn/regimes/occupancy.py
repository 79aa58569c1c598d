"""How much each regime is visited: shares by any variable, over the session, and coverage."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import ArrayLike

from neuroalrnn.exceptions import DataError, problems
from neuroalrnn.network.codes import ABSENT, MOST_PWL, check_codes
from neuroalrnn.regimes.steps import (
    require_steps,
    steps_in_order,
    trial_variable,
    with_variables,
)
from neuroalrnn.stats.checks import as_numbers, as_whole_numbers


def compute_occupancy(
    regimes: xr.DataArray, *, trials: xr.Dataset | None = None, by: Sequence[str] = ("step",)
) -> pd.DataFrame:
    """Compute the share of steps spent in each regime, per subject and condition.

    Parameters
    ----------
    regimes : DataArray (trial, step) of int, or (trial,)
        Regimes of the steps that count; select trials before (such as the scored ones).
    trials : Dataset, optional
        The same trials, for variables of `by` that `regimes` lacks.
    by : sequence of str
        What divides the steps: "step", any variables on `trial` (condition, outcome, subject), and
        variables on `trial` and `step`, such as the epoch of `assign_epochs`.

    Returns
    -------
    occupancy : DataFrame
        One row per subject, condition and regime: subject, the columns of `by`, regime, occupancy,
        n_steps (of the condition). Each condition that a subject has lists every regime used
        anywhere, with 0 where it does not occur, so that shares sum to 1.

    Raises
    ------
    DataError
        An unknown variable, or one with missing values.
    """
    steps = with_variables(steps_in_order(regimes, trials), by, regimes, trials)
    keys = list(dict.fromkeys(["subject", *by]))
    parts = steps.groupby([*keys, "regime"], sort=True, observed=True)
    count = parts.size().unstack("regime", fill_value=0)
    total = count.sum(axis=1)
    share = pd.DataFrame({"occupancy": count.div(total, axis=0).stack()}).reset_index()
    return share.merge(total.to_frame("n_steps").reset_index(), on=keys)


def compute_occupancy_trend(
    regimes: xr.DataArray, trials: xr.Dataset | None = None, *, n_bins: int = 10
) -> pd.DataFrame:
    """Compute the share of steps spent in each regime, by trial number, per subject.

    A common trend makes unrelated slow series look related; this table shows whether there is one.

    Parameters
    ----------
    regimes : DataArray (trial, step) of int, or (trial,)
        Regimes of all steps, -1 where there is no step.
    trials : Dataset, optional
        The same trials, for coordinates that `regimes` lacks.
    n_bins : int
        Number of bins of trial number, the same for all subjects and with about equally many
        trials; fewer where sessions are shorter.

    Returns
    -------
    trend : DataFrame
        One row per subject, bin and regime: subject, bin (0, 1, ...), first_trial and last_trial
        (trial in session, of all trials in the bin), regime, occupancy, n_steps (of the subject in
        the bin). Shares sum to 1 in every bin that a subject has.

    Raises
    ------
    DataError
        Fewer than one bin, or regimes and trials that `steps_in_order` refuses.
    """
    as_whole_numbers(n_bins, "n_bins", "occupancy trend", least=1)
    number = trial_variable("trial_in_session", regimes, trials)
    number = as_numbers(number, "trial_in_session", "occupancy trend")
    edges = np.unique(np.quantile(number, np.linspace(0, 1, n_bins + 1)[1:-1]))
    binned = regimes.assign_coords(bin=("trial", np.searchsorted(edges, number, side="left")))
    trend = compute_occupancy(binned, trials=trials, by=("bin",))
    spans = pd.Series(number).groupby(binned["bin"].to_numpy()).agg(["min", "max"])
    trend.insert(2, "first_trial", spans["min"].loc[trend["bin"]].to_numpy())
    trend.insert(3, "last_trial", spans["max"].loc[trend["bin"]].to_numpy())
    return trend


def assign_epochs(regimes: xr.DataArray, events: Mapping[str, ArrayLike]) -> xr.DataArray:
    """Name each step by the last event at or before it.

    Parameters
    ----------
    regimes : DataArray (trial, step) of int
        Regimes of all steps, -1 where there is no step.
    events : dict of str to array (trial,)
        Step of each event within its trial, NaN where there was none, as from
        `neuroalrnn.regimes.events.event_steps`. Of events at one step the last listed counts.

    Returns
    -------
    regimes : DataArray (trial, step) of int
        The same regimes with a coordinate "epoch" (trial, step); "start" before the first event.

    Raises
    ------
    DataError
        Not one step for each trial and event, or steps before the first.
    """
    require_steps(regimes)
    events = _checked_events(events, regimes.sizes["trial"])
    column = np.arange(regimes.sizes["step"])
    shape = (regimes.sizes["trial"], column.size)
    epoch, since = np.full(shape, "start", dtype=object), np.full(shape, -1.0)
    for name, at in events.items():
        at = at[:, None]
        later = (at <= column) & (at >= since)
        epoch[later], since = name, np.where(later, at, since)
    return regimes.assign_coords(epoch=(("trial", "step"), epoch.astype(str)))


def _checked_events(events, n_trials) -> dict:
    if not isinstance(events, Mapping):
        raise DataError(f"events: found {type(events).__name__}, expected names and their steps")
    events = {name: as_numbers(at, name, "events") for name, at in events.items()}
    found = [
        f"{name!r}: shape {at.shape}, expected one step for each of {n_trials} trials"
        for name, at in events.items()
        if at.shape != (n_trials,)
    ]
    found += [
        f"{name!r}: {int((at < 0).sum())} steps before the first one"
        for name, at in events.items()
        if (at < 0).any()
    ]
    if found:
        raise problems(DataError, "events", found)
    return events


def compute_coverage(regimes: ArrayLike, n_pwl: int) -> pd.DataFrame:
    """List the regimes by falling use, with the share of steps that the first few cover.

    Parameters
    ----------
    regimes : array or DataArray of int
        Codes of the steps that count, all together.
    n_pwl : int
        Nominal number of PWL units P of the network.

    Returns
    -------
    coverage : DataFrame
        One row per visited regime: rank (1, 2, ...), code, n_steps, occupancy (share of all
        steps), cumulative_occupancy (of this rank and those above), n_visited, n_possible (2^P,
        never 2 to the number of latents).

    Raises
    ------
    DataError
        No step is present, or a code is not below 2^P.
    """
    if not 0 <= n_pwl <= MOST_PWL:
        raise DataError(f"n_pwl: found {n_pwl}, expected 0 to {MOST_PWL}")
    values = check_codes(regimes, n_pwl, title="coverage")
    code, n_steps = np.unique(values[values != ABSENT], return_counts=True)
    if not code.size:
        raise DataError("coverage: found no present step")
    order = np.argsort(-n_steps, kind="stable")
    table = pd.DataFrame({"code": code[order], "n_steps": n_steps[order]})
    table.insert(0, "rank", np.arange(1, len(table) + 1))
    table["occupancy"] = table["n_steps"] / table["n_steps"].sum()
    table["cumulative_occupancy"] = table["n_steps"].cumsum() / table["n_steps"].sum()
    return table.assign(n_visited=len(table), n_possible=2**n_pwl)
