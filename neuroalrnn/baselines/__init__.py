"""Baselines on the same folds: each turns training trials into probabilities for test trials."""

from neuroalrnn.baselines.cognitive import cognitive_baselines
from neuroalrnn.baselines.logistic import (
    class_frequency,
    default_terms,
    logistic,
    standard_baselines,
)

__all__ = [
    "class_frequency",
    "cognitive_baselines",
    "default_terms",
    "logistic",
    "standard_baselines",
]
