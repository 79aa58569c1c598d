"""A hidden Markov chain over many sessions: filter, smoother, expected counts.

The chain starts anew with every session, whose first row `first` marks.
"""

import numpy as np

from neuroalrnn.baselines._kernel import kernel


def filter_states(
    log_emission: np.ndarray, start: np.ndarray, transition: np.ndarray, first: np.ndarray
) -> tuple[float, np.ndarray, np.ndarray]:
    """Compute the probability of every state before and after each observation.

    Parameters
    ----------
    log_emission : array, shape (row, state)
        Log-probability of each row's observation given the state, 0 where nothing is observed.
    start : array, shape (state,)
        Probability of each state in the first row of a session.
    transition : array, shape (state, state)
        Probability of the second state in a row, given the first in the row before.
    first : bool array, shape (row,)
        Whether a row is the first of its session.

    Returns
    -------
    log_likelihood : float
        Log-likelihood of the observations (nats), summed over rows.
    before : array, shape (row, state)
        ``p(state_t | observations before t)``.
    after : array, shape (row, state)
        ``p(state_t | observations up to t)``.
    """
    before, after = np.empty_like(log_emission), np.empty_like(log_emission)
    total = _forward(log_emission, start, transition, first, before, after)
    return total, before, after


def smooth_states(
    log_emission: np.ndarray, start: np.ndarray, transition: np.ndarray, first: np.ndarray
) -> tuple[float, np.ndarray, np.ndarray]:
    """Compute the posterior of the states given all observations: the expectation step.

    Parameters
    ----------
    log_emission, start, transition, first : array
        See `filter_states`.

    Returns
    -------
    log_likelihood : float
        Log-likelihood of the observations (nats), summed over rows.
    posterior : array, shape (row, state)
        ``p(state_t | all observations of the session)``.
    moves : array, shape (state, state)
        Expected number of transitions from the first state to the second.
    """
    total, before, after = filter_states(log_emission, start, transition, first)
    moves = np.zeros_like(transition)
    _backward(before, after, transition, first, moves)
    return total, after, moves


@kernel
def _forward(log_emission, start, transition, first, before, after):
    n_rows, n_states = log_emission.shape
    total = 0.0
    for t in range(n_rows):
        highest = -np.inf
        for k in range(n_states):
            highest = max(highest, log_emission[t, k])
            if first[t]:
                before[t, k] = start[k]
            else:
                before[t, k] = 0.0
                for i in range(n_states):
                    before[t, k] += after[t - 1, i] * transition[i, k]
        mass = 0.0
        for k in range(n_states):
            after[t, k] = before[t, k] * np.exp(log_emission[t, k] - highest)
            mass += after[t, k]
        for k in range(n_states):
            after[t, k] /= mass
        total += highest + np.log(mass)
    return total


@kernel
def _backward(before, after, transition, first, moves):
    """Turn `after` into the posterior given the whole session (Rauch-Tung-Striebel), in place."""
    n_rows, n_states = after.shape
    ratio = np.empty(n_states)
    for t in range(n_rows - 2, -1, -1):
        if first[t + 1]:
            continue
        for k in range(n_states):
            ratio[k] = after[t + 1, k] / before[t + 1, k]
        for i in range(n_states):
            later = 0.0
            for k in range(n_states):
                move = after[t, i] * transition[i, k] * ratio[k]
                moves[i, k] += move
                later += move
            after[t, i] = later
