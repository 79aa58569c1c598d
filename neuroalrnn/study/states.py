"""Hidden states of the models beside the AL-RNN, matched over folds."""

import numpy as np
import xarray as xr
from scipy.optimize import linear_sum_assignment

from neuroalrnn.study.answers import OF_FOLD

STATES = f"{OF_FOLD}states."


def states_of(study):
    """Ask fitted models beside the AL-RNN for the hidden states of the trials that they predict.

    Parameters
    ----------
    study : Study

    Returns
    -------
    callable
        See `neuroalrnn.study.answers.with_answers`. Models without a method ``states`` have none.
    """

    def ask(name, baseline, model, train, test, predicted):
        states = getattr(model, "states", None)
        found = states(study.trials, test) if states else {}
        return {STATES + kind: values for kind, values in found.items()}

    return ask


def tabulate_states(study, answers):
    """Label the hidden states of all models and folds.

    Parameters
    ----------
    study : Study
    answers : dict of str -> dict of str -> list of array
        By kind and model, one array per fold; a model that lacks one is left out.

    Returns
    -------
    xarray.Dataset, or None
        Dims (model, fold, state): ``n_states``, ``start``, ``transition`` and ``weight``; dims
        (model, trial, state): the probability of every state of held-out trials ``before_choice``,
        given earlier choices of the session, and ``smoothed``, given all of them. NaN where a fold
        has fewer states than another. None without such models.
    """
    kinds = {k.removeprefix(STATES): v for k, v in answers.items() if k.startswith(STATES)}
    starts = kinds.get("start", {})
    names = [name for name, each in starts.items() if all(own is not None for own in each)]
    if not names:
        return None
    tables = []
    for name in names:
        own = [dict(zip(kinds, each, strict=True)) for each in zip(*_of(kinds, name), strict=True)]
        tables.append(_tabulate(study, own))
    return xr.concat(tables, dim=xr.Variable("model", names), join="outer")


def _of(kinds, name):
    return [by_model[name] for by_model in kinds.values()]


def _tabulate(study, folds):
    """One model: its states are numbered by use, and alike in all folds."""
    orders = match_states([each["weights"] for each in folds])
    n_states = max(len(order) for order in orders)
    shape = len(folds), n_states
    n_outputs, terms = folds[0]["weights"].shape[1], folds[0]["term"]
    found = {
        "start": np.full(shape, np.nan),
        "transition": np.full((*shape, n_states), np.nan),
        "weight": np.full((*shape, n_outputs, len(terms)), np.nan),
    }
    of_trials = np.full((2, study.trials.sizes["trial"], n_states), np.nan, np.float32)
    for k, (part, each, order) in enumerate(zip(study.folds, folds, orders, strict=True)):
        found["start"][k, order] = each["start"]
        found["transition"][k][np.ix_(order, order)] = each["transition"]
        found["weight"][k, order] = each["weights"]
        of_trials[:, part.test[:, None], order] = each["before_choice"], each["smoothed"]
    use = np.argsort(-np.nan_to_num(of_trials[1]).sum(axis=0), kind="stable")
    labels = [str(label) for label in study.trials["choice"].attrs["labels"]]
    dims = {"transition": ("state_next",), "weight": ("output", "term")}
    table = xr.Dataset(
        {name: (("fold", "state", *dims.get(name, ())), each) for name, each in found.items()}
        | {
            "n_states": ("fold", [len(order) for order in orders]),
            "before_choice": (("trial", "state"), of_trials[0]),
            "smoothed": (("trial", "state"), of_trials[1]),
        },
        coords={
            "fold": [part.name for part in study.folds],
            "output": labels[-n_outputs:],
            "term": list(terms),
        },
    )
    table = table.isel(state=use, state_next=use)
    return table.assign_coords(state=np.arange(n_states), state_next=np.arange(n_states))


def match_states(weights):
    """Give the states of several fits the labels of the states that are nearest by their weights.

    Parameters
    ----------
    weights : list of array, shape (state, output, term)
        One per fit. The first of those with most states gives the labels.

    Returns
    -------
    list of int array, shape (state,)
        Label of every state; no two of a fit are equal, and the squared distance of weights over
        all states of a fit is the smallest one.
    """
    reference = max(weights, key=len)
    return [_match(each, reference) for each in weights]


def _match(own, reference):
    gap = np.square(own[:, None] - reference[None]).sum(axis=(2, 3))
    return linear_sum_assignment(gap)[1]
