"""A network as an agent: one step at a time, with the probability of every option."""

from dataclasses import dataclass

import numpy as np

from neuroalrnn.network.choices import probability
from neuroalrnn.network.run import Network


@dataclass(frozen=True)
class NetworkAgent:
    """An AL-RNN as an agent: what `simulate` needs of any model.

    Parameters
    ----------
    network : Network
        Trained network that makes the choices.
    """

    network: Network

    @property
    def start(self) -> np.ndarray:
        """State before the first step of a sequence: ``z_0``."""
        return self.network.initial

    def advance(self, state: np.ndarray, inputs: np.ndarray) -> np.ndarray:
        """Take one step, ``z_t = a * z_{t-1} + W phi(z_{t-1}) + C s_t + h``.

        Parameters
        ----------
        state : array, shape (..., state)
            State before the step.
        inputs : array, shape (..., feature)
            Inputs of the step, as encoded.

        Returns
        -------
        array, shape (..., state)
            State after the step.
        """
        network = self.network
        phi = state.copy()
        rectified = phi[..., len(network.bias) - network.n_pwl :]
        np.maximum(rectified, 0.0, out=rectified)
        drive = inputs @ network.input_weight.T + network.bias
        return network.self_slope * state + phi @ network.weight.T + drive

    def probability(self, state: np.ndarray) -> np.ndarray:
        """Probability of every option, read out from ``B z_t + d``.

        Parameters
        ----------
        state : array, shape (..., state)
            State at the step of the choice.

        Returns
        -------
        array, shape (..., option)
            Shares that sum to 1.
        """
        eta = state @ self.network.readout.T + self.network.offset
        return probability(eta)
