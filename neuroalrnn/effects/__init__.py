"""What a model computes: effects of its inputs, and the regimes in which they are the same."""

from neuroalrnn.effects.compute import compute_input_effects
from neuroalrnn.effects.counterfactuals import Counterfactuals
from neuroalrnn.effects.flips import Flip, flips_of, list_flips, pointing_inputs
from neuroalrnn.effects.functional import FunctionalRegimes, find_functional_regimes
from neuroalrnn.effects.predictions import effects_of_predictions

__all__ = [
    "Counterfactuals",
    "Flip",
    "FunctionalRegimes",
    "compute_input_effects",
    "effects_of_predictions",
    "find_functional_regimes",
    "flips_of",
    "list_flips",
    "pointing_inputs",
]
