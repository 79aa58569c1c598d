"""Replacement of PWL units in the network of a fold; all constants come from training subjects."""

from collections.abc import Sequence

import numpy as np

from neuroalrnn.data.sequences import Sequences
from neuroalrnn.exceptions import DataError
from neuroalrnn.mechanism.ablation.activations import (
    _usual_codes,
    affine,
    choose_steps,
    fit_affine,
    identity,
    impose_regimes,
    zero,
)
from neuroalrnn.network.interventions import Intervention
from neuroalrnn.results.fold import Fold

REPLACEMENTS = ("identity", "zero", "clamp", "affine")


def best_affine(fold: Fold, at: int | Sequence[int] | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Fit an affine function to the activation of every PWL unit, on training subjects.

    Parameters
    ----------
    fold : Fold
        One fold of a fit, with its network and its subjects.
    at : int or list of int, optional
        Steps in the trial; default all.

    Returns
    -------
    slope, intercept : array, shape (unit,)
        One of each for every PWL unit, see `fit_affine`.
    """
    key = None if at is None else tuple(np.atleast_1d(at))

    def compute():
        where = None if at is None else choose_steps(fold.train, at)
        return fit_affine(fold.network, fold.train_latents, where)

    return fold.recall(("best affine", key), compute)


def replace_units(
    fold: Fold,
    sequences: Sequences,
    unit: int | Sequence[int],
    replacement: str,
    at: int | Sequence[int] | None = None,
) -> Intervention:
    """Replace the activation of PWL units, with all constants taken from training subjects.

    Parameters
    ----------
    fold : Fold
        One fold of a fit, with its network and its subjects.
    sequences : Sequences
        Trials, as encoded for the network, that the intervention is made for.
    unit : int or list of int
        Position of the PWL unit, or of several, from 0.
    replacement : {"identity", "zero", "clamp", "affine"}
        Slope 1 on both sides; slope 0 on both sides; the branch that the unit takes most often at
        this step of the trial; the affine function that fits best over the steps that are replaced.
    at : int or list of int, optional
        Steps in the trial; default all.

    Returns
    -------
    Intervention
        To be given to `neuroalrnn.network.compute_latents` or `score_trials`.

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
        return impose_regimes(network, _usual_codes_of(fold)[sequences.step_in_trial], unit, where)
    if replacement == "affine":
        return affine(network, *best_affine(fold, at), unit, where)
    expected = ", ".join(REPLACEMENTS)
    raise DataError(f"replacement: found {replacement!r}, expected one of {expected}")


def _usual_codes_of(fold):
    """Usual codes of the network of a fold on its training subjects, for each step of the trial."""
    return fold.recall(
        "usual codes", lambda: _usual_codes(fold.network, fold.train_latents, fold.train)
    )
