"""Linear mixed model of continuous outcomes: log RT, occupancy and the like, one row per trial.

Every predictor has a slope that varies over subjects. Leaving that out treats trials as replicates
of a population: with 12 subjects and no effect it rejects one data set in four.
"""

import warnings

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from neuroalrnn.exceptions import FitError, NotTestableError
from neuroalrnn.stats.effects import effect_table
from neuroalrnn.stats.stack import Predictors, Stacked, stack_trials

TITLE = "mixed linear"
TOLERANCE = 1e-8
SMALLEST_VARIANCE = 0.01
SMALLEST_RESIDUAL = 1e-20


def mixed_linear(outcome: ArrayLike, predictors: Predictors, subject: ArrayLike) -> pd.DataFrame:
    """Fit one linear mixed model to all trials, with random intercepts and random slopes.

    ``y_ij = b_0 + u_0i + sum_k (b_k + u_ki) x_kij + e_ij`` for trial j of subject i, with
    ``(u_0i, ..., u_Ki) ~ N(0, D)``, D unrestricted, and ``e_ij ~ N(0, s^2)``; x centred within
    subject, so that ``b_k`` is the effect within subjects. Restricted maximum likelihood
    (Laird & Ware 1982, Biometrics 38:963); ``b_k`` over its standard error, that of generalised
    least squares with the estimated D, against t of S - 1 df.

    Parameters
    ----------
    outcome : array (trial,)
        Continuous, in any unit.
    predictors : DataFrame or mapping of name to array (trial,)
        One column per predictor, in any unit.
    subject : array (trial,)
        Subject of each trial.

    Returns
    -------
    table : DataFrame
        One row per predictor as from `t_test`, with the estimate in units of the outcome per unit
        of the predictor. ``excluded`` names subjects in which the predictor does not vary; they are
        not counted in ``n_subjects``. ``slope_sd`` is the standard deviation of the slope between
        subjects. ``log_likelihood`` is the restricted one of the model. ``boundary`` says whether D
        is (nearly) singular: some combination of the random effects varies over subjects with less
        than a hundredth of the variance with which one subject's trials tell it (definition of this
        package). ``warning`` is what the optimiser had to say; it calls any variance below .01 a
        boundary, whatever the unit of the outcome.

    Raises
    ------
    DataError
        NaN (with subject), unequal lengths, collinear predictors.
    NotTestableError
        Too few subjects for the random effects, or a predictor that does not vary.
    FitError
        Not converged, an infinite likelihood, or no standard error.
    """
    stacked = stack_trials(outcome, predictors, subject, title=TITLE)
    _require_subjects(stacked)
    fit, covariance, said = _fit(stacked)
    scale = stacked.scale
    estimate, error = (
        fit.fe_params[1:] / scale,
        _standard_errors(stacked, covariance, fit.scale)[1:] / scale,
    )
    n_subjects = stacked.varies.sum(axis=0)
    df = n_subjects - 1
    t = estimate / error
    p = 2 * stats.t.sf(np.abs(t), df)
    if not (np.isfinite(error).all() and np.isfinite(p).all()):
        raise FitError(f"{TITLE}: no standard error or p for some predictor; {said or 'no reason'}")
    half = stats.t.ppf(0.975, df) * error
    rows = pd.DataFrame({"effect": stacked.effects, "estimate": estimate, "standard_error": error})
    rows = rows.assign(ci_low=estimate - half, ci_high=estimate + half, statistic=t, df=df, p=p)
    rows = rows.assign(
        n_subjects=n_subjects,
        n_trials=stacked.n_trials @ stacked.varies,
        method="linear mixed model, random intercept and slopes, REML, t with S - 1 df",
        scale="outcome per unit, within subjects",
        excluded=_unvarying(stacked),
        slope_sd=np.sqrt(fit.scale * np.diag(covariance)[1:]) / scale,
        log_likelihood=fit.llf - np.log(scale).sum(),
        boundary=_is_singular(covariance, stacked.n_trials),
        warning=said,
    )
    return effect_table(rows.to_dict("records"))


def _require_subjects(stacked: Stacked) -> None:
    n_effects = len(stacked.effects)
    for effect, n in zip(stacked.effects, stacked.varies.sum(axis=0), strict=True):
        if n < n_effects + 2:
            raise NotTestableError(
                f"{TITLE}: predictor {effect!r} varies in {n} subjects, expected at least "
                f"{n_effects + 2} for {n_effects + 1} random effects"
            )


def _fit(stacked: Stacked):
    """Fit; covariance of the random effects in units of the residual variance; what was said.

    Powell, because gradient methods stop short of the optimum here and only warn. Random effects
    are expressed in units of a first guess of their covariance: in those of the predictors the
    optimiser at times "converged" where the likelihood is infinite.
    """
    from statsmodels.regression.mixed_linear_model import MixedLM

    here = stacked.present > 0
    design, groups = stacked.design[here], np.nonzero(here)[0]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            root = np.linalg.cholesky(_guess_covariance(stacked))
            model = MixedLM(stacked.outcome[here], design, groups=groups, exog_re=design @ root)
            fit = model.fit(method="powell", ftol=TOLERANCE)
        except np.linalg.LinAlgError as error:
            raise FitError(f"{TITLE}: {error}; check predictors and trials per subject") from error
    said = "; ".join(dict.fromkeys(str(each.message) for each in caught))
    if not (fit.converged and np.isfinite(fit.llf)):
        raise FitError(f"{TITLE} did not converge: {said or 'the likelihood is infinite'}")
    return fit, root @ fit.cov_re_unscaled @ root.T, said


def _guess_covariance(stacked: Stacked):
    """Covariance of the least-squares coefficients of subjects, in units of residual variance.

    That of one subject's trials is added, so that it has an inverse.
    """
    x, y = stacked.design, stacked.outcome
    gram = x.transpose(0, 2, 1) @ x + stacked.unused
    beta = np.linalg.solve(gram, x.transpose(0, 2, 1) @ y[..., None])
    n_free = y[stacked.present > 0].size - beta.size
    variance = ((y[..., None] - x @ beta) ** 2).sum() / max(n_free, 1)
    if variance <= SMALLEST_RESIDUAL * (y**2).sum():
        raise FitError(f"{TITLE}: nothing is left of the outcome within subjects")
    return np.cov(beta[..., 0].T) / variance + np.linalg.inv(gram).mean(axis=0)


def _standard_errors(stacked: Stacked, covariance, residual_variance):
    """Square roots of the diagonal of ``s^2 (sum_i X_i' V_i^-1 X_i)^-1``, V in units of s^2.

    The library inverts the Hessian of all parameters instead, which has no inverse, or any, where
    the covariance of the random effects is singular: it was off by factors of 0.8 to 10^7 there.
    """
    gram = stacked.design.transpose(0, 2, 1) @ stacked.design
    # X' V^-1 X = (1 + G D)^-1 G, with G = X' X and V = 1 + X D X'
    one = np.eye(len(covariance))
    information = np.linalg.solve(one + gram @ covariance, gram).sum(axis=0)
    return np.sqrt(residual_variance * np.diag(np.linalg.inv(information)))


def _is_singular(covariance, n_trials) -> bool:
    """Covariance of the random effects in units of the residual variance, predictors of SD 1."""
    return bool(np.linalg.eigvalsh(covariance)[0] * n_trials.mean() < SMALLEST_VARIANCE)


def _unvarying(stacked: Stacked) -> list[str]:
    names = np.array(stacked.subjects)
    return [", ".join(names[~varies]) for varies in stacked.varies.T]
