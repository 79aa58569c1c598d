"""What all splitters share: folds and inner folds that follow from groups of trials."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import ArrayLike

from neuroalrnn.arguments import not_whole, refuse, shown
from neuroalrnn.data.checks import not_rows
from neuroalrnn.data.inner import balance, movable_groups
from neuroalrnn.data.rows import Rows, trials_of
from neuroalrnn.data.schema import not_trials, texts, validate
from neuroalrnn.exceptions import DataError, problems


@dataclass(frozen=True, eq=False)
class Split:
    """One division of trials into a training and a test part.

    It unpacks as scikit-learn expects it: ``train, test = split``.

    Parameters
    ----------
    name : str
        Who is held out, such as a subject.
    train, test : ndarray of int
        Trial indices of the two parts.
    """

    name: str
    train: np.ndarray
    test: np.ndarray

    def __iter__(self) -> Iterator[np.ndarray]:
        """Training part, then test part."""
        return iter((self.train, self.test))


@dataclass(frozen=True)
class Splitter:
    """Base of all splitters: folds and inner folds follow from the method `groups`."""

    if_one_group: ClassVar[str] = "add subjects, or hold out sessions instead (SessionKFold)"

    def groups(self, trials: xr.Dataset) -> np.ndarray:
        """Label the group that each trial belongs to.

        Parameters
        ----------
        trials : xarray.Dataset
            Labelled trials, see `validate`.

        Returns
        -------
        groups : ndarray of str, shape (trial,)
            The subject of each trial.

        Raises
        ------
        DataError
            What was given is no trial dataset.
        """
        refuse(type(self).__name__, not_trials("trials", trials), DataError)
        return texts(trials["subject"].values).astype(str)

    def split(
        self,
        trials: xr.Dataset | Rows,
        y: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> list[Split]:
        """Hold out every group once.

        Parameters
        ----------
        trials : xarray.Dataset or Rows
            Labelled trials, see `validate`.
        y : array, optional
            What scikit-learn passes; who is held out does not depend on it.
        groups : array, shape (trial,), optional
            Labels that may not be on both sides of a split; default those that are held out. They
            are checked, and change nothing.

        Returns
        -------
        splits : list of Split
            Name, training and test part of every division. Every trial is in one test part.

        Raises
        ------
        DataError
            There are fewer groups than needed, or one of `groups` would be on both sides.
        """
        trials = validate(trials_of(trials))
        return self._checked(self._split(self.groups(trials)), groups)

    def get_n_splits(
        self,
        trials: xr.Dataset | Rows,
        y: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> int:
        """Count the splits, as scikit-learn asks for it.

        Parameters
        ----------
        trials : xarray.Dataset or Rows
            Labelled trials, see `validate`.
        y, groups : array, optional
            What scikit-learn passes, see `split`.

        Returns
        -------
        n_splits : int
            Number of groups that are held out.

        Raises
        ------
        DataError
            There are fewer groups than needed, or one of `groups` would be on both sides.
        """
        return len(self.split(trials, y, groups))

    def _split(self, own: np.ndarray) -> list[Split]:
        names = pd.unique(own)
        require_groups(len(names), 2, self)
        return [name_split(str(name), own == name) for name in names]

    def _checked(self, splits: list[Split], groups: ArrayLike | None) -> list[Split]:
        """The splits, once no group that was given is on both sides of one."""
        if groups is not None:
            labels, n_trials = np.asarray(groups), len(splits[0].train) + len(splits[0].test)
            found = _not_groups(labels, n_trials) or _on_both_sides(labels, splits)
            refuse(type(self).__name__, found, DataError)
        return splits

    def inner(
        self, trials: xr.Dataset, train: np.ndarray, n_splits: int
    ) -> list[tuple[np.ndarray, np.ndarray]]:
        """Split a training part again, by groups of the same kind.

        Groups, largest first, go to the part that holds fewest trials so far. A group with more
        than half of the training trials is held out only where fewer than two other groups could
        be. A group with more than four fifths is never held out: the rest would be too little to
        stand for the fit on the whole training part.

        Parameters
        ----------
        trials : xarray.Dataset
            Labelled trials, see `validate`.
        train : ndarray of int
            Trial indices of an outer training part.
        n_splits : int
            Number of parts, at most the number of groups that can be held out.

        Returns
        -------
        parts : list of (ndarray of int, ndarray of int)
            Trial indices to fit on and to validate on, for every part.

        Raises
        ------
        DataError
            The training part holds fewer than 2 groups.
        """
        train = self._part(trials, train, n_splits)
        names, code, size = np.unique(
            self.groups(trials)[train], return_inverse=True, return_counts=True
        )
        require_groups(len(names), 2, self, "the training part")
        movable = movable_groups(size / len(train))
        part = balance(size[movable], n_splits)
        parts = []
        for index in range(part.max() + 1):
            held_out = np.isin(code, movable[part == index])
            parts.append((train[~held_out], train[held_out]))
        return parts

    def _part(self, trials, train, n_splits):
        """The training part as an array, after the arguments of `inner` were checked."""
        found = not_trials("trials", trials) + not_whole("n_splits", n_splits, least=2)
        found += [] if found else not_rows("train", train, trials.sizes["trial"])
        refuse(type(self).__name__, found, DataError)
        return np.asarray(train)


def name_split(name: str, test: np.ndarray) -> Split:
    """Make the split that holds out some trials.

    Parameters
    ----------
    name : str
        Who is held out.
    test : ndarray of bool, shape (trial,)
        Trials of the test part.

    Returns
    -------
    split : Split
        All other trials are its training part.
    """
    return Split(name, np.flatnonzero(~test), np.flatnonzero(test))


def _not_groups(groups: np.ndarray, n_trials: int) -> list[str]:
    if groups.shape == (n_trials,):
        return []
    return [f"groups = {shown(groups)}: expected a label for each of {n_trials} trials"]


def _on_both_sides(groups: np.ndarray, splits: list[Split]) -> list[str]:
    pairs = [np.intersect1d(groups[split.train], groups[split.test]) for split in splits]
    both = np.unique(np.concatenate(pairs)).astype(str)
    if not len(both):
        return []
    names = ", ".join(both[:5]) + (", ..." if len(both) > 5 else "")
    return [f"groups: {names} would be trained on and tested; choose another splitter"]


def require_groups(
    n_groups: int, needed: int, splitter: Splitter, what: str = "the dataset"
) -> None:
    """Raise unless there are enough groups to hold out.

    Parameters
    ----------
    n_groups, needed : int
        Number of groups that there are, and that there must be.
    splitter : Splitter
        What holds them out; its name and remedy are in the message.
    what : str
        What holds the groups, for the message.

    Raises
    ------
    DataError
        There are fewer.
    """
    if n_groups < needed:
        remedy = f"give n_splits = {n_groups} or fewer" if n_groups > 1 else splitter.if_one_group
        text = (
            f"{what} holds {n_groups} group{'s' if n_groups != 1 else ''} to hold out, expected at "
            f"least {needed}: {remedy}"
        )
        raise problems(DataError, type(splitter).__name__, [text])
