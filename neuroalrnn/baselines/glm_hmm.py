"""Logistic regression whose weights follow a hidden Markov state (GLM-HMM)."""

from functools import partial
from typing import NamedTuple

import numpy as np
from scipy.special import log_expit, log_softmax

from neuroalrnn.baselines.hidden_states import filter_states, smooth_states
from neuroalrnn.baselines.shared import choose_inside, whole_sessions
from neuroalrnn.data import design
from neuroalrnn.data.offered import offered_options
from neuroalrnn.data.scaling import standardise
from neuroalrnn.data.schema import scored_trials

# counts added to the expected ones: of every transition, and of staying
PSEUDO_MOVE, PSEUDO_STAY = 1.0, 10.0
N_SHORT = 10
MAX_STEPS = 300
N_HALVINGS = 20


class GLMHMM(NamedTuple):
    """Parameters.

    Attributes
    ----------
    start : array, shape (state,)
    transition : array, shape (state, state)
        From, to.
    weights : array, shape (state, output, feature)
        One output, the log-odds of the second option, where there are two options; else one per
        option.
    """

    start: np.ndarray
    transition: np.ndarray
    weights: np.ndarray


class Observed(NamedTuple):
    """Rows of whole sessions.

    Attributes
    ----------
    features : array, shape (row, feature)
    choice : int array, shape (row,)
        -1 where a row does not count: there the state moves on unobserved.
    first : bool array, shape (row,)
    offered : bool array, shape (row, option), optional
        Default all options.
    """

    features: np.ndarray
    choice: np.ndarray
    first: np.ndarray
    offered: np.ndarray | None = None


def glm_hmm(
    trials,
    train,
    test,
    *,
    terms,
    inner=None,
    n_states=(1, 2, 3, 4, 5),
    n_restarts=5,
    random_state=0,
):
    """GLM-HMM fitted to all training subjects at once (Ashwood et al. 2022).

    In state k a choice follows a logistic regression (multinomial above two options) on the terms
    with weights ``w[k]``; the state is a Markov chain that starts anew with every session. A mode
    of the posterior is found by expectation maximisation, in 300 steps at most. Priors: standard
    normal on every weight, that of the constant included, on covariates centred and scaled by their
    training values (as in `logistic`); Dirichlet on every row of the
    transitions, worth 1 transition to each state and 10 more of staying, and 1 start in each state.

    A test trial is predicted from the earlier scored choices of its session, by filtering. The
    chain goes on over gaps in ``trial_in_session`` as if no trial had been there; lagged terms do
    not (`neuroalrnn.data.design`).

    Parameters
    ----------
    trials : xarray.Dataset
    train, test : int arrays
        Scored training trials; trials to predict.
    terms : list of str
        See `neuroalrnn.data.design`.
    inner : callable, optional
        ``inner(train) -> list of (fit, validate)``; needed to choose between several `n_states`.
    n_states : sequence of int
    n_restarts : int
        Each runs for 10 steps; the one with the highest posterior is run to the end.
    random_state : int

    Returns
    -------
    array, shape (test trial, option)
        Log-probabilities.
    """
    baseline = partial(_predict, terms=terms, n_restarts=n_restarts, seed=random_state)
    chosen = choose_inside(baseline, tuple(n_states), trials, train, inner)
    return baseline(trials, train, test, chosen)


def fit_glm_hmm(observed, n_options, n_states, *, rng, n_restarts=5, tolerance=1e-6):
    """Find a mode of the posterior by expectation maximisation from several starts.

    Parameters
    ----------
    observed : Observed
    n_options, n_states : int
    rng : numpy.random.Generator
    n_restarts : int
        The weights of each start at those of the one-state model plus normal noise.
    tolerance : float
        Gain of the log posterior, in nats per counted row, below which it has converged.

    Returns
    -------
    GLMHMM
    log_posterior : list of float
        Of the restart taken, before every step and after the last one; up to a constant.
    """
    n_outputs = 1 if n_options == 2 else n_options
    shape = 1, n_outputs, observed.features.shape[1]
    single = GLMHMM(np.ones(1), np.ones((1, 1)), np.zeros(shape))
    single, path = _climb(single, observed, tolerance, MAX_STEPS)
    if n_states == 1:
        return single, path
    starts = [_scatter(single, n_states, rng) for _ in range(n_restarts)]
    short = [_climb(model, observed, tolerance, N_SHORT) for model in starts]
    model, path = max(short, key=lambda climbed: climbed[1][-1])
    model, rest = _climb(model, observed, tolerance, MAX_STEPS)
    return model, path[:-1] + rest


def predict_glm_hmm(model, observed):
    """Log-probabilities of all options given the earlier choices of the session.

    Parameters
    ----------
    model : GLMHMM
    observed : Observed

    Returns
    -------
    array, shape (row, option)
    """
    every = log_options(model.weights, observed.features, observed.offered)
    made = _made(every, observed.choice)
    _, before, _ = filter_states(made, model.start, model.transition, observed.first)
    probability = np.einsum("tk,tko->to", before, np.exp(every))
    return np.log(np.maximum(probability, np.finfo(float).tiny))


