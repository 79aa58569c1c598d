"""Targets that a network is trained to give out: values, or probabilities of classes."""

from collections.abc import Sequence
from functools import partial

import torch
from torch.nn import functional

from neuroalrnn.arguments import not_names, not_one_of, refuse
from neuroalrnn.exceptions import DataError
from neuroalrnn.model.observation._draws import draw_code
from neuroalrnn.model.observation.base import ObservationModel


def targets(
    loss: str, outputs: Sequence[str], *, weights: Sequence[str] | None = None
) -> ObservationModel:
    r"""Explain what a task asks for at its scored steps.

    .. math::
        \text{squared: } -\tfrac12 \sum_n w_n (x_n - \eta_n)^2, \quad
        \text{bernoulli: } \sum_n w_n [x_n \eta_n - \log(1 + e^{\eta_n})], \quad
        \text{categorical: } \sum_n w_n x_n \log \mathrm{softmax}(\eta)_n

    The first is the log-density of a Gaussian of variance 1, up to a constant. Targets of classes
    are their probabilities, so that a step may ask for one class, or for a mixture.

    Parameters
    ----------
    loss : {"squared", "bernoulli", "categorical"}
        Kind of the targets.
    outputs : sequence of str
        Names of the targets, one for each output.
    weights : sequence of str, optional
        Names of the values that weigh the outputs; without it, all weigh 1.

    Returns
    -------
    ObservationModel
        One output for each target. A step of which any target is missing adds nothing.

    Raises
    ------
    ConfigError
        If there is no such loss, or no output.
    """
    refuse("targets", not_one_of("loss", loss, _LOSSES) + not_names("outputs", outputs))
    names, given = tuple(outputs), tuple(weights or ())
    return ObservationModel(
        name=f"{loss} targets",
        variables=names,
        given=given,
        outputs=names,
        varying=(True,) * len(names),
        fixed=(False,) * len(names),
        log_likelihood=partial(_log_likelihood, _LOSSES[loss], names, given),
        sample=partial(_sample, loss, names),
        start=partial(_start, loss, names),
        faults=partial(_faults, loss, names),
    )


def _log_likelihood(each, names, given, eta, values):
    """Sum over outputs; a missing target is replaced before, and its step after the likelihood."""
    target = _stack(values, names, eta.dtype)
    seen = ~torch.isnan(target).any(-1)
    found = each(torch.where(seen[..., None], eta, 0.0), torch.where(seen[..., None], target, 0.0))
    if given:
        found = found * torch.where(seen[..., None], _stack(values, given, eta.dtype), 0.0)
    return torch.where(seen, found.sum(-1), 0.0)


def _stack(values, names, dtype):
    return torch.stack([torch.as_tensor(values[name]) for name in names], dim=-1).to(dtype)


def _sample(loss, names, eta, rng, values=None):
    eta = eta.detach().double()
    if loss == "squared":
        drawn = eta + torch.as_tensor(rng.standard_normal(eta.shape))
    elif loss == "bernoulli":
        drawn = (torch.as_tensor(rng.random(eta.shape)) < torch.sigmoid(eta)).double()
    else:
        drawn = functional.one_hot(draw_code(eta, rng), eta.shape[-1]).double()
    return dict(zip(names, drawn.unbind(-1), strict=True))


def _start(loss, names, values):
    """Start at the mean target, probabilities with half a step of each class added."""
    target = _stack(values, names, torch.float64).flatten(0, -2)
    target = target[~torch.isnan(target).any(-1)]
    if not len(target):
        raise DataError(f"{names[0]!r}: no training value to start from, all are missing")
    if loss == "squared":
        return target.mean(0)
    share = (target.sum(0) + 0.5) / (len(target) + 1)
    return torch.logit(share) if loss == "bernoulli" else share.log()


def _faults(loss, names, values):
    if loss == "squared":
        return []
    found = []
    for name in names:
        value = torch.as_tensor(values[name])
        wrong = value[~torch.isnan(value) & ~((value >= 0) & (value <= 1))]
        if len(wrong):
            found.append(f"{name!r}: {len(wrong)} values, first {wrong[0]:g}, expected 0 to 1")
    return found


_LOSSES = {
    "squared": lambda eta, target: -(eta - target).square() / 2,
    "bernoulli": lambda eta, target: (
        target * functional.logsigmoid(eta) + (1 - target) * functional.logsigmoid(-eta)
    ),
    "categorical": lambda eta, target: target * torch.log_softmax(eta, dim=-1),
}
