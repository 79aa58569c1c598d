"""Cross-validation: what is fitted on whom, what is chosen where, and how well it predicts."""

from neuroalrnn.evaluate.crossval import cross_validate, select_n_pwl
from neuroalrnn.evaluate.retrain import retrain_without_units
from neuroalrnn.evaluate.subjects import compare_pooling, few_shot

__all__ = ["compare_pooling", "cross_validate", "few_shot", "retrain_without_units", "select_n_pwl"]
