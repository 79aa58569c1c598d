"""Peers of the AL-RNN: the GRU and the LSTM, which are trained by the same program.

`contract` has their equations. `GRU` and `LSTM` are architectures that `neuroalrnn.fit.train`
takes.
"""

from neuroalrnn.peers.contract import GRUWeights, LSTMWeights, check_gated_scan, weight_shapes
from neuroalrnn.peers.networks import GRU, LSTM

__all__ = ["GRU", "LSTM", "GRUWeights", "LSTMWeights", "check_gated_scan", "weight_shapes"]
