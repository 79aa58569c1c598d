"""One trained AL-RNN, and its latents: run with numpy alone, as it is or intervened upon."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from neuroalrnn.data.sequences import Sequences
from neuroalrnn.exceptions import DataError, problems
from neuroalrnn.network.interventions import Intervention, lay_out

# steps whose inputs are brought to several networks at once
AT_ONCE = 256


class Network(NamedTuple):
    """One fitted AL-RNN, canonical form, acting on inputs as encoded.

    Parameters
    ----------
    n_pwl : int
        Number of PWL units P, the last ones of the latents.
    self_slope : array, shape (latent,)
        Self-slopes ``a``.
    weight : array, shape (latent, latent_in)
        Weights ``W`` on the outputs of the units.
    input_weight : array, shape (latent, feature)
        Weights ``C`` of the inputs.
    bias : array, shape (latent,)
        Bias ``h``.
    initial : array, shape (latent,), or (sequence, latent) for sequences with starts of their own
        State ``z_0`` before the first step of a sequence.
    readout : array, shape (output, latent)
        Weights ``B`` of the read-out ``B z_t + d``.
    offset : array, shape (output,)
        Offset ``d`` of the read-out.
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


def compute_latents(
    network: Network,
    sequences: Sequences,
    interventions: Intervention | list[Intervention] | None = None,
) -> np.ndarray:
    """Run a network over sequences, in float64.

    ``z_t = a * z_{t-1} + W phi(z_{t-1}) + C s_t + h`` with a ReLU on the last ``n_pwl`` latents.

    Parameters
    ----------
    network : Network
        Trained network.
    sequences : Sequences
        Trials as encoded for the network.
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


def compute_latents_together(networks: Sequence[Network], sequences: Sequences) -> np.ndarray:
    """Run several networks over the same sequences at once, as each step costs a call.

    Parameters
    ----------
    networks : sequence of Network
        Trained networks of equally many latents.
    sequences : Sequences
        Trials as encoded for all of the networks.

    Returns
    -------
    array, shape (network, sequence, step, latent)
        As from `compute_latents` of each.
    """
    for network in networks:
        check_features(network, sequences)
    order, n_rows = _longest_first(sequences)
    floor = np.full((len(networks), len(networks[0].bias), 1), -np.inf)
    for network, lowest in zip(networks, floor, strict=True):
        lowest[len(network.bias) - network.n_pwl :] = 0.0
    weight = np.stack([each.weight for each in networks])
    slope = np.stack([each.self_slope for each in networks])[..., None]
    start = [np.broadcast_to(each.initial, (len(order), len(each.bias))) for each in networks]
    z = np.stack(start)[:, order].transpose(0, 2, 1)
    latents = np.full((len(networks), *sequences.trial.shape, z.shape[1]), np.nan)
    for t, n in enumerate(n_rows):
        if t % AT_ONCE == 0:
            inputs = sequences.inputs[order, t : t + AT_ONCE]
            drive = np.stack([_drive(each, inputs) for each in networks], axis=1)
        before = z[..., :n]
        z = weight @ np.maximum(before, floor)
        z += slope * before
        z += drive[t % AT_ONCE, ..., :n]
        latents[:, order[:n], t] = z.transpose(0, 2, 1)
    return latents


def _longest_first(sequences):
    """Sequences by falling length, and how many of them have each step."""
    order = np.argsort(-sequences.n_steps, kind="stable")
    steps = np.arange(sequences.trial.shape[1])
    return order, (sequences.n_steps[order] > steps[:, None]).sum(axis=1)


def _drive(network, inputs):
    """What inputs (sequence, step, feature) and the bias add to a step (step, latent, sequence)."""
    drive = np.einsum("qtf,mf->tmq", inputs, network.input_weight)
    drive += network.bias[:, None]
    return drive


def check_features(network: Network, sequences: Sequences) -> None:
    """Refuse sequences with other features than a network has weights for.

    Parameters
    ----------
    network : Network
        Trained network.
    sequences : Sequences
        Trials as encoded for the network.

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


def run_network(
    network: Network,
    sequences: Sequences,
    interventions: Intervention | list[Intervention] | None = None,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Run a network step by step, for sequences whose latents would not all fit into memory.

    Sequences that are over are left out, so that sequences of unequal length cost no more than
    their own steps.

    Parameters
    ----------
    network : Network
        Trained network.
    sequences : Sequences
        Trials as encoded for the network.
    interventions : Intervention or list of Intervention, optional
        What is done to the running network; default nothing.

    Yields
    ------
    rows : int array, shape (row,)
        Sequences that have this step.
    z : array, shape (row, latent), or (intervention, row, latent) of a list
        ``z_t`` of one step after the other.
    """
    check_features(network, sequences)
    order, n_rows = _longest_first(sequences)
    acting = None
    if interventions is not None:
        acting = lay_out(interventions, network, sequences).take(order)
    # latents first, so that each operation runs over all sequences and interventions at once
    drive = _drive(network, sequences.inputs[order])
    n_latent, several = len(network.bias), ()
    if acting is not None and acting.used.ndim == 3:
        drive, several = drive[:, :, None], acting.used.shape[:1]
    latents_last = (*range(1, drive.ndim - 1), 0)
    slope = network.self_slope.reshape(-1, *[1] * (drive.ndim - 2))
    start = np.broadcast_to(network.initial, (len(order), n_latent))[order].T
    start = start.reshape(n_latent, *[1] * len(several), -1)
    z = np.broadcast_to(start, (n_latent, *several, len(order)))
    z, bends = z if acting is None else acting.move(z, -1), None
    for t, n in enumerate(n_rows):
        z = z[..., :n]
        if acting is None:
            phi = z.copy()
            linear = n_latent - network.n_pwl
            np.maximum(z[linear:], 0.0, out=phi[linear:])
        else:
            if bends is None or acting.is_changing[t]:
                bends = acting.bends(t - 1)
            phi = acting.activate(z, bends)
        before, z = z, (network.weight @ phi.reshape(n_latent, -1)).reshape(phi.shape)
        z += slope * before
        z += drive[t, ..., :n]
        z = z if acting is None else acting.move(z, t)
        yield order[:n], z.transpose(latents_last)
