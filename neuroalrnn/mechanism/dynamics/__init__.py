"""Dynamics inside and across regimes: exact where the piecewise linear map allows it."""

from neuroalrnn.mechanism.dynamics.attractors import Attractors, compute_attractors
from neuroalrnn.mechanism.dynamics.basins import Basins, compute_basins, sample_starts
from neuroalrnn.mechanism.dynamics.cycles import Cycles, find_cycles, used_transitions
from neuroalrnn.mechanism.dynamics.fixed_points import compute_fixed_points, has_one_fixed_point
from neuroalrnn.mechanism.dynamics.growth import (
    compute_functional_growth,
    compute_growth,
    compute_path_growth,
    henrici_departure,
    kreiss_constant,
    path_amplification,
    power_norms,
)
from neuroalrnn.mechanism.dynamics.lyapunov import (
    compute_lyapunov,
    compute_stretching,
    stretch_together,
)
from neuroalrnn.mechanism.dynamics.portrait import Plane, Portrait, choose_plane, compute_portrait
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
    "choose_plane",
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
    "has_one_fixed_point",
    "henrici_departure",
    "kreiss_constant",
    "path_amplification",
    "power_norms",
    "sample_starts",
    "stretch_together",
    "used_transitions",
]
