"""The points that a sequence of regimes, gone through once, maps to themselves."""

import numpy as np

from neuroalrnn.network.maps import compute_jacobian

MOST_ILL = 1e12


def solve_words(network, words, drive):
    """The point that a sequence of regimes, gone through once, maps to itself.

    Parameters
    ----------
    network : Network
    words : array, shape (word, length) of int
        Codes of regimes.
    drive : array, shape (period, latent)
        See `compute_drives`.

    Returns
    -------
    product : array, shape (word, latent, latent)
        ``J_k ... J_1``
    condition : array, shape (word,)
        Number of ``I - J_k ... J_1``, 1-norm.
    orbit : array, shape (word, length, latent)
        The point and what follows it, in the affine maps of the word; NaN above a condition number
        of 1e12.
    """
    codes, index = np.unique(words, return_inverse=True)
    maps = np.array([compute_jacobian(network, code) for code in codes])[index.reshape(words.shape)]
    n_words, length, n_latent = maps.shape[:3]
    drive = drive[np.arange(length) % len(drive)]
    product = np.broadcast_to(np.eye(n_latent), (n_words, n_latent, n_latent))
    constant = np.zeros((n_words, n_latent, 1))
    for i in range(length):
        constant = maps[:, i] @ constant + drive[i][:, None]
        product = maps[:, i] @ product
    gap = np.eye(n_latent) - product
    condition = np.linalg.cond(gap, 1)
    orbit = np.full((n_words, length, n_latent, 1), np.nan)
    solved = condition < MOST_ILL
    orbit[solved, 0] = np.linalg.solve(gap[solved], constant[solved])
    for i in range(length - 1):
        orbit[:, i + 1] = maps[:, i] @ orbit[:, i] + drive[i][:, None]
    return product, condition, orbit[..., 0]
