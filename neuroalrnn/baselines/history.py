"""Logistic regression on past trials, as far back as predicts best."""

from neuroalrnn.baselines.logistic import logistic
from neuroalrnn.baselines.shared import choose_inside
from neuroalrnn.data.terms import parse_terms


def history_logistic(trials, train, test, *, terms, inner, n_lags=(1, 2, 5, 10)):
    """`logistic` with the number of lags chosen inside.

    Parameters
    ----------
    trials : xarray.Dataset
    train, test : int arrays
        Scored training trials; trials to predict.
    terms : list of str
        Those of a history logistic; see `with_lags`.
    inner : callable
        ``inner(train) -> list of (fit, validate)``.
    n_lags : sequence of int
        Candidates, smallest first.

    Returns
    -------
    array, shape (test trial, option)
        Log-probabilities.
    """

    def baseline(trials, train, test, n):
        return logistic(trials, train, test, terms=with_lags(trials, terms, n))

    return baseline(trials, train, test, choose_inside(baseline, n_lags, trials, train, inner))


def with_lags(trials, terms, n_lags):
    """Repeat the lagged terms of a design at lags 1 to `n_lags`.

    Parameters
    ----------
    trials : xarray.Dataset
    terms : list of str
        Terms that differ by the same shift of all their lagged factors count as one.
    n_lags : int

    Returns
    -------
    list of str
        The terms without a lag, then the others lag by lag. Factors without a lag stay.

    Examples
    --------
    ``["word", "choice[-1]:reward[-1]"]`` becomes, with 2 lags,
    ``["word", "choice[-1]:reward[-1]", "choice[-2]:reward[-2]"]``.
    """
    current, lagged = [], []
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
