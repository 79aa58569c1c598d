"""Splits that hold out whole groups of trials: subjects, sessions, stimulus sequences."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
import xarray as xr

from neuroalrnn.arguments import not_names, not_seed, not_whole, refuse, shown
from neuroalrnn.data.checks import not_rows
from neuroalrnn.data.orders import connected, session_orders, stimulus_names
from neuroalrnn.data.schema import not_trials, texts, validate
from neuroalrnn.exceptions import DataError, problems

# a group beyond is held out inside a training part only where there is no other way
HALF = 0.5
# what is left to fit on would stand for nothing
MOST_HELD_OUT = 0.8
# the splitter that holds out what one of scikit-learn's would be given as groups
NEAREST = {"LeaveOneGroupOut": "LeaveOneSubjectOut()", "LeaveOneOut": "LeaveOneSubjectOut()"}


@dataclass(frozen=True, eq=False)
class Split:
    """One division of trials into a training and a test part.

    It unpacks as scikit-learn expects it: ``train, test = split``.

    Attributes
    ----------
    name : str
        Who is held out, such as a subject.
    train, test : ndarray of int
        Trial indices.
    """

    name: str
    train: np.ndarray
    test: np.ndarray

    def __iter__(self):
        """Training part, then test part."""
        return iter((self.train, self.test))


@dataclass(frozen=True)
class Splitter:
    """Shared by all splitters: folds and inner folds follow from `groups`."""

    if_one_group: ClassVar[str] = "add subjects, or hold out sessions instead (SessionKFold)"

    def groups(self, trials: xr.Dataset) -> np.ndarray:
        """Label of the group that each trial belongs to, shape (trial,), str."""
        refuse(type(self).__name__, not_trials("trials", trials), DataError)
        return texts(trials["subject"].values).astype(str)

    def split(self, trials: xr.Dataset) -> list[Split]:
        """Hold out every group once.

        Parameters
        ----------
        trials : xarray.Dataset

        Returns
        -------
        splits : list of Split
            Every trial is in one test part.

        Raises
        ------
        DataError
            If there are fewer groups than needed.
        """
        validate(trials)
        groups = self.groups(trials)
        names = pd.unique(groups)
        _require(len(names), 2, self)
        return [_split(str(name), groups == name) for name in names]

    def inner(
        self, trials: xr.Dataset, train: np.ndarray, n_splits: int
    ) -> list[tuple[np.ndarray, np.ndarray]]:
        """Split a training part again, by groups of the same kind.

        Groups, largest first, go to the part that holds fewest trials so far. A group with more
        than half of the training trials is held out only where fewer than two others could be, and
        never one with more than four fifths: what is left would be too little to stand for the fit
        on the whole training part.

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
        train = self._part(trials, train, n_splits)
        names, code, size = np.unique(
            self.groups(trials)[train], return_inverse=True, return_counts=True
        )
        _require(len(names), 2, self, "the training part")
        movable = _movable(size / len(train))
        part = _balanced(size[movable], n_splits)
        parts = []
        for index in range(part.max() + 1):
            held_out = np.isin(code, movable[part == index])
            parts.append((train[~held_out], train[held_out]))
        return parts

    def _part(self, trials, train, n_splits):
        """The training part as an array, once the arguments of `inner` were looked at."""
        found = not_trials("trials", trials) + not_whole("n_splits", n_splits, least=2)
        found += [] if found else not_rows("train", train, trials.sizes["trial"])
        refuse(type(self).__name__, found, DataError)
        return np.asarray(train)


@dataclass(frozen=True)
class LeaveOneSubjectOut(Splitter):
    """Hold out one subject after the other."""


@dataclass(frozen=True)
class _KFold(Splitter):
    """Shared by those that hold out random parts of the groups."""

    n_splits: int = 5
    random_state: int = 0

    def __post_init__(self):
        found = not_whole("n_splits", self.n_splits, least=2)
        refuse(type(self).__name__, found + not_seed("random_state", self.random_state))
        # plain numbers, so that what is saved reads the same for those of numpy
        for name in ("n_splits", "random_state"):
            object.__setattr__(self, name, int(getattr(self, name)))

    def split(self, trials: xr.Dataset) -> list[Split]:
        """Hold out `n_splits` parts; see `LeaveOneSubjectOut.split`."""
        from sklearn.model_selection import KFold

        validate(trials)
        groups = self.groups(trials)
        names = pd.unique(groups)
        _require(len(names), self.n_splits, self)
        parts = KFold(self.n_splits, shuffle=True, random_state=self.random_state).split(names)
        return [
            _split(f"fold {index}", np.isin(groups, names[test]))
            for index, (_, test) in enumerate(parts)
        ]


@dataclass(frozen=True)
class SubjectKFold(_KFold):
    """Hold out random parts of the subjects, equal in number as far as possible."""


@dataclass(frozen=True)
class SessionKFold(_KFold):
    """Hold out random parts of the sessions. Other sessions of a test subject are trained on."""

    if_one_group: ClassVar[str] = "add sessions; nothing can be held out of a single one"

    def groups(self, trials: xr.Dataset) -> np.ndarray:
        """Label "subject/session" of each trial, shape (trial,), str."""
        refuse(type(self).__name__, not_trials("trials", trials), DataError)
        pair = (texts(trials[name].values).astype(str) for name in ("subject", "session"))
        # "a/b", "c" and "a", "b/c" are two sessions
        pair = (np.char.replace(np.char.replace(each, "%", "%25"), "/", "%2F") for each in pair)
        return np.array(["/".join(names) for names in zip(*pair, strict=True)])


