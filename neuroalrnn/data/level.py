"""Make the predictions of all models comparable before they are scored."""

import numpy as np
import xarray as xr
from scipy.special import logsumexp

from neuroalrnn.data.offered import offered_options

# pseudo-count added to each option, so that none gets probability 0
HALF = 0.5


def level(
    log_probability: np.ndarray, trials: xr.Dataset, train: np.ndarray, rows: np.ndarray
) -> np.ndarray:
    """Make the predictions of a model comparable with those of any other.

    First, options that a trial does not offer get probability 0, and the others are rescaled. Then
    every label that no training trial chose gets at least the probability that class frequency
    gives it. Both depend only on the offers and on the training choices, so they favour no model.
    Probabilities add up to 1 afterwards, and doing it twice changes nothing.

    Parameters
    ----------
    log_probability : array, shape (..., row, option)
        Predictions of a model (nats).
    trials : xarray.Dataset
        Trials of all subjects.
    train, rows : int array, shape (trial,) and (row,)
        Positions of the scored training trials, and of the predicted trials.

    Returns
    -------
    array, shape (..., row, option)
        Log-probabilities (nats); NaN where all options offered have probability 0.
    """
    offered = offered_options(trials)
    among = None if offered is None else offered[rows]
    return level_counted(log_probability, count_choices(trials, train), among)


def level_counted(
    log_probability: np.ndarray, counts: np.ndarray, offered: np.ndarray | None = None
) -> np.ndarray:
    """Do the same as `level`, given counts and offered options instead of trials.

    Parameters
    ----------
    log_probability : array, shape (..., row, option)
        Predictions of a model (nats).
    counts : int array, shape (option,)
        Number of scored training choices of each label.
    offered : bool array, shape (row, option), optional
        Options among which each choice is made; default all.

    Returns
    -------
    array, shape (..., row, option)
        Log-probabilities (nats).
    """
    if offered is None:
        return _raise_unseen(log_probability, counts == 0, floor_of(counts))
    among = _restrict(log_probability, offered)
    return _raise_unseen(among, (counts == 0) & offered, floor_of(counts))


def count_choices(trials: xr.Dataset, train: np.ndarray) -> np.ndarray:
    """Count how often each label was chosen.

    Parameters
    ----------
    trials : xarray.Dataset
        Trials of all subjects.
    train : int array, shape (trial,)
        Positions of the scored trials to count.

    Returns
    -------
    int array, shape (option,)
        Number of choices of each label.
    """
    code = trials["choice"].values[train].astype(int)
    return np.bincount(code, minlength=len(trials["choice"].attrs["labels"]))


def floor_of(counts: np.ndarray) -> float:
    """Compute the log-probability that class frequency gives to a label that was never chosen.

    Parameters
    ----------
    counts : int array, shape (option,)
        Number of training choices of each label.

    Returns
    -------
    float
        Log-probability (nats).
    """
    return float(np.log(HALF / (counts.sum() + HALF * len(counts))))


def _restrict(log_probability, offered):
    """Give probability 0 to options that a row does not offer, and scale up the others.

    Rows that offer nothing, as trials without a choice may, stay as they are. The result is NaN
    where all options offered have probability 0.
    """
    hidden = offered.any(axis=-1, keepdims=True) & ~offered
    among = np.where(hidden, -np.inf, log_probability)
    with np.errstate(invalid="ignore"):
        return among - logsumexp(among, axis=-1, keepdims=True)


def _raise_unseen(log_probability, unseen, floor):
    """Raise labels that were never chosen to a floor, at the expense of the other labels.

    No model can learn anything about such a label: the probability that it gives comes from its
    prior or from rounding, down to log 1e-308 = -708 nats.
    """
    if not unseen.any():
        return log_probability
    raised = np.where(unseen, np.maximum(log_probability, floor), log_probability)
    taken = np.where(unseen, np.exp(raised), 0.0).sum(axis=-1, keepdims=True)
    others = logsumexp(np.where(unseen, -np.inf, raised), axis=-1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        change = np.log1p(-taken) - others
        # where the other labels have no probability to give, all labels give in proportion
        shared = raised - logsumexp(raised, axis=-1, keepdims=True)
    scaled = np.where(unseen, raised, raised + change)
    return np.where(np.isfinite(change), scaled, shared)
