"""Behaviour around switches: choice, correctness and reaction time in the trials before and after.

A network may switch because of an input that also changes behaviour, or because of an earlier
choice where choices are inputs: these curves show what goes together, not what causes what. Only
regimes from inputs before the choice, by a network that never saw the subject, tell anything.
"""

import numpy as np
import pandas as pd
import xarray as xr

from neuroalrnn.behaviour.relation import compute_outcomes
from neuroalrnn.exceptions import DataError, NotTestableError
from neuroalrnn.regimes import trial_variable
from neuroalrnn.regimes.events import carry_of, decisive_regimes
from neuroalrnn.regimes.replication import is_independent
from neuroalrnn.regimes.steps import refuse_other_trials, require_steps
from neuroalrnn.regimes.switches import compute_switches, rows_with_removed, switch_in_trial
from neuroalrnn.stats import benjamini_hochberg, circular_shift_null, shift_band
from neuroalrnn.stats.checks import as_numbers
from neuroalrnn.stats.defaults import N_CURVE_DRAWS
from neuroalrnn.stats.locked import check_lags
from neuroalrnn.stats.shifts import FEWEST_SWITCHES

LAGS = range(-5, 6)
NAMES = ("subject", "session", "trial_in_session")
UNITS = ["subject", "session"]


def compute_triggered_average(
    switches: xr.DataArray,
    outcome,
    trials=None,
    *,
    step=None,
    lags=LAGS,
    n_draws: int = N_CURVE_DRAWS,
    rng: np.random.Generator | None = None,
) -> xr.Dataset:
    """Mean outcome in the trials around a switch, with its circular-shift band and test.

    ``average(lag) = mean over trials t with a switch of outcome[t + lag]``, per subject over all
    sessions that can be tested, then over subjects. The band shifts the outcome circularly within
    the session; its slow trend stays in place. The test is `circular_shift_null` of the switches
    against the outcome at that lag: one shift-corrected number per subject, tested over subjects.

    Parameters
    ----------
    switches : DataArray (trial, step) of float
        From `compute_switches`.
    outcome : array (trial,)
        Of the same trials, in any unit; NaN where a trial does not count.
    trials : Dataset, optional
        Trial coordinates that `switches` lacks.
    step : str or int, optional
        Name of the step within the trial whose switches count; any step of the trial if absent.
    lags : sequence of int
        In trials, 0 being the trial of the switch.
    n_draws : int
        Circular shifts drawn for the band.
    rng : Generator, optional
        ``default_rng(0)`` if absent.

    Returns
    -------
    triggered : Dataset
        Per subject (subject, lag): average, null_mean, null_low, null_high (units of the outcome),
        n_events, corrected (null standard deviations, NaN where not testable). Over subjects (lag):
        group_average, group_null_mean, group_null_low, group_null_high, group_corrected (mean),
        group_p (NaN where not testable), group_note (why not). ``attrs["excluded"]`` names subjects
        without a session of 20 trials and 4 switches.

    Raises
    ------
    DataError
        An outcome of another length, infinite or no number; values that are no switches; lags that
        are no different whole numbers.
    NotTestableError
        No session has enough trials and switches.
    """
    require_steps(switches)
    lags = check_lags(lags, n_draws)
    table = _as_table(switches.transpose("trial", "step"), outcome, trials, step)
    row, there = rows_with_removed(table, lags)
    table = table.iloc[row].reset_index(drop=True)
    table.loc[~there, ["switched", "outcome"]] = np.nan
    n_switches = table.groupby(UNITS)["switched"].transform("sum")
    event = ((table["switched"] == 1) & (n_switches >= FEWEST_SWITCHES)).to_numpy()
    columns = (table[name].to_numpy() for name in ("session", "subject"))
    series = table["outcome"].to_numpy()
    band = shift_band(series, event, *columns, lags=lags, n_draws=n_draws, rng=rng)
    averages = band.subjects.rename(columns={"probability": "average"})
    each = averages.set_index(["subject", "lag"]).to_xarray()
    means = band.group.rename(columns={"probability": "average"}).set_index("lag").to_xarray()
    group = means.rename({name: f"group_{name}" for name in means.data_vars})
    test = _test_lags(table, lags).reindex(subject=each["subject"])
    found = xr.merge([each, group, test])
    label = "any" if step is None else str(step)
    return found.assign_attrs(excluded=", ".join(band.excluded), step=label, n_draws=n_draws)


