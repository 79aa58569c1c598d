"""Baselines: rivals of the AL-RNN, fitted and scored on the same folds.

A baseline is a function ``baseline(trials, train, test)`` of a trial dataset and the positions of
training and test trials. It returns log-probabilities (nats), shape (test trial, option). Each is
made by `from_fit` of the function that fits it, so that it can be fitted once and predict often.
`lists` names those that a dataset is compared with; `fit_chosen`, `choose_inside` and
`whole_sessions` help to write another.
"""

from neuroalrnn.baselines.frequency import class_frequency
from neuroalrnn.baselines.glm_hmm import glm_hmm
from neuroalrnn.baselines.history import history_logistic
from neuroalrnn.baselines.hybrid import hybrid
from neuroalrnn.baselines.kernels import history_kernel
from neuroalrnn.baselines.lists import (
    BASELINES,
    Listed,
    cognitive_baselines,
    standard_baselines,
)
from neuroalrnn.baselines.logistic import default_terms, logistic
from neuroalrnn.baselines.qlearning import q_learning
from neuroalrnn.baselines.shared import (
    choose_inside,
    fit_chosen,
    from_fit,
    whole_sessions,
)

__all__ = [
    "BASELINES",
    "Listed",
    "choose_inside",
    "class_frequency",
    "cognitive_baselines",
    "default_terms",
    "fit_chosen",
    "from_fit",
    "glm_hmm",
    "history_kernel",
    "history_logistic",
    "hybrid",
    "logistic",
    "q_learning",
    "standard_baselines",
    "whole_sessions",
]
