"""Networks trained again: on simulated choices whose truth is known, and without single units."""

from neuroalrnn.recover.retrain import retrain_without_units

__all__ = ["retrain_without_units"]
