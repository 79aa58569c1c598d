"""Whether the networks of all folds agree about effects, and about groups of them."""

from itertools import combinations

import numpy as np
import pandas as pd

from neuroalrnn.effects._cluster import cluster_again
from neuroalrnn.effects.names import COUNTS
from neuroalrnn.regimes.labels import adjusted_rand

# agreement of pairs of folds at which a number of regimes holds, median and lowest
MEDIAN, LOWEST = 0.9, 0.8
# how far the median of a larger number may lie below that of the best one that holds
TIE = 0.02
# agreement of k-means with Ward's method, median over folds: there are gaps between regimes
METHODS = 0.9
# share of trials that the smallest regime has in every fold
SMALLEST = 0.01
# variation that networks share, over the size of the effects (both squared): there is one regime
SMALL = 0.03
# correlation of effects between folds, at which they are the same though they form no groups
ALIKE = 0.9
# size of mean over root mean square, below which an input has no direction of its own
DIRECTED = 0.25
# standard deviation over trials that is rounding, relative to the largest effect
FLAT = 1e-9
_TRIED = ["n_regimes", "n_pairs", "adjusted_rand", "adjusted_rand_low"]
_TRIED += ["adjusted_rand_methods", "smallest_share"]
DISCRETE, ONE, GRADED, NEITHER = "discrete", "one", "graded", "not reproducible"


def directed_columns(vectors, columns):
    """Inputs that push towards an option by themselves, in the mean over trials.

    Where none that counts does, inputs act only together: then one of those that count stays, the
    choice or else the first.
    """
    mean = np.abs(vectors.mean(axis=1)).mean(axis=0)
    size = np.sqrt((vectors**2).mean(axis=(0, 1)))
    directed, counts = mean > DIRECTED * size, size >= COUNTS * size.max()
    if not (directed & counts).any():
        names = [name.split("=")[0] for name, _, _ in columns]
        able = [name for name, each in zip(names, counts, strict=True) if each]
        stays = "choice" if "choice" in able else able[0]
        directed |= np.array([name == stays for name in names])
    return directed


def correlate_folds(vectors, columns, kept):
    """Table of how far pairs of folds agree about each effect."""
    rows = []
    for k, (column, is_clustered) in enumerate(zip(columns, kept, strict=True)):
        values = vectors[..., k]
        pairs = [_correlation(values[i], values[j]) for i, j in combinations(range(len(values)), 2)]
        middle, low = (np.nan, np.nan) if np.isnan(pairs).all() else (np.median(pairs), min(pairs))
        spread = values.std(axis=1).mean()
        rows.append((*column, values.mean(), spread, middle, low, bool(is_clustered)))
    names = ["input", "lag", "option", "effect", "effect_sd"]
    names += ["correlation", "correlation_low", "is_clustered"]
    return pd.DataFrame(rows, columns=names)


def _correlation(one, other):
    """NaN where one of them is constant, but for rounding."""
    if is_flat(one) or is_flat(other):
        return np.nan
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])


def is_flat(values):
    """Whether effects are the same on all trials (the first axis), but for rounding."""
    return bool((values.std(axis=0) <= FLAT * (1 + np.abs(values).max(axis=0))).all())


def tabulate_agreement(
    tried: dict[int, np.ndarray],
    vectors: np.ndarray,
) -> pd.DataFrame:
    """Compare groups between folds, and between two methods.

    Parameters
    ----------
    tried : dict of int -> int array, shape (fold, trial)
        Groups by their number.
    vectors : array, shape (fold, trial, column)
        Effects.

    Returns
    -------
    pandas.DataFrame
        See `FunctionalRegimes`; without what other restarts find.
    """
    is_constant = any(is_flat(each) for each in vectors)
    again = [] if is_constant else [cluster_again(each, tried) for each in vectors]
    table = []
    for k, labels in tried.items():
        if is_constant:
            table.append((k, 0, *[np.nan] * 4))
            continue
        pairs = [adjusted_rand(one, other) for one, other in combinations(labels, 2)]
        methods = [
            adjusted_rand(groups[k], label[rows])
            for (rows, groups), label in zip(again, labels, strict=True)
        ]
        share = min(np.bincount(label, minlength=k).min() for label in labels) / labels.shape[1]
        table.append((k, len(pairs), np.median(pairs), min(pairs), np.median(methods), share))
    return pd.DataFrame(table, columns=_TRIED)


def judge(agreement, vectors):
    """Find the number of regimes, and what can be said of them.

    Networks that do not agree on a direction have no common computation at all; those that do, and
    whose effects hardly vary over trials in a common way, have one. A larger number that holds
    less well than a smaller one cuts out a group between two regimes. A fold in which nothing
    varies agrees with no other.
    """
    holds = (agreement["adjusted_rand"] >= MEDIAN) & (agreement["adjusted_rand_low"] >= LOWEST)
    holds &= agreement["adjusted_rand_methods"] >= METHODS
    holds &= agreement["smallest_share"] >= SMALLEST
    shared, size = shared_variation(vectors)
    if shared <= SMALL * size:
        return 1, ONE if _same_mean(vectors) else NEITHER
    if holds.any():
        best = agreement["adjusted_rand"][holds].max()
        holds &= agreement["adjusted_rand"] >= best - TIE
        return int(agreement["n_regimes"][holds].max()), DISCRETE
    if any(is_flat(each) for each in vectors):
        return 1, NEITHER
    return 1, GRADED if shared_correlation(vectors) >= ALIKE else NEITHER


def shared_variation(vectors: np.ndarray) -> tuple[float, float]:
    """Compare how much effects vary over trials, alike in all folds, with their size.

    Parameters
    ----------
    vectors : array, shape (fold, trial, column)
        Effects.

    Returns
    -------
    shared : float
        Mean covariance of pairs of folds, summed over columns.
    size : float
        Mean product of pairs of folds, summed over columns.
    """
    n_folds = len(vectors)
    apart = vectors - vectors.mean(axis=1, keepdims=True)

    def of_pairs(values):
        total, own = values.sum(axis=0), (values**2).sum(axis=0)
        return float(((total**2 - own) / (n_folds * (n_folds - 1))).mean(axis=0).sum())

    return of_pairs(apart), of_pairs(vectors)


def shared_correlation(vectors: np.ndarray) -> float:
    """Correlate the effects of two folds over trials and columns, median over pairs of folds.

    Parameters
    ----------
    vectors : array, shape (fold, trial, column)
        Effects.

    Returns
    -------
    float
        With the mean of every column taken out, and columns weighted by their variance.
    """
    if all(is_flat(each) for each in vectors):
        return np.nan
    apart = (vectors - vectors.mean(axis=1, keepdims=True)).reshape(len(vectors), -1)
    pairs = [_correlation(apart[i], apart[j]) for i, j in combinations(range(len(apart)), 2)]
    # a network whose effects are constant shares nothing with one whose effects vary
    return float(np.median(np.nan_to_num(pairs)))


def _same_mean(vectors):
    """Whether the mean effects of the folds point the same way."""
    means = vectors.mean(axis=1)
    norm = np.linalg.norm(means, axis=1)
    pairs = combinations(range(len(norm)), 2)
    alike = [means[i] @ means[j] >= ALIKE * norm[i] * norm[j] for i, j in pairs]
    return bool(np.median(alike) >= 0.5)