def log_options(weights, features, offered=None):
    """Log-probability of every option in every state, among those offered to each row.

    Two options are always among both: a row that offers one of them only does not count.

    Parameters
    ----------
    weights : array, shape (state, output, feature)
    features : array, shape (row, feature)
    offered : bool array, shape (row, option), optional

    Returns
    -------
    array, shape (row, state, option)
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


def log_prior(model):
    """Log-density of the priors, up to a constant."""
    counts = PSEUDO_MOVE + PSEUDO_STAY * np.eye(len(model.start))
    chain = (counts * np.log(model.transition)).sum() + PSEUDO_MOVE * np.log(model.start).sum()
    return chain - np.square(model.weights).sum() / 2


def _made(every, choice):
    """Log-probability of the choices made, 0 where none counts; shape (row, state)."""
    made = every[np.arange(len(choice)), :, np.maximum(choice, 0)]
    return np.where(choice[:, None] >= 0, made, 0.0)


def _scatter(single, n_states, rng):
    """Draw a start: weights near those of one state, states that mostly stay."""
    noise = rng.normal(size=(n_states, *single.weights.shape[1:]))
    stay = 0.9
    transition = np.full((n_states, n_states), (1 - stay) / (n_states - 1))
    np.fill_diagonal(transition, stay)
    return GLMHMM(np.full(n_states, 1 / n_states), transition, single.weights + noise / 2)


def _climb(model, observed, tolerance, most):
    """Alternate expectation and maximisation; return the model and its log posteriors."""
    path, every = [], log_options(model.weights, observed.features, observed.offered)
    enough = tolerance * (observed.choice >= 0).sum()
    while True:
        made = _made(every, observed.choice)
        chain = model.start, model.transition, observed.first
        total, posterior, moves = smooth_states(made, *chain)
        path.append(total + log_prior(model))
        if len(path) > most or (len(path) > 1 and path[-1] - path[-2] < enough):
            return model, path
        weights, every = _ascend(model.weights, every, made, posterior, observed)
        start = posterior[observed.first].sum(axis=0) + PSEUDO_MOVE
        moves += PSEUDO_MOVE + PSEUDO_STAY * np.eye(len(moves))
        model = GLMHMM(start / start.sum(), moves / moves.sum(axis=1, keepdims=True), weights)


def _ascend(weights, every, made, posterior, observed):
    """One Newton step on the expected log posterior of the weights, halved until none falls."""
    share = np.where(observed.choice[:, None] >= 0, posterior, 0.0)
    step = np.stack(
        [_newton(one, np.exp(every[:, k]), share[:, k], observed) for k, one in enumerate(weights)]
    )
    before = _expected(weights, made, share)
    for _ in range(N_HALVINGS):
        every_next = log_options(weights + step, observed.features, observed.offered)
        after = _expected(weights + step, _made(every_next, observed.choice), share)
        if (after >= before).all():
            return weights + step, every_next
        step[after < before] /= 2
    return weights, every


def _expected(weights, made, share):
    """Expected log posterior of each state's weights, up to a constant."""
    return np.einsum("tk,tk->k", share, made) - np.square(weights).sum(axis=(1, 2)) / 2


def _newton(weights, probability, share, observed):
    """Newton step of one state's penalised regression, rows weighted by their share in it."""
    n_outputs, n_features = weights.shape
    free = probability[:, -n_outputs:]
    made = observed.choice[:, None] == np.arange(probability.shape[1])[-n_outputs:]
    slope = (share[:, None] * (made - free)).T @ observed.features - weights
    curvature = np.eye(weights.size).reshape(n_outputs, n_features, n_outputs, n_features)
    for i in range(n_outputs):
        for j in range(n_outputs):
            spread = share * free[:, i] * ((i == j) - free[:, j])
            curvature[i, :, j] += (spread[:, None] * observed.features).T @ observed.features
    step = np.linalg.solve(curvature.reshape(weights.size, -1), slope.ravel())
    return step.reshape(weights.shape)


def _observe(trials, index, features, counted):
    rows, first = whole_sessions(trials, index)
    choice = np.where(counted[rows], trials["choice"].values[rows], -1).astype(int)
    offered = offered_options(trials)
    return rows, Observed(features[rows], choice, first, None if offered is None else offered[rows])


def _predict(trials, train, test, n_states, *, terms, n_restarts, seed):
    columns = design(standardise(trials, train), terms).to_numpy()
    features = np.c_[np.ones(len(columns)), columns]
    n_options = len(trials["choice"].attrs["labels"])
    counted = np.isin(np.arange(len(features)), train)
    _, observed = _observe(trials, train, features, counted)
    rng = np.random.default_rng([seed, n_states])
    model, _ = fit_glm_hmm(observed, n_options, n_states, rng=rng, n_restarts=n_restarts)
    rows, observed = _observe(trials, test, features, scored_trials(trials))
    return predict_glm_hmm(model, observed)[np.searchsorted(rows, test)]
