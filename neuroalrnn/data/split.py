"""Splitters that hold out whole groups of trials: subjects, sessions, stimulus sequences."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import ArrayLike

from neuroalrnn.arguments import not_names, not_seed, not_whole, refuse
from neuroalrnn.data.orders import connected, session_orders, stimulus_names
from neuroalrnn.data.rows import Rows
from neuroalrnn.data.schema import not_trials, texts
from neuroalrnn.data.splitter import Split, Splitter, name_split, require_groups
from neuroalrnn.exceptions import DataError, problems


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
        require_groups(len(names), self.n_splits, self)
        parts = KFold(self.n_splits, shuffle=True, random_state=self.random_state).split(names)
        return [
            name_split(f"fold {index}", np.isin(own, names[test]))
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

    if_one_group: ClassVar[str] = (
        "add sessions, three at least, as one is held out and another one inside what is left; or "
        "name a column of stretches, such as blocks or runs, as session, if the state may start "
        "anew in each"
    )

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
