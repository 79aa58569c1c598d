"""Ablation: what a fold's network loses on its test subjects when it is intervened upon.

The cost of an intervention is the held-out log-likelihood per trial that it takes away; nothing is
trained again. Definitions of this package.
"""

from itertools import combinations

import numpy as np
import pandas as pd

from neuroalrnn.exceptions import DataError, NotTestableError
from neuroalrnn.mechanism.ablation.replace import REPLACEMENTS, replace_units
from neuroalrnn.mechanism.ablation.summarise import ALL
from neuroalrnn.network.interventions import Intervention
from neuroalrnn.network.scores import score_trials

# an ablated network may be wrong without bound: log-likelihoods count down to this
FLOOR = float(np.log(1e-12))
# of tables of costs; what divides the trials is called otherwise
COLUMNS = ("fold", "unit", "rank", "replacement", "epoch", "retrained", "n_trials", "cost")
COLUMNS += ("accuracy_cost", "n_floored", "n_pwl", "n_replaced", "train_cost")


def ablate(fit, make, *, by=()):
    """Cost of interventions for each test subject.

    Parameters
    ----------
    fit : Fit
    make : callable
        ``make(fold, sequences)`` returns a list of (dict, Intervention): what to call each
        intervention, as columns of the table, and what it does. See `unit_replacements`.
    by : list of str
        Trial variables whose values divide the trials, such as conditions.

    Returns
    -------
    pandas.DataFrame
        From `cost_table`, folds one after the other. Folds for which `make` returns nothing, and
        those without a scored choice that was held out, have no rows.

    Raises
    ------
    NotTestableError
        If the fit explains more than choices, or there is no intervention in any fold.
    DataError
        If there is no such variable of trials.
    """
    by = check_by(fit, by)
    folds = [each for each in fit.folds if each.test.scored.any()]
    made = [(fold, make(fold, fold.test)) for fold in folds]
    tables = [cost_table(fold, fold.test, each, by) for fold, each in made if each]
    if not tables:
        raise NotTestableError("no fold has anything to intervene on, such as a PWL unit")
    return pd.concat(tables, ignore_index=True)


def check_by(fit, by):
    """Names of trial variables that divide the trials, besides the subject.

    Raises
    ------
    DataError
        If there is no such variable of trials, or it has the name of a column of the table.
    """
    if isinstance(by, str):
        raise DataError(f"by: found the text {by!r}, expected a list of names")
    by = [name for name in by if name != "subject"]
    if taken := [name for name in by if name in COLUMNS]:
        raise DataError(f"by: the table has columns {', '.join(taken)} of its own; rename these")
    if unknown := [n for n in by if n not in fit.trials or fit.trials[n].dims != ("trial",)]:
        raise DataError(f"by: the trials have no variable {', '.join(map(repr, unknown))}")
    return by


def cost_table(fold, sequences, made, by=()):
    """Cost of interventions for each subject of some sequences, under the network of one fold.

    Parameters
    ----------
    fold : Fold
    sequences : Sequences
    made : list of (dict, Intervention)
        For these sequences; at least one.
    by : list of str

    Returns
    -------
    pandas.DataFrame
        One row per intervention, subject and combination of `by`: ``fold``, the names of the
        intervention, `by`, ``subject, n_trials``; ``cost``, nats per trial that the intervention
        takes away (log-likelihoods below log 1e-12 count as that); ``accuracy_cost``, share of
        trials; ``n_floored``, trials with such a log-likelihood under the intervention.
    """
    every = [Intervention("none"), *(each for _, each in made)]
    scores = score_trials(fold.network, sequences, every, available=fold.available)
    return tabulate_costs(fold, [name for name, _ in made], scores, by)


def tabulate_costs(fold, names, scores, by=()):
    """What some ways of running a network, or some networks, score less than the first of them.

    Parameters
    ----------
    fold : Fold
    names : list of dict
        What to call all but the first.
    scores : Scores
        With a leading axis, one longer than `names`.
    by : list of str

    Returns
    -------
    pandas.DataFrame
        See `cost_table`.
    """
    keys = {name: fold.fit.trials[name].values[scores.trial] for name in [*by, "subject"]}
    groups = pd.DataFrame(keys).groupby(list(keys), dropna=False)
    number = groups.ngroup().to_numpy()
    order = np.argsort(number, kind="stable")
    n_trials = np.bincount(number, minlength=groups.ngroups)
    starts = np.cumsum(n_trials) - n_trials
    floored = np.maximum(scores.log_likelihood, FLOOR)
    floored, accuracy = floored[:, order], scores.accuracy[:, order]
    mean = [np.add.reduceat(values, starts, axis=1) / n_trials for values in (floored, accuracy)]
    is_below = (scores.log_likelihood[1:] < FLOOR)[:, order]
    below = np.add.reduceat(is_below, starts, axis=1, dtype=int)
    names = pd.DataFrame(names)
    table = names.assign(fold=fold.name).merge(groups.size().reset_index()[list(keys)], how="cross")
    return table[["fold", *names, *keys]].assign(
        n_trials=np.tile(n_trials, len(names)),
        cost=(mean[0][0] - mean[0][1:]).ravel(),
        accuracy_cost=(mean[1][0] - mean[1][1:]).ravel(),
        n_floored=below.ravel(),
    )


