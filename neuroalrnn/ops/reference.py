"""The oracle: the recurrence as the paper writes it, differentiated by autograd."""

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
    """Run the recurrence step by step; see the contract in `neuroalrnn.ops`.

    References
    ----------
    Brenner & Koppe (2026), TMLR: ``z_t = A z_{t-1} + W phi(z_{t-1}) + C s_t + h``.
    """
    check_scan(weights, n_pwl, inputs, index, n_steps, read_steps)
    a, W, C, h, z_0, B, d = weights
    inputs = trim(inputs, read_steps)
    exists = present(index, n_steps, inputs.shape[1])
    s = torch.where(exists.transpose(1, 2)[..., None], inputs[index], 0.0)
    floor = floors(n_pwl, a.shape[1], dtype=a.dtype)[:, None]
    reads = set(read_steps.tolist())

    z = z_0[:, None].expand(-1, index.shape[1], -1)
    eta = [z.new_zeros(*index.shape, 0, B.shape[1]).transpose(1, 2)]
    for t in range(inputs.shape[1]):
        here = exists[:, t, :, None]
        phi = torch.where(z > floor, z, floor)
        z = a[:, None] * z + phi @ W.mT + s[:, :, t] @ C.mT + h[:, None]
        z = torch.where(here, z, 0.0)
        if t in reads:
            eta.append(torch.where(here, z @ B.mT + d[:, None], 0.0)[:, None])
    return torch.cat(eta, dim=1)
