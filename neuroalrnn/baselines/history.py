"""Logistic regression on as many past trials as predict best."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from neuroalrnn.arguments import checked, not_names
from neuroalrnn.baselines._checks import not_inner, not_sizes
from neuroalrnn.baselines.logistic import logistic
from neuroalrnn.baselines.shared import Inner, Predict, fit_chosen, from_fit
from neuroalrnn.data.schema import not_trials
from neuroalrnn.data.terms import parse_terms
from neuroalrnn.exceptions import DataError


@checked(
    DataError,
    trials=not_trials,
    terms=not_names,
    inner=not_inner,
    n_lags=not_sizes,
)
@from_fit("history-logistic")
def history_logistic(
    trials: xr.Dataset,
    train: np.ndarray,
    *,
    terms: Sequence[str],
    inner: Inner | None,
    n_lags: Sequence[int] = (1, 2, 5, 10),
) -> Predict:
    """Predict by `logistic` with the number of lags chosen inside the training part.

    Every lagged term is repeated at lags 1 to the chosen number. Terms that differ by the same
    shift of all their lagged factors count as one.

    Parameters
    ----------
    trials : xarray.Dataset
        Trials of all subjects.
    train, test : int array, shape (trial,)
        Positions of the scored training trials, and of the trials to predict.
    terms : list of str
        Columns of the design; see `neuroalrnn.data.design`.
    inner : callable, optional
        See `choose_inside`; needed to choose between several `n_lags`.
    n_lags : sequence of int
        Candidates, smallest first.

    Returns
    -------
    array, shape (test trial, option)
        Log-probabilities (nats).

    Raises
    ------
    DataError
        If an argument cannot be used, such as a term with a variable that the dataset lacks.
    """

    def fit(trials, train, n):
        return logistic.fit(trials, train, terms=_with_lags(trials, terms, n))

    return fit_chosen(fit, n_lags, trials, train, inner)


def _with_lags(trials: xr.Dataset, terms: Sequence[str], n_lags: int) -> list[str]:
    """Repeat the lagged terms of a design at lags 1 to `n_lags`.

    The result lists the terms without a lag, then the others lag by lag: with 2 lags
    ``["word", "choice[-1]:reward[-1]"]`` becomes
    ``["word", "choice[-1]:reward[-1]", "choice[-2]:reward[-2]"]``. A factor without a lag stays as
    it is.
    """
    current: list[tuple[tuple[str, int], ...]] = []
    lagged: list[tuple[tuple[str, int], ...]] = []
    for pairs in parse_terms(trials, terms):
        nearest = min((lag for _, lag in pairs if lag), default=0)
        kind = current if nearest == 0 else lagged
        kind.append(tuple((name, lag and lag - nearest + 1) for name, lag in pairs))
    repeated = [
        tuple((name, lag and lag + more) for name, lag in pairs)
        for more in range(n_lags)
        for pairs in dict.fromkeys(lagged)
    ]
    return [":".join(map(_factor, pairs)) for pairs in [*current, *repeated]]


def _factor(pair):
    name, lag = pair
    return f"{name}[-{lag}]" if lag else name
