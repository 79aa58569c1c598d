"""One level for all models: what is made of their probabilities before they are scored."""

import numpy as np
from scipy.special import logsumexp

from neuroalrnn.data.offered import offered_options

# of each option, added to those chosen: none is impossible
HALF = 0.5
MOST_STEPS = 10_000


def level(log_probability, trials, train, rows):
    """Make the predictions of a model comparable with those of any other.

    The probabilities become those among the options that a trial offers; then every label that no
    training trial chose gets at least the probability that class frequency gives it. Both depend on
    the offers and the training choices alone, so that they favour no model; both leave
    probabilities that add up to 1; doing it twice changes nothing.

    Parameters
    ----------
    log_probability : array, shape (..., row, option)
    trials : xarray.Dataset
    train, rows : int arrays
        Scored training trials, and those predicted.

    Returns
    -------
    array, of the same shape
        NaN where all options offered have probability 0.
    """
    offered, counts = offered_options(trials), count_choices(trials, train)
    if offered is None:
        return raise_unseen(log_probability, counts == 0, floor_of(counts))
    among = restrict(log_probability, offered[rows])
    return raise_unseen(among, (counts == 0) & offered[rows], floor_of(counts))


def count_choices(trials, train):
    """How often each label was chosen on some scored trials, int array of shape (option,)."""
    code = trials["choice"].values[train].astype(int)
    return np.bincount(code, minlength=len(trials["choice"].attrs["labels"]))


def floor_of(counts):
    """Log-probability that class frequency gives to a label that was never chosen.

    Parameters
    ----------
    counts : int array, shape (option,)

    Returns
    -------
    float
    """
    return float(np.log(HALF / (counts.sum() + HALF * len(counts))))


def restrict(log_probability, offered):
    """Probabilities among the options offered; the others get 0.

    Parameters
    ----------
    log_probability : array, shape (..., row, option)
    offered : bool array, shape (row, option)
        Rows that offer nothing, as trials without a choice may, stay as they are.

    Returns
    -------
    array, of the same shape
        NaN where all options offered have probability 0.
    """
    hidden = offered.any(axis=-1, keepdims=True) & ~offered
    among = np.where(hidden, -np.inf, log_probability)
    with np.errstate(invalid="ignore"):
        return among - logsumexp(among, axis=-1, keepdims=True)


def raise_unseen(log_probability, unseen, floor):
    """Raise labels that were never chosen to a floor, at the expense of the others.

    Nothing can be learnt about such a label: what a model says of it comes from its prior or from
    rounding, down to log 1e-308 = -708 nats.

    Parameters
    ----------
    log_probability : array, shape (..., option)
    unseen : bool array, shape (option,) or (row, option)
    floor : float
        A log-probability, see `floor_of`.

    Returns
    -------
    array, of the same shape
    """
    if not unseen.any():
        return log_probability
    raised = np.where(unseen, np.maximum(log_probability, floor), log_probability)
    taken = np.where(unseen, np.exp(raised), 0.0).sum(axis=-1, keepdims=True)
    others = logsumexp(np.where(unseen, -np.inf, raised), axis=-1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        change = np.log1p(-taken) - others
        # where the others have nothing to give, all labels give in proportion
        shared = raised - logsumexp(raised, axis=-1, keepdims=True)
    scaled = np.where(unseen, raised, raised + change)
    return np.where(np.isfinite(change), scaled, shared)


def fit_worths(code, offered, n_options):
    """Worth of every option, by which one is chosen among those offered (Luce 1959).

    Parameters
    ----------
    code : int array, shape (trial,)
    offered : bool array, shape (trial, option), or None where all are always offered

    n_options : int

    Returns
    -------
    array, shape (option,)
        Of maximum likelihood, a half choice of each option among all added; adds up to 1. Where all
        are always offered these are the frequencies.

    References
    ----------
    Hunter (2004), Annals of Statistics 32: the iteration, which never lowers the likelihood.
    """
    counts = np.bincount(code, minlength=n_options) + HALF
    if offered is None:
        return counts / counts.sum()
    sets, times = np.unique(offered, axis=0, return_counts=True)
    sets = np.r_[sets, np.ones((1, n_options))]
    times = np.r_[times, HALF * n_options]
    worth = counts / counts.sum()
    for _ in range(MOST_STEPS):
        before, worth = worth, counts / ((times / (sets @ worth)) @ sets)
        worth = worth / worth.sum()
        if np.abs(worth - before).max() < 1e-13:
            break
    return worth
