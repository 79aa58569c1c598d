"""Order of the stimuli in each session, and which subjects share one."""

import hashlib
import json
from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr

from neuroalrnn.data.schema import (
    is_after_choice,
    session_number,
    texts,
    trial_variables,
    unknown,
)
from neuroalrnn.exceptions import DataError, problems


def stimulus_names(trials: xr.Dataset, names: Sequence[str] | None) -> list[str]:
    """Variables known before the choice that are not constant; default from ``attrs["encoding"]``.

    Raises
    ------
    DataError
        If a named variable is unknown, or known only after the choice.
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
    """Subject, session number and digest of the stimulus order, one row per session with one."""
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


def connected(subject: np.ndarray, order: np.ndarray) -> "_Groups":
    """Map each subject to the first subject of its group; a shared order joins two subjects."""
    group = _Groups()
    first = {}
    for name, digest in zip(subject, order, strict=True):
        group.join(first.setdefault(digest, name), name)
    return group


class _Groups(dict):
    """Disjoint sets: maps every subject to the first subject of its group."""

    def __missing__(self, name):
        self[name] = name
        return name

    def __getitem__(self, name):
        parent = super().__getitem__(name)
        return parent if parent == name else self[parent]

    def join(self, one, other):
        one, other = self[one], self[other]
        self[other] = one
