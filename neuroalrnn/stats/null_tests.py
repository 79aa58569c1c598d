"""Tests over subjects of numbers of sessions that were corrected by a null distribution."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from neuroalrnn.arguments import not_one_of, refuse
from neuroalrnn.exceptions import DataError, NotTestableError, problems
from neuroalrnn.stats.checks import not_labels, refuse_unnamed
from neuroalrnn.stats.effects import effect_table, one_sample

UNITS = ("subject", "session")
# trials are grouped by these labels; a trial without one would belong to no group
KEYS = ("subject", "session", "condition", "block")
MOST_ENTRIES = 2**17


@dataclass(frozen=True)
class NullTest:
    """A test over subjects and the sessions behind it.

    Parameters
    ----------
    effects : DataFrame
        One row as from `t_test`, in standard deviations of the null distribution.
    sessions : DataFrame
        One row per session. ``corrected`` is its number, NaN where it cannot be tested, and
        ``reason`` says why not.
    subjects : Series
        Mean of the corrected numbers of each subject, indexed by subject.
    """

    effects: pd.DataFrame
    sessions: pd.DataFrame
    subjects: pd.Series


def shift_corrected(observed: Any, mean: Any, sd: Any) -> dict:
    """Correct a number of a session by its null distribution, ``(observed - mean) / sd``.

    Parameters
    ----------
    observed, mean, sd : float, or array (session,)
        The number, and mean and standard deviation of its null distribution.

    Returns
    -------
    row : dict
        ``observed``, ``null_mean``, ``null_sd``, ``corrected`` and an empty ``reason``.
    """
    numbers = {"observed": observed, "null_mean": mean, "null_sd": sd}
    return numbers | {"corrected": (observed - mean) / sd, "reason": ""}


def trial_table(columns: dict, title: str) -> pd.DataFrame:
    """Put columns of one entry per trial into a table.

    Parameters
    ----------
    columns : dict of str to array (trial,)
        Entries by name of the column.
    title : str
        What was looked at, for the message.

    Returns
    -------
    table : DataFrame
        One row per trial.

    Raises
    ------
    DataError
        A column is no list, columns differ in length, or a trial has no subject, session, condition
        or block.
    """
    refuse(title, [t for name in columns for t in not_labels(name, columns[name])], DataError)
    shapes = {name: np.shape(values) for name, values in columns.items()}
    if len(set(shapes.values())) != 1:
        listed = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise DataError(f"{title}: expected one entry per trial everywhere, found {listed}")
    refuse_unnamed(title, {name: columns[name] for name in KEYS if name in columns})
    return pd.DataFrame({name: np.asarray(values) for name, values in columns.items()})


def by_session(table: pd.DataFrame):
    """Group a table by subject and session.

    Parameters
    ----------
    table : DataFrame
        One row per trial.

    Returns
    -------
    groups : DataFrameGroupBy
        The groups in the order of their labels.
    """
    return table.groupby(["subject", "session"], sort=True)


def session_numbers(subject, session, *, sort: bool = True) -> np.ndarray:
    """Number the sessions of trials; labels are looked at only where they change.

    Parameters
    ----------
    subject, session : array (trial,)
        Labels, none of them missing.
    sort : bool
        Number sessions in the order of their labels, otherwise as they occur.

    Returns
    -------
    number : int array (trial,)
        From 0 on.
    """
    starts, lengths = _runs(subject, session)
    table = pd.DataFrame({"subject": subject[starts], "session": session[starts]})
    numbers = table.groupby(["subject", "session"], sort=sort).ngroup().to_numpy()
    return np.repeat(numbers, lengths)


def number_labels(labels) -> tuple[np.ndarray, np.ndarray]:
    """Number the labels of trials in their order; they are looked at only where they change.

    Parameters
    ----------
    labels : array (trial,)
        None of them missing.

    Returns
    -------
    number : int array (trial,)
        From 0 on.
    names : array (label,)
        Label of each number.
    """
    starts, lengths = _runs(labels)
    numbers, names = pd.factorize(labels[starts], sort=True)
    return np.repeat(numbers, lengths), names


def _runs(*columns):
    """Where runs of equal labels start, and how long they are."""
    changed = np.ones(len(columns[0]), dtype=bool)
    changed[1:] = np.logical_or.reduce([each[1:] != each[:-1] for each in columns])
    starts = np.flatnonzero(changed)
    return starts, np.diff(starts, append=len(changed))


def positions(codes) -> list[np.ndarray]:
    """Positions of each of some numbers, in order, by rising number.

    Parameters
    ----------
    codes : int array (row,)

    Returns
    -------
    list of int array
    """
    if not len(codes):
        return []
    order = np.argsort(codes, kind="stable")
    ends = [0, *(np.flatnonzero(np.diff(codes[order])) + 1).tolist(), len(order)]
    return [order[first:last] for first, last in pairwise(ends)]


def of_one_length(sessions, most=MOST_ENTRIES):
    """Put sessions of one length together, so that they are computed at once.

    Parameters
    ----------
    sessions : list of int array
        Positions of the trials of each session.
    most : int
        Trials that are put together; a single session may have more.

    Yields
    ------
    places : int array, shape (session,)
        Places in the list.
    rows : int array, shape (session, trial)
        Positions of their trials.
    """
    for places in positions(np.array([len(rows) for rows in sessions], dtype=int)):
        step = max(most // max(len(sessions[places[0]]), 1), 1)
        for start in range(0, len(places), step):
            own = places[start : start + step]
            yield own, np.stack([sessions[k] for k in own])


def of_sessions(table: pd.DataFrame):
    """Subject, session and positions of the rows of each session, sorted by subject and session.

    Parameters
    ----------
    table : DataFrame
        With a row or more.

    Yields
    ------
    keys : tuple
        Subject and session.
    rows : int array
    """
    columns = [table[name].to_numpy() for name in ("subject", "session")]
    for rows in positions(session_numbers(*columns)):
        yield tuple(column[rows[0]] for column in columns), rows


def over_units(rows, method, effect, unit, test, rng) -> NullTest:
    """Test shift-corrected numbers over subjects, or over the sessions of one subject.

    Parameters
    ----------
    rows : list of dict, or DataFrame
        One per session: ``subject``, ``session``, ``n_trials`` and ``reason``; where the reason is
        empty, also the numbers of `shift_corrected`.
    method, effect : str
        Names for the table.
    unit : {"subject", "session"}
        What is counted.
    test : {"t", "sign-flip"}
        Test of the mean over units.
    rng : Generator or None
        Draws the sign flips; ``default_rng(0)`` if None.

    Returns
    -------
    result : NullTest
        The test and the numbers of all sessions.

    Raises
    ------
    DataError
        The unit is unknown.
    NotTestableError
        No session can be tested, or sessions of several subjects were to be the units.
    """
    refuse(method, not_one_of("unit", unit, UNITS), DataError)
    if not len(rows):
        raise NotTestableError(f"{method}: found no trial")
    sessions = pd.DataFrame(rows)
    tested = sessions[sessions["reason"] == ""]
    if tested.empty:
        reasons = [
            f"{reason} in {len(part)} of {len(sessions)} sessions, first in subject "
            f"{part['subject'].iloc[0]}, session {part['session'].iloc[0]}"
            for reason, part in sessions.groupby("reason", sort=False)
        ]
        raise problems(NotTestableError, f"{method}: no session can be tested", reasons)
    subjects = tested.groupby("subject")["corrected"].mean()
    values = subjects if unit == "subject" else tested["corrected"]
    if unit == "session" and len(subjects) > 1:
        raise NotTestableError(
            f"sessions as units: found {len(subjects)} subjects, expected 1; use unit='subject'"
        )
    row = one_sample(values.to_numpy(), test=test, rng=rng)
    lost = [str(s) for s in dict.fromkeys(sessions["subject"]) if s not in subjects.index]
    row |= {"method": f"{method}, {row['method']}", "effect": effect, "excluded": ", ".join(lost)}
    row |= {"n_trials": int(tested["n_trials"].sum()), "scale": "null standard deviations"}
    if unit == "session":
        row |= {"n_subjects": 1, "method": row["method"].replace("subjects", "sessions")}
    row |= {"n_sessions": len(tested), "n_sessions_not_testable": len(sessions) - len(tested)}
    return NullTest(effect_table([row]), sessions, subjects)
