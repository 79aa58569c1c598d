"""Audit of splits: overlap is refused, and stimulus orders that both parts share are named."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from neuroalrnn.arguments import not_names, refuse, shown
from neuroalrnn.data.checks import not_rows
from neuroalrnn.data.orders import session_orders, stimulus_names
from neuroalrnn.data.schema import not_trials, session_number
from neuroalrnn.data.split import SessionKFold, Split, StimulusSequenceOut
from neuroalrnn.exceptions import DataError, LeakageError, LeakageWarning, problems

PARTS = ("train", "test")


@dataclass(frozen=True)
class Audit:
    """What the test parts share with their training parts.

    Parameters
    ----------
    shared : pandas.DataFrame
        One row per test subject who shares a stimulus sequence: ``fold``, ``subject`` and
        ``n_sharing`` (subjects of the training part who had the same sequence in a session).
    stimulus : tuple of str
        Variables that were compared.
    note : str
        What was compared, or why nothing was compared.
    """

    shared: pd.DataFrame
    stimulus: tuple[str, ...]
    note: str


def audit(
    trials: xr.Dataset,
    folds: Sequence[Split],
    stimulus: Sequence[str] | None = None,
    *,
    groups: np.ndarray | None = None,
) -> Audit:
    """Refuse splits that overlap, and find stimulus orders shared by test and training part.

    Two orders are the same only if whole sessions are identical. A session whose stimuli never
    change has no order, and is left out.

    Parameters
    ----------
    trials : xarray.Dataset
        Labelled trials, see `validate`.
    folds : sequence of Split
        Training and test trials of every fold, from the method ``split`` of a splitter.
    stimulus : sequence of str, optional
        Variables known before the choice. By default those among the inputs that
        ``attrs["encoding"]`` names.
    groups : ndarray, shape (trial,), optional
        Labels that may not occur in both parts, such as ``splitter.groups(trials)``. By default
        the sessions.

    Returns
    -------
    audit : Audit
        The orders that are shared.

    Raises
    ------
    LeakageError
        A group is in both parts of a fold; the message names it.
    DataError
        A stimulus is unknown, or known only after the choice.

    Warns
    -----
    LeakageWarning
        Orders are shared. `StimulusSequenceOut` holds out together the subjects who share them.

    Examples
    --------
    >>> import data_loaders
    >>> from neuroalrnn import StimulusSequenceOut, audit
    >>> trials = data_loaders.load("pratte2010")
    >>> folds = StimulusSequenceOut().split(trials)
    >>> len(audit(trials, folds).shared)
    0
    """
    _check(trials, folds, stimulus, groups)
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


def _check(trials, folds, stimulus, groups) -> None:
    found = not_trials("trials", trials)
    found += [] if stimulus is None else not_names("stimulus", stimulus)
    if not isinstance(folds, Sequence) or not all(isinstance(fold, Split) for fold in folds):
        found.append(f"folds = {shown(folds)}: expected a list of Split, as from a splitter")
    n_trials = 0 if found else trials.sizes["trial"]
    if not found:
        parts = [(f"{fold.name}: {part}", getattr(fold, part)) for fold in folds for part in PARTS]
        found += [text for name, part in parts for text in not_rows(name, part, n_trials)]
    if groups is not None and not found and np.shape(groups) != (n_trials,):
        found.append(f"groups = {shown(groups)}: expected an array with a label for every trial")
    refuse("audit", found, DataError)


def _remedy(trials: xr.Dataset, stimulus: Sequence[str]) -> str:
    splitter = StimulusSequenceOut(tuple(stimulus))
    if len(np.unique(splitter.groups(trials))) > 1:
        return "Split with StimulusSequenceOut"
    return f"Here {splitter.if_one_group}"


def _overlap(fold: Split, groups: np.ndarray) -> list[str]:
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
