"""Sums over sessions of what follows events, as means of subjects and their bands."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby, pairwise
from operator import itemgetter
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from neuroalrnn.exceptions import NotTestableError


@dataclass(frozen=True)
class LockedProbability:
    """Event-locked switch probability and its null band.

    Parameters
    ----------
    subjects : DataFrame
        One row per subject and lag: ``subject``, ``lag``, ``probability``, ``n_events``, and, if
        asked for, ``null_mean``, ``null_low`` and ``null_high``.
    group : DataFrame
        One row per lag, means over subjects: ``lag``, ``probability``, ``null_mean``, ``null_low``
        and ``null_high``.
    excluded : tuple of str
        Subjects of whom no session could enter.
    """

    subjects: pd.DataFrame
    group: pd.DataFrame
    excluded: tuple[str, ...] = ()


def divide(hits, count):
    """Shares of what is counted, NaN where nothing is.

    Parameters
    ----------
    hits, count : array
        Of equal shape.

    Returns
    -------
    array
    """
    return np.divide(hits, count, out=np.full(np.shape(hits), np.nan), where=count > 0)


def summarise_group(sums, lags, subject, title) -> LockedProbability:
    """Sum sessions without bands of subjects: what is drawn of many of them is added up at once."""
    names: list = []
    parts: list[dict] = []
    total, n = np.zeros(1), np.zeros(1)
    for labels, hits, count, null, drawn in sums:
        first = np.flatnonzero([True, *(a != b for a, b in pairwise(labels))])
        own = [np.add.reduceat(np.array(each), first, axis=0) for each in (hits, count)]
        whose = np.repeat(np.arange(len(first)), np.diff(first, append=len(labels)))
        weight = 1 / np.maximum(own[1], 1)
        table = np.concatenate([each * weight[k] for each, k in zip(null, whose, strict=True)])
        start = np.cumsum([0, *(len(each) for each in null[:-1])])
        at = (np.array(drawn) + start[:, None]).T
        shape, ends = (len(at), len(table)), np.arange(len(at) + 1) * at.shape[1]
        total = total + csr_array((np.ones(at.size), at.ravel(), ends), shape) @ table
        n = n + (own[1] > 0).sum(axis=0)
        parts.append({"probability": divide(*own), "n_events": own[1]})
        names += [labels[k] for k in first]
    return _as_locked(names, parts, (total, n), lags, subject, title)


def summarise(pieces: Iterable[tuple], lags, subject, title) -> LockedProbability:
    """Sum sessions, which come subject by subject; draws of one subject at a time are in memory."""
    names, n = [], 0
    parts: list[dict] = []
    total: Any = 0.0
    for name, own in groupby(pieces, itemgetter(0)):
        (_, hits, count, drawn), *others = own
        for _, more_hits, more, more_drawn in others:
            hits, count = hits + more_hits, count + more
            drawn += more_drawn
        part = {"probability": divide(hits, count), "n_events": count}
        # where nothing is counted, nothing was drawn
        drawn /= np.maximum(count, 1)
        total, n = np.add(total, drawn, out=total if parts else None), n + (count > 0)
        part |= _band(drawn if count.all() else np.where(count > 0, drawn, np.nan))
        parts.append(part)
        names.append(name)
    return _as_locked(names, parts, (total, n), lags, subject, title)


def _as_locked(names, parts, drawn, lags, subject, title) -> LockedProbability:
    """Tables of subjects and of their mean, whose draws are a sum over so many subjects."""
    if not parts:
        raise NotTestableError(f"{title}: no session has enough trials and an event")
    total, n = drawn
    each = {key: np.concatenate([part[key].ravel() for part in parts]) for key in parts[0]}
    subjects = {"subject": np.repeat(names, lags.size), "lag": np.tile(lags, len(names))}
    means = {"lag": lags, "probability": _mean(each["probability"].reshape(-1, lags.size))}
    group = pd.DataFrame(means | _band(divide(total, np.broadcast_to(n, total.shape))))
    known = set(names)
    excluded = tuple(str(s) for s in pd.unique(subject) if s not in known)
    return LockedProbability(pd.DataFrame(subjects | each), group, excluded)


def _mean(values):
    """Mean over subjects, of those that have the lag."""
    return divide(np.nansum(values, axis=0), np.isfinite(values).sum(axis=0))


def _band(null) -> dict:
    low, high = np.quantile(null, (0.025, 0.975), axis=0)
    return {"null_mean": null.mean(axis=0), "null_low": low, "null_high": high}
