r"""The AL-RNN scan: one contract, several backends.

.. math::
    z_t = a \odot z_{t-1} + W \phi(z_{t-1}) + C s_t + h, \qquad \eta_t = B z_t + d, \qquad t = 1..T

``phi`` is the identity on the first ``n_latent - n_pwl`` latents and a ReLU on the last ``n_pwl``.

A backend is a function ``scan(weights, n_pwl, inputs, index, n_steps, read_steps)`` with

============  =========================  ========================================================
argument      shape                      meaning
============  =========================  ========================================================
weights       `Weights`                  every tensor with a leading ``model`` axis
n_pwl         (model,) integers          PWL units of each model, 0 (linear) to ``n_latent``
inputs        (sequence, step, feature)  observations, stored once and shared by all models
index         (model, lane) integers     the sequences that each model runs over, -1 for the last
n_steps       (sequence,) integers       length of each sequence; what lies beyond is never read
read_steps    (read step,) integers      steps at which eta is wanted, counted from 0, ascending
============  =========================  ========================================================

and returns eta (model, read step, lane, output), zero beyond the end of a sequence. With the unit
matrix as readout it returns the latents themselves. No argument is ever changed. All floating
tensors share one dtype (float32 or float64) and one device. A latent that is exactly zero counts as
off, with slope zero. Gradients flow to every field of `Weights`, never to the inputs; gradients of
eta beyond the end of a sequence are ignored, whatever they hold.

What a model computes depends on its own weights and lanes alone, to the last bit in the backends
written for speed: not on the models beside it, on how models are split over calls, or on the number
of threads. Folds, restarts, settings and subject-specific parameters are all models to a backend.
"""

from typing import NamedTuple

import torch


class Weights(NamedTuple):
    """Everything that is trained, with a leading ``model`` axis (none for a single model).

    Parameters
    ----------
    self_slope : Tensor, shape (model, latent)
        ``a``; zero on linear units under the "reduced" convention.
    weight : Tensor, shape (model, latent, latent)
        ``W``, rows are targets.
    input_weight : Tensor, shape (model, latent, feature)
        ``C``.
    bias : Tensor, shape (model, latent)
        ``h``.
    initial : Tensor, shape (model, latent)
        ``z_0``.
    readout : Tensor, shape (model, output, latent)
        ``B``.
    offset : Tensor, shape (model, output)
        ``d``.
    """

    self_slope: torch.Tensor
    weight: torch.Tensor
    input_weight: torch.Tensor
    bias: torch.Tensor
    initial: torch.Tensor
    readout: torch.Tensor
    offset: torch.Tensor


def check(weights, n_pwl, inputs, index, n_steps, read_steps):
    """Refuse arguments of a scan that do not fit together, before memory is read by them.

    Raises
    ------
    ValueError
        Naming every argument of the wrong shape or kind, and what was expected.
    """
    if weights.readout.ndim != 3 or inputs.ndim != 3:
        raise ValueError(
            f"scan: readout {tuple(weights.readout.shape)} and inputs {tuple(inputs.shape)}, "
            "expected (model, output, latent) and (sequence, step, feature)"
        )
    n_models, n_outputs, n_latent = weights.readout.shape
    n_sequences, longest, n_features = inputs.shape
    values = (*weights, n_pwl, index, n_steps, read_steps)
    shapes = (
        (n_models, n_latent), (n_models, n_latent, n_latent), (n_models, n_latent, n_features),
        (n_models, n_latent), (n_models, n_latent), weights.readout.shape, (n_models, n_outputs),
        (n_models,), (n_models, index.shape[-1]), (n_sequences,), read_steps.shape[-1:],
    )  # fmt: skip
    names = (*Weights._fields, "n_pwl", "index", "n_steps", "read_steps")
    found = [
        f"{name}: shape {tuple(value.shape)}, expected {tuple(shape)}"
        for name, value, shape in zip(names, values, shapes, strict=True)
        if value.shape != shape
    ]
    found += [
        f"{name}: {value.dtype}, expected whole numbers"
        for name, value in zip(names[7:], values[7:], strict=True)
        if value.is_floating_point()
    ]
    kinds = {part.dtype for part in (*weights, inputs)}
    if len(kinds) > 1 or kinds - {torch.float32, torch.float64}:
        names = ", ".join(sorted(map(str, kinds)))
        found.append(f"weights and inputs are {names}: expected one float type")
    if found:
        raise ValueError(f"scan: {'; '.join(found)}")
    if not all(0 <= n <= n_latent for n in n_pwl.tolist()):
        found.append(f"n_pwl: {n_pwl.tolist()}, expected 0 to {n_latent}")
    if n_sequences and n_steps.max() > longest:
        found.append(f"n_steps: {int(n_steps.max())} at most, but inputs has {longest} steps")
    inside = not len(read_steps) or (read_steps[0] >= 0 and read_steps[-1] < longest)
    if not inside or (read_steps[1:] <= read_steps[:-1]).any():
        found.append(f"read_steps: expected ascending steps from 0 to {longest - 1}")
    if found:
        raise ValueError(f"scan: {'; '.join(found)}")


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
    is_pwl = torch.arange(n_latent, device=n_pwl.device) >= n_latent - n_pwl[:, None]
    return torch.where(is_pwl, 0.0, -torch.inf).to(dtype)


def trim(inputs, read_steps):
    """Observations up to the last step that is read: what comes after it goes nowhere.

    Parameters
    ----------
    inputs : Tensor, shape (sequence, step, feature)
    read_steps : Tensor of int, shape (read step,)

    Returns
    -------
    Tensor, shape (sequence, step, feature)
    """
    return inputs[:, : int(read_steps[-1]) + 1 if len(read_steps) else 0]


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
    steps = torch.arange(longest, device=index.device)
    return steps[None, :, None] < n_steps[index][:, None, :]
