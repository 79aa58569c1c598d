r"""The three kernels of `_numba_scan`, over blocks of lanes and chunks of steps.

They use the words of `neuroalrnn.ops.numba_chunks`: `memory` is the working memory of one thread,
`first` the first step of a chunk, `k` a step within it. Hidden states h are at ``layout.z``,
followed by the cells c of an LSTM. ``layout.gates`` has the gates of a chunk, and ``layout.aside``
q of a GRU or ``tanh c`` of an LSTM. In the backward kernel, gradients overwrite the gates, and the
gradient of n overwrites q. What is learned by needs no eta outside: `learn_blocks` scores choices
between two options itself, and keeps all of a block until its gradient is known, a page of memory
for each chunk. Elsewhere the only page is the memory itself. Inputs are often 0 in all lanes, as
most features belong to one event of a trial: these are left out of all products, which changes no
bit.

With :math:`\delta_t = dL/dh_t`, and ``dr`` the gradient of the argument of the gate r, the GRU has

.. math::
    dn_t = \delta_t (1 - u_t)(1 - n_t^2), \quad dq_t = dn_t r_t, \quad
    dr_t = dn_t q_t r_t (1 - r_t), \quad du_t = \delta_t (h_{t-1} - n_t) u_t (1 - u_t), \\
    \delta_{t-1} = B' g_{t-1} + u_t \odot \delta_t + [W_r; W_u; W_n]' [dr_t; du_t; dq_t]

and the LSTM, with :math:`\gamma_t = dL/dc_t`,

.. math::
    \gamma_t = f_{t+1} \odot \gamma_{t+1} + \delta_t o_t (1 - \tanh^2 c_t), \quad
    \delta_{t-1} = B' g_{t-1} + W' [di_t; df_t; do_t; dn_t], \\
    di_t = \gamma_t n_t i_t (1 - i_t), \quad df_t = \gamma_t c_{t-1} f_t (1 - f_t), \quad
    do_t = \delta_t \tanh(c_t) o_t (1 - o_t), \quad dn_t = \gamma_t i_t (1 - n_t^2)
"""

from functools import partial

import numpy as np

from neuroalrnn.ops.numba_chunks import (
    CHUNK,
    ONE,
    copy,
    gather,
    gather_gradient,
    read_out,
    sum_readout,
)
from neuroalrnn.ops.tiles import (
    EDGE,
    add,
    add_lane_scaled,
    add_matmul,
    add_outer,
    load,
    spread,
    store,
    sum_lanes,
    zeros,
)
from neuroalrnn.peers._tiles import is_any, log_sigmoid, sigmoid, tanh
from neuroalrnn.running import kernel, part

GRU = 3  # gates
TILE = 8  # rows; one number for networks of all sizes, as kernels are compiled for it
ROWS, FEW = (0,) * TILE, (0,) * EDGE
inlined = partial(part, forceinline=True)


@kernel
def forward_blocks(begin, end, blocks, layout, weights, inputs, read, eta, kept, memory):
    """Compute eta of some blocks, and the states at the start of every chunk."""
    for block in range(begin, end):
        model, lengths, lanes = blocks.model[block], blocks.length[block], blocks.lane[block]
        _fill(memory, layout, weights, model)
        for first in range(0, lengths[0], CHUNK):
            n = min(CHUNK, lengths[0] - first)
            at = blocks.start[block] + first // CHUNK * layout.step
            for state in range(layout.n_states):
                copy(kept[state], at, memory, layout.z + state * layout.path, layout.step)
            gather(memory, layout, inputs, blocks.sequence[block], lengths, first)
            _advance(memory, memory, layout, n)
            read_out(
                memory, layout, weights.offset[model], eta[model], read, lengths, lanes, first, n
            )
            for state in range(layout.n_states):
                z = layout.z + state * layout.path
                copy(memory, z, memory, z + n * layout.step, layout.step)


