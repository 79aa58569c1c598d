"""What is believed of a subject's read-out before its first choice, and how fast it drifts."""

from typing import NamedTuple

import numpy as np


class Prior(NamedTuple):
    """Normal distribution of the read-out of a new subject, and its drift.

    The read-out holds the gain, then for every row of log-odds the weights of all features, the
    first of which is the constant.

    Parameters
    ----------
    mean : array, shape (weight,)
        Mean before the first trial.
    covariance : array, shape (weight, weight)
        Covariance before the first trial.
    drift : float
        What is added to the covariance with every trial, as a share of `covariance`.
    session_drift : float
        What is added between sessions, beside the drift of the trial.
    """

    mean: np.ndarray
    covariance: np.ndarray
    drift: float = 0.0
    session_drift: float = 0.0


class Spread(NamedTuple):
    """How far subjects are from the shared model, and how fast each drifts.

    Parameters
    ----------
    gain : float
        Standard deviation over subjects of the factor on the shared log-odds.
    offset : float
        Standard deviation of the constant, in nats of log-odds.
    readout : float
        Standard deviation of what features with variance 1 add to the log-odds, in nats.
    drift : float
        See `Prior`.
    session_drift : float
        See `Prior`.
    """

    gain: float = 0.3
    offset: float = 0.3
    readout: float = 0.3
    drift: float = 1e-3
    session_drift: float = 0.0


def make_prior(spread: Spread, n_rows: int, n_features: int) -> Prior:
    """Make the prior whose weights are independent of each other.

    Parameters
    ----------
    spread : Spread
        Standard deviations of the three groups of weights, and the drift.
    n_rows : int
        Rows of log-odds: 1 for two options, else the number of options.
    n_features : int
        Number of features, the constant included.

    Returns
    -------
    Prior
        Its mean is the shared model: gain 1, all else 0.
    """
    # two options differ by two rows of more options
    share = 1.0 if n_rows == 1 else 0.5
    weight = spread.readout**2 / max(n_features - 1, 1)
    row = np.r_[spread.offset**2, np.full(n_features - 1, weight)] * share
    variance = np.r_[spread.gain**2, np.tile(row, n_rows)]
    mean = np.zeros(len(variance))
    mean[0] = 1.0
    return Prior(mean, np.diag(variance), spread.drift, spread.session_drift)
