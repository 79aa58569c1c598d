"""Do regimes and switches go with choice, correctness and reaction time? One slope per subject."""

import numpy as np
import pandas as pd
from scipy.linalg import qr

from neuroalrnn.data.schema import scored_trials
from neuroalrnn.exceptions import DataError, NotTestableError, problems
from neuroalrnn.regimes.events import carry_of, decisive_regimes
from neuroalrnn.regimes.replication import label_nuisances, nuisance_columns
from neuroalrnn.regimes.steps import refuse_other_trials
from neuroalrnn.regimes.switches import compute_switches
from neuroalrnn.stats import benjamini_hochberg, t_test
from neuroalrnn.stats.checks import as_numbers
from neuroalrnn.stats.effects import effect_table
from neuroalrnn.stats.null_tests import number_labels, positions
from neuroalrnn.stats.trends import choose_degree

MIN_VARIATION = 2.5
MIN_SHARE = 0.02
MIN_SUBJECTS = 6
# share that is left of a column of nuisances that depends on others
DEPENDENT = 1e-10
UNITS = {"choice": "share", "correct": "share", "log rt": "log s"}


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
    scored = scored_trials(trials)
    outcomes = {}
    if len(trials["choice"].attrs["labels"]) == 2:
        outcomes["choice"] = trials["choice"].values
    if "correct" in trials:
        outcomes["correct"] = trials["correct"].values
    if "rt" in trials:
        rt = trials["rt"].values
        outcomes["log rt"] = np.log(np.where(rt > 0, rt, np.nan))
    return {name: np.where(scored, values, np.nan) for name, values in outcomes.items()}


def compute_slopes(outcome, indicator, subject, nuisance):
    """Change of an outcome with an indicator, all nuisances held constant, per subject.

    Outcome and indicator are each regressed on the nuisances within the subject, and the residual
    outcome on the residual indicator: the slope of the joint least-squares regression (Frisch &
    Waugh 1933; Lovell 1963).

    Parameters
    ----------
    outcome : array, shape (trial,)
        NaN where a trial does not count.
    indicator : array, shape (trial,)
        0, 1, or NaN where undefined.
    subject : array, shape (trial,)
    nuisance : array, shape (trial, column)
        With the constant in its span.

    Returns
    -------
    pandas.DataFrame
        Index subject; ``slope`` in units of the outcome and ``n_trials``. Subjects are absent in
        whom the nuisances leave the indicator less variation than 10 trials, half of them with it,
        have.

    Raises
    ------
    DataError
        Shapes that do not fit, text, or a nuisance that is not finite.
    """
    title = "slopes of subjects"
    outcome = as_numbers(outcome, "outcome", title)
    indicator, nuisance = (
        as_numbers(indicator, "indicator", title),
        as_numbers(nuisance, "nuisance", title),
    )
    subject = np.asarray(subject)
    shapes = [each.shape for each in (outcome, indicator, subject, nuisance)]
    if nuisance.ndim != 2 or len({shape[0] for shape in shapes}) != 1 or shapes[0] != shapes[1]:
        raise DataError(f"{title}: found shapes {shapes}, expected (trial,) and (trial, column)")
    if not np.isfinite(nuisance).all():
        raise DataError(f"{title}: nuisances are NaN or infinite; leave these trials out")
    pair = {(title, ""): (outcome, indicator)}
    return _slopes(pair, subject, nuisance.__getitem__)[title, ""]


