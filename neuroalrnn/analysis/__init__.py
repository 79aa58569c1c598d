"""Statements about a saved fit: regimes, switches, dynamics, behaviour. No torch needed."""

from neuroalrnn.analysis.analyse import Analysis, analyse, compare_with_others
from neuroalrnn.analysis.predictive import compare_signatures, summarise_misfit
from neuroalrnn.analysis.simulate import simulate, simulate_fit

__all__ = [
    "Analysis",
    "analyse",
    "compare_signatures",
    "compare_with_others",
    "simulate",
    "simulate_fit",
    "summarise_misfit",
]
