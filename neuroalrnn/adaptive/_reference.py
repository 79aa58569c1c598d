"""The filter as its equations say, one trial after the other: the oracle of the compiled one."""

import numpy as np
from scipy.special import expit, log_expit, log_softmax

from neuroalrnn.adaptive.rows import COARSE, MOST_STEPS, REACH, drift_of


def filter_by_equations(rows, prior, observe=None):
    """Filter the read-outs of all subjects; see `filter_readouts` for what comes back.

    Parameters
    ----------
    rows : Rows
    prior : Prior
    observe : callable, optional
        ``observe(a, G, choice, offered)`` is given mean and covariance of the log-odds. It returns
        log-probabilities, and gradient g and curvature A (negative second derivative) of the log
        evidence of the choice in a. By default that of choices.

    Returns
    -------
    log_probability, mean, covariance : arrays
    """
    observe = observe or observe_choice
    drift = drift_of(rows, prior.drift, prior.session_drift)
    said, means, covariances = [], [], []
    for t in range(len(rows.choice)):
        if rows.first[t]:
            m, S = prior.mean, prior.covariance
        S = S + drift[t] * prior.covariance
        if np.isnan(rows.log_odds[t]).any():
            log_p = np.full(rows.offered.shape[1], np.nan)
        else:
            H = design_matrix(rows, t)
            log_p, g, A = observe(H @ m, H @ S @ H.T, rows.choice[t], rows.offered[t])
            if rows.choice[t] >= 0:
                m, S = m + S @ H.T @ g, S - S @ H.T @ A @ H @ S
        said.append(log_p)
        means.append(m)
        covariances.append(S)
    return np.array(said), np.array(means), np.array(covariances)


def design_matrix(rows, t):
    """Matrix that turns a read-out into the log-odds of a trial, shape (row, weight)."""
    n_rows = rows.log_odds.shape[1]
    return np.c_[rows.log_odds[t], np.kron(np.eye(n_rows), rows.features[t])]


def observe_choice(a, G, choice, offered):
    """Evidence of each option given normal log-odds, and that of the choice as a function of a."""
    if len(offered) == 2:
        return _observe_two(a[0], G[0, 0], choice, offered)
    return _observe_many(a, G, choice, offered)


def _observe_two(a, v, choice, offered):
    if not offered.all():
        with np.errstate(divide="ignore"):
            return np.log(offered.astype(float)), np.zeros(1), np.zeros((1, 1))
    sign = -1 if a > 0 else 1
    log_z, g, A = unlikely(sign * a, v)
    Z = np.exp(log_z)
    log_p = np.array([np.log1p(-Z), log_z])[::sign]
    if choice != (1 if sign > 0 else 0):
        g, A = -Z * g / (1 - Z), Z * (g**2 - A) / (1 - Z) + (Z * g / (1 - Z)) ** 2
    return log_p, np.array([sign * g]), np.array([[A]])


def unlikely(a, v):
    """Log of E[expit(x)], x ~ N(a, v) with a <= 0, its gradient in a, and its curvature."""
    sd = np.sqrt(v)
    centre = mode_of_unlikely(a, sd)
    step = COARSE / max(sd, 1.0)
    n = int(np.ceil(REACH / step))
    u = centre + step * np.arange(-n, n + 1)
    x = a + sd * u
    log_w = -(u**2) / 2 + log_expit(x)
    peak = log_w[n]
    w = np.exp(log_w - peak)
    total = w.sum()
    residual = expit(-x)
    g = w @ residual / total
    curvature = w @ (residual * expit(x)) / total - (w @ residual**2 / total - g**2)
    return peak + np.log(total * step / np.sqrt(2 * np.pi)), g, curvature


def mode_of_unlikely(a, sd):
    """Where expit(a + sd u) exp(-u^2 / 2) is highest, roughly: the quadrature is centred there."""
    low, high, u = 0.0, sd, 0.0
    for _ in range(MOST_STEPS):
        p = expit(-(a + sd * u))
        slope = u - sd * p
        if slope > 0:
            high = u
        else:
            low = u
        new = u - slope / (1 + sd * sd * p * (1 - p))
        if not low <= new <= high:
            new = (low + high) / 2
        if abs(new - u) < 1e-3:
            return new
        u = new
    return u


def _observe_many(a, G, choice, offered):
    log_p = np.full(len(offered), -np.inf)
    g, A = np.zeros(len(offered)), np.zeros((len(offered), len(offered)))
    among = np.flatnonzero(offered)
    if len(among) < 2:
        log_p[among] = 0.0
        return log_p, g, A
    a, G = a[among], G[np.ix_(among, among)]
    found = [laplace(a, G, k) for k in range(len(among))]
    log_p[among] = log_softmax([evidence for evidence, *_ in found])
    if choice >= 0:
        _, g[among], A[np.ix_(among, among)] = found[np.searchsorted(among, choice)]
    return log_p, g, A


def laplace(a, G, k):
    """Log evidence of option k, e ~ N(a, G), with its gradient and curvature at the mode of e."""
    eye = np.eye(len(a))
    g = np.zeros(len(a))
    for _ in range(MOST_STEPS):
        e = a + G @ g
        p = np.exp(log_softmax(e))
        R = np.diag(p) - np.outer(p, p)
        change = np.linalg.solve(eye + R @ G, R @ G @ g + eye[k] - p) - g
        size, before = 1.0, _height(a, G, g, k)
        while size > 1e-6 and _height(a, G, g + size * change, k) < before - 1e-12:
            size /= 2
        g = g + size * change
        if np.abs(size * change).max() < 1e-10:
            break
    p = np.exp(log_softmax(a + G @ g))
    R = np.diag(p) - np.outer(p, p)
    M = eye + R @ G
    evidence = _height(a, G, g, k) - np.linalg.slogdet(M)[1] / 2
    return evidence, g, np.linalg.solve(M, R)


def _height(a, G, g, k):
    return log_softmax(a + G @ g)[k] - g @ G @ g / 2
