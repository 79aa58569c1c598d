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

    def __repr__(self):
        n_latent, n_features = self.input_weight.shape
        sizes = {"n_latent": n_latent, "n_pwl": self.n_pwl, "n_features": n_features}
        sizes["n_outputs"] = len(self.offset)
        return f"Network({', '.join(f'{name}={size}' for name, size in sizes.items())})"


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
    shape = (*sequences.trial.shape, len(network.bias))
    several = (len(interventions),) if isinstance(interventions, list) else ()
    latents = np.full((*several, *shape), np.nan)
    for t, (rows, z) in enumerate(run_network(network, sequences, interventions)):
        latents[..., rows, t, :] = z
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

    Sequences that are over are left behind, so that ragged ones cost no more than their steps.

    Parameters
    ----------
    network, sequences, interventions
        As for `compute_latents`.

    Yields
    ------
    rows : int array, shape (row,)
        Sequences that have this step.
    z : array, shape (row, latent), or (intervention, row, latent) of a list
        ``z_t`` of one step after the other.
    """
    check_features(network, sequences)
    order = np.argsort(-sequences.n_steps, kind="stable")
    n_rows = (sequences.n_steps[order] > np.arange(sequences.trial.shape[1])[:, None]).sum(axis=1)
    acting = None
    if interventions is not None:
        acting = lay_out(interventions, network, sequences).take(order)
    # latents first, so that each operation runs over all sequences and interventions at once
    drive = np.einsum("qtf,mf->tmq", sequences.inputs[order], network.input_weight)
    drive += network.bias[:, None]
    n_latent, several = len(network.bias), ()
    if acting is not None and acting.used.ndim == 3:
        drive, several = drive[:, :, None], acting.used.shape[:1]
    latents_last = (*range(1, drive.ndim - 1), 0)
    slope = network.self_slope.reshape(-1, *[1] * (drive.ndim - 2))
    z = np.broadcast_to(network.initial.reshape(slope.shape), (n_latent, *several, len(order)))
    z, bends = (z, None) if acting is None else (acting.move(z, -1), acting.bends(-1))
    for t, n in enumerate(n_rows):
        z = z[..., :n]
        if acting is None:
            phi = z.copy()
            linear = n_latent - network.n_pwl
            np.maximum(z[linear:], 0.0, out=phi[linear:])
        else:
            bends = acting.bends(t - 1) if acting.is_changing[t] else bends
            phi = acting.activate(z, bends)
        before, z = z, (network.weight @ phi.reshape(n_latent, -1)).reshape(phi.shape)
        z += slope * before
        z += drive[t, ..., :n]
        z = z if acting is None else acting.move(z, t)
        yield order[:n], z.transpose(latents_last)
