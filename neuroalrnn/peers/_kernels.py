r"""The three kernels of `_numba_scan`, over blocks of lanes and chunks of steps.

They use the words of `neuroalrnn.ops.numba_kernels`: `memory` is the working memory of one thread,
`first` the first step of a chunk, `k` a step within it. Hidden states h are at ``layout.z``,
followed by the cells c of an LSTM. ``layout.gates`` has the gates of a chunk, and ``layout.aside``
q of a GRU or ``tanh c`` of an LSTM. In the backward kernel, gradients overwrite the gates, and the
gradient of n overwrites q. What is learned by needs no eta outside: `learn_blocks` scores choices
between two options itself, and keeps all of a block until its gradient is known, a page of memory
for each chunk. Elsewhere the only page is the memory itself.

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

from neuroalrnn.ops.numba_kernels import (
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
    add_matmul,
    add_outer,
    load,
    spread,
    store,
    sum_lanes,
    zeros,
)
from neuroalrnn.peers._tiles import log_sigmoid, sigmoid, tanh
from neuroalrnn.running import kernel, part

# numba notices changes of this file only: a change of its parts must change this number, too
PARTS = "367e74cba8b0e1c8"
GRU = 3  # gates
FEW = (0,) * EDGE  # as many rows are squashed at once


@kernel
def forward_blocks(begin, end, blocks, layout, weights, inputs, read, eta, kept, memory, rows):
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
            _advance(memory, memory, layout, n, rows)
            read_out(
                memory, layout, weights.offset[model], eta[model], read, lengths, lanes, first, n
            )
            for state in range(layout.n_states):
                z = layout.z + state * layout.path
                copy(memory, z, memory, z + n * layout.step, layout.step)


@kernel
def backward_blocks(
    begin, end, blocks, layout, weights, inputs, read, grad_eta, kept, memory, rows, out
):
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
            _advance(memory, memory, layout, n, rows)
            gather_gradient(memory, layout, grad_eta[model], read, lengths, lanes, first, n)
            _differentiate_chunk(memory, memory, layout, read, first, n, rows)
        for k in range(out.shape[1]):
            out[block, k] = sum_lanes(memory, layout.sums + k * layout.width)


@kernel
def learn_blocks(begin, end, blocks, layout, weights, inputs, read, sides, memory, rows, out):
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
            _advance(memory, page, layout, n, rows)
            _score(
                memory, page, layout, weights.offset[model], read, sides, blocks.sequence[block],
                lengths, first, n,
            )  # fmt: skip
            behind, n_behind = page, n
        for first in range((lengths[0] - 1) // CHUNK * CHUNK, -1, -CHUNK):
            n, page = min(CHUNK, lengths[0] - first), memory[pages + first // CHUNK * size :]
            _differentiate_chunk(memory, page, layout, read, first, n, rows)
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
def _advance(memory, page, layout, n, rows):
    """Compute states and gates of a chunk of steps from the states at its start."""
    for k in range(n):
        _excite(memory, page, layout, k, rows)
        if layout.n_gates == GRU:
            _squash_gru(page, layout, k)
        else:
            _squash_lstm(page, layout, k)


@part
def _excite(memory, page, layout, k, rows):
    """Compute the arguments of the gates at one step, and q of a GRU."""
    width, n_rows, n_gate_rows, n = layout.width, layout.n_rows, layout.n_gate_rows, layout.n_latent
    s, h = layout.s + k * layout.n_features * width, layout.z + k * layout.step
    gates, aside = layout.gates + k * layout.gate_step, layout.aside + k * layout.step
    for i in range(0, n_gate_rows, len(rows)):
        x = spread(memory, layout.b + i, rows)
        x = add_matmul(x, memory, layout.C_t + i, n_gate_rows, page, s, layout.n_features)
        if layout.n_gates == GRU and i >= 2 * n_rows:
            q = spread(memory, layout.b_q + i - 2 * n_rows, rows)
            q = add_matmul(q, memory, layout.W_t + i, n_gate_rows, page, h, n)
            store(page, aside + (i - 2 * n_rows) * width, q)
        else:
            x = add_matmul(x, memory, layout.W_t + i, n_gate_rows, page, h, n)
        store(page, gates + i * width, x)


@part
def _squash_gru(page, layout, k):
    """Compute the gates of one step, and the state after it."""
    step = layout.step
    for i in range(0, step, EDGE * layout.width):
        at, h_at = layout.gates + k * layout.gate_step + i, layout.z + k * step + i
        r, u = sigmoid(load(page, at, FEW)), sigmoid(load(page, at + step, FEW))
        q = load(page, layout.aside + k * step + i, FEW)
        n = tanh(load(page, at + 2 * step, FEW) + r * q)
        store(page, at, r)
        store(page, at + step, u)
        store(page, at + 2 * step, n)
        store(page, h_at + step, n + u * (load(page, h_at, FEW) - n))


@part
def _squash_lstm(page, layout, k):
    """Compute the gates of one step, and the states after it."""
    step = layout.step
    for place in range(0, step, EDGE * layout.width):
        at, h_at = layout.gates + k * layout.gate_step + place, layout.z + k * step + place
        i, f = sigmoid(load(page, at, FEW)), sigmoid(load(page, at + step, FEW))
        o, n = sigmoid(load(page, at + 2 * step, FEW)), tanh(load(page, at + 3 * step, FEW))
        c = f * load(page, h_at + layout.path, FEW) + i * n
        squashed = tanh(c)
        store(page, at, i)
        store(page, at + step, f)
        store(page, at + 2 * step, o)
        store(page, at + 3 * step, n)
        store(page, layout.aside + k * step + place, squashed)
        store(page, h_at + layout.path + step, c)
        store(page, h_at + step, o * squashed)


@part
def _differentiate_chunk(memory, page, layout, read, first, n, rows):
    """Add a chunk of steps to the sums of gradients."""
    _retreat(memory, page, layout, read, first, n, rows)
    _sum_chunk(memory, page, layout, n)
    _sum_biases(memory, page, layout, n)
    sum_readout(memory, page, layout, read, first, n, rows)


@part
def _retreat(memory, page, layout, read, first, n, rows):
    """Compute gradients of a chunk of gates, and carry those of the states back to its start."""
    for k in range(n - 1, -1, -1):
        g = layout.g + k * layout.n_outputs * layout.width
        gates = layout.gates + k * layout.gate_step
        if read[first + k] >= 0:
            _add_product(memory, page, layout, layout.B, g, layout.n_outputs, rows)
        if layout.n_gates == GRU:
            _differentiate_gru(memory, page, layout, k)
        else:
            _differentiate_lstm(memory, page, layout, k)
        _add_product(memory, page, layout, layout.W, gates, layout.n_gate_rows, rows)


@part
def _add_product(memory, page, layout, weight, x, n, rows):
    """Add to delta the product of a transposed matrix and n vectors."""
    for i in range(0, layout.n_rows, len(rows)):
        at = layout.delta + i * layout.width
        delta = load(memory, at, rows)
        delta = add_matmul(delta, memory, weight + i, layout.n_rows, page, x, n)
        store(memory, at, delta)


@part
def _differentiate_gru(memory, page, layout, k):
    """Compute gradients of the gates at one step, and the part of delta that bypasses them."""
    step = layout.step
    for i in range(0, step, EDGE * layout.width):
        at, aside = layout.gates + k * layout.gate_step + i, layout.aside + k * step + i
        r, u = load(page, at, FEW), load(page, at + step, FEW)
        n, q = load(page, at + 2 * step, FEW), load(page, aside, FEW)
        h, delta = load(page, layout.z + k * step + i, FEW), load(memory, layout.delta + i, FEW)
        grad_n = delta * (1 - u) * (1 - n * n)
        store(page, at, grad_n * q * r * (1 - r))
        store(page, at + step, delta * (h - n) * u * (1 - u))
        store(page, at + 2 * step, grad_n * r)
        store(page, aside, grad_n)
        store(memory, layout.delta + i, delta * u)


@part
def _differentiate_lstm(memory, page, layout, k):
    """Compute gradients of the gates at one step, and the part of gamma that bypasses them."""
    step = layout.step
    for place in range(0, step, EDGE * layout.width):
        at = layout.gates + k * layout.gate_step + place
        i, f = load(page, at, FEW), load(page, at + step, FEW)
        o, n = load(page, at + 2 * step, FEW), load(page, at + 3 * step, FEW)
        squashed = load(page, layout.aside + k * step + place, FEW)
        c = load(page, layout.z + layout.path + k * step + place, FEW)
        delta = load(memory, layout.delta + place, FEW)
        gamma = load(memory, layout.gamma + place, FEW) + delta * o * (1 - squashed * squashed)
        store(page, at, gamma * n * i * (1 - i))
        store(page, at + step, gamma * c * f * (1 - f))
        store(page, at + 2 * step, delta * squashed * o * (1 - o))
        store(page, at + 3 * step, gamma * i * (1 - n * n))
        store(memory, layout.gamma + place, gamma * f)
        store(memory, layout.delta + place, zeros(memory, FEW))


@part
def _sum_chunk(memory, page, layout, n):
    """Add a chunk to the sums of W and C."""
    width, step, apart = layout.width, layout.step, layout.n_features * layout.width
    line = layout.n_columns * width
    for i in range(0, layout.n_gate_rows, EDGE):
        at, gates, gate_step = layout.sums + i * line, layout.gates + i * width, layout.gate_step
        for j in range(0, layout.n_rows, EDGE):
            h = layout.z + j * width
            add_outer(memory, at + j * width, line, page, gates, gate_step, page, h, step, n)
        at += step
        if layout.n_gates == GRU and i >= 2 * layout.n_rows:
            gates, gate_step = layout.aside + (i - 2 * layout.n_rows) * width, step
        # the last four features may reach into the next step; what they add there is never read
        for j in range(0, layout.n_features, EDGE):
            s = layout.s + j * width
            add_outer(memory, at + j * width, line, page, gates, gate_step, page, s, apart, n)


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
