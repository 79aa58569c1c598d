"""Logistic regression of pooled trials with subjects as clusters, also when subjects are few.

The usual standard error of clusters is too small with few of them: for 6 to 12 subjects with
unequal numbers of trials it rejected 7 to 10 % of true nulls at .05. The correction is CR2: the
residuals of each cluster are divided by the root of what the fit leaves of them. Degrees of freedom
are those of Satterthwaite (Bell & McCaffrey 2002, Survey Methodology 28:169; Pustejovsky & Tipton
2018, J Bus Econ Stat 36:672).
"""

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats
from scipy.special import expit

from neuroalrnn.exceptions import FitError, NotTestableError
from neuroalrnn.stats.effects import effect_table
from neuroalrnn.stats.logistic import find_separated, fit_logistic, require_binary
from neuroalrnn.stats.stack import Predictors, as_predictors, stack_trials

LARGEST_LEVERAGE = 1 - 1e-8


@dataclass(frozen=True)
class _ClusteredFit:
    """Coefficients of a pooled regression, intercept first, with the errors of clusters."""

    estimate: np.ndarray  # (column,), log odds per unit
    standard_error: np.ndarray  # (column,)
    df: np.ndarray  # (column,), Satterthwaite

    @property
    def statistic(self) -> np.ndarray:
        """Estimate over standard error (column,)."""
        return self.estimate / self.standard_error

    @property
    def p(self) -> np.ndarray:
        """Two-sided, from t (column,)."""
        return 2 * stats.t.sf(np.abs(self.statistic), self.df)

    @property
    def interval(self) -> tuple[np.ndarray, np.ndarray]:
        """Ends of the 95 % interval (column,)."""
        half = stats.t.ppf(0.975, self.df) * self.standard_error
        return self.estimate - half, self.estimate + half


def fit_clustered(outcome, design, codes, *, title: str) -> _ClusteredFit:
    """Fit one logistic regression to all trials, with the CR2 errors of clusters.

    With X the design, w = p (1 - p), M = (X' W X)^-1, ``K_g = M^1/2 X_g' W_g X_g M^1/2`` the
    leverage of cluster g and ``s_g = M^1/2 X_g' (y_g - p_g)`` its score, the covariance is
    ``M^1/2 (sum_g (1 - K_g)^-1/2 s_g s_g' (1 - K_g)^-1/2) M^1/2``. Degrees of freedom are
    ``(sum_g O_gg)^2 / sum_gh O_gh^2``, O being the covariance of the terms of that sum if trials
    were independent, with the mean of ``(y - p)^2 / w`` in each cluster as their variance. Thus
    subjects who nearly always choose the same count less than their trials would.

    Parameters
    ----------
    outcome : array (trial,) of 0 and 1
        What happened in each trial.
    design : array (trial, column)
        Predictors, the intercept first.
    codes : array (trial,) of int
        Cluster of each trial, from 0 on; at least two.
    title : str
        What was fitted, for the message.

    Returns
    -------
    fit : object
        ``estimate``, ``standard_error``, ``df``, ``statistic``, ``p`` and ``interval``, one entry
        per column.

    Raises
    ------
    FitError
        The fit did not converge.
    NotTestableError
        A coefficient rests on a single cluster.
    """
    estimate = fit_pooled(outcome, design, title=title)
    p = expit(design @ estimate)
    weight = p * (1 - p)
    root = np.linalg.cholesky(np.linalg.inv(design.T @ (weight[:, None] * design)))
    scaled = design @ root
    order = np.argsort(codes, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(codes[order])) + 1)
    leverage = np.array([(scaled[at].T * weight[at]) @ scaled[at] for at in parts])
    residual = outcome - p
    score = np.array([scaled[at].T @ residual[at] for at in parts])
    spread = np.array([(residual[at] ** 2 / weight[at]).mean() for at in parts])
    size, axes = np.linalg.eigh(leverage)
    if (size > LARGEST_LEVERAGE).any():
        raise NotTestableError(
            f"{title}: one subject alone tells the effect of a predictor, as where it varies in "
            "that subject only; such an effect has no error over subjects"
        )
    adjust = np.einsum("gij,gj,gkj->gik", axes, (1 - size) ** -0.5, axes)
    terms = np.einsum("ki,gij,gj->kg", root, adjust, score)
    error = np.sqrt((terms**2).sum(axis=1))
    df = np.array([_degrees_of_freedom(leverage, adjust @ row, spread) for row in root])
    return _ClusteredFit(estimate, error, df)


def _degrees_of_freedom(leverage, direction, spread) -> float:
    """Degrees of freedom of one coefficient, from directions of the adjusted scores.

    The directions have the shape (cluster, column).

    O is a diagonal and a product of few columns, so that it need not be written out.
    """
    seen = np.einsum("gij,gj->gi", leverage, direction)
    own = spread * (direction * seen).sum(axis=1)
    one = np.eye(seen.shape[1])
    factors = np.hstack([seen, spread[:, None] * seen])
    between = np.block([[np.einsum("g,gij->ij", spread, leverage), -one], [-one, 0 * one]])
    diagonal = np.einsum("gi,ij,gj->g", factors, between, factors)
    product = between @ (factors.T @ factors)
    squares = (own**2).sum() + 2 * own @ diagonal + np.trace(product @ product)
    return (own + diagonal).sum() ** 2 / squares


def fit_pooled(outcome, design, *, title: str) -> np.ndarray:
    """Fit one logistic regression to all trials, by maximum likelihood.

    Parameters
    ----------
    outcome : array (trial,) of 0 and 1
        What happened in each trial.
    design : array (trial, column)
        Predictors, the intercept first.
    title : str
        What was fitted, for the message.

    Returns
    -------
    estimate : array (column,)
        Coefficients in log odds per unit.

    Raises
    ------
    FitError
        The fit did not converge.
    """
    from statsmodels.discrete.discrete_model import Logit

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            fit = Logit(outcome, design).fit(disp=0)
        except np.linalg.LinAlgError as error:
            raise FitError(f"{title}: {error}; check the scale of predictors") from error
    if not fit.mle_retvals["converged"] or not np.isfinite(fit.params).all():
        raise FitError(f"{title} did not converge; check the scale of predictors")
    return fit.params


def cluster_robust_logistic(
    outcome: ArrayLike, predictors: Predictors, subject: ArrayLike
) -> pd.DataFrame:
    """Pool trials in one logistic regression, with subjects as clusters.

    Errors are corrected for few subjects (CR2) and tested against t with Satterthwaite degrees of
    freedom; these are fewer than S - 1 where the effect rests on few subjects. This is the marginal
    (population-averaged) effect, which is smaller than the subject-level slope when subjects
    differ, and it mixes effects within and between subjects.

    Parameters
    ----------
    outcome : array (trial,) of 0 and 1
        What happened in each trial.
    predictors : DataFrame or mapping of name to array (trial,)
        One column per predictor, in any unit.
    subject : array (trial,)
        Subject of each trial.

    Returns
    -------
    table : DataFrame
        One row per predictor as from `t_test`, with the estimate in log odds per unit.

    Raises
    ------
    DataError
        NaN (with subject), an outcome other than 0 and 1, unequal lengths.
    NotTestableError
        Fewer than two subjects, outcomes separated over all trials, or a predictor that varies in
        one subject only.
    FitError
        Not converged.
    """
    subject = np.asarray(subject)
    pooled = stack_trials(outcome, predictors, subject, title="cluster-robust logistic")
    require_binary(pooled.outcome)
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
