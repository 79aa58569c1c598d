"""What a model computes: effects of its inputs, and the regimes in which they are the same."""

from neuroalrnn.effects.bridge import bridge
from neuroalrnn.effects.compute import compute_input_effects
from neuroalrnn.effects.counterfactuals import Counterfactuals
from neuroalrnn.effects.describe import describe_effects
from neuroalrnn.effects.flips import Flip, flips_of, list_flips
from neuroalrnn.effects.functional import FunctionalRegimes, find_functional_regimes
from neuroalrnn.effects.group import group_effects
from neuroalrnn.effects.interactions import (
    compute_exchange,
    compute_interactions,
    compute_memory,
)
from neuroalrnn.effects.models import ComparedModels, compare_effects
from neuroalrnn.effects.names import name_regimes
from neuroalrnn.effects.predictions import effects_of_predictions
from neuroalrnn.effects.sources import find_sources, judge_source

__all__ = [
    "ComparedModels",
    "Counterfactuals",
    "Flip",
    "FunctionalRegimes",
    "bridge",
    "compare_effects",
    "compute_exchange",
    "compute_input_effects",
    "compute_interactions",
    "compute_memory",
    "describe_effects",
    "effects_of_predictions",
    "find_functional_regimes",
    "find_sources",
    "flips_of",
    "group_effects",
    "judge_source",
    "list_flips",
    "name_regimes",
]
