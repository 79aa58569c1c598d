"""Smoothed weights of a regression against the mode over the weights of all trials at once."""

import numpy as np
from scipy.linalg import block_diag
from scipy.special import expit, log_expit

from neuroalrnn.adaptive.filter import filter_readouts, smooth_readouts
from neuroalrnn.adaptive.prior import Prior
from neuroalrnn.adaptive.rows import Rows


def walk(n=250, *, sd=1.0, step=0.05, seed=1):
    """Choices by two weights (constant and stimulus) that walk at random."""
    rng = np.random.default_rng(seed)
    first = rng.normal(0, sd, (1, 2))
    weights = np.cumsum(np.r_[first, rng.normal(0, step, (n - 1, 2))], axis=0)
    features = np.c_[np.ones(n), rng.normal(size=n)]
    choice = (rng.random(n) < expit((features * weights).sum(axis=1))).astype(int)
    return features, choice


def mode_of_all(features, choice, sd, step):
    """Mode, standard deviations and log evidence (Laplace) of dynamic logistic regression."""
    n, k = features.shape
    differences = np.eye(n) - np.eye(n, k=-1)
    precision = np.r_[sd**-2, np.full(n - 1, step**-2)]
    prior = np.kron(differences.T @ np.diag(precision) @ differences, np.eye(k))
    design, sign, w = block_diag(*features[:, None]), 2 * choice - 1, np.zeros(n * k)
    for _ in range(30):
        p = expit(design @ w)
        hessian = prior + design.T @ (design * (p * (1 - p))[:, None])
        w = w + np.linalg.solve(hessian, design.T @ (choice - p) - prior @ w)
    logdet = (k * np.log(precision).sum() - np.linalg.slogdet(hessian)[1]) / 2
    evidence = log_expit(sign * (design @ w)).sum() - w @ prior @ w / 2 + logdet
    sds = np.sqrt(np.diag(np.linalg.inv(hessian)))
    return w.reshape(n, k), sds.reshape(n, k), evidence


def test_dynamic_logistic_regression_is_that_of_all_trials_at_once():
    sd, step = 1.0, 0.05
    features, choice = walk(sd=sd, step=step)
    n = len(choice)
    new = np.arange(n) == 0
    rows = Rows(
        np.zeros((n, 1)), features, choice, np.ones((n, 2), bool), new, np.ones(n), new
    )  # fmt: skip
    prior = Prior(np.array([1.0, 0.0, 0.0]), np.diag([0.0, sd**2, sd**2]), step**2 / sd**2)
    said, _ = filter_readouts(rows, prior)
    course = smooth_readouts(rows, prior)
    mode, sds, evidence = mode_of_all(features, choice, sd, step)
    assert abs(said[np.arange(n), choice].sum() - evidence) < 5e-4 * n
    found = np.sqrt(np.einsum("tii->ti", course.covariance)[:, 1:])
    np.testing.assert_allclose(found, sds, rtol=0.1)
    # the mean of a skewed posterior is beyond its mode, by less than a third of its width
    assert np.abs((course.mean[:, 1:] - mode) / sds).max() < 0.3
    for k in range(2):
        assert np.corrcoef(course.mean[:, 1 + k], mode[:, k])[0, 1] > 0.998
