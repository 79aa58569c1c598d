"""Regress neural data on regimes: coefficients, and what regimes explain in held-out sessions.

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
    degree=optional(partial(not_whole, most=20)),
)
def regress_neural(
    trials: xr.Dataset,
    regimes: xr.DataArray,
    *,
    step: str | int | None = None,
    nuisances: Sequence[str] = (),
    by: str = "subject",
    reference: int | None = None,
    window: tuple[float, float] | None = None,
    pooled: bool = False,
    degree: int | None = None,
) -> xr.DataArray:
    """Estimate mean differences of neural data between regimes, with nuisances held fixed.

    A slow trend over the session is held fixed, too.

    Parameters
    ----------
    trials : xarray.Dataset
        Labelled trials with ``neural(trial, time, unit)``.
    regimes : xarray.DataArray (trial,) or (trial, step) of int
        Held-out regimes, from a model that did not see these subjects; -1 where there is none.
    step : str or int, optional
        Step whose regime counts, if there are several.
    nuisances : sequence of str
        Numeric trial variables, and "block", whose linear effects are removed.
    by : {"subject", "session"}
        Whether each subject or each session has coefficients of its own.
    reference : int, optional
        Regime that the others are compared with; by default the most frequent one.
    window : (float, float), optional
        First and last time in s, inclusive.
    pooled : bool
        Whether data are averaged over the window, instead of one coefficient per time.
    degree : int, optional
        Degree of the trend in trial number that is removed within each session; by default 3, or as
        high as the trend that subjects share in the use of any regime needs, up to 10.

    Returns
    -------
    coefficients : xarray.DataArray (subject or session, regime, time, unit)
        Differences in units of the neural data; without ``time`` if pooled. NaN where the regime
        (or the reference) does not occur or cannot be separated from the nuisances, or the unit was
        not recorded. The coord ``n_trials`` is (subject or session, regime). ``attrs`` hold
        ``reference`` and ``n_absent``, the number of trials without a regime. Test them over
        subjects with `effects_over_subjects`.

    Raises
    ------
    DataError
        Data, regimes and nuisances do not fit each other.
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
    degree=optional(partial(not_whole, most=20)),
    held_out=not_held_out,
)
def explain_neural(
    trials: xr.Dataset,
    regimes: xr.DataArray,
    *,
    held_out: str | Sequence[str] = "session",
    step: str | int | None = None,
    nuisances: Sequence[str] = (),
    window: tuple[float, float] | None = None,
    pooled: bool = False,
    degree: int | None = None,
) -> xr.Dataset:
    """Compute the variance that regimes explain beyond nuisances in held-out sessions.

    With y and r of a held-out session freed of its trend and nuisances, and b estimated in the
    training sessions, ``R2 = 1 - |y - r b|^2 / |y|^2`` (definition of this package). Its null
    shifts r circularly over the trials of the session, b staying as it is; all shifts but the
    smallest are used.

    Parameters
    ----------
    trials : xarray.Dataset
        Labelled trials with ``neural(trial, time, unit)``.
    regimes : xarray.DataArray (trial,) or (trial, step) of int
        Held-out regimes, from a model that did not see these subjects; -1 where there is none.
    held_out : {"session", "subject"} or sequence of str
        "session": b from the other sessions of the same subject; "subject": from all other
        subjects, whose units must mean the same; names of subjects: from all but these, which alone
        are scored.
    step : str or int, optional
        Step whose regime counts, if there are several.
    nuisances : sequence of str
        Numeric trial variables, and "block", whose linear effects are removed.
    window : (float, float), optional
        First and last time in s, inclusive.
    pooled : bool
        Whether data are averaged over the window, instead of one number per time.
    degree : int, optional
        Degree of the trend in trial number that is removed within each session; by default 3, or as
        high as the trend that subjects share in the use of any regime needs, up to 10.

    Returns
    -------
    explained : xarray.Dataset (session, time, unit)
        Explained variance of every held-out session: ``partial_r2`` (negative where b does not hold
        in the session), ``chance`` (mean over shifts) and ``corrected`` (observed minus chance, in
        null standard deviations). Coords are ``subject``, ``n_trials`` and ``reason`` (why a
        session is not testable, "" if it is). Test ``subject_means(explained["corrected"])`` over
        subjects.

    Raises
    ------
    DataError
        Data and regimes do not fit each other, or a regime of a held-out session never occurs in
        its training part.
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
