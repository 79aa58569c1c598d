"""The scan of the gated networks as fused kernels on the CPU, with a gradient derived by hand.

Blocks of lanes, chunks of steps, threads and sums are those of `neuroalrnn.ops.numba_cpu`. The
forward kernel keeps only the states at the start of every chunk, and the backward kernel computes
the others again. Where scores alone are wanted, as in training, see `_numba_learn`. Results depend
neither on the number of threads nor on the other models.
"""

from functools import cache

import torch

from neuroalrnn.ops import trim
from neuroalrnn.ops.numba_blocks import (
    as_array,
    cut_blocks,
    find_reads,
    share_blocks,
    sum_gradients,
)
from neuroalrnn.ops.tiles import vector_bytes
from neuroalrnn.peers._kernels import backward_blocks, forward_blocks
from neuroalrnn.peers._numba_layout import Cells, lay_out
from neuroalrnn.peers.contract import N_GATES, GRUWeights, LSTMWeights, check_gated_scan


def scan(
    weights: GRUWeights | LSTMWeights,
    inputs: torch.Tensor,
    index: torch.Tensor,
    n_steps: torch.Tensor,
    read_steps: torch.Tensor,
    *,
    threads: int = 1,
) -> torch.Tensor:
    """Run GRUs or LSTMs; see the contract in `neuroalrnn.peers.contract`."""
    check_gated_scan(weights, inputs, index, n_steps, read_steps)
    return _Scan.apply(type(weights), inputs, index, n_steps, read_steps, threads, *weights)


class _Scan(torch.autograd.Function):
    @staticmethod
    def forward(ctx, kind, inputs, index, n_steps, read_steps, threads, *weights):
        blocks, layout, cells = _prepare(kind(*weights), inputs, index, n_steps, read_steps)
        read = find_reads(inputs.shape[1], read_steps)
        problem = blocks, layout, cells, as_array(inputs), read
        eta = inputs.new_zeros(len(index), len(read_steps), index.shape[1], layout.n_outputs)
        kept = inputs.new_empty(layout.n_states, blocks.start[-1])

        def run(begin, end):
            memory = inputs.new_empty(layout.end).numpy()
            forward_blocks(begin, end, *problem, eta.numpy(), kept.numpy(), memory)

        share_blocks(run, blocks, threads)
        ctx.save_for_backward(*weights, inputs)
        ctx.kind, ctx.problem, ctx.kept = kind, problem, kept
        ctx.threads = threads
        return eta

    @staticmethod
    def backward(ctx, grad_eta):
        *weights, inputs = ctx.saved_tensors  # raises if one was changed since
        blocks, layout = ctx.problem[:2]
        n_sums = (layout.eta - layout.sums) // layout.width
        arrays = as_array(grad_eta), ctx.kept.numpy()

        def run(begin, end, out):
            memory = inputs.new_empty(layout.end).numpy()
            backward_blocks(begin, end, *ctx.problem, *arrays, memory, out)

        total = inputs.new_zeros(len(weights[0]), n_sums)
        sum_gradients(run, blocks, ctx.threads, total)
        gradients = unpack(total, layout)
        return (*[None] * 6, *(gradients[name] for name in ctx.kind._fields))


def _prepare(weights, inputs, index, n_steps, read_steps):
    """Blocks, memory layout, and weights as arrays."""
    layout = lay_out_scan(weights, inputs)
    shape = trim(inputs, read_steps).shape
    blocks = cut_blocks(index.numpy(), n_steps.numpy(), shape, layout)
    return blocks, layout, as_cells(weights)


def lay_out_scan(weights, inputs):
    """Lay out the working memory of a thread."""
    n_outputs, n_latent = weights.readout.shape[1:]
    width = vector_bytes() // inputs.itemsize
    return _lay_out(N_GATES[type(weights)], n_latent, inputs.shape[2], n_outputs, width)


_lay_out = cache(lay_out)


def as_cells(weights):
    """Convert the weights of either network to the same arrays."""
    is_gru = isinstance(weights, GRUWeights)
    states = [weights.initial] if is_gru else [weights.initial, weights.initial_cell]
    each = weights._asdict() | {
        "recurrent_bias": weights.recurrent_bias if is_gru else torch.zeros_like(weights.initial),
        "initial": torch.stack(states, dim=1),
    }
    return Cells(*(as_array(each[name]) for name in Cells._fields))


def unpack(total, layout):
    """Split the sums over all blocks into the gradient of every parameter, by name."""
    n_gates, n_rows, n_outputs, n = (
        layout.n_gates, layout.n_rows, layout.n_outputs, layout.n_latent
    )  # fmt: skip
    sizes = {
        "recurrent": layout.n_gate_rows * n_rows, "input": layout.n_features * layout.n_gate_rows,
        "bias": layout.n_gate_rows,
        "recurrent_bias": n_rows, "readout": n_outputs * n_rows, "offset": n_outputs,
        "initial": n_rows, "initial_cell": n_rows, "score": 1,
    }  # fmt: skip
    parts = dict(zip(sizes, total.split(list(sizes.values()), dim=1), strict=True))
    recurrent = parts["recurrent"].view(-1, n_gates, n_rows, n_rows)
    driven = parts["input"].view(len(total), layout.n_features, n_gates, n_rows)
    return {
        "input_weight": driven[..., :n].flatten(2).mT,
        "recurrent_weight": recurrent[:, :, :n, :n].flatten(1, 2),
        "bias": parts["bias"].view(-1, n_gates, n_rows)[..., :n].flatten(1),
        "readout": parts["readout"].view(-1, n_outputs, n_rows)[..., :n],
        "offset": parts["offset"],
        **{name: parts[name][:, :n] for name in ("recurrent_bias", "initial", "initial_cell")},
    }
