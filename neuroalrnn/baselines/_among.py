"""Multinomial regression of choices among the options that each trial offers."""

from collections.abc import Callable
from functools import partial

import numpy as np
import xarray as xr
from scipy.optimize import minimize
from scipy.special import log_softmax

from neuroalrnn.baselines.shared import Predict, fit_chosen
from neuroalrnn.data.offered import offered_options
from neuroalrnn.data.schema import session_number

MOST_STEPS = 10_000
# largest slope of the loss at its end; number of weights up to which Newton steps are faster
ENOUGH, MOST_NEWTON = 1e-8, 500
MOST_NEWTON_STEPS, MOST_HALVINGS = 100, 20
# simplest first
PENALTIES = (100.0, 10.0, 1.0)
SLIGHT = 1e-4
N_PARTS = 3


def fit_offered(
    trials: xr.Dataset,
    train: np.ndarray,
    features: np.ndarray,
    offered: np.ndarray,
    covariates: Callable[[xr.Dataset], np.ndarray],
) -> Predict:
    """Regress choices among the options offered, with the penalty that predicts best inside.

    A choice among few options says less about each of them than a choice among all: with the
    penalty that suits a choice among all, the regression would follow noise.

    Parameters
    ----------
    trials : xarray.Dataset
        Trials of all subjects.
    train : int array, shape (trial,)
        Positions of the scored training trials.
    features : array, shape (trial, feature)
        Covariates of all trials.
    offered : bool array, shape (trial, option)
        Options that each trial offers.
    covariates : callable
        Gives the covariates of trials with other values.

    Returns
    -------
    callable
        ``predict(trials, test)``, see `neuroalrnn.baselines.from_fit`.
    """
    code = np.nan_to_num(trials["choice"].values).astype(int)

    def fit(trials, train, penalty):
        weights = fit_among(features[train], code[train], offered[train], penalty)
        return partial(_predict, weights, covariates)

    several = len(_parts(trials, train)) > 1
    candidates = PENALTIES if several else PENALTIES[-1:]
    return fit_chosen(fit, candidates, trials, train, partial(_parts, trials))


def _predict(weights, covariates, trials, test):
    offered = offered_options(trials)
    among = np.ones((len(test), len(weights)), bool) if offered is None else offered[test]
    return log_among(weights, covariates(trials)[test], among)


def _parts(trials, train):
    """Pairs (fit, validate) of whole subjects, or of whole sessions if there is one subject."""
    group = trials["subject"].values[train].astype(str)
    if len(np.unique(group)) < 2:
        group = session_number(trials)[train]
    part = np.unique(group, return_inverse=True)[1] % N_PARTS
    return [(train[part != k], train[part == k]) for k in np.unique(part)]


def fit_among(
    features: np.ndarray, code: np.ndarray, offered: np.ndarray, penalty: float = 1.0
) -> np.ndarray:
    """Fit a logistic regression as scikit-learn does, but each choice among what was offered.

    Parameters
    ----------
    features : array, shape (trial, feature)
        Covariates.
    code : int array, shape (trial,)
        Option chosen.
    offered : bool array, shape (trial, option)
        Options that each trial offers.
    penalty : float
        Half of it times the squared weights is added to the loss; 1 is scikit-learn's default.

    Returns
    -------
    array, shape (option, feature + 1)
        Weights. The last column is the intercept. It has a slight penalty of its own, which keeps
        the weights of an option finite that was always or never chosen when it was offered.
    """
    design = np.c_[features, np.ones(len(features))]
    made = code[:, None] == np.arange(offered.shape[1])
    penalties = np.r_[np.full(features.shape[1], penalty), SLIGHT]

    def loss(flat):
        weights = flat.reshape(offered.shape[1], -1)
        log_p = log_among(weights, features, offered)
        error = np.exp(log_p) - made
        value = -log_p[made].sum() + (penalties * weights**2).sum() / 2
        return value, (error.T @ design + penalties * weights).ravel()

    def curvature(flat):
        p = np.exp(log_among(flat.reshape(offered.shape[1], -1), features, offered))
        return _curve(p, design) + np.diag(np.tile(penalties, p.shape[1]))

    start = np.zeros(offered.shape[1] * design.shape[1])
    start = _descend(loss, curvature, start) if len(start) <= MOST_NEWTON else start
    options = {"maxiter": MOST_STEPS, "maxfun": 2 * MOST_STEPS, "ftol": 0.0, "gtol": ENOUGH}
    end = minimize(loss, start, jac=True, method="L-BFGS-B", options=options)
    return end.x.reshape(offered.shape[1], -1)


def _curve(p, design):
    """Second derivatives of the loss without its penalty."""
    n_options, n_features = p.shape[1], design.shape[1]
    found = np.empty((n_options, n_features, n_options, n_features))
    for i in range(n_options):
        for j in range(i + 1):
            spread = p[:, i] * ((i == j) - p[:, j])
            rows = np.flatnonzero(spread)
            part = design[rows]
            found[i, :, j] = found[j, :, i] = (part * spread[rows, None]).T @ part
    return found.reshape(n_options * n_features, -1)


def _descend(loss, curvature, x):
    """Take Newton steps, halved where the loss would rise, until it falls no more."""
    value, slope = loss(x)
    for _ in range(MOST_NEWTON_STEPS):
        step = np.linalg.solve(curvature(x), slope)
        further = (x - step / 2**k for k in range(MOST_HALVINGS))
        tried = ((z, *loss(z)) for z in further)
        found = next((each for each in tried if each[1] < value), None)
        if found is None:
            return x
        x, value, slope = found
        if np.abs(slope).max() < ENOUGH:
            return x
    return x


def log_among(weights: np.ndarray, features: np.ndarray, offered: np.ndarray) -> np.ndarray:
    """Predict log-probabilities among the options offered.

    Parameters
    ----------
    weights : array, shape (option, feature + 1)
        From `fit_among`.
    features : array, shape (trial, feature)
        Covariates.
    offered : bool array, shape (trial, option)
        Options that each trial offers. A trial that offers none, as one without a choice may, is
        treated as if it offered all.

    Returns
    -------
    array, shape (trial, option)
        Log-probabilities (nats).
    """
    drive = features @ weights[:, :-1].T + weights[:, -1]
    hidden = offered.any(axis=1, keepdims=True) & ~offered
    return log_softmax(np.where(hidden, -np.inf, drive), axis=1)
