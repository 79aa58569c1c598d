"""One trained AL-RNN, and its latents: run with numpy alone, as it is or intervened upon."""

from typing import NamedTuple

import numpy as np

from neuroalrnn.exceptions import DataError, problems
from neuroalrnn.network.interventions import lay_out


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


def compute_latents(network, sequences, interventions=None):
    """Run a network over sequences, in float64.

    ``z_t = a * z_{t-1} + W phi(z_{t-1}) + C s_t + h`` with a ReLU on the last ``n_pwl`` latents.

    Parameters
    ----------
    network : Network
    sequences : Sequences
    interventions : Intervention or list of Intervention, optional
        What is done to the running network, see `neuroalrnn.network.interventions`.

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
