"""Interventions on states: a mode taken out, latents reset, a disturbance added.

All are definitions of this package. The state is changed at the chosen steps before it is read out
and passed on: ``z_t <- Q z_t + v_t``. `at` is a bool array, broadcastable to (sequence, step); by
default all steps and ``z_0``.
"""

import numpy as np

from neuroalrnn.exceptions import DataError
from neuroalrnn.network.interventions import Intervention
from neuroalrnn.stats.checks import as_numbers


def remove_mode(
    right: np.ndarray,
    left: np.ndarray,
    at: np.ndarray | None = None,
    centre: np.ndarray | None = None,
) -> Intervention:
    """Take eigenmodes out of the state, ``z <- z - r l' (z - c)``.

    Parameters
    ----------
    right, left : array, shape (latent,) or (latent, mode)
        Right and left eigenvectors (``l' J = lambda l'``, no conjugate), of any scale. Of a
        complex mode, both of the pair.
    at : bool array, optional
        Steps at which the state is changed; default all of them and ``z_0``.
    centre : array, shape (latent,), optional
        Where the modes are 0, such as a fixed point; default the origin.

    Returns
    -------
    Intervention
        To be given to `neuroalrnn.network.compute_latents` or `score_trials`.

    Raises
    ------
    DataError
        If one of a complex pair is missing, left and right vectors do not fit, or ``l' r`` has no
        inverse, as of a defective eigenvalue.
    """
    right, left = (np.asarray(v).reshape(len(v), -1) for v in (right, left))
    origin = () if centre is None else np.shape(centre)
    fits = right.shape == left.shape and (centre is None or origin == right.shape[:1])
    if not fits or not (np.isfinite(right).all() and np.isfinite(left).all()):
        raise DataError(
            f"remove_mode: found shapes {right.shape}, {left.shape} and centre {origin}, "
            "expected finite (latent, mode) twice and (latent,)"
        )
    size = np.linalg.norm(right) * np.linalg.norm(left)
    if not np.linalg.svd(left.T @ right, compute_uv=False)[-1] > 1e-12 * size:
        raise DataError("remove_mode: left and right vectors are orthogonal, so no scale fits them")
    projector = right @ np.linalg.solve(left.T @ right, left.T)
    if np.abs(projector.imag).max() > 1e-8 * np.abs(projector).max():
        raise DataError("remove_mode: a complex mode needs both eigenvectors of its pair")
    projector = projector.real
    value = np.zeros(len(right)) if centre is None else projector @ centre
    name = f"removal of {right.shape[1]} mode(s)"
    return _moved(name, np.eye(len(right)) - projector, value, at)


def reset(
    values: np.ndarray, at: np.ndarray | None = None, keep: np.ndarray | None = None
) -> Intervention:
    """Set the state to given values, or only what lies outside a subspace.

    Parameters
    ----------
    values : array, shape (latent,), or broadcastable to (sequence, step, latent)
        What the state is set to, in the units of the latents.
    at : bool array, optional
        Steps at which the state is changed; default all of them and ``z_0``.
    keep : array, shape (latent, direction) or projector (latent, latent), optional
        Directions whose span is left alone, by orthogonal projection; an oblique projector that is
        given as such, ``K K = K``, is used as it is.

    Returns
    -------
    Intervention
        To be given to `neuroalrnn.network.compute_latents` or `score_trials`.

    Raises
    ------
    DataError
        No finite values, or directions of another size.
    """
    values = _finite(values, "reset")
    n_latent = values.shape[-1]
    kept = (
        np.zeros((n_latent, n_latent))
        if keep is None
        else _projector(_finite(keep, "keep"), n_latent)
    )
    value = values @ (np.eye(n_latent) - kept).T
    return _moved("reset", kept, value, at)


def disturb(values: np.ndarray, at: np.ndarray | None = None) -> Intervention:
    """Add given values to the state.

    Parameters
    ----------
    values : array, shape (latent,), or broadcastable to (sequence, step, latent)
        What is added to the state, in the units of the latents.
    at : bool array, optional
        Steps at which the state is changed; default all of them and ``z_0``.

    Returns
    -------
    Intervention
        To be given to `neuroalrnn.network.compute_latents` or `score_trials`.
    """
    values = _finite(values, "disturbance")
    return _moved("disturbance", np.eye(values.shape[-1]), values, at)


def _finite(values, name):
    values = as_numbers(values, name, "intervention")
    if not values.ndim or not np.isfinite(values).all():
        raise DataError(f"{name}: found {values}, expected finite values (..., latent)")
    return values


def _projector(keep, n_latent):
    keep = keep[:, None] if keep.ndim == 1 else keep
    if keep.ndim != 2 or len(keep) != n_latent:
        raise DataError(f"keep: found shape {keep.shape}, expected ({n_latent}, direction)")
    if keep.shape[0] == keep.shape[1] and np.allclose(keep @ keep, keep, atol=1e-8):
        return keep
    basis, size, _ = np.linalg.svd(keep, full_matrices=False)
    basis = basis[:, size > 1e-10 * size.max(initial=0)]
    return basis @ basis.T


def _moved(name, matrix, value, at):
    value = value if value.ndim == 3 else value.reshape(1, 1, -1)
    moved = np.ones((1, 1), dtype=bool) if at is None else np.atleast_2d(at)
    return Intervention(name, matrix=matrix, value=value, moved=moved, moved_at_start=at is None)
