"""A hidden Markov chain over many sessions: filter, and what the expectation step counts.

The chain starts anew with every session, whose first row `first` marks.
"""

from typing import NamedTuple

import numpy as np

from neuroalrnn.baselines._kernel import kernel

# sessions that are followed side by side, as a processor does the same to many numbers at once
N_LANES = 16


class Lanes(NamedTuple):
    """Sessions side by side: each lane holds some of them, one after the other.

    Parameters
    ----------
    kind : int array, shape (step, lane)
        Kind of each row: rows of a kind are equal to the chain. Lanes are filled up with rows of
        one more kind, at which nothing is observed.
    first : float array, shape (step, lane)
        1 where a session, or what fills up a lane, begins; else 0.
    n_rows : int array, shape (kind,)
        Number of rows of each kind.
    """

    kind: np.ndarray
    first: np.ndarray
    n_rows: np.ndarray


def lay_in_lanes(kind: np.ndarray, first: np.ndarray) -> Lanes:
    """Lay sessions into lanes of about equal length.

    Parameters
    ----------
    kind : int array, shape (row,)
        Kind of each row, from 0 on.
    first : bool array, shape (row,)
        Whether a row is the first of its session.

    Returns
    -------
    Lanes
        Of the same rows.
    """
    count = np.bincount(kind)
    begin = np.flatnonzero(first)
    length = np.diff(np.r_[begin, len(kind)])
    lanes: list[list[np.ndarray]] = [[] for _ in range(N_LANES)]
    load = np.zeros(N_LANES, int)
    for i in np.argsort(-length, kind="stable"):
        lane = int(np.argmin(load))
        lanes[lane].append(np.arange(begin[i], begin[i] + length[i]))
        load[lane] += length[i]
    laid = np.full((load.max(), N_LANES), len(count))
    begins = np.ones(laid.shape)
    for lane, sessions in enumerate(lanes):
        rows = np.concatenate([*sessions, np.empty(0, int)])
        laid[: len(rows), lane] = kind[rows]
        begins[: len(rows), lane] = first[rows]
    return Lanes(laid, begins, count)


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
    transition : array, shape (state, state) or (row, state, state)
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
    steps = transition if transition.ndim == 3 else transition[None]
    total = _filter(log_emission, start, steps, first, before, after)
    return total, before, after


def smooth_states(
    before: np.ndarray, after: np.ndarray, transition: np.ndarray, first: np.ndarray
) -> np.ndarray:
    """Compute the probability of every state given all observations of its session.

    Parameters
    ----------
    before, after : array, shape (row, state)
        See `filter_states`.
    transition : array, shape (state, state)
        Probability of the second state in a row, given the first in the row before.
    first : bool array, shape (row,)
        Whether a row is the first of its session.

    Returns
    -------
    array, shape (row, state)
        ``p(state_t | observations of the session)`` (Rauch-Tung-Striebel).
    """
    smoothed = after.copy()
    for t in range(len(first) - 2, -1, -1):
        if not first[t + 1]:
            smoothed[t] *= transition @ (smoothed[t + 1] / before[t + 1])
    return smoothed


def expect_states(
    log_emission: np.ndarray, start: np.ndarray, transition: np.ndarray, lanes: Lanes
) -> tuple[float, np.ndarray, np.ndarray, np.ndarray]:
    """Count states and transitions as expected given all observations: the expectation step.

    Parameters
    ----------
    log_emission : array, shape (state, kind)
        Log-probability of each kind's observation given the state, 0 where nothing is observed.
    start : array, shape (state,)
        See `filter_states`.
    transition : array, shape (state, state) or (state, state, kind)
        Probability of the second state in a row (of a kind), given the first in the row before.
    lanes : Lanes
        The rows.

    Returns
    -------
    log_likelihood : float
        Log-likelihood of the observations (nats), summed over rows.
    share : array, shape (state, kind)
        Expected number of rows of a kind in a state.
    begun : array, shape (state,)
        Expected number of sessions that begin in a state.
    moves : array, shape (state, state) or (state, state, kind)
        Expected number of transitions from the first state to the second, as `transition`.
    """
    n_states, n_kinds = log_emission.shape
    highest = log_emission.max(axis=0)
    emission = np.ones((n_states, n_kinds + 1))
    np.exp(log_emission - highest, out=emission[:, :-1])
    n_steps = len(lanes.kind)
    before, after = (np.empty((n_steps, n_states, N_LANES)) for _ in range(2))
    # it counts for nothing before the first row, but must be a number
    after[0] = 0.0
    mass = np.empty((n_steps, N_LANES))
    if transition.ndim == 2:
        moves = np.zeros((n_states, n_states, N_LANES))
        _forward(emission, start, transition, lanes.kind, lanes.first, before, after, mass)
        _backward(before, after, transition, lanes.first, moves)
        moves = moves.sum(axis=2)
    else:
        step = np.concatenate([transition, np.ones((n_states, n_states, 1))], axis=2)
        moves = np.zeros(step.shape)
        _forward_driven(emission, start, step, lanes.kind, lanes.first, before, after, mass)
        _backward_driven(before, after, step, lanes.kind, lanes.first, moves)
        moves = moves[:, :, :-1]
    share, begun = np.zeros((n_states, n_kinds + 1)), np.zeros(n_states)
    _gather(after, lanes.kind, lanes.first, share, begun)
    total = highest @ lanes.n_rows + np.log(mass).sum()
    return float(total), share[:, :-1], begun, moves


