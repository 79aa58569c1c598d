"""What an observation model is, how one is built from a family, and how several are joined."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from typing import Any, NamedTuple

import torch

from neuroalrnn.arguments import not_kind, not_names, refuse
from neuroalrnn.exceptions import ConfigError, DataError, problems

EXPECTED = "an observation model, such as choice_rt()"
VARYING, CONSTANT, FIXED = "varying", "constant", "fixed"


@dataclass(frozen=True)
class ObservationModel:
    """A model of some trial variables, given eta. It holds no parameters, which are in eta.

    Parameters
    ----------
    name : str
        Name of the model.
    variables : tuple of str
        Trial variables that it explains.
    given : tuple of str
        Trial variables that it only conditions on.
    outputs : tuple of str
        Names of the entries of eta.
    varying : tuple of bool
        Which outputs vary over steps. The row of ``B`` of the others is frozen at zero.
    fixed : tuple of bool
        Which outputs have an offset that stays at its starting value, too.
    log_likelihood : callable
        ``log_likelihood(eta, values)`` takes eta (..., output) and a dict of tensors (...), and
        returns nats (...). NaN is missing: it adds neither value nor gradient, whatever eta is
        there. So if a variable is set to NaN, the log-likelihood of the others remains. A variable
        that is not in the dict is an error.
    sample : callable
        ``sample(eta, rng, values=None)`` draws a dict of tensors (...), float64, with a numpy
        Generator; `values` has the given variables.
    start : callable
        ``start(values)`` computes starting offsets (output,), float64, from training values. It
        raises `DataError` where a variable has none.
    faults : callable
        ``faults(values)`` lists texts about values that this model cannot produce; see
        `check_values`.
    offered : dict of str -> tuple of str
        For each variable whose options cannot always be chosen, the given variables that say where
        each option can.
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
    """A distribution of one number, given its own entries of eta.

    Parameters
    ----------
    name : str
        Name of the observation model.
    parameters : dict of str -> {"varying", "constant", "fixed"}
        Names of the entries of eta. "varying" ones vary over steps, "constant" ones are trained
        but do not vary, and "fixed" ones stay at their starting value.
    log_density : callable
        ``log_density(eta, value)`` takes eta (..., parameter) and values (...), and returns nats
        (...).
    draw : callable
        ``draw(eta, rng)`` draws values (...).
    start : callable
        ``start(value)`` lists one number per parameter, from values (trial,) of which none is
        missing.
    valid : callable
        ``valid(value)`` says which values are possible. 1 has to be possible in every family.
    expected : str
        What is possible, in words.
    """

    name: str
    parameters: dict[str, str]
    log_density: Callable
    draw: Callable
    start: Callable
    valid: Callable
    expected: str


def independent(family: Family, variables: Sequence[str]) -> ObservationModel:
    """Model variables that are independent given eta, each with parameters of its own.

    Parameters
    ----------
    family : Family
        Distribution of each variable.
    variables : sequence of str
        Trial variables.

    Returns
    -------
    ObservationModel
        Its outputs are called ``"variable.parameter"``, variable by variable.

    Raises
    ------
    ConfigError
        If a variable is named twice, or none is.
    """
    _require_distinct(family.name, variables)
    kinds = list(family.parameters.values()) * len(variables)
    return ObservationModel(
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
        fault = f"{', '.join(twice)} named more than once" if twice else "no variable named"
        raise ConfigError(f"observation {name!r}: {fault}; expected each variable once")


def _sum_log_density(family, variables, eta, values):
    """Sum the log-densities of the variables that are not missing.

    A missing value is replaced before the density, and the density after it. Replacing only the
    density would give a gradient of 0 times that of the density, which may be NaN.
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


def check_values(observation_model: ObservationModel, values: Mapping[str, Any]) -> None:
    """Refuse values that an observation model cannot produce, before anything is trained.

    Parameters
    ----------
    observation_model : ObservationModel
        The model.
    values : dict of str -> array-like
        Values of its variables; NaN is missing.

    Raises
    ------
    DataError
        If a variable is absent or has impossible values. The message names all of them.
    """
    wanted = (*observation_model.variables, *observation_model.given)
    faults = [f"{name!r} is missing" for name in wanted if name not in values]
    faults = faults or observation_model.faults(values)
    if faults:
        raise problems(DataError, f"values of {observation_model.name!r}", faults)


def joint(*models: ObservationModel) -> ObservationModel:
    r"""Join observation models of different variables, which are independent given the latents.

    .. math:: \log p(y_1, y_2 | z) = \log p(y_1 | z) + \log p(y_2 | z)

    Parameters
    ----------
    *models : ObservationModel
        Models of different variables.

    Returns
    -------
    ObservationModel
        One with the outputs of all models, in their order.

    Raises
    ------
    ConfigError
        If two models explain the same variable, or there is none.
    """
    refuse(
        "joint", [t for each in models for t in not_kind("model", each, ObservationModel, EXPECTED)]
    )
    name = " + ".join(model.name for model in models)
    variables = _chain(model.variables for model in models)
    _require_distinct(name, variables)
    return ObservationModel(
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
    """Pair every model with its own outputs."""
    return zip(models, eta.split([len(model.outputs) for model in models], dim=-1), strict=True)


def _sample_parts(models, eta, rng, values=None):
    drawn = [model.sample(part, rng, values) for model, part in _parts(models, eta)]
    return {name: value for each in drawn for name, value in each.items()}


def option_log_probability(
    observation_model: ObservationModel,
    eta: torch.Tensor,
    variable: str,
    n_options: int,
    values: Mapping[str, torch.Tensor] | None = None,
) -> torch.Tensor:
    """Compute the log-probability of every option of one variable; the others are missing.

    Parameters
    ----------
    observation_model : ObservationModel
        The model.
    eta : Tensor, shape (..., output)
        What is read out.
    variable : str
        A variable with codes from 0.
    n_options : int
        Number of its options.
    values : dict of str -> Tensor, shape (...), optional
        Values of the given variables.

    Returns
    -------
    Tensor, shape (..., option)
        Log-probabilities (nats).
    """
    absent = dict.fromkeys(observation_model.variables, torch.full_like(eta[..., 0], torch.nan))
    known = {**(values or {}), **absent}

    def score(code):
        made = torch.full_like(eta[..., 0], code)
        return observation_model.log_likelihood(eta, {**known, variable: made})

    return torch.stack([score(code) for code in range(n_options)], dim=-1)
