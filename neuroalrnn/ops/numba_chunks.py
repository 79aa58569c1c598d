"""Parts of CPU kernels that networks of all kinds share: blocks of lanes, and chunks of steps.

Offsets count numbers. In `memory`, the working memory of one thread, ``layout.z`` is where z
begins; a step there is (latent, lane) and ``layout.step`` numbers long. `first` is the first step
of a chunk in its sequence, `k` a step within the chunk, and z of step k lies at k + 1: at 0 are the
latents that the chunk starts from.
"""

from typing import NamedTuple

import numpy as np

from neuroalrnn.ops.tiles import (
    add,
    add_lane_scaled,
    add_matmul,
    load,
    spread,
    store,
    transpose,
)
from neuroalrnn.running import kernel, part

CHUNK = 16  # steps; as many numbers of every feature fill whole vectors
ONE = (0,)


class Blocks(NamedTuple):
    """Lanes that are computed together.

    Parameters
    ----------
    model : array, shape (block,)
        Model of each block.
    sequence, length, lane : array, shape (block, width)
        Sequence, number of steps, and place in ``index`` of every lane, longest first. A block that
        is not full has lanes of length 0.
    start : array, shape (block + 1,)
        Where the latents kept for each block begin, as (chunk, latent, lane).
    """

    model: np.ndarray
    sequence: np.ndarray
    length: np.ndarray
    lane: np.ndarray
    start: np.ndarray


@part
def gather(memory, layout, inputs, sequences, lengths, first):
    """Lay out the inputs of a chunk of steps as (step, feature, lane).

    Lanes that have ended get those of the first lane, which have no effect. If a lane ends within
    the chunk, zeros follow.
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


@part
def read_out(memory, layout, offset, eta, read, lengths, lanes, first, n):
    """Compute eta at the read steps of a chunk."""
    is_row = _is_row(layout, lanes)
    for k in range(n):
        r = read[first + k]
        if r < 0:
            continue
        present = count_present(lengths, first + k)
        z = layout.z + (k + 1) * layout.step
        for o in range(layout.n_outputs):
            row = layout.B + o * layout.n_rows
            value = spread(offset, o, ONE)
            value = add_matmul(value, memory, row, 1, memory, z, layout.n_latent)
            if is_row and present == layout.width:
                store(eta, r * eta.shape[1] + lanes[0], value)
            else:
                store(memory, layout.eta, value)
                for v in range(present):
                    eta[r, lanes[v], o] = memory[layout.eta + v]


@part
def gather_gradient(memory, layout, grad_eta, read, lengths, lanes, first, n):
    """Lay out the gradient of eta at the read steps of a chunk, zero beyond the end of a lane."""
    width, n_outputs, is_row = layout.width, layout.n_outputs, _is_row(layout, lanes)
    for k in range(n):
        r = read[first + k]
        if r < 0:
            continue
        g = layout.g + k * n_outputs * width
        present = count_present(lengths, first + k)
        if is_row and present == width:
            store(memory, g, load(grad_eta, r * grad_eta.shape[1] + lanes[0], ONE))
            continue
        memory[g : g + n_outputs * width] = 0
        for o in range(n_outputs):
            for v in range(present):
                memory[g + o * width + v] = grad_eta[r, lanes[v], o]


@part
def sum_readout(memory, page, layout, read, first, n, rows):
    """Add a chunk, which is in the page, to the sums of B and d."""
    width = layout.width
    for o in range(layout.n_outputs):
        for i in range(0, layout.n_rows, len(rows)):
            B = load(memory, layout.sum_B + o * layout.step + i * width, rows)
            for k in range(n):
                if read[first + k] >= 0:
                    z = load(page, layout.z + (k + 1) * layout.step + i * width, rows)
                    g = layout.g + (k * layout.n_outputs + o) * width
                    B = add_lane_scaled(B, page, g, z)
            store(memory, layout.sum_B + o * layout.step + i * width, B)
        d = load(memory, layout.sum_d + o * width, ONE)
        for k in range(n):
            if read[first + k] >= 0:
                d = add(d, load(page, layout.g + (k * layout.n_outputs + o) * width, ONE))
        store(memory, layout.sum_d + o * width, d)


@part
def count_present(lengths, t):
    """Count the lanes of a block, longest first, that have a step."""
    n = len(lengths)
    while lengths[n - 1] <= t:
        n -= 1
    return n


@part
def _is_row(layout, lanes):
    """Check whether one vector of eta holds all lanes of a block in order."""
    is_row = layout.n_outputs == 1
    for v in range(layout.width):
        is_row &= lanes[v] == lanes[0] + v
    return is_row


@part
def copy(out, at, array, start, n):
    """Copy n numbers from one place to another."""
    for k in range(n):
        out[at + k] = array[start + k]


@kernel
def add_rows(total, model, rows):
    """Add every row to the row of its model."""
    for k in range(len(model)):
        for i in range(rows.shape[1]):
            total[model[k], i] += rows[k, i]