@kernel
def _filter(log_emission, start, transition, first, before, after):
    n_rows, n_states = log_emission.shape
    total = 0.0
    for t in range(n_rows):
        highest, step = -np.inf, transition[t if len(transition) > 1 else 0]
        for k in range(n_states):
            highest = max(highest, log_emission[t, k])
            if first[t]:
                before[t, k] = start[k]
            else:
                before[t, k] = 0.0
                for i in range(n_states):
                    before[t, k] += after[t - 1, i] * step[i, k]
        mass = 0.0
        for k in range(n_states):
            after[t, k] = before[t, k] * np.exp(log_emission[t, k] - highest)
            mass += after[t, k]
        for k in range(n_states):
            after[t, k] /= mass
        total += highest + np.log(mass)
    return total


# the inner loops of these two are over lanes, of a number that the compiler does not know, as it
# would write out a known number of turns one by one


@kernel
def _forward(emission, start, transition, kind, first, before, after, mass):
    n_steps, n_states, n_lanes = after.shape
    scale = np.empty(n_lanes)
    for t in range(n_steps):
        begins, total, here = first[t], mass[t], kind[t]
        for j in range(n_lanes):
            total[j] = 0.0
        for k in range(n_states):
            now, then, given = after[t, k], before[t, k], emission[k]
            for j in range(n_lanes):
                then[j] = 0.0
            for i in range(n_states):
                ago, chance = after[max(t - 1, 0), i], transition[i, k]
                for j in range(n_lanes):
                    then[j] += ago[j] * chance
            for j in range(n_lanes):
                then[j] = begins[j] * start[k] + (1 - begins[j]) * then[j]
            for j in range(n_lanes):
                now[j] = given[here[j]] * then[j]
            for j in range(n_lanes):
                total[j] += now[j]
        for j in range(n_lanes):
            scale[j] = 1 / total[j]
        for k in range(n_states):
            now = after[t, k]
            for j in range(n_lanes):
                now[j] *= scale[j]


@kernel
def _backward(before, after, transition, first, moves):
    """Turn `after` into the posterior given the whole session (Rauch-Tung-Striebel), in place."""
    n_steps, n_states, n_lanes = after.shape
    ratio, later = np.empty((n_states, n_lanes)), np.empty(n_lanes)
    for t in range(n_steps - 2, -1, -1):
        begins = first[t + 1]
        for k in range(n_states):
            share, known, expected = ratio[k], after[t + 1, k], before[t + 1, k]
            for j in range(n_lanes):
                share[j] = (1 - begins[j]) * known[j] / expected[j]
        for i in range(n_states):
            now = after[t, i]
            for j in range(n_lanes):
                later[j] = now[j] * begins[j]
            for k in range(n_states):
                share, counted, chance = ratio[k], moves[i, k], transition[i, k]
                for j in range(n_lanes):
                    move = now[j] * chance * share[j]
                    counted[j] += move
                    later[j] += move
            for j in range(n_lanes):
                now[j] = later[j]


# the same where every kind of row has transitions of its own, which makes the loops slower


@kernel
def _forward_driven(emission, start, transition, kind, first, before, after, mass):
    n_steps, n_states, n_lanes = after.shape
    scale = np.empty(n_lanes)
    for t in range(n_steps):
        begins, total, here = first[t], mass[t], kind[t]
        for j in range(n_lanes):
            total[j] = 0.0
        for k in range(n_states):
            now, then, given = after[t, k], before[t, k], emission[k]
            for j in range(n_lanes):
                then[j] = 0.0
            for i in range(n_states):
                ago, chance = after[max(t - 1, 0), i], transition[i, k]
                for j in range(n_lanes):
                    then[j] += ago[j] * chance[here[j]]
            for j in range(n_lanes):
                then[j] = begins[j] * start[k] + (1 - begins[j]) * then[j]
                now[j] = given[here[j]] * then[j]
                total[j] += now[j]
        for j in range(n_lanes):
            scale[j] = 1 / total[j]
        for k in range(n_states):
            now = after[t, k]
            for j in range(n_lanes):
                now[j] *= scale[j]


@kernel
def _backward_driven(before, after, transition, kind, first, moves):
    n_steps, n_states, n_lanes = after.shape
    ratio, later = np.empty((n_states, n_lanes)), np.empty(n_lanes)
    for t in range(n_steps - 2, -1, -1):
        begins, there = first[t + 1], kind[t + 1]
        for k in range(n_states):
            share, known, expected = ratio[k], after[t + 1, k], before[t + 1, k]
            for j in range(n_lanes):
                share[j] = (1 - begins[j]) * known[j] / expected[j]
        for i in range(n_states):
            now = after[t, i]
            for j in range(n_lanes):
                later[j] = now[j] * begins[j]
            for k in range(n_states):
                share, counted, chance = ratio[k], moves[i, k], transition[i, k]
                for j in range(n_lanes):
                    move = now[j] * chance[there[j]] * share[j]
                    counted[there[j]] += move
                    later[j] += move
            for j in range(n_lanes):
                now[j] = later[j]


@kernel
def _gather(posterior, kind, first, share, begun):
    """Add up the posterior over rows of a kind, and over the first rows of sessions."""
    n_steps, n_states, n_lanes = posterior.shape
    filling = share.shape[1] - 1
    for t in range(n_steps):
        for j in range(n_lanes):
            here = kind[t, j]
            for k in range(n_states):
                share[k, here] += posterior[t, k, j]
                if first[t, j] > 0 and here < filling:
                    begun[k] += posterior[t, k, j]
