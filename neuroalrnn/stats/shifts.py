"""Circular shifts of a session: which are admissible, and what they leave of a covariance."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import pandas as pd

from neuroalrnn.stats.checks import as_whole_numbers
from neuroalrnn.stats.null_tests import of_one_length, shift_corrected
from neuroalrnn.stats.trends import session_degree

LARGEST_EXCLUSION = 20
FEWEST_TRIALS, FEWEST_SWITCHES = 20, 4
NOTHING_LEFT = "nothing is left of the event or regime without trend and blocks"


def admissible_shifts(n_trials: int) -> np.ndarray:
    """List the circular shifts of a session, but those below a twentieth of it (20 at most)."""
    smallest = max(1, min(LARGEST_EXCLUSION, n_trials // 20))
    return np.arange(smallest, n_trials - smallest + 1)


def nuisance_basis(n_trials: int, degree: int = 3, block=None) -> np.ndarray:
    """Build an orthonormal basis of a polynomial in trial number and of block means.

    Parameters
    ----------
    n_trials : int
        Length of the session.
    degree : int
        Degree of the polynomial; 0 removes the mean only.
    block : array (trial,), optional
        Labels of blocks within the session.

    Returns
    -------
    basis : array (trial, nuisance)
        Orthonormal columns.

    Raises
    ------
    DataError
        The degree is impossible.
    """
    degree = int(as_whole_numbers(degree, "degree", "trend", least=0))
    polynomial = _polynomial(n_trials, degree)
    if block is None:
        return polynomial
    codes = pd.factorize(np.asarray(block))[0]
    indicators = (codes[:, None] == np.unique(codes)).astype(float)
    left, size, _ = np.linalg.svd(np.hstack([polynomial, indicators]), full_matrices=False)
    return left[:, size > 1e-9 * size[0]]


@lru_cache(maxsize=1024)
def _polynomial(n_trials: int, degree: int) -> np.ndarray:
    time = np.linspace(-1.0, 1.0, n_trials)
    return np.linalg.qr(np.polynomial.legendre.legvander(time, min(degree, n_trials - 1)))[0]


def shift_sessions(
    series: dict[str, np.ndarray],
    sessions: Sequence[np.ndarray],
    degree: int,
    marks_switches: bool,
) -> pd.DataFrame:
    """Compare the covariance of two series with those after circular shifts, session by session.

    Parameters
    ----------
    series : dict of str to array (trial,)
        ``regime_series, event_series`` and, optionally, ``block``.
    sessions : sequence of int array
        Trials of each session, in time order. Those of one length are computed at once.
    degree, marks_switches
        See `neuroalrnn.stats.circular_shift_null`.

    Returns
    -------
    DataFrame
        For each session ``n_trials, n_switches`` and ``reason``; where that is empty, also the
        numbers of `shift_corrected`.
    """
    parts = [
        pd.DataFrame(
            _shift_alike({k: each[trials] for k, each in series.items()}, degree, marks_switches),
            index=places,
        )
        for places, trials in of_one_length(sessions)
    ]
    return pd.concat(parts).sort_index() if parts else pd.DataFrame()


def _shift_alike(part, degree, marks_switches) -> dict:
    x, y = (part[name].astype(float) for name in ("regime_series", "event_series"))
    n = x.shape[1]
    n_switches = ((x if marks_switches else np.diff(x)) != 0).sum(axis=1)
    numbers = {"n_trials": n, "n_switches": n_switches}
    if n < FEWEST_TRIALS:
        return numbers | {"reason": f"{n} trials, at least {FEWEST_TRIALS} needed"}
    rx, ry = _without_trend(x, y, session_degree(degree, n), part.get("block"))
    covariance = np.fft.irfft(np.conj(np.fft.rfft(rx)) * np.fft.rfft(ry), n) / n
    null = covariance[:, admissible_shifts(n)]
    size = [np.maximum(np.abs(each).max(axis=1), 1e-300) for each in (x, y)]
    found = covariance[:, 0], null.mean(axis=1), null.std(axis=1)
    is_left = found[2] > 1e-10 * size[0] * size[1]
    reason = np.where(is_left, "", NOTHING_LEFT).astype(object)
    for k in np.flatnonzero(n_switches < FEWEST_SWITCHES):
        reason[k] = f"{n_switches[k]} switches, at least {FEWEST_SWITCHES} needed"
    tested = [np.where(reason == "", each, np.nan) for each in found]
    return numbers | shift_corrected(*tested) | {"reason": reason}


def _without_trend(x, y, degree, block):
    if block is None:
        basis = nuisance_basis(x.shape[1], degree)
        return tuple(each - each @ basis @ basis.T for each in (x, y))
    bases = [nuisance_basis(x.shape[1], degree, own) for own in block]
    return tuple(
        np.stack([row - basis @ (basis.T @ row) for row, basis in zip(each, bases, strict=True)])
        for each in (x, y)
    )
