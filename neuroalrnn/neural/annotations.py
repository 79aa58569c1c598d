"""Regimes and switches as MNE annotations of a recording, or as metadata and events of epochs."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import ArrayLike

from neuroalrnn.arguments import checked, not_mapping, not_text, optional
from neuroalrnn.data.schema import not_trials, texts, unknown, where
from neuroalrnn.exceptions import DataError, problems
from neuroalrnn.neural.checks import not_epochs, not_label
from neuroalrnn.regimes import ABSENT, trial_variable
from neuroalrnn.regimes.steps import refuse_other_trials, with_steps
from neuroalrnn.regimes.switches import compute_switches, switch_events
from neuroalrnn.stats.checks import as_numbers

if TYPE_CHECKING:
    import mne


@checked(DataError, trials=not_trials, at=optional(not_mapping), carry=not_text)
def to_annotations(
    regimes: xr.DataArray,
    trials: xr.Dataset,
    start: str | ArrayLike,
    *,
    at: Mapping[str, str | float] | None = None,
    carry: str = "session",
) -> "mne.Annotations":
    """Mark regimes and switches in a continuous recording of one session.

    Parameters
    ----------
    regimes : xarray.DataArray (trial, step) or (trial,) of int
        Regimes of all steps, -1 where a trial has no such step; functional regimes, of which a
        trial has one, are those of a step "choice".
    trials : xarray.Dataset
        The same trials, with ``event_time`` where steps are events.
    start : str or array (trial,)
        Start of each trial in s from the first sample of the recording, or the variable that holds
        it.
    at : dict of step to event or float, optional
        When steps take place: an event, or seconds from trial start. By default a step takes place
        at the event of its name.
    carry : {"session", "block", "trial"}
        Where the latent state is reset, see `compute_switches`.

    Returns
    -------
    annotations : mne.Annotations
        Marks ``regime 1`` at every step, and ``switch 0>1`` at the steps where the regime changed,
        each of duration 0, for ``raw.set_annotations(raw.annotations + annotations)``.

    Raises
    ------
    DataError
        Several sessions, or a step whose time is not known.
    """
    import mne

    regimes = with_steps(regimes)
    refuse_other_trials(regimes, trials)
    keys = [texts(trial_variable(name, regimes, trials)) for name in ("subject", "session")]
    if (n_sessions := len(set(zip(*keys, strict=True)))) > 1:
        raise DataError(f"annotations: found {n_sessions} sessions, a recording has 1: select it")
    onset = _onsets(regimes, trials, start, dict(at or {}))
    row, column = np.nonzero(regimes.values != ABSENT)
    marks = [f"regime {code}" for code in regimes.values[row, column]]
    times = onset[row, column].tolist()
    switches = switch_events(regimes, trials, carry=carry)
    labels = _steps(regimes)
    for each in switches.to_dict("records"):
        marks.append(f"switch {each['code']}>{each['code_next']}")
        times.append(onset[each["trial"], labels.index(each["step"])])
    order = np.argsort(times, kind="stable")
    return mne.Annotations(np.array(times)[order], 0.0, np.array(marks)[order])


@checked(
    DataError,
    epochs=not_epochs,
    trials=optional(not_trials),
    events=optional(not_label),
    carry=not_text,
)
def annotate_epochs(
    epochs: "mne.BaseEpochs",
    regimes: xr.DataArray,
    trials: xr.Dataset | None = None,
    *,
    events: str | int | None = None,
    carry: str = "session",
) -> "mne.BaseEpochs":
    """Add regimes and switches to the metadata of epochs, to select and average by them.

    Parameters
    ----------
    epochs : mne.Epochs
        Epochs, of which the one at position i is trial i of `regimes`.
    regimes : xarray.DataArray (trial, step) or (trial,) of int
        Regimes of all steps, -1 where a trial has no such step; functional regimes, of which a
        trial has one, are those of a step "choice".
    trials : xarray.Dataset, optional
        The same trials, for coordinates that `regimes` lacks.
    events : str or int, optional
        Step whose regimes become the events of the epochs, so that ``epochs["regime 1"]`` selects.
    carry : {"session", "block", "trial"}
        Where the latent state is reset, see `compute_switches`.

    Returns
    -------
    annotated : mne.Epochs
        Copy of the epochs with metadata columns ``regime_<step>`` (-1 where absent) and
        ``switch_<step>`` (1 where the regime differs from that of the step before, NaN where there
        is no step before). With `events`: codes 1, 2, ... named ``regime 0, regime 1, ...`` in
        ``event_id``.

    Raises
    ------
    DataError
        Not the same trials, an unknown step, or a trial without a regime at `events`.
    """
    regimes = with_steps(regimes)
    _refuse_other_epochs(epochs, regimes, trials)
    switches = compute_switches(regimes, trials, carry=carry)
    metadata = pd.DataFrame(index=np.arange(len(epochs)))
    if epochs.metadata is not None:
        metadata = epochs.metadata.reset_index(drop=True)
    for i, step in enumerate(_steps(regimes)):
        metadata[f"regime_{step}"] = regimes.values[:, i]
        metadata[f"switch_{step}"] = switches.values[:, i]
    annotated = with_metadata(epochs, metadata)
    if events is not None:
        codes = regimes.values[:, _column(regimes, events)]
        if (absent := codes == ABSENT).any():
            raise DataError(f"no regime at step {events!r} of {where(absent)}: drop these epochs")
        used, position = np.unique(codes, return_inverse=True)
        annotated.events[:, 2] = position + 1
        annotated.event_id = {f"regime {code}": i for i, code in enumerate(used.tolist(), start=1)}
    return annotated


def with_metadata(epochs: "mne.BaseEpochs", metadata: pd.DataFrame) -> "mne.BaseEpochs":
    """Give a copy of epochs other metadata.

    Parameters
    ----------
    epochs : mne.Epochs
        Epochs.
    metadata : pandas.DataFrame
        One row per epoch.

    Returns
    -------
    epochs : mne.Epochs
        The copy.
    """
    import mne

    changed = epochs.copy()
    with mne.use_log_level("warning"):
        changed.metadata = metadata
    return changed


def _steps(regimes) -> list:
    if "step" in regimes.coords:
        return regimes["step"].values.tolist()
    return list(range(regimes.sizes["step"]))


def _column(regimes, step) -> int:
    labels = _steps(regimes)
    if step not in labels:
        raise DataError(f"step {unknown(step, labels)}")
    return labels.index(step)


def _onsets(regimes, trials, start, at) -> np.ndarray:
    """Time of each step in s of the recording (trial, step)."""
    start = trial_variable(start, regimes, trials) if isinstance(start, str) else np.asarray(start)
    start = as_numbers(start, "start", "annotations")
    if start.shape != (regimes.sizes["trial"],):
        raise DataError(f"start: found shape {start.shape}, expected one time for each trial")
    known = trials["event"].values.tolist() if "event_time" in trials else []
    steps = _steps(regimes)
    found = [f"at: step {unknown(step, steps)}" for step in at if step not in steps]
    onset = np.full(regimes.shape, np.nan)
    for i, step in enumerate(steps):
        source = at.get(step, step if step in known else None)
        if source is None or (isinstance(source, str) and source not in known):
            found.append(
                f"time of step {step!r} is not known: it is no event "
                f"({', '.join(known) or 'there are none'}), pass at={{{step!r}: event or seconds}}"
            )
            continue
        time = source
        if isinstance(source, str):
            time = trials["event_time"].values[:, known.index(source)]
        onset[:, i] = start + time
        missing = ~np.isfinite(onset[:, i]) & (regimes.values[:, i] != ABSENT)
        if missing.any():
            found.append(f"step {step!r} has a regime but no time on {where(missing)}")
    if found:
        raise problems(DataError, "annotations", found)
    return onset


def _refuse_other_epochs(epochs, regimes, trials) -> None:
    found = []
    if len(epochs) != regimes.sizes["trial"]:
        found.append(
            f"{len(epochs)} epochs, regimes of {regimes.sizes['trial']} trials: select the trials "
            "that were kept (epochs.selection)"
        )
    else:
        table = epochs.metadata if epochs.metadata is not None else {}
        known = {name: np.asarray(table[name]) for name in ("subject", "session") if name in table}
        known["selection"] = np.asarray(epochs.selection)
        for name in known:
            source = regimes.coords if trials is None or name in regimes.coords else trials
            if name in source and source[name].shape == known[name].shape:
                wrong = texts(known[name]) != texts(source[name].values)
                if wrong.any():
                    found.append(f"{name!r} of epochs and regimes differs on {where(wrong)}")
    if found:
        raise problems(DataError, "epochs and regimes", found)
