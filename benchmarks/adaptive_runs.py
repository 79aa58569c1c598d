"""One model on the inner parts of one fold, and what read-outs that learn their subject add."""

import time
import warnings
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch

from neuroalrnn.adaptive.choose import LEAST, choose_spread
from neuroalrnn.adaptive.filter import predict_adaptively
from neuroalrnn.adaptive.population import learn_crossed
from neuroalrnn.adaptive.prior import Spread, make_prior
from neuroalrnn.adaptive.rows import lay_out
from neuroalrnn.config import Setting, default_run
from neuroalrnn.data.level import level
from neuroalrnn.data.schema import scored_trials
from neuroalrnn.model.hierarchy import subject_architecture
from neuroalrnn.ops import Weights
from neuroalrnn.sources import load_trials, make_splitter
from neuroalrnn.study.adaptive import Said, says_inside, scored_of
from neuroalrnn.study.regression import OnRegression, history_regression
from neuroalrnn.study.search import Progress, choose, search
from neuroalrnn.study.study import prepare_study

NOBODY = Spread(0.0, 0.0, 0.0, 0.0, 0.0)
PLAIN, GAIN, FULL = "as it is", "gain and offset", "states and terms"
OTHERS = "the same, chosen on other parts"
MEANS, COVARIANCES = "means learned", "means and covariances learned"


def score_model(data, fold, model):
    """Fit a model to the inner parts of a fold, and score validation subjects after every step.

    Parameters
    ----------
    data : str
        Embedded data set, with the settings that come with it.
    fold : int
        Counted from 1.
    model : str
        One of `MODELS`.

    Returns
    -------
    dict
        ``seconds`` of the processor, ``n_pwl`` (None without a network), and what `score` finds.
    """
    began = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        study = _study(data)
        inside, n_pwl = MODELS[model](study, fold - 1)
    found = score(study.trials, inside)
    return {"seconds": time.process_time() - began, "n_pwl": n_pwl} | found


def score(trials, inside):
    """Score validation subjects after every step.

    Parameters
    ----------
    trials : xarray.Dataset
    inside : list of Said
        What models say of the validation subjects of every inner part, who are new to them.

    Returns
    -------
    dict
        ``steps``, by name: ``score``, nats per trial, mean over parts; ``spread``, as chosen;
        ``subjects``, the score of each alone. ``is_learned``: whether a fit would take the means
        and covariances learned.
    """
    parts = [_lay_out(trials, each) for each in inside]
    bare = [_lay_out(trials, each._replace(features=None)) for each in inside]
    full = choose_spread([part.rows for part in parts])
    without = [
        choose_spread([part.rows for j, part in enumerate(parts) if j != k]).spread
        for k in range(len(parts))
    ]
    gain = choose_spread([part.rows for part in bare]).spread
    start = _prior(parts[0], full.spread)
    crossed = learn_crossed([part.rows for part in parts], start, inside[0].n_own)
    means = [start._replace(mean=each.mean) for each in crossed.priors]
    steps = {
        PLAIN: (bare, [_prior(bare[0], NOBODY)] * len(bare), NOBODY),
        GAIN: (bare, [_prior(bare[0], gain)] * len(bare), gain),
        FULL: (parts, [start] * len(parts), full.spread),
        OTHERS: (parts, [_prior(parts[0], each) for each in without], full.spread),
        MEANS: (parts, means, full.spread),
        COVARIANCES: (parts, crossed.priors, full.spread),
    }
    least = LEAST / sum(int((part.rows.choice >= 0).sum()) for part in parts)
    return {
        "steps": {name: _score_step(*each) for name, each in steps.items()},
        "is_learned": bool(any(full.spread) and crossed.score > full.score + least),
    }


class _Part(NamedTuple):
    """Validation subjects of an inner part.

    Parameters
    ----------
    rows : Rows
    subject : array of str, shape (row,)
    """

    rows: object
    subject: np.ndarray


def _lay_out(trials, said):
    order, rows = lay_out(trials, *said[:3])
    return _Part(rows, trials["subject"].values[said.rows[order]].astype(str))


def _prior(part, spread):
    return make_prior(spread, part.rows.log_odds.shape[1], part.rows.features.shape[1])


def _score_step(parts, priors, spread):
    scores = []
    for (rows, subject), prior in zip(parts, priors, strict=True):
        said = predict_adaptively(rows, prior)
        made = np.flatnonzero((rows.choice >= 0) & ~np.isnan(said).any(axis=1))
        scores.append(pd.Series(said[made, rows.choice[made]], subject[made]))
    return {
        "score": float(np.mean([each.mean() for each in scores])),
        "spread": list(spread),
        "subjects": pd.concat(scores).groupby(level=0).mean().to_dict(),
    }


def _study(data):
    run = default_run(data)
    validation = run.validation
    return prepare_study(
        load_trials(data, run), Setting(**run.setting.model_dump()), make_splitter(run),
        n_pwl=validation.n_pwl, n_restarts=validation.n_restarts, n_inner=validation.n_inner,
        random_state=validation.random_state, alternatives=run.alternatives, threads=1,
    )  # fmt: skip


def _regression(study, fold):
    found = []
    for part in study.plan.inner[fold]:
        train, validate = (
            scored_of(study, study.plan, each) for each in (part.train, part.validate)
        )
        model = history_regression(study).fit(study.trials, train)
        said = level(model(study.trials, validate), study.trials, train, validate)
        found.append(Said(validate, said, model.features(study.trials, validate)))
    return found, None


def _network(study, fold):
    return _search(study, study.plan, fold)


def _with_vectors(study, fold):
    """Networks that were trained with a read-out of one dimension for every training subject."""
    family = subject_architecture(1, ("readout", "offset"))
    return _search(study, replace(study.plan, architecture=family), fold)


def _search(study, plan, fold):
    """What networks say that are trained on the inner parts; of the group, if subjects have own."""
    progress = Progress(0, show=False)
    found = search(plan, plan.observations(fold), fold, engine=study.engine, progress=progress)
    chosen = choose(plan, fold, found, found.diverged)
    at = chosen.best, chosen.restart[chosen.best]
    shared = [torch.as_tensor(each[at]) for each in found.inner[: len(Weights._fields)]]
    n_pwl = plan.grid[chosen.best]
    return says_inside(study, study.plan, fold, Weights(*shared), n_pwl), int(n_pwl)


def _on_regression(study, fold):
    train = study.folds[fold].train
    model = OnRegression(study).fit(study.trials, train[scored_trials(study.trials)[train]])
    return model.inside, int(model.n_pwl)


MODELS = {
    "history-logistic": _regression,
    "AL-RNN": _network,
    "AL-RNN on regression": _on_regression,
    "AL-RNN, trained with own read-outs": _with_vectors,
}
