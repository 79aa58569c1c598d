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

from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch
from numba import njit

from neuroalrnn.ops import Weights, check
from neuroalrnn.ops.tiles import (
    EDGE,
    add,
    add_lane_scaled,
    add_matmul,
    add_outer,
    add_product,
    add_scaled,
    gate,
    keep_first,
    load,
    rectify,
    spread,
    store,
    sum_lanes,
    transpose,
    vector_bytes,
    zeros,
)

CHUNK = 16
ONE = (0,)
kernel = njit(nogil=True, cache=True, error_model="numpy")


class Blocks(NamedTuple):
    """Lanes that are computed together.

    Attributes
    ----------
    model : array, shape (block,)
    sequence, length, lane : array, shape (block, width)
        Sequence, number of steps and place in ``index`` of every lane, longest first; length 0
        where a block is not full.
    start : array, shape (block + 1,)
        Where the latents kept for each block begin.
    """

    model: np.ndarray
    sequence: np.ndarray
    length: np.ndarray
    lane: np.ndarray
    start: np.ndarray


class Layout(NamedTuple):
    """Sizes of a scan, and where things begin in the working memory of one thread.

    Latents and features are filled up to multiples of 4 (`n_rows`, `n_columns` together); `step` is
    the latents of one step in all lanes. From `W_t` on: W', C', W, B row by row, a, h, floor; z,
    phi, s, delta and the gradient of eta of a chunk; the sums of W and C, a, h, z_0, B and d; eta.
    """

    n_latent: int
    n_features: int
    n_outputs: int
    width: int
    n_rows: int
    n_columns: int
    step: int
    W_t: int
    C_t: int
    W: int
    B: int
    a: int
    h: int
    floor: int
    z: int
    phi: int
    s: int
    delta: int
    g: int
    sums: int
    sum_a: int
    sum_h: int
    sum_z: int
    sum_B: int
    sum_d: int
    eta: int
    end: int


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
        blocks = _cut(index.numpy(), n_steps.numpy(), len(inputs), layout)
        read = np.full(inputs.shape[1], -1)
        read[read_steps.numpy()] = np.arange(len(read_steps))
        arrays = Weights(*(_array(part) for part in weights))
        problem = blocks, layout, arrays, _array(n_pwl), _array(inputs), read
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


def _array(tensor):
    return tensor.detach().contiguous().numpy()


