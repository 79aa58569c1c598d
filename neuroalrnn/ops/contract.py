"""What all scans share: their weights, a check of their arguments, and masks."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import torch


class Weights(NamedTuple):
    """All that is trained, with a leading model axis (without one for a single model).

    Parameters
    ----------
    self_slope : Tensor, shape (model, latent)
        ``a``; zero for linear units under the "reduced" convention.
    weight : Tensor, shape (model, latent, latent)
        ``W``; a row holds what one latent receives.
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


def check_scan(
    weights: Weights,
    n_pwl: torch.Tensor,
    inputs: torch.Tensor,
    index: torch.Tensor,
    n_steps: torch.Tensor,
    read_steps: torch.Tensor,
) -> None:
    """Refuse arguments of a scan that do not fit together.

    It comes first, as the kernels read memory without a check of their own.

    Parameters
    ----------
    weights : Weights
        Parameters, every tensor with a leading model axis.
    n_pwl : Tensor of int, shape (model,)
        Number of PWL units of each model.
    inputs : Tensor, shape (sequence, step, feature)
        Inputs, shared by all models.
    index : Tensor of int, shape (model, lane)
        Sequences that each model runs over, -1 for the last.
    n_steps : Tensor of int, shape (sequence,)
        Length of each sequence.
    read_steps : Tensor of int, shape (read step,)
        Steps at which eta is wanted, ascending from 0.

    Raises
    ------
    ValueError
        If an argument has the wrong shape, kind or range. The message names all of them.
    """
    require_dimensions(weights, inputs)
    n_models, n_outputs, n_latent = weights.readout.shape
    n_sequences, longest, n_features = inputs.shape
    shapes = (
        (n_models, n_latent), (n_models, n_latent, n_latent), (n_models, n_latent, n_features),
        (n_models, n_latent), (n_models, n_latent), weights.readout.shape, (n_models, n_outputs),
    )  # fmt: skip
    whole = {
        "n_pwl": (n_pwl, (n_models,)),
        "index": (index, (n_models, index.shape[-1])),
        "n_steps": (n_steps, (n_sequences,)),
        "read_steps": (read_steps, read_steps.shape[-1:]),
    }
    faults = argument_faults(weights, shapes, {"inputs": (inputs, inputs.shape)}, whole)
    if faults:
        raise ValueError(f"scan: {'; '.join(faults)}")
    if not all(0 <= n <= n_latent for n in n_pwl.tolist()):
        faults.append(f"n_pwl: {n_pwl.tolist()}, expected 0 to {n_latent}")
    faults += steps_outside(longest, n_steps, read_steps)
    if faults:
        raise ValueError(f"scan: {'; '.join(faults)}")


def require_dimensions(weights: Any, inputs: torch.Tensor) -> None:
    """Refuse a read-out or inputs that the sizes of a scan cannot be read from.

    Parameters
    ----------
    weights : NamedTuple of Tensor
        Weights of any architecture.
    inputs : Tensor, shape (sequence, step, feature)
        Inputs, shared by all models.

    Raises
    ------
    ValueError
        If either has another number of dimensions than three.
    """
    if weights.readout.ndim != 3 or inputs.ndim != 3:
        raise ValueError(
            f"scan: readout {tuple(weights.readout.shape)} and inputs {tuple(inputs.shape)}, "
            "expected (model, output, latent) and (sequence, step, feature)"
        )


