"""Inner parts: which groups of a training part are held out together for validation."""

import numpy as np

# a larger share of a training part is held out inside it only where there is no other way
HALF = 0.5
# if more were held out, the rest would be too little to fit on
MOST_HELD_OUT = 0.8


def movable_groups(share: np.ndarray) -> np.ndarray:
    """Find the groups that may be held out inside a training part.

    Parameters
    ----------
    share : ndarray of float, shape (group,)
        Share of the training trials that each group has.

    Returns
    -------
    movable : ndarray of int
        Positions of these groups.
    """
    movable = np.flatnonzero(share <= HALF)
    return movable if len(movable) > 1 else np.flatnonzero(share <= MOST_HELD_OUT)


def balance(size: np.ndarray, n_splits: int) -> np.ndarray:
    """Give groups to parts, largest first, each to the part that holds fewest trials so far.

    Parameters
    ----------
    size : ndarray of int, shape (group,)
        Number of trials of each group.
    n_splits : int
        Number of parts, at most the number of groups.

    Returns
    -------
    part : ndarray of int, shape (group,)
        Part of each group.
    """
    n_splits = min(n_splits, len(size))
    load, part = np.zeros(n_splits), np.zeros(len(size), dtype=int)
    for index in np.argsort(-size, kind="stable"):
        part[index] = np.argmin(load)
        load[part[index]] += size[index]
    return part