@kernel
def backward_blocks(begin, end, blocks, layout, weights, inputs, read, grad_eta, kept, memory, out):
    """Compute gradients of some blocks, and write one row of `out` for each."""
    for block in range(begin, end):
        model, lengths, lanes = blocks.model[block], blocks.length[block], blocks.lane[block]
        _fill(memory, layout, weights, model)
        memory[layout.sums : layout.eta] = 0
        for first in range((lengths[0] - 1) // CHUNK * CHUNK, -1, -CHUNK):
            n = min(CHUNK, lengths[0] - first)
            at = blocks.start[block] + first // CHUNK * layout.step
            for state in range(layout.n_states):
                copy(memory, layout.z + state * layout.path, kept[state], at, layout.step)
            gather(memory, layout, inputs, blocks.sequence[block], lengths, first)
            _advance(memory, memory, layout, n)
            gather_gradient(memory, layout, grad_eta[model], read, lengths, lanes, first, n)
            _differentiate_chunk(memory, memory, layout, read, first, n)
        for k in range(out.shape[1]):
            out[block, k] = sum_lanes(memory, layout.sums + k * layout.width)


@kernel
def learn_blocks(begin, end, blocks, layout, weights, inputs, read, sides, memory, out):
    """Compute scores of some blocks and their gradients, and write one row of `out` for each."""
    size, pages = layout.sums - layout.z, layout.end - layout.z
    for block in range(begin, end):
        model, lengths = blocks.model[block], blocks.length[block]
        _fill(memory, layout, weights, model)
        memory[layout.sums : layout.eta] = 0
        behind, n_behind = memory, 0
        for first in range(0, lengths[0], CHUNK):
            n, page = min(CHUNK, lengths[0] - first), memory[pages + first // CHUNK * size :]
            for state in range(layout.n_states):
                z = layout.z + state * layout.path
                _move(page, z, behind, z + n_behind * layout.step, layout.step, layout.width)
            gather(page, layout, inputs, blocks.sequence[block], lengths, first)
            _advance(memory, page, layout, n)
            _score(
                memory, page, layout, weights.offset[model], read, sides, blocks.sequence[block],
                lengths, first, n,
            )  # fmt: skip
            behind, n_behind = page, n
        for first in range((lengths[0] - 1) // CHUNK * CHUNK, -1, -CHUNK):
            n, page = min(CHUNK, lengths[0] - first), memory[pages + first // CHUNK * size :]
            _differentiate_chunk(memory, page, layout, read, first, n)
        for k in range(out.shape[1]):
            out[block, k] = sum_lanes(memory, layout.sums + k * layout.width)


@part
def _score(memory, page, layout, offset, read, sides, sequences, lengths, first, n):
    """Add the scores of a chunk, and lay out the gradient of eta."""
    width = layout.width
    for k in range(n):
        r = read[first + k]
        if r < 0:
            continue
        for v in range(width):
            memory[layout.eta + v] = sides[r, sequences[v]] if first + k < lengths[v] else 0
        side, h = load(memory, layout.eta, ONE), layout.z + (k + 1) * layout.step
        eta = add_matmul(spread(offset, 0, ONE), memory, layout.B, 1, page, h, layout.n_latent)
        score = load(memory, layout.score, ONE) + side * side * log_sigmoid(side * eta)
        store(memory, layout.score, score)
        store(page, layout.g + k * width, side * sigmoid((0 - side) * eta))


@part
def _move(out, at, array, start, n, width):
    """Copy n numbers, whole tiles, from one place to another."""
    for k in range(0, n, EDGE * width):
        store(out, at + k, load(array, start + k, FEW))


@part
def _find_driven(page, layout, n):
    """Mark the features that are not zero in all lanes, for each step of a chunk."""
    driven = np.empty((n, layout.n_features), dtype=np.bool_)
    for k in range(n):
        for f in range(layout.n_features):
            driven[k, f] = is_any(page, layout.s + (k * layout.n_features + f) * layout.width)
    return driven


@part
def _advance(memory, page, layout, n):
    """Compute states and gates of a chunk of steps from the states at its start."""
    driven = _find_driven(page, layout, n)
    if layout.n_gates == GRU:
        _advance_gru(memory, page, layout, driven, n)
    else:
        _advance_lstm(memory, page, layout, driven, n)


@part
def _advance_gru(memory, page, layout, driven, n_steps):
    n_rows, step = layout.n_rows, layout.step
    for k in range(n_steps):
        for row in range(0, n_rows, TILE):
            at, last = row * layout.width, 2 * n_rows + row
            gates, h = layout.gates + k * layout.gate_step + at, layout.z + k * step + at
            r = sigmoid(_excite(memory, page, layout, driven, k, row))
            u = sigmoid(_excite(memory, page, layout, driven, k, n_rows + row))
            q = spread(memory, layout.b_q + row, ROWS)
            q = _recur(q, memory, page, layout, k, last)
            n = tanh(_drive(memory, page, layout, driven, k, last) + r * q)
            store(page, gates, r)
            store(page, gates + step, u)
            store(page, gates + 2 * step, n)
            store(page, layout.aside + k * step + at, q)
            store(page, h + step, n + u * (load(page, h, ROWS) - n))


@part
def _advance_lstm(memory, page, layout, driven, n_steps):
    n_rows, step = layout.n_rows, layout.step
    for k in range(n_steps):
        for row in range(0, n_rows, TILE):
            at = row * layout.width
            gates, h = layout.gates + k * layout.gate_step + at, layout.z + k * step + at
            i = sigmoid(_excite(memory, page, layout, driven, k, row))
            f = sigmoid(_excite(memory, page, layout, driven, k, n_rows + row))
            o = sigmoid(_excite(memory, page, layout, driven, k, 2 * n_rows + row))
            n = tanh(_excite(memory, page, layout, driven, k, 3 * n_rows + row))
            c = f * load(page, h + layout.path, ROWS) + i * n
            squashed = tanh(c)
            store(page, gates, i)
            store(page, gates + step, f)
            store(page, gates + 2 * step, o)
            store(page, gates + 3 * step, n)
            store(page, layout.aside + k * step + at, squashed)
            store(page, h + layout.path + step, c)
            store(page, h + step, o * squashed)


@inlined
def _excite(memory, page, layout, driven, k, i):
    """Compute the arguments of some gates at one step."""
    return _recur(_drive(memory, page, layout, driven, k, i), memory, page, layout, k, i)


@inlined
def _drive(memory, page, layout, driven, k, i):
    """Compute the part of some gates at one step that inputs and bias add."""
    x = spread(memory, layout.b + i, ROWS)
    s, C = layout.s + k * layout.n_features * layout.width, layout.C_t + i
    for f in range(layout.n_features):
        if driven[k, f]:
            weight, at = C + f * layout.n_gate_rows, s + f * layout.width
            x = add_matmul(x, memory, weight, 0, page, at, 1)
    return x


@inlined
def _recur(x, memory, page, layout, k, i):
    """Add what the state before a step adds to some gates."""
    W, h = layout.W_t + i, layout.z + k * layout.step
    return add_matmul(x, memory, W, layout.n_gate_rows, page, h, layout.n_latent)


@part
def _differentiate_chunk(memory, page, layout, read, first, n):
    """Carry gradients of the states back to the start of a chunk, and sum those of the weights."""
    if layout.n_gates == GRU:
        _retreat_gru(memory, page, layout, read, first, n)
    else:
        _retreat_lstm(memory, page, layout, read, first, n)
    _sum_recurrent(memory, page, layout, n)
    _sum_driven(memory, page, layout, n)
    _sum_biases(memory, page, layout, n)
    sum_readout(memory, page, layout, read, first, n, ROWS)


@part
def _retreat_gru(memory, page, layout, read, first, n_steps):
    step = layout.step
    for k in range(n_steps - 1, -1, -1):
        n_read = layout.n_outputs if read[first + k] >= 0 else 0
        for i in range(0, step, TILE * layout.width):
            at, aside = layout.gates + k * layout.gate_step + i, layout.aside + k * step + i
            delta = _read_back(memory, page, layout, k, i // layout.width, n_read)
            r, u = load(page, at, ROWS), load(page, at + step, ROWS)
            n, q = load(page, at + 2 * step, ROWS), load(page, aside, ROWS)
            h = load(page, layout.z + k * step + i, ROWS)
            grad_n = delta * (1 - u) * (1 - n * n)
            store(page, at, grad_n * q * r * (1 - r))
            store(page, at + step, delta * (h - n) * u * (1 - u))
            store(page, at + 2 * step, grad_n * r)
            store(page, aside, grad_n)
            store(memory, layout.delta + i, delta * u)
        _carry(memory, page, layout, k)


@part
def _retreat_lstm(memory, page, layout, read, first, n_steps):
    step = layout.step
    for k in range(n_steps - 1, -1, -1):
        n_read = layout.n_outputs if read[first + k] >= 0 else 0
        for place in range(0, step, TILE * layout.width):
            at = layout.gates + k * layout.gate_step + place
            delta = _read_back(memory, page, layout, k, place // layout.width, n_read)
            i, f = load(page, at, ROWS), load(page, at + step, ROWS)
            o, n = load(page, at + 2 * step, ROWS), load(page, at + 3 * step, ROWS)
            squashed = load(page, layout.aside + k * step + place, ROWS)
            c = load(page, layout.z + layout.path + k * step + place, ROWS)
            gamma = load(memory, layout.gamma + place, ROWS) + delta * o * (1 - squashed * squashed)
            store(page, at, gamma * n * i * (1 - i))
            store(page, at + step, gamma * c * f * (1 - f))
            store(page, at + 2 * step, delta * squashed * o * (1 - o))
            store(page, at + 3 * step, gamma * i * (1 - n * n))
            store(memory, layout.gamma + place, gamma * f)
            store(memory, layout.delta + place, zeros(memory, ROWS))
        _carry(memory, page, layout, k)


@inlined
def _read_back(memory, page, layout, k, i, n_read):
    """Add to delta of some rows what the read-out of a step gives."""
    g, B = layout.g + k * layout.n_outputs * layout.width, layout.B + i
    delta = load(memory, layout.delta + i * layout.width, ROWS)
    return add_matmul(delta, memory, B, layout.n_rows, page, g, n_read)


@inlined
def _carry(memory, page, layout, k):
    """Add to delta the transposed recurrent weights times the gradients of the gates of a step."""
    gates = layout.gates + k * layout.gate_step
    for i in range(0, layout.n_rows, TILE):
        at = layout.delta + i * layout.width
        delta, W = load(memory, at, ROWS), layout.W + i
        delta = add_matmul(delta, memory, W, layout.n_rows, page, gates, layout.n_gate_rows)
        store(memory, at, delta)


@part
def _sum_recurrent(memory, page, layout, n):
    """Add a chunk to the sums of W."""
    width, step, line = layout.width, layout.step, layout.n_rows * layout.width
    for i in range(0, layout.n_gate_rows, EDGE):
        at, gates, gate_step = layout.sums + i * line, layout.gates + i * width, layout.gate_step
        for j in range(0, layout.n_rows, EDGE):
            h = layout.z + j * width
            add_outer(memory, at + j * width, line, page, gates, gate_step, page, h, step, n)


@part
def _sum_driven(memory, page, layout, n):
    """Add a chunk to the sums of C."""
    width, driven = layout.width, _find_driven(page, layout, n)
    for i in range(0, layout.n_gate_rows, TILE):
        at, apart = layout.gates + i * width, layout.gate_step
        if layout.n_gates == GRU and i >= 2 * layout.n_rows:
            at, apart = layout.aside + (i - 2 * layout.n_rows) * width, layout.step
        for f in range(layout.n_features):
            out, s = layout.sum_C + (f * layout.n_gate_rows + i) * width, layout.s + f * width
            total = load(memory, out, ROWS)
            for k in range(n):
                if driven[k, f]:
                    x = load(page, at + k * apart, ROWS)
                    total = add_lane_scaled(total, page, s + k * layout.n_features * width, x)
            store(memory, out, total)


@part
def _sum_biases(memory, page, layout, n):
    """Add a chunk to the sums of b and b_q."""
    step = layout.step
    for i in range(0, layout.gate_step, EDGE * layout.width):
        if layout.n_gates == GRU and i >= 2 * step:
            behind = i - 2 * step
            _sum_steps(memory, page, layout.sum_b + i, layout.aside + behind, step, n)
            _sum_steps(memory, page, layout.sum_q + behind, layout.gates + i, layout.gate_step, n)
        else:
            _sum_steps(memory, page, layout.sum_b + i, layout.gates + i, layout.gate_step, n)


@part
def _sum_steps(memory, page, out, at, apart, n):
    """Add n tiles, which are `apart` numbers apart."""
    total = load(memory, out, FEW)
    for k in range(n):
        total = add(total, load(page, at + k * apart, FEW))
    store(memory, out, total)


@part
def _fill(memory, layout, weights, model):
    """Copy the weights and initial states of one model, filled up with zeros."""
    n_latent, n_rows, n_gate_rows = layout.n_latent, layout.n_rows, layout.n_gate_rows
    memory[layout.W_t : layout.z] = 0
    for gate in range(layout.n_gates):
        for i in range(n_latent):
            row, target = gate * n_rows + i, gate * n_latent + i
            for j in range(n_latent):
                weight = weights.recurrent_weight[model, target, j]
                memory[layout.W_t + j * n_gate_rows + row] = weight
                memory[layout.W + row * n_rows + j] = weight
            for f in range(layout.n_features):
                memory[layout.C_t + f * n_gate_rows + row] = weights.input_weight[model, target, f]
            memory[layout.b + row] = weights.bias[model, target]
    for i in range(n_latent):
        memory[layout.b_q + i] = weights.recurrent_bias[model, i]
        for o in range(layout.n_outputs):
            memory[layout.B + o * n_rows + i] = weights.readout[model, o, i]
    for state in range(layout.n_states):
        z = layout.z + state * layout.path
        memory[z : z + layout.step] = 0
        for i in range(n_latent):
            start = z + i * layout.width
            memory[start : start + layout.width] = weights.initial[model, state, i]
