"""Softmax choice from leaky averages, as reinforcement-learning agents compute it.

Every trace m holds one number per option i, which is 0 at the start of a session. Trial t either
moves it towards a target, at one of the rates a, or leaves it as it is. Traces of a group g move at
the same rates::

    x[t+1, m, i] = x[t, m, i] + a[which[t, g, i]] (target[t, m, i] - x[t, m, i])
    log p(choice_t = i) = w . x[t, :, i] + b[i] - log sum_j exp(w . x[t, :, j] + b[j]),  b[0] = 0

The log-likelihood is concave in w and b. Its gradient and the Fisher information are exact: the
derivatives of the traces by the rates are carried along through each session.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import expit, log_softmax, logit

from neuroalrnn.baselines._hidden_states import lay_in_lanes
from neuroalrnn.baselines._kernel import kernel

# choices do not distinguish a rate of 0.001 from a slower one, nor 0.999 from 1
LARGEST_LOGIT = 7.0
LARGEST_WEIGHT = 100.0
# what `which` says of a trace that a row leaves as it is, and of one that is its target already
STILL, GIVEN = -1, -2
# how many climbs go on, the most steps, and nats per trial that a step must promise
CLIMBS = ((6, 5, 1e-9), (3, 8, 1e-9), (1, 20, 1e-9), (1, 1000, 1e-18))
# nats per trial within which ends of climbs count as one
SAME = 1e-6
# share of a value that is its rounding: a step that promises less is not seen in it
ROUNDING = np.finfo(float).eps


class Traces(NamedTuple):
    """Rules that move the traces, for the rows of whole sessions.

    Parameters
    ----------
    which : int8 array, shape (row, group, option)
        Number of the rate at which a row moves the traces of a group, `STILL` where it does not.
        Traces that are `GIVEN` have the value of their target in every row.
    target : array, shape (row, trace, option)
        What a row moves a trace towards.
    first : bool array, shape (row,)
        Whether a row is the first of its session.
    edges : int array, shape (group + 1,)
        First trace of every group, and the number of traces.
    falling : int8 array, shape (row, group, option), optional
        In place of `which` where the weighted sum of the traces of a group, in units of the first,
        is above its target; the same as `which` without it.
    """

    which: np.ndarray
    target: np.ndarray
    first: np.ndarray
    edges: np.ndarray
    falling: np.ndarray | None = None


class Place(NamedTuple):
    """Where a climb is.

    Parameters
    ----------
    point : array, shape (parameter,)
        Unconstrained parameters.
    value, slope, information : float and arrays
        Mean log-likelihood there, its derivatives, and the mean Fisher information.
    """

    point: np.ndarray
    value: float
    slope: np.ndarray
    information: np.ndarray


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
    n_starts: int = 4,
    starts: Sequence[Agent] = (),
    offered: np.ndarray | None = None,
) -> Agent:
    """Fit an agent by maximum likelihood, pooled over all sessions.

    Scoring steps (Newton steps with the Fisher information, damped) start from `n_starts` points,
    one fixed and the others random, and from those that are given. After a few steps the best climb
    on, and the best of their ends is improved until nothing more is gained. Rates are logistic
    functions of the optimised numbers, and stay within 0.001 and 0.999. Weights stay within -100
    and 100.

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
    starts : sequence of Agent
        More of them.
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
    reach = np.r_[np.full(n_rates, LARGEST_LOGIT), np.full(n_free, LARGEST_WEIGHT)]
    points = [np.r_[np.full(n_rates, -1.0), np.ones(n_traces), np.zeros(n_options - 1)]]
    for _ in range(n_starts - 1):
        points.append(np.r_[rng.uniform(-4, 2, n_rates), rng.normal(size=n_free)])
    points += [np.r_[logit(each.rates), each.weights, each.bias[1:]] for each in starts]
    score = _scorer(traces, code, offered, n_rates)
    points = [np.clip(each, -reach, reach) for each in points]
    places = [Place(each, *score(each)) for each in points]
    for n_kept, n_steps, gain in CLIMBS:
        places = _best([_climb(score, each, reach, n_steps, gain) for each in places], n_kept)
    return _agent(places[0].point, n_rates, n_traces)


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
    return log_softmax(agent.weights @ follow(agent, traces) + agent.bias, axis=1)


def follow(agent: Agent, traces: Traces) -> np.ndarray:
    """Compute the traces before every row.

    Parameters
    ----------
    agent : Agent
        Parameters.
    traces : Traces
        What moves the traces.

    Returns
    -------
    array, shape (row, trace, option)
        Values of the traces.
    """
    which, target, first, edges, falling = traces
    seen = np.empty(target.shape)
    falling = which if falling is None else falling
    rates = _all_rates(agent)
    _follow(which, falling, target, first, edges, _given(traces), rates, agent.weights, seen)
    return seen


def _all_rates(agent):
    # the last two are the rates of `GIVEN` and `STILL`, as negative numbers count from the end
    return np.concatenate([agent.rates, [1.0, 0.0]])


def _given(traces):
    """Traces that have the value of their target in every row."""
    given = (traces.which[:1] == GIVEN).all(axis=(0, 2)) & (len(traces.which) > 0)
    return np.flatnonzero(np.repeat(given, np.diff(traces.edges)))


def log_likelihood(
    agent: Agent, traces: Traces, code: np.ndarray, offered: np.ndarray | None = None
) -> tuple[float, np.ndarray, np.ndarray]:
    """Compute the log-likelihood of choices, its gradient, and the Fisher information.

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
    gradient : array, shape (parameter,)
        Derivatives with respect to rates, weights, and bias without that of the first option.
    information : array, shape (parameter, parameter)
        Sum over rows of the covariance of the gradient of a single row.
    """
    return _score(agent, *_lay(traces, code, offered))


