r"""The forced scan as two fused kernels on the CPU, with a gradient derived by hand.

As in `neuroalrnn.ops.numba_cpu`, a block is one model and as many lanes as a vector of the
processor holds. With :math:`g_t = dL/de_t`, the gradient of the latents before forcing is

.. math::
    \delta_t = c_t + B' (g_t - f_t B^{+\prime} c_t), \qquad
    c_t = a \odot \delta_{t+1} + D_t W' \delta_{t+1}, \qquad c_T = 0

.. math::
    dW = \sum_t \delta_t \phi(\tilde z_{t-1})', \quad
    da = \sum_t \delta_t \odot \tilde z_{t-1}, \quad dh = \sum_t \delta_t, \quad
    dB = \sum_t g_t z_t', \quad dd = \sum_t g_t, \quad dz_0 = c_0

with :math:`D_t` the slopes of ``phi`` at the forced latents. The forward kernel keeps the latents
before forcing and the errors, from which the backward kernel computes the latents after it.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch.nn.functional import pad

from neuroalrnn.ops import Weights, floors
from neuroalrnn.ops.numba_blocks import pool
from neuroalrnn.ops.tiles import (
    EDGE,
    add,
    add_matmul,
    add_outer,
    add_product,
    add_scaled,
    gate,
    load,
    rectify,
    spread,
    store,
    vector_bytes,
    zeros,
)
from neuroalrnn.reconstruct._forced import check, invert, start_latents
from neuroalrnn.running import kernel, part

FOUR = (0,) * EDGE
CHUNK = 16  # steps, few enough that their latents and gradients stay in the processor's cache


class Model(NamedTuple):
    """Weights of all models as flat rows; latents and outputs are filled up to a multiple of 4.

    Within a kernel it holds those of one model, without the model axis.

    Parameters
    ----------
    a, h, floor : array, shape (model, latent)
        Self-slopes, biases, and lower bounds of ``phi``.
    W, W_t : array, shape (model, latent * latent)
        Weights by rows and by columns.
    B, B_t : array, shape (model, output * latent)
        Read-out by rows and by columns.
    pull, pull_t : array, shape (model, output * latent)
        Pseudo-inverse of ``B``, by rows and by columns.
    d : array, shape (model, output)
        Offsets of the read-out.
    """

    a: np.ndarray
    h: np.ndarray
    floor: np.ndarray
    W: np.ndarray
    W_t: np.ndarray
    B: np.ndarray
    B_t: np.ndarray
    pull: np.ndarray
    pull_t: np.ndarray
    d: np.ndarray


def scan(
    weights: Weights,
    n_pwl: torch.Tensor,
    series: torch.Tensor,
    start: torch.Tensor,
    strength: torch.Tensor,
    *,
    threads: int = 1,
) -> torch.Tensor:
    """Compute the errors of the unforced predictions; see the contract in `_forced`."""
    check(weights, n_pwl, series, start, strength)
    z_0 = start_latents(weights, series, start)
    a, W, _, h, _, B, d = weights
    return _Scan.apply(a, W, h, B, d, z_0, n_pwl, series, start, strength, threads)


class _Scan(torch.autograd.Function):
    @staticmethod
    def forward(ctx, a, W, h, B, d, z_0, n_pwl, series, start, strength, threads):
        width = vector_bytes() // series.itemsize
        model = _pack(a, W, h, B, d, n_pwl)
        rows = _tile_rows(model.a.shape[1])
        # copies of the last lane fill up the last block; their errors are cut off
        lane = torch.arange(start.shape[1] + -start.shape[1] % width).clamp(max=start.shape[1] - 1)
        lanes = start[:, lane]
        first = pad(z_0[:, lane], (0, model.a.shape[1] - z_0.shape[2]))
        n_models, n_steps = strength.shape
        path = series.new_empty(
            n_models, lanes.shape[1] // width, n_steps + 1, first.shape[2], width
        )
        path[:, :, 0] = first.unflatten(1, (-1, width)).mT
        error = series.new_zeros(*path.shape[:2], n_steps, model.d.shape[1], width)
        arrays = model, lanes.numpy(), strength.contiguous().numpy(), path.numpy(), error.numpy()
        observed = series.contiguous().numpy()

        _share(lambda m: _forward_model(m, *arrays, observed, rows), n_models, threads)
        ctx.save_for_backward(a, W, h, B, d)
        ctx.arrays, ctx.rows, ctx.threads, ctx.n_lanes = arrays, rows, threads, start.shape[1]
        return _by_lane(error, start.shape[1], B.shape[1])

    @staticmethod
    def backward(ctx, grad_error):
        a, _, _, B, _ = ctx.saved_tensors
        model, _, strength, path, error = ctx.arrays
        n_models, n_blocks, _, n_rows, width = path.shape
        n_outputs = error.shape[3]
        fill = -ctx.n_lanes % width
        g = pad(grad_error, (0, n_outputs - B.shape[1], 0, fill)).unflatten(2, (-1, width))
        g = g.permute(0, 2, 1, 4, 3).contiguous()
        n_sums = n_rows * (n_rows + n_outputs + 2)
        sums = grad_error.new_zeros(n_models, n_sums, width)
        first = grad_error.new_empty(n_models, n_blocks, n_rows, width)
        arrays = model, strength, path, error, g.numpy(), sums.numpy(), first.numpy()

        _share(lambda m: _backward_model(m, *arrays, ctx.rows), n_models, ctx.threads)
        sizes = n_rows * n_rows, n_outputs * n_rows, n_rows, n_rows
        W, B_sum, a_sum, h = sums.sum(2).split(sizes, dim=1)
        n_latent = a.shape[1]
        return (
            a_sum[:, :n_latent],
            W.unflatten(1, (n_rows, n_rows))[:, :n_latent, :n_latent],
            h[:, :n_latent],
            B_sum.unflatten(1, (n_outputs, n_rows))[:, : B.shape[1], :n_latent],
            grad_error.sum((1, 2)),
            first.mT.flatten(1, 2)[:, : ctx.n_lanes, :n_latent],
            *[None] * 5,
        )


def _by_lane(blocks, n_lanes, n_outputs):
    """From (model, block, step, output, lane of block) to (model, step, lane, output)."""
    return blocks.permute(0, 2, 1, 4, 3).flatten(2, 3)[:, :, :n_lanes, :n_outputs]


def _pack(a, W, h, B, d, n_pwl):
    n_latent, n_outputs = a.shape[1], d.shape[1]
    more, beside = -n_latent % EDGE, -n_outputs % EDGE

    def filled(matrix, rows, columns=0):
        padded = pad(matrix, (0, columns, 0, rows))
        return padded.flatten(1).contiguous().numpy()

    pull = invert(B)
    floor = floors(n_pwl, n_latent, dtype=a.dtype)
    return Model(
        a=filled(a[:, None], 0, more),
        h=filled(h[:, None], 0, more),
        floor=filled(floor[:, None], 0, more),
        W=filled(W, more, more),
        W_t=filled(W.mT, more, more),
        B=filled(B, beside, more),
        B_t=filled(B.mT, more, beside),
        pull=filled(pull, more, beside),
        pull_t=filled(pull.mT, beside, more),
        d=filled(d[:, None], 0, beside),
    )


def _tile_rows(n_rows):
    """Choose how many rows a tile has: as many as registers hold, and as divide all rows.

    The number is the length of a tuple, because kernels know only types when they compile.
    """
    most = 20 if vector_bytes() == 64 else 8
    return (0,) * max(n for n in range(EDGE, most + 1, EDGE) if n_rows % n == 0)


def _share(run, n_models, threads):
    """Call ``run(model)`` for every model, in threads."""
    if threads == 1 or n_models == 1:
        for model in range(n_models):
            run(model)
        return
    parts = [range(k, n_models, threads) for k in range(min(threads, n_models))]
    list(pool().map(lambda part: [run(model) for model in part], parts))


@kernel
def _forward_model(m, models, start, strength, path, error, series, rows):
    """Compute latents before forcing and errors, of all blocks of one model."""
    model = _pick(models, m)
    _, n_blocks, n_steps, n_outputs, width = error.shape
    step, line, outputs = path.shape[3] * width, path.shape[3], n_outputs * width
    forced, phi, pulled = (
        np.empty(step, path.dtype),
        np.empty(step, path.dtype),
        np.empty(outputs, path.dtype),
    )
    for block in range(n_blocks):
        z, e = path[m, block].ravel(), error[m, block].ravel()
        for k in range(n_steps):
            f = strength[m, k - 1] if k > 0 else 0
            _force(model, f, z, k * step, e, (k - 1) * outputs, pulled, forced, phi, 0, rows)
            now = (k + 1) * step
            for i in range(0, line, len(rows)):
                new = spread(model.h, i, rows)
                new = add_scaled(new, model.a, i, load(forced, i * width, rows))
                new = add_matmul(new, model.W_t, i, line, phi, 0, line)
                store(z, now + i * width, new)
            for o in range(0, n_outputs, EDGE):
                eta = spread(model.d, o, FOUR)
                eta = add_matmul(eta, model.B_t, o, n_outputs, z, now, line)
                store(e, k * outputs + o * width, eta)
            for v in range(width):
                row = start[m, block * width + v] + k + 1
                for o in range(series.shape[1]):
                    e[k * outputs + o * width + v] -= series[row, o]


@kernel
def _backward_model(m, models, strength, path, error, grad_error, sums, first_grad, rows):
    """Compute gradients of one model, summed over its blocks and steps but not over lanes."""
    model = _pick(models, m)
    _, n_blocks, n_steps, n_outputs, width = error.shape
    step, line, outputs = path.shape[3] * width, path.shape[3], n_outputs * width
    pulled, carry = np.empty(outputs, path.dtype), np.empty(step, path.dtype)
    forced, phi, delta = (
        np.empty(CHUNK * step, path.dtype),
        np.empty(CHUNK * step, path.dtype),
        np.empty(CHUNK * step, path.dtype),
    )
    total = sums[m].ravel()
    for block in range(n_blocks):
        z, e = path[m, block].ravel(), error[m, block].ravel()
        g = grad_error[m, block].ravel()
        carry[:] = 0
        for first in range((n_steps - 1) // CHUNK * CHUNK, -1, -CHUNK):
            n = min(CHUNK, n_steps - first)
            for k in range(n):
                t, at = first + k, k * step
                f = strength[m, t - 1] if t > 0 else 0
                _force(model, f, z, t * step, e, (t - 1) * outputs, pulled, forced, phi, at, rows)
            for k in range(n - 1, -1, -1):
                f, here = strength[m, first + k], (first + k) * outputs
                _retreat(model, f, g, here, pulled, carry, forced, delta, k * step, rows)
            _sum_chunk(total, delta, phi, forced, g, z, first, n, n_outputs, line, width)
        first_grad[m, block].ravel()[:] = carry


@part
def _pick(models, m):
    return Model(
        models.a[m], models.h[m], models.floor[m], models.W[m], models.W_t[m],
        models.B[m], models.B_t[m], models.pull[m], models.pull_t[m], models.d[m],
    )  # fmt: skip


@part
def _force(model, f, z, here, e, there, pulled, forced, phi, at, rows):
    """Compute latents after forcing, and ``phi`` of them."""
    line, n_outputs = len(model.a), len(model.d)
    width = len(pulled) // n_outputs
    for k in range(len(pulled) if f > 0 else 0):
        pulled[k] = -f * e[there + k]
    for i in range(0, line, len(rows)):
        new = load(z, here + i * width, rows)
        if f > 0:
            new = add_matmul(new, model.pull_t, i, line, pulled, 0, n_outputs)
        store(forced, at + i * width, new)
        store(phi, at + i * width, rectify(new, model.floor, i))


@part
def _retreat(model, f, g, here, pulled, carry, forced, delta, at, rows):
    """Compute delta of a step, then what it carries to the step before."""
    line, n_outputs = len(model.a), len(model.d)
    width = len(pulled) // n_outputs
    for o in range(0, n_outputs, EDGE):
        back = zeros(carry, FOUR)
        if f > 0:
            back = add_matmul(back, model.pull, o, n_outputs, carry, 0, line)
        store(pulled, o * width, back)
    for k in range(len(pulled)):
        pulled[k] = g[here + k] - f * pulled[k]
    for i in range(0, line, len(rows)):
        new = load(carry, i * width, rows)
        new = add_matmul(new, model.B, i, line, pulled, 0, n_outputs)
        store(delta, at + i * width, new)
    for i in range(0, line, len(rows)):
        new = add_matmul(zeros(carry, rows), model.W, i, line, delta, at, line)
        new = gate(new, load(forced, at + i * width, rows), model.floor, i)
        new = add_scaled(new, model.a, i, load(delta, at + i * width, rows))
        store(carry, i * width, new)


@part
def _sum_chunk(total, delta, phi, forced, g, z, first, n, n_outputs, line, width):
    """Add a chunk to the sums of W, B, a and h."""
    step = line * width
    of_B, of_a = line * step, (line + n_outputs) * step
    for j in range(0, line, EDGE):
        for i in range(0, line, EDGE):
            at = i * step + j * width
            add_outer(total, at, step, delta, i * width, step, phi, j * width, step, n)
        for o in range(0, n_outputs, EDGE):
            at, here = of_B + o * step + j * width, (first * n_outputs + o) * width
            there = (first + 1) * step + j * width
            add_outer(total, at, step, g, here, n_outputs * width, z, there, step, n)
    for i in range(0, step, width * EDGE):
        a, h = load(total, of_a + i, FOUR), load(total, of_a + step + i, FOUR)
        for k in range(n):
            part = load(delta, k * step + i, FOUR)
            a = add_product(a, part, load(forced, k * step + i, FOUR))
            h = add(h, part)
        store(total, of_a + i, a)
        store(total, of_a + step + i, h)
