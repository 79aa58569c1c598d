"""Observation models: log-likelihood, samples and starting values of what is read from eta.

Every parameter is an output of the read-out ``eta = B z + d``. One that does not vary over trials
(a log standard deviation, a threshold) has its row of ``B`` frozen at zero, so that only its
offset in ``d`` is trained; one that the training subjects fix has a frozen offset too.
"""

from neuroalrnn.model.observation.continuous import gaussian
from neuroalrnn.model.observation.counts import negative_binomial, poisson
from neuroalrnn.model.observation.discrete import bernoulli, categorical, ordinal
from neuroalrnn.model.observation.observation import (
    Observation,
    check,
    joint,
    option_log_probability,
)
from neuroalrnn.model.observation.times import choice_rt, lognormal, shifted_lognormal

OBSERVATIONS = {
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

__all__ = ["OBSERVATIONS", "Observation", "check", "joint", "option_log_probability"]
