"""Softmax choice from leaky averages, as reinforcement-learning agents compute it.

Every trace m holds one number per option i, which is 0 at the start of a session. Trial t either
moves it towards a target, at one of the rates a, or leaves it as it is::

    x[t+1, m, i] = x[t, m, i] + a[which[t, m, i]] (target[t, m, i] - x[t, m, i])
    log p(choice_t = i) = w . x[t, :, i] + b[i] - log sum_j exp(w . x[t, :, j] + b[j]),  b[0] = 0

The log-likelihood is concave in w and b. Its gradient with respect to the rates is exact: the
derivatives with respect to all traces are carried back through each session.
"""

from functools import partial
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, log_softmax

from neuroalrnn.baselines._kernel import kernel

# choices do not distinguish a rate of 0.001 from a slower one, nor 0.999 from 1
LARGEST_LOGIT = 7.0
LARGEST_WEIGHT = 100.0
TIGHT = {"ftol": 0.0, "gtol": 1e-10, "maxiter": 1000}


class Traces(NamedTuple):
    """Rules that move the traces, for the rows of whole sessions.

    Parameters
    ----------
    which : int array, shape (row, trace, option)
        Number of the rate at which a row moves a trace, -1 where it does not.
    target : array, shape (row, trace, option)
        What a row moves a trace towards.
    first : bool array, shape (row,)
        Whether a row is the first of its session.
    """

    which: np.ndarray
    target: np.ndarray
    first: np.ndarray


class Agent(NamedTuple):
    """Parameters of a softmax over traces.

    Parameters
    ----------
    rates : array, shape (rate,)
        Rates of the traces, 0 to 1 per trial.
    weights : array, shape (trace,)
        Log-odds per unit of each trace.
    bias : array, shape (option,)
        Log-odds of each option against the first, which has 0.
    """

    rates: np.ndarray
    weights: np.ndarray
    bias: np.ndarray


def fit_agent(
    traces: Traces,
    choice: np.ndarray,
    counts: np.ndarray,
    n_rates: int,
    *,
    rng: np.random.Generator,
    n_starts: int = 8,
    offered: np.ndarray | None = None,
) -> Agent:
    """Fit an agent by maximum likelihood, pooled over all sessions.

    L-BFGS starts from `n_starts` points, one fixed and the others random, and the best of their
    ends is improved until nothing more is gained. Rates are logistic functions of the optimised
    numbers, and stay within 0.001 and 0.999. Weights stay within -100 and 100.

    Parameters
    ----------
    traces : Traces
        What moves the traces.
    choice : array, shape (row,)
        Codes of the choices; read only where `counts` holds.
    counts : bool array, shape (row,)
        Rows that enter the likelihood.
    n_rates : int
        Number of rates that `traces` refers to.
    rng : numpy.random.Generator
        Draws the random starting points.
    n_starts : int
        Number of starting points.
    offered : bool array, shape (row, option), optional
        Options that a row offers; all without it.

    Returns
    -------
    Agent
        The parameters of the highest likelihood that was reached.
    """
    n_traces, n_options = traces.target.shape[1:]
    n_free = n_traces + n_options - 1
    code = np.where(counts, choice, -1).astype(np.int64)
    bounds = [(-LARGEST_LOGIT, LARGEST_LOGIT)] * n_rates
    bounds += [(-LARGEST_WEIGHT, LARGEST_WEIGHT)] * n_free
    starts = [np.r_[np.full(n_rates, -1.0), np.ones(n_traces), np.zeros(n_options - 1)]]
    for _ in range(n_starts - 1):
        starts.append(np.r_[rng.uniform(-4, 2, n_rates), rng.normal(size=n_free)])
    climb = partial(
        minimize,
        _loss,
        args=(traces, code, n_rates, offered),
        method="L-BFGS-B",
        jac=True,
        bounds=bounds,
    )
    best = min((climb(x) for x in starts), key=lambda end: end.fun)
    return _agent(climb(best.x, options=TIGHT).x, n_rates, n_traces)


