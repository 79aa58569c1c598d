"""Replacement of PWL units in the network of a fold; all constants come from training subjects."""

import numpy as np

from neuroalrnn.exceptions import DataError
from neuroalrnn.mechanism.ablation.activations import (
    affine,
    choose_steps,
    fit_affine,
    identity,
    impose_regimes,
    usual_codes,
    zero,
)

REPLACEMENTS = ("identity", "zero", "clamp", "affine")


def usual_codes_of(fold):
    """See `neuroalrnn.mechanism.ablation.activations.usual_codes`; of the training part.

    Parameters
    ----------
    fold : Fold

    Returns
    -------
    int array, shape (step in trial,)
    """
    return fold.recall(
        "usual codes", lambda: usual_codes(fold.network, fold.train_latents, fold.train)
    )


def best_affine(fold, at=None):
    """Slopes and intercepts of `fit_affine`, over steps of the training part.

    Parameters
    ----------
    fold : Fold
    at : int or list of int, optional
        Steps in the trial; default all.

    Returns
    -------
    slope, intercept : array, shape (unit,)
    """
    key = None if at is None else tuple(np.atleast_1d(at))

    def compute():
        where = None if at is None else choose_steps(fold.train, at)
        return fit_affine(fold.network, fold.train_latents, where)

    return fold.recall(("best affine", key), compute)


def replace_units(fold, sequences, unit, replacement, at=None):
    """Replace the activation of PWL units, with all constants taken from training subjects.

    Parameters
    ----------
    fold : Fold
    sequences : Sequences
        That the intervention is for.
    unit : int or list of int
    replacement : {"identity", "zero", "clamp", "affine"}
        Slope 1 on both sides; slope 0 on both sides; the branch taken most often at this step of
        the trial; the best affine one over the steps that are replaced.
    at : int or list of int, optional
        Steps in the trial; default all.

    Returns
    -------
    Intervention

    Raises
    ------
    DataError
        If there is no such replacement.
    """
    network = fold.network
    where = None if at is None else choose_steps(sequences, at)
    if replacement == "identity":
        return identity(network, unit, where)
    if replacement == "zero":
        return zero(network, unit, where)
    if replacement == "clamp":
        return impose_regimes(network, usual_codes_of(fold)[sequences.step_in_trial], unit, where)
    if replacement == "affine":
        return affine(network, *best_affine(fold, at), unit, where)
    expected = ", ".join(REPLACEMENTS)
    raise DataError(f"replacement: found {replacement!r}, expected one of {expected}")
