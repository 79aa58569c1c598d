"""Eigenvalues of a linear map with right and left eigenvectors that belong together."""

import numpy as np
import scipy.linalg
from scipy.sparse.csgraph import connected_components

SAME_EIGENVALUE = 1e-7


def decompose(jacobian: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Eigenvalues with right and left eigenvectors, ``|r| = 1`` and ``l' r = 1``.

    Modes of one eigenvalue that occurs several times share their space: the l' of one is orthogonal
    to the r of the others.

    Parameters
    ----------
    jacobian : array, shape (latent, latent)
        Linear map of one step, such as from `compute_jacobian`.

    Returns
    -------
    values : complex array, shape (mode,)
        By falling modulus.
    right : array, shape (latent, mode)
        Columns r, each of length 1.
    left : array, shape (mode, latent)
        Rows l'; NaN where the eigenvalue is defective.
    """
    values, left, right = scipy.linalg.eig(jacobian, left=True, right=True)
    order = np.argsort(-np.abs(values), kind="stable")
    values, left, right = values[order], left[:, order], right[:, order]
    scale = max(np.abs(values).max(initial=0), np.linalg.norm(jacobian, 2), np.finfo(float).tiny)
    rows = np.full(left.T.shape, np.nan, dtype=complex)
    for same in _clusters(np.abs(values[:, None] - values) <= SAME_EIGENVALUE * scale):
        overlap = left[:, same].conj().T @ right[:, same]
        if np.linalg.svd(overlap, compute_uv=False)[-1] > SAME_EIGENVALUE:
            rows[same] = np.linalg.solve(overlap, left[:, same].conj().T)
    return values, right, rows


def _clusters(near):
    """Groups of positions that are linked to each other."""
    _, label = connected_components(near, directed=False)
    return [np.flatnonzero(label == each) for each in range(label.max() + 1)]
