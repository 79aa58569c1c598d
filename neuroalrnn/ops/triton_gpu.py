"""The scan for NVIDIA GPUs: one Triton kernel each way, the gradient derived by hand.

A program runs one model over a block of lanes, from their first step to the end of the longest.
State and weights stay on the chip; inputs are read, and eta is written, on the way. Latents go to
memory only if a gradient is wanted; ``phi`` and its slopes are computed again.
The equations of the gradient are those of `neuroalrnn.ops.torch_eager`.

Each program writes its own share of the gradient, and the shares are added block by block. There
are no atomics, so that the same call gives the same bits. Products are in full precision, never in
TF32.

Checked under Triton's interpreter and by compiling it with Triton 3.5 to 3.9, not measured on a
GPU. As compiled for float32, up to 64 latents and 16 features fit into registers but for a few
bytes; towards 128 the sums of the weight gradient spill. A program takes 35 KiB of shared memory at
64 latents and 99 KiB at 128; with 128 features or outputs, or in float64, it takes more than many
GPUs have. Triton then raises `OutOfResources`, and "torch_eager" is the backend to use.
"""

import torch
import triton
import triton.language as tl
from torch.autograd.function import once_differentiable

from neuroalrnn.ops.contract import Weights, check_scan, trim

BLOCK = 16  # lanes of one program: the least that every version of Triton takes for a product
WIDEST = 128
# Never compiled in: the order of a sum, hence its bits, could then depend on how many lanes there
# are and on where in memory a tensor begins.
SIZES = ("n_steps", "n_lanes", "n_reads")
ARGUMENTS = (*Weights._fields, "n_pwl", "inputs", "sequences", "lengths", "reads", "grad_eta")


def scan(
    weights: Weights,
    n_pwl: torch.Tensor,
    inputs: torch.Tensor,
    index: torch.Tensor,
    n_steps: torch.Tensor,
    read_steps: torch.Tensor,
) -> torch.Tensor:
    """Run the recurrence; see the contract in `neuroalrnn.ops`.

    Raises
    ------
    ValueError
        If there are more than 128 latents, features or outputs.
    """
    check_scan(weights, n_pwl, inputs, index, n_steps, read_steps)
    n_outputs, n_latent = weights.readout.shape[1:]
    if max(n_latent, inputs.shape[2], n_outputs) > WIDEST:
        raise ValueError(
            f"{n_latent} latents, {inputs.shape[2]} features, {n_outputs} outputs: expected at "
            f"most {WIDEST} of each; use the backend 'torch_eager'"
        )
    keep = torch.is_grad_enabled() and any(each.requires_grad for each in weights)
    return _Scan.apply(*weights, n_pwl, inputs.detach(), index, n_steps, read_steps, keep)


class _Scan(torch.autograd.Function):
    @staticmethod
    def forward(ctx, *arguments):
        *weights, n_pwl, inputs, index, n_steps, read_steps, keep = arguments
        weights = Weights(*(each.contiguous() for each in weights))
        n_models, n_lanes = index.shape
        n_outputs, n_latent = weights.readout.shape[1:]
        tables = _tables(n_pwl, inputs, index, n_steps, read_steps)
        eta = inputs.new_zeros(n_models, len(read_steps), n_lanes, n_outputs)
        path = inputs.new_empty(0)
        if keep:
            path = inputs.new_empty(n_models, inputs.shape[1] + 1, n_lanes, n_latent)
            path[:, 0] = weights.initial[:, None]
        _launch(_forward, weights, tables, eta, path, keep=keep)
        ctx.save_for_backward(*weights, *tables, path)
        return eta

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_eta):
        *saved, path = ctx.saved_tensors
        weights, tables = Weights(*saved[:7]), saved[7:]
        n_blocks = _n_blocks(grad_eta.shape[2])
        shares = [each.new_empty(each.shape[0], n_blocks, *each.shape[1:]) for each in weights]
        _launch(_backward, weights, tables, grad_eta.contiguous(), path, *shares)
        # one by one: the order within torch.sum depends on how many models there are
        return *(sum(share.unbind(1)) for share in shares), *[None] * 6


def _tables(n_pwl, inputs, index, n_steps, read_steps):
    """List what the kernels look up; last come sequence and length of lanes, and reads of steps."""
    sequences = index.long().remainder(max(1, len(inputs))).contiguous()
    last = trim(inputs, read_steps).shape[1]
    lengths = n_steps[index].clamp(max=last).int().contiguous()
    reads = torch.full((inputs.shape[1],), -1, dtype=torch.int32, device=inputs.device)
    reads[read_steps] = torch.arange(len(read_steps), dtype=torch.int32, device=inputs.device)
    return n_pwl.int().contiguous(), inputs.contiguous(), sequences, lengths, reads


