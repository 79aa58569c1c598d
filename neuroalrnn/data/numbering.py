"""Trial numbers: as a table gives them, and as the trials of a session are counted."""

import numpy as np
import pandas as pd

from neuroalrnn.data.names import where

MOST = 2**53


def row_order(session: np.ndarray) -> np.ndarray:
    """Place of each row among those of its session, shape (trial,)."""
    return pd.Series(session).groupby(session).cumcount().to_numpy(copy=True)


def trial_numbers(
    column: pd.Series, session: np.ndarray, block: np.ndarray | None, as_they_are: bool
) -> tuple[np.ndarray, list[str], list[str]]:
    """Number of each trial within its session, from 0.

    Numbers that start anew in every block are counted on: those of a block follow the last one of
    the block before.

    Parameters
    ----------
    column : pandas.Series
    session : ndarray of int, shape (trial,)
    block : ndarray, shape (trial,), optional
    as_they_are : bool
        Otherwise numbers whose smallest is 1 become numbers from 0.

    Returns
    -------
    number : ndarray of int, shape (trial,)
    found : list of str
        What is wrong.
    told : list of str
        How they were read.
    """
    if column.dtype.kind in "Mm":
        return row_order(session), ["trial numbers are dates or durations: expected counts"], []
    values = pd.to_numeric(column, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    wrong = ~(np.abs(values) <= MOST) | (values != np.round(values))
    if wrong.any():
        return row_order(session), [f"trial numbers are not integers on {where(wrong, 'row')}"], []
    number = values.astype(int) - (0 if as_they_are else int(values.min() == 1))
    again = _starts_again(number, session)
    if not again.any():
        return number, [], []
    if block is None or _falls_within(number, session, block).any():
        return row_order(session), [_restarts(again)], []
    told = "trial numbers start anew in every block: counted on from block to block"
    counted = np.isin(session, session[again])
    return np.where(counted, _counted_on(number, session, block), number), [], [told]


def _starts_again(number, session) -> np.ndarray:
    """Where the numbers of a session fall back to where they began: they count something else."""
    pair = pd.DataFrame({"session": session, "number": number})
    falls = np.r_[False, (number[1:] < number[:-1]) & (session[1:] == session[:-1])]
    first = pair.groupby("session")["number"].transform("first").to_numpy()
    return falls & pair.duplicated().to_numpy() & (number <= first + 1)


def _falls_within(number, session, block) -> np.ndarray:
    same = (session[1:] == session[:-1]) & (block[1:] == block[:-1])
    return np.r_[False, (number[1:] <= number[:-1]) & same]


def _counted_on(number, session, block) -> np.ndarray:
    new_session = np.r_[True, session[1:] != session[:-1]]
    new_block = new_session | np.r_[True, block[1:] != block[:-1]]
    piece = np.cumsum(new_block) - 1
    longest = np.maximum.reduceat(number, np.flatnonzero(new_block)) + 1
    before = np.r_[0, np.cumsum(longest)[:-1]]
    at_start = before[piece[np.flatnonzero(new_session)]]
    return number + before[piece] - at_start[np.cumsum(new_session) - 1]


def _restarts(again) -> str:
    return (
        f"trial numbers start again within a session, first on {where(again, 'row')}: leave the "
        "role trial out (trials then count in the order of the rows), number them through, or name "
        "the column that restarts them as block (one session) or session (the state starts anew)"
    )
