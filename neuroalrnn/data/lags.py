"""Values of earlier trials: within a session, and never across trials that were removed."""

import json

import numpy as np
import xarray as xr

from neuroalrnn.data.schema import session_number


def reaches(
    trials: xr.Dataset,
    lag: int = 1,
    over_gaps: bool | None = None,
    session: np.ndarray | None = None,
) -> np.ndarray:
    """Find the trials that have a trial `lag` trials earlier in the session.

    Parameters
    ----------
    trials : xarray.Dataset
        Labelled trials.
    lag : int
        Number of trials, from 1.
    over_gaps : bool, optional
        Whether trials that were removed in between do not matter. By default as ``lag_over_gaps``
        in ``attrs["encoding"]`` says, else False.
    session : int array, shape (trial,), optional
        Result of `session_number`, if it was computed already.

    Returns
    -------
    reaches : bool array, shape (trial,)
        True where there is such a trial.
    """
    session = session_number(trials) if session is None else session
    number = trials["trial_in_session"].values.astype(float)
    found = np.zeros(len(session), dtype=bool)
    found[lag:] = session[lag:] == session[:-lag]
    if not (_lag_over_gaps(trials) if over_gaps is None else over_gaps):
        found[lag:] &= number[lag:] - number[:-lag] == lag
    return found


def lagged(
    trials: xr.Dataset,
    values: np.ndarray,
    lag: int,
    over_gaps: bool | None = None,
    session: np.ndarray | None = None,
) -> np.ndarray:
    """Take values from `lag` trials earlier, 0 where `reaches` finds no such trial.

    Parameters
    ----------
    trials : xarray.Dataset
        Labelled trials.
    values : ndarray, shape (trial,)
        Numbers of every trial.
    lag : int
        Number of trials, from 1.
    over_gaps, session
        Passed to `reaches`.

    Returns
    -------
    values : ndarray, shape (trial,)
        The numbers of earlier trials.
    """
    return earlier(values, lag, reaches(trials, lag, over_gaps, session))


def earlier(values: np.ndarray, lag: int, reached: np.ndarray) -> np.ndarray:
    """Take values from `lag` trials earlier where `reached`, see `reaches`, else 0."""
    return np.where(reached, np.roll(values, lag), 0.0)


def count_gaps(trials: xr.Dataset) -> int:
    """Count the places within sessions at which ``trial_in_session`` jumps."""
    return int((reaches(trials, 1, over_gaps=True) & ~reaches(trials, 1, over_gaps=False)).sum())


def _lag_over_gaps(trials) -> bool:
    return bool(json.loads(trials.attrs.get("encoding", "{}")).get("lag_over_gaps", False))
