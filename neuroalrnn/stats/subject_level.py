"""Effects tested over subjects: slopes per subject, cluster-robust regression, t and sign-flip.

Trials are never replicates of a population. Either every subject gives one number and the numbers
are tested (two-stage), or trials are pooled and the standard error is that of subjects as clusters.
"""

import numpy as np
import pandas as pd

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
from neuroalrnn.stats.logistic import find_separated, fit_logistic
from neuroalrnn.stats.robust import fit_clustered
from neuroalrnn.stats.stack import Stacked, as_predictors, stack_trials

ROUNDING = 1e-12


@checked(
    DataError,
    values=not_labels,
    subject=optional(not_labels),
    effect=not_text,
    scale=not_text,
    n_trials=optional(not_whole),
)
def t_test(values, *, subject=None, effect: str = "mean", scale: str = "", n_trials=None):
    """Test one value per subject against zero with a t-test.

    Parameters
    ----------
    values : Series indexed by subject, or array (subject,)
    subject : array (subject,), optional
        Names, if `values` is not a Series.
    effect, scale : str
        Name and unit of the value, for the table.
    n_trials : int, optional
        Trials behind the values.

    Returns
    -------
    table : DataFrame, one row

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
    values,
    *,
    subject=None,
    effect: str = "mean",
    scale: str = "",
    n_trials=None,
    alpha: float = 0.05,
    rng: np.random.Generator | None = None,
):
    """Test one value per subject against zero by flipping signs.

    All 2^S flips up to 12 subjects, otherwise 4,999 draws with ``p = (b + 1) / (B + 1)``.
    The interval is that of the t-test.

    Parameters
    ----------
    values : Series indexed by subject, or array (subject,)
    subject : array (subject,), optional
    effect, scale : str
    n_trials : int, optional
    alpha : float
        Level of the claim that is wanted.
    rng : Generator, optional
        For the draws; ``default_rng(0)`` if absent.

    Returns
    -------
    table : DataFrame, one row

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
def subject_slopes(outcome, predictors, subject, *, family: str) -> pd.DataFrame:
    """Regress the outcome on all predictors, separately in each subject.

    Parameters
    ----------
    outcome : array (trial,)
        0 or 1 for the logistic family.
    predictors : DataFrame or mapping of name to array (trial,)
    subject : array (trial,)
    family : {"logistic", "linear"}

    Returns
    -------
    slopes : DataFrame
        subject, effect, slope, standard_error, n_trials. The slope is NaN where the predictor does
        not vary in the subject. ``attrs["separated"]`` names separated subjects; if there are any,
        all slopes carry the same weak penalty (see `stats.logistic`).

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
    _require_binary(stacked.outcome)
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


def _require_binary(outcome) -> None:
    found = np.unique(outcome)
    if not np.isin(found, (0, 1)).all():
        raise DataError(f"outcome: found values {found[:6]}, expected 0 and 1 (or False and True)")


@checked(DataError, subject=not_labels, test=not_text, rng=RNG)
def two_stage_logistic(
    outcome, predictors, subject, *, test: str = "t", rng: np.random.Generator | None = None
) -> pd.DataFrame:
    """Fit one logistic regression per subject, then test the slopes over subjects.

    Separation is checked first. If any subject is separated, all subjects are fitted with the same
    weak penalty (a normal prior, see `stats.logistic`), and the method says so.

    Parameters
    ----------
    outcome : array (trial,) of 0 and 1
    predictors : DataFrame or mapping of name to array (trial,)
    subject : array (trial,)
    test : {"t", "sign-flip"}
    rng : Generator, optional
        For sign-flips of more than 12 subjects.

    Returns
    -------
    table : DataFrame, one row per predictor
        Estimate: mean slope over subjects, log odds per unit of the predictor. ``excluded`` names
        subjects in which the predictor does not vary; ``fewest_trials`` and ``most_trials`` are
        those of single subjects.

    Raises
    ------
    DataError, NotTestableError
    """
    slopes = subject_slopes(outcome, predictors, subject, family="logistic")
    how = "two-stage logistic, "
    if names := slopes.attrs["separated"]:
        how += f"weak normal penalty for all subjects (separated: {', '.join(names)}), "
    return _test_slopes(slopes, how, "log odds per unit, mean of subjects' slopes", test, rng)


@checked(DataError, subject=not_labels, test=not_text, rng=RNG)
def two_stage_linear(
    outcome, predictors, subject, *, test: str = "t", rng: np.random.Generator | None = None
) -> pd.DataFrame:
    """Fit one least-squares regression per subject (log RT, ...), then test the slopes.

    Parameters
    ----------
    outcome : array (trial,)
        Continuous.
    predictors, subject, test, rng
        As in `two_stage_logistic`.

    Returns
    -------
    table : DataFrame, one row per predictor
        As from `two_stage_logistic`, with slopes in units of the outcome per unit of the predictor.
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


def cluster_robust_logistic(outcome, predictors, subject) -> pd.DataFrame:
    """Pool trials in one logistic regression, with subjects as clusters.

    Errors are corrected for few subjects (CR2) and tested against t with Satterthwaite degrees of
    freedom, see `stats.robust`; these are fewer than S - 1 where few subjects tell the effect. This
    is the marginal (population-averaged) effect, which is smaller than the subject-level slope
    when subjects differ, and it mixes effects within and between subjects.

    Parameters
    ----------
    outcome : array (trial,) of 0 and 1
    predictors : DataFrame or mapping of name to array (trial,)
    subject : array (trial,)

    Returns
    -------
    table : DataFrame, one row per predictor, in log odds per unit

    Raises
    ------
    DataError
    NotTestableError
        Fewer than two subjects, outcomes separated over all trials, or a predictor that varies in
        one subject only.
    FitError
        Not converged.
    """
    subject = np.asarray(subject)
    pooled = stack_trials(outcome, predictors, subject, title="cluster-robust logistic")
    _require_binary(pooled.outcome)
    codes, names = pd.factorize(subject, sort=True)
    if names.size < 2:
        raise NotTestableError("cluster-robust logistic: found 1 subject, expected at least 2")
    table = as_predictors(predictors, subject.size)
    _refuse_pooled_separation(outcome, table)
    design = np.column_stack([np.ones(len(table)), table.to_numpy()])
    fit = fit_clustered(
        np.asarray(outcome, dtype=float), design, codes, title="cluster-robust logistic"
    )
    (ci_low, ci_high), error = fit.interval, fit.standard_error
    columns = {"estimate": fit.estimate, "standard_error": error, "ci_low": ci_low}
    columns |= {"ci_high": ci_high, "statistic": fit.statistic, "df": fit.df, "p": fit.p}
    rows = pd.DataFrame(columns)[1:].assign(
        effect=list(table.columns),
        n_subjects=names.size,
        n_trials=subject.size,
        method="pooled logistic, subjects as clusters (CR2), t with Satterthwaite df",
        scale="log odds per unit, marginal effect",
    )
    return effect_table(rows.to_dict("records"))


def _refuse_pooled_separation(outcome, table) -> None:
    together = np.full(len(table), "all")
    stacked = stack_trials(outcome, table, together, title="cluster-robust logistic")
    constant = [k for k, v in zip(stacked.effects, stacked.varies[0], strict=True) if not v]
    if constant:
        raise NotTestableError(f"predictor {', '.join(constant)} does not vary over all trials")
    if find_separated(stacked, fit_logistic(stacked, penalty=False)[2]):
        raise NotTestableError(
            "the outcomes of all trials together are separated by the predictors, "
            "so the pooled slope is infinite; use two_stage_logistic, which applies a penalty"
        )
