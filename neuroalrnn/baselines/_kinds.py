"""Rows (trials) of whole sessions as a GLM-HMM takes them, those that are equal only once."""

from typing import NamedTuple

import numpy as np

from neuroalrnn.baselines._hidden_states import Lanes, lay_in_lanes
from neuroalrnn.baselines._values import Values, find_values


class Rows(NamedTuple):
    """Rows (trials) of whole sessions.

    Parameters
    ----------
    features : array, shape (row, feature)
        Covariates, the constant among them.
    choice : int array, shape (row,)
        Option chosen, -1 where a row does not count: there the state moves on unobserved.
    first : bool array, shape (row,)
        Whether a row is the first of its session.
    offered : bool array, shape (row, option), optional
        Options that a row offers; all without it.
    """

    features: np.ndarray
    choice: np.ndarray
    first: np.ndarray
    offered: np.ndarray | None = None


class Kinds(NamedTuple):
    """Different rows of some sessions: where covariates are discrete, they are few.

    Parameters
    ----------
    features : array, shape (design, feature)
        Different covariates.
    offered : bool array, shape (design, option), optional
        Options that go with them; all without it.
    lanes : Lanes
        All rows, by their kinds: design d with choice c is kind ``c x number of designs + d``, and
        rows that do not count are as of one more choice.
    values : Values, optional
        The same covariates where each takes few values.
    """

    features: np.ndarray
    offered: np.ndarray | None
    lanes: Lanes
    values: Values | None


def group_rows(rows: Rows, n_options: int) -> Kinds:
    """Group rows that are equal to a model, wherever they stand.

    Parameters
    ----------
    rows : Rows
        Choices and their covariates.
    n_options : int
        Number of options.

    Returns
    -------
    Kinds
        The same rows.
    """
    given = rows.features if rows.offered is None else np.c_[rows.features, rows.offered]
    at, design = _distinct(given)
    kind = np.where(rows.choice < 0, n_options, rows.choice) * len(at) + design
    n_kinds = len(at) * (n_options + bool((rows.choice < 0).any()))
    features = np.asfortranarray(rows.features[at])
    return Kinds(
        features,
        None if rows.offered is None else rows.offered[at],
        lay_in_lanes(kind, rows.first, n_kinds),
        find_values(features) if n_options == 2 else None,
    )


def _distinct(table):
    """One place of each different row of a table, and the number of each row among these."""
    # adding 0 turns -0 into 0, which is equal to it but has other bytes
    table = np.ascontiguousarray(table + 0.0)
    whole = table.view(np.dtype((np.void, table.itemsize * table.shape[1]))).ravel()
    return np.unique(whole, return_index=True, return_inverse=True)[1:]
