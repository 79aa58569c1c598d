"""Remove slow trends over a session, which make unrelated series look related.

A polynomial in trial number is removed within each session, at least a cubic. A cubic does not
follow steep learning curves that subjects share: they give 10 to 89 % false positives. The degree
is therefore raised, up to 10, as far as subjects agree about the higher terms of a series. A term
that they do not share adds noise, but no bias, to a test over subjects; to remove it would take
away slow effects (in 100 trials a fixed degree of 10 loses more than half of the power for slow
regimes).

No polynomial follows a change within a few trials: common sigmoids that rise within a hundredth of
a session still give 11 to 14 % false positives at 100 and 400 trials, common steps 17 to 50 %.
"""

from functools import lru_cache

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import stdtr

from neuroalrnn.exceptions import DataError
from neuroalrnn.stats.checks import as_count, as_numbers, refuse_unnamed
from neuroalrnn.stats.defaults import LEVEL
from neuroalrnn.stats.null_tests import of_one_length, positions, session_numbers

LOWEST, HIGHEST = 3, 10
TRIALS_PER_DEGREE = 4
FEWEST_UNITS = 3
TITLE = "trend"


def choose_degree(series: ArrayLike, session: ArrayLike, subject: ArrayLike) -> int:
    """Choose the degree of the polynomial trend that subjects share in a series.

    In each session the series is projected on orthonormal polynomials in trial number; the
    coefficients are averaged over the sessions of a subject. The degree is that of the highest term
    from 4 to 10 whose mean over subjects differs from 0 (t-test, p < .05), or 3. Sessions have
    terms up to a quarter of their trials.

    Parameters
    ----------
    series : array (trial,)
        Numbers in any unit, NaN where a trial does not count.
    session, subject : array (trial,)
        Labels. Trials of a session are in time order.

    Returns
    -------
    degree : int
        Degree from 3 to 10. With fewer than three subjects, sessions take their place; with fewer
        than three of these the degree cannot be judged, and is 3.

    Raises
    ------
    DataError
        Text, unequal lengths, or trials without subject or session.
    """
    series = as_numbers(series, "series", TITLE)
    refuse_unnamed(TITLE, {"session": session, "subject": subject})
    session, subject = np.asarray(session), np.asarray(subject)
    if series.ndim != 1 or not series.shape == session.shape == subject.shape:
        shapes = f"{series.shape}, {session.shape} and {subject.shape}"
        raise DataError(f"{TITLE}: series, session and subject have shapes {shapes}")
    parts = positions(session_numbers(subject, session, sort=False))
    terms = range(LOWEST + 1, HIGHEST + 1)
    rows = np.empty((len(parts), len(terms)))
    for places, trials in of_one_length(parts):
        rows[places] = _higher_terms(series[trials])
    found = pd.DataFrame(rows, columns=terms, dtype=float)
    by_subject = found.groupby([subject[part[0]] for part in parts], sort=False).mean()
    units = by_subject if len(by_subject) >= FEWEST_UNITS else found
    if len(units) < FEWEST_UNITS:
        return LOWEST
    agreed = [term for term in terms if _differs(units[term].to_numpy())]
    return max(agreed, default=LOWEST)


