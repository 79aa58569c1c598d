"""Folds of a fit as ablation sees them: a network, its training part and its held-out part."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import xarray as xr

from neuroalrnn.analysis.ablation.activations import (
    affine,
    choose_steps,
    fit_affine,
    identity,
    impose_regimes,
    usual_codes,
    zero,
)
from neuroalrnn.analysis.ablation.scores import available_options
from neuroalrnn.analysis.latents import Network, chosen_network, compute_latents, encode_trials
from neuroalrnn.data.sequences import Sequences
from neuroalrnn.exceptions import DataError

REPLACEMENTS = ("identity", "zero", "clamp", "affine")


@dataclass(frozen=True)
class Fold:
    """The network of one fold, with the sequences it was trained on and those held out.

    Attributes
    ----------
    name : str
    network : Network
    train, test : Sequences
    trials : xarray.Dataset
        All trials of the fit.
    available : bool array, shape (trial, option), or None
        See `available_options`.
    """

    name: str
    network: Network
    train: Sequences
    test: Sequences
    trials: xr.Dataset
    available: np.ndarray | None = None
    _affine: dict = field(default_factory=dict, repr=False)

    @cached_property
    def train_latents(self):
        """Undisturbed latents of the training part, shape (sequence, step, latent)."""
        return compute_latents(self.network, self.train)

    @cached_property
    def usual_codes(self):
        """See `neuroalrnn.analysis.ablation.activations.usual_codes`; of the training part."""
        return usual_codes(self.network, self.train_latents, self.train)

    def best_affine(self, at=None):
        """Slopes and intercepts of `fit_affine`, over steps of the training part."""
        key = None if at is None else tuple(np.atleast_1d(at))
        if key not in self._affine:
            where = None if at is None else choose_steps(self.train, at)
            self._affine[key] = fit_affine(self.network, self.train_latents, where)
        return self._affine[key]


def folds_of(fit):
    """Folds of a fit, each with the network chosen in it.

    Parameters
    ----------
    fit : Fit

    Returns
    -------
    list of Fold

    Raises
    ------
    NotTestableError
        If the fit explains more than choices.
    """
    available = available_options(fit)
    sequences = encode_trials(fit)
    owner = fit.splits["fold"].values[sequences.trial[:, 0]]
    names = fit.parameters["fold"].values.astype(str)
    return [
        Fold(
            name=name,
            network=chosen_network(fit, i),
            train=sequences.take(owner != i),
            test=sequences.take(owner == i),
            trials=fit.trials,
            available=available,
        )
        for i, name in enumerate(names)
    ]


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
        return impose_regimes(network, fold.usual_codes[sequences.step_in_trial], unit, where)
    if replacement == "affine":
        return affine(network, *fold.best_affine(at), unit, where)
    expected = ", ".join(REPLACEMENTS)
    raise DataError(f"replacement: found {replacement!r}, expected one of {expected}")
