"""Regimes: sign patterns of the PWL units, their labels, and how often they are visited."""

from neuroalrnn.network.codes import (
    ABSENT,
    compute_regimes,
    used_regimes,
)
from neuroalrnn.regimes.labels import (
    adjusted_rand,
    compute_effective_n_pwl,
    match_regimes,
    relabel_by_use,
)
from neuroalrnn.regimes.occupancy import (
    assign_epochs,
    compute_coverage,
    compute_occupancy,
    compute_occupancy_trend,
)
from neuroalrnn.regimes.steps import (
    trial_variable,
)

__all__ = [
    "ABSENT",
    "adjusted_rand",
    "assign_epochs",
    "compute_coverage",
    "compute_effective_n_pwl",
    "compute_occupancy",
    "compute_occupancy_trend",
    "compute_regimes",
    "match_regimes",
    "relabel_by_use",
    "trial_variable",
    "used_regimes",
]
