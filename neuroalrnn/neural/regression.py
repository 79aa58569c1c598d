"""Neural data regressed on regimes: coefficients, and what regimes explain in held-out sessions.

Within each session, ``y_t = trend_t + n_t g + r_t b + e_t`` with y the neural data of trial t at
one time and unit, a polynomial trend in trial number, nuisances n and indicators r of the regimes.
Trend and nuisances are removed from y and r first (Frisch & Waugh 1933, Econometrica 1:387), each
session having its own; the effects b of the regimes are shared by the sessions they are fitted to.
"""

from collections.abc import Sequence
from functools import partial

import numpy as np
import xarray as xr

from neuroalrnn.arguments import checked, not_flag, not_names, not_text, not_whole, optional
from neuroalrnn.exceptions import DataError
from neuroalrnn.neural.checks import not_held_out, not_window
from neuroalrnn.neural.held_out import (
    circular_products,
    compare_with_shifts,
    label_scores,
    score_held_out,
)
from neuroalrnn.neural.sessions import Recording, indicators, split_sessions

BY = ("subject", "session")
ESTIMABLE = 1e-8


@checked(
    DataError,
    by=not_text,
    reference=optional(not_whole),
    nuisances=not_names,
    window=optional(not_window),
    pooled=not_flag,
    degree=partial(not_whole, most=20),
)
def regress_neural(
    trials: xr.Dataset,
    regimes: xr.DataArray,
    *,
    step=None,
    nuisances: Sequence[str] = (),
    by: str = "subject",
    reference: int | None = None,
    window: tuple[float, float] | None = None,
    pooled: bool = False,
    degree: int = 3,
) -> xr.DataArray:
    """Mean difference of the neural data between regimes, nuisances and slow trend held fixed.

    Parameters
    ----------
    trials : Dataset
        With ``neural(trial, time, unit)``.
    regimes : DataArray (trial,) or (trial, step) of int
        Held-out regimes, from a model that did not see these subjects; -1 where there is none.
    step : str or int, optional
        Step whose regime counts, if there are several.
    nuisances : sequence of str
        Numeric trial variables, and "block", whose effects are removed.
    by : {"subject", "session"}
        What gets coefficients of its own.
    reference : int, optional
        Regime the others are compared with; the most frequent one if absent.
    window : (float, float), optional
        First and last time in s, inclusive.
    pooled : bool
        Average over the window instead of one coefficient per time.
    degree : int
        Of the trend in trial number removed within each session.

    Returns
    -------
    coefficients : DataArray (subject or session, regime, time, unit)
        In units of the neural data; without ``time`` if pooled. NaN where regime (or reference)
        does not occur, cannot be told from the nuisances, or the unit was not recorded. Coord
        ``n_trials`` (subject or session, regime); ``attrs["reference"]``, and
        ``attrs["n_absent"]``, the trials without a regime. For a test over subjects see
        `neuroalrnn.neural.effects_over_subjects`.

    Raises
    ------
    DataError
    """
    if by not in BY:
        raise DataError(f"by: found {by!r}, expected one of {', '.join(BY)}")
    recording = split_sessions(
        trials, regimes, step=step, nuisances=nuisances, window=window, pooled=pooled, degree=degree
    )
    reference = _reference(recording, reference)
    codes = recording.regimes[recording.regimes != reference]
    groups = _groups(recording, by)
    values = np.stack([_contrasts(part, codes) for part in groups.values()])
    count = [[sum((s.regimes == k).sum() for s in part) for k in codes] for part in groups.values()]
    coords = {by: list(groups), "regime": codes, "unit": recording.unit}
    coords["n_trials"] = ((by, "regime"), np.array(count))
    if by == "session":
        coords["subject"] = ("session", [part[0].subject for part in groups.values()])
    labelled = xr.DataArray(
        values,
        dims=(by, "regime", "time", "unit"),
        coords=coords,
        name="coefficient",
        attrs={"reference": reference, "n_absent": recording.n_absent},
    )
    if recording.time is None:
        return labelled.isel(time=0)
    return labelled.assign_coords(time=recording.time)


