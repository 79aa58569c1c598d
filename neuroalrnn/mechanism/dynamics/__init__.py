"""Dynamics inside and across regimes: exact where the piecewise linear map allows it."""

from neuroalrnn.mechanism.dynamics.attractors import Attractors, compute_attractors
from neuroalrnn.mechanism.dynamics.basins import Basins, compute_basins
from neuroalrnn.mechanism.dynamics.cycles import Cycles, find_cycles
from neuroalrnn.mechanism.dynamics.fixed_points import compute_fixed_points
from neuroalrnn.mechanism.dynamics.growth import (
    compute_functional_growth,
    compute_growth,
    compute_path_growth,
    henrici_departure,
    kreiss_constant,
    path_amplification,
)
from neuroalrnn.mechanism.dynamics.lyapunov import (
    compute_lyapunov,
    compute_stretching,
    stretch_together,
)
from neuroalrnn.mechanism.dynamics.portrait import Plane, Portrait, compute_portrait
from neuroalrnn.mechanism.dynamics.slow_points import SlowPoints, compute_slow_points
from neuroalrnn.mechanism.dynamics.spectra import Modes, compute_modes, compute_spectra

__all__ = [
    "Attractors",
    "Basins",
    "Cycles",
    "Modes",
    "Plane",
    "Portrait",
    "SlowPoints",
    "compute_attractors",
    "compute_basins",
    "compute_fixed_points",
    "compute_functional_growth",
    "compute_growth",
    "compute_lyapunov",
    "compute_modes",
    "compute_path_growth",
    "compute_portrait",
    "compute_slow_points",
    "compute_spectra",
    "compute_stretching",
    "find_cycles",
    "henrici_departure",
    "kreiss_constant",
    "path_amplification",
    "stretch_together",
]
