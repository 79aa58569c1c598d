"""Averages over networks: the mean of the probabilities that several of them give.

Restarts of one training find different networks, whose errors differ. Which averages predict, if
several compete, validation subjects decide inside each fold.
"""

import numpy as np

from neuroalrnn.adaptive.choose import LEAST
from neuroalrnn.results.summary import ADAPTIVE, CHOSEN, ENSEMBLE
from neuroalrnn.study.adaptive import CHOSEN as VALUES
from neuroalrnn.study.answers import OF_FOLD
from neuroalrnn.study.predict import average
from neuroalrnn.study.search import find_usable

# an answer on average is named by that of a single network and this; validation subjects by that
AVERAGE, INSIDE = " on average", f"{OF_FOLD}inside"


def members_of(searched, whole, chosen):
    """Restarts of the best ``n_pwl`` of a fold that can be used, the one that was chosen first.

    Parameters
    ----------
    searched : Searched
    whole : Whole
    chosen : Chosen

    Returns
    -------
    list of int
    """
    first = int(chosen.restart[chosen.best])
    usable = np.flatnonzero(find_usable(searched, whole.diverged)[chosen.best])
    return [first, *(each for each in usable.tolist() if each != first)]


def average_adapted(members):
    """Average what networks say whose read-outs learn their subject, each by itself.

    Parameters
    ----------
    members : list of Adapted
        Of the same trials.

    Returns
    -------
    Adapted
        Spread and drift are means over the networks, the prior is that of the first.
    """
    if len(members) == 1:
        return members[0]
    inside = average([each.inside for each in members])
    chosen = dict(zip(VALUES, np.mean([each.chosen for each in members], axis=0), strict=True))
    chosen |= dict(zip(("plain", "score"), np.nanmean(inside, axis=1), strict=True))
    said = average([each.log_probability for each in members])
    return members[0]._replace(
        log_probability=said, chosen=np.array(list(chosen.values())), inside=inside
    )


def split_averages(predicted, answers):
    """Make what models beside the AL-RNN say on average models of their own.

    Parameters
    ----------
    predicted : dict of str -> array, shape (trial, option)
        By model.
    answers : dict of str -> dict of str -> array
        By kind and model; see `neuroalrnn.study.beside.predict_baselines`.

    Returns
    -------
    predicted, answers
        The same kinds, with the averages under names that end with `ENSEMBLE`.
    """
    found = {"predicted": dict(predicted)}
    for kind, by_model in answers.items():
        end = ENSEMBLE if kind.endswith(AVERAGE) else ""
        named = {name + end: values for name, values in by_model.items()}
        found.setdefault(kind.removesuffix(AVERAGE), {}).update(named)
    return found.pop("predicted"), found


def prefer(inside):
    """Choose networks whose average predicts validation subjects best.

    Parameters
    ----------
    inside : dict of str -> array, shape (trial,)
        Log-likelihoods of the choices of validation subjects by model, NaN elsewhere.

    Returns
    -------
    list of str
        The best one, and one after the other that adds most, as long as it adds a nat in all.
    """
    taken, best = [], -np.inf
    while others := [name for name in inside if name not in taken]:
        total = {
            name: np.nansum(average([inside[each] for each in (*taken, name)])) for name in others
        }
        name = max(total, key=total.get)
        if taken and total[name] < best + LEAST:
            break
        taken, best = [*taken, name], total[name]
    return taken


def choose_inside(study, options, inside):
    """Average, in every fold, over the networks that validation subjects prefer.

    Parameters
    ----------
    study : Study
    options : dict of str -> array, shape (trial, option)
        Log-probabilities by model.
    inside : dict of str -> list of array, shape (2, trial)
        By model and fold, log-likelihoods of the choices of validation subjects without and with a
        read-out that learns.

    Returns
    -------
    options : dict of str -> array, shape (trial, option)
        Log-probabilities of the averages: without and with a read-out that learns.
    taken : list of list of str
        Models that the latter is an average of, in every fold.
    """
    found = {}
    for k, end in enumerate(("", ADAPTIVE)):
        values, taken = np.full_like(next(iter(options.values())), np.nan), []
        for fold, part in enumerate(study.folds):
            taken.append(prefer({name: by_fold[fold][k] for name, by_fold in inside.items()}))
            values[part.test] = average([options[name + end][part.test] for name in taken[-1]])
        found[CHOSEN + end] = values
    return found, taken
