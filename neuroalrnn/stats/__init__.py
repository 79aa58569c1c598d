"""Statements about a result that hold over subjects.

Arrays and tables in, tidy tables out: one row per effect, with its estimate, interval, test,
counts, method and scale. Import the parts from their modules, or these names from here.
"""

from neuroalrnn.stats.calibration import calibration_scores, reliability_curve
from neuroalrnn.stats.clusters import cluster_test, cluster_test_groups
from neuroalrnn.stats.compare import benjamini_hochberg, compare_models, paired_difference
from neuroalrnn.stats.courses import common_window
from neuroalrnn.stats.groups import compare_groups
from neuroalrnn.stats.locked import (
    LockedProbability,
    locked_switch_probability,
    shift_band,
    swap_band,
)
from neuroalrnn.stats.mixed import mixed_linear
from neuroalrnn.stats.permutation import NullTest, circular_shift_null, swap_trials_null
from neuroalrnn.stats.select import Selection, one_standard_error
from neuroalrnn.stats.subject_level import (
    cluster_robust_logistic,
    sign_flip,
    subject_slopes,
    t_test,
    two_stage_linear,
    two_stage_logistic,
)

__all__ = [
    "LockedProbability",
    "NullTest",
    "Selection",
    "benjamini_hochberg",
    "calibration_scores",
    "circular_shift_null",
    "cluster_robust_logistic",
    "cluster_test",
    "cluster_test_groups",
    "common_window",
    "compare_groups",
    "compare_models",
    "locked_switch_probability",
    "mixed_linear",
    "one_standard_error",
    "paired_difference",
    "reliability_curve",
    "shift_band",
    "sign_flip",
    "subject_slopes",
    "swap_band",
    "swap_trials_null",
    "t_test",
    "two_stage_linear",
    "two_stage_logistic",
]
