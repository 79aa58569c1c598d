"""Audit of a split: overlap is refused, shared stimulus orders are found and named."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from neuroalrnn.data.orders import session_orders, stimulus_names
from neuroalrnn.data.schema import session_number
from neuroalrnn.data.split import Fold, SessionKFold, StimulusSequenceOut
from neuroalrnn.exceptions import LeakageError, LeakageWarning, problems


@dataclass(frozen=True)
class Audit:
    """What the test parts share with their training parts.

    Attributes
    ----------
    shared : pandas.DataFrame
        Columns ``fold``, ``subject`` (of the test part), ``n_sharing`` (subjects of the training
        part with an identical session stimulus sequence); one row per subject that shares any.
    stimulus : tuple of str
        Variables compared.
    note : str
        What was compared, or why nothing was.
    """

    shared: pd.DataFrame
    stimulus: tuple[str, ...]
    note: str


def audit(
    trials: xr.Dataset,
    folds: Sequence[Fold],
    stimulus: Sequence[str] | None = None,
    *,
    groups: np.ndarray | None = None,
) -> Audit:
    """Refuse folds that overlap, and find stimulus orders shared by test and training part.

    Only sequences that are identical over whole sessions are found, not parts of them. A session
    whose stimuli never change has no order, and is left out.

    Parameters
    ----------
    trials : xarray.Dataset
    folds : sequence of Fold
    stimulus : sequence of str, optional
        Variables known before the choice; default those among the inputs of ``attrs["encoding"]``.
    groups : ndarray, shape (trial,), optional
        Labels that may not occur on both sides, such as ``splitter.groups(trials)``; default the
        sessions.

    Returns
    -------
    audit : Audit

    Raises
    ------
    LeakageError
        Naming the groups found in both parts of a fold.
    DataError
        If a stimulus is unknown, or known only after the choice.

    Warns
    -----
    LeakageWarning
        If orders are shared; `StimulusSequenceOut` holds such subjects out together.
    """
    groups = SessionKFold().groups(trials) if groups is None else np.asarray(groups)
    found = [text for fold in folds for text in _overlap(fold, groups)]
    if found:
        raise problems(LeakageError, "folds overlap", found)
    names = stimulus_names(trials, stimulus)
    if not names:
        empty = pd.DataFrame(columns=["fold", "subject", "n_sharing"])
        return Audit(empty, (), "no stimulus is known before the choice: nothing to compare")
    shared = _shared_orders(session_orders(trials, names), trials, folds)
    note = f"compared whole sessions by {', '.join(names)}"
    if len(shared):
        warnings.warn(
            f"{shared['subject'].nunique()} test subjects have a stimulus sequence ({note}) that "
            "training subjects have too; a recurrent model can memorise it. "
            + _remedy(trials, names),
            LeakageWarning,
            stacklevel=2,
        )
    return Audit(shared, tuple(names), note)


def _remedy(trials: xr.Dataset, stimulus: Sequence[str]) -> str:
    splitter = StimulusSequenceOut(tuple(stimulus))
    if len(np.unique(splitter.groups(trials))) > 1:
        return "Split with StimulusSequenceOut"
    return f"Here {splitter.if_one_group}"


def _overlap(fold: Fold, groups: np.ndarray) -> list[str]:
    found = []
    same = np.intersect1d(fold.train, fold.test)
    if len(same):
        found.append(f"fold {fold.name!r}: {len(same)} trials are in both parts, first {same[0]}")
    both = np.intersect1d(groups[fold.train], groups[fold.test])
    if len(both):
        shown = ", ".join(map(str, both[:5])) + (" ..." if len(both) > 5 else "")
        found.append(f"fold {fold.name!r}: {len(both)} groups are in both parts: {shown}")
    return found


def _shared_orders(orders, trials, folds) -> pd.DataFrame:
    session = session_number(trials)
    rows = []
    for fold in folds:
        test = orders[orders["session"].isin(np.unique(session[fold.test]))]
        train = orders[orders["session"].isin(np.unique(session[fold.train]))]
        pairs = test.merge(train, on="order", suffixes=("", "_train"))
        counts = pairs.groupby("subject", sort=False)["subject_train"].nunique()
        rows += [(fold.name, name, int(count)) for name, count in counts.items()]
    return pd.DataFrame(rows, columns=["fold", "subject", "n_sharing"])
