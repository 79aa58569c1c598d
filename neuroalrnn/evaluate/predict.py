"""Held-out probabilities: every trial once, by models that never saw its group."""

import numpy as np
import torch

from neuroalrnn.data.schema import scored_trials
from neuroalrnn.evaluate.engine import one_torch_thread
from neuroalrnn.fit.objective import compute_eta, observe
from neuroalrnn.model.alrnn import select
from neuroalrnn.model.readout import log_probability


def predict(trials, sequences, plan, refitted, chosen, baselines, *, engine):
    """Predict every held-out choice by every model.

    Parameters
    ----------
    trials : xarray.Dataset
    sequences : Sequences
        Whole sequences, not training pieces.
    plan : Plan
    refitted : list of Refitted
    chosen : list of (restart, position)
        Per fold, from `choose`.
    baselines : dict of str -> callable

    engine : Engine

    Returns
    -------
    dict of str -> array, shape (trial, option)
        Log-probabilities by model name: the AL-RNN with ``n_pwl`` chosen inside, each ``n_pwl`` of
        the grid, then the baselines; NaN where a trial has no choice.
    """
    empty = np.full((trials.sizes["trial"], len(trials["choice"].attrs["labels"])), np.nan)
    names = [f"AL-RNN P={n_pwl}" for n_pwl in plan.grid]
    held_out = {name: empty.copy() for name in ["AL-RNN", *names, *baselines]}
    counts = scored_trials(trials)
    for fold, part in enumerate(plan.folds):
        restart, position = chosen[fold]
        test = sequences.take(np.isin(sequences.trial[:, 0], part.test))
        keep = np.arange(len(plan.grid)) * plan.n_restarts + restart
        weights = select(refitted[fold].weights, torch.as_tensor(keep))
        rows, values = predict_trials(weights, plan.grid, test, plan, engine)
        for name, log_probabilities in zip(names, values, strict=True):
            held_out[name][rows] = log_probabilities
        held_out["AL-RNN"][rows] = values[position]
        train = part.train[counts[part.train]]
        for name, baseline in baselines.items():
            held_out[name][part.test] = baseline(trials, train, part.test)
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
    weights = type(weights)(*(part.double() for part in weights))
    observations = observe(sequences, dtype=torch.float64, subjects=plan.subjects)
    index = torch.arange(len(sequences.n_steps)).expand(len(n_pwl), -1)
    read = np.flatnonzero(np.isfinite(sequences.target).any(axis=0))
    with torch.no_grad(), one_torch_thread():
        eta = compute_eta(
            weights, torch.as_tensor(n_pwl), observations, index, of=plan.of,
            read_steps=torch.as_tensor(read), scan=engine.backend.scan(engine.threads),
        )  # fmt: skip
        values = log_probability(eta).transpose(1, 2).numpy()
    made = np.isfinite(sequences.target)[:, read]
    return sequences.trial[:, read][made], values[:, made]