def _higher_terms(series) -> np.ndarray:
    """Coefficients of the terms above a cubic, NaN where a session is too short (session, term)."""
    counts = np.isfinite(series)
    found = np.full((len(series), HIGHEST + 1), np.nan)
    is_whole = counts.all(axis=1)
    most = min(HIGHEST, series.shape[1] // TRIALS_PER_DEGREE)
    if most > LOWEST and is_whole.any():
        curves, sign = _whole(series.shape[1], most)
        found[is_whole, : most + 1] = sign * (series[is_whole] @ curves)
    for places, known in alike(counts, ~is_whole):
        most = min(HIGHEST, int(known.sum()) // TRIALS_PER_DEGREE)
        if most > LOWEST:
            curves, sign = _orthonormal(most, known)
            found[places, : most + 1] = sign * (series[places][:, known] @ curves)
    return found[:, LOWEST + 1 :]


def alike(counts, which):
    """Put sessions together that lack the same trials, so that they are computed at once.

    Parameters
    ----------
    counts : bool array (session, trial)
        Whether a trial counts.
    which : bool array (session,)
        Sessions that are wanted.

    Yields
    ------
    places : int array
        Some of these sessions.
    known : bool array (trial,)
        Trials that count in each of them.
    """
    places = np.flatnonzero(which)
    patterns = np.packbits(counts[places], axis=1)
    numbers = pd.factorize(np.array([each.tobytes() for each in patterns], dtype=object))[0]
    for own in positions(numbers):
        yield places[own], counts[places[own[0]]]


@lru_cache(maxsize=1024)
def _whole(n_trials: int, degree: int):
    return _orthonormal(degree, np.ones(n_trials, dtype=bool))


def _orthonormal(degree: int, counts: np.ndarray):
    """Orthonormal polynomials over the trials that count, and the signs that they lack."""
    curves, ratio = np.linalg.qr(_curves(counts.size, degree)[counts])
    return curves, np.sign(np.diag(ratio))


def _differs(values) -> bool:
    values = values[~np.isnan(values)]
    if values.size < FEWEST_UNITS or np.ptp(values) == 0:
        return False
    t = values.mean() / np.sqrt(values.var(ddof=1) / values.size)
    return bool(2 * stdtr(values.size - 1, -abs(t)) < LEVEL)


def _curves(n_trials: int, degree: int) -> np.ndarray:
    return np.polynomial.legendre.legvander(np.linspace(-1, 1, n_trials), degree)


def session_degree(degree: int, n_trials: int) -> int:
    """Degree that a session of so many trials can bear.

    Parameters
    ----------
    degree : int
        Degree that is wanted, from `choose_degree`.
    n_trials : int
        Length of the session.

    Returns
    -------
    int
        The degree that is wanted, but at most a quarter of the trials, and 3 at least.
    """
    return min(degree, max(LOWEST, n_trials // TRIALS_PER_DEGREE))


def trend_columns(
    session: ArrayLike, subject: ArrayLike, degree: int, *, n_before: int = 0
) -> np.ndarray:
    """Build polynomials in trial number of each session, for a regression within subjects.

    Parameters
    ----------
    session, subject : array (trial,)
        Labels. Trials of a session are in time order.
    degree : int
        Degree of the polynomials, from `choose_degree`. Sessions have at most a quarter of their
        trials as degree, but 3 at least.
    n_before : int
        Number of columns of zeros in front, for other regressors.

    Returns
    -------
    columns : array (trial, column)
        One set per session of the subject with most sessions, zero outside the session.

    Raises
    ------
    DataError
        Trials without subject or session, or an impossible degree.
    """
    degree = as_count(degree, "degree", TITLE)
    refuse_unnamed(TITLE, {"session": session, "subject": subject})
    session, subject = np.asarray(session), np.asarray(subject)
    if session.size != subject.size:
        raise DataError(f"{TITLE}: found {session.size} sessions and {subject.size} subjects")
    parts = positions(session_numbers(subject, session, sort=False))
    whose = subject[[part[0] for part in parts]]
    number = pd.Series(whose).groupby(whose, sort=False).cumcount().to_numpy()
    n_sessions = number.max(initial=-1) + 1
    columns = np.zeros((len(subject), n_before + n_sessions * (degree + 1)))
    # a view: what is written to it is written to the columns
    found = columns[:, n_before:].reshape(len(subject), n_sessions, degree + 1)
    for places, rows in of_one_length(parts):
        own = session_degree(degree, rows.shape[1])
        found[rows, number[places, None], : own + 1] = _curves(rows.shape[1], own)
    return columns
