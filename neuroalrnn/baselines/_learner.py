"""Agents that learn values of options from reward, written as traces and fitted as these."""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import product

import numpy as np
import xarray as xr

from neuroalrnn.baselines._traces import Agent, Traces, fit_agent, predict_agent
from neuroalrnn.baselines.shared import Inner, Predict, fit_chosen, whole_sessions
from neuroalrnn.data.offered import offered_options
from neuroalrnn.data.scaling import measure
from neuroalrnn.data.schema import trial_variables, unknown
from neuroalrnn.exceptions import DataError, problems

# each member of the family adds one idea to the one before
MEMBERS = ("plain", "forgetting", "perseveration", "dual")
FORGETTING, PERSEVERATION, DUAL = 1, 2, 3
# as "dual", but by the sign of the prediction error
ASYMMETRIC = "asymmetric"
# where rates start
SLOW, FAST = 0.02, 0.6
# standard deviations above the mean that may be due to rounding
AT_MEAN = 1e-6


Credit = Callable[[xr.Dataset], list[np.ndarray]]


def fit_learner(
    trials: xr.Dataset,
    train: np.ndarray,
    credit: Credit,
    *,
    inner: Inner | None,
    members: Sequence[str],
    random_state: int,
) -> Predict:
    """Fit an agent that learns values of one or several kinds.

    Parameters
    ----------
    trials : xarray.Dataset
        Trials of all subjects.
    train : int array, shape (trial,)
        Positions of the scored training trials.
    credit : callable
        ``credit(trials)`` lists for each kind of value the option that a trial teaches about, NaN
        for none, shape (trial,). Every kind has values, rates and traces of its own.
    inner : callable, optional
        See `q_learning`.
    members : sequence of str
        See `q_learning`.
    random_state : int
        See `q_learning`.

    Returns
    -------
    callable
        ``predict(trials, test)``, see `neuroalrnn.baselines.from_fit`.

    Raises
    ------
    DataError
        If there is no ``reward``, or a member is unknown.
    """
    _require(trials, members)
    fit = partial(_fit, credit=credit, random_state=random_state, kept={})
    return fit_chosen(fit, members, trials, train, inner)


def chosen_options(trials: xr.Dataset) -> np.ndarray:
    """Read the option chosen on each trial.

    Parameters
    ----------
    trials : xarray.Dataset
        Trials of all subjects.

    Returns
    -------
    float array, shape (trial,)
        Codes; NaN where there was no choice.
    """
    return trials["choice"].values.astype(float)


def _require(trials, members):
    known = (*MEMBERS, ASYMMETRIC)
    faults = [f"member {unknown(name, known)}" for name in members if name not in known]
    if "reward" not in trial_variables(trials):
        faults.append("there is no numeric variable 'reward': nothing can be learned")
    if faults:
        raise problems(DataError, "learning agent", faults)


def build_traces(
    trials: xr.Dataset,
    rows: np.ndarray,
    first: np.ndarray,
    credited: list[np.ndarray],
    member: str,
    reward: np.ndarray,
) -> tuple[Traces, int]:
    """Write an agent as traces; see `Traces`.

    The value of an option minus the prior value q is a leaky average of ``reward - q``. It is the
    sum of two traces: the average of the reward, whose weight is the inverse temperature, and the
    average of 1, whose weight is ``- inverse temperature x q``.

    Parameters
    ----------
    trials : xarray.Dataset
        Trials of all subjects.
    rows, first : array, shape (row,)
        From `whole_sessions`.
    credited : list of array, shape (trial,)
        The option that a trial teaches about, for each kind of value; see `fit_learner`.
    member : str
        One of `MEMBERS`, or "asymmetric".
    reward : array, shape (trial,)
        A reward above 0 counts as one; NaN is missing.

    Returns
    -------
    traces : Traces
        For each kind of value the average of the reward, that of 1 and, from "perseveration" on,
        the choice trace.
    n_rates : int
        Number of rates. Each kind of value has one for the member and one for each before it:
        learning, forgetting, choice trace, learning without reward (of "asymmetric", from a
        reward below what was expected).
    """
    level = _level(member)
    reward = reward[rows]
    gain = np.nan_to_num(reward)[:, None]
    # the sign of the prediction error is not known before the traces are followed
    paid = np.where(np.isnan(reward), np.nan, 1.0) if member == ASYMMETRIC else reward
    options = np.arange(len(trials["choice"].attrs["labels"]))
    which, target, edges = [], [], [0]
    for kind, option in enumerate(credited):
        hit = option[rows][:, None] == options
        learning = kind * (level + 1)
        which.append(_value_rates(hit, paid[:, None], learning, level))
        target += [hit * gain, hit * 1.0]
        edges.append(len(target))
        if level >= PERSEVERATION:
            which.append(np.full(hit.shape, learning + PERSEVERATION))
            target.append(hit * 1.0)
            edges.append(len(target))
    rules = np.stack(which, 1).astype(np.int8)
    traces = Traces(rules, np.stack(target, 1), first, np.array(edges))
    if member == ASYMMETRIC:
        learns = rules % (level + 1) == 0
        traces = traces._replace(falling=np.where(learns, rules + DUAL, rules).astype(np.int8))
    return traces, len(credited) * (level + 1)


