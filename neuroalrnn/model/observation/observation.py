"""What an observation model is, how one is built from a family, and how several are joined."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from typing import NamedTuple

import torch

from neuroalrnn.arguments import not_kind, not_names, refuse
from neuroalrnn.exceptions import ConfigError, DataError, problems

EXPECTED = "an observation model, such as choice_rt()"
VARYING, CONSTANT, FIXED = "varying", "constant", "fixed"


@dataclass(frozen=True)
class Observation:
    """A model of some trial variables given eta. Not a container: it holds no parameters.

    Parameters
    ----------
    name : str
    variables : tuple of str
        Trial variables that it explains.
    given : tuple of str
        Trial variables that it only conditions on.
    outputs : tuple of str
        Names of the entries of eta.
    varying : tuple of bool
        Outputs that vary over steps; the read-out row of the others is frozen at zero.
    fixed : tuple of bool
        Outputs whose offset stays at its starting value, too.
    log_likelihood : callable
        ``log_likelihood(eta, values) -> Tensor, shape (...)``, in nats, of eta (..., output) and a
        dict of tensors (...). NaN is missing and marginalised: it adds nothing, neither value nor
        gradient, whatever eta holds there. So a variable set to NaN leaves the log-likelihood of
        the others. A variable that is not in the dict is an error.
    sample : callable
        ``sample(eta, rng, values=None) -> dict of Tensor, shape (...)``, float64, for a numpy
        Generator; `values` holds the given variables.
    start : callable
        ``start(values) -> Tensor, shape (output,)``, float64: starting offsets from training
        values alone. Raises `DataError` where a variable has none.
    faults : callable
        ``faults(values) -> list of str``: values that this model cannot produce; see `check`.
    offered : dict of str -> tuple of str
        Variables whose options cannot always be chosen, and for each option the given variable that
        tells where it can.
    """

    name: str
    variables: tuple[str, ...]
    given: tuple[str, ...]
    outputs: tuple[str, ...]
    varying: tuple[bool, ...]
    fixed: tuple[bool, ...]
    log_likelihood: Callable
    sample: Callable
    start: Callable
    faults: Callable
    offered: dict[str, tuple[str, ...]] = field(default_factory=dict)


class Family(NamedTuple):
    """Distribution of one number given its own entries of eta.

    Parameters
    ----------
    name : str
    parameters : dict of str -> {"varying", "constant", "fixed"}
        What each entry of eta is.
    log_density : callable
        ``log_density(eta, value)``, shapes (..., parameter) and (...).
    draw : callable
        ``draw(eta, rng) -> Tensor or array, shape (...)``.
    start : callable
        ``start(value) -> list of float``, one per parameter, from values (trial,), none missing.
    valid : callable
        ``valid(value) -> Tensor of bool``; 1 has to be valid in every family.
    expected : str
        What is valid, in words.
    """

    name: str
    parameters: dict
    log_density: Callable
    draw: Callable
    start: Callable
    valid: Callable
    expected: str


def independent(family, variables):
    """Variables that are independent given eta, each with its own parameters.

    Parameters
    ----------
    family : Family
    variables : sequence of str

    Returns
    -------
    Observation
        Its outputs are ``"variable.parameter"``, variable by variable.

    Raises
    ------
    ConfigError
        If a variable is named twice, or none is.
    """
    _require_distinct(family.name, variables)
    kinds = list(family.parameters.values()) * len(variables)
    return Observation(
        name=family.name,
        variables=tuple(variables),
        given=(),
        outputs=tuple(f"{name}.{each}" for name in variables for each in family.parameters),
        varying=tuple(kind == VARYING for kind in kinds),
        fixed=tuple(kind == FIXED for kind in kinds),
        log_likelihood=partial(_sum_log_density, family, variables),
        sample=partial(_draw, family, variables),
        start=lambda values: torch.cat([_start(family, name, values[name]) for name in variables]),
        faults=lambda values: [
            text for name in variables for text in _faults(family, name, values[name])
        ],
    )


def _require_distinct(name, variables):
    refuse(f"observation {name!r}", not_names("variables", variables))
    twice = sorted({each for each in variables if list(variables).count(each) > 1})
    if twice or not variables:
        found = f"{', '.join(twice)} named more than once" if twice else "no variable named"
        raise ConfigError(f"observation {name!r}: {found}; expected each variable once")


def _sum_log_density(family, variables, eta, values):
    """Sum over the variables that are seen.

    What is missing is replaced before the density and after it: replaced after it alone, its
    gradient would be 0 times whatever the density gives there, which may be NaN.
    """
    value = torch.stack([values[name] for name in variables], dim=-1).to(eta.dtype)
    seen = ~torch.isnan(value)
    eta = torch.where(seen[..., None], _by_variable(eta, variables), 0.0)
    each = family.log_density(eta, torch.where(seen, value, 1.0))
    return torch.where(seen, each, 0.0).sum(-1)


def _by_variable(eta, variables):
    return eta.unflatten(-1, (len(variables), -1))


def _draw(family, variables, eta, rng, values=None):
    drawn = torch.as_tensor(family.draw(_by_variable(eta.detach().double(), variables), rng))
    return dict(zip(variables, drawn.double().unbind(-1), strict=True))


def _seen(value):
    """Values that are not missing, float64, shape (trial,)."""
    value = torch.as_tensor(value, dtype=torch.float64).flatten()
    return value[~torch.isnan(value)]


def _start(family, name, value):
    value = _seen(value)
    if not len(value):
        raise DataError(f"{name!r}: no training value to start from, all are missing")
    return torch.stack([torch.as_tensor(each).double() for each in family.start(value)])


def _faults(family, name, value):
    value = _seen(value)
    wrong = value[~family.valid(value)]
    if len(wrong):
        yield f"{name!r}: {len(wrong)} values, first {wrong[0]:g}, expected {family.expected}"


def check(observation, values):
    """Refuse values that an observation model cannot produce, before anything is trained.

    Parameters
    ----------
    observation : Observation
    values : dict of str -> array-like
        NaN is missing.

    Returns
    -------
    None

    Raises
    ------
    DataError
        Naming every variable that is absent or holds impossible values.
    """
    wanted = (*observation.variables, *observation.given)
    found = [f"{name!r} is missing" for name in wanted if name not in values]
    found = found or observation.faults(values)
    if found:
        raise problems(DataError, f"values of {observation.name!r}", found)


def joint(*models):
    r"""Several observation models read from the same latents, independent given these.

    .. math:: \log p(y_1, y_2 | z) = \log p(y_1 | z) + \log p(y_2 | z)

    Parameters
    ----------
    *models : Observation
        Of different variables.

    Returns
    -------
    Observation
        With the outputs of all models, in their order.

    Raises
    ------
    ConfigError
        If two models explain the same variable, or there is none.
    """
    refuse("joint", [t for each in models for t in not_kind("model", each, Observation, EXPECTED)])
    name = " + ".join(model.name for model in models)
    variables = _chain(model.variables for model in models)
    _require_distinct(name, variables)
    return Observation(
        name=name,
        variables=variables,
        given=tuple(dict.fromkeys(_chain(model.given for model in models))),
        outputs=_chain(model.outputs for model in models),
        varying=_chain(model.varying for model in models),
        fixed=_chain(model.fixed for model in models),
        log_likelihood=lambda eta, values: sum(
            model.log_likelihood(part, values) for model, part in _parts(models, eta)
        ),
        sample=partial(_sample_parts, models),
        start=lambda values: torch.cat([model.start(values) for model in models]),
        faults=lambda values: [text for model in models for text in model.faults(values)],
        offered={name: each for model in models for name, each in model.offered.items()},
    )


def _chain(parts):
    return tuple(chain.from_iterable(parts))


def _parts(models, eta):
    """Every model with its own outputs."""
    return zip(models, eta.split([len(model.outputs) for model in models], dim=-1), strict=True)


def _sample_parts(models, eta, rng, values=None):
    drawn = [model.sample(part, rng, values) for model, part in _parts(models, eta)]
    return {name: value for each in drawn for name, value in each.items()}


def option_log_probability(observation, eta, variable, n_options, values=None):
    """Log-probability of every option of one variable, all other variables marginalised.

    Parameters
    ----------
    observation : Observation
    eta : Tensor, shape (..., output)
    variable : str
        One with codes from 0.
    n_options : int
    values : dict of str -> Tensor, shape (...), optional
        The given variables.

    Returns
    -------
    Tensor, shape (..., option)
    """
    missing = dict.fromkeys(observation.variables, torch.full_like(eta[..., 0], torch.nan))
    values = {**(values or {}), **missing}
    each = [
        observation.log_likelihood(eta, {**values, variable: torch.full_like(eta[..., 0], code)})
        for code in range(n_options)
    ]
    return torch.stack(each, dim=-1)
