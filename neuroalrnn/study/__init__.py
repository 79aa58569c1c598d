"""Cross-validation: what is fitted on whom, what is chosen where, and how well it predicts."""

from neuroalrnn.study.crossval import cross_validate, select_n_pwl
from neuroalrnn.study.estimator import ALRNN
from neuroalrnn.study.subjects import compare_pooling, few_shot

__all__ = [
    "ALRNN",
    "compare_pooling",
    "cross_validate",
    "few_shot",
    "select_n_pwl",
]
