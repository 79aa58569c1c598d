"""The two kernels of `numba_cpu`, in the words of `numba_chunks`."""

from typing import NamedTuple

import numpy as np

from neuroalrnn.ops.numba_chunks import (
    CHUNK,
    copy,
    count_present,
    gather,
    gather_gradient,
    read_out,
    sum_readout,
)
from neuroalrnn.ops.tiles import (
    EDGE,
    add,
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
    zeros,
)
from neuroalrnn.running import kernel, part


class ScanLayout(NamedTuple):
    """Sizes of a scan, and where things begin in the working memory of one thread.

    Parameters
    ----------
    n_latent, n_features, n_outputs : int
        Sizes of the models.
    width : int
        Number of lanes of a block.
    n_rows, n_columns : int
        Number of latents, and of latents and features, each filled up to a multiple of 4.
    step : int
        How many numbers the latents of a step are: ``n_rows * width``.
    W_t, C_t, W, B, a, h, floor : int
        Weights of the model; W also and C only transposed.
    z, phi, s, delta, g : int
        A chunk of latents, of ``phi``, of inputs, of gradients of z, and of gradients of eta.
    sums, sum_a, sum_h, sum_z, sum_B, sum_d : int
        Sums of gradients in every lane; the first has W and C side by side.
    eta : int
        Eta of one step and output.
    end : int
        The end of the memory.
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


def lay_out(n_latent: int, n_features: int, n_outputs: int, width: int) -> ScanLayout:
    """Lay out the working memory of one thread.

    Parameters
    ----------
    n_latent, n_features, n_outputs : int
        Sizes of the models.
    width : int
        Number of lanes of a block.

    Returns
    -------
    ScanLayout
        Sizes, and places that are multiples of a vector.
    """
    n_rows = -(-n_latent // EDGE) * EDGE
    n_columns = n_rows + -(-n_features // EDGE) * EDGE
    step = n_rows * width
    path = (CHUNK + 1) * step
    sizes = {
        "W_t": n_rows * n_rows,
        "C_t": n_features * n_rows,
        "W": n_rows * n_rows,
        "B": n_outputs * n_rows,
        "a": n_rows,
        "h": n_rows,
        "floor": n_rows,
        "z": path,
        "phi": path,
        # `_sum_chunk` reads features in fours, beyond the last step
        "s": (CHUNK * n_features + EDGE) * width,
        "delta": path,
        "g": CHUNK * n_outputs * width,
        "sums": n_columns * step,
        "sum_a": step,
        "sum_h": step,
        "sum_z": step,
        "sum_B": n_outputs * step,
        "sum_d": n_outputs * width,
        "eta": width,
    }
    ends = np.cumsum([0, *(-(-n // width) * width for n in sizes.values())]).tolist()
    places = dict(zip([*sizes, "end"], ends, strict=True))
    return ScanLayout(n_latent, n_features, n_outputs, width, n_rows, n_columns, step, **places)


@kernel
def forward_blocks(
    begin, end, blocks, layout, weights, n_pwl, inputs, read, eta, kept, memory, rows
):
    """Compute eta of some blocks, and the latents at the start of every chunk."""
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
            copy(kept, at, memory, layout.z, layout.step)
            gather(memory, layout, inputs, blocks.sequence[block], lengths, first)
            _advance(memory, layout, lengths, first, n, rows)
            read_out(
                memory, layout, weights.offset[model], eta[model], read, lengths, lanes, first, n
            )
            copy(memory, layout.z, memory, layout.z + n * layout.step, layout.step)


@kernel
def backward_blocks(
    begin, end, blocks, layout, weights, n_pwl, inputs, read, grad_eta, kept, memory, rows, out
):
    """Compute gradients of some blocks, and write one row of `out` for each."""
    for block in range(begin, end):
        model, lengths, lanes = blocks.model[block], blocks.length[block], blocks.lane[block]
        _fill(memory, layout, weights, n_pwl, model)
        memory[layout.sums : layout.eta] = 0
        memory[layout.delta : layout.delta + layout.step] = 0
        for first in range((lengths[0] - 1) // CHUNK * CHUNK, -1, -CHUNK):
            n = min(CHUNK, lengths[0] - first)
            at = blocks.start[block] + first // CHUNK * layout.step
            copy(memory, layout.z, kept, at, layout.step)
            gather(memory, layout, inputs, blocks.sequence[block], lengths, first)
            _advance(memory, layout, lengths, first, n, rows)
            gather_gradient(memory, layout, grad_eta[model], read, lengths, lanes, first, n)
            copy(memory, layout.delta + n * layout.step, memory, layout.delta, layout.step)
            _retreat(memory, layout, read, first, n, rows)
            _sum_chunk(memory, layout, n, rows)
            sum_readout(memory, memory, layout, read, first, n, rows)
        for i in range(0, layout.n_rows, len(rows)):
            store(memory, layout.sum_z + i * layout.width, _carry(memory, layout, 0, i, rows))
        for k in range(out.shape[1]):
            out[block, k] = sum_lanes(memory, layout.sums + k * layout.width)


@part
def _advance(memory, layout, lengths, first, n, rows):
    """Compute latents and ``phi`` of a chunk of steps from the latents at its start."""
    width = layout.width
    for i in range(0, layout.n_rows, len(rows)):
        z = load(memory, layout.z + i * width, rows)
        store(memory, layout.phi + i * width, rectify(z, memory, layout.floor + i))
    for k in range(n):
        present = count_present(lengths, first + k)
        s = layout.s + k * layout.n_features * width
        now, phi = layout.z + k * layout.step, layout.phi + k * layout.step
        for i in range(0, layout.n_rows, len(rows)):
            z = spread(memory, layout.h + i, rows)
            z = add_matmul(z, memory, layout.C_t + i, layout.n_rows, memory, s, layout.n_features)
            z = add_scaled(z, memory, layout.a + i, load(memory, now + i * width, rows))
            z = add_matmul(z, memory, layout.W_t + i, layout.n_rows, memory, phi, layout.n_latent)
            if present < width:
                z = keep_first(z, present)
            store(memory, now + layout.step + i * width, z)
            z = rectify(z, memory, layout.floor + i)
            store(memory, phi + layout.step + i * width, z)


@part
def _retreat(memory, layout, read, first, n, rows):
    """Compute delta of a chunk of steps from that of the step behind it."""
    for k in range(n - 1, -1, -1):
        here = layout.delta + k * layout.step
        g = layout.g + k * layout.n_outputs * layout.width
        n_outputs = layout.n_outputs if read[first + k] >= 0 else 0
        for i in range(0, layout.n_rows, len(rows)):
            delta = _carry(memory, layout, k + 1, i, rows)
            delta = add_matmul(delta, memory, layout.B + i, layout.n_rows, memory, g, n_outputs)
            store(memory, here + i * layout.width, delta)


@part
def _carry(memory, layout, k, i, rows):
    """``a delta + D W' delta`` of some latents, at step k of a chunk."""
    behind = layout.delta + k * layout.step
    delta = zeros(memory, rows)
    delta = add_matmul(delta, memory, layout.W + i, layout.n_rows, memory, behind, layout.n_latent)
    z = load(memory, layout.z + k * layout.step + i * layout.width, rows)
    delta = gate(delta, z, memory, layout.floor + i)
    return add_scaled(delta, memory, layout.a + i, load(memory, behind + i * layout.width, rows))


@part
def _sum_chunk(memory, layout, n, rows):
    """Add a chunk to the sums of W, C, a and h."""
    step, width, line = layout.step, layout.width, layout.n_columns * layout.width
    for i in range(0, layout.n_rows, EDGE):
        at, delta = layout.sums + i * line, layout.delta + i * width
        for j in range(0, layout.n_rows, EDGE):
            phi = layout.phi + j * width
            add_outer(memory, at + j * width, line, memory, delta, step, memory, phi, step, n)
        at += step
        # the last four features may reach into the next step; what they add there is never read
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


@part
def _fill(memory, layout, weights, n_pwl, model):
    """Copy the weights of one model, filled up with zeros."""
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
