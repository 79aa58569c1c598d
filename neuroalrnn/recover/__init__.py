"""Networks trained again: on simulated choices whose truth is known, and without single units."""

from neuroalrnn.recover.agents import make_agent
from neuroalrnn.recover.retrain import retrain_without_units

__all__ = ["make_agent", "retrain_without_units"]
