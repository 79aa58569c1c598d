"""The derivative of a network along its own path, run beside the network as a model of its own."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from neuroalrnn.network.branches import Stepped, SteppedNetwork, Steps


class Change(NamedTuple):
    """What is added to some features of every step.

    Parameters
    ----------
    columns : int array, shape (column,)
        Positions of the features.
    added : array, shape (step, column)
        What is added to them.
    """

    columns: np.ndarray
    added: np.ndarray


@dataclass(frozen=True)
class Tangent(Stepped):
    """A network, and a small change of its state beside it, which moves by the network's own maps.

    Within the path of linear regimes that the network takes a change moves as
    ``delta_t = (diag a + W D_{t-1}) delta_{t-1} + C ds_t``, whatever its size. Inputs and
    state have the changes beside them; what is read out is the change of eta.

    Parameters
    ----------
    model : SteppedNetwork
        The network.
    """

    model: SteppedNetwork

    def start(self, n_rows: int) -> np.ndarray:
        state = self.model.start(n_rows)
        return np.hstack([state, np.zeros_like(state)])

    def drive(self, inputs: np.ndarray) -> np.ndarray:
        own, change = np.split(inputs, 2, axis=1)
        return np.hstack([self.model.drive(own), change @ self.model.network.input_weight.T])

    def step(self, state: np.ndarray, drive: np.ndarray) -> np.ndarray:
        network = self.model.network
        own, change = np.split(state, 2, axis=1)
        own_drive, change_drive = np.split(drive, 2, axis=1)
        phi = change.copy()
        first = phi.shape[1] - network.n_pwl
        phi[:, first:][own[:, first:] <= 0] = 0.0
        moved = phi @ network.weight.T + network.self_slope * change + change_drive
        return np.hstack([self.model.step(own, own_drive), moved])

    def read(self, state: np.ndarray) -> np.ndarray:
        return np.split(state, 2, axis=1)[1] @ self.model.network.readout.T


def beside_changes(steps: Steps) -> Steps:
    """Lay room for changes beside the inputs.

    Parameters
    ----------
    steps : Steps
        Of all trials.

    Returns
    -------
    Steps
        With no change anywhere.
    """
    return replace(steps, inputs=np.hstack([steps.inputs, np.zeros_like(steps.inputs)]))


def among_changes(levels: Sequence[Change], weights: Sequence[float], n_features: int) -> Change:
    """Sum changes of inputs, as a change of the room beside them.

    Parameters
    ----------
    levels : sequence of Change
        Of the same features.
    weights : sequence of float
        Weight of each.
    n_features : int
        Number of features.

    Returns
    -------
    Change
        Of the inputs that `beside_changes` returns.
    """
    added = sum(weight * each.added for weight, each in zip(weights, levels, strict=True))
    return Change(levels[0].columns + n_features, np.asarray(added))
