"""Everything that the report shows of a fit, as tidy tables."""

import json
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from neuroalrnn.analysis.behaviour import decision_step, relate_to_behaviour
from neuroalrnn.analysis.dynamics import compute_spectra
from neuroalrnn.analysis.held_out import compute_held_out_regimes
from neuroalrnn.analysis.regimes import (
    ABSENT,
    compute_dwell_times,
    compute_occupancy,
    compute_transitions,
)
from neuroalrnn.analysis.switches import (
    compute_locked_switch_probability,
    compute_rule_changes,
    compute_switch_probability_by,
    compute_switches,
)
from neuroalrnn.exceptions import DataError, NotTestableError, problems
from neuroalrnn.stats import circular_shift_null, paired_difference


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
    """

    tables: dict
    regimes: xr.DataArray
    switches: xr.DataArray
    locked: xr.Dataset | None
    conditions: list
    rule: str | None
    notes: list


def analyse(fit, *, conditions=None, rule=None, random_state=0):
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
        Seed of the null bands.

    Returns
    -------
    Analysis
        Tables: ``scores`` (per model), ``comparisons`` (AL-RNN against each other model, paired
        over subjects), ``regimes`` (labels, sign patterns), ``agreement`` (between folds),
        ``occupancy``, ``dwell_times``, ``transitions``, ``switch_probability``, ``spectra``,
        ``behaviour``, and with a rule ``rule_switches`` (its test) and ``locked_switches`` (the
        curve).

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
    tables = {
        "scores": fit.summarise().reset_index(),
        "comparisons": compare_models(fit),
        "regimes": held_out.codes,
        "agreement": held_out.agreement,
        "occupancy": compute_occupancy(regimes[present], trials=trials.isel(trial=present), by=by),
        "dwell_times": compute_dwell_times(regimes, trials, carry=carry),
        "transitions": compute_transitions(regimes, trials, carry=carry)
        .to_dataframe()
        .reset_index(),
        "switch_probability": compute_switch_probability_by(
            switches[present], trials.isel(trial=present), by=by
        ),
        "spectra": compute_spectra(fit, held_out),
        "behaviour": relate_to_behaviour(fit, regimes),
    }
    locked, notes = None, []
    if rule is not None:
        try:
            locked, tables["rule_switches"] = _around_rule_changes(fit, regimes, rule, random_state)
            tables["locked_switches"] = locked.to_dataframe().reset_index()
        except NotTestableError as error:
            notes.append(f"switches around changes of {rule}: {error}")
    return Analysis(tables, regimes, switches, locked, conditions, rule, notes)


def compare_models(fit, model="AL-RNN"):
    """Held-out log-likelihood of one model against every other, paired over subjects.

    Parameters
    ----------
    fit : Fit
    model : str

    Returns
    -------
    pandas.DataFrame
        One row per other model: mean difference in nats per trial (positive favours `model`),
        interval, t-test over subjects, and how many subjects favour it.
    """
    scores = fit.scores.pivot(index="subject", columns="model", values="log_likelihood")
    rows = []
    for other in [name for name in fit.predictions["model"].values if name != model]:
        if np.allclose(scores[model], scores[other], rtol=0, atol=1e-15):
            continue
        effect = f"{model} - {other}"
        rows.append(paired_difference(scores[model], scores[other], effect=effect))
    return pd.concat(rows, ignore_index=True)


def _around_rule_changes(fit, regimes, rule, random_state):
    """Curve and test of trial-to-trial switches at the decision step around rule changes."""
    trials = fit.trials
    decisive = regimes.isel(step=[decision_step(fit)])
    switches = compute_switches(decisive, trials)
    changes = compute_rule_changes(trials, rule)
    rng = np.random.default_rng(random_state)
    locked = compute_locked_switch_probability(switches, trials, event=changes, rng=rng)
    defined = np.isfinite(switches.values[:, 0]) & (decisive.values[:, 0] != ABSENT)
    test = circular_shift_null(
        switches.values[defined, 0],
        changes.values[defined].astype(float),
        _session_labels(trials)[defined],
        independent_units(fit)[defined],
        effect=f"switch on the trial of a change of {rule}",
    )
    n_units = len(np.unique(independent_units(fit)))
    shared = n_units < len(np.unique(trials["subject"].values.astype(str)))
    note = f"{n_units} units: subjects that share a stimulus order count once" if shared else ""
    return locked, test.effects.assign(note=note)


def _session_labels(trials):
    subject, session = (trials[name].values.astype(str) for name in ("subject", "session"))
    return np.char.add(np.char.add(subject, "/"), session)


def independent_units(fit):
    """What a statement about regimes and stimuli is replicated over, one label per trial.

    Subjects, unless several of them were held out together because they share a stimulus order:
    these see the same inputs through the same network, so that together they count once.

    Parameters
    ----------
    fit : Fit

    Returns
    -------
    array of str, shape (trial,)
    """
    subject = fit.trials["subject"].values.astype(str)
    group = fit.splits["group"].values.astype(str)
    pairs = pd.DataFrame({"subject": subject, "group": group}).drop_duplicates()
    return group if pairs["subject"].is_unique else subject


def _with_conditions(trials, conditions):
    """Trials on which every condition is known."""
    known = [np.isfinite(trials[name].values.astype(float)) for name in conditions]
    return np.flatnonzero(np.all(known, axis=0) if known else np.ones(trials.sizes["trial"], bool))


def _check_names(fit, conditions, rule):
    names = [*conditions, *([] if rule is None else [rule])]
    known = [str(n) for n in fit.trials.variables if fit.trials[n].dims == ("trial",)]
    found = [
        f"{name!r} is not a variable on trial; expected one of {', '.join(known)}"
        for name in names
        if name not in known
    ]
    if found:
        raise problems(DataError, "analyse", found)
