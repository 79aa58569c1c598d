"""Counterfactuals of some trials at a time, so that what they need stays in the cache."""

from copy import copy
from dataclasses import replace

import numpy as np

# rows whose effects are computed at once
AT_ONCE = 2**14


def parts_of(whole, flips, rows, n_lags):
    """Divide counterfactuals into parts that hold what some rows need.

    Trials before a row are there as far as they act on it; what comes after it is not needed.

    Parameters
    ----------
    whole : Counterfactuals
    flips : list of Flip
        What is changed.
    rows : int array, shape (row,)
        Trials whose effects are wanted.
    n_lags : int
        How many trials back an input is followed.

    Yields
    ------
    part : Counterfactuals
        Of the trials near some of the rows.
    place : int array, shape (step,)
        Where their steps are among all.
    flips : list of Flip
        The same of these trials.
    inside : int array
        Where the rows are among these trials.
    """
    for first in range(0, max(len(rows), 1), AT_ONCE):
        some = rows[first : first + AT_ONCE]
        near = np.unique(some[:, None] - np.arange(n_lags + 2))
        near = near[near >= 0]
        part = copy(whole)
        part.steps, place = whole.steps.take(near)
        part.offered = None if whole.offered is None else whole.offered[near]
        part._encoded, part._whole = {}, (whole, place)
        own = [replace(flip, is_set=flip.is_set[near]) for flip in flips]
        yield part, place, own, np.searchsorted(near, some)
