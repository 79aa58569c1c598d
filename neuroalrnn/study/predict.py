"""Held-out probabilities: every trial once, by models that never saw its group."""

from dataclasses import dataclass
from functools import reduce

import numpy as np
import torch

from neuroalrnn.data.level import level
from neuroalrnn.data.schema import scored_trials
from neuroalrnn.fit import compute_eta, make_observations
from neuroalrnn.model import log_probability, select
from neuroalrnn.results.summary import ADAPTIVE, ENSEMBLE, NETWORK, SUFFICIENT
from neuroalrnn.study.engine import one_torch_thread
from neuroalrnn.study.observation import explain, predict_constant
from neuroalrnn.study.own import CONSTANT


@dataclass(frozen=True)
class HeldOut:
    """What every model says of trials that it never saw.

    Attributes
    ----------
    options : dict of str -> array, shape (trial, option)
        Log-probabilities by model, on one `level`; NaN where a trial has no choice.
    others : dict of str -> dict of str -> array, shape (trial,)
        Log-likelihoods of what an observation model explains ("joint", and each variable but the
        choice), by that name and by model.
    """

    options: dict
    others: dict

    def put(self, trials, model, train, rows, options, others):
        """Store what a model says of some trials, brought to the level of all others."""
        levelled = level(options, trials, train, rows)
        self.options.setdefault(model, empty_predictions(trials))[rows] = levelled
        for name, values in others.items():
            if name == "joint":
                values = values + _change(trials, rows, options, levelled)
            by_model = self.others.setdefault(name, {})
            by_model.setdefault(model, np.full(trials.sizes["trial"], np.nan))[rows] = values

    def put_adaptive(self, trials, model, train, test, adaptive):
        """Store what a model says whose read-out learns its subject, if it is among those."""
        if model in adaptive:
            rows = test[~np.isnan(adaptive[model][test]).any(axis=1)]
            self.put(trials, model + ADAPTIVE, train, rows, adaptive[model][rows], {})


def empty_predictions(trials):
    """NaN for every option of every trial."""
    return np.full((trials.sizes["trial"], len(trials["choice"].attrs["labels"])), np.nan)


def _change(trials, rows, before, after):
    """By how much the log-likelihood of the choices made has changed; 0 where there is none."""
    choice = trials["choice"].values[rows]
    made = np.flatnonzero(np.isfinite(choice))
    place = made, choice[made].astype(int)
    change = np.zeros(len(rows))
    change[made] = after[place] - before[place]
    return change


def predict(study, whole, chosen, baselines, *, lost, adaptive=None, members=None):
    """Predict every held-out choice by every model.

    Parameters
    ----------
    study : Study
    whole : list of Whole
        Per fold.
    chosen : list of Chosen
        Per fold.
    baselines : dict of str -> array, shape (trial, option)
        From `neuroalrnn.study.beside.predict_baselines`.
    lost : bool array, shape (fold, n_pwl)
        From `find_lost`; a value that is lost in some fold has no score of all subjects.
    adaptive : dict of str -> array, shape (trial, option), optional
        Log-probabilities of models whose read-out learns its subject, by the name of the model.
    members : list of list of int, optional
        Per fold, restarts of the best ``n_pwl`` to average over.

    Returns
    -------
    HeldOut
        Models: the AL-RNN with the best ``n_pwl`` of each fold, the one with the sufficient
        ``n_pwl`` where that is another one in some fold, each ``n_pwl`` of the grid, the average
        over restarts if there are `members`, with an observation model the "constant" one of the
        training trials, then the baselines.
    """
    trials, sequences, plan = study.trials, study.sequences, study.plan
    held_out, adaptive = HeldOut({}, {}), adaptive or {}
    counts = scored_trials(trials)
    is_lost = lost.any(axis=0)
    names = [(f"{NETWORK} P={p}", k) for k, p in enumerate(plan.grid) if not is_lost[k]]
    differs = any(each.best != each.sufficient for each in chosen)
    for fold, part in enumerate(plan.folds):
        restart, best, sufficient, *_ = chosen[fold]
        own = [(NETWORK, best), *([(SUFFICIENT, sufficient)] if differs else [])]
        train = part.train[counts[part.train]]
        test = sequences.take(np.isin(sequences.trial[:, 0], part.test))
        keep = np.arange(len(plan.grid)) * plan.n_restarts + restart
        weights = select(whole[fold].weights, torch.as_tensor(keep))
        rows, options, others = predict_observed(weights, plan.grid, test, plan, study.engine)
        for name, k in [*own, *names]:
            mine = {other: values[k] for other, values in others.items()}
            held_out.put(trials, name, train, rows, options[k], mine)
            held_out.put_adaptive(trials, name, train, part.test, adaptive)
        if members:
            keep = torch.as_tensor(members[fold]) + best * plan.n_restarts
            same = [plan.grid[best]] * len(keep)
            weights = select(whole[fold].weights, keep)
            rows, said = predict_trials(weights, same, test, plan, study.engine)
            held_out.put(trials, NETWORK + ENSEMBLE, train, rows, average(said), {})
            held_out.put_adaptive(trials, NETWORK + ENSEMBLE, train, part.test, adaptive)
        if plan.observation:
            found = predict_constant(plan.observation, trials, train, part.test)
            held_out.put(trials, CONSTANT, train, part.test, *found)
        for name, values in baselines.items():
            held_out.put(trials, name, train, part.test, values[part.test], {})
            held_out.put_adaptive(trials, name, train, part.test, adaptive)
    return held_out


