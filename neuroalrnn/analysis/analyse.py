"""Everything that the report shows of a fit, as tidy tables."""

import json
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from neuroalrnn import stats
from neuroalrnn.analysis.behaviour import relate_to_behaviour
from neuroalrnn.analysis.dynamics.spectra import compute_spectra
from neuroalrnn.analysis.held_out import compute_held_out_regimes
from neuroalrnn.analysis.locking import lock_to_rule_changes, lock_within_trials
from neuroalrnn.analysis.mechanism import Mechanism, take_apart
from neuroalrnn.analysis.regimes import (
    compute_effective_n_pwl,
    compute_occupancy,
    compute_occupancy_trend,
)
from neuroalrnn.analysis.stability import (
    compute_score_spread,
    compute_stability,
    summarise_stability,
)
from neuroalrnn.analysis.switches import compute_switch_probability_by, compute_switches
from neuroalrnn.analysis.temperature import score_own_temperature
from neuroalrnn.analysis.transitions import (
    compute_dwell_survival,
    compute_dwell_times,
    compute_mean_dwell_times,
    compute_transitions,
)
from neuroalrnn.data.schema import COORDS, scored_trials
from neuroalrnn.exceptions import DataError, NotTestableError, problems
from neuroalrnn.stats import paired_difference
from neuroalrnn.stats.effects import effect_table


@dataclass(frozen=True)
class Analysis:
    """What a fit says about regimes, switches and behaviour.

    Attributes
    ----------
    tables : dict of str -> pandas.DataFrame
        Tidy tables, one row per effect, regime, subject or trial pair; see `analyse`.
    regimes, switches : xarray.DataArray, dims (trial, step)
        Held-out regime labels, and 1 where the regime differs from that of the step before.
    locked : xarray.Dataset or None
        Switch probability around rule changes, see `compute_locked_switch_probability`.
    conditions : list of str
    rule : str or None
    notes : list of str
        What could not be computed, and why.
    mechanism : Mechanism or None
        See `neuroalrnn.analysis.mechanism.take_apart`.
    """

    tables: dict
    regimes: xr.DataArray
    switches: xr.DataArray
    locked: xr.Dataset | None
    conditions: list
    rule: str | None
    notes: list
    mechanism: Mechanism | None = None


def analyse(fit, *, conditions=None, rule=None, random_state=0, mechanism=False, progress=False):
    """Relate the held-out regimes of a fit to task epochs and behaviour.

    Parameters
    ----------
    fit : Fit
    conditions : list of str, optional
        Trial variables that split occupancy and switch probability; default those that the dataset
        names in ``attrs["analysis"]``.
    rule : str, optional
        Trial variable whose changes are rule changes; default likewise.
    random_state : int
        Seed of the null bands, resampled subjects and circular shifts.
    mechanism : bool
        Also take the networks apart, see `neuroalrnn.analysis.mechanism.take_apart`.
    progress : bool
        Show a progress bar while they are.

    Returns
    -------
    Analysis
        Tables: ``scores`` (per model), ``comparisons`` (AL-RNN against each other model, paired
        over subjects), ``observed`` (the same for what was explained besides choices, if anything),
        ``models`` (every model against the best baseline and the best model),
        ``calibration`` and ``reliability`` (per model), ``regimes`` (labels, sign patterns),
        ``effective_n_pwl`` (per fold), ``agreement`` (between folds), ``stability`` (across
        restarts and across folds), ``stability_pairs``, ``stability_units``, ``score_spread``
        (over restarts, per fold), ``occupancy``, ``occupancy_trend`` (by trial number),
        ``dwell_times``, ``dwell_survival``, ``mean_dwell_times``, ``transitions``,
        ``switch_probability``, ``spectra``, ``behaviour``, and with a rule ``rule_switches`` (its
        test) and ``locked_switches`` (the curve).

    Raises
    ------
    DataError
        If a condition or the rule is not a variable of the trials.
    """
    defaults = json.loads(fit.trials.attrs.get("analysis", "{}"))
    conditions = list(defaults.get("conditions", [])) if conditions is None else list(conditions)
    rule = defaults.get("rule") if rule is None else rule
    _check_names(fit, conditions, rule)
    held_out = compute_held_out_regimes(fit)
    regimes, trials = held_out.regimes, fit.trials
    carry = fit.config["encoding"].get("carry", "session")
    switches = compute_switches(regimes, trials, carry=carry)
    present = _with_conditions(trials, conditions)
    by = ("step", *conditions)
    dwell_times = compute_dwell_times(regimes, trials, carry=carry)
    calibration, reliability = calibrate_models(fit, random_state)
    stability = compute_stability(fit, rng=np.random.default_rng(random_state))
    own_temperature = score_own_temperature(fit)
    tables = {
        "scores": fit.summarise().reset_index(),
        "comparisons": compare_with_others(fit),
        "models": _compare_models(fit.scores, random_state),
        "own_temperature": own_temperature,
        "models_own_temperature": _compare_models(own_temperature, random_state),
        "calibration": calibration,
        "reliability": reliability,
        "regimes": held_out.codes,
        "effective_n_pwl": compute_effective_n_pwl(held_out.codes),
        "agreement": held_out.agreement,
        "stability": summarise_stability(stability.pairs),
        "stability_pairs": stability.pairs,
        "stability_units": stability.units,
        "score_spread": compute_score_spread(fit),
        "occupancy": compute_occupancy(regimes[present], trials=trials.isel(trial=present), by=by),
        "occupancy_trend": compute_occupancy_trend(regimes, trials),
        "dwell_times": dwell_times,
        "dwell_survival": compute_dwell_survival(dwell_times),
        "mean_dwell_times": compute_mean_dwell_times(dwell_times),
        "transitions": compute_transitions(regimes, trials, carry=carry)
        .to_dataframe()
        .reset_index(),
        "switch_probability": compute_switch_probability_by(
            switches[present], trials.isel(trial=present), by=by
        ),
        "spectra": compute_spectra(fit, held_out),
        "behaviour": relate_to_behaviour(fit, regimes),
        "event_switches": lock_within_trials(fit, regimes, switches),
    }
    if len(fit.explained) > 1:
        tables["observed"] = compare_observed(fit)
    locked, notes = None, []
    if rule is not None:
        try:
            locked, tables["rule_switches"] = lock_to_rule_changes(fit, regimes, rule, random_state)
            tables["locked_switches"] = locked.to_dataframe().reset_index()
        except NotTestableError as error:
            notes.append(f"switches around changes of {rule}: {error}")
    apart = None
    if mechanism:
        apart = take_apart(fit, held_out, progress=progress)
        tables |= {f"mechanism_{name}": table for name, table in apart.tables.items()}
    return Analysis(tables, regimes, switches, locked, conditions, rule, notes, apart)