def _slopes(pairs, subject, nuisance):
    """Tables as from `compute_slopes`, one for each pair of an outcome and an indicator.

    `nuisance` gives the columns of some trials. Pairs that count the same trials are computed at
    once, as what is held constant is the same.
    """
    together = {}
    for name, pair in pairs.items():
        counts = np.isfinite(pair).all(axis=0)
        together.setdefault(counts.tobytes(), (np.flatnonzero(counts), []))[1].append(name)
    code, subjects = number_labels(subject)
    found = {}
    for rows, names in together.values():
        columns = {id(each): each[rows] for name in names for each in pairs[name]}
        values, parts = np.stack(list(columns.values()), axis=1), positions(code[rows])
        left = (_residuals(values[part], nuisance(rows[part])) for part in parts)
        products = np.array([each.T @ each for each in left]).reshape(-1, *values.shape[1:] * 2)
        whose, n_trials = code[rows[[part[0] for part in parts]]], np.array([*map(len, parts)])
        for name in names:
            y, x = (list(columns).index(id(each)) for each in pairs[name])
            varies = products[:, x, x] >= MIN_VARIATION
            slope = products[varies, x, y] / products[varies, x, x]
            table = {"slope": slope, "n_trials": n_trials[varies]}
            found[name] = pd.DataFrame(table, index=subjects[whose[varies]])
    return found


def _residuals(values, nuisance):
    """What is left of values without nuisances, of which some depend on others."""
    used = nuisance[:, nuisance.any(axis=0)]
    if not used.size:
        return values
    # of length 1, as columns in small units count as much as others; first, none may overflow
    used = used / np.abs(used).max(axis=0)
    used = used / np.linalg.norm(used, axis=0)
    spanned, left, _ = qr(used, mode="economic", pivoting=True)
    spanned = spanned[:, np.abs(np.diag(left)) > DEPENDENT]
    return values - spanned @ (spanned.T @ values)


def relate_to_behaviour(fit, regimes):
    """Test every regime, and a change of regime, against every outcome, over subjects.

    The regime is that of the step before the choice is read out, computed from the inputs up to
    that step by a network that never saw the subject, or the functional one of the choice, which
    does not depend on what was chosen either; a switch is a difference to the same step of
    the previous trial, where the state was carried over. What goes with regimes anyway is held
    constant: see `neuroalrnn.regimes.replication.nuisances`. The trend over the session is a cubic
    in trial number, or of as high a degree as what subjects share in the outcome needs.

    Parameters
    ----------
    fit : Fit
    regimes : xarray.DataArray, dims (trial, step), or (trial,)
        From `compute_held_out_regimes`; or the labels of `find_functional_regimes`.

    Returns
    -------
    pandas.DataFrame
        One row per predictor and outcome, with estimate, interval, p over subjects,
        Benjamini-Hochberg ``q`` within the outcome, which is a family by itself: effects on choice
        would loosen the bar for those on reaction time. Tests that could not be done, with fewer
        than 6 subjects for example, enter as p = 1; ``note`` says why. ``trend_degree`` is that of
        the trend that was held constant.

    Raises
    ------
    DataError
        The regimes are not those of the fitted trials.
    """
    return _relate(fit, _predictors(fit, regimes))


def relate_scores(fit, scores):
    """Test scores of trials, such as those on axes of effects, against every outcome.

    Parameters
    ----------
    fit : Fit
    scores : dict of str -> array, shape (trial,)
        Numbers known before the choice, in any unit; NaN where a trial has none.

    Returns
    -------
    pandas.DataFrame
        As from `relate_to_behaviour`, with the slope of the outcome in the score.

    Raises
    ------
    DataError
        A score is not one number per trial.
    """
    title, n = "scores of trials", fit.trials.sizes["trial"]
    scores = {name: as_numbers(each, name, title) for name, each in scores.items()}
    found = [
        f"{name} has shape {each.shape}, expected ({n},)"
        for name, each in scores.items()
        if each.shape != (n,)
    ]
    if found:
        raise problems(DataError, title, found)
    return _relate(fit, scores)


