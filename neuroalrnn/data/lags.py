"""Values of earlier trials: within a session, and not from before trials that were removed."""

import json

import numpy as np
import xarray as xr

from neuroalrnn.data.schema import session_number


def reaches(
    trials: xr.Dataset, lag: int = 1, over_gaps: bool | None = None, session=None
) -> np.ndarray:
    """Whether there is a trial `lag` trials earlier in the session, all in between present.

    Parameters
    ----------
    trials : xarray.Dataset
    lag : int
        From 1.
    over_gaps : bool, optional
        Count the trials that are there, over gaps in ``trial_in_session``; default what
        ``lag_over_gaps`` in ``attrs["encoding"]`` says, else False.
    session : int array, shape (trial,), optional
        Those of `session_number`, where they are known.

    Returns
    -------
    bool array, shape (trial,)
    """
    session = session_number(trials) if session is None else session
    number = trials["trial_in_session"].values.astype(float)
    found = np.zeros(len(session), dtype=bool)
    found[lag:] = session[lag:] == session[:-lag]
    if not (_lag_over_gaps(trials) if over_gaps is None else over_gaps):
        found[lag:] &= number[lag:] - number[:-lag] == lag
    return found


def lagged(
    trials: xr.Dataset, values: np.ndarray, lag: int, over_gaps=None, session=None
) -> np.ndarray:
    """Values `lag` trials earlier, 0 where `reaches` finds none, shape (trial,)."""
    return np.where(reaches(trials, lag, over_gaps, session), np.roll(values, lag), 0.0)


def count_gaps(trials: xr.Dataset) -> int:
    """Number of places within sessions at which ``trial_in_session`` jumps."""
    return int((reaches(trials, 1, over_gaps=True) & ~reaches(trials, 1, over_gaps=False)).sum())


def _lag_over_gaps(trials) -> bool:
    return bool(json.loads(trials.attrs.get("encoding", "{}")).get("lag_over_gaps", False))
