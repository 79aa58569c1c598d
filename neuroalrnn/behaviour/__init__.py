"""What a fit says of behaviour: simulated choices, signatures, regimes and switches beside it."""

from neuroalrnn.behaviour.predictive import compare_signatures, summarise_misfit
from neuroalrnn.behaviour.simulate import simulate, simulate_fit

__all__ = ["compare_signatures", "simulate", "simulate_fit", "summarise_misfit"]
