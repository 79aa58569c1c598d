r"""The GRU and the LSTM: their equations, their weights, and the contract of their scans.

The GRU (Cho et al. 2014) has a reset gate r, an update gate u and a candidate n,

.. math::
    r_t &= \sigma(C_r s_t + W_r h_{t-1} + b_r), \qquad u_t = \sigma(C_u s_t + W_u h_{t-1} + b_u) \\
    q_t &= W_n h_{t-1} + b_q, \qquad n_t = \tanh(C_n s_t + b_n + r_t \odot q_t), \qquad
    h_t = n_t + u_t \odot (h_{t-1} - n_t)

and the LSTM (Hochreiter & Schmidhuber 1997) gates i, f, o around a cell c,

.. math::
    [i_t, f_t, o_t] &= \sigma(C_{ifo} s_t + W_{ifo} h_{t-1} + b_{ifo}), \qquad
    n_t = \tanh(C_n s_t + W_n h_{t-1} + b_n) \\
    c_t &= f_t \odot c_{t-1} + i_t \odot n_t, \qquad h_t = o_t \odot \tanh c_t

Both are read out as :math:`\eta_t = B h_t + d`. They are those of ``torch.nn``, except that every
gate has one bias and not two, because only their sum matters (n of the GRU keeps two).

A scan is a function ``scan(weights, inputs, index, n_steps, read_steps)`` of `GRUWeights` or
`LSTMWeights`. The other arguments and the result are those of the scan of the AL-RNN, see
`neuroalrnn.ops`.
"""

from typing import Any, NamedTuple

import torch

from neuroalrnn.ops import argument_faults, require_dimensions, steps_outside


class GRUWeights(NamedTuple):
    """All that is trained in a GRU, with a leading model axis (without one for a single model).

    Gates are stacked in the order reset, update, candidate.

    Parameters
    ----------
    input_weight : Tensor, shape (model, 3 latent, feature)
        ``C``.
    recurrent_weight : Tensor, shape (model, 3 latent, latent)
        ``W``; a row holds what one gate receives.
    bias : Tensor, shape (model, 3 latent)
        ``b_r``, ``b_u`` and ``b_n``.
    recurrent_bias : Tensor, shape (model, latent)
        ``b_q``, which the reset gate multiplies.
    initial : Tensor, shape (model, latent)
        ``h_0``.
    readout : Tensor, shape (model, output, latent)
        ``B``.
    offset : Tensor, shape (model, output)
        ``d``.
    """

    input_weight: torch.Tensor
    recurrent_weight: torch.Tensor
    bias: torch.Tensor
    recurrent_bias: torch.Tensor
    initial: torch.Tensor
    readout: torch.Tensor
    offset: torch.Tensor


class LSTMWeights(NamedTuple):
    """All that is trained in an LSTM, with a leading model axis (without one for a single model).

    Gates are stacked in the order input, forget, output, candidate.

    Parameters
    ----------
    input_weight : Tensor, shape (model, 4 latent, feature)
        ``C``.
    recurrent_weight : Tensor, shape (model, 4 latent, latent)
        ``W``; a row holds what one gate receives.
    bias : Tensor, shape (model, 4 latent)
        ``b``.
    initial : Tensor, shape (model, latent)
        ``h_0``.
    initial_cell : Tensor, shape (model, latent)
        ``c_0``.
    readout : Tensor, shape (model, output, latent)
        ``B``.
    offset : Tensor, shape (model, output)
        ``d``.
    """

    input_weight: torch.Tensor
    recurrent_weight: torch.Tensor
    bias: torch.Tensor
    initial: torch.Tensor
    initial_cell: torch.Tensor
    readout: torch.Tensor
    offset: torch.Tensor


N_GATES: dict[type, int] = {GRUWeights: 3, LSTMWeights: 4}


def weight_shapes(kind: Any, n_latent: int, n_features: int, n_outputs: int) -> Any:
    """List the shapes of the weights of one model.

    Parameters
    ----------
    kind : {GRUWeights, LSTMWeights}
        Kind of weights.
    n_latent, n_features, n_outputs : int
        Number of hidden units, of input features and of outputs.

    Returns
    -------
    GRUWeights or LSTMWeights of tuple of int
        Shapes without a model axis.
    """
    n_rows = N_GATES[kind] * n_latent
    matrices = {
        "input_weight": (n_rows, n_features),
        "recurrent_weight": (n_rows, n_latent),
        "readout": (n_outputs, n_latent),
    }
    others = {"bias": (n_rows,), "offset": (n_outputs,)}
    return kind(*((matrices | others).get(name, (n_latent,)) for name in kind._fields))


def check_gated_scan(
    weights: GRUWeights | LSTMWeights,
    inputs: torch.Tensor,
    index: torch.Tensor,
    n_steps: torch.Tensor,
    read_steps: torch.Tensor,
) -> None:
    """Refuse arguments of a scan that do not fit together.

    It comes first, as the kernels read memory without a check of their own.

    Parameters
    ----------
    weights : GRUWeights or LSTMWeights
        Parameters, every tensor with a leading model axis.
    inputs : Tensor, shape (sequence, step, feature)
        Inputs, shared by all models.
    index : Tensor of int, shape (model, lane)
        Sequences that each model runs over, -1 for the last.
    n_steps : Tensor of int, shape (sequence,)
        Length of each sequence.
    read_steps : Tensor of int, shape (read step,)
        Steps at which eta is wanted, ascending from 0.

    Raises
    ------
    ValueError
        If an argument has the wrong shape, kind or range. The message names all of them.
    """
    require_dimensions(weights, inputs)
    n_models, n_outputs, n_latent = weights.readout.shape
    single = weight_shapes(type(weights), n_latent, inputs.shape[2], n_outputs)
    whole = {
        "index": (index, (n_models, index.shape[-1])),
        "n_steps": (n_steps, inputs.shape[:1]),
        "read_steps": (read_steps, read_steps.shape[-1:]),
    }
    shapes = [(n_models, *shape) for shape in single]
    faults = argument_faults(weights, shapes, {"inputs": (inputs, inputs.shape)}, whole)
    faults = faults or steps_outside(inputs.shape[1], n_steps, read_steps)
    if faults:
        raise ValueError(f"scan: {'; '.join(faults)}")
