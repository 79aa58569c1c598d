"""What all models say with read-outs that learn their subjects, collected over folds."""

import json

import numpy as np
import torch
import xarray as xr

from neuroalrnn.adaptive.prior import Prior
from neuroalrnn.data.schema import scored_trials
from neuroalrnn.model import select
from neuroalrnn.results.summary import ENSEMBLE, NETWORK
from neuroalrnn.study.adaptive import CHOSEN, adapt, inside_of, label_prior, network_says, terms_of
from neuroalrnn.study.ensemble import INSIDE, average_adapted, members_of
from neuroalrnn.study.predict import empty_predictions


def adapt_all(study, searched, whole, chosen, answers, *, ensemble=False):
    """Collect what all models say with read-outs that learn their subjects.

    Parameters
    ----------
    study : Study
    searched, whole : list
        Per fold.
    chosen : list of Chosen
    answers : dict of str -> dict of str -> array, shape (trial, ...)
        Of the models beside the AL-RNN, see `neuroalrnn.study.adaptive.adaptation_of`.
    ensemble : bool
        Also average over the restarts of the AL-RNN.

    Returns
    -------
    adaptive : dict of str -> array, shape (trial, option)
        Log-probabilities by the name of the model.
    inside : dict of str -> list of array, shape (2, trial)
        By network and fold, log-likelihoods of the choices of validation subjects; see
        `neuroalrnn.study.adaptive.Adapted`.
    table : xarray.Dataset
        What was chosen: dims (model, fold).
    """
    names = [NETWORK, NETWORK + ENSEMBLE] if ensemble else [NETWORK]
    adaptive = {name: empty_predictions(study.trials) for name in names}
    shape = study.trials.sizes["trial"], len(CHOSEN)
    values = {name: np.full(shape, np.nan) for name in names}
    inside, priors = {name: [] for name in names}, []
    for fold, each in enumerate(chosen):
        members = members_of(searched[fold], whole[fold], each)
        adapted = [
            _adapt_network(study, fold, searched[fold], whole[fold], each.best, restart)
            for restart in (members if ensemble else members[:1])
        ]
        rows, single = adapted[0]
        both = single, average_adapted([one for _, one in adapted])
        priors.append(single.prior)
        for name, found in zip(names, both, strict=False):
            adaptive[name][rows] = found.log_probability
            values[name][study.folds[fold].test] = found.chosen
            inside[name].append(found.inside)
    table = values | answers.get("chosen", {})
    return (
        adaptive | answers.get("adaptive", {}),
        inside | answers.get(INSIDE, {}),
        _tabulate(study, table, priors),
    )


def _tabulate(study, table, priors):
    """What was chosen, for all models, and the prior of the read-out of the AL-RNN."""
    first = [part.test[0] for part in study.folds]
    stacked = np.stack([values[first] for values in table.values()])
    columns = zip(CHOSEN, np.moveaxis(stacked, -1, 0), strict=True)
    found = xr.Dataset(
        {name: (("model", "fold"), values) for name, values in columns},
        coords={"model": list(table), "fold": [part.name for part in study.folds]},
    )
    for name in ("plain", "score"):
        found[name].attrs["units"] = "nats/trial"
    stacked = Prior(*map(np.array, zip(*priors, strict=True)))
    return found.assign(label_prior(stacked, ("fold",))).assign_attrs(
        terms=json.dumps(terms_of(study))
    )


def _adapt_network(study, fold, searched, whole, position, restart):
    """Trials of the test part with a choice, and what a network says of them."""
    plan, n_pwl = study.plan, study.plan.grid[position]
    inside = inside_of(study, fold, searched, position, restart)
    weights = select(whole.weights, torch.tensor([position * plan.n_restarts + restart]))
    part = study.folds[fold]
    train = part.train[scored_trials(study.trials)[part.train]]
    held_out = network_says(study, plan, weights, n_pwl, train, part.test)
    return held_out.rows, adapt(study.trials, inside, held_out)


def with_averaged(table, taken):
    """Write into the table of what was chosen which networks are averaged in every fold.

    Parameters
    ----------
    table : xarray.Dataset
    taken : list of list of str
        Per fold, see `neuroalrnn.study.ensemble.choose_inside`.

    Returns
    -------
    xarray.Dataset
        With ``averaged``, bool, dims (model, fold).
    """
    is_taken = [[name in names for names in taken] for name in table["model"].values]
    return table.assign(averaged=(("model", "fold"), is_taken))
