"""GLM-HMM whose transitions depend on covariates, too."""

from typing import NamedTuple

import numpy as np
from scipy.linalg import block_diag
from scipy.special import log_softmax

from neuroalrnn.baselines._glm_hmm import (
    GLMHMM,
    MAX_STEPS,
    N_HALVINGS,
    PRIOR_PRECISION,
    PSEUDO_MOVE,
    PSEUDO_STAY,
    _ascend,
    _counted,
    _log_prior,
    _made,
    _squares,
    find_glm_hmm,
    log_options,
    n_counted,
)
from neuroalrnn.baselines._hidden_states import expect_states, filter_states, make_room
from neuroalrnn.baselines._kinds import Kinds, Rows

# no transition is less likely, so that no choice comes as a surprise beyond numbers
LEAST = 1e-100
# steps that take the same curvature of the transitions
N_KEPT = 10


class DrivenGLMHMM(NamedTuple):
    """Parameters of a GLM-HMM with covariates in its transitions.

    Parameters
    ----------
    plain : GLMHMM
        The same without; its transitions are those where all covariates but the constant are 0.
    pull : array, shape (state, feature)
        Log-odds of moving into a state by unit of every covariate but the constant, from any state.
    """

    plain: GLMHMM
    pull: np.ndarray


def fit_driven(
    kinds: Kinds,
    n_options: int,
    n_states: int,
    *,
    rng: np.random.Generator,
    n_restarts: int = 5,
    tolerance: float = 1e-6,
) -> tuple[DrivenGLMHMM, list[float]]:
    """Find a mode of the posterior by expectation maximisation from a plain GLM-HMM.

    Parameters
    ----------
    kinds, n_options, n_states, rng, n_restarts, tolerance
        See `neuroalrnn.baselines._glm_hmm.fit_glm_hmm`, which finds the plain one.

    Returns
    -------
    model : DrivenGLMHMM
        The mode that was found.
    log_posterior : list of float
        Nats, up to a constant: before each step from the plain model and after the last.
    """
    plain, path = find_glm_hmm(
        kinds, n_options, n_states, rng=rng, n_restarts=n_restarts, tolerance=tolerance
    )
    model = DrivenGLMHMM(plain, np.zeros((n_states, kinds.features.shape[1] - 1)))
    return (model, path) if n_states == 1 else climb_driven(model, kinds, tolerance, MAX_STEPS)


def predict_driven(model: DrivenGLMHMM, rows: Rows) -> np.ndarray:
    """Predict each row from the earlier choices of its session.

    Parameters
    ----------
    model : DrivenGLMHMM
        Parameters.
    rows : Rows
        Choices and their covariates.

    Returns
    -------
    array, shape (row, option)
        Log-probabilities (nats).
    """
    start, _, weights = model.plain
    every = log_options(weights, rows.features, rows.offered)
    made = _made(every, np.arange(len(rows.choice)), rows.choice).T
    steps = np.maximum(np.exp(log_moves(model, rows.features)), LEAST).transpose(2, 0, 1)
    _, before, _ = filter_states(made, start, np.ascontiguousarray(steps), rows.first)
    probability = np.einsum("tk,kot->to", before, np.exp(every))
    return np.log(np.maximum(probability, np.finfo(float).tiny))


def log_moves(model: DrivenGLMHMM, features: np.ndarray) -> np.ndarray:
    """Compute the log-probability of every transition into rows with some covariates.

    Parameters
    ----------
    model : DrivenGLMHMM
        Parameters.
    features : array, shape (row, feature)
        Covariates, the constant first.

    Returns
    -------
    array, shape (state, state, row)
        Of the second state in a row, given the first in the row before.
    """
    return _log_moves(np.log(model.plain.transition), model.pull, features[:, 1:])


def _log_moves(base, pull, inputs):
    return log_softmax(base[:, :, None] + pull @ inputs.T, axis=1)


