"""Weights of a GRU or LSTM as arrays, and where things begin in the memory of its kernels."""

from typing import NamedTuple

import numpy as np

from neuroalrnn.ops.numba_chunks import CHUNK
from neuroalrnn.peers._kernels import GRU, TILE


class Cells(NamedTuple):
    """Weights of either network as arrays; initial states are (model, state, latent)."""

    input_weight: np.ndarray
    recurrent_weight: np.ndarray
    bias: np.ndarray
    recurrent_bias: np.ndarray
    initial: np.ndarray
    readout: np.ndarray
    offset: np.ndarray


class CellLayout(NamedTuple):
    """Sizes of a scan, and where things begin in the working memory of one thread.

    Parameters
    ----------
    n_gates, n_states : int
        Number of gates and of states: 3 and 1 (h) for a GRU, 4 and 2 (h and c) for an LSTM.
    n_latent, n_features, n_outputs, width, step : int
        As in `neuroalrnn.ops.numba_kernels.ScanLayout`.
    n_rows : int
        Number of hidden units, filled up to whole tiles.
    n_gate_rows, gate_step, path : int
        Number of rows of all gates, and of numbers in the gates of a step and in a chunk of states.
    W_t, C_t, W, B, b, b_q : int
        Weights of the model; W also and C only transposed.
    z, gates, aside, s, g : int
        A chunk of states, of gates, of q or ``tanh c``, of inputs, and of gradients of eta.
    sums, sum_C, sum_b, sum_q, sum_B, sum_d : int
        Sums of gradients in every lane; the first is of W, and that of C is transposed.
    delta, gamma : int
        Gradients of h and c; in the end, of the initial states.
    score : int
        Log-likelihood in every lane.
    eta : int
        Eta of one step and output.
    end : int
        The end of the memory.
    """

    n_gates: int
    n_states: int
    n_latent: int
    n_features: int
    n_outputs: int
    width: int
    n_rows: int
    step: int
    n_gate_rows: int
    gate_step: int
    path: int
    W_t: int
    C_t: int
    W: int
    B: int
    b: int
    b_q: int
    z: int
    gates: int
    aside: int
    s: int
    g: int
    sums: int
    sum_C: int
    sum_b: int
    sum_q: int
    sum_B: int
    sum_d: int
    delta: int
    gamma: int
    score: int
    eta: int
    end: int


def lay_out(n_gates: int, n_latent: int, n_features: int, n_outputs: int, width: int) -> CellLayout:
    """Lay out the working memory of one thread.

    Parameters
    ----------
    n_gates : int
        3 for a GRU, 4 for an LSTM.
    n_latent, n_features, n_outputs : int
        Sizes of the models.
    width : int
        Number of lanes of a block.

    Returns
    -------
    CellLayout
        Sizes, and places that are multiples of a vector.
    """
    n_states = 1 if n_gates == GRU else 2
    n_rows = -(-n_latent // TILE) * TILE
    step, n_gate_rows = n_rows * width, n_gates * n_rows
    path = (CHUNK + 1) * step
    sizes = {
        "W_t": n_rows * n_gate_rows,
        "C_t": n_features * n_gate_rows,
        "W": n_gate_rows * n_rows,
        "B": n_outputs * n_rows,
        "b": n_gate_rows,
        "b_q": n_rows,
        "z": n_states * path,
        "gates": CHUNK * n_gates * step,
        "aside": CHUNK * step,
        "s": CHUNK * n_features * width,
        "g": CHUNK * n_outputs * width,
        "sums": n_gate_rows * n_rows * width,
        "sum_C": n_features * n_gate_rows * width,
        "sum_b": n_gates * step,
        "sum_q": step,
        "sum_B": n_outputs * step,
        "sum_d": n_outputs * width,
        "delta": step,
        "gamma": step,
        "score": width,
        "eta": width,
    }
    ends = np.cumsum([0, *(-(-n // width) * width for n in sizes.values())]).tolist()
    places = dict(zip([*sizes, "end"], ends, strict=True))
    return CellLayout(
        n_gates, n_states, n_latent, n_features, n_outputs, width, n_rows, step,
        n_gate_rows, n_gates * step, path, **places,
    )  # fmt: skip
