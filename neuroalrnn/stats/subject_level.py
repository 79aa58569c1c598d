"""Effects tested over subjects: one value per subject, and one regression per subject.

Trials are never replicates of a population: every subject gives one number, and the numbers are
tested. `stats.robust` pools trials instead, with the standard errors of subjects as clusters.
"""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from neuroalrnn.arguments import checked, not_text, not_whole, optional
from neuroalrnn.exceptions import DataError, FitError, NotTestableError
from neuroalrnn.stats.checks import (
    RNG,
    SHARE,
    as_numbers,
    not_labels,
    refuse_reordered,
    refuse_unnamed,
)
from neuroalrnn.stats.effects import effect_table, one_sample, refuse_missing
from neuroalrnn.stats.logistic import find_separated, fit_logistic, require_binary
from neuroalrnn.stats.stack import Predictors, Stacked, stack_trials

ROUNDING = 1e-12


@checked(
    DataError,
    values=not_labels,
    subject=optional(not_labels),
    effect=not_text,
    scale=not_text,
    n_trials=optional(not_whole),
)
def t_test(
    values: ArrayLike,
    *,
    subject: ArrayLike | None = None,
    effect: str = "mean",
    scale: str = "",
    n_trials: int | None = None,
) -> pd.DataFrame:
    """Test one value per subject against zero with a t-test.

    Parameters
    ----------
    values : Series indexed by subject, or array (subject,)
        One number per subject.
    subject : array (subject,), optional
        Names, if `values` is not a Series.
    effect, scale : str
        Name and unit of the value, for the table.
    n_trials : int, optional
        Trials behind the values.

    Returns
    -------
    table : DataFrame
        One row: ``effect``, ``estimate`` (the mean), ``standard_error``, ``ci_low`` and ``ci_high``
        (95 %, from t), ``statistic`` (t), ``df``, ``p``, ``n_subjects``, ``n_trials``,
        ``method``, ``scale`` and ``excluded``.

    Raises
    ------
    DataError
        NaN (with subject), or a subject that occurs twice.
    NotTestableError
        Fewer than two subjects, or no spread.
    """
    values = _one_per_subject(values, subject)
    row = one_sample(values, test="t")
    return effect_table([row | {"effect": effect, "scale": scale, "n_trials": n_trials}])


@checked(
    DataError,
    values=not_labels,
    subject=optional(not_labels),
    effect=not_text,
    scale=not_text,
    n_trials=optional(not_whole),
    alpha=SHARE,
    rng=RNG,
)
def sign_flip(
    values: ArrayLike,
    *,
    subject: ArrayLike | None = None,
    effect: str = "mean",
    scale: str = "",
    n_trials: int | None = None,
    alpha: float = 0.05,
    rng: np.random.Generator | None = None,
) -> pd.DataFrame:
    """Test one value per subject against zero by flipping signs.

    All 2^S flips up to 12 subjects, otherwise 4,999 draws with ``p = (b + 1) / (B + 1)``.
    The interval is that of the t-test.

    Parameters
    ----------
    values : Series indexed by subject, or array (subject,)
        One number per subject.
    subject : array (subject,), optional
        Names, if `values` is not a Series.
    effect, scale : str
        Name and unit of the value, for the table.
    n_trials : int, optional
        Trials behind the values.
    alpha : float
        Level of the claim that is wanted.
    rng : Generator, optional
        Draws the flips; ``default_rng(0)`` if absent.

    Returns
    -------
    table : DataFrame
        One row: ``effect``, ``estimate`` (the mean), ``standard_error``, ``ci_low`` and ``ci_high``
        (95 %, from t), ``statistic`` (the mean), ``df``, ``p``, ``n_subjects``, ``n_trials``,
        ``method``, ``scale`` and ``excluded``.

    Raises
    ------
    DataError
        NaN (with subject), or a subject that occurs twice.
    NotTestableError
        The smallest possible p, 2 / 2^S, is above `alpha` (fewer than 6 subjects at .05).
    """
    values = _one_per_subject(values, subject)
    row = one_sample(values, test="sign-flip", rng=rng, alpha=alpha)
    return effect_table([row | {"effect": effect, "scale": scale, "n_trials": n_trials}])


