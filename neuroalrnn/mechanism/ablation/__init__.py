"""Causal tests on a fitted network: change how it runs, and see what its predictions lose.

`activations` and `states` make interventions, `ablate` tabulates what they cost held-out subjects,
`order` replaces units one after the other, `nulls` compares with equally large disturbances, and
`summarise` makes statements over subjects.
"""

from neuroalrnn.mechanism.ablation.ablate import (
    ablate,
    ablate_units,
    check_by,
    rank_units,
    tabulate_costs,
    train_costs,
    unit_sets,
)
from neuroalrnn.mechanism.ablation.activations import (
    affine,
    attenuate,
    choose_steps,
    clamp_regime,
    fit_affine,
    identity,
    impose_regimes,
    shift_switches,
    zero,
)
from neuroalrnn.mechanism.ablation.computation import compute_computing_units
from neuroalrnn.mechanism.ablation.nulls import compare_with_linear_units
from neuroalrnn.mechanism.ablation.order import count_necessary, replace_greedily, sizes_at_once
from neuroalrnn.mechanism.ablation.replace import REPLACEMENTS, best_affine, replace_units
from neuroalrnn.mechanism.ablation.states import disturb, remove_mode, reset
from neuroalrnn.mechanism.ablation.summarise import (
    ALL,
    compare_costs,
    gini,
    subject_costs,
    summarise_map,
)

__all__ = [
    "ALL",
    "REPLACEMENTS",
    "ablate",
    "ablate_units",
    "affine",
    "attenuate",
    "best_affine",
    "check_by",
    "choose_steps",
    "clamp_regime",
    "compare_costs",
    "compare_with_linear_units",
    "compute_computing_units",
    "count_necessary",
    "disturb",
    "fit_affine",
    "gini",
    "identity",
    "impose_regimes",
    "rank_units",
    "remove_mode",
    "replace_greedily",
    "replace_units",
    "reset",
    "shift_switches",
    "sizes_at_once",
    "subject_costs",
    "summarise_map",
    "tabulate_costs",
    "train_costs",
    "unit_sets",
    "zero",
]
