"""Splits that hold out whole groups of trials: subjects, sessions, stimulus sequences."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from neuroalrnn.data.orders import connected, session_orders, stimulus_names
from neuroalrnn.data.schema import texts, validate
from neuroalrnn.exceptions import DataError, problems


class Fold(NamedTuple):
    """One cross-validation part: trial indices of training and test."""

    name: str
    train: np.ndarray
    test: np.ndarray


@dataclass(frozen=True)
class _Splitter:
    """Shared by all splitters: folds and inner folds follow from `groups`."""

    def groups(self, trials: xr.Dataset) -> np.ndarray:
        """Label of the group that each trial belongs to, shape (trial,), str."""
        return texts(trials["subject"].values).astype(str)

    def split(self, trials: xr.Dataset) -> list[Fold]:
        """Hold out every group once.

        Parameters
        ----------
        trials : xarray.Dataset

        Returns
        -------
        folds : list of Fold
            ``(name, train, test)`` with trial indices; every trial is in one test part.

        Raises
        ------
        DataError
            If there are fewer groups than needed.
        """
        validate(trials)
        groups = self.groups(trials)
        names = pd.unique(groups)
        _require(len(names), 2, self)
        return [_fold(str(name), groups == name) for name in names]

    def inner(
        self, trials: xr.Dataset, train: np.ndarray, n_splits: int
    ) -> list[tuple[np.ndarray, np.ndarray]]:
        """Split a training part again, by groups of the same kind.

        Groups, largest first, go to the part that holds fewest trials so far. A group with more
        than half of the training trials is never held out: what is left would be too little to
        stand for the fit on the whole training part.

        Parameters
        ----------
        trials : xarray.Dataset
        train : ndarray of int
            Trial indices of an outer training part.
        n_splits : int
            Number of parts, at most the number of groups that can be held out.

        Returns
        -------
        parts : list of (fit, validation)
            Trial indices into `trials`.

        Raises
        ------
        DataError
            If the training part holds fewer than 2 groups.
        """
        train = np.asarray(train)
        names, code, size = np.unique(
            self.groups(trials)[train], return_inverse=True, return_counts=True
        )
        _require(len(names), 2, self, "the training part")
        movable = np.flatnonzero(2 * size <= len(train))
        part = _balanced(size[movable], n_splits)
        parts = []
        for index in range(part.max() + 1):
            held_out = np.isin(code, movable[part == index])
            parts.append((train[~held_out], train[held_out]))
        return parts


@dataclass(frozen=True)
class LeaveOneSubjectOut(_Splitter):
    """Hold out one subject after the other."""


@dataclass(frozen=True)
class SubjectKFold(_Splitter):
    """Hold out random parts of the subjects, equal in number as far as possible."""

    n_splits: int = 5
    random_state: int = 0

    def split(self, trials: xr.Dataset) -> list[Fold]:
        """Hold out `n_splits` parts; see `LeaveOneSubjectOut.split`."""
        return _k_fold(self, trials)


@dataclass(frozen=True)
class SessionKFold(_Splitter):
    """Hold out random parts of the sessions. Other sessions of a test subject are trained on."""

    n_splits: int = 5
    random_state: int = 0

    def groups(self, trials: xr.Dataset) -> np.ndarray:
        """Label "subject/session" of each trial, shape (trial,), str."""
        pair = (texts(trials[name].values).astype(str) for name in ("subject", "session"))
        return np.array(["/".join(names) for names in zip(*pair, strict=True)])

    def split(self, trials: xr.Dataset) -> list[Fold]:
        """Hold out `n_splits` parts; see `LeaveOneSubjectOut.split`."""
        return _k_fold(self, trials)


@dataclass(frozen=True)
class StimulusSequenceOut(_Splitter):
    """Hold out together all subjects that share a stimulus sequence.

    Two subjects belong to one group if any session of one has exactly the stimuli of a session of
    the other, in the same order, directly or through further subjects. A recurrent model can
    memorise such an order from the training subjects.

    Parameters
    ----------
    stimulus : tuple of str, optional
        Variables known before the choice; default those among the inputs of ``attrs["encoding"]``.
    """

    stimulus: tuple[str, ...] | None = None

    def groups(self, trials: xr.Dataset) -> np.ndarray:
        """Label of each trial's group, named by its first subject, shape (trial,), str.

        Raises
        ------
        DataError
            If no variable known before the choice is named.
        """
        stimulus = stimulus_names(trials, self.stimulus)
        if not stimulus:
            found = ["no stimulus is known before the choice: use a split by subject or session"]
            raise problems(DataError, "StimulusSequenceOut", found)
        orders = session_orders(trials, stimulus)
        group = connected(orders["subject"].to_numpy(), orders["order"].to_numpy())
        return np.array([f"like {group[name]}" for name in texts(trials["subject"].values)])


def _fold(name: str, test: np.ndarray) -> Fold:
    return Fold(name, np.flatnonzero(~test), np.flatnonzero(test))


def _require(n_groups: int, needed: int, splitter: _Splitter, what: str = "the dataset") -> None:
    if n_groups < needed:
        text = (
            f"{what} holds {n_groups} group{'s' if n_groups != 1 else ''} to hold out, expected at "
            f"least {needed}: use fewer splits, or hold out sessions instead (SessionKFold)"
        )
        raise problems(DataError, type(splitter).__name__, [text])


def _k_fold(splitter, trials) -> list[Fold]:
    from sklearn.model_selection import KFold

    validate(trials)
    groups = splitter.groups(trials)
    names = pd.unique(groups)
    _require(len(names), max(2, splitter.n_splits), splitter)
    parts = KFold(splitter.n_splits, shuffle=True, random_state=splitter.random_state).split(names)
    return [
        _fold(f"fold {index}", np.isin(groups, names[test]))
        for index, (_, test) in enumerate(parts)
    ]


def _balanced(size: np.ndarray, n_splits: int) -> np.ndarray:
    n_splits = min(n_splits, len(size))
    load, part = np.zeros(n_splits), np.zeros(len(size), dtype=int)
    for index in np.argsort(-size, kind="stable"):
        part[index] = np.argmin(load)
        load[part[index]] += size[index]
    return part
