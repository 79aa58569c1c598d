"""Q-learning agents: values of options from reward, and the habit of repeating a choice."""

from functools import partial

import numpy as np

from neuroalrnn.baselines.shared import choose_inside, whole_sessions
from neuroalrnn.baselines.traces import Traces, fit_agent, predict_agent
from neuroalrnn.data.offered import offered_options
from neuroalrnn.data.scaling import measure
from neuroalrnn.data.schema import trial_variables, unknown
from neuroalrnn.exceptions import DataError, problems

# each member adds one idea to the one before
MEMBERS = ("plain", "forgetting", "perseveration", "dual")
FORGETTING, PERSEVERATION, DUAL = 1, 2, 3
# standard deviations above the mean that may be rounding
AT_MEAN = 1e-6


def q_learning(trials, train, test, *, inner=None, members=MEMBERS, random_state=0):
    """Q-learning fitted to all training subjects at once.

    The value of the chosen option moves towards the reward, ``Q += a (r - Q)``, from `prior value`
    at the start of every session. Options are chosen by a softmax of
    ``inverse temperature x Q + stickiness x C + bias``. The members are nested:

    ========================  ==================================================================
    plain                     one learning rate, inverse temperature, prior value, bias
    forgetting                + values of the options not chosen return to the prior value at
                              their own rate (Ito & Doya 2009; a prior value unlike 0 is their
                              strength of non-reward)
    perseveration             + choice trace, ``C += b (chosen - C)``, with its own rate
    dual                      + another learning rate where the reward is not above its mean
    ========================  ==================================================================

    The reward is centred and scaled by its training values, so that neither origin nor unit
    matters.

    Trials that are not scored teach like all others. Without a choice every value is forgotten and
    the choice trace decays; without a reward the chosen value stays as it is. Values and traces go
    on over gaps in ``trial_in_session`` as if no trial had been there.

    Parameters
    ----------
    trials : xarray.Dataset
        With ``reward``, in any unit.
    train, test : int arrays
        Scored training trials; trials to predict, each from the earlier ones of its session.
    inner : callable, optional
        ``inner(train) -> list of (fit, validate)``; needed to choose between several members.
    members : sequence of str
    random_state : int

    Returns
    -------
    array, shape (test trial, option)
        Log-probabilities.

    Raises
    ------
    DataError
        If there is no ``reward``, or a member is unknown.
    """
    return learner(
        trials,
        train,
        test,
        [chosen(trials)],
        inner=inner,
        members=members,
        random_state=random_state,
    )


def learner(trials, train, test, credited, *, inner, members, random_state):
    """Predict by an agent that learns about one or several kinds of options.

    Parameters
    ----------
    trials : xarray.Dataset
    train, test : int arrays
    credited : list of array, shape (trial,)
        Option that a trial teaches about, NaN for none: one set of values, rates and traces each.
    inner, members, random_state
        See `q_learning`.

    Returns
    -------
    array, shape (test trial, option)
        Log-probabilities.
    """
    _require(trials, members)
    baseline = partial(_predict, credited=credited, random_state=random_state)
    member = choose_inside(baseline, members, trials, train, inner)
    return baseline(trials, train, test, member)


def chosen(trials):
    """Option chosen on each trial, NaN where there was none; float array, shape (trial,)."""
    return trials["choice"].values.astype(float)


def _require(trials, members):
    found = [f"member {unknown(name, MEMBERS)}" for name in members if name not in MEMBERS]
    if "reward" not in trial_variables(trials):
        found.append("there is no numeric variable 'reward': nothing can be learned")
    if found:
        raise problems(DataError, "learning agent", found)


def build_traces(trials, rows, first, credited, member, reward):
    """Write an agent as traces; see `Traces`.

    The value of an option minus the prior value q is a leaky average of ``reward - q``. It is held
    as the average of the reward, weighted by the inverse temperature, and that of 1, weighted by
    ``- inverse temperature x q``.

    Parameters
    ----------
    trials : xarray.Dataset
    rows, first : arrays
        From `whole_sessions`.
    credited : list of array, shape (trial,)
    member : str
    reward : array, shape (trial,)
        Above 0 where it counts as one; NaN is missing.

    Returns
    -------
    traces : Traces
        For each kind of credit the average of the reward, that of 1 and, from "perseveration"
        on, the choice trace.
    n_rates : int
        For each kind of credit one per member up to this: learning, forgetting, choice trace,
        learning without reward.
    """
    level = MEMBERS.index(member)
    reward = reward[rows]
    gain = np.nan_to_num(reward)[:, None]
    options = np.arange(len(trials["choice"].attrs["labels"]))
    which, target = [], []
    for kind, option in enumerate(credited):
        hit = option[rows][:, None] == options
        learning = kind * (level + 1)
        rate = _value_rates(hit, reward[:, None], learning, level)
        which += [rate, rate]
        target += [hit * gain, hit * 1.0]
        if level >= PERSEVERATION:
            which.append(np.full(hit.shape, learning + PERSEVERATION))
            target.append(hit * 1.0)
    return Traces(np.stack(which, 1), np.stack(target, 1), first), len(credited) * (level + 1)


def _value_rates(hit, reward, learning, level):
    """Rate that moves each value, shape (row, option)."""
    unrewarded = learning + DUAL if level >= DUAL else learning
    rate = np.where(reward > AT_MEAN, learning, unrewarded)
    forgetting = learning + FORGETTING if level >= FORGETTING else -1
    return np.where(hit, np.where(np.isnan(reward), -1, rate), forgetting)


def _predict(trials, train, test, member, *, credited, random_state):
    reward = trials["reward"].values.astype(float)
    reward = measure(reward[train]).apply(reward)
    rows, first = whole_sessions(trials, train)
    offered = offered_options(trials)
    traces, n_rates = build_traces(trials, rows, first, credited, member, reward)
    agent = fit_agent(
        traces,
        trials["choice"].values[rows],
        np.isin(rows, train),
        n_rates,
        rng=np.random.default_rng(random_state),
        offered=None if offered is None else offered[rows],
    )
    rows, first = whole_sessions(trials, test)
    traces, _ = build_traces(trials, rows, first, credited, member, reward)
    return predict_agent(agent, traces)[np.searchsorted(rows, test)]