def argument_faults(
    weights: Any,
    shapes: Iterable[tuple[int, ...]],
    floats: Mapping[str, tuple[torch.Tensor, tuple[int, ...]]],
    whole: Mapping[str, tuple[torch.Tensor, tuple[int, ...]]],
) -> list[str]:
    """List texts about arguments of a scan that have the wrong shape or kind.

    Parameters
    ----------
    weights : NamedTuple of Tensor
        Weights of any architecture.
    shapes : iterable of tuple of int
        Their expected shapes, in the same order.
    floats, whole : dict of str -> (Tensor, tuple of int)
        Other arguments with their expected shapes: floats of the type of the weights, and whole
        numbers.

    Returns
    -------
    list of str
        One text per problem.
    """
    named = dict(zip(weights._fields, zip(weights, shapes, strict=True), strict=True))
    faults = [
        f"{name}: shape {tuple(value.shape)}, expected {tuple(shape)}"
        for name, (value, shape) in {**named, **floats, **whole}.items()
        if value.shape != shape
    ]
    faults += [
        f"{name}: {value.dtype}, expected whole numbers"
        for name, (value, _) in whole.items()
        if value.is_floating_point()
    ]
    kinds = {part.dtype for part in (*weights, *(value for value, _ in floats.values()))}
    if len(kinds) > 1 or kinds - {torch.float32, torch.float64}:
        *most, last = ("weights", *floats)
        listed = ", ".join(sorted(map(str, kinds)))
        faults.append(f"{', '.join(most)} and {last} are {listed}: expected one float type")
    return faults


def steps_outside(longest: int, n_steps: torch.Tensor, read_steps: torch.Tensor) -> list[str]:
    """List texts about steps that inputs do not have.

    Parameters
    ----------
    longest : int
        Number of steps of the inputs.
    n_steps : Tensor of int, shape (sequence,)
        Length of each sequence.
    read_steps : Tensor of int, shape (read step,)
        Steps at which eta is wanted.

    Returns
    -------
    list of str
        One text per problem.
    """
    faults = []
    if len(n_steps) and n_steps.max() > longest:
        faults.append(f"n_steps: {int(n_steps.max())} at most, but inputs has {longest} steps")
    inside = not len(read_steps) or (read_steps[0] >= 0 and read_steps[-1] < longest)
    if not inside or (read_steps[1:] <= read_steps[:-1]).any():
        faults.append(f"read_steps: expected ascending steps from 0 to {longest - 1}")
    return faults


def floors(n_pwl: torch.Tensor, n_latent: int, *, dtype: torch.dtype) -> torch.Tensor:
    """Compute the lower bound of ``phi(z) = maximum(z, floor)`` for each latent.

    Parameters
    ----------
    n_pwl : Tensor of int, shape (model,)
        Number of PWL units of each model.
    n_latent : int
        Number of latents.
    dtype : torch.dtype
        Floating type of the result.

    Returns
    -------
    Tensor, shape (model, latent)
        0 for PWL units, minus infinity for linear units.
    """
    is_pwl = torch.arange(n_latent, device=n_pwl.device) >= n_latent - n_pwl[:, None]
    return torch.where(is_pwl, 0.0, -torch.inf).to(dtype)


def trim(inputs: torch.Tensor, read_steps: torch.Tensor) -> torch.Tensor:
    """Cut inputs after the last step that is read, as later ones have no effect.

    Parameters
    ----------
    inputs : Tensor, shape (sequence, step, feature)
        Inputs of all sequences.
    read_steps : Tensor of int, shape (read step,)
        Steps at which eta is wanted, ascending.

    Returns
    -------
    Tensor, shape (sequence, step, feature)
        A view of the inputs.
    """
    return inputs[:, : int(read_steps[-1]) + 1 if len(read_steps) else 0]


def present(index: torch.Tensor, n_steps: torch.Tensor, longest: int) -> torch.Tensor:
    """Mark the steps that exist.

    Parameters
    ----------
    index : Tensor of int, shape (model, lane)
        Sequences that each model runs over.
    n_steps : Tensor of int, shape (sequence,)
        Length of each sequence.
    longest : int
        Number of steps of the padded inputs.

    Returns
    -------
    Tensor of bool, shape (model, step, lane)
        True where the sequence of a lane has a step.
    """
    steps = torch.arange(longest, device=index.device)
    return steps[None, :, None] < n_steps[index][:, None, :]
