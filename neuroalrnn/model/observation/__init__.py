"""Observation models: how what is read out (eta) explains what is observed in a trial.

Each has a log-likelihood, samples and starting values. Every parameter of it is an output of the
read-out ``eta = B z + d``. If a parameter does not vary over trials (a log standard deviation, a
threshold), its row of ``B`` is frozen at zero, and only its offset in ``d`` is trained. If the
training subjects fix it, its offset is frozen, too.

To add one, write a function like `gaussian` in a file of its own, and list it in
`OBSERVATION_MODELS`.
"""

from collections.abc import Callable

from neuroalrnn.model.observation.base import (
    Family,
    ObservationModel,
    check_values,
    independent,
    joint,
    option_log_probability,
)
from neuroalrnn.model.observation.continuous import gaussian
from neuroalrnn.model.observation.counts import negative_binomial, poisson
from neuroalrnn.model.observation.discrete import bernoulli, categorical, ordinal
from neuroalrnn.model.observation.times import choice_rt, lognormal, shifted_lognormal

OBSERVATION_MODELS: dict[str, Callable[..., ObservationModel]] = {
    "bernoulli": bernoulli,
    "categorical": categorical,
    "ordinal": ordinal,
    "gaussian": gaussian,
    "poisson": poisson,
    "negative_binomial": negative_binomial,
    "lognormal": lognormal,
    "shifted_lognormal": shifted_lognormal,
    "choice_rt": choice_rt,
}

__all__ = [
    "OBSERVATION_MODELS",
    "Family",
    "ObservationModel",
    "bernoulli",
    "categorical",
    "check_values",
    "choice_rt",
    "gaussian",
    "independent",
    "joint",
    "lognormal",
    "negative_binomial",
    "option_log_probability",
    "ordinal",
    "poisson",
    "shifted_lognormal",
]
