"""Greedy order: how much is lost as 1, 2, ..., P units are replaced together.

Costs of single units do not add: two units may stand in for each other. Definitions of this
package.
"""

from collections.abc import Sequence

import pandas as pd

from neuroalrnn.mechanism.ablation.ablate import ablate, train_costs, unit_sets
from neuroalrnn.mechanism.ablation.replace import REPLACEMENTS, replace_units
from neuroalrnn.mechanism.ablation.summarise import subject_costs
from neuroalrnn.results import Fit
from neuroalrnn.stats.checks import require_columns

MOST_AT_ONCE = 6


def replace_greedily(
    fit: Fit, *, replacements: Sequence[str] = REPLACEMENTS, by: Sequence[str] = ()
) -> pd.DataFrame:
    """Replace units one after the other, the least needed first, and score every stage.

    Each time the unit is added whose replacement, on top of those before, costs least on the
    training subjects of the fold. The stages are then scored on the test subjects.

    Parameters
    ----------
    fit : Fit
        Fit whose networks are taken apart.
    replacements : sequence of str
        See `replace_units`.
    by : list of str
        Trial variables whose values divide the trials.

    Returns
    -------
    pandas.DataFrame
        As from `ablate`, with ``replacement, n_pwl, n_replaced`` (1 to P), ``unit`` (the one added
        at this stage) and ``train_cost`` (of the stage, nats per trial, mean over training
        subjects).

    Raises
    ------
    NotTestableError, DataError
        As `ablate`.
    """

    def make(fold, sequences):
        return [
            (labels, replace_units(fold, sequences, units, labels["replacement"]))
            for labels, units in _order(fold, replacements)
        ]

    return ablate(fit, make, by=by)


def count_necessary(stages: pd.DataFrame, *, margin: float = 0.01) -> pd.DataFrame:
    """Count the units that cannot be replaced together with the others without cost.

    Parameters
    ----------
    stages : pandas.DataFrame
        From `replace_greedily`.
    margin : float
        Cost on the training subjects that counts as none, in nats per trial.

    Returns
    -------
    pandas.DataFrame
        One row per fold and replacement: ``fold, replacement, n_pwl, n_necessary``;
        ``cost``, nats per trial, mean over test subjects, of replacing all the others.
    """
    require_columns("stages", stages, ("fold", "replacement", "n_pwl", "n_replaced", "train_cost"))
    rows = []
    for (fold, replacement), part in stages.groupby(["fold", "replacement"], sort=False):
        free = part.loc[part["train_cost"] <= margin, "n_replaced"]
        n_free = 0 if free.empty else free.max()
        at_stage = part[part["n_replaced"] == n_free]
        rows.append(
            {
                "fold": fold,
                "replacement": replacement,
                "n_pwl": part["n_pwl"].iloc[0],
                "n_necessary": part["n_pwl"].iloc[0] - n_free,
                "cost": subject_costs(at_stage)["cost"].mean() if n_free else 0.0,
            }
        )
    return pd.DataFrame(rows)


def _order(fold, replacements):
    """Names and units of every stage, found on the training subjects."""
    units = {name: [] for name in replacements}
    stages, n_pwl = [], fold.network.n_pwl
    if n_pwl == 0:
        return stages
    # one run over all sets of few units is faster than a run per stage
    train_costs(fold, unit_sets(n_pwl, replacements, sizes_at_once(n_pwl)))
    for n_replaced in range(1, n_pwl + 1):
        cost = train_costs(fold, _next_sets(units, n_pwl))
        for name in replacements:
            added = min(
                (one for one in range(n_pwl) if one not in units[name]),
                key=lambda one, name=name: cost[name, frozenset([*units[name], one])],
            )
            units[name] = [*units[name], added]
            labels = {"replacement": name, "n_pwl": n_pwl, "n_replaced": n_replaced}
            labels |= {"unit": added, "train_cost": cost[name, frozenset(units[name])]}
            stages.append((labels, units[name]))
    return stages


def sizes_at_once(n_pwl: int) -> range:
    """List the sizes of all sets of units, where these are few enough to be run together.

    Parameters
    ----------
    n_pwl : int
        Number of PWL units.

    Returns
    -------
    range
        Sizes from 1 to `n_pwl`; none with more than 6 units.
    """
    return range(1, n_pwl + 1) if n_pwl <= MOST_AT_ONCE else range(0)


def _next_sets(units, n_pwl):
    return [
        (name, frozenset([*done, one]))
        for name, done in units.items()
        for one in range(n_pwl)
        if one not in done
    ]
