"""Numbers of groups of rows: shares, different values, contents."""

import hashlib

import numpy as np
import pandas as pd


def numbered(*keys: np.ndarray) -> np.ndarray:
    """Number the combinations of keys in the order of the rows, from 0."""
    group = np.zeros(len(keys[0]), dtype=int)
    for key in keys:
        group = pd.factorize(group * (int(key.max(initial=0)) + 1) + key)[0]
    return group


def share(group: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Share of the rows of each group where a mask holds."""
    size = np.bincount(group)
    return np.bincount(group, mask, minlength=len(size)) / np.maximum(size, 1)


def n_different(group: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Number of different codes in each group."""
    width = int(codes.max(initial=0)) + 1
    pairs = np.unique(group * width + codes)
    return np.bincount(pairs // width, minlength=int(group.max(initial=0)) + 1)


def lowest(group: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Smallest number of the group of each row."""
    least = np.full(int(group.max(initial=0)) + 1, np.inf)
    np.fmin.at(least, group, values)
    return least[group]


def contents(group: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Checksum of the codes of each group, in the order of its rows."""
    order = np.argsort(group, kind="stable")
    ends = np.cumsum(np.bincount(group))[:-1]
    pieces = np.split(np.ascontiguousarray(codes[order]), ends)
    return np.array([hashlib.sha256(piece.tobytes()).hexdigest() for piece in pieces])


def steps(group: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Difference to the row before within runs of one group, NaN at their start."""
    step = np.r_[np.nan, np.diff(values)]
    return np.where(np.r_[False, group[1:] == group[:-1]], step, np.nan)
