"""A hidden Markov chain over many sessions: filter, and what the expectation step counts.

The chain starts anew with every session, whose first row `first` marks.
"""

from typing import NamedTuple

import numpy as np

from neuroalrnn.baselines._kernel import kernel

# sessions that are followed side by side, as a processor does the same to many numbers at once
N_LANES = 16
# no observation is less likely, so that none comes as a surprise beyond numbers
LEAST = 1e-300


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


def lay_in_lanes(kind: np.ndarray, first: np.ndarray, n_kinds: int = 0) -> Lanes:
    """Lay sessions into lanes of about equal length.

    Parameters
    ----------
    kind : int array, shape (row,)
        Kind of each row, from 0 on.
    first : bool array, shape (row,)
        Whether a row is the first of its session.
    n_kinds : int
        Number of kinds, where there may be some without rows.

    Returns
    -------
    Lanes
        Of the same rows.
    """
    count = np.bincount(kind, minlength=n_kinds)
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
    # without a sign, as there is then no place that counts from the end
    return Lanes(laid.astype(np.uint64), begins, count)


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


class Room(NamedTuple):
    """Arrays that the expectation step writes to, so that many steps take the same memory.

    Parameters
    ----------
    before, after : array, shape (step, state, lane)
        See `filter_states`.
    mass : array, shape (step, lane)
        Probability of each observation given those before it.
    """

    before: np.ndarray
    after: np.ndarray
    mass: np.ndarray


def make_room(n_states: int, lanes: Lanes) -> Room:
    """Make room for expectation steps.

    Parameters
    ----------
    n_states : int
        Number of states.
    lanes : Lanes
        The rows.

    Returns
    -------
    Room
    """
    n_steps, n_lanes = lanes.kind.shape
    shape = n_steps, n_states, n_lanes
    # what is after nothing counts for nothing before the first row, but must be a number
    return Room(np.empty(shape), np.zeros(shape), np.empty((n_steps, n_lanes)))


def expect_states(
    emission: np.ndarray,
    start: np.ndarray,
    transition: np.ndarray,
    lanes: Lanes,
    room: Room | None = None,
) -> tuple[float, np.ndarray, np.ndarray, np.ndarray]:
    """Count states and transitions as expected given all observations: the expectation step.

    Parameters
    ----------
    emission : array, shape (state, kind)
        Probability of each kind's observation given the state; of the kinds behind them, nothing is
        observed.
    start : array, shape (state,)
        See `filter_states`.
    transition : array, shape (state, state) or (state, state, design)
        Probability of the second state in a row, given the first in the row before; that of a row
        of kind i is of design i modulo their number.
    lanes : Lanes
        The rows.
    room : Room, optional
        What is there is written over.

    Returns
    -------
    log_likelihood : float
        Log-likelihood of the observations (nats), summed over rows.
    share : array, shape (state, kind)
        Expected number of rows of a kind in a state.
    begun : array, shape (state,)
        Expected number of sessions that begin in a state.
    moves : array, shape (state, state) or (state, state, design)
        Expected number of transitions from the first state to the second, as `transition`.
    """
    n_states, n_kinds = len(emission), len(lanes.n_rows)
    # where no state explains an observation, all of them are to stay numbers
    given = np.ones((n_states, n_kinds + 1))
    np.maximum(emission, LEAST, out=given[:, : emission.shape[1]])
    before, after, mass = make_room(n_states, lanes) if room is None else room
    share, begun = np.zeros(given.shape), np.zeros(n_states)
    kind, first = lanes.kind, lanes.first
    if transition.ndim == 2:
        moves = np.zeros((n_states, n_states, kind.shape[1]))
        _forward(given, start, transition, kind, first, before, after, mass)
        _backward(before, after, transition, first, moves)
        moves = moves.sum(axis=2)
    else:
        moves, design = np.zeros(transition.shape), kind % transition.shape[2]
        _forward_driven(given, start, transition, kind, design, first, before, after, mass)
        _backward_driven(before, after, transition, design, first, moves)
    _gather(after, kind, first, share, begun)
    return float(np.log(mass).sum()), share[:, :-1], begun, moves


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


# the same where every design of rows has transitions of its own, which makes the loops slower


@kernel
def _forward_driven(emission, start, transition, kind, design, first, before, after, mass):
    n_steps, n_states, n_lanes = after.shape
    scale = np.empty(n_lanes)
    for t in range(n_steps):
        begins, total, here, there = first[t], mass[t], kind[t], design[t]
        for j in range(n_lanes):
            total[j] = 0.0
        for k in range(n_states):
            now, then, given = after[t, k], before[t, k], emission[k]
            for j in range(n_lanes):
                then[j] = 0.0
            for i in range(n_states):
                ago, chance = after[max(t - 1, 0), i], transition[i, k]
                for j in range(n_lanes):
                    then[j] += ago[j] * chance[there[j]]
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
def _backward_driven(before, after, transition, design, first, moves):
    n_steps, n_states, n_lanes = after.shape
    ratio, later = np.empty((n_states, n_lanes)), np.empty(n_lanes)
    for t in range(n_steps - 2, -1, -1):
        begins, there = first[t + 1], design[t + 1]
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
        here, begins = kind[t], first[t]
        for k in range(n_states):
            own, now = share[k], posterior[t, k]
            for j in range(n_lanes):
                own[here[j]] += now[j]
        for j in range(n_lanes):
            if begins[j] > 0 and here[j] < filling:
                for k in range(n_states):
                    begun[k] += posterior[t, k, j]
