"""The GLM-HMM itself: its likelihood and priors, and expectation maximisation."""

from functools import partial
from typing import Any, NamedTuple

import numpy as np
from scipy.special import log_softmax

from neuroalrnn.baselines._hidden_states import (
    expect_states,
    filter_states,
    make_room,
    smooth_states,
)
from neuroalrnn.baselines._kept import digest, once
from neuroalrnn.baselines._kinds import Kinds, Rows
from neuroalrnn.baselines._values import add_up_two

# the prior is worth so many transitions: of every kind, and of staying in addition
PSEUDO_MOVE, PSEUDO_STAY = 1.0, 10.0
# of the normal prior of every weight, around 0
PRIOR_PRECISION = 1.0
N_SHORT = 10
MAX_STEPS = 300
N_HALVINGS = 20
# rows that are multiplied at a time, so that what comes of it stays in the cache
BLOCK = 4096


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


def fit_glm_hmm(
    kinds: Kinds,
    n_options: int,
    n_states: int,
    *,
    rng: np.random.Generator,
    n_restarts: int = 5,
    tolerance: float = 1e-6,
    lapses: bool = False,
) -> tuple[GLMHMM, list[float]]:
    """Find a mode of the posterior by expectation maximisation from several starts.

    Parameters
    ----------
    kinds : Kinds
        Choices and their covariates.
    n_options, n_states : int
        Number of options and of hidden states.
    rng : numpy.random.Generator
        Draws the restarts.
    n_restarts : int
        Number of restarts. Each starts from the weights of the one-state model plus normal noise.
    tolerance : float
        Gain of the log posterior, in nats per counted row, below which a restart has converged.
    lapses : bool
        Whether in the last of several states only the first covariate, the constant, has a weight.

    Returns
    -------
    model : GLMHMM
        The mode that was found.
    log_posterior : list of float
        Nats, up to a constant: of the restart that was taken, before each step and after the last.
    """
    n_outputs = 1 if n_options == 2 else n_options
    shape = 1, n_outputs, kinds.features.shape[1]
    nothing = GLMHMM(np.ones(1), np.ones((1, 1)), np.zeros(shape))
    key = "one state", _digest(kinds), n_options, tolerance
    single, path = once(key, lambda: _climb(nothing, kinds, tolerance, MAX_STEPS))
    if n_states == 1:
        return single, path
    free = np.ones((n_states, *shape[1:]), bool)
    free[-1, :, 1:] = not lapses
    starts = [_scatter(single, free, rng) for _ in range(n_restarts)]
    short = [_climb(model, kinds, tolerance, N_SHORT, free) for model in starts]
    model, path = max(short, key=lambda climbed: climbed[1][-1])
    model, rest = _climb(model, kinds, tolerance, MAX_STEPS, free)
    return model, path[:-1] + rest


def find_glm_hmm(
    kinds: Kinds, n_options: int, n_states: int, *, rng: np.random.Generator, **options: Any
) -> tuple[GLMHMM, list[float]]:
    """Do the same as `fit_glm_hmm`, but once for all who ask for it.

    Parameters
    ----------
    kinds, n_options, n_states
        See `fit_glm_hmm`.
    rng : numpy.random.Generator
        Draws the restarts; it stays as it is if the fit is known.
    **options : anything
        Other arguments of `fit_glm_hmm`.

    Returns
    -------
    model : GLMHMM
        The mode that was found.
    log_posterior : list of float
        See `fit_glm_hmm`.
    """
    settings = {**(fit_glm_hmm.__kwdefaults__ or {}), **options}
    drawn = str(rng.bit_generator.state), *sorted(settings.items())
    key = "several states", _digest(kinds), n_options, n_states, drawn
    return once(key, lambda: fit_glm_hmm(kinds, n_options, n_states, rng=rng, **options))


def _digest(kinds):
    return digest(kinds.features, kinds.offered, *kinds.lanes)


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
    every, before, _ = _follow(model, rows)
    probability = np.einsum("tk,kot->to", before, np.exp(every))
    return np.log(np.maximum(probability, np.finfo(float).tiny))


def infer_states(model: GLMHMM, rows: Rows) -> tuple[np.ndarray, np.ndarray]:
    """Infer the state of each row, from earlier choices of its session and from all.

    Parameters
    ----------
    model : GLMHMM
        Parameters.
    rows : Rows
        Choices and their covariates.

    Returns
    -------
    before : array, shape (row, state)
        Probability of every state given the choices before: what predicts the choice.
    smoothed : array, shape (row, state)
        That given all choices of the session, the row's own and later ones among them.
    """
    _, before, after = _follow(model, rows)
    return before, smooth_states(before, after, model.transition, rows.first)


