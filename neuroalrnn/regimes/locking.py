"""Do switches follow events? Within the trial, and over trials around changes of the rule."""

import numpy as np
import pandas as pd

from neuroalrnn.exceptions import NotTestableError
from neuroalrnn.regimes import ABSENT
from neuroalrnn.regimes.events import carry_of, decisive_regimes, event_steps
from neuroalrnn.regimes.replication import cells, is_independent, session_labels, stimuli
from neuroalrnn.regimes.steps import refuse_other_trials
from neuroalrnn.regimes.switches import (
    compute_locked_switch_probability,
    compute_rule_changes,
    compute_switches,
)
from neuroalrnn.stats import circular_shift_null, swap_trials_null
from neuroalrnn.stats.effects import effect_table


def lock_within_trials(fit, regimes, switches):
    """Test for every event whether switches follow it within one step.

    The null gives each trial the switches of another trial of the same subject, session, stimuli
    and length, from the same bin of at most 20 consecutive trials, so that neither locking to the
    trial clock alone nor a drift that switches and events share over the session counts.

    Parameters
    ----------
    fit : Fit
    regimes, switches : xarray.DataArray, dims (trial, step)

    Returns
    -------
    pandas.DataFrame
        One row per event with its test over subjects; ``note`` says why an event is not testable,
        as with event steps, where every trial has its events at the same steps.

    Raises
    ------
    DataError
        Regimes or switches are not those of the fitted trials.
    """
    for each in (regimes, switches):
        refuse_other_trials(each, fit.trials)
    if "event_time" not in fit.trials or switches.sizes["step"] < 2:
        return effect_table([]).assign(note="")
    n_steps = (regimes.values != ABSENT).sum(axis=1)
    defined = np.isfinite(switches.values[:, 1:]) | (
        np.arange(1, switches.shape[1]) >= n_steps[:, None]
    )
    usable = defined.all(axis=1)
    labels = {
        "subject": fit.trials["subject"].values[usable].astype(str),
        "session": session_labels(fit.trials)[usable],
        "condition": cells(fit.trials, stimuli(fit))[usable],
        "n_steps": n_steps[usable],
    }
    rows = [
        _lock_to_event(fit, switches.values[usable], name, steps[usable], labels)
        for name, steps in event_steps(fit, n_steps).items()
    ]
    return pd.concat(rows, ignore_index=True)


def _require_carried_state(switches, changes, rule, carry):
    """Refuse a switch across a reset: there the network starts anew, and no regime precedes."""
    if changes.values.any() and not np.isfinite(switches.values[changes.values]).any():
        raise NotTestableError(
            f"every change of {rule} falls on a reset of the latent state (carry={carry!r}), "
            "across which no switch is defined; carry the state through the session"
        )


def _lock_to_event(fit, switches, name, steps, labels):
    effect = f"switch within a step after {name}"
    try:
        test = swap_trials_null(switches, steps, **labels, effect=effect)
    except NotTestableError as error:
        row = {"effect": effect, "method": "not testable", "n_subjects": 0, "n_trials": 0}
        row |= {
            "n_sessions": 0,
            "n_sessions_not_testable": len(np.unique(session_labels(fit.trials))),
        }
        return effect_table([row]).assign(note=str(error))
    return test.effects.assign(note="")


def lock_to_rule_changes(fit, regimes, rule, random_state):
    """Trial-to-trial switches of the decisive regime around changes of a rule.

    Parameters
    ----------
    fit : Fit
    regimes : xarray.DataArray, dims (trial, step), or (trial,)
    rule : str
        Trial variable.
    random_state : int
        Seed of the circular shifts drawn for the band.

    Returns
    -------
    locked : xarray.Dataset
        See `compute_locked_switch_probability`.
    test : pandas.DataFrame
        One row: association of switches with changes against circular shifts within the session,
        slow trends removed, over subjects; of subjects that share a stimulus order one counts.

    Raises
    ------
    DataError
        The regimes are not those of the fitted trials, or there is no such rule.
    NotTestableError
        If the state is reset at every change, no session has enough switches, or there are too few
        subjects.
    """
    refuse_other_trials(regimes, fit.trials)
    counts = np.flatnonzero(is_independent(fit))
    trials = fit.trials.isel(trial=counts)
    carry = carry_of(fit, regimes)
    switches = compute_switches(decisive_regimes(fit, regimes)[counts], trials, carry=carry)
    changes = compute_rule_changes(trials, rule)
    _require_carried_state(switches, changes, rule, carry)
    rng = np.random.default_rng(random_state)
    locked = compute_locked_switch_probability(switches, trials, event=changes, rng=rng)
    defined = np.isfinite(switches.values[:, 0])
    test = circular_shift_null(
        switches.values[defined, 0],
        changes.values[defined].astype(float),
        session_labels(trials)[defined],
        trials["subject"].values[defined].astype(str),
        marks_switches=True,
        effect=f"switch on the trial of a change of {rule}",
    )
    all_count = len(counts) == fit.trials.sizes["trial"]
    note = "" if all_count else "one subject per stimulus order: the others see the same inputs"
    told = rule in fit.encoding["inputs"]
    return locked, test.effects.assign(note=note, rule_is_input=told)
