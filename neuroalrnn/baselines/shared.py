"""What baselines share: fit and prediction, whole sessions, a choice inside the training part."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import wraps
from inspect import Parameter, signature
from typing import Any, Protocol, TypeVar

import numpy as np
import pandas as pd
import xarray as xr

from neuroalrnn.arguments import checked, not_callable, refuse
from neuroalrnn.baselines._checks import not_candidates, not_inner
from neuroalrnn.data.checks import check_split, not_rows
from neuroalrnn.data.level import level
from neuroalrnn.data.schema import not_trials, session_number
from neuroalrnn.exceptions import DataError, FitError, problems

Baseline = Callable[[xr.Dataset, np.ndarray, np.ndarray], np.ndarray]
Predict = Callable[[xr.Dataset, np.ndarray], np.ndarray]
Inner = Callable[[np.ndarray], Sequence[tuple[np.ndarray, np.ndarray]]]
Candidate = TypeVar("Candidate")


@dataclass
class _Model:
    """A fitted baseline that knows more than what it predicts.

    Parameters
    ----------
    predict : callable
        ``predict(trials, test)`` returns log-probabilities.
    features : callable, optional
        ``features(trials, test)`` returns what the prediction is a function of, shape (test trial,
        feature), scaled by the training part: read-outs that learn their subject weigh them.
    inside : list of tuple
        For every inner part of the training trials, if the model was chosen by them: the trials it
        was fitted to and those validated on, the log-probabilities and the features of the latter.
    states : callable, optional
        ``states(trials, test)`` returns hidden states that the prediction goes through.
    """

    predict: Predict
    features: Predict | None = None
    inside: list[tuple] = field(default_factory=list)
    states: Callable[[xr.Dataset, np.ndarray], dict[str, np.ndarray]] | None = None

    def __call__(self, trials, test):
        """Predict trials."""
        return self.predict(trials, test)


class _Fitted(Protocol):
    """A baseline that can be fitted once, and then predict often; see `from_fit`."""

    fit: Callable[..., Predict]

    def __call__(
        self, trials: xr.Dataset, train: np.ndarray, test: np.ndarray, **options: Any
    ) -> np.ndarray:
        """Fit and predict at once."""


def from_fit(title: str) -> Callable[[Callable[..., Predict]], _Fitted]:
    """Make a baseline of the function that fits it.

    ``fit(trials, train, **options)`` returns ``predict(trials, test)``, which may be called with
    trials that differ from the fitted ones in their values alone: so a model is asked what it would
    have said had an input been another one. The baseline ``f(trials, train, test, **options)`` fits
    and predicts at once, and has the function as ``f.fit``.

    Parameters
    ----------
    title : str
        Name of the model, for messages.

    Returns
    -------
    decorator : callable
        Decorator of such a function. Its docstring is that of the baseline, with ``test``.
    """

    def decorate(fit):
        @wraps(fit)
        def baseline(trials, train, test, **options):
            train, test = check_split(title, trials, train, test)
            return fit(trials, train, **options)(trials, test)

        own = signature(fit)
        trials, train, *others = own.parameters.values()
        test = Parameter("test", Parameter.POSITIONAL_OR_KEYWORD, annotation=np.ndarray)
        baseline.fit = fit
        baseline.__signature__ = own.replace(
            parameters=[trials, train, test, *others], return_annotation=np.ndarray
        )
        return baseline

    return decorate


def fit_chosen(
    fit: Callable[[xr.Dataset, np.ndarray, Candidate], Predict],
    candidates: Sequence[Candidate],
    trials: xr.Dataset,
    train: np.ndarray,
    inner: Inner | None,
) -> Predict:
    """Fit a model with the candidate that predicts best inside the training part.

    Parameters
    ----------
    fit : callable
        ``fit(trials, train, candidate)`` returns ``predict(trials, test)``, see `from_fit`.
    candidates : sequence
        What to choose from, simplest first.
    trials : xarray.Dataset
        Trials of all subjects.
    train : int array, shape (trial,)
        Positions of the scored training trials.
    inner : callable, optional
        See `choose_inside`.

    Returns
    -------
    callable
        ``predict(trials, test)`` of the fit to the whole training part. Its attribute ``inside``
        lists what the candidate chosen said of the validation trials of every inner part.
    """
    inside: list[tuple] = []

    def baseline(trials, train, test, candidate):
        model = fit(trials, train, candidate)
        said = model(trials, test)
        features = getattr(model, "features", None)
        known = features and features(trials, test)
        inside.append((candidate, (train, test, said, known)))
        return said

    chosen = choose_inside(baseline, candidates, trials, train, inner)
    model = fit(trials, train, chosen)
    own = [each for candidate, each in inside if candidate is chosen]
    return _Model(model, getattr(model, "features", None), own, getattr(model, "states", None))


def whole_sessions(trials: xr.Dataset, index: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Complete the sessions that some trials belong to.

    Parameters
    ----------
    trials : xarray.Dataset
        Trials of all subjects.
    index : int array, shape (trial,)
        Positions of some trials.

    Returns
    -------
    rows : int array, shape (row,)
        Positions of all trials of their sessions, scored or not, in dataset order.
    first : bool array, shape (row,)
        Whether a row is the first of its session.

    Raises
    ------
    DataError
        If the positions are not those of different trials.
    """
    found = not_trials("trials", trials)
    found = found or not_rows("index", index, trials.sizes["trial"])
    refuse("whole sessions", found, DataError)
    session = session_number(trials)
    rows = np.flatnonzero(np.isin(session, session[index]))
    inside = session[rows]
    return rows, np.r_[True, inside[1:] != inside[:-1]][: len(rows)]


