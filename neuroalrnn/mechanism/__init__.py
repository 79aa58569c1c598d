"""How the network of a fit computes its choices: dynamics, inputs, ablation, primitives, sharing.

`dynamics`, `inputs`, `ablation`, `primitives` and `sharing` are packages of their own. The
functions here compare regimes, conditions and control fits.
"""

from neuroalrnn.mechanism import ablation, dynamics, inputs, primitives, sharing
from neuroalrnn.mechanism.classes import (
    compare_regimes,
    compute_dynamical_classes,
    compute_held_out_classes,
)
from neuroalrnn.mechanism.contrasts import (
    compare_columns,
    compare_gains,
    compare_occupancy,
    detect_gating_by_fold,
)
from neuroalrnn.mechanism.controls import cost_without_switching, shuffle_choices

__all__ = [
    "ablation",
    "compare_columns",
    "compare_gains",
    "compare_occupancy",
    "compare_regimes",
    "compute_dynamical_classes",
    "compute_held_out_classes",
    "cost_without_switching",
    "detect_gating_by_fold",
    "dynamics",
    "inputs",
    "primitives",
    "sharing",
    "shuffle_choices",
]