def _level(member):
    """Number of ideas of a member, beside the first."""
    return DUAL if member == ASYMMETRIC else MEMBERS.index(member)


def _value_rates(hit, reward, learning, level):
    """Number of the rate that moves each value, -1 for none, shape (row, option)."""
    unrewarded = learning + DUAL if level >= DUAL else learning
    rate = np.where(reward > AT_MEAN, learning, unrewarded)
    forgetting = learning + FORGETTING if level >= FORGETTING else -1
    return np.where(hit, np.where(np.isnan(reward), -1, rate), forgetting)


def _fit(trials, train, member, *, credit, random_state, kept):
    scale = measure(trials["reward"].values[train].astype(float))

    def follow(trials, part, member):
        reward = scale.apply(trials["reward"].values.astype(float))
        rows, first = whole_sessions(trials, part)
        return rows, *build_traces(trials, rows, first, credit(trials), member, reward)

    def fitted(member):
        key, level = (member, train.tobytes()), _level(member)
        if key not in kept:
            rows, traces, n_rates = follow(trials, train, member)
            offered = offered_options(trials)
            kept[key] = fit_agent(
                traces,
                trials["choice"].values[rows],
                np.isin(rows, train),
                n_rates,
                rng=np.random.default_rng(random_state),
                starts=starts(level, traces),
                offered=None if offered is None else offered[rows],
            )
        return kept[key]

    def starts(level, traces):
        n_kinds = len(credit(trials))
        grown = _grow(fitted(MEMBERS[level - 1]), level) if level else []
        return grown + _contrast(level, n_kinds, traces.target.shape)

    agent = fitted(member)

    def predict(trials, test):
        rows, traces, _ = follow(trials, test, member)
        return predict_agent(agent, traces)[np.searchsorted(rows, test)]

    return predict


def _grow(agent, level):
    """Agents of a member that are or come close to one of the member before."""
    rates = agent.rates.reshape(-1, level)
    weights = agent.weights.reshape(len(rates), -1)
    if level == PERSEVERATION:
        weights = np.c_[weights, np.zeros(len(rates))]
    new = product((SLOW, FAST), repeat=len(rates)) if level < DUAL else [rates[:, 0]]
    return [Agent(np.c_[rates, each].ravel(), weights.ravel(), agent.bias) for each in new]


def _contrast(level, n_kinds, shape):
    """Agents without weights that learn slowly and forget repeats fast, or the other way round."""
    _, n_traces, n_options = shape
    quick = np.full(level + 1, FAST), np.full(level + 1, SLOW)
    for rates, other in zip(quick, (SLOW, FAST), strict=True):
        rates[PERSEVERATION : PERSEVERATION + 1] = other
    nothing = np.zeros(n_traces), np.zeros(n_options)
    return [Agent(np.concatenate(each), *nothing) for each in product(quick, repeat=n_kinds)]
