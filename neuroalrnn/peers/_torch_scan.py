"""The scan of the gated networks as their equations say, differentiated by autograd.

It runs on every device, and where numba is not installed; `_numba_scan` is faster.
"""

import torch

from neuroalrnn.ops import present, trim
from neuroalrnn.peers.contract import GRUWeights, LSTMWeights, check_gated_scan


def scan(
    weights: GRUWeights | LSTMWeights,
    inputs: torch.Tensor,
    index: torch.Tensor,
    n_steps: torch.Tensor,
    read_steps: torch.Tensor,
) -> torch.Tensor:
    """Run GRUs or LSTMs step by step; see the contract in `neuroalrnn.peers.contract`."""
    check_gated_scan(weights, inputs, index, n_steps, read_steps)
    inputs = trim(inputs, read_steps)
    exists = present(index, n_steps, inputs.shape[1])[..., None]
    s = torch.where(exists, inputs.transpose(0, 1)[:, index].transpose(0, 1), 0.0)
    driven = _matmul(s, weights.input_weight) + weights.bias[:, None, None]
    run = _run_gru if isinstance(weights, GRUWeights) else _run_lstm
    path = torch.stack(run(weights, driven.unbind(1), index.shape[1]), dim=1)
    eta = _matmul(path[:, read_steps + 1], weights.readout) + weights.offset[:, None, None]
    return torch.where(exists[:, read_steps], eta, 0.0)


def _run_gru(weights, driven, n_lanes):
    """Compute hidden states, the initial one first, from what the inputs add to the gates."""
    n = weights.initial.shape[1]
    W, b_q = weights.recurrent_weight.mT, weights.recurrent_bias[:, None]
    h = _start(weights.initial, n_lanes)
    path = [h]
    for x in driven:
        r, u, q = torch.bmm(h, W).chunk(3, dim=-1)
        r, u = torch.sigmoid(x[..., :n] + r), torch.sigmoid(x[..., n : 2 * n] + u)
        candidate = torch.tanh(x[..., 2 * n :] + r * (q + b_q))
        h = candidate + u * (h - candidate)
        path.append(h)
    return path


def _run_lstm(weights, driven, n_lanes):
    """Compute hidden states, the initial one first, from what the inputs add to the gates."""
    n = weights.initial.shape[1]
    W = weights.recurrent_weight.mT
    h, c = _start(weights.initial, n_lanes), _start(weights.initial_cell, n_lanes)
    path = [h]
    for x in driven:
        x = torch.baddbmm(x, h, W)
        i, f, o = torch.sigmoid(x[..., : 3 * n]).chunk(3, dim=-1)
        c = f * c + i * torch.tanh(x[..., 3 * n :])
        h = o * torch.tanh(c)
        path.append(h)
    return path


def _start(state, n_lanes):
    return state[:, None].expand(-1, n_lanes, -1)


def _matmul(x, weight):
    """(model, step, lane, i) times (model, j, i), as one batched product."""
    return torch.bmm(x.flatten(1, 2), weight.mT).unflatten(1, x.shape[1:3])
