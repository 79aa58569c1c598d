"""Calibration of predicted probabilities: slope, reliability curve, error and Brier score.

Subjects are the units: standard errors are those of subjects as clusters, bands resample subjects.
Two options have one row, that of the second option; more options have one row each, for the option
against all others.
"""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from neuroalrnn.arguments import refuse
from neuroalrnn.exceptions import DataError, FitError, NotTestableError, problems
from neuroalrnn.stats.checks import as_count, as_numbers, not_labels, refuse_unnamed
from neuroalrnn.stats.defaults import N_CURVE_DRAWS
from neuroalrnn.stats.null_tests import positions
from neuroalrnn.stats.robust import fit_clustered, fit_pooled

N_BINS = 10
N_SIMULATIONS = 200
N_CHANCE_DRAWS = 50
# choices that are drawn at most, unless that were fewer draws of all trials than the second
MOST_DRAWN, FEWEST_SIMULATIONS = 4 * 10**7, 40
SMALLEST_SPREAD = 0.01
SMALLEST = np.finfo(np.float64).tiny


def calibration_scores(
    probability: ArrayLike,
    choice: ArrayLike,
    subject: ArrayLike,
    *,
    n_bins: int = N_BINS,
    rng: np.random.Generator | None = None,
) -> pd.DataFrame:
    """Score how well predicted probabilities agree with the choices made.

    ``logit p(y = 1) = intercept + slope * log(p_k / (1 - p_k))`` is fitted to all trials, with
    y = 1 where option k was chosen; slope 1 and intercept 0 are perfect. A slope below 1 means
    predictions that are too sure, above 1 too cautious ones (Cox 1958, Biometrika 45:562).

    Parameters
    ----------
    probability : array (trial, option)
        Held-out predictions; rows sum to 1.
    choice : array (trial,)
        Position of the option that was chosen.
    subject : array (trial,)
        Subject of each trial.
    n_bins : int
        Bins with equally many trials, for the calibration error.
    rng : Generator, optional
        For ``error_by_chance``; ``default_rng(0)`` if absent.

    Returns
    -------
    table : DataFrame
        One row per option, but a single row for two options. The columns are ``option``,
        ``n_subjects`` and ``n_trials``; ``slope`` and ``intercept`` with their 95 % intervals
        (``_low`` and ``_high``, subjects as clusters); ``calibration_error``, which is ``sum_b n_b
        / n |observed_b - predicted_b|`` over the bins, and ``error_by_chance``, the mean of that
        error if choices were drawn from these probabilities, 200 times (down to 40 times beyond
        200,000 trials); ``brier``, the mean of ``(p_k - y)^2``; and ``note``, which says why there
        is no slope.

    Raises
    ------
    DataError
        Arrays that do not fit each other, probabilities that do not sum to 1, or choices that are
        no option.
    """
    probability, choice, codes = _checked(probability, choice, subject)
    rng = np.random.default_rng(0) if rng is None else rng
    rows = []
    for option in _options(probability):
        p, chosen = probability[:, option], (choice == option).astype(float)
        bins = _equal_count_bins(p, n_bins)
        row = {"option": option, "n_subjects": codes.max() + 1, "n_trials": chosen.size}
        # what is not offered is never chosen, and tells nothing of a slope
        asked = (p > 0) | (chosen > 0)
        asked |= ~asked.any()
        who = np.unique(codes[asked], return_inverse=True)[1]
        row |= _slope(chosen[asked], _log_odds(probability[asked], option), who)
        n_simulations = int(np.clip(MOST_DRAWN // p.size, FEWEST_SIMULATIONS, N_SIMULATIONS))
        simulated = [_bin_error(rng.random(p.size) < p, p, bins) for _ in range(n_simulations)]
        row |= {"calibration_error": _bin_error(chosen, p, bins)}
        row |= {"error_by_chance": np.mean(simulated), "brier": np.mean((p - chosen) ** 2)}
        rows.append(row)
    return pd.DataFrame(rows)


def reliability_curve(
    probability: ArrayLike,
    choice: ArrayLike,
    subject: ArrayLike,
    *,
    n_bins: int = N_BINS,
    rng: np.random.Generator | None = None,
    weights: np.ndarray | None = None,
) -> pd.DataFrame:
    """Observed share of choices against predicted probability, in bins with equally many trials.

    Parameters
    ----------
    probability : array (trial, option)
        Held-out predictions; rows sum to 1.
    choice : array (trial,)
        Position of the option that was chosen.
    subject : array (trial,)
        Subject of each trial.
    n_bins : int
        Number of bins. There are fewer where many predictions are equal.
    rng : Generator, optional
        For the bootstrap; ``default_rng(0)`` if absent.
    weights : int array (draw, subject), optional
        How often subjects are in each resample, see `resample_subjects`; default drawn with `rng`.

    Returns
    -------
    curve : DataFrame
        One row per option and bin, with ``option``, ``bin``, ``predicted`` (mean in the bin),
        ``observed``, ``ci_low``, ``ci_high`` and ``n_trials``. The band is ``observed +- t * s``,
        with s the standard deviation over resampled subjects times ``sqrt(S / (S - 1))`` and t of
        S - 1 df, because percentiles are too narrow with few subjects. The band is nowhere narrower
        than Wilson's interval for independent trials (Wilson 1927, J Am Stat Assoc 22:209), because
        no subject varies where no choice was observed. One subject has no band.

    Raises
    ------
    DataError
        As in `calibration_scores`.
    """
    from statsmodels.stats.proportion import proportion_confint

    probability, choice, codes = _checked(probability, choice, subject)
    rng = np.random.default_rng(0) if rng is None else rng
    weights = resample_subjects(codes.max() + 1, rng) if weights is None else weights
    parts = []
    for option in _options(probability):
        p, chosen = probability[:, option], (choice == option).astype(float)
        bins = _equal_count_bins(p, n_bins)
        n_trials = np.bincount(bins)
        observed = np.bincount(bins, chosen) / n_trials
        half = _half_width(chosen, bins, codes, weights)
        low, high = proportion_confint(np.bincount(bins, chosen), n_trials, method="wilson")
        part = {"option": option, "bin": np.arange(n_trials.size)}
        part |= {"predicted": np.bincount(bins, p) / n_trials, "observed": observed}
        part |= {"ci_low": np.maximum(np.minimum(observed - half, low), 0)}
        part |= {"ci_high": np.minimum(np.maximum(observed + half, high), 1)}
        parts.append(pd.DataFrame(part | {"n_trials": n_trials}))
    return pd.concat(parts, ignore_index=True)


def resample_subjects(n_subjects: int, rng: np.random.Generator) -> np.ndarray:
    """Draw subjects with replacement, as many as there are.

    Parameters
    ----------
    n_subjects : int
        How many there are.
    rng : Generator
        Draws them.

    Returns
    -------
    weights : int array (draw, subject)
        How often each subject is drawn.
    """
    return rng.multinomial(n_subjects, np.full(n_subjects, 1 / n_subjects), N_CURVE_DRAWS)


def subject_calibration_errors(
    probability: ArrayLike, choice: ArrayLike, subject: ArrayLike, *, n_bins: int = N_BINS
) -> pd.Series:
    """Compute the expected calibration error of every subject alone.

    Parameters
    ----------
    probability : array (trial, option)
        Held-out predictions; rows sum to 1.
    choice : int array (trial,)
        Position of the option chosen.
    subject : array (trial,)
        Who chose.
    n_bins : int
        Number of bins with equally many trials of the subject.

    Returns
    -------
    pandas.Series
        By subject: mean distance of the observed share from the prediction over bins, averaged over
        options. It is above 0 by chance, more so for few trials: compare models of the same trials.
    """
    probability, choice, subject = _checked(probability, choice, subject)
    found = {}
    for name, own in enumerate(positions(subject)):
        errors = [
            _bin_error((choice[own] == k).astype(float), p, _equal_count_bins(p, n_bins))
            for k in _options(probability)
            for p in [probability[own, k]]
        ]
        found[name] = float(np.mean(errors))
    return pd.Series(found)


def subject_chance_errors(
    probability: ArrayLike,
    subject: ArrayLike,
    *,
    n_bins: int = N_BINS,
    n_draws: int = N_CHANCE_DRAWS,
    rng: np.random.Generator | None = None,
) -> pd.Series:
    """Compute the calibration error that every subject would have if predictions were right.

    Parameters
    ----------
    probability : array (trial, option)
        Predictions; rows sum to 1.
    subject : array (trial,)
        Who chose.
    n_bins : int
        See `subject_calibration_errors`.
    n_draws : int
        Choices are drawn from the predictions so many times.
    rng : Generator, optional
        ``default_rng(0)`` if absent.

    Returns
    -------
    pandas.Series
        By subject: the mean over draws. It is smaller for surer predictions.
    """
    probability = as_numbers(probability, "probability", "calibration")
    _, _, subject = _checked(probability, np.zeros(len(probability), int), subject)
    rng, found = np.random.default_rng(0) if rng is None else rng, {}
    for name, here in enumerate(positions(subject)):
        own, errors = probability[here], []
        for option in _options(probability):
            p = own[:, option]
            bins = _equal_count_bins(p, n_bins)
            drawn = rng.random((n_draws, p.size)) < p
            place = bins + np.arange(n_draws)[:, None] * (bins.max() + 1)
            gaps = np.bincount(place.ravel(), (drawn - p).ravel())
            errors.append(np.abs(gaps).sum() / drawn.size)
        found[name] = float(np.mean(errors))
    return pd.Series(found)


def _checked(probability, choice, subject) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    probability = as_numbers(probability, "probability", "calibration")
    refuse("calibration", not_labels("choice", choice), DataError)
    choice = np.asarray(choice)
    refuse_unnamed("calibration", {"subject": subject})
    subject = np.asarray(subject)
    if probability.ndim != 2 or not probability.shape[:1] == choice.shape == subject.shape:
        raise DataError(
            f"calibration: shapes {probability.shape}, {choice.shape} and {subject.shape}, "
            "expected (trial, option), (trial,) and (trial,)"
        )
    found = []
    if probability.shape[1] < 2 or not choice.size:
        found.append(f"{probability.shape[1]} options, {choice.size} trials; expected 2 and 1")
    sums = np.abs(probability.sum(axis=1) - 1)
    if not ((probability >= 0).all() and (sums < 1e-3).all()):
        bad = ~((probability >= 0).all(axis=1) & (sums < 1e-3))
        found.append(f"probabilities of {bad.sum()} trials are no probabilities that sum to 1")
    if not np.isin(choice, np.arange(probability.shape[1])).all():
        found.append(f"choices: expected 0 to {probability.shape[1] - 1} in every trial")
    if found:
        raise problems(DataError, "calibration", found)
    return probability, choice, pd.factorize(subject)[0]


def _options(probability):
    return [1] if probability.shape[1] == 2 else range(probability.shape[1])


def _log_odds(probability, option):
    """Log odds against the sum of the others, exact where the probability is close to 1."""
    rest = np.delete(probability, option, axis=1).sum(axis=1)
    return np.log(np.maximum(probability[:, option], SMALLEST)) - np.log(np.maximum(rest, SMALLEST))


def _equal_count_bins(p, n_bins):
    n_bins = as_count(n_bins, "n_bins", "calibration", least=1)
    edges = np.unique(np.quantile(p, np.linspace(0, 1, n_bins + 1)[1:-1]))
    return np.unique(np.searchsorted(edges, p, side="left"), return_inverse=True)[1]


def _bin_error(chosen, p, bins):
    return np.abs(np.bincount(bins, chosen - p)).sum() / p.size


def _half_width(chosen, bins, codes, weights):
    """Half width of the band from resampled subjects (bin,)."""
    n_subjects, n_bins = weights.shape[1], bins.max() + 1
    if n_subjects < 2:
        return np.full(n_bins, np.nan)
    cell = codes * n_bins + bins
    shape, size = (n_subjects, n_bins), n_subjects * n_bins
    n_trials = weights @ np.bincount(cell, minlength=size).reshape(shape)
    n_chosen = weights @ np.bincount(cell, chosen, minlength=size).reshape(shape)
    drawn = n_trials > 0
    share = np.where(drawn, n_chosen / np.maximum(n_trials, 1), 0)
    mean = share.sum(axis=0) / drawn.sum(axis=0)
    spread = np.sqrt((drawn * (share - mean) ** 2).sum(axis=0) / drawn.sum(axis=0))
    return stats.t.ppf(0.975, n_subjects - 1) * spread * np.sqrt(n_subjects / (n_subjects - 1))


def _slope(chosen, log_odds, codes):
    names = ["slope", "slope_low", "slope_high", "intercept", "intercept_low", "intercept_high"]
    missing = dict.fromkeys(names, np.nan)
    if log_odds.std() < SMALLEST_SPREAD:
        return missing | {"note": "the predictions hardly vary"}
    if chosen.min() == chosen.max():
        return missing | {"note": "all choices are the same"}
    try:
        estimate, low, high = _with_interval(chosen, log_odds, codes)
    except NotTestableError as error:
        return missing | {"note": str(error)}
    except FitError:
        return missing | {"note": "no finite slope: the predictions separate the choices"}
    intercept, slope = zip(low, estimate, high, strict=True)
    row = dict(zip(("slope_low", "slope", "slope_high"), slope, strict=True))
    row |= dict(zip(("intercept_low", "intercept", "intercept_high"), intercept, strict=True))
    return {name: row[name] for name in names} | {"note": ""}


def _with_interval(chosen, log_odds, codes):
    """Intercept and slope, and the ends of their intervals, which one subject does not have."""
    design = np.column_stack([np.ones(chosen.size), log_odds])
    if codes.max() == 0:
        return fit_pooled(chosen, design, title="calibration"), *np.full((2, 2), np.nan)
    fit = fit_clustered(chosen, design, codes, title="calibration")
    return fit.estimate, *fit.interval
