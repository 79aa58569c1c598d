"""Statements about a result that hold over subjects.

Arrays and tables in, tidy tables out: one row per effect, with its estimate, interval, test,
counts, method and scale.
"""

from neuroalrnn.stats.calibration import calibration_scores, reliability_curve
from neuroalrnn.stats.clusters import cluster_test, cluster_test_groups
from neuroalrnn.stats.compare import benjamini_hochberg, compare_models, paired_difference
from neuroalrnn.stats.courses import common_window
from neuroalrnn.stats.groups import compare_groups
from neuroalrnn.stats.information import mutual_information, shift_information, swap_information
from neuroalrnn.stats.locked import (
    locked_switch_probability,
    shift_band,
)
from neuroalrnn.stats.mixed import mixed_linear
from neuroalrnn.stats.permutation import circular_shift_null, swap_trials_null
from neuroalrnn.stats.recovery import (
    confusion_matrix,
    match_eigenvalues,
    summarise_recovery,
    switch_agreement,
)
from neuroalrnn.stats.robust import cluster_robust_logistic
from neuroalrnn.stats.select import best_and_sufficient, one_standard_error
from neuroalrnn.stats.subject_level import (
    sign_flip,
    t_test,
    two_stage_linear,
    two_stage_logistic,
)
from neuroalrnn.stats.trends import choose_degree, trend_columns

__all__ = [
    "benjamini_hochberg",
    "best_and_sufficient",
    "calibration_scores",
    "choose_degree",
    "circular_shift_null",
    "cluster_robust_logistic",
    "cluster_test",
    "cluster_test_groups",
    "common_window",
    "compare_groups",
    "compare_models",
    "confusion_matrix",
    "locked_switch_probability",
    "match_eigenvalues",
    "mixed_linear",
    "mutual_information",
    "one_standard_error",
    "paired_difference",
    "reliability_curve",
    "shift_band",
    "shift_information",
    "sign_flip",
    "summarise_recovery",
    "swap_information",
    "swap_trials_null",
    "switch_agreement",
    "t_test",
    "trend_columns",
    "two_stage_linear",
    "two_stage_logistic",
]
