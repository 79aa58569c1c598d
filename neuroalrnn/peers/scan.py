r"""Gated networks, the GRU and the LSTM: the contract of their scans.

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

Both are read out as :math:`\eta_t = B h_t + d`. They are those of ``torch.nn``, which gives every
gate two biases; here it has one, because only their sum matters (but for n of the GRU).

A backend is a function ``scan(weights, inputs, index, n_steps, read_steps)`` with `GRUWeights` or
`LSTMWeights`. All else is as in the contract of the AL-RNN's scan, see `neuroalrnn.ops`.
"""

from typing import NamedTuple

import torch


class GRUWeights(NamedTuple):
    """Everything that is trained, with a leading ``model`` axis (none for a single model).

    Gates are stacked in the order reset, update, candidate.

    Parameters
    ----------
    input_weight : Tensor, shape (model, 3 latent, feature)
        ``C``.
    recurrent_weight : Tensor, shape (model, 3 latent, latent)
        ``W``, rows are targets.
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
    """Everything that is trained, with a leading ``model`` axis (none for a single model).

    Gates are stacked in the order input, forget, output, candidate.

    Parameters
    ----------
    input_weight : Tensor, shape (model, 4 latent, feature)
        ``C``.
    recurrent_weight : Tensor, shape (model, 4 latent, latent)
        ``W``, rows are targets.
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


N_GATES = {GRUWeights: 3, LSTMWeights: 4}


def shapes(kind, n_latent, n_features, n_outputs):
    """Shapes of the weights of one model.

    Parameters
    ----------
    kind : {GRUWeights, LSTMWeights}
    n_latent, n_features, n_outputs : int

    Returns
    -------
    GRUWeights or LSTMWeights of tuples
    """
    n_rows = N_GATES[kind] * n_latent
    matrices = {
        "input_weight": (n_rows, n_features),
        "recurrent_weight": (n_rows, n_latent),
        "readout": (n_outputs, n_latent),
    }
    others = {"bias": (n_rows,), "offset": (n_outputs,)}
    return kind(*((matrices | others).get(name, (n_latent,)) for name in kind._fields))


def check(weights, inputs, index, n_steps, read_steps):
    """Refuse arguments of a scan that do not fit together, before memory is read by them.

    Raises
    ------
    ValueError
        Naming every argument of the wrong shape or kind, and what was expected.
    """
    if weights.readout.ndim != 3 or inputs.ndim != 3:
        raise ValueError(
            f"scan: readout {tuple(weights.readout.shape)} and inputs {tuple(inputs.shape)}, "
            "expected (model, output, latent) and (sequence, step, feature)"
        )
    found = _wrong_shapes(weights, inputs, index, n_steps, read_steps)
    whole = {"index": index, "n_steps": n_steps, "read_steps": read_steps}
    found += [
        f"{name}: {value.dtype}, expected whole numbers"
        for name, value in whole.items()
        if value.is_floating_point()
    ]
    kinds = {part.dtype for part in (*weights, inputs)}
    if len(kinds) > 1 or kinds - {torch.float32, torch.float64}:
        names = ", ".join(sorted(map(str, kinds)))
        found.append(f"weights and inputs are {names}: expected one float type")
    found = found or _steps_outside(inputs.shape[1], n_steps, read_steps)
    if found:
        raise ValueError(f"scan: {'; '.join(found)}")


def _wrong_shapes(weights, inputs, index, n_steps, read_steps):
    n_models, n_outputs, n_latent = weights.readout.shape
    expected = shapes(type(weights), n_latent, inputs.shape[2], n_outputs)
    table = [
        *zip(weights._fields, weights, ((n_models, *shape) for shape in expected), strict=True),
        ("index", index, (n_models, index.shape[-1])),
        ("n_steps", n_steps, inputs.shape[:1]),
        ("read_steps", read_steps, read_steps.shape[-1:]),
    ]
    return [
        f"{name}: shape {tuple(value.shape)}, expected {tuple(shape)}"
        for name, value, shape in table
        if value.shape != shape
    ]


def _steps_outside(longest, n_steps, read_steps):
    found = []
    if len(n_steps) and n_steps.max() > longest:
        found.append(f"n_steps: {int(n_steps.max())} at most, but inputs has {longest} steps")
    inside = not len(read_steps) or (read_steps[0] >= 0 and read_steps[-1] < longest)
    if not inside or (read_steps[1:] <= read_steps[:-1]).any():
        found.append(f"read_steps: expected ascending steps from 0 to {longest - 1}")
    return found