def _one_per_subject(values, subject) -> np.ndarray:
    title = "one value per subject"
    refuse_reordered(title, {"values": values, "subject": subject})
    if subject is None:
        subject = values.index if isinstance(values, pd.Series) else np.arange(len(values))
    refuse_unnamed(title, {"subject": subject})
    subject = pd.Index(np.asarray(subject))
    values = as_numbers(values, "values", title)
    if values.shape != subject.shape:
        raise DataError(f"values have shape {values.shape}, subject {subject.shape}")
    if subject.has_duplicates:
        twice = ", ".join(map(str, subject[subject.duplicated()].unique()))
        raise DataError(f"expected one value per subject, found several for {twice}; average them")
    refuse_missing(title, {"values": values}, subject)
    return values


@checked(DataError, subject=not_labels, family=not_text)
def subject_slopes(
    outcome: ArrayLike, predictors: Predictors, subject: ArrayLike, *, family: str
) -> pd.DataFrame:
    """Regress the outcome on all predictors, separately in each subject.

    Parameters
    ----------
    outcome : array (trial,)
        What happened in each trial: 0 or 1 for the logistic family, else any number.
    predictors : DataFrame or mapping of name to array (trial,)
        One column per predictor, in any unit.
    subject : array (trial,)
        Subject of each trial.
    family : {"logistic", "linear"}
        Logistic regression or least squares.

    Returns
    -------
    slopes : DataFrame
        One row per subject and predictor: ``subject``, ``effect``, ``slope`` (log odds, or units of
        the outcome, per unit of the predictor), ``standard_error`` and ``n_trials``. The slope is
        NaN where the predictor does not vary in the subject. ``attrs["separated"]`` names separated
        subjects; if there are any, all slopes carry the same weak penalty, a normal prior with SD
        2.5 per SD of a predictor.

    Raises
    ------
    DataError
        NaN (with subject), an outcome other than 0 and 1, collinear predictors.
    """
    stacked = stack_trials(outcome, predictors, subject, title=f"{family} slopes")
    if family not in _FAMILIES:
        raise DataError(f"family: found {family!r}, expected one of {', '.join(_FAMILIES)}")
    beta, error, separated = _FAMILIES[family](stacked)
    # what rounding leaves of no slope at all would be tested as if it were one
    size = 1.0 if family == "logistic" else np.abs(stacked.outcome).max()
    beta = np.where(np.abs(beta) <= ROUNDING * size, 0.0, beta)
    keep = np.where(stacked.varies, 1.0, np.nan) / stacked.scale
    n_effects = len(stacked.effects)
    table = pd.DataFrame(
        {
            "subject": np.repeat(stacked.subjects, n_effects),
            "effect": np.tile(stacked.effects, len(stacked.subjects)),
            "slope": (beta[:, 1:] * keep).ravel(),
            "standard_error": (error[:, 1:] * keep).ravel(),
            "n_trials": np.repeat(stacked.n_trials, n_effects),
        }
    )
    table.attrs["separated"] = list(separated)
    return table


def _logistic(stacked: Stacked):
    require_binary(stacked.outcome)
    beta, error, converged = fit_logistic(stacked, penalty=False)
    separated = find_separated(stacked, converged)
    if separated:
        beta, error, converged = fit_logistic(stacked, penalty=True)
        if not converged.all():
            names = ", ".join(np.array(stacked.subjects)[~converged])
            raise FitError(f"penalised logistic fit did not converge for subject {names}")
    return beta, error, separated


def _linear(stacked: Stacked):
    gram = stacked.design.transpose(0, 2, 1) @ stacked.design + stacked.unused
    inverse = np.linalg.inv(gram)
    beta = np.einsum("sjk,snk,sn->sj", inverse, stacked.design, stacked.outcome)
    residual = stacked.outcome - np.einsum("snk,sk->sn", stacked.design, beta)
    n_free = stacked.n_trials - 1 - stacked.varies.sum(axis=1)
    variance = np.where(n_free > 0, (residual**2).sum(axis=1) / np.maximum(n_free, 1), np.nan)
    return beta, np.sqrt(variance[:, None] * np.einsum("sjj->sj", inverse)), ()


