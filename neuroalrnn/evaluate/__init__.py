"""Cross-validation: what is fitted on whom, what is chosen where, and how well it predicts."""

from neuroalrnn.evaluate.crossval import cross_validate, select_n_pwl

__all__ = ["cross_validate", "select_n_pwl"]