@checked(FitError, baseline=not_callable, candidates=not_candidates, inner=not_inner)
def choose_inside(
    baseline: Callable[[xr.Dataset, np.ndarray, np.ndarray, Candidate], np.ndarray],
    candidates: Sequence[Candidate],
    trials: xr.Dataset,
    train: np.ndarray,
    inner: Inner | None,
) -> Candidate:
    """Choose, inside the training part, what a baseline cannot learn from its own likelihood.

    Every candidate is fitted and scored on the inner parts. The score is the mean held-out
    log-likelihood per trial of each subject, averaged over subjects. The candidate with the best
    score is taken, and the earlier one where two are equal.

    Parameters
    ----------
    baseline : callable
        ``baseline(trials, train, test, candidate)`` returns log-probabilities, shape
        (test trial, option).
    candidates : sequence
        What to choose from, simplest first.
    trials : xarray.Dataset
        Trials of all subjects.
    train : int array, shape (trial,)
        Positions of the scored training trials.
    inner : callable, optional
        ``inner(train)`` lists pairs (fit, validate) of positions of scored trials. No group is in
        both parts of a pair. It is needed only where there are several candidates.

    Returns
    -------
    candidate
        One of the candidates.

    Raises
    ------
    FitError
        If there are several candidates without `inner` or without parts from it, or no candidate
        gives every validation trial a finite log-likelihood.
    """
    if len(candidates) == 1:
        return candidates[0]
    parts = inner(train) if inner else []
    if not parts:
        text = f"{len(candidates)} candidates and no part to validate on: give `inner`, or one"
        raise problems(FitError, "choice inside", [text])
    choice, subject = trials["choice"].values, trials["subject"].values

    def score(candidate):
        of_parts = []
        for fit, validate in parts:
            value = level(baseline(trials, fit, validate, candidate), trials, fit, validate)
            made = value[np.arange(len(validate)), choice[validate].astype(int)]
            of_parts.append(pd.Series(made, index=subject[validate]))
        likelihood = pd.concat(of_parts)
        # NaN must lose
        finite = np.isfinite(likelihood).all()
        return likelihood.groupby(level=0).mean().mean() if finite else -np.inf

    scores = [score(each) for each in candidates]
    if not np.isfinite(scores).any():
        raise problems(FitError, "choice inside", ["no candidate predicts every validation trial"])
    return candidates[int(np.argmax(scores))]