def _follow(model, rows):
    """Log-probability of every option, and the states before and after each choice."""
    every = log_options(model.weights, rows.features, rows.offered)
    made = _made(every, np.arange(len(rows.choice)), rows.choice).T
    return every, *filter_states(made, model.start, model.transition, rows.first)[1:]


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
    array, shape (state, option, row)
        Log-probabilities (nats).
    """
    n_states, n_outputs, n_features = weights.shape
    z = weights.reshape(-1, n_features) @ features.T
    if n_outputs == 1:
        found = np.empty((n_states, 2, len(features)))
        found[:, 1] = np.minimum(z, 0) - np.log1p(np.exp(-np.abs(z)))
        found[:, 0] = found[:, 1] - z
        return found
    z = z.reshape(n_states, n_outputs, -1)
    if offered is not None:
        hidden = offered.any(axis=1, keepdims=True) & ~offered
        z = np.where(hidden.T, -np.inf, z)
    return log_softmax(z, axis=1)


def _log_prior(model):
    """Log-density of the priors, up to a constant."""
    counts = PSEUDO_MOVE + PSEUDO_STAY * np.eye(len(model.start))
    chain = (counts * np.log(model.transition)).sum() + PSEUDO_MOVE * np.log(model.start).sum()
    return chain - _penalty(model.weights).sum()


def _made(every, design, choice):
    """Log-probability of the choices made, shape (state, row); 0 where a row does not count."""
    made = every[:, np.maximum(choice, 0), design]
    made[:, choice < 0] = 0.0
    return made


def _scatter(single, free, rng):
    """Draw a start: weights near those of the one-state model, and states that mostly stay.

    Weights that are not `free`, shape (state, output, feature), are 0 and stay so.
    """
    n_states, noise = len(free), rng.normal(size=free.shape)
    stay = 0.9
    transition = np.full((n_states, n_states), (1 - stay) / (n_states - 1))
    np.fill_diagonal(transition, stay)
    return GLMHMM(np.full(n_states, 1 / n_states), transition, (single.weights + noise / 2) * free)


def _climb(model, kinds, tolerance, most, free=None):
    """Alternate expectation and maximisation; return the model and its log posteriors."""
    path, every = [], log_options(model.weights, kinds.features, kinds.offered)
    free = np.ones(model.weights.shape, bool) if free is None else free
    enough, room = tolerance * n_counted(kinds, every), make_room(len(every), kinds.lanes)
    while True:
        chance = np.exp(every)
        total, share, begun, moves = expect_states(
            chance.reshape(len(chance), -1), model.start, model.transition, kinds.lanes, room
        )
        path.append(total + _log_prior(model))
        if len(path) > most or (len(path) > 1 and path[-1] - path[-2] < enough):
            return model, path
        weights, every = _ascend(model.weights, every, chance, _counted(share, every), kinds, free)
        begun += PSEUDO_MOVE
        moves += PSEUDO_MOVE + PSEUDO_STAY * np.eye(len(moves))
        model = GLMHMM(begun / begun.sum(), moves / moves.sum(axis=1, keepdims=True), weights)


def n_counted(kinds, every):
    """Number of rows that count."""
    return kinds.lanes.n_rows[: every[0].size].sum()


def _counted(share, every):
    """Expected number of choices of every option in every state, shape (state, option, design)."""
    return share[:, : every[0].size].reshape(every.shape)


def _ascend(weights, every, chance, count, kinds, free):
    """Take one Newton step on the expected log posterior of the weights of each state.

    The step of a state is halved until its expected log posterior does not fall. `count` holds the
    expected number of choices of every option in every state, shape (state, option, design), and
    `chance` and `every` their probabilities and the logarithms of these.
    """
    step = _newton(weights, chance, count, kinds, free)
    before = _expected(weights, every, count)
    for _ in range(N_HALVINGS):
        every_next = log_options(weights + step, kinds.features, kinds.offered)
        after = _expected(weights + step, every_next, count)
        if (after >= before).all():
            return weights + step, every_next
        step[after < before] /= 2
    return weights, every


def _penalty(weights):
    """What the prior takes from the log posterior, shape (state,)."""
    return PRIOR_PRECISION * np.square(weights).sum(axis=(1, 2)) / 2


def _expected(weights, every, count):
    """Expected log posterior of each state's weights, up to a constant."""
    if every.shape[1] > 2:
        # options that are not offered are never chosen
        every = np.where(count > 0, every, 0.0)
    return np.einsum("kod,kod->k", count, every) - _penalty(weights)


def _newton(weights, chance, count, kinds, free):
    """Newton step of each state's penalised regression; see `_ascend`."""
    add_up = _add_up if kinds.values is None else partial(_add_up_values, kinds.values)
    slope, curvature = add_up(chance, count, kinds)
    n_states, n_weights = len(weights), weights[0].size
    curvature = curvature.reshape(n_states, n_weights, n_weights)
    moving = free.reshape(n_states, n_weights, 1)
    curvature *= moving & moving.transpose(0, 2, 1)
    curvature += PRIOR_PRECISION * np.eye(n_weights)
    slope = (slope - PRIOR_PRECISION * weights).reshape(moving.shape) * moving
    return np.linalg.solve(curvature, slope).reshape(weights.shape)


def _add_up(chance, count, kinds):
    """Slope and curvature of the expected log-likelihood of each state."""
    n_states, n_options, _ = chance.shape
    n_outputs = 1 if n_options == 2 else n_options
    features, offered = kinds.features, kinds.offered if n_outputs > 1 else None
    own, total = chance[:, -n_outputs:], count.sum(axis=1)
    n_features = features.shape[1]
    curvature = np.empty((n_states, n_outputs, n_features, n_outputs, n_features))
    for i in range(n_outputs):
        for j in range(i + 1):
            # what is not offered with another option says nothing of both
            at = slice(None) if offered is None else offered[:, i] & offered[:, j]
            spread = total[:, at] * own[:, i, at] * ((i == j) - own[:, j, at])
            curvature[:, i, :, j] = curvature[:, j, :, i] = _squares(spread, features[at])
    return (count[:, -n_outputs:] - total[:, None] * own) @ features, curvature


def _add_up_values(values, chance, count, kinds):
    """Do the same for two options and covariates of few values."""
    slope, curvature = add_up_two(values, chance, count)
    return slope[:, None], curvature


def _squares(spread, features):
    """Sum of ``spread x x'`` over covariates x, shape (state, feature, feature)."""
    n_states, n_features = len(spread), features.shape[1]
    found = np.zeros((n_states * n_features, n_features))
    for start in range(0, len(features), BLOCK):
        some = features[start : start + BLOCK]
        spread_here = spread[:, None, start : start + BLOCK] * some.T
        found += spread_here.reshape(-1, len(some)) @ some
    return found.reshape(n_states, n_features, n_features)