def _n_blocks(n_lanes):
    # a model without lanes still has a gradient to write, which is zero
    return max(1, triton.cdiv(n_lanes, BLOCK))


def _launch(kernel, weights, tables, eta, *others, **options):
    """Run a kernel over every model and block of lanes."""
    n_models, n_reads, n_lanes, n_outputs = eta.shape
    n_steps, n_features = tables[1].shape[1:]
    widths = (weights.readout.shape[2], n_features, n_outputs)
    padded = [max(16, triton.next_power_of_2(width)) for width in widths]
    sizes = (n_steps, n_lanes, n_reads, *widths, *padded, BLOCK)
    options |= {"num_warps": 4 if max(padded) <= 32 else 8, "enable_fp_fusion": True}
    with torch.cuda.device_of(eta):
        kernel[n_models, _n_blocks(n_lanes)](*weights, *tables, eta, *others, *sizes, **options)


@triton.jit
def _load(matrix, rows, columns, exists, width: tl.constexpr):
    """Rows of a matrix, zero where a row does not exist and beyond the width."""
    inside = exists[:, None] & (columns < width)[None, :]
    return tl.load(matrix + rows[:, None] * width + columns[None, :], mask=inside, other=0.0)


@triton.jit
def _store(matrix, rows, columns, exists, width: tl.constexpr, values):
    """Write the rows of a matrix that exist."""
    inside = exists[:, None] & (columns < width)[None, :]
    tl.store(matrix + rows[:, None] * width + columns[None, :], values, mask=inside)


@triton.jit
def _load_vector(vectors, model, columns, width: tl.constexpr):
    """Vector of one model, padded with zeros."""
    return tl.load(vectors + model * width + columns, mask=columns < width, other=0.0)


@triton.jit
def _load_matrix(matrices, model, rows, columns, height: tl.constexpr, width: tl.constexpr):
    """Matrix of one model, padded with zeros."""
    return _load(matrices, model * height + rows, columns, rows < height, width)


@triton.jit
def _store_vector(shares, share, columns, width: tl.constexpr, values):
    """Write one share of the gradient of a vector, summed over lanes."""
    tl.store(shares + share * width + columns, tl.sum(values, axis=0), mask=columns < width)


@triton.jit
def _store_matrix(shares, share, rows, columns, height: tl.constexpr, width: tl.constexpr, values):
    """Write one share of the gradient of a matrix."""
    _store(shares, share * height + rows, columns, rows < height, width, values)


@triton.jit
def _load_lanes(model, sequences, lengths, n_lanes, BLOCK: tl.constexpr):
    """Lanes of this program with their sequence and length, which is 0 beyond the last lane."""
    lanes = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    entries = model * n_lanes + lanes
    sequence = tl.load(sequences + entries, mask=lanes < n_lanes, other=0)
    return lanes, sequence, tl.load(lengths + entries, mask=lanes < n_lanes, other=0)


@triton.jit
def _add_product(total, x, y):
    return tl.dot(x, y, total, input_precision="ieee", out_dtype=total.dtype)


@triton.jit(do_not_specialize=SIZES, do_not_specialize_on_alignment=ARGUMENTS)
def _forward(
    self_slope, weight, input_weight, bias, initial, readout, offset,
    n_pwl, inputs, sequences, lengths, reads, eta, path, n_steps, n_lanes, n_reads,
    n_latent: tl.constexpr, n_features: tl.constexpr, n_outputs: tl.constexpr,
    LATENTS: tl.constexpr, FEATURES: tl.constexpr, OUTPUTS: tl.constexpr, BLOCK: tl.constexpr,
    keep: tl.constexpr,
):  # fmt: skip
    """``z_t = a z_{t-1} + W phi(z_{t-1}) + C s_t + h`` and ``eta_t = B z_t + d``."""
    # 64 bits here are 64 bits in every offset below
    model = tl.program_id(0).to(tl.int64)
    lanes, sequence, length = _load_lanes(model, sequences, lengths, n_lanes, BLOCK)
    latents, features = tl.arange(0, LATENTS), tl.arange(0, FEATURES)
    outputs = tl.arange(0, OUTPUTS)
    a = _load_vector(self_slope, model, latents, n_latent)
    h = _load_vector(bias, model, latents, n_latent)
    d = _load_vector(offset, model, outputs, n_outputs)
    W_t = tl.trans(_load_matrix(weight, model, latents, latents, n_latent, n_latent))
    C_t = tl.trans(_load_matrix(input_weight, model, latents, features, n_latent, n_features))
    B_t = tl.trans(_load_matrix(readout, model, outputs, latents, n_outputs, n_latent))
    is_linear = latents < n_latent - tl.load(n_pwl + model)

    z = tl.zeros((BLOCK, LATENTS), a.dtype)
    z += _load_vector(initial, model, latents, n_latent)
    for t in range(tl.max(length)):
        exists = t < length
        s = _load(inputs, sequence * n_steps + t, features, exists, n_features)
        phi = tl.where((z > 0) | is_linear, z, 0.0)
        z = _add_product(_add_product(a * z + h, phi, W_t), s, C_t)
        z = tl.where((latents < n_latent)[None, :], z, 0.0)  # where it overflows, 0 x inf is not 0
        if keep:
            rows = (model * (n_steps + 1) + t + 1) * n_lanes + lanes
            _store(path, rows, latents, exists, n_latent, z)
        read = tl.load(reads + t)
        if read >= 0:
            rows = (model * n_reads + read) * n_lanes + lanes
            values = _add_product(tl.zeros((BLOCK, OUTPUTS), a.dtype) + d, z, B_t)
            _store(eta, rows, outputs, exists, n_outputs, values)


