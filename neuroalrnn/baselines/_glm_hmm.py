"""The GLM-HMM itself: its likelihood and priors, and expectation maximisation."""

from typing import NamedTuple

import numpy as np
from scipy.special import log_expit, log_softmax

from neuroalrnn.baselines._hidden_states import filter_states, smooth_states

# the prior is worth so many transitions: of every kind, and of staying in addition
PSEUDO_MOVE, PSEUDO_STAY = 1.0, 10.0
# of the normal prior of every weight, around 0
PRIOR_PRECISION = 1.0
N_SHORT = 10
MAX_STEPS = 300
N_HALVINGS = 20


class GLMHMM(NamedTuple):
    """Parameters of a GLM-HMM.

    Parameters
    ----------
    start : array, shape (state,)
        Probability of each state in the first row of a session.
    transition : array, shape (state, state)
        Probability of the second state in a row, given the first in the row before.
    weights : array, shape (state, output, feature)
        Weights of the regressions. Where there are two options there is one output, the log-odds of
        the second; else there is one per option.
    """

    start: np.ndarray
    transition: np.ndarray
    weights: np.ndarray


class Rows(NamedTuple):
    """Rows (trials) of whole sessions.

    Parameters
    ----------
    features : array, shape (row, feature)
        Covariates, the constant among them.
    choice : int array, shape (row,)
        Option chosen, -1 where a row does not count: there the state moves on unobserved.
    first : bool array, shape (row,)
        Whether a row is the first of its session.
    offered : bool array, shape (row, option), optional
        Options that a row offers; all without it.
    """

    features: np.ndarray
    choice: np.ndarray
    first: np.ndarray
    offered: np.ndarray | None = None


def fit_glm_hmm(
    rows: Rows,
    n_options: int,
    n_states: int,
    *,
    rng: np.random.Generator,
    n_restarts: int = 5,
    tolerance: float = 1e-6,
) -> tuple[GLMHMM, list[float]]:
    """Find a mode of the posterior by expectation maximisation from several starts.

    Parameters
    ----------
    rows : Rows
        Choices and their covariates.
    n_options, n_states : int
        Number of options and of hidden states.
    rng : numpy.random.Generator
        Draws the restarts.
    n_restarts : int
        Number of restarts. Each starts from the weights of the one-state model plus normal noise.
    tolerance : float
        Gain of the log posterior, in nats per counted row, below which a restart has converged.

    Returns
    -------
    model : GLMHMM
        The mode that was found.
    log_posterior : list of float
        Nats, up to a constant: of the restart that was taken, before each step and after the last.
    """
    n_outputs = 1 if n_options == 2 else n_options
    shape = 1, n_outputs, rows.features.shape[1]
    single = GLMHMM(np.ones(1), np.ones((1, 1)), np.zeros(shape))
    single, path = _climb(single, rows, tolerance, MAX_STEPS)
    if n_states == 1:
        return single, path
    starts = [_scatter(single, n_states, rng) for _ in range(n_restarts)]
    short = [_climb(model, rows, tolerance, N_SHORT) for model in starts]
    model, path = max(short, key=lambda climbed: climbed[1][-1])
    model, rest = _climb(model, rows, tolerance, MAX_STEPS)
    return model, path[:-1] + rest


def predict_glm_hmm(model: GLMHMM, rows: Rows) -> np.ndarray:
    """Predict each row from the earlier choices of its session.

    Parameters
    ----------
    model : GLMHMM
        Parameters.
    rows : Rows
        Choices and their covariates.

    Returns
    -------
    array, shape (row, option)
        Log-probabilities (nats).
    """
    every = log_options(model.weights, rows.features, rows.offered)
    made = _made(every, rows.choice)
    _, before, _ = filter_states(made, model.start, model.transition, rows.first)
    probability = np.einsum("tk,tko->to", before, np.exp(every))
    return np.log(np.maximum(probability, np.finfo(float).tiny))


def log_options(
    weights: np.ndarray, features: np.ndarray, offered: np.ndarray | None = None
) -> np.ndarray:
    """Compute the log-probability of every option in every state, among the options offered.

    Where there are only two options, `offered` is not read: a row that offers one of them does not
    count.

    Parameters
    ----------
    weights : array, shape (state, output, feature)
        See `GLMHMM`.
    features : array, shape (row, feature)
        Covariates.
    offered : bool array, shape (row, option), optional
        Options that a row offers; all without it.

    Returns
    -------
    array, shape (row, state, option)
        Log-probabilities (nats).
    """
    n_states, n_outputs, n_features = weights.shape
    z = features @ weights.reshape(-1, n_features).T
    if n_outputs == 1:
        second = log_expit(z)
        return np.stack([second - z, second], axis=2)
    z = z.reshape(len(z), n_states, n_outputs)
    if offered is not None:
        hidden = offered.any(axis=1, keepdims=True) & ~offered
        z = np.where(hidden[:, None], -np.inf, z)
    return log_softmax(z, axis=2)


