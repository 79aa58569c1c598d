"""Observation models: how what is read out (eta) explains what is observed in a trial.

Each has a log-likelihood, samples and starting values. Every parameter of it is an output of the
read-out ``eta = B z + d``. If a parameter does not vary over trials (a log standard deviation, a
threshold), its row of ``B`` is frozen at zero, and only its offset in ``d`` is trained. If the
training subjects fix it, its offset is frozen, too.

To add one, write a function like `gaussian` in a file of its own, and list it in
`OBSERVATION_MODELS` (``listed.py``).
"""

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
from neuroalrnn.model.observation.listed import (
    OBSERVATION_MODELS,
    make_observation,
    recall_observation,
)
from neuroalrnn.model.observation.targets import targets
from neuroalrnn.model.observation.times import choice_rt, lognormal, shifted_lognormal

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
    "make_observation",
    "negative_binomial",
    "option_log_probability",
    "ordinal",
    "poisson",
    "recall_observation",
    "shifted_lognormal",
    "targets",
]
