"""Sessions of trials with neural data and regimes, for regression and decoding.

A polynomial trend in trial number and the nuisance variables are removed from the neural data of
each session by itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from neuroalrnn.arguments import shown
from neuroalrnn.data.schema import no_number, session_number, trial_variables, validate
from neuroalrnn.exceptions import DataError, problems
from neuroalrnn.regimes import ABSENT, trial_variable
from neuroalrnn.regimes.steps import refuse_other_trials
from neuroalrnn.stats.shifts import FEWEST_SWITCHES, FEWEST_TRIALS, nuisance_basis
from neuroalrnn.stats.trends import LOWEST, choose_degree, session_degree


@dataclass(frozen=True)
class Session:
    """Trials of one session that have a regime, in time order."""

    subject: str
    session: str
    regimes: np.ndarray  # (trial,) of int
    neural: np.ndarray  # (trial, time, unit), trend and nuisances removed
    basis: np.ndarray  # (trial, nuisance), orthonormal: what was removed

    @property
    def has_unit(self) -> np.ndarray:
        """Mask of the units that were recorded (unit,)."""
        return np.isfinite(self.neural).all(axis=(0, 1))

    def untestable(self) -> str:
        """Say why circular shifts cannot test this session; "" if they can."""
        n_switches = np.count_nonzero(np.diff(self.regimes))
        if self.regimes.size < FEWEST_TRIALS:
            return f"{self.regimes.size} trials, at least {FEWEST_TRIALS} needed"
        if n_switches < FEWEST_SWITCHES:
            return f"{n_switches} switches, at least {FEWEST_SWITCHES} needed"
        return ""


@dataclass(frozen=True)
class Recording:
    """All sessions, and the labels of what they share."""

    sessions: tuple[Session, ...]
    regimes: np.ndarray  # codes in use
    time: np.ndarray | None  # s; None if pooled over the window
    unit: np.ndarray
    n_absent: int  # trials without a regime, left out

    def label(self, values: dict, dims: Sequence[str] = ()) -> xr.Dataset:
        """Label arrays (session, time, ...) as a dataset, without dim ``time`` if pooled."""
        coords: dict[str, Any] = {
            "subject": ("session", [each.subject for each in self.sessions]),
            "session": [f"{each.subject}/{each.session}" for each in self.sessions],
            "n_trials": ("session", [each.regimes.size for each in self.sessions]),
            "n_regimes": ("session", [np.unique(each.regimes).size for each in self.sessions]),
            "reason": ("session", [each.untestable() for each in self.sessions]),
        }
        coords |= {"unit": self.unit} if "unit" in dims else {}
        arrays = {name: (("session", "time", *dims), value) for name, value in values.items()}
        labelled = xr.Dataset(arrays, coords=coords, attrs={"n_absent": self.n_absent})
        return (
            labelled.isel(time=0) if self.time is None else labelled.assign_coords(time=self.time)
        )


def split_sessions(
    trials: xr.Dataset,
    regimes: xr.DataArray,
    *,
    step: str | int | None = None,
    nuisances: Sequence[str] = (),
    window: tuple[float, float] | None = None,
    pooled: bool = False,
    degree: int | None = None,
) -> Recording:
    """Bring neural data and regimes together, session by session.

    Parameters
    ----------
    trials : xarray.Dataset
        Labelled trials with ``neural(trial, time, unit)``; NaN throughout a session where it lacks
        a unit.
    regimes : xarray.DataArray (trial,) or (trial, step) of int
        Regimes, -1 where a trial has none: such trials are left out and counted.
    step : str or int, optional
        Name of the step whose regime counts; needed if there are several.
    nuisances : sequence of str
        Numeric trial variables, and "block", whose effects are removed within each session.
    window : (float, float), optional
        First and last time in s, inclusive; all trials must reach its end.
    pooled : bool
        Whether data are averaged over the window.
    degree : int, optional
        Degree of the polynomial in trial number that is removed within each session, at most a
        quarter of its trials, or 3; by default what subjects share in the use of any regime needs,
        up to 10, see `neuroalrnn.stats.choose_degree`.

    Returns
    -------
    recording : Recording
        Sessions, and the labels that they share.

    Raises
    ------
    DataError
        Data, regimes and nuisances do not fit each other; the message names all problems.
    """
    neural, time = _neural(trials, window)
    codes, variables = _regimes(trials, regimes, step), _nuisances(trials, nuisances)
    present = codes != ABSENT
    _refuse_gaps(trials, neural, variables, present)
    block = trials["block"].values if "block" in nuisances else None
    values = neural.mean(axis=1, keepdims=True) if pooled else neural
    degree = _shared_degree(trials, codes, present) if degree is None else degree
    sessions = []
    for rows in _rows_by_session(trials, present):
        part = None if block is None else block[rows]
        trend = nuisance_basis(rows.size, session_degree(degree, rows.size), part)
        basis = _basis(trend, variables[rows])
        rest = remove(basis, values[rows].astype(float))
        subject, session = (str(trials[n].values[rows[0]]) for n in ("subject", "session"))
        sessions.append(Session(subject, session, codes[rows], rest, basis))
    used = np.unique(codes[present])
    if used.size < 2:
        raise DataError(f"regimes: found {used.size} regimes in use, expected at least 2")
    unit = trials["unit"].values if "unit" in trials.coords else np.arange(neural.shape[2])
    return Recording(tuple(sessions), used, None if pooled else time, unit, int((~present).sum()))


def remove(basis: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Remove an orthonormal basis (trial, nuisance) from values (trial, ...)."""
    flat = values.reshape(len(values), -1)
    return (flat - basis @ (basis.T @ flat)).reshape(values.shape)


