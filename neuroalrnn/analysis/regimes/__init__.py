"""Regimes: sign patterns of the PWL units, their labels, and how often they are visited."""

from neuroalrnn.analysis.regimes.codes import (
    ABSENT,
    MOST_PWL,
    compute_duty_cycle,
    compute_effective_n_pwl,
    compute_regimes,
    effective_n_pwl,
    flipped_units,
    used_regimes,
)
from neuroalrnn.analysis.regimes.labels import adjusted_rand, match_regimes, relabel_by_use
from neuroalrnn.analysis.regimes.occupancy import (
    assign_epochs,
    compute_coverage,
    compute_occupancy,
    compute_occupancy_trend,
)
from neuroalrnn.analysis.regimes.steps import (
    CARRY,
    steps_in_order,
    trial_variable,
    with_variables,
)

__all__ = [
    "ABSENT",
    "CARRY",
    "MOST_PWL",
    "adjusted_rand",
    "assign_epochs",
    "compute_coverage",
    "compute_duty_cycle",
    "compute_effective_n_pwl",
    "compute_occupancy",
    "compute_occupancy_trend",
    "compute_regimes",
    "effective_n_pwl",
    "flipped_units",
    "match_regimes",
    "relabel_by_use",
    "steps_in_order",
    "trial_variable",
    "used_regimes",
    "with_variables",
]
