r"""The scan in plain torch, one pass each way, with a gradient derived by hand.

With :math:`D_t` the slopes of ``phi`` at :math:`z_t`, :math:`g_t = dL/d\eta_t` (zero where
nothing is read) and :math:`\delta_t = dL/dz_t`,

.. math::
    \delta_t = B' g_t + a \odot \delta_{t+1} + D_t W' \delta_{t+1}, \quad
    dW = \sum_t \delta_t \phi(z_{t-1})', \quad da = \sum_t \delta_t \odot z_{t-1}, \quad
    dC = \sum_t \delta_t s_t', \quad dh = \sum_t \delta_t, \quad
    dz_0 = a \odot \delta_1 + D_0 W' \delta_1, \quad dB = \sum_t g_t z_t', \quad dd = \sum_t g_t
"""

import torch

from neuroalrnn.ops.contract import Weights, check_scan, floors, present, trim


def scan(
    weights: Weights,
    n_pwl: torch.Tensor,
    inputs: torch.Tensor,
    index: torch.Tensor,
    n_steps: torch.Tensor,
    read_steps: torch.Tensor,
) -> torch.Tensor:
    """Run the recurrence; see the contract in `neuroalrnn.ops`."""
    check_scan(weights, n_pwl, inputs, index, n_steps, read_steps)
    inputs = trim(inputs, read_steps)
    return _Scan.apply(*weights, n_pwl, inputs, index, n_steps, read_steps)


class _Scan(torch.autograd.Function):
    @staticmethod
    def forward(ctx, a, W, C, h, z_0, B, d, n_pwl, inputs, index, n_steps, read_steps):
        exists = _partly_absent(index, n_steps, inputs.shape[1])
        s = _gather(inputs, index, exists)
        floor = floors(n_pwl, a.shape[1], dtype=a.dtype)[:, None]
        path = _forward(Weights(a, W, C, h, z_0, B, d), floor, s, exists)
        eta = _matmul(path[:, 1:][:, read_steps], B.mT) + d[:, None, None]
        absent = None if exists is None else ~exists[:, read_steps]
        if absent is not None:
            eta.masked_fill_(absent, 0.0)
        ctx.save_for_backward(a, W, B, floor, s, path, absent, read_steps)
        return eta

    @staticmethod
    def backward(ctx, grad_eta):
        a, W, B, floor, s, path, absent, read_steps = ctx.saved_tensors
        g = grad_eta if absent is None else torch.where(absent, 0.0, grad_eta)
        gradient = _backward(a, W, B, floor, s, path, g, read_steps)
        return (*gradient, None, None, None, None, None)


def _partly_absent(index, n_steps, longest):
    """Mask of existing steps, or None when every lane runs to the end."""
    exists = present(index, n_steps, longest)
    return None if bool(exists.all()) else exists[..., None]


def _gather(inputs, index, exists):
    """Inputs of every lane, (model, step, lane, feature), zero where a step does not exist."""
    s = inputs.transpose(0, 1)[:, index].transpose(0, 1).contiguous()
    return s if exists is None else torch.where(exists, s, 0.0)


def _forward(weights, floor, s, exists):
    """Latents with the initial state in front, (model, step + 1, lane, latent)."""
    a, W, C, h, z_0, _, _ = weights
    n_models, n_steps, n_lanes, _ = s.shape
    path = s.new_empty(n_models, n_steps + 1, n_lanes, a.shape[1])
    path[:, 0] = z_0[:, None]
    torch.add(_matmul(s, C.mT), h[:, None, None], out=path[:, 1:])

    W_t, a = W.mT.contiguous(), a[:, None]
    phi = torch.empty_like(path[:, 0])
    steps = path.unbind(1)
    for t in range(1, n_steps + 1):
        torch.maximum(steps[t - 1], floor, out=phi)
        steps[t].baddbmm_(phi, W_t).addcmul_(a, steps[t - 1])
    # no gradient comes from beyond the end of a sequence, so its latents are set to 0 all at once
    if exists is not None:
        path[:, 1:].masked_fill_(~exists, 0.0)
    return path


def _backward(a, W, B, floor, s, path, g, read_steps):
    delta = torch.zeros_like(path[:, 1:])
    delta[:, read_steps] = _matmul(g, B)
    slopes = (path > floor[:, None]).to(path.dtype).unbind(1)
    a = a[:, None]
    through = torch.zeros_like(path[:, 0])
    steps = delta.unbind(1)
    for t in range(len(steps) - 1, -1, -1):
        torch.bmm(steps[t], W, out=through)
        through.mul_(slopes[t]).addcmul_(a, steps[t])
        if t:
            steps[t - 1].add_(through)
    earlier = path[:, :-1]
    return Weights(
        self_slope=(delta * earlier).sum((1, 2)),
        weight=_matmul_t(delta, torch.maximum(earlier, floor[:, None])),
        input_weight=_matmul_t(delta, s),
        bias=delta.sum((1, 2)),
        initial=through.sum(1),
        readout=_matmul_t(g, path[:, 1:][:, read_steps]),
        offset=g.sum((1, 2)),
    )


def _matmul(x, y):
    """(model, step, lane, i) @ (model, i, j) as one batched product."""
    return torch.bmm(x.flatten(1, 2), y).unflatten(1, x.shape[1:3])


def _matmul_t(x, y):
    """Sum over steps and lanes of the outer products of x and y."""
    return torch.bmm(x.flatten(1, 2).mT, y.flatten(1, 2))
