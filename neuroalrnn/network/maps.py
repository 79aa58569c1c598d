"""The affine map of each regime.

Inside a regime S the network is affine, ``z_{t+1} = J_S z_t + C s_{t+1} + h``, with
``J_S = diag(a) + W D_S`` and ``D_S`` 1 for linear units and PWL units that are on, else 0.
"""

import numpy as np

from neuroalrnn.exceptions import DataError
from neuroalrnn.network.run import Network

# from the unit circle, where rounding decides on which side an eigenvalue lies
ON_CIRCLE = 1e-9


def compute_slopes(network: Network, code: int) -> np.ndarray:
    """Slope of every unit's activation in one regime, the diagonal of ``D_S``.

    Parameters
    ----------
    network : Network
        Trained network.
    code : int
        Sign pattern of the PWL units, see `neuroalrnn.regimes.compute_regimes`.

    Returns
    -------
    array, shape (latent,)
        0 for PWL units that are off, else 1.

    Raises
    ------
    DataError
        The code is no sign pattern of this network.
    """
    if code != code or int(code) != code or not 0 <= code < 2**network.n_pwl:
        raise DataError(f"code: found {code}, expected 0 to {2**network.n_pwl - 1}")
    slopes = np.ones(len(network.bias))
    slopes[len(slopes) - network.n_pwl :] = (int(code) >> np.arange(network.n_pwl)) & 1
    return slopes


def compute_jacobian(network: Network, code: int) -> np.ndarray:
    """Linear map of one regime, ``J_S = diag(a) + W D_S``.

    Parameters
    ----------
    network : Network
        Trained network.
    code : int
        Sign pattern of the PWL units, see `neuroalrnn.regimes.compute_regimes`.

    Returns
    -------
    array, shape (latent, latent_in)
        ``J_S``, from the state of a step to that of the next one.

    Raises
    ------
    DataError
        The code is no sign pattern of this network.
    """
    return np.diag(network.self_slope) + network.weight * compute_slopes(network, code)


def count_unstable(jacobian: np.ndarray) -> tuple[float, int]:
    """Spectral radius of a linear map, and how many of its modes grow.

    Parameters
    ----------
    jacobian : array, shape (latent, latent_in)
        Linear map of one step.

    Returns
    -------
    radius : float
        Largest modulus of an eigenvalue.
    n_unstable : int
        Eigenvalues beyond the unit circle; those on it, as of a perfect integrator, are none.
    """
    modulus = np.abs(np.linalg.eigvals(jacobian))
    return float(modulus.max()), int((modulus > 1 + ON_CIRCLE).sum())
