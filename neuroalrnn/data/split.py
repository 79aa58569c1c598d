"""Splitters that hold out whole groups of trials: subjects, sessions, stimulus sequences."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import ArrayLike

from neuroalrnn.arguments import not_names, not_seed, not_whole, refuse, shown
from neuroalrnn.data.checks import not_rows
from neuroalrnn.data.inner import balance, movable_groups
from neuroalrnn.data.orders import connected, session_orders, stimulus_names
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
        _require(len(names), 2, self)
        return [_split(str(name), own == name) for name in names]

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
        _require(len(names), 2, self, "the training part")
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


@dataclass(frozen=True)
class LeaveOneSubjectOut(Splitter):
    """Hold out one subject after the other.

    Examples
    --------
    >>> import data_loaders
    >>> from neuroalrnn import LeaveOneSubjectOut
    >>> trials = data_loaders.load("miller_rats")
    >>> folds = LeaveOneSubjectOut().split(trials)
    >>> len(folds), folds[0].name
    (6, 'M055')
    """


@dataclass(frozen=True)
class _KFold(Splitter):
    """Base of the splitters that hold out random parts of the groups."""

    n_splits: int = 5
    random_state: int = 0

    def __post_init__(self):
        found = not_whole("n_splits", self.n_splits, least=2)
        refuse(type(self).__name__, found + not_seed("random_state", self.random_state))
        # plain numbers, so that numbers of numpy are saved as the same text
        for name in ("n_splits", "random_state"):
            object.__setattr__(self, name, int(getattr(self, name)))

    def get_n_splits(
        self,
        trials: xr.Dataset | Rows | None = None,
        y: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> int:
        """Count the splits, as scikit-learn asks for it.

        Parameters
        ----------
        trials, y, groups : optional
            What scikit-learn passes; the number does not depend on them.

        Returns
        -------
        n_splits : int
            Number of parts.
        """
        return self.n_splits

    def _split(self, own: np.ndarray) -> list[Split]:
        from sklearn.model_selection import KFold

        names = pd.unique(own)
        _require(len(names), self.n_splits, self)
        parts = KFold(self.n_splits, shuffle=True, random_state=self.random_state).split(names)
        return [
            _split(f"fold {index}", np.isin(own, names[test]))
            for index, (_, test) in enumerate(parts)
        ]


@dataclass(frozen=True)
class SubjectKFold(_KFold):
    """Hold out random parts of the subjects, equal in number as far as possible.

    Parameters
    ----------
    n_splits : int
        Number of parts, at least 2.
    random_state : int
        Seed of the random parts.

    Examples
    --------
    >>> import data_loaders
    >>> from neuroalrnn import SubjectKFold
    >>> folds = SubjectKFold(n_splits=4).split(data_loaders.load("pratte2010"))
    >>> [fold.name for fold in folds]
    ['fold 0', 'fold 1', 'fold 2', 'fold 3']
    """


@dataclass(frozen=True)
class SessionKFold(_KFold):
    """Hold out random parts of the sessions; other sessions of a test subject are trained on.

    Parameters
    ----------
    n_splits : int
        Number of parts, at least 2.
    random_state : int
        Seed of the random parts.

    Examples
    --------
    >>> import data_loaders
    >>> from neuroalrnn import SessionKFold
    >>> folds = SessionKFold(n_splits=3).split(data_loaders.load("miller_rats"))
    >>> len(folds)
    3
    """

    if_one_group: ClassVar[str] = "add sessions; nothing can be held out of a single one"

    def groups(self, trials: xr.Dataset) -> np.ndarray:
        """Label the session that each trial belongs to.

        Parameters
        ----------
        trials : xarray.Dataset
            Labelled trials, see `validate`.

        Returns
        -------
        groups : ndarray of str, shape (trial,)
            Labels ``"subject/session"``.

        Raises
        ------
        DataError
            What was given is no trial dataset.
        """
        refuse(type(self).__name__, not_trials("trials", trials), DataError)
        pair = (texts(trials[name].values).astype(str) for name in ("subject", "session"))
        # "a/b", "c" and "a", "b/c" are two sessions
        quoted = (np.char.replace(np.char.replace(each, "%", "%25"), "/", "%2F") for each in pair)
        return np.array(["/".join(names) for names in zip(*quoted, strict=True)])


@dataclass(frozen=True)
class StimulusSequenceOut(Splitter):
    """Hold out together all subjects that share a stimulus sequence.

    Two subjects belong to one group if a session of one has exactly the stimuli of a session of the
    other, in the same order, directly or through further subjects. A recurrent model can memorise
    such an order from the training subjects.

    Parameters
    ----------
    stimulus : tuple of str, optional
        Variables known before the choice. By default those among the inputs that
        ``attrs["encoding"]`` names.

    Examples
    --------
    >>> import data_loaders
    >>> from neuroalrnn import StimulusSequenceOut
    >>> folds = StimulusSequenceOut().split(data_loaders.load("pratte2010"))
    >>> len(folds), folds[0].name
    (6, 'like 01')
    """

    if_one_group: ClassVar[str] = (
        "all subjects are joined by orders that they share, so that none can be held out whole; "
        "hold out subjects (SubjectKFold), and claim no more than that new subjects are predicted "
        "on these orders"
    )
    stimulus: tuple[str, ...] | None = None

    def __post_init__(self):
        if self.stimulus is not None:
            refuse("StimulusSequenceOut", not_names("stimulus", self.stimulus))
            object.__setattr__(self, "stimulus", tuple(self.stimulus))

    def groups(self, trials: xr.Dataset) -> np.ndarray:
        """Label the group that each trial belongs to.

        Parameters
        ----------
        trials : xarray.Dataset
            Labelled trials, see `validate`.

        Returns
        -------
        groups : ndarray of str, shape (trial,)
            Labels such as ``"like ann"``, by the first subject of the group.

        Raises
        ------
        DataError
            No variable known before the choice is named.
        """
        refuse(type(self).__name__, not_trials("trials", trials), DataError)
        stimulus = stimulus_names(trials, self.stimulus)
        if not stimulus:
            found = ["no stimulus is known before the choice: use a split by subject or session"]
            raise problems(DataError, "StimulusSequenceOut", found)
        orders = session_orders(trials, stimulus)
        group = connected(orders["subject"].to_numpy(), orders["order"].to_numpy())
        return np.array(
            [f"like {group.get(name, name)}" for name in texts(trials["subject"].values)]
        )

    def inner(
        self, trials: xr.Dataset, train: np.ndarray, n_splits: int
    ) -> list[tuple[np.ndarray, np.ndarray]]:
        """Split a training part again, by groups of the same kind.

        Where no two groups with several subjects in all can be held out, single subjects are held
        out instead, though they share orders with others.

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
            The training part holds fewer than 2 subjects.
        """
        train = self._part(trials, train, n_splits)
        subject = trials["subject"].values
        if len(np.unique(self.groups(trials)[train])) > 1:
            parts = super().inner(trials, train, n_splits)
            if len(np.unique(subject[np.concatenate([each for _, each in parts])])) > 1:
                return parts
        return LeaveOneSubjectOut().inner(trials, train, n_splits)


def _split(name: str, test: np.ndarray) -> Split:
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


def _require(n_groups: int, needed: int, splitter: Splitter, what: str = "the dataset") -> None:
    if n_groups < needed:
        remedy = f"give n_splits = {n_groups} or fewer" if n_groups > 1 else splitter.if_one_group
        text = (
            f"{what} holds {n_groups} group{'s' if n_groups != 1 else ''} to hold out, expected at "
            f"least {needed}: {remedy}"
        )
        raise problems(DataError, type(splitter).__name__, [text])
