r"""The scan as two fused kernels on the CPU: forward, and a backward derived by hand.

A block is one model and as many lanes as a vector of the processor holds, so that every inner
operation is one vector instruction. The lanes of a model are sorted by length, and each block runs
to the end of its longest lane. One thread computes a block from start to end, and the blocks of a
model are summed in order, so that results depend neither on the number of threads nor on the other
models.

Both kernels go through chunks of steps that stay in cache. The forward kernel keeps only the
latents at the start of every chunk. The backward kernel computes the others again, then

.. math::
    \delta_t = B' g_t + a \odot \delta_{t+1} + D_t W' \delta_{t+1}

step by step, then :math:`\sum_t \delta_t [\phi(z_{t-1}), s_t]'` over the chunk, 4 x 4 latents at a
time in registers. Lanes are summed last.
"""

from functools import cache

import torch

from neuroalrnn.ops.contract import Weights, check_scan, trim
from neuroalrnn.ops.numba_blocks import (
    as_array,
    cut_blocks,
    find_reads,
    share_blocks,
    sum_gradients,
)
from neuroalrnn.ops.numba_kernels import (
    backward_blocks,
    forward_blocks,
    lay_out,
)
from neuroalrnn.ops.tiles import tile_rows, vector_bytes


def scan(
    weights: Weights,
    n_pwl: torch.Tensor,
    inputs: torch.Tensor,
    index: torch.Tensor,
    n_steps: torch.Tensor,
    read_steps: torch.Tensor,
    *,
    threads: int = 1,
) -> torch.Tensor:
    """Run the recurrence; see the contract in `neuroalrnn.ops`."""
    check_scan(weights, n_pwl, inputs, index, n_steps, read_steps)
    return _Scan.apply(*weights, n_pwl, inputs, index, n_steps, read_steps, threads)


class _Scan(torch.autograd.Function):
    @staticmethod
    def forward(ctx, a, W, C, h, z_0, B, d, n_pwl, inputs, index, n_steps, read_steps, threads):
        weights = Weights(a, W, C, h, z_0, B, d)
        layout = _lay_out(W.shape[1], C.shape[2], B.shape[1], vector_bytes() // inputs.itemsize)
        rows = tile_rows(layout.n_rows)
        blocks = cut_blocks(index.numpy(), n_steps.numpy(), trim(inputs, read_steps).shape, layout)
        read = find_reads(inputs.shape[1], read_steps)
        arrays = Weights(*(as_array(part) for part in weights))
        problem = blocks, layout, arrays, as_array(n_pwl.long()), as_array(inputs), read
        eta = inputs.new_zeros(len(index), len(read_steps), index.shape[1], layout.n_outputs)
        kept = inputs.new_empty(blocks.start[-1])

        def run(begin, end):
            memory = inputs.new_empty(layout.end).numpy()
            forward_blocks(begin, end, *problem, eta.numpy(), kept.numpy(), memory, rows)

        share_blocks(run, blocks, threads)
        ctx.save_for_backward(*weights, inputs)
        ctx.problem, ctx.kept, ctx.rows, ctx.threads = problem, kept, rows, threads
        return eta

    @staticmethod
    def backward(ctx, grad_eta):
        *weights, inputs = ctx.saved_tensors  # raises if one was changed since
        blocks, layout = ctx.problem[:2]
        n_sums = (layout.eta - layout.sums) // layout.width
        arrays = as_array(grad_eta), ctx.kept.numpy()

        def run(begin, end, out):
            memory = inputs.new_empty(layout.end).numpy()
            backward_blocks(begin, end, *ctx.problem, *arrays, memory, ctx.rows, out)

        total = inputs.new_zeros(len(weights[0]), n_sums)
        sum_gradients(run, blocks, ctx.threads, total)
        return (*_unpack(total, layout), *[None] * 6)


_lay_out = cache(lay_out)


def _unpack(total, layout):
    """Gradient of every parameter from the sums over all blocks."""
    n_rows, n_columns, n_outputs = layout.n_rows, layout.n_columns, layout.n_outputs
    sizes = n_rows * n_columns, n_rows, n_rows, n_rows, n_outputs * n_rows, n_outputs
    joint, a, h, z_0, B, d = total.split(sizes, dim=1)
    joint = joint.view(-1, n_rows, n_columns)[:, : layout.n_latent]
    return Weights(
        self_slope=a[:, : layout.n_latent],
        weight=joint[..., : layout.n_latent],
        input_weight=joint[..., n_rows : n_rows + layout.n_features],
        bias=h[:, : layout.n_latent],
        initial=z_0[:, : layout.n_latent],
        readout=B.view(-1, n_outputs, n_rows)[..., : layout.n_latent],
        offset=d,
    )