_FAMILIES = {"logistic": _logistic, "linear": _linear}


@checked(DataError, subject=not_labels, test=not_text, rng=RNG)
def two_stage_logistic(
    outcome: ArrayLike,
    predictors: Predictors,
    subject: ArrayLike,
    *,
    test: str = "t",
    rng: np.random.Generator | None = None,
) -> pd.DataFrame:
    """Fit one logistic regression per subject, then test the slopes over subjects.

    Separation is checked first. If any subject is separated, all subjects are fitted with the same
    weak penalty, a normal prior with SD 2.5 per SD of a predictor, and the method says so.

    Parameters
    ----------
    outcome : array (trial,) of 0 and 1
        What happened in each trial.
    predictors : DataFrame or mapping of name to array (trial,)
        One column per predictor, in any unit.
    subject : array (trial,)
        Subject of each trial.
    test : {"t", "sign-flip"}
        Test of the mean slope, see `t_test` and `sign_flip`.
    rng : Generator, optional
        Draws the sign flips of more than 12 subjects; ``default_rng(0)`` if absent.

    Returns
    -------
    table : DataFrame
        One row per predictor as from `t_test`. The estimate is the mean slope over subjects, in log
        odds per unit of the predictor. ``excluded`` names subjects in which the predictor does not
        vary; ``fewest_trials`` and ``most_trials`` are those of single subjects.

    Raises
    ------
    DataError
        As in `subject_slopes`.
    NotTestableError
        A predictor that varies in fewer than two subjects, or slopes that are all the same.
    """
    slopes = subject_slopes(outcome, predictors, subject, family="logistic")
    how = "two-stage logistic, "
    if names := slopes.attrs["separated"]:
        how += f"weak normal penalty for all subjects (separated: {', '.join(names)}), "
    return _test_slopes(slopes, how, "log odds per unit, mean of subjects' slopes", test, rng)


@checked(DataError, subject=not_labels, test=not_text, rng=RNG)
def two_stage_linear(
    outcome: ArrayLike,
    predictors: Predictors,
    subject: ArrayLike,
    *,
    test: str = "t",
    rng: np.random.Generator | None = None,
) -> pd.DataFrame:
    """Fit one least-squares regression per subject (log RT, ...), then test the slopes.

    Parameters
    ----------
    outcome : array (trial,)
        Continuous, in any unit.
    predictors : DataFrame or mapping of name to array (trial,)
        One column per predictor, in any unit.
    subject : array (trial,)
        Subject of each trial.
    test : {"t", "sign-flip"}
        Test of the mean slope, see `t_test` and `sign_flip`.
    rng : Generator, optional
        Draws the sign flips of more than 12 subjects; ``default_rng(0)`` if absent.

    Returns
    -------
    table : DataFrame
        One row per predictor as from `two_stage_logistic`, with slopes in units of the outcome per
        unit of the predictor.
    """
    slopes = subject_slopes(outcome, predictors, subject, family="linear")
    scale = "outcome per unit, mean of subjects' slopes"
    return _test_slopes(slopes, "two-stage linear, ", scale, test, rng)


def _test_slopes(slopes, how, scale, test, rng) -> pd.DataFrame:
    rows = []
    for effect, part in slopes.groupby("effect", sort=False):
        out = part["slope"].isna()
        excluded = ", ".join(part.loc[out, "subject"])
        part = part[~out]
        if len(part) < 2:
            raise NotTestableError(
                f"predictor {effect!r} varies in {len(part)} subject(s), expected at least 2; "
                f"it does not vary in {excluded or 'no other'}"
            )
        row = one_sample(part["slope"].to_numpy(), test=test, rng=rng)
        row |= {"effect": effect, "scale": scale, "excluded": excluded}
        row |= {"method": how + row["method"], "n_trials": part["n_trials"].sum()}
        row |= {"fewest_trials": part["n_trials"].min(), "most_trials": part["n_trials"].max()}
        rows.append(row)
    return effect_table(rows)