def _log_prior(model):
    """Log-density of the priors, up to a constant."""
    counts = PSEUDO_MOVE + PSEUDO_STAY * np.eye(len(model.start))
    chain = (counts * np.log(model.transition)).sum() + PSEUDO_MOVE * np.log(model.start).sum()
    return chain - _penalty(model.weights).sum()


def _made(every, choice):
    """Log-probability of the choices made, shape (row, state); 0 where a row does not count."""
    made = every[np.arange(len(choice)), :, np.maximum(choice, 0)]
    return np.where(choice[:, None] >= 0, made, 0.0)


def _scatter(single, n_states, rng):
    """Draw a start: weights near those of the one-state model, and states that mostly stay."""
    noise = rng.normal(size=(n_states, *single.weights.shape[1:]))
    stay = 0.9
    transition = np.full((n_states, n_states), (1 - stay) / (n_states - 1))
    np.fill_diagonal(transition, stay)
    return GLMHMM(np.full(n_states, 1 / n_states), transition, single.weights + noise / 2)


def _climb(model, rows, tolerance, most):
    """Alternate expectation and maximisation; return the model and its log posteriors."""
    path, every = [], log_options(model.weights, rows.features, rows.offered)
    enough = tolerance * (rows.choice >= 0).sum()
    while True:
        made = _made(every, rows.choice)
        chain = model.start, model.transition, rows.first
        total, posterior, moves = smooth_states(made, *chain)
        path.append(total + _log_prior(model))
        if len(path) > most or (len(path) > 1 and path[-1] - path[-2] < enough):
            return model, path
        weights, every = _ascend(model.weights, every, made, posterior, rows)
        start = posterior[rows.first].sum(axis=0) + PSEUDO_MOVE
        moves += PSEUDO_MOVE + PSEUDO_STAY * np.eye(len(moves))
        model = GLMHMM(start / start.sum(), moves / moves.sum(axis=1, keepdims=True), weights)


def _ascend(weights, every, made, posterior, rows):
    """Take one Newton step on the expected log posterior of the weights of each state.

    The step of a state is halved until its expected log posterior does not fall.
    """
    share = np.where(rows.choice[:, None] >= 0, posterior, 0.0)
    step = np.stack(
        [_newton(one, np.exp(every[:, k]), share[:, k], rows) for k, one in enumerate(weights)]
    )
    before = _expected(weights, made, share)
    for _ in range(N_HALVINGS):
        every_next = log_options(weights + step, rows.features, rows.offered)
        after = _expected(weights + step, _made(every_next, rows.choice), share)
        if (after >= before).all():
            return weights + step, every_next
        step[after < before] /= 2
    return weights, every


def _penalty(weights):
    """What the prior takes from the log posterior, shape (state,)."""
    return PRIOR_PRECISION * np.square(weights).sum(axis=(1, 2)) / 2


def _expected(weights, made, share):
    """Expected log posterior of each state's weights, up to a constant."""
    return np.einsum("tk,tk->k", share, made) - _penalty(weights)


def _newton(weights, probability, share, rows):
    """Newton step of one state's penalised regression, rows weighted by their share in it."""
    n_outputs, n_features = weights.shape
    free = probability[:, -n_outputs:]
    made = rows.choice[:, None] == np.arange(probability.shape[1])[-n_outputs:]
    slope = (share[:, None] * (made - free)).T @ rows.features
    slope -= PRIOR_PRECISION * weights
    curvature = PRIOR_PRECISION * np.eye(weights.size)
    curvature = curvature.reshape(n_outputs, n_features, n_outputs, n_features)
    for i in range(n_outputs):
        for j in range(n_outputs):
            spread = share * free[:, i] * ((i == j) - free[:, j])
            curvature[i, :, j] += (spread[:, None] * rows.features).T @ rows.features
    step = np.linalg.solve(curvature.reshape(weights.size, -1), slope.ravel())
    return step.reshape(weights.shape)
