"""Latents of a saved fit, recomputed from its parameters with numpy alone."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import xarray as xr

from neuroalrnn.analysis.interventions import lay_out
from neuroalrnn.data import encode
from neuroalrnn.exceptions import DataError, problems

MOST_KEPT = 2**30


class Network(NamedTuple):
    """One fitted AL-RNN, canonical form, acting on inputs as encoded.

    Attributes
    ----------
    n_pwl : int
    self_slope, weight, input_weight, bias, initial, readout, offset : array
        ``a`` (latent,), ``W`` (latent, latent_in), ``C`` (latent, feature), ``h`` (latent,),
        ``z_0`` (latent,), ``B`` (output, latent), ``d`` (output,).
    """

    n_pwl: int
    self_slope: np.ndarray
    weight: np.ndarray
    input_weight: np.ndarray
    bias: np.ndarray
    initial: np.ndarray
    readout: np.ndarray
    offset: np.ndarray


def chosen_network(fit, fold, *, n_pwl=None):
    """The network that predicts a fold's held-out trials.

    Parameters
    ----------
    fit : Fit
    fold : int
        Position of the fold.
    n_pwl : int, optional
        Another value of the grid than the one chosen inside the fold.

    Returns
    -------
    Network

    Raises
    ------
    DataError
        There is no such fold, or the value is not in the grid.
    """
    n_folds, grid = fit.parameters.sizes["fold"], fit.parameters["n_pwl"].values.tolist()
    found = []
    if fold not in range(n_folds):
        found.append(f"fold: found {fold!r}, expected 0 to {n_folds - 1}")
    if n_pwl is not None and n_pwl not in grid:
        found.append(f"n_pwl: found {n_pwl!r}, expected one of {', '.join(map(str, grid))}")
    if found:
        raise problems(DataError, "network of a fold", found)
    selection = fit.selection.isel(fold=int(fold))
    n_pwl = int(selection["n_pwl_chosen"]) if n_pwl is None else int(n_pwl)
    restart = int(selection["restart"].sel(n_pwl=n_pwl))
    parameters = fit.parameters.isel(fold=int(fold), restart=restart).sel(n_pwl=n_pwl)
    return Network(n_pwl, *(parameters[name].values for name in Network._fields[1:]))


@lru_cache(maxsize=1)
def encode_trials(fit):
    """The fitted trials as sequences, encoded as they were for the fit.

    Returns
    -------
    Sequences
        Of the last fit that was asked for, kept: every analysis needs them.
    """
    return encode(fit.trials, **fit.config["encoding"])


def compute_latents(network, sequences, interventions=None):
    """Run a network over sequences, in float64.

    ``z_t = a * z_{t-1} + W phi(z_{t-1}) + C s_t + h`` with a ReLU on the last ``n_pwl`` latents.

    Parameters
    ----------
    network : Network
    sequences : Sequences
    interventions : Intervention or list of Intervention, optional
        What is done to the running network, see `neuroalrnn.analysis.interventions`.

    Returns
    -------
    array, shape (sequence, step, latent), or (intervention, sequence, step, latent) of a list
        NaN in padding.
    """
    states = list(run_network(network, sequences, interventions))
    if not states:
        return np.empty((*sequences.trial.shape, len(network.bias)))
    latents = np.stack(states, axis=-2)
    latents[..., sequences.trial < 0, :] = np.nan
    return latents


@lru_cache(maxsize=1)
def _kept_latents(fit):
    """Latents of the folds of the last fit that was asked for, filled by `latents_of_fold`."""
    return {}


def latents_of_fold(fit, fold):
    """Latents of the network chosen in a fold, over all fitted trials.

    Parameters
    ----------
    fit : Fit
    fold : int

    Returns
    -------
    array, shape (sequence, step, latent)
        Along `encode_trials`; NaN in padding. Not to be written to: many analyses need them, so
        that those of the last fit are kept, as long as they take no more than `MOST_KEPT` bytes.
    """
    kept = _kept_latents(fit)
    if fold not in kept:
        latents = compute_latents(chosen_network(fit, fold), encode_trials(fit))
        latents.setflags(write=False)
        if sum(each.nbytes for each in kept.values()) + latents.nbytes > MOST_KEPT:
            return latents
        kept[fold] = latents
    return kept[fold]


def check_features(network, sequences):
    """Refuse sequences with other features than a network has weights for.

    Raises
    ------
    DataError
    """
    expected, found = network.input_weight.shape[1], sequences.inputs.shape[-1]
    if found != expected:
        text = (
            f"it takes {expected} input features, the trials have {found}: encode them as those it "
            "was fitted to, with fit.config['encoding']"
        )
        raise problems(DataError, "network", [text])


def run_network(network, sequences, interventions=None):
    """Run a network step by step; for results too large to keep all latents of.

    Parameters
    ----------
    network, sequences, interventions
        As for `compute_latents`.

    Yields
    ------
    array, shape (sequence, latent), or (intervention, sequence, latent) of a list
        ``z_t`` of one step after the other; 0 in padding where nothing is moved.
    """
    check_features(network, sequences)
    acting = None if interventions is None else lay_out(interventions, network, sequences)
    drive = sequences.inputs @ network.input_weight.T + network.bias
    floor = np.zeros(len(network.bias))
    floor[: len(floor) - network.n_pwl] = -np.inf
    shortest = min(sequences.n_steps, default=0)
    is_over = (np.arange(drive.shape[1])[:, None] >= sequences.n_steps)[..., None]
    z = np.broadcast_to(network.initial, (len(drive), len(network.bias)))
    z = z if acting is None else acting.move(z, -1)
    for t in range(drive.shape[1]):
        phi = np.maximum(z, floor) if acting is None else acting.activate(z, t - 1)
        before, z = z, phi @ network.weight.T
        z += network.self_slope * before
        z += drive[:, t]
        if t >= shortest:
            np.copyto(z, 0.0, where=is_over[t])
        z = z if acting is None else acting.move(z, t)
        yield z


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


def compute_held_out_latents(fit):
    """Latents of every trial under the network that never saw its group.

    Parameters
    ----------
    fit : Fit

    Returns
    -------
    xarray.DataArray, dims (trial, step, latent)
    """
    sequences = encode_trials(fit)
    fold = fit.splits["fold"].values[sequences.trial[:, 0]]
    values = np.full((*sequences.trial.shape, fit.parameters.sizes["latent"]), np.nan)
    for index in np.unique(fold):
        values[fold == index] = latents_of_fold(fit, index)[fold == index]
    return label_steps(fit, sequences, values, name="latents")
