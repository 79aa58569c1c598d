"""Groups of effect vectors: by k-means, and again by Ward's method."""

from collections.abc import Iterable

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage

N_STARTS = 5
# trials that the centres are fitted to, and that Ward's method groups
MOST_FITTED, MOST_AGAIN = 4000, 1000


def cluster(vectors: np.ndarray, n_groups: int, random_state: int = 0) -> np.ndarray:
    """Group the trials of every fold by k-means.

    Parameters
    ----------
    vectors : array, shape (fold, trial, column)
        Effects in log-odds, which count alike.
    n_groups : int
        Number of groups k.
    random_state : int
        Seed of the starts.

    Returns
    -------
    int array, shape (fold, trial)
        Groups of each fold, 0 to k - 1, in any order.
    """
    from sklearn.cluster import KMeans  # it takes 20 MB, also where nothing is grouped

    labels = []
    for each in vectors:
        few = each[_some(len(each), MOST_FITTED)]
        n_distinct = min(n_groups, len(np.unique(few.round(9), axis=0)))
        means = KMeans(n_distinct, n_init=N_STARTS, random_state=random_state)
        labels.append(means.fit(few).predict(each))
    return np.stack(labels).astype(int)


def cluster_again(
    vectors: np.ndarray, numbers: Iterable[int]
) -> tuple[np.ndarray, dict[int, np.ndarray]]:
    """Group trials by Ward's method, which finds the same groups if there are gaps between them.

    Parameters
    ----------
    vectors : array, shape (trial, column)
        Effects.
    numbers : iterable of int
        Numbers of groups.

    Returns
    -------
    rows : int array, shape (some trial,)
        Up to 1,000 trials, evenly spaced.
    groups : dict of int -> int array, shape (some trial,)
        Their groups, by the number of groups.
    """
    rows = _some(len(vectors), MOST_AGAIN)
    tree = linkage(vectors[rows], "ward")
    return rows, {k: fcluster(tree, k, "maxclust") for k in numbers}


def _some(n_rows, most):
    """Up to so many rows, evenly spaced."""
    return np.unique(np.linspace(0, n_rows - 1, most).astype(int))
