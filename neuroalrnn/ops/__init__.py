r"""The AL-RNN scan: one contract, several backends.

.. math::
    z_t = a \odot z_{t-1} + W \phi(z_{t-1}) + C s_t + h, \qquad t = 1..T

``phi`` is the identity on the first ``n_latent - n_pwl`` latents and a ReLU on the last ``n_pwl``.

A backend is a function ``scan(parameters, n_pwl, inputs, index, n_steps)`` with

============  =========================  ========================================================
argument      shape                      meaning
============  =========================  ========================================================
parameters    `Parameters`               every tensor with a leading ``model`` axis
n_pwl         (model,) integers          PWL units of each model, 0 (linear) to ``n_latent``
inputs        (sequence, step, feature)  observations, stored once and shared by all models
index         (model, lane) integers     the sequences that each model runs over
n_steps       (sequence,) integers       length of each sequence; what lies beyond is never read
============  =========================  ========================================================

and returns latents (model, step, lane, latent), zero beyond the end of a sequence. No argument is
ever changed. All floating tensors share one dtype (float32 or float64). A latent that is exactly
zero counts as off, with slope zero. Gradients flow to every field of `Parameters`, never to the
inputs.
"""

from typing import NamedTuple

import torch


class Parameters(NamedTuple):
    """Parameters of the recurrence, one set per model.

    Attributes
    ----------
    self_slope : Tensor, shape (model, latent)
        ``a``.
    weight : Tensor, shape (model, latent, latent)
        ``W``, rows are targets.
    input_weight : Tensor, shape (model, latent, feature)
        ``C``.
    bias : Tensor, shape (model, latent)
        ``h``.
    initial : Tensor, shape (model, latent)
        ``z_0``.
    """

    self_slope: torch.Tensor
    weight: torch.Tensor
    input_weight: torch.Tensor
    bias: torch.Tensor
    initial: torch.Tensor


def floors(n_pwl, n_latent, *, dtype):
    """Lower bound of ``phi`` per latent: 0 for PWL units, minus infinity for linear ones.

    Parameters
    ----------
    n_pwl : Tensor of int, shape (model,)
    n_latent : int
    dtype : torch.dtype

    Returns
    -------
    Tensor, shape (model, latent)
        ``phi(z) = maximum(z, floor)``.
    """
    is_pwl = torch.arange(n_latent) >= n_latent - n_pwl[:, None]
    return torch.where(is_pwl, 0.0, -torch.inf).to(dtype)


def present(index, n_steps, longest):
    """Which steps exist.

    Parameters
    ----------
    index : Tensor of int, shape (model, lane)
    n_steps : Tensor of int, shape (sequence,)
    longest : int
        Number of steps of the padded observations.

    Returns
    -------
    Tensor of bool, shape (model, step, lane)
    """
    return torch.arange(longest)[None, :, None] < n_steps[index][:, None, :]
