r"""The forced scan: an AL-RNN without inputs, pulled towards a continuous series while it runs.

.. math::
    z_0 = C x_0 + z_{init}, \qquad
    z_t = a \odot \tilde z_{t-1} + W \phi(\tilde z_{t-1}) + h, \qquad
    e_t = B z_t + d - x_t, \qquad
    \tilde z_t = z_t - f_t B^+ e_t, \qquad \tilde z_0 = z_0, \quad t = 1..T

``B^+`` is the pseudo-inverse: the correction is the smallest change of the latents that moves the
prediction towards the observation. With ``B = [I, 0]`` and ``d = 0`` it acts on the first latents
only: they become ``f x + (1 - f) z``. Sparse forcing has ``f = 1`` every so many steps and else 0;
generalised teacher forcing has the same ``f`` at every step.

A forced scan is a function ``scan(weights, n_pwl, series, start, strength)`` with

============  =========================  ========================================================
argument      shape                      meaning
============  =========================  ========================================================
weights       `Weights`                  every tensor with a leading ``model`` axis; features are
                                         the observations, which ``C`` turns into first latents
n_pwl         (model,) integers          PWL units of each model
series        (row, output)              observations, stored once and shared by all models
start         (model, lane) integers     the row of ``x_0`` of each lane; ``x_t`` is t rows on
strength      (model, step)              ``f_t`` of the steps 1..T, from 0 to 1
============  =========================  ========================================================

and returns the error ``e_t`` of the *unforced* predictions, (model, step, lane, output). The ``B``,
``B^+`` and ``d`` of the correction are constants to the gradient. So a forced latent passes on
``1 - f`` of its gradient, and the read-out learns only from the predictions (our own definition
where ``B`` is trained). The regime of a step is the sign pattern of the forced latents.

References
----------
Brenner et al. (2024), NeurIPS (sparse forcing of AL-RNNs); Hess et al. (2023), ICML (generalised).
"""

import torch

from neuroalrnn.ops import Weights, argument_faults, floors


def scan(
    weights: Weights,
    n_pwl: torch.Tensor,
    series: torch.Tensor,
    start: torch.Tensor,
    strength: torch.Tensor,
) -> torch.Tensor:
    """Compute the errors of the unforced predictions, differentiated by autograd: the oracle."""
    return _run(weights, n_pwl, series, start, strength)[0]


@torch.no_grad()
def compute_latents(
    weights: Weights,
    n_pwl: torch.Tensor,
    series: torch.Tensor,
    start: torch.Tensor,
    strength: torch.Tensor,
) -> torch.Tensor:
    """Compute the latents after forcing, whose signs name the regimes.

    Arguments are those of the contract. The result is (model, step + 1, lane, latent), from step 0.
    """
    return _run(weights, n_pwl, series, start, strength)[1]


def _run(weights, n_pwl, series, start, strength):
    check(weights, n_pwl, series, start, strength)
    a, W, _, h, _, B, d = weights
    floor = floors(n_pwl, a.shape[1], dtype=a.dtype)[:, None]
    z = start_latents(weights, series, start)
    errors, path = [], [z]
    for t in range(1, strength.shape[1] + 1):
        phi = torch.where(z > floor, z, floor)
        z = a[:, None] * z + phi @ W.mT + h[:, None]
        observed = series[start + t]
        errors.append(z @ B.mT + d[:, None] - observed)
        z = force(z, observed, B, d, strength[:, t - 1])
        path.append(z)
    return torch.stack(errors, dim=1), torch.stack(path, dim=1)


def start_latents(weights: Weights, series: torch.Tensor, start: torch.Tensor) -> torch.Tensor:
    """Compute the latents of step 0, an affine function of the first observation.

    Parameters
    ----------
    weights : Weights
        Parameters; features are the outputs.
    series : Tensor, shape (row, output)
        Observations.
    start : Tensor of int, shape (model, lane)
        Row of the first observation of each lane.

    Returns
    -------
    Tensor, shape (model, lane, latent)
        Latents.
    """
    return series[start] @ weights.input_weight.mT + weights.initial[:, None]


def force(
    latents: torch.Tensor,
    observed: torch.Tensor,
    readout: torch.Tensor,
    offset: torch.Tensor,
    strength: torch.Tensor,
) -> torch.Tensor:
    """Pull latents towards those that predict an observation.

    Parameters
    ----------
    latents : Tensor, shape (model, lane, latent)
        Latents of one step.
    observed : Tensor, shape (model, lane, output)
        Observations of that step.
    readout : Tensor, shape (model, output, latent)
        ``B``.
    offset : Tensor, shape (model, output)
        ``d``.
    strength : Tensor, shape (model,)
        0 changes nothing; 1 makes the prediction exact where the rows of ``B`` are independent.

    Returns
    -------
    Tensor, shape (model, lane, latent)
        Latents after forcing.
    """
    B, d = readout.detach(), offset.detach()
    error = latents @ B.mT + d[:, None] - observed
    return latents - strength[:, None, None] * (error @ invert(B).mT)


def invert(readout: torch.Tensor) -> torch.Tensor:
    """Compute the pseudo-inverse of every ``B``.

    Numbers that are not finite count as 0, so that a model that diverged does not stop the others.

    Parameters
    ----------
    readout : Tensor, shape (model, output, latent)
        ``B``.

    Returns
    -------
    Tensor, shape (model, latent, output)
        ``B^+``.
    """
    return torch.linalg.pinv(readout.nan_to_num(0, 0, 0))


def check(
    weights: Weights,
    n_pwl: torch.Tensor,
    series: torch.Tensor,
    start: torch.Tensor,
    strength: torch.Tensor,
) -> None:
    """Refuse arguments of a forced scan that do not fit together.

    It comes first, as the kernels read memory without a check of their own.

    Raises
    ------
    ValueError
        If an argument has the wrong shape, kind or range. The message names all of them.
    """
    n_models, n_outputs, n_latent = weights.readout.shape
    shapes = (
        (n_models, n_latent), (n_models, n_latent, n_latent), (n_models, n_latent, n_outputs),
        (n_models, n_latent), (n_models, n_latent), weights.readout.shape, (n_models, n_outputs),
    )  # fmt: skip
    floats = {
        "series": (series, (len(series), n_outputs)),
        "strength": (strength, (n_models, strength.shape[-1])),
    }
    whole = {"n_pwl": (n_pwl, (n_models,)), "start": (start, (n_models, start.shape[-1]))}
    faults = argument_faults(weights, shapes, floats, whole)
    faults = faults or list(_out_of_range(n_latent, n_pwl, series, start, strength))
    if faults:
        raise ValueError(f"forced scan: {'; '.join(faults)}")


def _out_of_range(n_latent, n_pwl, series, start, strength):
    n_starts = len(series) - strength.shape[1]
    if not all(0 <= n <= n_latent for n in n_pwl.tolist()):
        yield f"n_pwl: {n_pwl.tolist()}, expected 0 to {n_latent}"
    if start.numel() and not 0 <= start.min() <= start.max() < n_starts:
        yield f"start: expected 0 to {n_starts - 1}, so that every lane ends within the series"
    if not ((strength >= 0) & (strength <= 1)).all():
        yield "strength: expected 0 to 1"
