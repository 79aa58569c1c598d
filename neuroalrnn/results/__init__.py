"""A saved fit, its folds, and the checks of functions that are given one."""

from neuroalrnn.results.fit import FORMAT, Fit
from neuroalrnn.results.fold import Fold

__all__ = ["FORMAT", "Fit", "Fold"]