@triton.jit(do_not_specialize=SIZES, do_not_specialize_on_alignment=ARGUMENTS)
def _backward(
    self_slope, weight, input_weight, bias, initial, readout, offset,
    n_pwl, inputs, sequences, lengths, reads, grad_eta, path,
    self_slope_shares, weight_shares, input_weight_shares, bias_shares, initial_shares,
    readout_shares, offset_shares, n_steps, n_lanes, n_reads,
    n_latent: tl.constexpr, n_features: tl.constexpr, n_outputs: tl.constexpr,
    LATENTS: tl.constexpr, FEATURES: tl.constexpr, OUTPUTS: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """``delta_t = B' g_t + a delta_{t+1} + D_t W' delta_{t+1}``, and its sums over steps."""
    model = tl.program_id(0).to(tl.int64)
    lanes, sequence, length = _load_lanes(model, sequences, lengths, n_lanes, BLOCK)
    latents, features = tl.arange(0, LATENTS), tl.arange(0, FEATURES)
    outputs = tl.arange(0, OUTPUTS)
    a = _load_vector(self_slope, model, latents, n_latent)
    W = _load_matrix(weight, model, latents, latents, n_latent, n_latent)
    B = _load_matrix(readout, model, outputs, latents, n_outputs, n_latent)
    is_linear = latents < n_latent - tl.load(n_pwl + model)

    delta = tl.zeros((BLOCK, LATENTS), a.dtype)
    da = tl.zeros((BLOCK, LATENTS), a.dtype)
    dW = tl.zeros((LATENTS, LATENTS), a.dtype)
    dC = tl.zeros((LATENTS, FEATURES), a.dtype)
    dh = tl.zeros((BLOCK, LATENTS), a.dtype)
    dB = tl.zeros((OUTPUTS, LATENTS), a.dtype)
    dd = tl.zeros((BLOCK, OUTPUTS), a.dtype)
    longest = tl.max(length)
    for step in range(longest):
        t = longest - 1 - step
        exists = t < length
        rows = (model * (n_steps + 1) + t) * n_lanes + lanes
        read = tl.load(reads + t)
        if read >= 0:
            rows_of_g = (model * n_reads + read) * n_lanes + lanes
            g = _load(grad_eta, rows_of_g, outputs, exists, n_outputs)
            z = _load(path, rows + n_lanes, latents, exists, n_latent)
            delta = _add_product(delta, g, B)
            dB = _add_product(dB, tl.trans(g), z)
            dd += g
        earlier = _load(path, rows, latents, exists, n_latent)
        s = _load(inputs, sequence * n_steps + t, features, exists, n_features)
        is_on = (earlier > 0) | is_linear
        da += delta * earlier
        dW = _add_product(dW, tl.trans(delta), tl.where(is_on, earlier, 0.0))
        dC = _add_product(dC, tl.trans(delta), s)
        dh += delta
        through = _add_product(tl.zeros((BLOCK, LATENTS), a.dtype), delta, W)
        delta = a * delta + tl.where(is_on, through, 0.0)

    share = model * tl.num_programs(1) + tl.program_id(1)
    _store_vector(self_slope_shares, share, latents, n_latent, da)
    _store_matrix(weight_shares, share, latents, latents, n_latent, n_latent, dW)
    _store_matrix(input_weight_shares, share, latents, features, n_latent, n_features, dC)
    _store_vector(bias_shares, share, latents, n_latent, dh)
    _store_vector(initial_shares, share, latents, n_latent, delta)
    _store_matrix(readout_shares, share, outputs, latents, n_outputs, n_latent, dB)
    _store_vector(offset_shares, share, outputs, n_outputs, dd)
