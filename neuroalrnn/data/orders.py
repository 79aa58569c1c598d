"""Order of the stimuli in each session, and which subjects share one."""

import hashlib
import json
from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr
from scipy.cluster.hierarchy import DisjointSet

from neuroalrnn.data.schema import (
    is_after_choice,
    session_number,
    texts,
    trial_variables,
    unknown,
)
from neuroalrnn.exceptions import DataError, problems


def stimulus_names(trials: xr.Dataset, names: Sequence[str] | None) -> list[str]:
    """List the variables known before the choice that are not constant.

    Parameters
    ----------
    trials : xarray.Dataset
        Labelled trials.
    names : sequence of str or None
        Variables; by default the inputs that ``attrs["encoding"]`` names.

    Returns
    -------
    names : list of str
        Variables that change.

    Raises
    ------
    DataError
        A variable is unknown, or known only after the choice.
    """
    if names is None:
        inputs = list(json.loads(trials.attrs.get("encoding", "{}")).get("inputs", ()))
        # an input that does not exist is named below, together with all others
        names = [n for n in inputs if n not in trials or not is_after_choice(trials, n)]
    known = trial_variables(trials)
    found = [f"stimulus {unknown(name, known)}" for name in names if name not in known]
    found += [
        f"stimulus {name!r} is known only after the choice, so it is no stimulus of the trial"
        for name in names
        if name in known and is_after_choice(trials, name)
    ]
    if found:
        raise problems(DataError, "stimulus sequences", found)
    return [name for name in names if trials[name].to_series().nunique(dropna=False) > 1]


def session_orders(trials: xr.Dataset, stimulus: Sequence[str]) -> pd.DataFrame:
    """List the stimulus order of every session that has one.

    Parameters
    ----------
    trials : xarray.Dataset
        Labelled trials.
    stimulus : sequence of str
        Variables of the stimulus.

    Returns
    -------
    orders : pandas.DataFrame
        ``subject``, ``session`` (number) and ``order`` (a checksum that is equal for equal orders).
    """
    values = np.stack([trials[name].values.astype(float) for name in stimulus], axis=1)
    values = np.where(np.isnan(values), np.inf, values + 0.0)  # NaN and -0.0 compare by their bytes
    session, subject = session_number(trials), texts(trials["subject"].values)
    starts = np.flatnonzero(np.r_[True, session[1:] != session[:-1]])
    rows = []
    for start, stop in zip(starts, np.r_[starts[1:], len(session)], strict=True):
        piece = values[start:stop]
        if (piece != piece[0]).any():
            digest = hashlib.sha256(np.ascontiguousarray(piece).tobytes()).hexdigest()
            rows.append((subject[start], session[start], digest))
    return pd.DataFrame(rows, columns=["subject", "session", "order"])


def connected(subject: np.ndarray, order: np.ndarray) -> dict[str, str]:
    """Map each subject to the first subject of its group; a shared order joins two subjects.

    Parameters
    ----------
    subject, order : ndarray, shape (session,)
        Subject and stimulus order of every session.

    Returns
    -------
    group : dict of str to str
        First subject of the group, by subject.
    """
    groups = DisjointSet([("subject", name) for name in subject])
    for name, digest in zip(subject, order, strict=True):
        groups.add(("order", digest))
        groups.merge(("subject", name), ("order", digest))
    first: dict = {}
    return {
        name: first.setdefault(groups[("subject", name)], name) for name in dict.fromkeys(subject)
    }