def predict_trials(weights, n_pwl, sequences, plan, engine):
    """Predict every choice of some sequences, in float64.

    Parameters
    ----------
    weights : Weights
        Or those of the architecture of `plan`.
    n_pwl : sequence of int, shape (model,)
    sequences : Sequences
    plan : Plan
    engine : Engine

    Returns
    -------
    rows : int array
        Trials with a choice.
    values : array, shape (model, row, option)
        Their log-probabilities.
    """
    rows, values, _ = predict_observed(weights, n_pwl, sequences, plan, engine)
    return rows, values


def states_at_choice(weights, n_pwl, sequences, plan, engine):
    """States of a network at the steps at which choices are read out, in float64.

    Parameters
    ----------
    weights : Weights
        Of one model, with a model axis.
    n_pwl : int
    sequences : Sequences
    plan : Plan
    engine : Engine

    Returns
    -------
    rows : int array
        Trials with a choice, as from `predict_trials`.
    states : array, shape (row, latent)
    """
    n_latent = weights.readout.shape[-1]
    bare = weights._replace(
        readout=torch.eye(n_latent, dtype=torch.float64)[None],
        offset=torch.zeros(1, n_latent, dtype=torch.float64),
    )
    rows, made, eta = _read(bare, [n_pwl], sequences, plan, engine)
    return rows, eta.transpose(1, 2).numpy()[0, made]


def predict_with_states(weights, n_pwl, sequences, plan, engine):
    """Predict every choice of some sequences, and tell the states that it is read out from.

    Parameters
    ----------
    weights, n_pwl, sequences, plan, engine
        As for `states_at_choice`.

    Returns
    -------
    rows : int array
        Trials with a choice.
    values : array, shape (row, option)
        As from `predict_trials`.
    states : array, shape (row, latent)
    """
    rows, states = states_at_choice(weights, n_pwl, sequences, plan, engine)
    if plan.observation is not None:
        _, values = predict_trials(weights, [n_pwl], sequences, plan, engine)
        return rows, values[0], states
    readout, offset = (part[0].double() for part in (weights.readout, weights.offset))
    with torch.no_grad(), one_torch_thread():
        eta = torch.as_tensor(states) @ readout.T + offset
        return rows, log_probability(eta).numpy(), states


def add_log_odds(log_probability, log_odds):
    """Add log-odds to what a model says.

    Parameters
    ----------
    log_probability, log_odds : array, shape (row, option)

    Returns
    -------
    array, shape (row, option)
        Log-probabilities.
    """
    total = log_probability + log_odds
    return total - np.logaddexp.reduce(total, axis=1, keepdims=True)


def average(log_probabilities):
    """Average probabilities.

    Parameters
    ----------
    log_probabilities : sequence of array
        What every network says, of one shape.

    Returns
    -------
    array
        Logarithm of the mean probability; NaN where one of them says nothing.
    """
    with np.errstate(invalid="ignore"):
        return reduce(np.logaddexp, log_probabilities) - np.log(len(log_probabilities))


def values_at(wanted, rows, values):
    """Values of the trials that are asked for.

    Parameters
    ----------
    wanted : int array
        Trials.
    rows : int array, shape (row,)
        Trials whose values are known.
    values : array, shape (row, column)

    Returns
    -------
    array, shape (wanted, column)
        NaN where nothing is known.
    """
    every = np.full((1 + np.r_[wanted, rows].max(initial=-1), values.shape[1]), np.nan)
    every[rows] = values
    return every[wanted]


def _read_steps(sequences):
    """Steps at which some sequence has a choice."""
    return np.flatnonzero(np.isfinite(sequences.target).any(axis=0))


def _read(weights, n_pwl, sequences, plan, engine):
    """Trials with a choice, where they are read out, and eta (model, step, lane, output)."""
    weights = type(weights)(*(part.double() for part in weights))
    observations = make_observations(sequences, dtype=torch.float64, subjects=plan.subjects)
    index = torch.arange(len(sequences.n_steps)).expand(len(n_pwl), -1)
    read = _read_steps(sequences)
    made = np.isfinite(sequences.target)[:, read]
    with torch.no_grad(), one_torch_thread():
        eta = compute_eta(
            weights, torch.as_tensor(n_pwl), observations, index, architecture=plan.architecture,
            read_steps=torch.as_tensor(read), scan=engine.backend.scan(engine.threads),
        )  # fmt: skip
    return sequences.trial[:, read][made], made, eta


def predict_observed(weights, n_pwl, sequences, plan, engine):
    """Predict every choice, and what else the observation model of a plan explains.

    Parameters
    ----------
    weights, n_pwl, sequences, plan, engine
        As for `predict_trials`.

    Returns
    -------
    rows, values
        As from `predict_trials`.
    others : dict of str -> array, shape (model, row)
        See `neuroalrnn.study.observation.explain`; empty without an observation model.
    """
    rows, made, eta = _read(weights, n_pwl, sequences, plan, engine)
    with torch.no_grad(), one_torch_thread():
        if plan.observation is None:
            return rows, log_probability(eta).transpose(1, 2).numpy()[:, made], {}
        eta = eta.transpose(1, 2)[:, torch.as_tensor(made)]
        values = {
            name: torch.as_tensor(each[:, _read_steps(sequences)][made]).expand(eta.shape[:-1])
            for name, each in sequences.observed.items()
        }
        return rows, *explain(plan.observation, eta, values, len(sequences.labels))
