"""Everything that the report shows of a fit, as tidy tables."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
import pandas as pd
import xarray as xr

from neuroalrnn import stats
from neuroalrnn.arguments import (
    checked,
    not_flag,
    not_one_of,
    not_seed,
    not_text,
    refuse,
    shown,
    unknown,
)
from neuroalrnn.behaviour.relation import relate_to_behaviour
from neuroalrnn.behaviour.temperature import score_own_temperature
from neuroalrnn.data.schema import COORDS, scored_trials
from neuroalrnn.exceptions import DataError, NotTestableError, problems
from neuroalrnn.mechanism.dynamics.spectra import compute_spectra
from neuroalrnn.questions.mechanism import Mechanism, take_apart
from neuroalrnn.questions.tables import Tables, describe_missing, make_tables
from neuroalrnn.regimes import (
    compute_effective_n_pwl,
    compute_occupancy,
    compute_occupancy_trend,
)
from neuroalrnn.regimes.held_out import compute_held_out_regimes
from neuroalrnn.regimes.locking import lock_to_rule_changes, lock_within_trials
from neuroalrnn.regimes.stability import (
    compute_score_spread,
    compute_stability,
    summarise_stability,
)
from neuroalrnn.regimes.switches import compute_switch_probability_by, compute_switches
from neuroalrnn.regimes.transitions import (
    compute_dwell_survival,
    compute_dwell_times,
    compute_mean_dwell_times,
    compute_transitions,
)
from neuroalrnn.results.checks import not_fit, require_fit
from neuroalrnn.running import attempt, one_blas_thread
from neuroalrnn.stats import paired_difference
from neuroalrnn.stats.effects import effect_table

NOT_TABLES = ("held_out_regimes", "switches", "locked")


@dataclass(frozen=True)
class Analysis:
    """What a fit says about regimes, switches and behaviour.

    Attributes
    ----------
    tables : Tables
        A dict of tidy tables, one row per effect, regime, subject or trial pair; see `analyse`. A
        name that is not there tells why it could not be made, or the nearest one.
    regimes, switches : xarray.DataArray, dims (trial, step), or None
        Held-out regime labels, and 1 where the regime differs from that of the step before.
    locked : xarray.Dataset or None
        Switch probability around rule changes, see `compute_locked_switch_probability`.
    conditions : list of str
    rule : str or None
    notes : list of str
        What could not be computed, and why.
    mechanism : Mechanism or None
        See `neuroalrnn.questions.mechanism.take_apart`.
    """

    tables: Tables
    regimes: xr.DataArray | None
    switches: xr.DataArray | None
    locked: xr.Dataset | None
    conditions: list
    rule: str | None
    notes: list
    mechanism: Mechanism | None = None


@one_blas_thread
def analyse(fit, *, conditions=None, rule=None, random_state=0, mechanism=False, progress=False):
    """Relate the held-out regimes of a fit to task epochs and behaviour.

    Parameters
    ----------
    fit : Fit
    conditions : list of str, or str, optional
        Trial variables that split occupancy and switch probability (one by its name alone);
        default those that the dataset
        names in ``attrs["analysis"]``.
    rule : str, optional
        Trial variable whose changes are rule changes; default likewise.
    random_state : int
        Seed of the null bands, resampled subjects and circular shifts.
    mechanism : bool
        Also take the networks apart, see `neuroalrnn.questions.mechanism.take_apart`.
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
    require_fit("analyse", fit)
    found = [*not_seed("random_state", random_state), *not_flag("mechanism", mechanism)]
    refuse("analyse", found + not_flag("progress", progress), DataError)
    defaults = json.loads(fit.trials.attrs.get("analysis", "{}"))
    conditions = _as_names(defaults.get("conditions", []) if conditions is None else conditions)
    rule = defaults.get("rule") if rule is None else rule
    _check_names(fit, conditions, rule)
    held_out = cache(partial(compute_held_out_regimes, fit))
    tables = make_tables(
        _jobs_of_models(fit, random_state)
        | _jobs_of_regimes(fit, held_out, conditions, random_state)
        | _jobs_of_rule(fit, held_out, rule, random_state)
    )
    regimes, switches, locked = (tables.pop(name, None) for name in NOT_TABLES)
    apart = None
    if mechanism:
        apart, reason = attempt(lambda: take_apart(fit, held_out(), progress=progress), "mechanism")
        tables.reasons |= {"mechanism": reason} if reason else {}
    notes = describe_missing(tables.reasons)
    if apart is not None:
        tables |= {f"mechanism_{name}": table for name, table in apart.tables.items()}
        tables.reasons |= {f"mechanism_{name}": why for name, why in apart.tables.reasons.items()}
    tables.reasons |= _not_asked_for(fit, rule)
    return Analysis(tables, regimes, switches, locked, conditions, rule, notes, apart)