def _as_table(switches, outcome, trials, step) -> pd.DataFrame:
    outcome = as_numbers(outcome, "outcome", "triggered average")
    if outcome.shape != (switches.sizes["trial"],) or np.isinf(outcome).any():
        raise DataError(
            f"outcome: found shape {outcome.shape} and {int(np.isinf(outcome).sum())} infinite "
            f"values, expected one finite value or NaN for each of {switches.sizes['trial']} trials"
        )
    table = pd.DataFrame({name: trial_variable(name, switches, trials) for name in NAMES})
    table = table.assign(switched=switch_in_trial(switches, step), outcome=outcome)
    return table.sort_values(list(NAMES), kind="stable", ignore_index=True)


def _test_lags(table, lags) -> xr.Dataset:
    """Shift-corrected numbers (subject, lag) and their test over subjects (lag)."""
    unit = table.groupby(UNITS, sort=False).ngroup().to_numpy()
    names = ("switched", "outcome", "session", "subject")
    switched, outcome, session, subject = (table[name].to_numpy() for name in names)
    corrected, rows = {}, []
    for lag in lags:
        at = np.arange(len(table)) + lag
        there = (at >= 0) & (at < len(table))
        at = np.where(there, at, 0)
        pairs = there & (unit[at] == unit) & ~np.isnan(outcome[at]) & ~np.isnan(switched)
        try:
            found = circular_shift_null(
                switched[pairs],
                outcome[at][pairs],
                session[pairs],
                subject[pairs],
                marks_switches=True,
            )
        except NotTestableError as error:
            rows.append((np.nan, np.nan, str(error)))
            continue
        corrected[lag] = found.subjects
        rows.append((found.effects["estimate"][0], found.effects["p"][0], ""))
    frame = pd.DataFrame(corrected, index=pd.Index(table["subject"].unique(), name="subject"))
    frame = frame.reindex(columns=pd.Index(lags, name="lag"))
    tests = pd.DataFrame(rows, columns=["group_corrected", "group_p", "group_note"])
    group = tests.set_index(frame.columns).to_xarray()
    return group.assign(corrected=xr.DataArray(frame))


def compute_triggered_averages(
    fit, regimes: xr.DataArray, *, lags=LAGS, n_draws: int = N_CURVE_DRAWS, random_state: int = 0
) -> xr.Dataset:
    """Choice, correctness and log reaction time around switches of the decisive regime.

    A switch is a difference of the regime before the choice is read out to that of the previous
    trial, where the state was carried over. Of subjects that share a stimulus order one counts.

    Parameters
    ----------
    fit : Fit
    regimes : DataArray (trial, step) of int, or (trial,)
        From `compute_held_out_regimes`; or the labels of `find_functional_regimes`.
    lags : sequence of int
        In trials.
    n_draws, random_state : int
        Circular shifts drawn for the bands, and their seed.

    Returns
    -------
    triggered : Dataset
        As from `compute_triggered_average`, with ``outcome`` (the names of `compute_outcomes`) in
        front and ``group_q`` (outcome, lag), Benjamini-Hochberg over the lags of each outcome;
        tests that could not be done enter as p = 1. ``excluded`` (outcome) names the subjects that
        cannot be tested; ``attrs["note"]`` says when only one subject per stimulus order is in.

    Raises
    ------
    DataError
        The trials are not those of the regimes.
    NotTestableError
        As in `compute_triggered_average`, or the trials have no outcome.
    """
    refuse_other_trials(regimes, fit.trials)
    counts = np.flatnonzero(is_independent(fit))
    trials = fit.trials.isel(trial=counts)
    outcomes = compute_outcomes(trials)
    if not outcomes:
        raise NotTestableError(
            "there is nothing to average: neither a choice of two options, nor correctness, nor "
            "reaction time"
        )
    carry = carry_of(fit, regimes)
    switches = compute_switches(decisive_regimes(fit, regimes)[counts], trials, carry=carry)
    parts = []
    for values in outcomes.values():
        rng = np.random.default_rng(random_state)
        part = compute_triggered_average(
            switches, values, trials, lags=lags, n_draws=n_draws, rng=rng
        )
        parts.append(part.assign(excluded=part.attrs["excluded"]))
    names = xr.DataArray(np.array(list(outcomes)), dims="outcome", name="outcome")
    found = xr.concat(parts, names, join="outer", combine_attrs="drop")
    p = found["group_p"].fillna(1.0).transpose("outcome", "lag")
    q = np.array([benjamini_hochberg(each) for each in p.to_numpy()])
    all_count = len(counts) == fit.trials.sizes["trial"]
    note = "" if all_count else "one subject per stimulus order: the others see the same inputs"
    return found.assign(group_q=p.copy(data=q)).assign_attrs(n_draws=n_draws, note=note)
