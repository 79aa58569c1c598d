"""Trial numbers: read from a table, or counted within a session."""

import numpy as np
import pandas as pd

from neuroalrnn.data.names import where

MOST = 2**53


def row_order(session: np.ndarray) -> np.ndarray:
    """Number the rows of each session from 0, shape (trial,)."""
    return pd.Series(session).groupby(session).cumcount().to_numpy(copy=True)


def trial_numbers(
    column: pd.Series, session: np.ndarray, block: np.ndarray | None, as_they_are: bool
) -> tuple[np.ndarray, list[str], list[str]]:
    """Read the number of each trial within its session, from 0.

    Numbers that start anew in every block are counted on: those of a block follow the last one of
    the block before.

    Parameters
    ----------
    column : pandas.Series
        Cells, one per trial.
    session : ndarray of int, shape (trial,)
        Running number of the session of each trial.
    block : ndarray, shape (trial,), optional
        Label of the block of each trial.
    as_they_are : bool
        Whether numbers from 1 stay as they are; otherwise they become numbers from 0.

    Returns
    -------
    number : ndarray of int, shape (trial,)
        Number of each trial.
    found : list of str
        Texts that say what is wrong.
    notes : list of str
        Sentences on how the numbers were read.
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
    note = "trial numbers start anew in every block: counted on from block to block"
    counted = np.isin(session, session[again])
    return np.where(counted, _counted_on(number, session, block), number), [], [note]


def _starts_again(number, session) -> np.ndarray:
    """Where numbers of a session fall back to their start, as if they counted something else."""
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
