"""Choices and ratings: Bernoulli, categorical and ordinal models of codes from 0."""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch.nn import functional

from neuroalrnn.arguments import not_names, refuse
from neuroalrnn.model.observation._draws import draw_code, require_options
from neuroalrnn.model.observation._logs import exp_finite, log_one_minus_exp_minus_exp
from neuroalrnn.model.observation.base import (
    CONSTANT,
    VARYING,
    Family,
    ObservationModel,
    independent,
)
from neuroalrnn.model.readout import log_likelihood, log_probability


def bernoulli(*variables: str) -> ObservationModel:
    r"""Explain choices between two options: ``log p(y) = y eta - softplus(eta)``.

    Parameters
    ----------
    *variables : str
        Trial variables with codes 0 and 1; "choice" if none is named.

    Returns
    -------
    ObservationModel
        Output ``logit`` (eta) of each variable.
    """
    family = Family(
        name="bernoulli",
        parameters={"logit": VARYING},
        log_density=log_likelihood,
        draw=lambda eta, rng: draw_code(log_probability(eta), rng),
        start=lambda code: [torch.logit(_frequency(code, 2)[1])],
        **_codes(2),
    )
    return independent(family, variables or ("choice",))


def categorical(
    n_options: int, variable: str = "choice", *, available: Sequence[str] | None = None
) -> ObservationModel:
    r"""Explain choices among several options.

    .. math::
        \log p(y) = \eta_y - \log \sum_{k\ \mathrm{available}} e^{\eta_k}

    Parameters
    ----------
    n_options : int
        Number of options, at least 2.
    variable : str
        Trial variable with codes from 0.
    available : sequence of str, optional
        One trial variable per option, which is 1 where the option can be chosen. Without it, all
        options always can. An option that is not available has probability 0, and `check_values`
        refuses trials on which it was chosen.

    Returns
    -------
    ObservationModel
        One logit per option; a constant added to all of them changes nothing.

    Raises
    ------
    ConfigError
        If there are too few options, or if `available` does not name one variable for each.
    """
    require_options("categorical", n_options)
    if available is not None:
        refuse("categorical", _bad_offer(available, n_options))
    family = Family(
        name="categorical",
        parameters={f"logit_{k}": VARYING for k in range(n_options)},
        log_density=log_likelihood,
        draw=lambda eta, rng: draw_code(log_probability(eta), rng),
        start=lambda code: _frequency(code, n_options).log(),
        **_codes(n_options),
    )
    model = independent(family, (variable,))
    return model if available is None else _restricted(model, tuple(available))


def _bad_offer(available, n_options):
    faults = not_names("available", available)
    if not faults and len(available) != n_options:
        faults = [f"{len(available)} names in available for {n_options} options"]
    if not faults and len({*available}) < n_options:
        faults = [f"available = {list(available)}: expected another variable for every option"]
    return faults


def _restricted(model, available):
    """Restrict a categorical model to the options that are available."""

    def is_available(values):
        return torch.stack([torch.as_tensor(values[name]) for name in available], dim=-1) > 0

    def hide(eta, values):
        return torch.where(is_available(values), eta, -torch.inf)

    def faults(values):
        faults = model.faults(values)
        return faults or _choices_of_unavailable(values, model.variables[0], is_available(values))

    return replace(
        model,
        given=available,
        log_likelihood=lambda eta, values: model.log_likelihood(hide(eta, values), values),
        sample=lambda eta, rng, values: model.sample(hide(eta, values), rng),
        faults=faults,
        offered={model.variables[0]: available},
    )


def _choices_of_unavailable(values, variable, is_available):
    code = torch.as_tensor(values[variable], dtype=torch.float64)
    seen = ~torch.isnan(code)
    chosen = torch.where(seen, code, 0.0).long()
    wrong = seen & ~is_available.gather(-1, chosen[..., None])[..., 0]
    if not wrong.any():
        return []
    first = int(chosen[wrong][0])
    return [f"{variable!r}: {int(wrong.sum())} choices of unavailable options, first {first}"]


def ordinal(n_levels: int, variable: str = "rating") -> ObservationModel:
    r"""Explain ordered levels, such as ratings, by a cumulative logit model.

    .. math::
        p(y) = \sigma(\theta_{y+1} - \eta) - \sigma(\theta_y - \eta), \quad
        \theta_0 = -\infty,\ \theta_1 = 0,\ \theta_{c+1} = \theta_c + e^{r_{c+1}},\
        \theta_C = \infty

    The first threshold is 0, because the offset of ``eta`` already shifts all thresholds.

    Parameters
    ----------
    n_levels : int
        Number of levels, at least 2; with 2 it is the Bernoulli model.
    variable : str
        Trial variable with codes from 0, in order.

    Returns
    -------
    ObservationModel
        Outputs ``location`` (eta) and the constants ``log_gap`` (r) between thresholds.

    Raises
    ------
    ConfigError
        If there are too few levels.

    References
    ----------
    McCullagh (1980), Journal of the Royal Statistical Society B 42: the model.
    """
    require_options("ordinal", n_levels)
    gaps = {f"log_gap_{c}": CONSTANT for c in range(2, n_levels)}
    family = Family(
        name="ordinal",
        parameters={"location": VARYING, **gaps},
        log_density=lambda eta, code: _ordinal(eta).gather(-1, code[..., None].long()).squeeze(-1),
        draw=lambda eta, rng: draw_code(_ordinal(eta), rng),
        start=lambda code: _start_ordinal(_frequency(code, n_levels)),
        **_codes(n_levels),
    )
    return independent(family, (variable,))


def _ordinal(eta):
    """Log-probability of every level: ls(u) + ls(-v) + log(1 - exp(v - u)), v - u = -exp(r)."""
    location, log_gap = eta[..., :1], eta[..., 1:]
    threshold = functional.pad(exp_finite(log_gap).cumsum(-1), (1, 0))
    below = functional.logsigmoid(threshold - location)
    above = functional.logsigmoid(location - threshold)
    between = log_one_minus_exp_minus_exp(log_gap)
    pad = functional.pad
    return pad(below, (0, 1)) + pad(above, (1, 0)) + pad(between, (1, 1))


def _start_ordinal(frequency):
    threshold = torch.logit(frequency.cumsum(0)[:-1])
    return [-threshold[0], *threshold.diff().log()]


def _frequency(code, n_options):
    """Frequency of every option, with half a trial added to each so that none is 0."""
    count = torch.bincount(code.long(), minlength=n_options).double() + 0.5
    return count / count.sum()


def _codes(n_options):
    options = torch.arange(n_options, dtype=torch.float64)
    return {
        "valid": lambda code: torch.isin(code, options),
        "expected": f"codes 0 to {n_options - 1}",
    }
