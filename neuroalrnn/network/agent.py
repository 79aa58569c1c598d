"""A network as an agent: one step at a time, with the probability of every option."""

from dataclasses import dataclass

import numpy as np

from neuroalrnn.network.choices import probability
from neuroalrnn.network.run import Network


@dataclass(frozen=True)
class NetworkAgent:
    """An AL-RNN as an agent: what `simulate` needs of any model.

    Attributes
    ----------
    network : Network
    start : array, shape (state,)
        State before the first step of a sequence.
    """

    network: Network

    @property
    def start(self):
        """State before the first step of a sequence: ``z_0``."""
        return self.network.initial

    def advance(self, state, inputs):
        """``z_t = a * z_{t-1} + W phi(z_{t-1}) + C s_t + h``.

        Parameters
        ----------
        state : array, shape (..., state)
        inputs : array, shape (..., feature)
            As encoded.

        Returns
        -------
        array, shape (..., state)
        """
        network = self.network
        phi = state.copy()
        rectified = phi[..., len(network.bias) - network.n_pwl :]
        np.maximum(rectified, 0.0, out=rectified)
        drive = inputs @ network.input_weight.T + network.bias
        return network.self_slope * state + phi @ network.weight.T + drive

    def probability(self, state):
        """Probability of every option, read out from ``B z_t + d``.

        Parameters
        ----------
        state : array, shape (..., state)

        Returns
        -------
        array, shape (..., option)
        """
        eta = state @ self.network.readout.T + self.network.offset
        return probability(eta)