def _lay(traces, code, offered):
    """What does not depend on the agent, with sessions side by side: `walk` takes all but rates."""
    which, target, first, edges, falling = traces
    lanes = lay_in_lanes(np.arange(len(first)), first)

    def lay(values, filling):
        # the last row fills lanes up; lanes are the last dimension, behind options
        more = np.concatenate([values, np.full((1, *values.shape[1:]), filling, values.dtype)])
        return np.ascontiguousarray(np.moveaxis(more[lanes.kind], 1, -1))

    def wide(values, filling):
        return lay(values, filling).reshape(len(lanes.kind), values.shape[1], -1)

    rules, begins = wide(which, STILL), lanes.first.any(axis=1)
    falls = rules[..., :0] if falling is None else wide(falling, STILL)
    always = np.ones((1, target.shape[2], 0), bool)
    return (
        (rules, falls, wide(target, 0.0), begins, lanes.first),
        (edges, _given(traces), *_pairs(traces)),
        (lay(np.asarray(code), -1), always if offered is None else lay(offered, True)),
    )


def _pairs(traces):
    """Groups and the rates that move them, group by group, shape (2, pair)."""
    rules = [traces.which, traces.which if traces.falling is None else traces.falling]
    numbers = [
        np.unique(np.concatenate([each[:, g] for each in rules])) for g in range(rules[0].shape[1])
    ]
    pairs = [(g, k) for g, known in enumerate(numbers) for k in known if k >= 0]
    return np.array(pairs, dtype=np.int64).reshape(-1, 2).T.copy()


def _agent(free, n_rates, n_traces):
    bias = free[n_rates + n_traces - 1 :].copy()
    bias[0] = 0.0
    return Agent(expit(free[:n_rates]), free[n_rates : n_rates + n_traces], bias)


def _score(agent, rows, rules, choices):
    from neuroalrnn.baselines._numba_walk import walk  # numba takes a second to import

    size = len(agent.rates) + len(agent.weights) + len(agent.bias) - 1
    slope, information = np.zeros(size), np.zeros((size, size))
    parameters = _all_rates(agent), agent.weights, agent.bias
    total = walk(*rows, *rules, *parameters, *choices, slope, information)
    return total, slope, information


def _best(ends, n_kept):
    """The highest ends of climbs, those of the same height once."""
    found, last = [], np.inf
    for end in sorted(ends, key=lambda end: -end.value):
        if last - end.value > SAME:
            found.append(end)
            last = end.value
    return found[:n_kept]


def _scorer(traces, code, offered, n_rates):
    """Mean log-likelihood of choices, by unconstrained parameters, with slope and information."""
    n_traces, n_options = traces.target.shape[1:]
    n, laid = max(int((code >= 0).sum()), 1), _lay(traces, code, offered)
    scale = np.ones(n_rates + n_traces + n_options - 1)

    def score(free):
        agent = _agent(free, n_rates, n_traces)
        value, slope, information = _score(agent, *laid)
        scale[:n_rates] = agent.rates * (1 - agent.rates)
        return value / n, slope * scale / n, information * (scale[:, None] * scale) / n

    return score


def _climb(score: Callable, place: Place, reach: np.ndarray, n_steps: int, gain: float) -> Place:
    """Go up by damped scoring steps within bounds, until one promises less than a gain."""
    damping = 1e-3
    for _ in range(n_steps):
        x, value, slope, information = place
        held = ((x >= reach) & (slope > 0)) | ((x <= -reach) & (slope < 0))
        ridge = damping * information.diagonal() + 1e-9
        step = _step(information, ridge, slope, held)
        promise = slope @ step
        if promise < gain or damping > 1e9:
            break
        further = np.clip(x + step, -reach, reach)
        found = score(further)
        if found[0] > value:
            place = Place(further, *found)
            damping /= 10
        elif promise < ROUNDING * abs(value):
            break
        else:
            damping *= 10
    return place


def _step(information, ridge, slope, held):
    """A damped scoring step, 0 for parameters that are held."""
    curve = information.copy()
    curve.flat[:: len(ridge) + 1] += ridge
    if not held.any():
        return np.linalg.solve(curve, slope)
    step, free = np.zeros(len(slope)), np.flatnonzero(~held)
    step[free] = np.linalg.solve(curve[np.ix_(free, free)], slope[free])
    return step


@kernel
def _follow(which, falling, target, first, edges, given, rates, weights, seen):
    """Fill in the traces before every row."""
    n_rows, n_traces, n_options = target.shape
    x = np.zeros((n_traces, n_options))
    for t in range(n_rows):
        if first[t]:
            x[:] = 0.0
        for m in given:
            for i in range(n_options):
                x[m, i] = target[t, m, i]
        for m in range(n_traces):
            for i in range(n_options):
                seen[t, m, i] = x[m, i]
        for g in range(len(edges) - 1):
            for i in range(n_options):
                error = 0.0
                for m in range(edges[g], edges[g + 1]):
                    error += weights[m] * (target[t, m, i] - x[m, i])
                rises = error >= 0 if weights[edges[g]] >= 0 else error <= 0
                rate = rates[which[t, g, i] if rises else falling[t, g, i]]
                for m in range(edges[g], edges[g + 1]):
                    x[m, i] += rate * (target[t, m, i] - x[m, i])
