"""Times of trials of CRCNS pfc-1, from the states that its events say were entered and left."""

import re
from pathlib import Path

import numpy as np
import pandas as pd

from data_loaders.formats._found import listed

TIMES = ("cpoke_start", "stim_onset", "cpoke_stop", "choice_made")
START = re.compile(r"trial_(\d+)_out")


def times_of_events(path: Path) -> pd.DataFrame:
    """Read the events of a session, and tell the times of its trials.

    Trial n starts with ``trial_<n>_out`` and ends where the next one starts. In it the poke starts
    with the last ``hold_center_in`` and stops with the last ``hold_center2_out``, or else
    ``possible_short_cpoke_out``; the stimulus is the one ``play_stimulus_in``, the choice the one
    ``choosing_side_out``.

    Parameters
    ----------
    path : pathlib.Path
        The file ``events``: name and time (s) of one event in each line, a tab between.

    Returns
    -------
    pandas.DataFrame
        ``cpoke_start``, ``stim_onset``, ``cpoke_stop`` and ``choice_made`` by number of trial, in
        s of the neural clock; NaN where there is none, or several of which one is expected.

    Raises
    ------
    ValueError
        A line is no event, or two trials have one number.
    """
    events = _events(path).sort_values("time", kind="stable", ignore_index=True)
    number = events["name"].str.extract(f"^{START.pattern}$")[0].dropna().astype(int)
    twice = number[number.duplicated()].tolist()
    if twice:
        raise ValueError(f"{path.name}: trial_N_out is there more than once for {listed(twice)}")
    place = np.searchsorted(number.index, events.index, side="right") - 1
    inside = events.assign(place=place)[place >= 0]
    state = {name: each.groupby("place")["time"] for name, each in inside.groupby("name")}
    stop = _last(state, "hold_center2_out").reindex(range(len(number)))
    times = {
        "cpoke_start": _last(state, "hold_center_in"),
        "stim_onset": _one(state, "play_stimulus_in"),
        "cpoke_stop": stop.fillna(_last(state, "possible_short_cpoke_out")),
        "choice_made": _one(state, "choosing_side_out"),
    }
    table = pd.DataFrame({name: each.reindex(stop.index) for name, each in times.items()})
    return table.set_axis(number.to_numpy()).sort_index()


def _events(path) -> pd.DataFrame:
    names, times = list[str](), list[float]()
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        name, _, time = line.partition("\t")
        try:
            times += [float(time)] if line.strip() else []
        except ValueError:
            raise ValueError(f"{path.name}: line {number} is no event: {line[:40]!r}") from None
        names += [name.strip()] if line.strip() else []
    return pd.DataFrame(
        {"name": pd.Series(names, dtype=str), "time": pd.Series(times, dtype=float)}
    )


def _last(state, name) -> pd.Series:
    return state[name].last() if name in state else pd.Series(dtype=float)


def _one(state, name) -> pd.Series:
    """Times of a state that a trial has once."""
    return state[name].last()[state[name].size() == 1] if name in state else pd.Series(dtype=float)
