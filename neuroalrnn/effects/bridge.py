"""From functional to linear regimes: which sign patterns realise a computation, and how many do."""

import numpy as np
import pandas as pd

from neuroalrnn.arguments import checked
from neuroalrnn.data.schema import session_number
from neuroalrnn.effects.functional import FunctionalRegimes, _not_regimes
from neuroalrnn.effects.names import COUNTS
from neuroalrnn.exceptions import DataError
from neuroalrnn.network.branches import Steps
from neuroalrnn.network.codes import ABSENT, compute_regimes
from neuroalrnn.results import Fit
from neuroalrnn.results.checks import not_fit

# share of the trials of a regime that the paths counted as usual ones cover
USUAL = 0.9
# share of the trials of a regime below which its paths are added up
RARE = 0.01
OTHERS = "others"


@checked(DataError, fit=not_fit, found=_not_regimes)
def bridge(fit: Fit, found: FunctionalRegimes) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Compare functional regimes with the paths of linear regimes behind them.

    The path of a trial is the sign pattern of the state before each of its steps up to the choice,
    and before those of the trial before if effects of its inputs count in a regime: it decides what
    these inputs do, as far as no boundary is crossed when one changes. Steps in one linear regime
    after the other are told once.

    Parameters
    ----------
    fit : Fit
        A cross-validated fit, whose chosen networks gave the regimes.
    found : FunctionalRegimes
        Its regimes.

    Returns
    -------
    paths : pandas.DataFrame
        One row per fold, functional regime and path: ``fold, regime, path`` (codes of sign
        patterns, see `neuroalrnn.network.compute_regimes`, in their order), ``n_trials, share`` (of
        the trials of the regime in this fold). Paths below 1 % are added up as ``"others"``.
    degeneracy : pandas.DataFrame
        One row per fold and functional regime: ``fold, regime, n_pwl, n_paths, n_usual_paths``
        (the fewest that cover 90 % of its trials), ``path_entropy`` (bits, of the path given the
        regime: 0 if one path realises it); and for the fold ``regime_entropy`` (bits, of the regime
        given the path: 0 if the path decides the regime).
    """
    steps = Steps.of(fit.sequences, session_number(fit.trials))
    n_before = _trials_before(found)
    paths, degeneracy = [], []
    for fold, labels in zip(fit.folds, found.by_fold, strict=True):
        known = labels != ABSENT
        path = _paths(fit, fold, steps, n_before)[known]
        table = pd.crosstab(path, labels[known])
        left = _entropy_of_columns(table.T.to_numpy())
        left = float((left * table.sum(axis=1)).sum() / table.to_numpy().sum())
        entropy = _entropy_of_columns(table.to_numpy())
        for k, regime in enumerate(table.columns):
            counts = table[regime][table[regime] > 0].sort_values(ascending=False, kind="stable")
            shares = counts / counts.sum()
            usual = int(np.searchsorted(shares.cumsum().to_numpy(), USUAL - 1e-12) + 1)
            row = (fold.name, regime, fold.network.n_pwl, len(counts), usual, entropy[k], left)
            degeneracy.append(row)
            often = shares >= RARE
            paths += [
                (fold.name, regime, name, int(counts[name]), shares[name])
                for name in counts.index[often]
            ]
            if not often.all():
                rare = int(counts[~often].sum())
                paths.append((fold.name, regime, OTHERS, rare, rare / counts.sum()))
    names = ["fold", "regime", "n_pwl", "n_paths", "n_usual_paths", "path_entropy"]
    return (
        pd.DataFrame(paths, columns=["fold", "regime", "path", "n_trials", "share"]),
        pd.DataFrame(degeneracy, columns=[*names, "regime_entropy"]),
    )


def _trials_before(found):
    """1 if an input of the trial before counts in some regime, else 0."""
    size = found.regimes.assign(size=found.regimes["effect"].abs()).groupby("lag")["size"].max()
    return int(size.index[size >= COUNTS * size.max()].max())


def _paths(fit, fold, steps, n_before):
    """Codes before the steps of each trial up to its choice, as text, shape (trial,)."""
    network, trials = fold.network, np.arange(steps.n_trials)
    initial = compute_regimes(network.initial[None, :], network.n_pwl)[0]
    before = np.r_[initial, fold.codes[fit.sequences.trial >= 0][:-1]]
    before[steps.start[:-1][steps.is_new]] = initial
    earlier = np.maximum(trials - n_before, 0)
    inside = steps.session[earlier] == steps.session
    first = steps.start[np.where(inside, earlier, trials)]
    last = steps.start[:-1] + np.maximum(steps.readout, 0)
    paths, code = np.full(len(trials), "", dtype=object), np.full(len(trials), ABSENT)
    for k in range(int((last - first).max()) + 1):
        here = first + k <= last
        new = here & (before[np.minimum(first + k, last)] != code)
        code = np.where(new, before[np.minimum(first + k, last)], code)
        paths[new] += np.where(paths[new] == "", "", ">") + code[new].astype(str).astype(object)
    return paths.astype(str)


def _entropy_of_columns(table):
    """Entropy of every column of counts, in bits."""
    p = table / np.maximum(table.sum(axis=0), 1)
    return -(p * np.log2(np.where(p > 0, p, 1))).sum(axis=0)