@cache
def _lay_out(n_latent, n_features, n_outputs, width):
    """Sizes and places; every place is a multiple of a vector."""
    n_rows, n_columns = (-(-n // EDGE) * EDGE for n in (n_latent, n_features))
    n_columns += n_rows
    step = n_rows * width
    chunk = CHUNK * step
    sizes = [
        n_rows * n_rows, n_features * n_rows, n_rows * n_rows, n_outputs * n_rows,
        n_rows, n_rows, n_rows, chunk + step, chunk + step, (CHUNK * n_features + EDGE) * width,
        chunk + step, CHUNK * n_outputs * width,
        n_columns * step, step, step, step, n_outputs * step, n_outputs * width, width,
    ]  # fmt: skip
    places = np.cumsum([0, *(-(-n // width) * width for n in sizes)]).tolist()
    return Layout(n_latent, n_features, n_outputs, width, n_rows, n_columns, step, *places)


def _tile_rows(layout):
    """As many latents at once as registers hold and as divide all, as a tuple of that length."""
    most = 16 if vector_bytes() == 64 else 8
    return (0,) * next(n for n in (16, 8, 4) if n <= most and layout.n_rows % n == 0)


def _cut(index, n_steps, n_sequences, layout):
    """Sort the lanes of every model by length and cut them into blocks; empty ones are left out."""
    n_models, n_lanes = index.shape
    n_blocks = -(-n_lanes // layout.width)
    length = n_steps[index]
    order = np.argsort(-length, axis=1, kind="stable")
    row = np.arange(n_models)[:, None]
    cut = np.zeros((3, n_models, n_blocks * layout.width), dtype=np.int64)
    cut[:, :, :n_lanes] = order, length[row, order], index[row, order] % n_sequences
    lane, length, sequence = cut.reshape(3, -1, layout.width)
    longest = length.max(axis=1, initial=0)
    real = longest > 0
    start = np.append(0, np.cumsum(-(-longest[real] // CHUNK) * layout.step))
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
    waiting = [_pool(threads - 1).submit(run, *part) for part in others]
    run(*first)
    for each in waiting:
        each.result()


@cache
def _pool(threads):
    return ThreadPoolExecutor(threads)


def _unpack(total, layout):
    """Gradient of every parameter from the sums over all blocks."""
    n_rows, n_columns, n_outputs = layout.n_rows, layout.n_columns, layout.n_outputs
    sizes = n_rows * n_columns, n_rows, n_rows, n_rows, n_outputs * n_rows, n_outputs
    joint, a, h, z_0, B, d = total.split(sizes, dim=1)
    joint = joint.unflatten(1, (n_rows, n_columns))[:, : layout.n_latent]
    return Weights(
        self_slope=a[:, : layout.n_latent],
        weight=joint[..., : layout.n_latent],
        input_weight=joint[..., n_rows : n_rows + layout.n_features],
        bias=h[:, : layout.n_latent],
        initial=z_0[:, : layout.n_latent],
        readout=B.unflatten(1, (n_outputs, n_rows))[..., : layout.n_latent],
        offset=d,
    )


@kernel
def forward_blocks(
    begin, end, blocks, layout, weights, n_pwl, inputs, read, eta, kept, memory, rows
):
    """Eta of some blocks, and the latents at the start of every chunk."""
    for block in range(begin, end):
        model, lengths, lanes = blocks.model[block], blocks.length[block], blocks.lane[block]
        _fill(memory, layout, weights, n_pwl, model)
        for i in range(layout.n_latent):
            for v in range(layout.width):
                memory[layout.z + i * layout.width + v] = weights.initial[model, i]
        memory[layout.z + layout.n_latent * layout.width : layout.z + layout.step] = 0
        for first in range(0, lengths[0], CHUNK):
            n = min(CHUNK, lengths[0] - first)
            at = blocks.start[block] + first // CHUNK * layout.step
            _copy(kept, at, memory, layout.z, layout.step)
            _gather(memory, layout, inputs, blocks.sequence[block], lengths, first)
            _advance(memory, layout, lengths, first, n, rows)
            _read_out(
                memory, layout, weights.offset[model], eta[model], read, lengths, lanes, first, n
            )
            _copy(memory, layout.z, memory, layout.z + n * layout.step, layout.step)


@kernel
def backward_blocks(
    begin, end, blocks, layout, weights, n_pwl, inputs, read, grad_eta, kept, memory, rows, out
):
    """Gradients of some blocks, one row of `out` each."""
    for block in range(begin, end):
        model, lengths, lanes = blocks.model[block], blocks.length[block], blocks.lane[block]
        _fill(memory, layout, weights, n_pwl, model)
        memory[layout.sums : layout.eta] = 0
        memory[layout.delta : layout.delta + layout.step] = 0
        for first in range((lengths[0] - 1) // CHUNK * CHUNK, -1, -CHUNK):
            n = min(CHUNK, lengths[0] - first)
            at = blocks.start[block] + first // CHUNK * layout.step
            _copy(memory, layout.z, kept, at, layout.step)
            _gather(memory, layout, inputs, blocks.sequence[block], lengths, first)
            _advance(memory, layout, lengths, first, n, rows)
            _gather_gradient(memory, layout, grad_eta[model], read, lengths, lanes, first, n)
            _copy(memory, layout.delta + n * layout.step, memory, layout.delta, layout.step)
            _retreat(memory, layout, read, first, n, rows)
            _sum_chunk(memory, layout, n, rows)
            _sum_readout(memory, layout, read, first, n, rows)
        for i in range(0, layout.n_rows, len(rows)):
            store(memory, layout.sum_z + i * layout.width, _carry(memory, layout, 0, i, rows))
        for k in range(out.shape[1]):
            out[block, k] = sum_lanes(memory, layout.sums + k * layout.width)


@kernel
def _advance(memory, layout, lengths, first, n, rows):
    """Latents and phi of a chunk of steps, from the latents at its start."""
    width = layout.width
    for i in range(0, layout.n_rows, len(rows)):
        z = load(memory, layout.z + i * width, rows)
        store(memory, layout.phi + i * width, rectify(z, memory, layout.floor + i))
    for k in range(n):
        present = _present(lengths, first + k)
        s = layout.s + k * layout.n_features * width
        now, phi = layout.z + k * layout.step, layout.phi + k * layout.step
        for i in range(0, layout.n_rows, len(rows)):
            z = spread(memory, layout.h + i, rows)
            z = add_matmul(z, memory, layout.C_t + i, layout.n_rows, memory, s, layout.n_features)
            z = add_scaled(z, memory, layout.a + i, load(memory, now + i * width, rows))
            z = add_matmul(z, memory, layout.W_t + i, layout.n_rows, memory, phi, layout.n_rows)
            if present < width:
                z = keep_first(z, present)
            store(memory, now + layout.step + i * width, z)
            z = rectify(z, memory, layout.floor + i)
            store(memory, phi + layout.step + i * width, z)


@kernel
def _read_out(memory, layout, offset, eta, read, lengths, lanes, first, n):
    """Eta at the read steps of a chunk."""
    is_row = _is_row(layout, lanes)
    for k in range(n):
        r = read[first + k]
        if r < 0:
            continue
        present = _present(lengths, first + k)
        z = layout.z + (k + 1) * layout.step
        for o in range(layout.n_outputs):
            row = layout.B + o * layout.n_rows
            found = spread(offset, o, ONE)
            found = add_matmul(found, memory, row, 1, memory, z, layout.n_rows)
            if is_row and present == layout.width:
                store(eta, r * eta.shape[1] + lanes[0], found)
            else:
                store(memory, layout.eta, found)
                for v in range(present):
                    eta[r, lanes[v], o] = memory[layout.eta + v]


@kernel
def _retreat(memory, layout, read, first, n, rows):
    """Delta of a chunk of steps, from that of the step behind it."""
    for k in range(n - 1, -1, -1):
        here = layout.delta + k * layout.step
        g = layout.g + k * layout.n_outputs * layout.width
        n_outputs = layout.n_outputs if read[first + k] >= 0 else 0
        for i in range(0, layout.n_rows, len(rows)):
            delta = _carry(memory, layout, k + 1, i, rows)
            delta = add_matmul(delta, memory, layout.B + i, layout.n_rows, memory, g, n_outputs)
            store(memory, here + i * layout.width, delta)


@kernel
def _carry(memory, layout, k, i, rows):
    """``a delta + D W' delta`` of some latents, at step k of a chunk."""
    behind = layout.delta + k * layout.step
    delta = zeros(memory, rows)
    delta = add_matmul(delta, memory, layout.W + i, layout.n_rows, memory, behind, layout.n_rows)
    z = load(memory, layout.z + k * layout.step + i * layout.width, rows)
    delta = gate(delta, z, memory, layout.floor + i)
    return add_scaled(delta, memory, layout.a + i, load(memory, behind + i * layout.width, rows))


@kernel
def _sum_chunk(memory, layout, n, rows):
    """Add a chunk to the sums of W, C, a and h."""
    step, width, line = layout.step, layout.width, layout.n_columns * layout.width
    for i in range(0, layout.n_rows, EDGE):
        at, delta = layout.sums + i * line, layout.delta + i * width
        for j in range(0, layout.n_rows, EDGE):
            phi = layout.phi + j * width
            add_outer(memory, at + j * width, line, memory, delta, step, memory, phi, step, n)
        at += step
        for j in range(0, layout.n_features, EDGE):
            s, apart = layout.s + j * width, layout.n_features * width
            add_outer(memory, at + j * width, line, memory, delta, step, memory, s, apart, n)
    for i in range(0, layout.n_rows, len(rows)):
        a = load(memory, layout.sum_a + i * width, rows)
        h = load(memory, layout.sum_h + i * width, rows)
        for k in range(n):
            delta = load(memory, layout.delta + k * step + i * width, rows)
            a = add_product(a, delta, load(memory, layout.z + k * step + i * width, rows))
            h = add(h, delta)
        store(memory, layout.sum_a + i * width, a)
        store(memory, layout.sum_h + i * width, h)


@kernel
def _sum_readout(memory, layout, read, first, n, rows):
    """Add a chunk to the sums of B and d."""
    width = layout.width
    for o in range(layout.n_outputs):
        for i in range(0, layout.n_rows, len(rows)):
            B = load(memory, layout.sum_B + o * layout.step + i * width, rows)
            for k in range(n):
                if read[first + k] >= 0:
                    z = load(memory, layout.z + (k + 1) * layout.step + i * width, rows)
                    g = layout.g + (k * layout.n_outputs + o) * width
                    B = add_lane_scaled(B, memory, g, z)
            store(memory, layout.sum_B + o * layout.step + i * width, B)
        d = load(memory, layout.sum_d + o * width, ONE)
        for k in range(n):
            if read[first + k] >= 0:
                d = add(d, load(memory, layout.g + (k * layout.n_outputs + o) * width, ONE))
        store(memory, layout.sum_d + o * width, d)


@kernel
def _present(lengths, t):
    """How many lanes of a block, longest first, have a step."""
    n = len(lengths)
    while lengths[n - 1] <= t:
        n -= 1
    return n


@kernel
def _gather(memory, layout, inputs, sequences, lengths, first):
    """Inputs of a chunk of steps as (step, feature, lane).

    Lanes that have ended get those of the first lane, which go nowhere; zeros where a lane ends.
    """
    width, n_features, last = layout.width, layout.n_features, first + CHUNK
    is_ending = lengths[0] < last
    for v in range(width):
        is_ending |= first < lengths[v] < last
    if not is_ending:
        begins = np.empty(width, dtype=np.int64)
        for v in range(width):
            sequence = sequences[v] if lengths[v] >= last else sequences[0]
            begins[v] = (sequence * inputs.shape[1] + first) * n_features
        transpose(memory, layout.s, inputs, begins, CHUNK * n_features // width)
        return
    for v in range(width):
        for k in range(min(CHUNK, lengths[0] - first)):
            for f in range(n_features):
                value = inputs[sequences[v], first + k, f] if first + k < lengths[v] else 0
                memory[layout.s + (k * n_features + f) * width + v] = value


@kernel
def _gather_gradient(memory, layout, grad_eta, read, lengths, lanes, first, n):
    """Gradient of eta at the read steps of a chunk, zero beyond the end of a lane."""
    width, n_outputs, is_row = layout.width, layout.n_outputs, _is_row(layout, lanes)
    for k in range(n):
        r = read[first + k]
        if r < 0:
            continue
        g = layout.g + k * n_outputs * width
        present = _present(lengths, first + k)
        if is_row and present == width:
            store(memory, g, load(grad_eta, r * grad_eta.shape[1] + lanes[0], ONE))
            continue
        memory[g : g + n_outputs * width] = 0
        for o in range(n_outputs):
            for v in range(present):
                memory[g + o * width + v] = grad_eta[r, lanes[v], o]


@kernel
def _is_row(layout, lanes):
    """Whether one vector of eta holds all lanes of a block in order."""
    is_row = layout.n_outputs == 1
    for v in range(layout.width):
        is_row &= lanes[v] == lanes[0] + v
    return is_row


@kernel
def _fill(memory, layout, weights, n_pwl, model):
    """Weights of one model, filled up with zeros."""
    n_latent, n_rows = layout.n_latent, layout.n_rows
    memory[layout.W_t : layout.z] = 0
    for i in range(n_latent):
        for j in range(n_latent):
            memory[layout.W_t + j * n_rows + i] = weights.weight[model, i, j]
            memory[layout.W + i * n_rows + j] = weights.weight[model, i, j]
        for f in range(layout.n_features):
            memory[layout.C_t + f * n_rows + i] = weights.input_weight[model, i, f]
        for o in range(layout.n_outputs):
            memory[layout.B + o * n_rows + i] = weights.readout[model, o, i]
        memory[layout.a + i] = weights.self_slope[model, i]
        memory[layout.h + i] = weights.bias[model, i]
        memory[layout.floor + i] = 0 if i >= n_latent - n_pwl[model] else -np.inf


@kernel
def _copy(out, at, array, start, n):
    for k in range(n):
        out[at + k] = array[start + k]


@kernel
def add_rows(total, model, rows):
    """Add every row to that of its model."""
    for k in range(len(model)):
        total[model[k]] += rows[k]