def compare_with_others(fit, model="AL-RNN", *, value="log_likelihood"):
    """Held-out log-likelihood of one model against every other, paired over subjects.

    Parameters
    ----------
    fit : Fit
    model : str
    value : str
        Column of the scores: of choices, or of another variable; models that do not explain it,
        and subjects of whom it was never observed, are left out.

    Returns
    -------
    pandas.DataFrame
        One row per other model: mean difference in nats per trial (positive favours `model`),
        interval, t-test over subjects, and how many subjects favour it; ``note`` says why a
        difference is not testable.
    """
    scores = fit.scores.pivot(index="subject", columns="model", values=value)
    scores = scores.dropna(axis="columns", how="all").dropna(how="all")
    rows = []
    for other in [name for name in fit.predictions["model"].values if name in scores]:
        if other == model:
            continue
        if np.allclose(scores[model], scores[other], rtol=0, atol=1e-15):
            continue
        effect = f"{model} - {other}"
        try:
            row = paired_difference(scores[model], scores[other], effect=effect).assign(note="")
        except NotTestableError as error:
            row = _not_testable(effect, scores[model] - scores[other]).assign(note=str(error))
        rows.append(row)
    return pd.concat(rows, ignore_index=True) if rows else effect_table([])


def compare_observed(fit):
    """The AL-RNN against the others that explain more than choices, variable by variable.

    Parameters
    ----------
    fit : Fit

    Returns
    -------
    pandas.DataFrame
        ``variable`` (and "joint", all together), then as from `compare_with_others`.
    """
    further = [name for name in fit.scores if name.startswith("log_likelihood_")]
    tables = [
        compare_with_others(fit, value=name).assign(variable=name.removeprefix("log_likelihood_"))
        for name in further
    ]
    return pd.concat(tables, ignore_index=True)


def calibrate_models(fit, random_state=0):
    """Calibration of the held-out probabilities of every model.

    Parameters
    ----------
    fit : Fit
    random_state : int

    Returns
    -------
    scores, curves : pandas.DataFrame
        As from `neuroalrnn.stats.calibration_scores` and `neuroalrnn.stats.reliability_curve`, with
        ``model`` in front, and ``option`` by its label.
    """
    scored, labels = scored_trials(fit.trials), fit.predictions["option"].values.astype(str)
    choice = fit.trials["choice"].values[scored].astype(int)
    subject = fit.trials["subject"].values[scored].astype(str)
    found = {stats.calibration_scores: [], stats.reliability_curve: []}
    for model in _distinct(fit.scores)["model"].unique():
        probability = fit.predictions["probability"].sel(model=model).values[scored]
        for score, tables in found.items():
            rng = np.random.default_rng(random_state)
            table = score(probability, choice, subject, rng=rng)
            table.insert(0, "model", model)
            tables.append(table.assign(option=labels[table["option"]]))
    return tuple(pd.concat(tables, ignore_index=True) for tables in found.values())


def _compare_models(scores, random_state):
    return stats.compare_models(_distinct(scores), rng=np.random.default_rng(random_state))


def _distinct(scores):
    """Scores without grid values that are the AL-RNN in every fold: they are the same model."""
    wide = scores.pivot(index="model", columns="subject", values="log_likelihood")
    same = [
        name
        for name in wide.index
        if name.startswith("AL-RNN P=") and np.allclose(wide.loc[name], wide.loc["AL-RNN"], rtol=0)
    ]
    return scores[~scores["model"].isin(same)]


def _not_testable(effect, difference):
    row = {"effect": effect, "estimate": difference.mean(), "n_subjects": len(difference)}
    row |= {"method": "not testable", "scale": "nats per trial"}
    return effect_table([row | {"n_favouring_a": int((difference > 0).sum())}])


def _with_conditions(trials, conditions):
    """Trials on which every condition is known."""
    known = [pd.notna(trials[name].values) for name in conditions]
    return np.flatnonzero(np.all(known, axis=0) if known else np.ones(trials.sizes["trial"], bool))


def _check_names(fit, conditions, rule):
    names = [*conditions, *([] if rule is None else [rule])]
    known = [str(n) for n in fit.trials.variables if fit.trials[n].dims == ("trial",)]
    found = [
        f"{name!r} is not a variable on trial; expected one of {', '.join(known)}"
        for name in names
        if name not in known
    ]
    found += [
        f"condition {name!r} labels what is counted over; expected a variable of the task"
        for name in conditions
        if name in COORDS
    ]
    if found:
        raise problems(DataError, "analyse", found)
