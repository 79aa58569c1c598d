"""A fold of a fit: the network chosen in it, whom it was trained on, and who was held out."""

from collections.abc import Callable, Hashable
from copy import copy
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import xarray as xr

from neuroalrnn.data.sequences import Sequences
from neuroalrnn.exceptions import DataError, NotTestableError, problems
from neuroalrnn.network.codes import compute_regimes
from neuroalrnn.network.run import Network, compute_latents, compute_latents_together

# bytes of latents that a fit keeps, over all of its folds
MOST_KEPT = 2**30
CHOICES = ("bernoulli", "categorical")


@dataclass(frozen=True, eq=False)
class Fold:
    """One part of a cross-validated fit; everything that is computed of it is computed once.

    Parameters
    ----------
    fit : Fit
        That the fold is a part of.
    index : int
        Position of the fold in the fit.
    name : str
        What the splitter called it, such as the subject that it holds out.
    """

    fit: Any = field(repr=False)
    index: int
    name: str
    _known: dict = field(default_factory=dict, init=False, repr=False)

    @cached_property
    def network(self) -> Network:
        """The network that is taken apart; in `Fit.best`, the one that predicts best."""
        return self.network_of()

    def network_of(self, n_pwl: int | None = None, restart: int | None = None) -> Network:
        """Get a network that was trained in this fold.

        Parameters
        ----------
        n_pwl : int, optional
            A value of the grid; default the sufficient one, in `Fit.best` the best one.
        restart : int, optional
            Default the one chosen for this `n_pwl`.

        Returns
        -------
        network : Network
            In canonical form, acting on inputs as encoded.

        Raises
        ------
        DataError
            The value is not in the grid, or there is no such restart.
        """
        selection, grid = self.selection, self.fit.parameters["n_pwl"].values.tolist()
        if n_pwl is not None and n_pwl not in grid:
            text = f"n_pwl: found {n_pwl!r}, expected one of {', '.join(map(str, grid))}"
            raise problems(DataError, "network of a fold", [text])
        if restart is not None and restart not in range(self.fit.parameters.sizes["restart"]):
            most = self.fit.parameters.sizes["restart"] - 1
            text = f"restart: found {restart!r}, expected 0 to {most}"
            raise problems(DataError, "network of a fold", [text])
        n_pwl = int(selection["n_pwl_chosen"]) if n_pwl is None else int(n_pwl)
        restart = int(selection["restart"].sel(n_pwl=n_pwl)) if restart is None else restart
        parameters = self.fit.parameters.isel(fold=self.index, restart=restart).sel(n_pwl=n_pwl)
        return Network(n_pwl, *(parameters[name].values for name in Network._fields[1:]))

    @property
    def selection(self) -> xr.Dataset:
        """What was chosen in this fold, as an xarray.Dataset; see `Fit`."""
        return self.fit.selection.isel(fold=self.index)

    @cached_property
    def is_test(self) -> np.ndarray:
        """Which sequences of the fit are held out, shape (sequence,)."""
        return self.fit.owner == self.index

    @property
    def train(self) -> Sequences:
        """The sequences that the network was trained on, made anew: they are most of the data."""
        return self.fit.sequences.take(~self.is_test)

    @cached_property
    def test(self) -> Sequences:
        """The sequences that it never saw."""
        return self.fit.sequences.take(self.is_test)

    @cached_property
    def train_trials(self) -> xr.Dataset:
        """The trials behind `train`, as an xarray.Dataset."""
        return self._trials(self.fit.splits["fold"].values != self.index)

    @cached_property
    def test_trials(self) -> xr.Dataset:
        """The trials behind `test`, as an xarray.Dataset."""
        return self._trials(self.fit.splits["fold"].values == self.index)

    def _trials(self, which):
        return self.fit.trials.isel(trial=np.flatnonzero(which))

    @property
    def latents(self) -> np.ndarray:
        """Latents of the network over all sequences of the fit, shape (sequence, step, latent).

        NaN in padding. They are not to be written to: many analyses need them, so that they are
        kept, as long as those of all folds of a fit take no more than a gigabyte.
        """
        if "latents" not in self._known:
            latents = compute_latents(self.network, self.fit.sequences)
            latents.setflags(write=False)
            kept = [fold._known["latents"] for fold in self.fit.folds if "latents" in fold._known]
            if sum(each.nbytes for each in kept) + latents.nbytes > MOST_KEPT:
                return latents
            self._known["latents"] = latents
        return self._known["latents"]

    @cached_property
    def codes(self) -> np.ndarray:
        """Sign pattern of every step of every sequence, shape (sequence, step).

        See `neuroalrnn.network.codes.compute_regimes`.
        """
        return compute_regimes(self.latents, self.network.n_pwl)

    @property
    def train_latents(self) -> np.ndarray:
        """Latents of the training part, shape (sequence, step, latent)."""
        n_steps = self.fit.sequences.n_steps[~self.is_test].max(initial=0)
        return self.latents[~self.is_test, :n_steps]

    @property
    def test_latents(self) -> np.ndarray:
        """Latents of the held-out part, shape (sequence, step, latent)."""
        return self.latents[self.is_test, : self.test.trial.shape[1]]

    @property
    def available(self) -> np.ndarray | None:
        """See `available_options`."""
        return self.recall("available", lambda: available_options(self.fit))

    def recall(self, key: Hashable, compute: Callable[[], Any]) -> Any:
        """What is known of this fold under a key, computed when it is first asked for.

        Parameters
        ----------
        key : hashable
            What it is known by.
        compute : callable
            Without arguments.

        Returns
        -------
        anything
            As `compute` returned it.
        """
        if key not in self._known:
            self._known[key] = compute()
        return self._known[key]


