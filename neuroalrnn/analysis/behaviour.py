"""Do regimes and switches go with choice, correctness and reaction time? One value per subject."""

import numpy as np
import pandas as pd

from neuroalrnn.analysis.steps import decisive_regimes
from neuroalrnn.analysis.switches import compute_switches
from neuroalrnn.analysis.units import cells, stimuli
from neuroalrnn.exceptions import NotTestableError
from neuroalrnn.stats import benjamini_hochberg, t_test
from neuroalrnn.stats.effects import effect_table

MIN_TRIALS = 5
MIN_SHARE = 0.02
MIN_SUBJECTS = 6


def compute_outcomes(trials):
    """What a regime may go with, one array per outcome, NaN where a trial does not count.

    Parameters
    ----------
    trials : xarray.Dataset

    Returns
    -------
    dict of str -> array, shape (trial,)
        ``choice`` (share of the second option; two options only), ``correct`` (share), ``log rt``
        (log s), where the dataset has them. Unscored trials are NaN.
    """
    scored = trials["scored"].values if "scored" in trials else np.True_
    outcomes = {}
    if len(trials["choice"].attrs["labels"]) == 2:
        outcomes["choice"] = trials["choice"].values
    if "correct" in trials:
        outcomes["correct"] = trials["correct"].values
    if "rt" in trials:
        rt = trials["rt"].values
        outcomes["log rt"] = np.log(np.where(rt > 0, rt, np.nan))
    return {name: np.where(scored, values, np.nan) for name, values in outcomes.items()}


def compute_contrasts(outcome, indicator, subject, cell):
    """Difference of an outcome with an indicator on and off, within conditions, per subject.

    In each condition of a subject that has at least 5 trials of both kinds, the mean with the
    indicator on minus the mean with it off; conditions are averaged with weights
    ``n_on n_off / (n_on + n_off)``, those of least squares with condition means removed.

    Parameters
    ----------
    outcome : array, shape (trial,)
        NaN where a trial does not count.
    indicator : array, shape (trial,)
        0, 1, or NaN where undefined.
    subject, cell : array, shape (trial,)
        Subject and condition of each trial.

    Returns
    -------
    pandas.DataFrame
        Index subject; ``contrast`` and ``n_trials`` used. Subjects without a usable condition are
        absent.
    """
    table = pd.DataFrame({"y": outcome, "on": indicator, "subject": subject, "cell": cell}).dropna()
    parts = table.groupby(["subject", "cell", "on"])["y"].agg(["mean", "size"]).unstack("on")
    parts = parts.reindex(columns=pd.MultiIndex.from_product([["mean", "size"], [0.0, 1.0]]))
    parts = parts[(parts["size"].fillna(0) >= MIN_TRIALS).all(axis=1)]
    off, on = parts["size", 0.0], parts["size", 1.0]
    weight = off * on / (off + on)
    difference = parts["mean", 1.0] - parts["mean", 0.0]
    sums = pd.DataFrame({"d": difference * weight, "w": weight, "n_trials": off + on})
    sums = sums.groupby("subject").sum()
    return pd.DataFrame(
        {"contrast": sums["d"] / sums["w"], "n_trials": sums["n_trials"].astype(int)}
    )


def relate_to_behaviour(fit, regimes):
    """Test every regime, and a change of regime, against every outcome, over subjects.

    The regime is that of the step before the choice is read out, computed from the inputs up to
    that step by a network that never saw the subject; a switch is a difference to the same step of
    the previous trial. Contrasts are taken among trials with the same stimuli (all inputs known
    before the choice), so that an effect of the stimuli themselves is not counted.

    Parameters
    ----------
    fit : Fit
    regimes : xarray.DataArray, dims (trial, step)
        From `compute_held_out_regimes`.

    Returns
    -------
    pandas.DataFrame
        One row per predictor and outcome, with estimate, interval, p over subjects,
        Benjamini-Hochberg ``q`` over the whole table (tests that could not be done, with fewer than
        6 subjects for example, enter as p = 1), and ``note``.
    """
    trials = fit.trials
    cell = cells(trials, stimuli(fit))
    subject = trials["subject"].values.astype(str)
    decisive = decisive_regimes(fit, regimes)
    here = decisive.values[:, 0]
    predictors = {
        f"regime {label}": (here == label).astype(float)
        for label in np.unique(here[here >= 0])
        if MIN_SHARE <= (here == label).mean() <= 1 - MIN_SHARE
    }
    predictors["switch since last trial"] = compute_switches(decisive, trials).values[:, 0]
    rows = [
        _row(name, indicator, outcome_name, outcome, subject, cell)
        for outcome_name, outcome in compute_outcomes(trials).items()
        for name, indicator in predictors.items()
    ]
    if not rows:
        return pd.DataFrame(columns=["effect", "outcome", "n_subjects", "method", "p", "q", "note"])
    table = pd.concat(rows, ignore_index=True)
    return table.assign(q=benjamini_hochberg(table["p"].fillna(1.0).to_numpy()))


def _row(name, indicator, outcome_name, outcome, subject, cell):
    found = compute_contrasts(outcome, indicator, subject, cell)
    n_missing = len(set(subject) - set(found.index))
    note = f"no variation within a condition in {n_missing} subjects" if n_missing else ""
    units = {"choice": "share", "correct": "share", "log rt": "log s"}[outcome_name]
    try:
        if len(found) < MIN_SUBJECTS:
            raise NotTestableError(
                f"only {len(found)} subjects have {MIN_TRIALS} trials with and without it under "
                f"the same stimuli, expected at least {MIN_SUBJECTS}"
            )
        row = t_test(
            found["contrast"], effect=name, scale=units, n_trials=int(found["n_trials"].sum())
        )
    except NotTestableError as error:
        row = effect_table(
            [{"effect": name, "n_subjects": len(found), "method": "not testable", "scale": units}]
        )
        note = str(error)
    row.insert(1, "outcome", outcome_name)
    return row.assign(note=note)
