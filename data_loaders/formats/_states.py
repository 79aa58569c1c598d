"""Choices from the states that a state machine visited, or the events that ended one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from data_loaders.formats._found import listed
from neuroalrnn.arguments import unknown

# state machines count tenths of milliseconds
AT_ONCE = 0.00015
NONE, SEVERAL = "none of the mapped ones", "several of the mapped ones"


@dataclass(frozen=True)
class Visits:
    """What a state machine did in one trial.

    Parameters
    ----------
    states : dict of state to ndarray, shape (visit, 2)
        Start and end of each visit in seconds; no visits where it was not entered.
    events : dict of event to ndarray, shape (time,)
        Times of each event in seconds.
    """

    states: Mapping[str, np.ndarray]
    events: Mapping[str, np.ndarray]


def visits_of(pairs) -> np.ndarray:
    """Bring the times of a state into rows of start and end, without what is NaN.

    Parameters
    ----------
    pairs : array-like
        Two times, rows of two times, or nothing.

    Returns
    -------
    ndarray, shape (visit, 2)
        Times of the visits.
    """
    pairs = np.asarray(pairs, dtype=float)
    if pairs.size % 2:
        raise ValueError(f"times of a state have shape {pairs.shape}: expected rows of two")
    pairs = pairs.reshape(-1, 2)
    return pairs[~np.isnan(pairs).all(axis=1)]


def times_table(trials: Sequence[Visits]) -> pd.DataFrame:
    """List when each state was visited and each event happened, a row per trial.

    Parameters
    ----------
    trials : sequence of Visits
        All trials of a session.

    Returns
    -------
    pandas.DataFrame
        ``STATE_in``, the start of the first visit, and ``STATE_out``, the end of the last, NaN
        where a state was not visited; for each event, a list of its times.
    """
    states = dict.fromkeys(name for each in trials for name in each.states)
    events = dict.fromkeys(name for each in trials for name in each.events)
    nothing = np.empty((0, 2))
    columns = {}
    for name in states:
        visits = [each.states.get(name, nothing) for each in trials]
        columns[f"{name}_in"] = [v[0, 0] if len(v) else np.nan for v in visits]
        columns[f"{name}_out"] = [v[-1, 1] if len(v) else np.nan for v in visits]
    table = {name: pd.Series(values, dtype=float) for name, values in columns.items()}
    for name in events:
        lists = [each.events.get(name, nothing).ravel().tolist() for each in trials]
        table[name] = pd.Series(lists, dtype=object)
    return pd.DataFrame(table, index=range(len(trials)))


def mapped(
    trials: Sequence[Visits],
    labels: Mapping[str, str | Sequence[str]],
    what: str,
    ends: str | None = None,
    *,
    strict: bool = True,
) -> tuple[pd.Series, list[str]]:
    """Label each trial by the one state of a map that it visited, or the event that ended a state.

    Parameters
    ----------
    trials : sequence of Visits
        All trials of a session.
    labels : dict of label to state or list of states
        The map; of events, where `ends` is given.
    what : str
        Name of the map, for messages.
    ends : str, optional
        State whose last visit ended with the event that counts.
    strict : bool
        Whether a trial with several labels is an error; else its label is missing.

    Returns
    -------
    column : pandas.Series
        Labels; missing where a trial has none.
    notes : list of str
        Texts on trials without a label.

    Raises
    ------
    ValueError
        A name of the map is unknown, or trials have several labels.
    """
    wanted = {
        label: [names] if isinstance(names, str) else list(names) for label, names in labels.items()
    }
    _refuse_unknown(trials, wanted, what, ends)
    hits = [
        [label for label, names in wanted.items() if any(_hit(each, name, ends) for name in names)]
        for each in trials
    ]
    none = [k + 1 for k, each in enumerate(hits) if not each]
    several = [k + 1 for k, each in enumerate(hits) if len(each) > 1]
    if several and strict:
        raise ValueError(
            f"{what}: {SEVERAL} on trials {listed(several)}, expected one each: change the map, "
            "or say strict = false to read them as missing"
        )
    notes = [f"{what} is missing on trials {listed(none)}: {NONE}"] * bool(none)
    notes += [f"{what} is missing on trials {listed(several)}: {SEVERAL}"] * bool(several)
    return pd.Series([each[0] if len(each) == 1 else None for each in hits], dtype=object), notes


def _refuse_unknown(trials, wanted, what, ends) -> None:
    states = {name for each in trials for name in each.states}
    known = states if ends is None else {name for each in trials for name in each.events}
    found = [] if ends is None or ends in states else [f"ends: state {unknown(ends, states)}"]
    names = [name for names in wanted.values() for name in names]
    # an event that never happened in a session is not known to its file
    if ends is None or not known.intersection(names):
        kind = "state" if ends is None else "event"
        found += [f"{what}: {kind} {unknown(name, known)}" for name in names if name not in known]
    if found:
        raise ValueError("; ".join(found))


def _hit(trial, name, ends) -> bool:
    if ends is None:
        return len(trial.states.get(name, ())) > 0
    visits = trial.states.get(ends, ())
    times = trial.events.get(name, ())
    return bool(len(visits)) and bool((np.abs(np.asarray(times) - visits[-1][1]) < AT_ONCE).any())