class Folds(tuple):
    """The folds of a fit, found by their position or by their name."""

    __slots__ = ()

    def __getitem__(self, key):
        """A fold, or several of a slice.

        Raises
        ------
        DataError
            There is no such fold.
        """
        names = [fold.name for fold in self]
        if isinstance(key, str) and key in names:
            key = names.index(key)
        if isinstance(key, slice) or (not isinstance(key, str) and key in range(len(self))):
            return super().__getitem__(key)
        text = f"fold: found {key!r}, expected 0 to {len(self) - 1}, or one of {', '.join(names)}"
        raise problems(DataError, "folds of a fit", [text])


def view_best(fit):
    """The fit with the networks that predict best in its folds, see `Fit.best`.

    Parameters
    ----------
    fit : Fit

    Returns
    -------
    Fit
    """
    selection = fit.selection
    same = (selection["n_pwl_chosen"] == selection["n_pwl_best"]).values
    if same.all():
        return fit
    view = copy(fit)
    view.selection = selection.assign(n_pwl_chosen=selection["n_pwl_best"])
    view.folds = Folds(
        fold if is_same else Fold(view, fold.index, fold.name)
        for fold, is_same in zip(fit.folds, same, strict=True)
    )
    view.best, view.sufficient = view, fit
    return view


def run_folds(fit):
    """Run the networks of all folds at once, if their latents can be kept; see `Fold.latents`.

    Parameters
    ----------
    fit : Fit
    """
    new = [fold for fold in fit.folds if "latents" not in fold._known]
    n_numbers = len(fit.folds) * fit.sequences.trial.size * fit.parameters.sizes["latent"]
    if not new or n_numbers * np.dtype(float).itemsize > MOST_KEPT:
        return
    latents = compute_latents_together([fold.network for fold in new], fit.sequences)
    latents.setflags(write=False)
    for fold, own in zip(new, latents, strict=True):
        fold._known["latents"] = own


def available_options(fit):
    """Which options each trial offered, as the fit knew.

    Parameters
    ----------
    fit : Fit

    Returns
    -------
    bool array, shape (trial, option), or None if always all

    Raises
    ------
    NotTestableError
        If the fit explains more than choices: its read-out is not that of choices alone.
    """
    observation = fit.config.get("observation")
    if observation is None:
        return None
    if observation["name"] not in CHOICES or list(observation["variables"]) != ["choice"]:
        variables = ", ".join(observation["variables"])
        raise NotTestableError(
            f"a fit of {variables} by {observation['name']!r}: choices alone are expected here"
        )
    names = observation["given"]
    return np.stack([fit.trials[name].values > 0 for name in names], axis=-1) if names else None


def label_steps(fit, sequences, values, *, name):
    """Bring values of steps to labelled trials.

    Parameters
    ----------
    fit : Fit
    sequences : Sequences
    values : array, shape (sequence, step, ...)
    name : str

    Returns
    -------
    xarray.DataArray, dims (trial, step) or (trial, step, latent)
        With the trial coordinates of the fitted dataset; NaN where a trial has no such step.
    """
    by_trial = sequences.to_trials(values)
    names = ("subject", "session", "block", "trial_in_session")
    coords = {key: fit.trials[key] for key in names if key in fit.trials.coords}
    dims = ("trial", "step", "latent")[: by_trial.ndim]
    return xr.DataArray(
        by_trial, dims=dims, coords=coords | {"step": list(sequences.steps)}, name=name
    )