@checked(
    DataError,
    nuisances=not_names,
    window=optional(not_window),
    pooled=not_flag,
    degree=partial(not_whole, most=20),
    held_out=not_held_out,
)
def explain_neural(
    trials: xr.Dataset,
    regimes: xr.DataArray,
    *,
    held_out="session",
    step=None,
    nuisances: Sequence[str] = (),
    window: tuple[float, float] | None = None,
    pooled: bool = False,
    degree: int = 3,
) -> xr.Dataset:
    """Variance that regimes explain beyond nuisances in held-out sessions, against shifts.

    With y and r of a held-out session freed of its trend and nuisances, and b estimated in the
    training sessions, ``R2 = 1 - |y - r b|^2 / |y|^2`` (definition of this package). Its null
    shifts r circularly over the trials of the session, b staying as it is; all shifts but the
    smallest are used.

    Parameters
    ----------
    trials, regimes, step, nuisances, window, pooled, degree
        As in `regress_neural`.
    held_out : {"session", "subject"} or sequence of subjects
        "session": b from the other sessions of the same subject; "subject": from all other
        subjects, whose units must mean the same; subjects: from all but these, which alone are
        scored.

    Returns
    -------
    explained : Dataset (session, time, unit)
        ``partial_r2`` (negative where b does not hold in the session), ``chance`` (mean over
        shifts), ``corrected`` (observed minus chance, in null standard deviations). Coords
        ``subject``, ``n_trials`` and ``reason`` (why a session is not testable, "" if it is).
        ``subject_means(explained["corrected"])`` is what to test over subjects.

    Raises
    ------
    DataError
        Also where a regime of a held-out session never occurs in its training part.
    NotTestableError
        Nothing is left to train on.
    """
    recording = split_sessions(
        trials, regimes, step=step, nuisances=nuisances, window=window, pooled=pooled, degree=degree
    )
    codes = recording.regimes
    found = score_held_out(
        recording,
        held_out,
        fit=lambda train, test: _solve(train, codes)[0],
        score=lambda slope, session: _explain(session, codes, slope),
    )
    return label_scores(recording, found, held_out, ("unit",))


def _explain(session, codes, slope) -> dict:
    y = session.neural.reshape(len(session.neural), -1)
    predicted = indicators(session, codes) @ slope
    total = (y**2).sum(axis=0)
    # a unit that never varies has nothing to explain
    total = np.where(total > 1e-20 * len(y), total, np.nan)
    shifted = circular_products(predicted, y)
    r2 = (2 * shifted - (predicted**2).sum(axis=0)) / total
    found = compare_with_shifts(r2.reshape(session.neural.shape), session)
    return {"partial_r2" if name == "observed" else name: value for name, value in found.items()}


def _solve(sessions, codes):
    """Least squares on what is left without nuisances: slope (regime, entry), pinv(X) X."""
    x = np.concatenate([indicators(each, codes) for each in sessions])
    y = np.concatenate([each.neural.reshape(len(each.neural), -1) for each in sessions])
    inverse = np.linalg.pinv(x, rcond=1e-10)
    return inverse @ y, inverse @ x


def _contrasts(sessions, codes) -> np.ndarray:
    slope, projection = _solve(sessions, codes)
    unique = np.abs(projection - np.eye(len(codes))).max(axis=1) < ESTIMABLE
    slope[~unique] = np.nan
    return slope.reshape(len(codes), *sessions[0].neural.shape[1:])


def _reference(recording: Recording, reference) -> int:
    if reference is None:
        every = np.concatenate([each.regimes for each in recording.sessions])
        codes, count = np.unique(every, return_counts=True)
        return int(codes[count.argmax()])
    if reference not in recording.regimes:
        known = ", ".join(map(str, recording.regimes))
        raise DataError(f"reference: found {reference!r}, expected one of the regimes {known}")
    return int(reference)


def _groups(recording: Recording, by: str) -> dict[str, list]:
    groups: dict[str, list] = {}
    for each in recording.sessions:
        name = each.subject if by == "subject" else f"{each.subject}/{each.session}"
        groups.setdefault(name, []).append(each)
    return groups
