"""Response times in seconds: log-normal models, alone and together with the choice."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from numbers import Real
from typing import Any, NamedTuple

import torch
from torch.nn import functional

from neuroalrnn.arguments import shown
from neuroalrnn.exceptions import ConfigError
from neuroalrnn.model.observation._draws import (
    draw_code,
    draw_normal,
    require_options,
    start_normal,
)
from neuroalrnn.model.observation._logs import exp_finite, normal_log_density
from neuroalrnn.model.observation.base import (
    CONSTANT,
    FIXED,
    VARYING,
    Family,
    ObservationModel,
    independent,
    joint,
    option_log_probability,
)
from neuroalrnn.model.observation.discrete import bernoulli, categorical

# The likelihood has no bound where the shift is the fastest response, so the shift stays below it;
# the slowest response lies below the upper limit, so that rounding does not put it outside.
_MARGIN = 0.05


def lognormal(variable: str = "rt") -> ObservationModel:
    r"""Explain response times by log-normal distributions, :math:`\log t \sim N(\eta, \sigma^2)`.

    Another unit of time shifts all log-likelihoods: compare models, not datasets.

    Parameters
    ----------
    variable : str
        Trial variable in seconds.

    Returns
    -------
    ObservationModel
        Outputs ``location`` (eta) and the constant ``log_scale`` (log sigma).
    """
    family = Family(
        name="lognormal",
        parameters={"location": VARYING, "log_scale": CONSTANT},
        log_density=lambda eta, t: _log_density(t, eta),
        draw=lambda eta, rng: draw_normal(eta, rng).exp(),
        start=lambda t: start_normal(t.log()),
        **_TIMES,
    )
    return independent(family, (variable,))


def shifted_lognormal(variable: str = "rt", *, contaminants: float = 0.01) -> ObservationModel:
    r"""Explain response times by log-normal times after a constant shift, and a few random ones.

    .. math::
        p(t) = (1 - \epsilon)\, p_{LN}(t - t_0) + \epsilon\, [t \le t_{max}] / t_{max}, \qquad
        t_0 = t_{low}\, \sigma(u)

    Parameters
    ----------
    variable : str
        Trial variable in seconds.
    contaminants : float
        Share ``epsilon`` of random responses. Thanks to these, a new subject may respond before
        ``t_0``; with 0, the log-likelihood of such a response is minus infinity.

    Returns
    -------
    ObservationModel
        Outputs ``location`` (eta), the constants ``log_scale`` and ``shift_logit`` (u), and two
        that the training subjects fix: ``log_t_max``, 5 % above their slowest response, and
        ``log_t_low``, 5 % below their fastest response. The fastest share ``epsilon`` of responses
        is left out of the latter, as they may come before ``t_0`` (our own definition).

    Raises
    ------
    ConfigError
        If `contaminants` is not in [0, 1).
    """
    if not (isinstance(contaminants, Real) and 0 <= contaminants < 1):
        raise ConfigError(f"contaminants={shown(contaminants)}, expected a share in [0, 1)")
    family = Family(
        name="shifted_lognormal",
        parameters={
            "location": VARYING,
            "log_scale": CONSTANT,
            "shift_logit": CONSTANT,
            "log_t_low": FIXED,
            "log_t_max": FIXED,
        },
        log_density=lambda eta, t: _contaminated(t, eta, contaminants),
        draw=lambda eta, rng: _draw_shifted(eta, contaminants, rng),
        start=lambda t: _start_shifted(t, contaminants),
        **_TIMES,
    )
    return independent(family, (variable,))


def _log_density(t, eta):
    """Log-density of log-normal distributions; minus infinity, with gradient 0, unless t > 0."""
    log_t = torch.where(t > 0, t, 1.0).log()
    return torch.where(t > 0, normal_log_density(log_t, *eta.unbind(-1)) - log_t, -torch.inf)


def _contaminated(t, eta, contaminants):
    t_low, t_max = exp_finite(eta[..., 3]), exp_finite(eta[..., 4])
    log_p = _log_density(t - t_low * torch.sigmoid(eta[..., 2]), eta[..., :2])
    if not contaminants:
        return log_p
    flat = torch.where(t <= t_max, math.log(contaminants) - eta[..., 4], -torch.inf)
    return torch.logaddexp(math.log1p(-contaminants) + log_p, flat)


def _draw_shifted(eta, contaminants, rng):
    shift = eta[..., 3].exp() * torch.sigmoid(eta[..., 2])
    decision = draw_normal(eta[..., :2], rng).exp()
    random = eta[..., 4].exp() * torch.as_tensor(rng.random(shift.shape))
    is_random = torch.as_tensor(rng.random(shift.shape)) < contaminants
    return torch.where(is_random, random, shift + decision)


def _start_shifted(t, contaminants):
    """Take half of ``t_low`` as the shift, and fit a log-normal to what comes after it."""
    t_low = (1 - _MARGIN) * t.quantile(contaminants)
    decision = t - t_low / 2
    m, log_scale = start_normal(decision[decision > 0].log())
    return [m, log_scale, 0.0, t_low.log(), ((1 + _MARGIN) * t.max()).log()]


def choice_rt(
    n_options: int = 2,
    choice: str = "choice",
    rt: str = "rt",
    *,
    available: Sequence[str] | None = None,
    time: Callable[[str], ObservationModel] | None = None,
) -> ObservationModel:
    r"""Explain choice and response time together; the time depends on the option chosen.

    .. math:: \log p(y, t) = \log p(y) + \log p(t\,|\,y), \qquad m_y = \eta_{rt} + \kappa_y

    Where the time is missing this is ``log p(y)``; where the choice is missing,
    :math:`\log \sum_y p(y)\, p(t|y)`.

    Parameters
    ----------
    n_options : int
        Number of options, at least 2.
    choice, rt : str
        Trial variables: codes from 0, and seconds.
    available : sequence of str, optional
        As in `categorical`.
    time : callable, optional
        Makes the model of the response time from the name of its variable, as `lognormal` (used
        without it) and `shifted_lognormal` do.

    Returns
    -------
    ObservationModel
        Outputs of the choice, outputs of the time, then the constants ``kappa_y`` of options 1 and
        up; that of option 0 is 0.

    Raises
    ------
    ConfigError
        If there are too few options, or `time` is no function.
    """
    require_options("choice_rt", n_options)
    if time is not None and not callable(time):
        raise ConfigError(f"choice_rt: time = {shown(time)}, expected a function of a variable")
    plain = n_options == 2 and available is None
    choices = bernoulli(choice) if plain else categorical(n_options, choice, available=available)
    times = (time or lognormal)(rt)
    both = joint(choices, times)
    pair = _Pair(choices, times, n_options)
    constant = (False,) * (n_options - 1)
    return replace(
        both,
        name="choice_rt",
        outputs=both.outputs + tuple(f"{rt}.kappa_{k}" for k in range(1, n_options)),
        varying=both.varying + constant,
        fixed=both.fixed + constant,
        log_likelihood=partial(_pair_log_likelihood, pair),
        sample=partial(_pair_sample, pair),
        start=lambda values: functional.pad(both.start(values), (0, n_options - 1)),
    )


class _Pair(NamedTuple):
    choices: ObservationModel
    times: ObservationModel
    n_options: int

    def option_log_p(self, eta, values):
        """Log-probability of every option, (..., option)."""
        choice = self.choices.variables[0]
        eta_choice = eta[..., : len(self.choices.outputs)]
        return option_log_probability(self.choices, eta_choice, choice, self.n_options, values)

    def eta_time(self, eta):
        """Eta of the time under every option, (..., option, output): ``eta_rt + kappa_y``."""
        sizes = [len(self.choices.outputs), len(self.times.outputs), self.n_options - 1]
        _, eta_time, kappa = eta.split(sizes, dim=-1)
        kappa = functional.pad(kappa, (1, 0))[..., None]
        return eta_time[..., None, :] + functional.pad(kappa, (0, sizes[1] - 1))


def _pair_log_likelihood(pair, eta, values):
    (choice,), (rt,) = pair.choices.variables, pair.times.variables
    code, t = values[choice], values[rt]
    seen = ~(torch.isnan(code) & torch.isnan(t))
    eta = torch.where(seen[..., None], eta, 0.0)
    log_p_t = pair.times.log_likelihood(pair.eta_time(eta), {rt: t[..., None]})
    return torch.where(seen, _of_chosen(pair.option_log_p(eta, values) + log_p_t, code), 0.0)


def _pair_sample(pair, eta, rng, values=None):
    eta = eta.detach().double()
    code = draw_code(pair.option_log_p(eta, values), rng)
    eta_time = torch.take_along_dim(pair.eta_time(eta), code[..., None, None], dim=-2)[..., 0, :]
    return {pair.choices.variables[0]: code.double(), **pair.times.sample(eta_time, rng)}


def _of_chosen(each, code):
    """Pick the entry (..., option) of the option chosen; the log of the sum where it is missing."""
    missing = torch.isnan(code)
    chosen = torch.where(missing, 0.0, code).long()
    one = each.gather(-1, chosen[..., None])[..., 0]
    possible = (each > -torch.inf).any(-1)
    # the gradient of logsumexp is NaN where all entries are minus infinity
    summed = torch.logsumexp(torch.where(possible[..., None], each, 0.0), dim=-1)
    return torch.where(missing, torch.where(possible, summed, -torch.inf), one)


_TIMES: dict[str, Any] = {
    "valid": lambda t: torch.isfinite(t) & (t > 0),
    "expected": "seconds above 0",
}
