"""Held-out probabilities: every trial once, by models that never saw its group."""

from dataclasses import dataclass
from itertools import chain

import numpy as np
import torch

from neuroalrnn.data.level import level
from neuroalrnn.data.schema import scored_trials
from neuroalrnn.exceptions import ConfigError, FitError, problems
from neuroalrnn.fit import compute_eta, make_observations
from neuroalrnn.model import log_probability, select
from neuroalrnn.results.summary import NETWORK, SUFFICIENT
from neuroalrnn.running import progress_bar
from neuroalrnn.study.engine import one_torch_thread
from neuroalrnn.study.observation import explain, predict_constant
from neuroalrnn.study.own import CONSTANT, predict_own


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


def predict_baselines(study, baselines, *, own=False, progress=False):
    """Predict every held-out choice by the models that are fitted beside the AL-RNN.

    Parameters
    ----------
    study : Study
    baselines : dict of str -> callable
    own : bool
        They are the caller's: what they return is checked.
    progress : bool
        Show a progress bar over folds and baselines.

    Returns
    -------
    predicted : dict of str -> array, shape (trial, option)
        Log-probabilities as returned.
    effects : dict of str -> array, shape (trial, input, lag, option)
        Of the models that return them; see `neuroalrnn.study.effects.with_effects`.
    left_out : list of str
        Why some are missing.

    Raises
    ------
    ConfigError
        If baselines of the caller return anything else than log-probabilities, naming each, and the
        first fold in which one does.
    """
    trials, folds = study.trials, study.folds
    found = {"predicted": {}, "effect": {}}
    counts, failed = scored_trials(trials), {}
    n_fits = len(folds) * len(baselines)
    show = progress and n_fits > 0
    bar = progress_bar(total=n_fits, show=show, unit="model", desc="other models")
    for fold, part in enumerate(folds):
        train = part.train[counts[part.train]]
        for name in [each for each in baselines if each not in failed]:
            bar.set_postfix_str(f"{name}, {part.name} ({fold + 1}/{len(folds)})")
            answer, wrong = _call(baselines[name], own, trials, train, part.test)
            if wrong:
                failed[name] = [f"{name!r}, {part.name}: {text}" for text in wrong]
            for kind, values in answer.items():
                empty = np.full((trials.sizes["trial"], *values.shape[1:]), np.nan, values.dtype)
                found[kind].setdefault(name, empty)[part.test] = values
            bar.update()
        if own and failed:
            raise problems(ConfigError, "baselines", list(chain(*failed.values())))
    bar.close()
    kept = [
        {name: by_model[name] for name in baselines if name in by_model and name not in failed}
        for by_model in found.values()
    ]
    return *kept, [f"left out: {text}" for text in chain(*failed.values())]


def _call(baseline, own, *arguments):
    """What a baseline says, and why nothing of that can be used."""
    if own:
        predicted, wrong = predict_own(baseline, *arguments)
        return {} if wrong else {"predicted": predicted}, wrong
    try:
        answer = baseline(*arguments)
    except FitError as error:
        return {}, [str(error)]
    return answer if isinstance(answer, dict) else {"predicted": answer}, []


def predict(study, whole, chosen, baselines, *, lost):
    """Predict every held-out choice by every model.

    Parameters
    ----------
    study : Study
    whole : list of Whole
        Per fold.
    chosen : list of Chosen
        Per fold.
    baselines : dict of str -> array, shape (trial, option)
        From `predict_baselines`.
    lost : bool array, shape (fold, n_pwl)
        From `find_lost`; a value that is lost in some fold has no score of all subjects.

    Returns
    -------
    HeldOut
        Models: the AL-RNN with the best ``n_pwl`` of each fold, the one with the sufficient
        ``n_pwl`` where that is another one in some fold, each ``n_pwl`` of the grid, with an
        observation model the "constant" one of the training trials, then the baselines.
    """
    trials, sequences, plan = study.trials, study.sequences, study.plan
    held_out = HeldOut({}, {})
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
        if plan.observation:
            found = predict_constant(plan.observation, trials, train, part.test)
            held_out.put(trials, CONSTANT, train, part.test, *found)
        for name, values in baselines.items():
            held_out.put(trials, name, train, part.test, values[part.test], {})
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
        See `neuroalrnn.study.observation.explain`; empty without an observation model.
    """
    weights = type(weights)(*(part.double() for part in weights))
    observations = make_observations(sequences, dtype=torch.float64, subjects=plan.subjects)
    index = torch.arange(len(sequences.n_steps)).expand(len(n_pwl), -1)
    read = np.flatnonzero(np.isfinite(sequences.target).any(axis=0))
    made = np.isfinite(sequences.target)[:, read]
    rows = sequences.trial[:, read][made]
    with torch.no_grad(), one_torch_thread():
        eta = compute_eta(
            weights, torch.as_tensor(n_pwl), observations, index, architecture=plan.architecture,
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
