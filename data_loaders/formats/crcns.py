"""CRCNS pfc-1: stimulus selection in rats (Rodgers & DeWeese 2014), from the release as it is."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from data_loaders.formats._found import Found, each_file, listed, readable, to_trials, told_of
from data_loaders.formats._klusters import SAMPLES_PER_SECOND, hold_of, spikes_of, with_table
from data_loaders.formats._pfc_events import TIMES, times_of_events
from data_loaders.formats._pfc_rules import (
    NEEDED,
    STIMULI,
    contradictions,
    responses,
    without_future,
)
from data_loaders.formats._spikes import with_spikes
from neuroalrnn.arguments import (
    checked,
    not_mapping,
    not_names,
    not_one_of,
    not_path,
    not_text,
    optional,
)
from neuroalrnn.data.checks import not_columns
from neuroalrnn.data.columns import inferred
from neuroalrnn.data.dialect import read_raw
from neuroalrnn.exceptions import DataError, problems

INFO, TIMINGS, NUMBERS, STAMPS, EVENTS = ("trials_info", "trial_timings", "TRIAL_NUMBERS",
                                          "TIMESTAMPS", "events")  # fmt: skip
TOLERANCE = 0.002
# rats of either kind waited longer
SHORT_HOLD = 0.05
SESSION = re.compile(r"([A-Z]+\d+[A-Z])_\d{6}(_\d+)?_behaving")
# its authors leave it out: stimuli of another task
CATCH = "CR20B_120613_001_behaving"
LABELS = ["nogo", "left", "right"]
COLUMNS = {"subject": "subject", "session": "session", "block": "run", "trial": "trial",
           "choice": "choice", "correct": "correct", "reward": "reward", "scored": "scored",
           "unscored_reason": "unscored_reason", "side": "side", "pitch": "pitch", "cue": "cue",
           "context": "context"}  # fmt: skip
REWARD = "reward is a hit on a go trial: a hit on a nogo trial delivers nothing"
ATTRS = {
    "task": "stimulus selection: go or no-go, by location or by pitch, in alternating blocks",
    "species": "rat",
    "citation": "Rodgers CC, DeWeese MR (2014). Neural correlates of task switching in prefrontal "
    "cortex and primary auditory cortex in a novel stimulus selection task for rodents. Neuron 82, "
    "1157-1170. doi:10.1016/j.neuron.2014.04.031",
    "licence": "terms of CRCNS, https://crcns.org/terms, which ask for an account and the citation",
}


@checked(
    DataError,
    path=not_path,
    columns=not_columns,
    also=not_names,
    at=optional(not_text),
    unit_table=optional(not_path),
    attrs=optional(not_mapping),
)
def load_crcns(
    path: str | Path,
    columns: Mapping[str, str],
    *,
    also: Sequence[str] = (),
    at: str | None = None,
    window: Sequence[float] | str = (-0.5, 1.0),
    dt: float = 0.05,
    unit_table: str | Path | None = None,
    **options: Any,
) -> xr.Dataset:
    """Read a session of CRCNS pfc-1, or the whole tree, as a trial dataset.

    Parameters
    ----------
    path : str or pathlib.Path
        Folder of a session, of a rat or of all.
    columns : dict of role to column
        Changes to the roles of columns; ``{}`` for none. Subject, session, block, trial, choice,
        correct, reward, what is scored, and the inputs side, pitch, cue and context have theirs.
    also : sequence of str
        Argument of `read_crcns`.
    at : {"cpoke_start", "stim_onset", "cpoke_stop", "choice_made"}, optional
        Count the spikes of a session in bins from there.
    window : pair of float or "hold"
        Seconds from there where bins start and end; "hold" is the time before the onset of the
        stimulus in which the rat had to wait, 0.05 or 0.25 s. Where 0.05 s are more than it waited
        there are no counts.
    dt : float
        Width of the bins in seconds.
    unit_table : str or pathlib.Path, optional
        CSV with the columns ``ulabel`` and, optionally, ``region`` and ``include``, as a path from
        `path` on. All units are kept: the coord ``include`` says which are listed, or marked so.
    **options : anything
        Further arguments of `neuroalrnn.from_frame`. By default there are the events cpoke_start,
        stim_onset, cpoke_stop and choice_made, in seconds from cpoke_start, where they are known.

    Returns
    -------
    trials : xarray.Dataset
        Labelled trials: choices are nogo, left and right. With `at` there is
        ``neural(trial, time, unit)`` with the coords ``unit`` (SESSION-NUMBER) and ``region``.

    Raises
    ------
    DataError
        Files contradict each other or the rules of the task; the message names all trials.
    """
    found = read_crcns(path, also=also)
    folders = found.table[["subject", "session"]].drop_duplicates()
    wrong = not_one_of("at", at, TIMES) if at is not None else []
    is_hold = isinstance(window, str) and window == "hold"
    if is_hold and at != "stim_onset":
        wrong.append("window = 'hold' is the time before the stimulus: expected at = 'stim_onset'")
    if unit_table is not None and at is None:
        wrong.append(
            "unit_table says what units are: say at which time spikes are counted, with at"
        )
    if at is not None and len(folders) > 1:
        wrong.append("units differ between sessions: name the folder of one session")
    if at is not None and options.get("keep"):
        wrong.append("keep would part trials from their spikes")
    if wrong:
        raise problems(DataError, str(path), wrong)
    if not options.get("events") and found.table["stim_onset"].notna().any():
        options |= {"events": {name: name for name in TIMES}, "trial_start": "cpoke_start"}
    if options.get("labels") is None:
        options["labels"] = LABELS
    options["attrs"] = ATTRS | dict(options.get("attrs") or {})
    trials = to_trials(found, COLUMNS | dict(columns), "crcns", options)
    if at is None:
        return trials
    (place,) = each_file(path, is_crcns, "sessions of CRCNS pfc-1")
    rat = folders["subject"].iloc[0]
    spikes, region = spikes_of(place.parent, rat)
    coords: dict[str, Any] = {"region": ("unit", list(region.values()))}
    if unit_table is not None:
        coords = with_table(Path(path) / unit_table, place.parent.name, region)
    times = found.table[at].to_numpy(dtype=float)
    bins: Any = window
    if is_hold:
        bins, waited = hold_of(rat), times - found.table["cpoke_start"].to_numpy(dtype=float)
        times = np.where(waited.round(6) > SHORT_HOLD, times, np.nan)
    trials = with_spikes(trials, spikes, times, bins, dt)
    return trials.assign_coords(coords)


@checked(DataError, path=not_path, also=not_names)
def read_crcns(path: str | Path, *, also: Sequence[str] = ()) -> Found:
    """Read the trials of a session of CRCNS pfc-1, or of the whole tree.

    Parameters
    ----------
    path : str or pathlib.Path
        Folder of a session, of a rat or of all.
    also : sequence of str
        Names of further stimuli that are no error; their side and pitch are missing.

    Returns
    -------
    Found
        One row per trial that happened. ``choice`` (nogo, left, right) follows from outcome, go
        flag and correct side; ``reward`` is a hit on a go trial. ``recorded`` tells which trials
        lie inside the recording: times (s, neural clock) are those of ``trial_timings``, or else of
        ``events``, which must agree, and missing elsewhere and on munged trials. ``rt`` is
        cpoke_stop less stim_onset, and is censored at the end of the sound, 0.25 s.

    Raises
    ------
    DataError
        Files contradict each other or the rules of the task; the message names all trials.
    """
    files = each_file(path, is_crcns, "sessions of CRCNS pfc-1")
    notes, cautions, tables, wrong, told = [REWARD], list[str](), [], list[str](), []
    if len(files) > 1:
        notes += [f"{CATCH} left out, as by its authors" for f in files if f.parent.name == CATCH]
        files = [each for each in files if each.parent.name != CATCH]
    for each in files:
        folder = each.parent
        with readable(folder, "session of CRCNS pfc-1"):
            found, more = _session(folder, also)
        wrong += [f"{folder.name}: {text}" for text in more]
        notes += [f"{folder.name}: {text}" for text in found.notes]
        cautions += [f"{folder.name}: {text}" for text in found.cautions]
        tables.append(found.table)
        told.append(told_of(path, each, len(found.table)))
    if wrong:
        raise problems(DataError, str(path), wrong)
    return Found(pd.concat(tables, ignore_index=True), notes, cautions, told)


def is_crcns(path: Path) -> bool:
    """Tell the table of trials of a session by its name and its columns.

    Parameters
    ----------
    path : pathlib.Path
        Any file.

    Returns
    -------
    bool
        Whether it is one.
    """
    if path.name != INFO:
        return False
    with path.open("rb") as file:
        return b"stim_name" in file.readline(4096)


def _session(folder, also) -> tuple[Found, list[str]]:
    match = SESSION.fullmatch(folder.name)
    table = _by_number(folder / INFO, NEEDED)
    table, notes, found = without_future(table)
    unknown = sorted(set(table["stim_name"]) - {*STIMULI, *also})
    found += [f"unknown stimuli {listed(unknown)}: name them in also to read them"] * bool(unknown)
    found += contradictions(table)
    table = responses(table)
    table["trial"], table["source_row"] = table.index, range(1, len(table) + 1)
    table["session"], table["subject"] = folder.name, match[1] if match else folder.parent.name
    times, more, cautions, wrong = _times(folder, table)
    table = table.join(times)
    return Found(table, [*notes, *more], cautions), [*found, *wrong]


def _by_number(path, needed) -> pd.DataFrame:
    """A table by trial number, which is its first column."""
    cells, _ = read_raw(path, None, ",")
    lacking = [name for name in needed if name not in cells]
    if lacking:
        raise ValueError(f"{path.name} has no column {listed(lacking)}")
    table = pd.DataFrame(
        {name: inferred(cells[name].replace("", np.nan)) for name in cells.columns}
    )
    number = pd.to_numeric(table.iloc[:, 0])
    twice = number[number.duplicated()].tolist()
    if twice or not (number.diff().dropna() > 0).all():
        raise ValueError(f"{path.name} has trial numbers twice or out of order: {listed(twice)}")
    return table.set_index(number.astype(int)).drop(columns=table.columns[0])


def _times(folder, table) -> tuple[pd.DataFrame, list[str], list[str], list[str]]:
    """Times by trial; notes, cautions and what contradicts."""
    inside, stamps = _lines(folder / NUMBERS), _lines(folder / STAMPS)
    told = times_of_events(folder / EVENTS) if (folder / EVENTS).is_file() else None
    if (folder / TIMINGS).is_file():
        timing = _by_number(folder / TIMINGS, TIMES)
        is_munged = np.zeros(len(timing), dtype=bool)
        if "is_munged" in timing:
            is_munged = _truth(timing["is_munged"])
        times = timing.loc[~is_munged, list(TIMES)].apply(pd.to_numeric)
        notes = [f"{is_munged.sum()} munged trials have no times"] if is_munged.any() else []
        found, cautions = _disagreeing(times, told), list[str]()
        lost = timing.index.difference(table.index).tolist()
        found += [f"trials of {TIMINGS} that {INFO} lacks: {listed(lost)}"] * bool(lost)
        recorded = table.index.isin(timing.index)
    else:
        known = f"times are those of {EVENTS}" if told is not None else "no times are known"
        times = told if told is not None else pd.DataFrame(columns=list(TIMES), dtype=float)
        notes, found, cautions = [], [], [f"{TIMINGS} is missing: {known}"]
        recorded = table.index.isin(inside or times.index)
    times = times.reindex(table.index)
    found += _compared(times, inside, stamps) + _disordered(times)
    times["rt"] = times["cpoke_stop"] - times["stim_onset"]
    return times.assign(recorded=recorded), notes, cautions, found


def _disagreeing(times, told) -> list[str]:
    """Texts on times that trial_timings and events tell otherwise."""
    if told is None:
        return []
    off = (times - told.reindex(times.index)).abs() > TOLERANCE
    return [
        f"{name} of {TIMINGS} and of {EVENTS} differ by over 2 ms on trials "
        f"{listed(times.index[off[name]].tolist())}"
        for name in TIMES
        if off[name].any()
    ]


def _lines(path) -> list[int]:
    if not path.is_file():
        return []
    return [int(float(each)) for each in path.read_text(encoding="utf-8").split()]


def _truth(column) -> np.ndarray:
    return column.astype(str).str.lower().isin(["true", "1", "1.0"]).to_numpy()


def _compared(times, numbers, stamps) -> list[str]:
    """Onsets of stimuli as the recording and as the table of timings have them."""
    if not numbers or not stamps:
        return []
    if len(numbers) != len(stamps):
        return [f"TRIAL_NUMBERS has {len(numbers)} lines, TIMESTAMPS {len(stamps)}"]
    recorded = pd.Series(stamps, numbers) / SAMPLES_PER_SECOND
    # the last of TRIAL_NUMBERS may be a trial that never happened
    recorded = recorded[~recorded.index.duplicated()].reindex(times.index)
    off = (recorded - times["stim_onset"]).abs() > TOLERANCE
    trials = times.index[off].tolist()
    return (
        [f"stim_onset and TIMESTAMPS differ by over 2 ms on trials {listed(trials)}"]
        if trials
        else []
    )


def _disordered(times) -> list[str]:
    step = times[list(TIMES)].to_numpy(dtype=float)
    wrong = (np.diff(step, axis=1) < 0).any(axis=1)
    trials = times.index[wrong].tolist()
    return (
        [f"{', '.join(TIMES)} are not in this order on trials {listed(trials)}"] if trials else []
    )