@dataclass(frozen=True)
class StimulusSequenceOut(Splitter):
    """Hold out together all subjects that share a stimulus sequence.

    Two subjects belong to one group if any session of one has exactly the stimuli of a session of
    the other, in the same order, directly or through further subjects. A recurrent model can
    memorise such an order from the training subjects.

    Parameters
    ----------
    stimulus : tuple of str, optional
        Variables known before the choice; default those among the inputs of ``attrs["encoding"]``.
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
        """Label of each trial's group, named by its first subject, shape (trial,), str.

        Raises
        ------
        DataError
            If no variable known before the choice is named.
        """
        refuse(type(self).__name__, not_trials("trials", trials), DataError)
        stimulus = stimulus_names(trials, self.stimulus)
        if not stimulus:
            found = ["no stimulus is known before the choice: use a split by subject or session"]
            raise problems(DataError, "StimulusSequenceOut", found)
        orders = session_orders(trials, stimulus)
        group = connected(orders["subject"].to_numpy(), orders["order"].to_numpy())
        return np.array([f"like {group[name]}" for name in texts(trials["subject"].values)])

    def inner(
        self, trials: xr.Dataset, train: np.ndarray, n_splits: int
    ) -> list[tuple[np.ndarray, np.ndarray]]:
        """Split a training part again, see `LeaveOneSubjectOut.inner`.

        A training part whose orders all but one subject share has no second order to validate on:
        its subjects are then held out one from another, though they share orders.
        """
        train = self._part(trials, train, n_splits)
        subject = trials["subject"].values
        if len(np.unique(self.groups(trials)[train])) > 1:
            parts = super().inner(trials, train, n_splits)
            if len(np.unique(subject[np.concatenate([each for _, each in parts])])) > 1:
                return parts
        return LeaveOneSubjectOut().inner(trials, train, n_splits)


def as_splitter(cv, default: Splitter) -> Splitter:
    """The splitter of an argument ``cv``.

    Parameters
    ----------
    cv : splitter or None
        One of ours, or an object with the methods ``split``, ``inner`` and ``groups`` of
        `LeaveOneSubjectOut`.
    default : splitter
        Where `cv` is None.

    Returns
    -------
    splitter

    Raises
    ------
    ConfigError
        Saying what to pass in place of a class, a number, a name or a splitter of scikit-learn.
    """
    if cv is None:
        return default
    methods = [getattr(cv, name, None) for name in ("split", "inner", "groups")]
    if isinstance(cv, type) or not all(map(callable, methods)):
        refuse("cross-validation", [f"cv = {shown(cv)}: {_what_to_pass(cv)}"])
    return cv


def _what_to_pass(cv) -> str:
    kind = cv if isinstance(cv, type) else type(cv)
    ours = {each.__name__: each for each in (LeaveOneSubjectOut, *_KFold.__subclasses__())}
    ours["StimulusSequenceOut"] = StimulusSequenceOut
    if kind.__module__.startswith("sklearn."):
        return (
            "scikit-learn splits rows once, and cannot keep whole subjects or sessions out of the "
            f"inner validation; pass {_nearest(cv, kind)}"
        )
    if kind in ours.values():
        return f"pass an instance, {kind.__name__}()"
    if isinstance(cv, str) and cv.strip("() ") in ours:
        return f"pass the splitter, not its name: {cv.strip('() ')}()"
    if isinstance(cv, int) and not isinstance(cv, bool) and cv > 1:
        return f"expected a splitter; pass SubjectKFold({cv}) to hold out whole subjects"
    names = ", ".join(f"{name}()" for name in ours)
    return f"expected a splitter, one of {names}"


def _nearest(cv, kind: type) -> str:
    """Ours that holds out what one of scikit-learn's would."""
    n_splits = getattr(cv, "n_splits", None)
    several = isinstance(n_splits, int) and n_splits > 1
    return NEAREST.get(kind.__name__, f"SubjectKFold({n_splits if several else ''})")


def _split(name: str, test: np.ndarray) -> Split:
    return Split(name, np.flatnonzero(~test), np.flatnonzero(test))


def _require(n_groups: int, needed: int, splitter: Splitter, what: str = "the dataset") -> None:
    if n_groups < needed:
        remedy = f"give n_splits = {n_groups} or fewer" if n_groups > 1 else splitter.if_one_group
        text = (
            f"{what} holds {n_groups} group{'s' if n_groups != 1 else ''} to hold out, expected at "
            f"least {needed}: {remedy}"
        )
        raise problems(DataError, type(splitter).__name__, [text])


def _movable(share: np.ndarray) -> np.ndarray:
    """Groups that may be held out inside, from their shares of a training part."""
    movable = np.flatnonzero(share <= HALF)
    return movable if len(movable) > 1 else np.flatnonzero(share <= MOST_HELD_OUT)


def _balanced(size: np.ndarray, n_splits: int) -> np.ndarray:
    n_splits = min(n_splits, len(size))
    load, part = np.zeros(n_splits), np.zeros(len(size), dtype=int)
    for index in np.argsort(-size, kind="stable"):
        part[index] = np.argmin(load)
        load[part[index]] += size[index]
    return part