def unit_replacements(fold, sequences, *, replacements=REPLACEMENTS, epochs=None):
    """Every PWL unit replaced in every way, at all steps and in every epoch alone.

    Parameters
    ----------
    fold : Fold
    sequences : Sequences
    replacements : sequence of str
        See `replace_units`.
    epochs : dict of str -> int or list of int, optional
        Steps in the trial; default one epoch per step. Besides them there is always "all".

    Returns
    -------
    list of (dict, Intervention)
        Called by ``unit, replacement, epoch``.
    """
    if epochs is None:
        epochs = {str(name): i for i, name in enumerate(sequences.steps)}
    return [
        (
            {"unit": unit, "replacement": replacement, "epoch": epoch},
            replace_units(fold, sequences, unit, replacement, steps),
        )
        for replacement in replacements
        for epoch, steps in {ALL: None, **epochs}.items()
        for unit in range(fold.network.n_pwl)
    ]


def ablate_units(fit, *, by=(), replacements=REPLACEMENTS, epochs=None):
    """The ablation map: which PWL unit matters, when, and for which trials.

    Parameters
    ----------
    fit : Fit
    by : list of str
        Trial variables whose values divide the trials.
    replacements, epochs
        See `unit_replacements`.

    Returns
    -------
    pandas.DataFrame
        As from `ablate`, with ``unit, rank, replacement, epoch``. Rank 1 is the unit whose
        replacement at all steps costs most on the *training* subjects of the fold, every subject
        counting the same. Units of different folds are different units; ranks can be compared
        across folds, and no test subject had a say in them.

    Raises
    ------
    NotTestableError, DataError
        As `ablate`; without PWL units there is nothing to ablate.
    """

    def make(fold, sequences):
        ranks = rank_units(fold, replacements)
        made = unit_replacements(fold, sequences, replacements=replacements, epochs=epochs)
        return [
            ({**name, "rank": ranks[name["replacement"], name["unit"]]}, each)
            for name, each in made
        ]

    return ablate(fit, make, by=by)


def unit_sets(n_pwl, replacements, sizes=(1,)):
    """All sets of PWL units of some sizes, every one with every replacement.

    Parameters
    ----------
    n_pwl : int
    replacements : sequence of str
    sizes : iterable of int

    Returns
    -------
    list of (str, frozenset)
        For `train_costs`.
    """
    sets = [frozenset(each) for size in sizes for each in combinations(range(n_pwl), size)]
    return [(name, each) for name in replacements for each in sets]


def train_costs(fold, sets):
    """Cost of replacing sets of PWL units on the training subjects of a fold.

    Parameters
    ----------
    fold : Fold
        Remembers the costs: no set is run twice.
    sets : list of (str, frozenset)
        Replacement and units.

    Returns
    -------
    dict of (str, frozenset) -> float
        Nats per trial, mean over subjects.
    """
    known = fold.recall("train costs", dict)
    new = [each for each in dict.fromkeys(sets) if each not in known]
    if new:
        made = [
            ({"set": index}, replace_units(fold, fold.train, sorted(units), name))
            for index, (name, units) in enumerate(new)
        ]
        mean = cost_table(fold, fold.train, made).groupby("set")["cost"].mean()
        known.update(zip(new, mean.tolist(), strict=True))
    return {each: known[each] for each in sets}


def rank_units(fold, replacements):
    """Rank of every PWL unit by its mean cost over training subjects; 1 costs most.

    Parameters
    ----------
    fold : Fold
    replacements : sequence of str

    Returns
    -------
    dict of (str, int) -> int
        Per replacement and unit.
    """
    units = range(fold.network.n_pwl)
    costs = train_costs(fold, unit_sets(len(units), replacements))
    ranks = {}
    for name in replacements:
        falling = sorted(units, key=lambda unit, name=name: -costs[name, frozenset([unit])])
        ranks |= {(name, unit): rank for rank, unit in enumerate(falling, start=1)}
    return ranks