def climb_driven(
    model: DrivenGLMHMM, kinds: Kinds, tolerance: float, most: int
) -> tuple[DrivenGLMHMM, list[float]]:
    """Alternate expectation and maximisation, with one step up for weights and for transitions.

    Parameters
    ----------
    model : DrivenGLMHMM
        Where to begin.
    kinds : Kinds
        Choices and their covariates.
    tolerance : float
        Gain of the log posterior, in nats per counted row, below which to end.
    most : int
        Number of steps at most.

    Returns
    -------
    model : DrivenGLMHMM
        Where it ended.
    log_posterior : list of float
        Nats, up to a constant, before each step and after the last.
    """
    path, every = [], log_options(model.plain.weights, kinds.features, kinds.offered)
    free, room = np.ones(model.plain.weights.shape, bool), make_room(len(every), kinds.lanes)
    enough = tolerance * n_counted(kinds, every)
    inputs, base = kinds.features[:, 1:], np.log(model.plain.transition)
    moving, curvature = log_moves(model, kinds.features), None
    while True:
        (start, _, weights), pull = model
        chance, steps = np.exp(every), np.maximum(np.exp(moving), LEAST)
        total, share, begun, moves = expect_states(
            chance.reshape(len(chance), -1), start, steps, kinds.lanes, room
        )
        prior = _log_prior(model.plain) - PRIOR_PRECISION * np.square(pull).sum() / 2
        path.append(total + prior)
        if len(path) > most or (len(path) > 1 and path[-1] - path[-2] < enough):
            return model, path
        weights, every = _ascend(weights, every, chance, _counted(share, every), kinds, free)
        if (len(path) - 1) % N_KEPT == 0:
            curvature = _curve(base, pull, moving, moves, inputs)
        base, pull, moving = _ascend_moves(base, pull, moving, moves, inputs, curvature)
        begun += PSEUDO_MOVE
        model = DrivenGLMHMM(GLMHMM(begun / begun.sum(), np.exp(base), weights), pull)


def _ascend_moves(base, pull, moving, moves, inputs, curvature):
    """Take a step on the expected log posterior of the transitions, see `_expected_moves`.

    It is a Newton step where `curvature` is of here, and halved until the log posterior does not
    fall. `moves` holds the expected number of transitions into rows of every design, and `moving`
    their log-probabilities, shape (state, state, design).
    """
    before = _expected_moves(base, pull, moving, moves)
    step = np.linalg.solve(curvature, _slope(base, pull, moving, moves, inputs))
    for _ in range(N_HALVINGS):
        base_next = base + step[: base.size].reshape(base.shape)
        base_next = log_softmax(base_next, axis=1)
        pull_next = pull + step[base.size :].reshape(pull.shape)
        moving_next = _log_moves(base_next, pull_next, inputs)
        if _expected_moves(base_next, pull_next, moving_next, moves) >= before:
            return base_next, pull_next, moving_next
        step /= 2
    return base, pull, moving


def _pseudo(n_states):
    """Number of transitions that the prior is worth."""
    return PSEUDO_MOVE + PSEUDO_STAY * np.eye(n_states)


def _expected_moves(base, pull, moving, moves):
    """Expected log posterior of the logarithm of the matrix and of weights, up to a constant."""
    found = np.vdot(moves, moving) + (_pseudo(len(base)) * base).sum()
    return found - PRIOR_PRECISION * np.square(pull).sum() / 2


def _slope(base, pull, moving, moves, inputs):
    """Gradient of `_expected_moves`."""
    left, pseudo = moves - moves.sum(axis=1)[:, None] * np.exp(moving), _pseudo(len(base))
    of_base = left.sum(axis=2) + pseudo - pseudo.sum(axis=1, keepdims=True) * np.exp(base)
    of_pull = left.sum(axis=0) @ inputs - PRIOR_PRECISION * pull
    return np.r_[of_base.ravel(), of_pull.ravel()]


def _curve(base, pull, moving, moves, inputs):
    """Second derivatives of `_expected_moves`, with their sign turned."""
    n_states, n_inputs = pull.shape
    chance, own, total = np.exp(moving), np.exp(base), moves.sum(axis=1)
    pseudo = _pseudo(n_states).sum(axis=1)
    # a constant added to a row of the base changes nothing: the ones keep it as it is
    of_base = np.ones((n_states, n_states, n_states))
    both = np.zeros((n_states, n_states, n_states, n_inputs))
    of_pull = np.zeros((n_states, n_inputs, n_states, n_inputs))
    for k in range(n_states):
        for m in range(k + 1):
            spread = total * chance[:, k] * ((k == m) - chance[:, m])
            prior = pseudo * own[:, k] * ((k == m) - own[:, m])
            of_base[:, k, m] = of_base[:, m, k] = 1 + spread.sum(axis=1) + prior
            both[:, k, m] = both[:, m, k] = spread @ inputs
            squares = _squares(spread.sum(axis=0, keepdims=True), inputs)[0]
            of_pull[k, :, m] = of_pull[m, :, k] = squares
    n_base = n_states**2
    found = PRIOR_PRECISION * np.eye(n_base + pull.size)
    found[:n_base, :n_base] = block_diag(*of_base)
    found[:n_base, n_base:] = both.reshape(n_base, pull.size)
    found[n_base:, :n_base] = found[:n_base, n_base:].T
    found[n_base:, n_base:] += of_pull.reshape(pull.size, pull.size)
    return found
