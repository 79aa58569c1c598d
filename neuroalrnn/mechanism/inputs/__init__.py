"""What inputs do to the read-out: gains, selection vectors, memory horizons."""

from neuroalrnn.mechanism.inputs.gains import (
    compute_gains,
    compute_horizons,
    compute_unit_gains,
    path_gains,
)
from neuroalrnn.mechanism.inputs.selection import compute_selection, slow_limit

__all__ = [
    "compute_gains",
    "compute_horizons",
    "compute_selection",
    "compute_unit_gains",
    "path_gains",
    "slow_limit",
]