def _jobs_of_models(fit, random_state):
    """Tables of scores and probabilities."""
    calibrated = cache(partial(calibrate_models, fit, random_state))
    own_temperature = cache(partial(score_own_temperature, fit))
    jobs = {
        "scores": lambda: fit.summarise().reset_index(),
        "comparisons": partial(compare_with_others, fit),
        "models": lambda: _compare_models(fit.scores, random_state),
        "own_temperature": own_temperature,
        "models_own_temperature": lambda: _compare_models(own_temperature(), random_state),
        ("calibration", "reliability"): calibrated,
        "score_spread": partial(compute_score_spread, fit),
    }
    return jobs | ({"observed": partial(compare_observed, fit)} if len(fit.explained) > 1 else {})


def _jobs_of_regimes(fit, held_out, conditions, random_state):
    """Tables of regimes, their switches and what these go with; and these themselves."""
    trials, carry = fit.trials, fit.carry
    present = _with_conditions(trials, conditions)
    some, by = trials.isel(trial=present), ("step", *conditions)
    switches = cache(lambda: compute_switches(held_out().regimes, trials, carry=carry))
    dwell_times = cache(lambda: compute_dwell_times(held_out().regimes, trials, carry=carry))
    stability = cache(lambda: compute_stability(fit, rng=np.random.default_rng(random_state)))
    return {
        "held_out_regimes": lambda: held_out().regimes,
        "switches": switches,
        "regimes": lambda: held_out().codes,
        "effective_n_pwl": lambda: compute_effective_n_pwl(held_out().codes),
        "agreement": lambda: held_out().agreement,
        "stability": lambda: summarise_stability(stability().pairs),
        "stability_pairs": lambda: stability().pairs,
        "stability_units": lambda: stability().units,
        "occupancy": lambda: compute_occupancy(held_out().regimes[present], trials=some, by=by),
        "occupancy_trend": lambda: compute_occupancy_trend(held_out().regimes, trials),
        "dwell_times": dwell_times,
        "dwell_survival": lambda: compute_dwell_survival(dwell_times()),
        "mean_dwell_times": lambda: compute_mean_dwell_times(dwell_times()),
        "transitions": lambda: (
            compute_transitions(held_out().regimes, trials, carry=carry)
            .to_dataframe()
            .reset_index()
        ),
        "switch_probability": lambda: compute_switch_probability_by(
            switches()[present], some, by=by
        ),
        "spectra": lambda: compute_spectra(fit, held_out()),
        "behaviour": lambda: relate_to_behaviour(fit, held_out().regimes),
        "event_switches": lambda: lock_within_trials(fit, held_out().regimes, switches()),
    }


def _jobs_of_rule(fit, held_out, rule, random_state):
    """Switches around changes of the rule: their curves, the test, and both as tables."""

    def lock():
        locked, test = lock_to_rule_changes(fit, held_out().regimes, rule, random_state)
        return test, locked.to_dataframe().reset_index(), locked

    return {} if rule is None else {("rule_switches", "locked_switches", "locked"): lock}


def _not_asked_for(fit, rule):
    """Tables that only some fits have, and why this one does not."""
    reasons = {}
    if len(fit.explained) < 2:
        reasons["observed"] = "the fit explains choices alone"
    if rule is None:
        why = "no variable was named as the rule"
        reasons |= dict.fromkeys(("rule_switches", "locked_switches"), why)
    return reasons


@checked(DataError, fit=not_fit, model=not_text, value=not_text)
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
    title, known = "compare_with_others", fit.scores.filter(like="log_likelihood").columns
    refuse(title, not_one_of("value", value, known), DataError)
    scores = fit.scores.pivot(index="subject", columns="model", values=value)
    scores = scores.dropna(axis="columns", how="all").dropna(how="all")
    refuse(title, not_one_of("model", model, scores.columns), DataError)
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
    return effect_table([row | {"n_favouring": int((difference > 0).sum())}])


def _with_conditions(trials, conditions):
    """Trials on which every condition is known."""
    known = [pd.notna(trials[name].values) for name in conditions]
    return np.flatnonzero(np.all(known, axis=0) if known else np.ones(trials.sizes["trial"], bool))


def _as_names(conditions):
    """Names of conditions; a text is one name."""
    if isinstance(conditions, str):
        return [conditions]
    if isinstance(conditions, set | frozenset) or not isinstance(conditions, Iterable):
        kind = type(conditions).__name__
        text = f"conditions: found {kind} {conditions!r}, expected a list of names of variables"
        raise problems(DataError, "analyse", [text])
    return list(conditions)


def _check_names(fit, conditions, rule):
    names = [*conditions, *([] if rule is None else [rule])]
    found = [
        f"{shown(each)} is no name of a variable" for each in names if not isinstance(each, str)
    ]
    refuse("analyse", found, DataError)
    known = [str(n) for n in fit.trials.variables if fit.trials[n].dims == ("trial",)]
    found = [f"no variable on trial: {unknown(name, known)}" for name in names if name not in known]
    found += [
        f"condition {name!r} labels what is counted over; expected a variable of the task"
        for name in conditions
        if name in COORDS
    ]
    refuse("analyse", found, DataError)
