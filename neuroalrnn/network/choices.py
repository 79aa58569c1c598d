"""Choices from a read-out: the one likelihood of choices outside of training."""

import numpy as np
from scipy.special import expit, logsumexp, softmax

# log odds that are rounding: both options are as probable
TIE = np.finfo(float).eps


def log_probability(
    eta: np.ndarray, available: np.ndarray | None = None, trial: np.ndarray | None = None
) -> np.ndarray:
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
    >>> import numpy as np
    >>> log_probability(np.zeros((1, 1))).round(3).tolist()
    [[-0.693, -0.693]]
    """
    if eta.shape[-1] == 1:
        return -np.logaddexp(0.0, np.concatenate([eta, -eta], axis=-1))
    if available is not None:
        eta = np.where(available[trial], eta, -np.inf)
    return eta - logsumexp(eta, axis=-1, keepdims=True)


def score_choices(
    eta: np.ndarray,
    choice: np.ndarray,
    available: np.ndarray | None = None,
    trial: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Log-probability of the choices made, and whether they were the most probable ones.

    Parameters
    ----------
    eta : array, shape (..., row, output)
        As for `log_probability`.
    choice : int array, shape (row,)
        Position of the option that was chosen.
    available : bool array, shape (trial, option), optional
        As for `log_probability`.
    trial : int array, shape (row,), optional
        As for `log_probability`.

    Returns
    -------
    log_likelihood : array, shape (..., row)
        Nats.
    accuracy : array, shape (..., row)
        1 where the choice was the most probable option, shared among ties, else 0.
    """
    if eta.shape[-1] == 1:
        towards = np.where(choice == 1, eta[..., 0], -eta[..., 0])
        hit = np.where(np.abs(towards) <= TIE, 0.5, towards > 0)
        return -np.logaddexp(0.0, -towards), hit
    log_p = log_probability(eta, available, trial)
    index = np.broadcast_to(choice[:, None], (*log_p.shape[:-1], 1))
    is_best = log_p == log_p.max(axis=-1, keepdims=True)
    hit = np.take_along_axis(is_best, index, axis=-1)[..., 0] / is_best.sum(axis=-1)
    return np.take_along_axis(log_p, index, axis=-1)[..., 0], hit


def probability(eta: np.ndarray) -> np.ndarray:
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
