"""Held-out probabilities: every trial once, by models that never saw its group."""

from dataclasses import dataclass

import numpy as np
import torch

from neuroalrnn.data.schema import scored_trials
from neuroalrnn.evaluate.engine import one_torch_thread
from neuroalrnn.evaluate.observation import explain, predict_constant
from neuroalrnn.fit.objective import compute_eta, observe
from neuroalrnn.model.alrnn import select
from neuroalrnn.model.readout import log_probability
from neuroalrnn.running import progress_bar

CONSTANT = "constant"


@dataclass(frozen=True)
class HeldOut:
    """What every model says of trials that it never saw.

    Attributes
    ----------
    options : dict of str -> array, shape (trial, option)
        Log-probabilities by model; NaN where a trial has no choice.
    others : dict of str -> dict of str -> array, shape (trial,)
        Log-likelihoods of what an observation model explains ("joint", and each variable but the
        choice), by that name and by model.
    """

    options: dict
    others: dict

    def put(self, model, rows, options, others):
        """Store what a model says of some trials."""
        n_trials = len(next(iter(self.options.values())))
        self.options[model][rows] = options
        for name, values in others.items():
            by_model = self.others.setdefault(name, {})
            by_model.setdefault(model, np.full(n_trials, np.nan))[rows] = values


def predict(trials, sequences, plan, refitted, chosen, baselines, *, engine, progress=False):
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
    progress : bool
        Show a progress bar over folds and baselines.

    Returns
    -------
    HeldOut
        Models: the AL-RNN with ``n_pwl`` chosen inside, each ``n_pwl`` of the grid, with an
        observation model the "constant" one of the training trials, then the baselines.
    """
    empty = np.full((trials.sizes["trial"], len(trials["choice"].attrs["labels"])), np.nan)
    names = [f"AL-RNN P={n_pwl}" for n_pwl in plan.grid]
    models = ["AL-RNN", *names, *([CONSTANT] if plan.observation else []), *baselines]
    held_out = HeldOut({name: empty.copy() for name in models}, {})
    counts = scored_trials(trials)
    n_fits = len(plan.folds) * len(baselines)
    show = progress and n_fits > 0
    bar = progress_bar(total=n_fits, show=show, unit="model", desc="other models")
    for fold, part in enumerate(plan.folds):
        restart, position = chosen[fold]
        test = sequences.take(np.isin(sequences.trial[:, 0], part.test))
        keep = np.arange(len(plan.grid)) * plan.n_restarts + restart
        weights = select(refitted[fold].weights, torch.as_tensor(keep))
        rows, options, others = predict_observed(weights, plan.grid, test, plan, engine)
        for name, k in [("AL-RNN", position), *zip(names, range(len(names)), strict=True)]:
            held_out.put(name, rows, options[k], {n: values[k] for n, values in others.items()})
        train = part.train[counts[part.train]]
        if plan.observation:
            found = predict_constant(plan.observation, trials, train, part.test)
            held_out.put(CONSTANT, part.test, *found)
        for name, baseline in baselines.items():
            bar.set_postfix_str(f"{name}, {part.name} ({fold + 1}/{len(plan.folds)})")
            held_out.put(name, part.test, baseline(trials, train, part.test), {})
            bar.update()
    bar.close()
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
        See `neuroalrnn.evaluate.observation.explain`; empty without an observation model.
    """
    weights = type(weights)(*(part.double() for part in weights))
    observations = observe(sequences, dtype=torch.float64, subjects=plan.subjects)
    index = torch.arange(len(sequences.n_steps)).expand(len(n_pwl), -1)
    read = np.flatnonzero(np.isfinite(sequences.target).any(axis=0))
    made = np.isfinite(sequences.target)[:, read]
    rows = sequences.trial[:, read][made]
    with torch.no_grad(), one_torch_thread():
        eta = compute_eta(
            weights, torch.as_tensor(n_pwl), observations, index, of=plan.of,
            read_steps=torch.as_tensor(read), scan=engine.backend.scan(engine.threads),
        )  # fmt: skip
        if plan.observation is None:
            return rows, log_probability(eta).transpose(1, 2).numpy()[:, made], {}
        eta = eta.transpose(1, 2)[:, torch.as_tensor(made)]
        values = {
            name: torch.as_tensor(each[:, read][made]).expand(eta.shape[:-1])
            for name, each in sequences.observed.items()
        }
        return rows, *explain(plan.observation, eta, values, len(sequences.labels))
