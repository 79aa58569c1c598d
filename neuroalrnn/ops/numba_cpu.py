r"""The scan as two fused kernels on the CPU: forward, and a backward derived by hand.

The work is cut into blocks of one model and as many lanes as a vector of the processor holds, so
that every inner operation is one vector instruction. The lanes of a model are sorted by length, and
each block runs to its own longest lane. One thread computes a block from start to end, and the
blocks of a model are summed in order: results depend neither on the number of threads nor on the
other models.

Both kernels go through chunks of steps that stay in cache. The forward kernel keeps the latents at
the start of every chunk, nothing else; the backward kernel computes the others again, then

.. math::
    \delta_t = B' g_t + a \odot \delta_{t+1} + D_t W' \delta_{t+1}

step by step, then :math:`\sum_t \delta_t [\phi(z_{t-1}), s_t]'` over the chunk, 4 x 4 latents at a
time in registers. Lanes are summed last.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise

import numpy as np
import torch

from neuroalrnn.ops import Weights, check, trim
from neuroalrnn.ops.numba_kernels import (
    CHUNK,
    Blocks,
    add_rows,
    backward_blocks,
    forward_blocks,
    lay_out,
)
from neuroalrnn.ops.tiles import vector_bytes


def scan(weights, n_pwl, inputs, index, n_steps, read_steps, *, threads=1):
    """Run the recurrence in up to `threads` threads; see the contract in `neuroalrnn.ops`."""
    check(weights, n_pwl, inputs, index, n_steps, read_steps)
    return _Scan.apply(*weights, n_pwl, inputs, index, n_steps, read_steps, threads)


class _Scan(torch.autograd.Function):
    @staticmethod
    def forward(ctx, a, W, C, h, z_0, B, d, n_pwl, inputs, index, n_steps, read_steps, threads):
        weights = Weights(a, W, C, h, z_0, B, d)
        layout = _lay_out(W.shape[1], C.shape[2], B.shape[1], vector_bytes() // inputs.itemsize)
        rows = _tile_rows(layout)
        blocks = _cut(index.numpy(), n_steps.numpy(), trim(inputs, read_steps).shape, layout)
        read = np.full(inputs.shape[1], -1)
        read[read_steps.numpy()] = np.arange(len(read_steps))
        arrays = Weights(*(_array(part) for part in weights))
        problem = blocks, layout, arrays, _array(n_pwl.long()), _array(inputs), read
        eta = inputs.new_zeros(len(index), len(read_steps), index.shape[1], layout.n_outputs)
        kept = inputs.new_empty(blocks.start[-1])

        def run(begin, end):
            memory = inputs.new_empty(layout.end).numpy()
            forward_blocks(begin, end, *problem, eta.numpy(), kept.numpy(), memory, rows)

        _share(run, blocks, threads)
        ctx.save_for_backward(*weights, inputs)
        ctx.problem, ctx.kept, ctx.rows, ctx.threads = problem, kept, rows, threads
        return eta

    @staticmethod
    def backward(ctx, grad_eta):
        *weights, inputs = ctx.saved_tensors  # raises if one was changed since
        blocks, layout = ctx.problem[:2]
        n_sums = (layout.eta - layout.sums) // layout.width
        out = inputs.new_empty(len(blocks.model), n_sums)
        arrays = _array(grad_eta), ctx.kept.numpy()

        def run(begin, end):
            memory = inputs.new_empty(layout.end).numpy()
            backward_blocks(begin, end, *ctx.problem, *arrays, memory, ctx.rows, out.numpy())

        _share(run, blocks, ctx.threads)
        total = inputs.new_zeros(len(weights[0]), n_sums)
        add_rows(total.numpy(), blocks.model, out.numpy())
        return (*_unpack(total, layout), *[None] * 6)


_lay_out = cache(lay_out)


def _array(tensor):
    return tensor.detach().contiguous().numpy()


def _tile_rows(layout):
    """As many latents at once as registers hold and as divide all.

    The number is the length of a tuple: types are all that the kernels know when they compile.
    """
    most = 16 if vector_bytes() == 64 else 8
    return (0,) * next(n for n in (16, 8, 4) if n <= most and layout.n_rows % n == 0)


def _cut(index, n_steps, shape, layout):
    """Sort the lanes of every model by length and cut them into blocks; empty ones are left out."""
    n_models, n_lanes = index.shape
    n_blocks = -(-n_lanes // layout.width)
    n_sequences, longest, _ = shape
    length = np.minimum(n_steps[index].astype(np.int64), longest)
    order = np.argsort(-length, axis=1, kind="stable")
    row = np.arange(n_models)[:, None]
    cut = np.zeros((3, n_models, n_blocks * layout.width), dtype=np.int64)
    cut[:, :, :n_lanes] = order, length[row, order], index[row, order] % n_sequences
    lane, length, sequence = cut.reshape(3, -1, layout.width)
    n_steps = length.max(axis=1, initial=0)
    real = n_steps > 0
    start = np.append(0, np.cumsum(-(-n_steps[real] // CHUNK) * layout.step))
    model = np.repeat(np.arange(n_models), n_blocks)
    return Blocks(model[real], sequence[real], length[real], lane[real], start)


def _share(run, blocks, threads):
    """Call ``run(begin, end)`` on ranges of blocks of about equal work, in threads."""
    n_blocks = len(blocks.model)
    if threads == 1 or n_blocks < 2:
        run(0, n_blocks)
        return
    equal = np.linspace(0, blocks.start[-1], threads + 1)[1:-1]
    ends = [0, *np.searchsorted(blocks.start, equal).tolist(), n_blocks]
    first, *others = pairwise(ends)
    waiting = [_pool().submit(run, *part) for part in others]
    run(*first)
    for each in waiting:
        each.result()


@cache
def _pool():
    """Threads for all calls; they start when they are needed."""
    return ThreadPoolExecutor(os.cpu_count())


# a forked process has no threads of its parent
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.cache_clear)


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