def indicators(session: Session, codes: np.ndarray) -> np.ndarray:
    """Compute the indicator of each regime without trend and nuisances (trial, regime)."""
    whole = (session.regimes[:, None] == codes).astype(float)
    rest = remove(session.basis, whole)
    # what rounding leaves of a regime that nuisances explain fully would be scaled up
    return rest * (np.linalg.norm(rest, axis=0) > 1e-9 * np.linalg.norm(whole, axis=0))


def _neural(trials, window):
    validate(trials)
    if "neural" not in trials:
        raise DataError("trials hold no 'neural(trial, time, unit)'; see from_epochs")
    time = trials["time"].values.astype(float)
    window = (time[0], time[-1]) if window is None else tuple(window)
    if len(window) != 2:
        raise DataError(f"window: found {window}, expected its first and its last time in s")
    first, last = window
    # a bound that was computed may miss its sample by rounding
    inside = (time >= first - 1e-9) & (time <= last + 1e-9)
    if not inside.any():
        raise DataError(f"window {window}: no time in it, times are {time[0]:g} to {time[-1]:g} s")
    end = np.flatnonzero(inside)[-1]
    n_short = int((trials["n_steps"].values <= end).sum())
    if n_short:
        common = time[trials["n_steps"].values.min() - 1]
        raise DataError(
            f"{n_short} of {trials.sizes['trial']} trials end before {time[end]:g} s: select "
            f"longer ones, or pass window=({first:g}, {common:g}), which all of them reach"
        )
    return trials["neural"].values[:, inside], time[inside]


def _regimes(trials, regimes, step) -> np.ndarray:
    if not isinstance(regimes, xr.DataArray) or "trial" not in regimes.dims:
        raise DataError(
            "regimes: expected a DataArray (trial,) or (trial, step), see compute_regimes"
        )
    if "step" in regimes.dims:
        has_names = "step" in regimes.coords
        labels = regimes["step"].values.tolist() if has_names else [*range(regimes.sizes["step"])]
        if step is None and len(labels) == 1:
            step = labels[0]
        if not np.isscalar(step) or step not in labels:
            known = ", ".join(map(str, labels))
            raise DataError(f"step: found {shown(step)}, expected one of {known}")
        regimes = regimes.isel(step=labels.index(step))
    refuse_other_trials(regimes, trials)
    if regimes.dims != ("trial",) or regimes.dtype.kind not in "iu":
        raise DataError(f"regimes have dims {regimes.dims} and dtype {regimes.dtype}: expected "
                        "('trial',) and integers")  # fmt: skip
    return regimes.values


def _nuisances(trials, names) -> np.ndarray:
    known = trial_variables(trials)
    names = [names] if isinstance(names, str) else names
    names = [name for name in names if name != "block" or "block" in known]
    if unknown := [name for name in names if name not in known]:
        found = [f"nuisance {no_number(trials, name, known)}" for name in unknown]
        raise problems(DataError, "nuisances", found)
    columns = [trial_variable(name, trials["neural"], trials).astype(float) for name in names]
    return np.stack(columns, axis=1) if columns else np.zeros((trials.sizes["trial"], 0))


def _refuse_gaps(trials, neural, variables, present) -> None:
    found = []
    for rows in _rows_by_session(trials, present):
        missing = np.isnan(neural[rows]).sum(axis=(0, 1))
        where = f"subject {trials['subject'].values[rows[0]]}, session "
        where += str(trials["session"].values[rows[0]])
        partly = int(((missing > 0) & (missing < neural[rows].shape[0] * neural.shape[1])).sum())
        if partly:
            found.append(
                f"neural is NaN on some trials in {partly} units of {where}: complete or drop them "
                "(a unit that was not recorded is NaN throughout)"
            )
        if np.isnan(variables[rows]).any():
            found.append(f"nuisances are NaN in {where}: leave these trials out")
    if found:
        raise problems(DataError, "neural data and regimes", found)


def _shared_degree(trials, codes, present) -> int:
    """Degree of the highest trend that subjects share in the use of a regime."""
    session, subject = session_number(trials)[present], trials["subject"].values[present]
    used = codes[present]
    shared = (choose_degree(used == each, session, subject) for each in np.unique(used))
    return max(shared, default=LOWEST)


def _rows_by_session(trials, present):
    number = session_number(trials)
    for each in np.unique(number):
        rows = np.flatnonzero((number == each) & present)
        if rows.size:
            yield rows


def _basis(trend, variables) -> np.ndarray:
    """Orthonormal basis of trend and variables, without redundant columns."""
    rest = remove(trend, variables)
    size = np.linalg.norm(variables, axis=0)
    rest = rest[:, np.linalg.norm(rest, axis=0) > 1e-9 * np.maximum(size, 1e-300)]
    if not rest.size:
        return trend
    left, size, _ = np.linalg.svd(rest / np.linalg.norm(rest, axis=0), full_matrices=False)
    return np.hstack([trend, left[:, size > 1e-9 * size[0]]])