def _relate(fit, predictors):
    """Test predictors against every outcome, over subjects."""
    trials = fit.trials
    subject = trials["subject"].values.astype(str)
    names = np.unique(subject)
    outcomes = compute_outcomes(trials)
    session = trials["session"].values
    degrees = {name: choose_degree(each, session, subject) for name, each in outcomes.items()}
    try:
        slopes = _all_slopes(fit, outcomes, degrees, predictors, subject)
    except NotTestableError as error:
        rows = [
            _not_testable(name, outcome, 0, str(error)).assign(trend_degree=degree)
            for outcome, degree in degrees.items()
            for name in predictors
        ]
    else:
        rows = [
            _row(name, outcome, slopes[outcome, name], names).assign(trend_degree=degree)
            for outcome, degree in degrees.items()
            for name in predictors
        ]
    if not rows:
        columns = ["effect", "outcome", "n_subjects", "method", "p", "q", "note", "trend_degree"]
        return pd.DataFrame(columns=columns)
    table = pd.concat(rows, ignore_index=True)
    return table.assign(q=benjamini_hochberg(table["p"].fillna(1.0), table["outcome"]))


def _all_slopes(fit, outcomes, degrees, predictors, subject):
    """Tables as from `compute_slopes`, by outcome and predictor."""
    held, slopes = label_nuisances(fit), {}
    for degree in sorted(set(degrees.values())):
        pairs = {
            (outcome, name): (outcomes[outcome], values)
            for outcome in outcomes
            for name, values in predictors.items()
            if degrees[outcome] == degree
        }
        slopes |= _slopes(pairs, subject, nuisance_columns(fit, degree, held))
    return slopes


def tabulate_trials(fit, regimes):
    """Outcomes and predictors of every trial as one table, for statistics of your own.

    Such as ``cluster_robust_logistic(table["correct"], table[["regime 1"]], table["subject"])`` or
    `neuroalrnn.stats.mixed_linear`; trials with a missing value have to be left out first. Nothing
    is held constant here, see `relate_to_behaviour` for why that matters.

    Parameters
    ----------
    fit : Fit
    regimes : xarray.DataArray, dims (trial, step), or (trial,)
        From `compute_held_out_regimes`; or the labels of `find_functional_regimes`.

    Returns
    -------
    pandas.DataFrame
        One row per trial: ``subject, session, trial_in_session``; ``choice, correct, log rt`` as
        from `compute_outcomes`; 0 or 1 for every regime that decides 2 to 98 % of the choices
        (``regime 0``, ...) and for ``switch since last trial``, NaN where there is none.

    Raises
    ------
    DataError
        The regimes are not those of the fitted trials.
    """
    names = ("subject", "session", "trial_in_session")
    columns = {name: fit.trials[name].values for name in names}
    return pd.DataFrame(columns | compute_outcomes(fit.trials) | _predictors(fit, regimes))


def _predictors(fit, regimes):
    """Indicator of every regime in use, and of a switch since the last trial."""
    refuse_other_trials(regimes, fit.trials)
    decisive = decisive_regimes(fit, regimes)
    here = decisive.values[:, 0]
    known = here >= 0
    predictors = {
        f"regime {label}": np.where(known, here == label, np.nan)
        for label in np.unique(here[known])
        if MIN_SHARE <= (here[known] == label).mean() <= 1 - MIN_SHARE
    }
    carry = carry_of(fit, regimes)
    switches = compute_switches(decisive, fit.trials, carry=carry).values[:, 0]
    return predictors | {"switch since last trial": switches}


def _row(name, outcome, found, subjects):
    n_missing = len(set(subjects) - set(found.index))
    note = f"no variation of its own in {n_missing} subjects" if n_missing else ""
    try:
        if len(found) < MIN_SUBJECTS:
            raise NotTestableError(
                f"varies beyond the nuisances in {len(found)} subjects, expected {MIN_SUBJECTS}"
            )
        n_trials = int(found["n_trials"].sum())
        row = t_test(found["slope"], effect=name, scale=UNITS[outcome], n_trials=n_trials)
    except NotTestableError as error:
        return _not_testable(name, outcome, len(found), str(error))
    row = row.assign(method="two-stage linear with nuisances, t-test over subjects", note=note)
    row.insert(1, "outcome", outcome)
    return row


def _not_testable(name, outcome, n_subjects, note):
    row = {"effect": name, "n_subjects": n_subjects, "scale": UNITS[outcome]}
    table = effect_table([row | {"method": "not testable"}]).assign(note=note)
    table.insert(1, "outcome", outcome)
    return table
