"""Folds of a fit as ablation sees them: a network, its training part and its held-out part."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

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
from neuroalrnn.analysis.latents import Network, chosen_network, encode_trials, latents_of_fold
from neuroalrnn.data.sequences import Sequences
from neuroalrnn.exceptions import DataError

REPLACEMENTS = ("identity", "zero", "clamp", "affine")


@dataclass(frozen=True)
class Fold:
    """The network of one fold, with the sequences it was trained on and those held out.

    Attributes
    ----------
    fit : Fit
    index : int
        Position of the fold in the fit.
    name : str
    network : Network
    train, test : Sequences
    is_test : bool array, shape (sequence,)
        Which of the encoded sequences of the fit are held out.
    known_costs : dict
        Costs on the training part that were computed already, see `train_costs`.
    """

    fit: object
    index: int
    name: str
    network: Network
    train: Sequences
    test: Sequences
    is_test: np.ndarray
    known_costs: dict = field(default_factory=dict, repr=False)
    _affine: dict = field(default_factory=dict, repr=False)

    @cached_property
    def available(self):
        """See `available_options`."""
        return available_options(self.fit)

    @cached_property
    def train_latents(self):
        """Undisturbed latents of the training part, shape (sequence, step, latent)."""
        return self._latents(~self.is_test, self.train)

    @property
    def test_latents(self):
        """Undisturbed latents of the held-out part, shape (sequence, step, latent)."""
        return self._latents(self.is_test, self.test)

    def _latents(self, where, part):
        return latents_of_fold(self.fit, self.index)[where, : part.trial.shape[1]]

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
    """
    sequences = encode_trials(fit)
    owner = fit.splits["fold"].values[sequences.trial[:, 0]]
    names = fit.parameters["fold"].values.astype(str)
    return [
        Fold(
            fit=fit,
            index=i,
            name=name,
            network=chosen_network(fit, i),
            train=sequences.take(owner != i),
            test=sequences.take(owner == i),
            is_test=owner == i,
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
