"""Training: many models, each with its own sequences, in one program."""

from neuroalrnn.fit.adapt import adapt
from neuroalrnn.fit.likelihood import compute_eta, compute_log_likelihood
from neuroalrnn.fit.observations import Observations, make_observations
from neuroalrnn.fit.optimise import FULL_ROW, Adam
from neuroalrnn.fit.train import Jobs, Trained, train

__all__ = [
    "FULL_ROW",
    "Adam",
    "Jobs",
    "Observations",
    "Trained",
    "adapt",
    "compute_eta",
    "compute_log_likelihood",
    "make_observations",
    "train",
]
