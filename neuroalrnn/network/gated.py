"""Trained GRUs and LSTMs in numpy, one step at a time: the equations of their training program.

The equations and the order of the gates are those of `neuroalrnn.peers.contract`, whose weights
these are, of one network and in float64.
"""

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from neuroalrnn.network.branches import Stepped


@dataclass(frozen=True)
class _Gated(Stepped):
    """What both have: inputs that add to all gates, and a read-out of the hidden units."""

    input_weight: np.ndarray
    recurrent_weight: np.ndarray
    bias: np.ndarray
    readout: np.ndarray
    offset: np.ndarray

    @property
    @abstractmethod
    def first(self) -> np.ndarray:
        """State before the first step, shape (state,)."""

    @property
    def n_latent(self) -> int:
        """Number of hidden units."""
        return self.readout.shape[1]

    def start(self, n_rows: int) -> np.ndarray:
        return np.broadcast_to(self.first, (n_rows, len(self.first)))

    def drive(self, inputs: np.ndarray) -> np.ndarray:
        return inputs @ self.input_weight.T + self.bias

    def read(self, state: np.ndarray) -> np.ndarray:
        return state[:, : self.n_latent] @ self.readout.T + self.offset


@dataclass(frozen=True)
class GRUNetwork(_Gated):
    """A trained GRU; its state is that of its hidden units.

    A step gives ``n + u (h - n)``, with the candidate n and the update gate u.

    Parameters
    ----------
    input_weight : array, shape (3 latent, feature)
        ``C``, gates in the order reset, update, candidate.
    recurrent_weight : array, shape (3 latent, latent)
        ``W``.
    bias : array, shape (3 latent,)
        ``b``.
    readout : array, shape (output, latent)
        ``B``.
    offset : array, shape (output,)
        ``d``.
    recurrent_bias : array, shape (latent,)
        ``b_q``, which the reset gate multiplies.
    initial : array, shape (latent,)
        ``h_0``.
    """

    recurrent_bias: np.ndarray
    initial: np.ndarray

    @property
    def first(self) -> np.ndarray:
        """State before the first step: ``h_0``."""
        return self.initial

    def step(self, state: np.ndarray, drive: np.ndarray) -> np.ndarray:
        n = self.n_latent
        recurrent = state @ self.recurrent_weight.T
        gates = expit(drive[:, : 2 * n] + recurrent[:, : 2 * n])
        reset, update = gates[:, :n], gates[:, n:]
        candidate = np.tanh(
            drive[:, 2 * n :] + reset * (recurrent[:, 2 * n :] + self.recurrent_bias)
        )
        return candidate + update * (state - candidate)


@dataclass(frozen=True)
class LSTMNetwork(_Gated):
    """A trained LSTM; its state is that of its hidden units, then that of its cells.

    A step gives the cells ``f c + i n`` and the hidden units ``o tanh(c)``.

    Parameters
    ----------
    input_weight : array, shape (4 latent, feature)
        ``C``, gates in the order input, forget, output, candidate.
    recurrent_weight : array, shape (4 latent, latent)
        ``W``.
    bias : array, shape (4 latent,)
        ``b``.
    readout : array, shape (output, latent)
        ``B``.
    offset : array, shape (output,)
        ``d``.
    initial : array, shape (latent,)
        ``h_0``.
    initial_cell : array, shape (latent,)
        ``c_0``.
    """

    initial: np.ndarray
    initial_cell: np.ndarray

    @property
    def first(self) -> np.ndarray:
        """State before the first step: ``h_0``, then ``c_0``."""
        return np.concatenate([self.initial, self.initial_cell])

    def step(self, state: np.ndarray, drive: np.ndarray) -> np.ndarray:
        n = self.n_latent
        drive = drive + state[:, :n] @ self.recurrent_weight.T
        keep = expit(drive[:, : 3 * n])
        cell = keep[:, n : 2 * n] * state[:, n:] + keep[:, :n] * np.tanh(drive[:, 3 * n :])
        return np.concatenate([keep[:, 2 * n :] * np.tanh(cell), cell], axis=1)
