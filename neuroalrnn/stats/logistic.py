"""Fit logistic regressions of many subjects at once, and test for separation.

Separated data have no finite maximum-likelihood slope. The remedy used here is a weak normal prior
on the log odds, SD 2.5 per SD of a predictor and 10 for the intercept (the scales of Gelman et al.
2008, Annals of Applied Statistics 2:1360, who use a Cauchy prior). It keeps every slope moderate,
does not depend on the unit of a predictor, and fades as 1 / n.
"""

from dataclasses import replace
from functools import lru_cache

import numpy as np
from scipy.optimize import linprog
from scipy.special import expit

from neuroalrnn.exceptions import DataError, FitError
from neuroalrnn.stats.stack import Stacked

MAX_STEPS = 30
# step after which subjects are looked at one by one
DOUBTFUL = 9
OF_SUBJECTS = ("outcome", "design", "present", "varies")
LARGEST_STEP = 5.0
TOLERANCE = 1e-8
SLOPE_SD = 2.5
INTERCEPT_SD = 10.0


def fit_logistic(stacked: Stacked, *, penalty: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Fit one logistic regression per subject by Newton's method.

    Maximises ``sum log p(y_n)``, with ``penalty`` plus ``-1/2 sum_k (beta_k / sd_k)^2``.

    Parameters
    ----------
    stacked : Stacked
        Trials of all subjects, with outcomes 0 or 1.
    penalty : bool
        Whether the weak prior is used, for all subjects.

    Returns
    -------
    beta : array (subject, 1 + effect)
        Log odds, on the scale of ``stacked.design``.
    standard_error : array (subject, 1 + effect)
        Standard errors on the same scale.
    converged : array (subject,) bool
        Whether the last Newton step was small. Under separation the unpenalised step stays near 1,
        hence the fit never converges.
    """
    beta = np.zeros((stacked.design.shape[0], stacked.design.shape[2]))
    prior = np.full(beta.shape[1], SLOPE_SD**-2.0) * penalty
    prior[0] = INTERCEPT_SD**-2.0 * penalty
    value, information = _objective(beta, stacked, prior)
    converged, moving, part = np.zeros(len(beta), bool), np.arange(len(beta)), stacked
    for k in range(MAX_STEPS):
        step = _newton_step(beta[moving], information[moving], part, prior)
        size = np.abs(np.einsum("snk,sk->sn", part.design, step)).max(axis=1)
        converged[moving] = size < TOLERANCE
        if converged[moving].all():
            break
        step *= np.minimum(1.0, LARGEST_STEP / np.maximum(size, 1e-300))[:, None]
        found = _ascend(beta[moving], step, value[moving], part, prior)
        beta[moving], value[moving], information[moving] = found
        if k == DOUBTFUL:
            # what is separated never arrives, and what has arrived stays
            left = moving[~converged[moving]].tolist()
            far = [i for i in left if penalty or not _is_separated(stacked, i)]
            moving, part = np.array(far, dtype=int), _some_of(stacked, far)
            if not far:
                break
    error = np.sqrt(np.einsum("sjj->sj", np.linalg.pinv(information, hermitian=True)))
    return beta, error, converged


def _some_of(stacked, subjects):
    names = tuple(stacked.subjects[i] for i in subjects)
    parts = {name: getattr(stacked, name)[subjects] for name in OF_SUBJECTS}
    return replace(stacked, subjects=names, **parts)


def _objective(beta, stacked, prior):
    eta = np.einsum("snk,sk->sn", stacked.design, beta)
    log_p = -np.logaddexp(0.0, np.where(stacked.outcome > 0, -eta, eta))
    value = (log_p * stacked.present).sum(axis=1) - 0.5 * beta**2 @ prior
    p = expit(eta)
    weighted = stacked.design * (p * (1 - p))[..., None]
    information = weighted.transpose(0, 2, 1) @ stacked.design + stacked.unused
    return value, information + np.diag(prior)


def _newton_step(beta, information, stacked, prior):
    p = expit(np.einsum("snk,sk->sn", stacked.design, beta))
    residual = (stacked.outcome - p) * stacked.present
    # A trace of ridge in the metric, not in the gradient: the maximum stays where it is.
    small = 1e-10 * np.einsum("sjj->s", information) + 1e-14
    metric = information + small[:, None, None] * np.eye(information.shape[1])
    score = np.einsum("snk,sn->sk", stacked.design, residual) - beta * prior
    return np.linalg.solve(metric, score[..., None])[..., 0]


def _ascend(beta, step, value, stacked, prior):
    """Halve the step of those subjects whose objective would fall."""
    factor = np.ones(len(beta))
    for _ in range(12):
        trial = beta + factor[:, None] * step
        new, information = _objective(trial, stacked, prior)
        worse = new < value - 1e-9 * (1 + np.abs(value))
        if not worse.any():
            break
        factor = np.where(worse, factor / 2, factor)
    return trial, new, information


def find_separated(stacked: Stacked, converged: np.ndarray) -> tuple[str, ...]:
    """Name the subjects whose outcomes a hyperplane separates, completely or partly.

    Parameters
    ----------
    stacked : Stacked
        Trials of all subjects.
    converged : array (subject,) bool
        Whether an unpenalised fit converged. That proves that a finite maximum exists, so only the
        other subjects need the linear programme.

    Returns
    -------
    names : tuple of str
        Names of the separated subjects.

    Raises
    ------
    FitError
        A fit did not converge, although the subject is not separated.

    Notes
    -----
    Separated iff some ``beta`` has ``(2y - 1) x' beta >= 0`` for all trials and ``> 0`` for one
    (Albert & Anderson 1984, Biometrika 71:1), which also covers an outcome that never varies.
    """
    doubtful = np.flatnonzero(~converged).tolist()
    separated = [i for i in doubtful if _is_separated(stacked, i)]
    unexplained = [stacked.subjects[i] for i in sorted({*doubtful} - {*separated})]
    if unexplained:
        raise FitError(f"logistic fit did not converge for subject {', '.join(unexplained)}")
    return tuple(stacked.subjects[i] for i in separated)


def _is_separated(stacked: Stacked, index: int) -> bool:
    rows = stacked.present[index] > 0
    design = np.array([_two_values(column) for column in stacked.design[index][rows].T]).T
    signed = np.unique(design * (2 * stacked.outcome[index][rows] - 1)[:, None], axis=0)
    return _is_separable(signed.shape, signed.tobytes())


def _two_values(column):
    """A predictor of two values as -1 and 1, which any plane through it separates alike."""
    low, high = column.min(), column.max()
    is_low = column == low
    if low == high or not (is_low | (column == high)).all():
        return column
    return np.where(is_low, -1.0, 1.0)


@lru_cache(maxsize=4096)
def _is_separable(shape, values) -> bool:
    """Whether a plane separates outcomes; predictors times their signs come as bytes."""
    signed = np.frombuffer(values).reshape(shape)
    found = linprog(
        -signed.sum(axis=0),
        A_ub=-signed,
        b_ub=np.zeros(len(signed)),
        bounds=(-1, 1),
        method="highs",
    )
    return bool(-found.fun > 1e-7)


def require_binary(outcome: np.ndarray) -> None:
    """Raise unless all outcomes are 0 or 1.

    Parameters
    ----------
    outcome : array
        Outcomes of trials.

    Raises
    ------
    DataError
        Other values.
    """
    found = np.unique(outcome)
    if not np.isin(found, (0, 1)).all():
        raise DataError(f"outcome: found values {found[:6]}, expected 0 and 1 (or False and True)")
