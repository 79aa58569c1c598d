"""Choices from a read-out: the one likelihood of choices outside of training."""

import numpy as np
from scipy.special import expit, logsumexp, softmax


def log_probability(eta, available=None, trial=None):
    """Log-probability of every option.

    With one output, ``log p(second) = log sigmoid(eta)``; with more, ``eta_k - logsumexp(eta)``
    over the options that are available.

    Parameters
    ----------
    eta : array, shape (..., row, output)
        Read-out ``B z_t + d``: one output for two options, else one per option.
    available : bool array, shape (trial, option), optional
        What each trial of the dataset offered; default everything.
    trial : int array, shape (row,), optional
        Trial that each row belongs to; needed with `available`.

    Returns
    -------
    array, shape (..., row, option)
        Nats.

    Examples
    --------
    >>> log_probability(np.zeros((1, 1))).round(3).tolist()
    [[-0.693, -0.693]]
    """
    if eta.shape[-1] == 1:
        return -np.logaddexp(0.0, np.concatenate([eta, -eta], axis=-1))
    if available is not None:
        eta = np.where(available[trial], eta, -np.inf)
    return eta - logsumexp(eta, axis=-1, keepdims=True)


def probability(eta):
    """Probability of every option.

    Parameters
    ----------
    eta : array, shape (..., output)
        As for `log_probability`.

    Returns
    -------
    array, shape (..., option)
        Shares that sum to 1.
    """
    if eta.shape[-1] == 1:
        return expit(np.concatenate([-eta, eta], axis=-1))
    return softmax(eta, axis=-1)
