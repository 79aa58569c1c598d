"""Multinomial regression of choices among the options that each trial offers."""

from functools import partial

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax

from neuroalrnn.baselines.shared import choose_inside
from neuroalrnn.data.schema import session_number

MOST_STEPS = 10_000
# simplest first
PENALTIES = (100.0, 10.0, 1.0)
SLIGHT = 1e-4
N_PARTS = 3


def regress_among(trials, train, test, *, features, offered):
    """Regress choices among the options offered, with the penalty that predicts best inside.

    A choice among fewer options tells less about each of them, so that a penalty that suits a
    choice among all of them lets the regression follow noise.

    Parameters
    ----------
    trials : xarray.Dataset
    train, test : int arrays
    features : array, shape (trial, feature)
    offered : bool array, shape (trial, option)

    Returns
    -------
    array, shape (test trial, option)
        Log-probabilities.
    """
    code = np.nan_to_num(trials["choice"].values).astype(int)

    def baseline(trials, train, test, penalty):
        weights = fit_among(features[train], code[train], offered[train], penalty)
        return log_among(weights, features[test], offered[test])

    several = len(_parts(trials, train)) > 1
    candidates = PENALTIES if several else PENALTIES[-1:]
    penalty = choose_inside(baseline, candidates, trials, train, partial(_parts, trials))
    return baseline(trials, train, test, penalty)


def _parts(trials, train):
    """Pairs (fit, validate) of whole subjects, or of whole sessions of a single one."""
    group = trials["subject"].values[train].astype(str)
    if len(np.unique(group)) < 2:
        group = session_number(trials)[train]
    part = np.unique(group, return_inverse=True)[1] % N_PARTS
    return [(train[part != k], train[part == k]) for k in np.unique(part)]


def fit_among(features, code, offered, penalty=1.0):
    """Fit as scikit-learn's logistic regression does, each choice among what was offered.

    Parameters
    ----------
    features : array, shape (trial, feature)
    code : int array, shape (trial,)
    offered : bool array, shape (trial, option)
    penalty : float
        1 is scikit-learn's default.

    Returns
    -------
    array, shape (option, feature + 1)
        The last column is the intercept, which no penalty holds but a slight one that keeps an
        option finite that was never or always chosen when offered.
    """
    design = np.c_[features, np.ones(len(features))]
    made = code[:, None] == np.arange(offered.shape[1])
    held = np.r_[np.full(features.shape[1], penalty), SLIGHT]

    def loss(flat):
        weights = flat.reshape(offered.shape[1], -1)
        log_p = log_among(weights, features, offered)
        error = np.exp(log_p) - made
        value = -log_p[made].sum() + (held * weights**2).sum() / 2
        return value, (error.T @ design + held * weights).ravel()

    start = np.zeros(offered.shape[1] * design.shape[1])
    options = {"maxiter": MOST_STEPS, "maxfun": 2 * MOST_STEPS, "ftol": 0.0, "gtol": 1e-8}
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options=options)
    return found.x.reshape(offered.shape[1], -1)


def log_among(weights, features, offered):
    """Log-probabilities among the options offered.

    Parameters
    ----------
    weights : array, shape (option, feature + 1)
    features : array, shape (trial, feature)
    offered : bool array, shape (trial, option)
        All, where a trial offers nothing, as one without a choice may.

    Returns
    -------
    array, shape (trial, option)
    """
    drive = features @ weights[:, :-1].T + weights[:, -1]
    hidden = offered.any(axis=1, keepdims=True) & ~offered
    return log_softmax(np.where(hidden, -np.inf, drive), axis=1)