def predict_agent(agent: Agent, traces: Traces) -> np.ndarray:
    """Predict each row from the earlier rows of its session.

    Parameters
    ----------
    agent : Agent
        Parameters.
    traces : Traces
        What moves the traces.

    Returns
    -------
    array, shape (row, option)
        Log-probabilities (nats).
    """
    return _log_options(agent, _follow(*traces, agent.rates))


def log_likelihood(
    agent: Agent, traces: Traces, code: np.ndarray, offered: np.ndarray | None = None
) -> tuple[float, Agent]:
    """Compute the log-likelihood of choices and its gradient.

    Parameters
    ----------
    agent : Agent
        Parameters.
    traces : Traces
        What moves the traces.
    code : int array, shape (row,)
        Choice, -1 where a row does not count.
    offered : bool array, shape (row, option), optional
        Options that a row offers; all without it.

    Returns
    -------
    value : float
        Log-likelihood (nats), summed over rows.
    gradient : Agent
        Derivatives with respect to rates, weights and bias.
    """
    x = _follow(*traces, agent.rates)
    error = np.zeros((len(x), len(agent.bias)))
    offered = np.ones(error.shape, dtype=bool) if offered is None else offered
    total = _compare(x, agent.weights, agent.bias, code, offered, error)
    rates = _carry_back(*traces, agent.rates, agent.weights, x, error)
    weights = np.tensordot(error, x, ((0, 1), (0, 2)))
    return total, Agent(rates, weights, error.sum(axis=0))


def _log_options(agent, x):
    return log_softmax(agent.weights @ x + agent.bias, axis=1)


def _agent(free, n_rates, n_traces):
    rates, weights, bias = np.split(free, [n_rates, n_rates + n_traces])
    return Agent(expit(rates), weights, np.r_[0.0, bias])


def _loss(free, traces, code, n_rates, offered):
    """Mean negative log-likelihood and its gradient, as functions of unconstrained parameters."""
    agent = _agent(free, n_rates, traces.target.shape[1])
    value, gradient = log_likelihood(agent, traces, code, offered)
    slope = np.r_[
        gradient.rates * agent.rates * (1 - agent.rates), gradient.weights, gradient.bias[1:]
    ]
    n = max((code >= 0).sum(), 1)
    return -value / n, -slope / n


@kernel
def _follow(which, target, first, rates):
    """Value of the traces before every row, shape (row, trace, option)."""
    x = np.zeros(target.shape)
    n_rows, n_traces, n_options = target.shape
    for t in range(n_rows - 1):
        if first[t + 1]:
            continue
        for m in range(n_traces):
            for i in range(n_options):
                x[t + 1, m, i] = x[t, m, i]
                k = which[t, m, i]
                if k >= 0:
                    x[t + 1, m, i] += rates[k] * (target[t, m, i] - x[t, m, i])
    return x


@kernel
def _compare(x, weights, bias, code, offered, error):
    """Compute the log-likelihood; write its derivative by the drive of each option to `error`."""
    n_rows, n_traces, n_options = x.shape
    total, drive = 0.0, np.empty(n_options)
    for t in range(n_rows):
        if code[t] < 0:
            continue
        for i in range(n_options):
            drive[i] = bias[i] if offered[t, i] else -np.inf
            for m in range(n_traces):
                drive[i] += weights[m] * x[t, m, i]
        highest, mass = drive.max(), 0.0
        for i in range(n_options):
            mass += np.exp(drive[i] - highest)
        total += drive[code[t]] - highest - np.log(mass)
        for i in range(n_options):
            error[t, i] = (i == code[t]) - np.exp(drive[i] - highest) / mass
    return total


@kernel
def _carry_back(which, target, first, rates, weights, x, error):
    """Compute derivatives with respect to the rates from those with respect to the drive."""
    n_rows, n_traces, n_options = target.shape
    slope = np.zeros(len(rates))
    # derivatives with respect to the traces after row t
    later = np.zeros((n_traces, n_options))
    for t in range(n_rows - 1, -1, -1):
        for m in range(n_traces):
            for i in range(n_options):
                k = which[t, m, i]
                if k >= 0:
                    slope[k] += later[m, i] * (target[t, m, i] - x[t, m, i])
                    later[m, i] *= 1.0 - rates[k]
                later[m, i] += weights[m] * error[t, i]
                if first[t]:
                    later[m, i] = 0.0
    return slope
