"""What is simulated: one row per statistic and situation."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np

from benchmarks.rejections import (
    after_changes,
    after_changes_correct,
    beside_choices,
    common_drift,
    false_discoveries,
    in_blocks,
    in_choices,
    in_log_rts,
    learning,
    no_memory,
    of_courses,
    of_group_means,
    of_groups,
    of_models,
    of_models_over_trials,
    of_two_courses,
    plain_clusters,
    planted_cluster,
    pooled_logistic,
    random_signs,
    right_by_paired_error,
    shifted,
    shifted_session,
    shuffled_session,
    slow_pair,
    slow_regime,
    swapped,
    swapped_with_drift,
    too_few_by_raw_error,
    true_discoveries,
    with_learning,
    with_nuisances,
)
from neuroalrnn.stats import (
    cluster_robust_logistic,
    mixed_linear,
    two_stage_linear,
    two_stage_logistic,
)

NULL, DISCOVERY, POWER, CONTROL = "null", "discovery", "power", "control"
UNEQUAL = np.linspace(20, 500, 12).astype(int)


class Row(NamedTuple):
    """A statistic in a situation, and what is expected of it.

    ``null``: rejects at most .05 (or `bound`) plus chance. ``discovery``: the mean share of false
    discoveries is at most Q plus chance. ``power``: rejects at least `bound`. ``control``: an
    invalid method, which must be seen to reject too often.
    """

    statistic: str
    situation: str
    simulate: Callable
    kind: str = NULL
    bound: float | None = None


def rows_of(statistic, simulate, situations, **options):
    """One null row per situation, {name: design}."""
    return [
        Row(statistic, name, partial(simulate, **options, **design))
        for name, design in situations.items()
    ]


SIZES = {
    "6 subjects, 100 trials": {"n_subjects": 6},
    "12 subjects, 100 trials": {},
    "24 subjects, 100 trials": {"n_subjects": 24},
    "12 subjects, 30 trials": {"n_trials": 30},
    "12 subjects, 300 trials": {"n_trials": 300},
    "12 subjects, 20 to 500 trials": {"sizes": UNEQUAL},
}
CHOICES = SIZES | {
    "12 subjects, base rate .95": {"base": np.log(19)},
    "12 subjects, covariate 0 or 1": {"binary": True},
}
FEW = {
    "8 subjects, 100 trials": {"n_subjects": 8},
    "8 subjects, 20 to 500 trials": {
        "n_subjects": 8,
        "sizes": np.linspace(20, 500, 8).astype(int),
    },
    "8 subjects, base rate .95": {"n_subjects": 8, "base": np.log(19)},
    "8 subjects, covariate 0 or 1": {"n_subjects": 8, "binary": True},
    "8 subjects, one value of the covariate each": {
        "n_subjects": 8,
        "shared": True,
        "slope_sd": 0.0,
    },
}
LOG_RTS = SIZES | {"12 subjects, heavy tails (t, 3 df)": {"heavy": True}}
GROUPS = {
    "6 and 20 subjects": {},
    "12 and 12 subjects, SD 3 and 1": {"n": (12, 12), "sd": (3, 1)},
    "6 and 20 subjects, SD 3 and 1": {"sd": (3, 1)},
    "6 and 20 subjects, SD 1 and 3": {"sd": (1, 3)},
    "6 and 20 subjects, SD 3 and 1, skewness 1": {"sd": (3, 1), "skewed": True},
}
COURSES = {
    "8 subjects, 60 times": {"n_subjects": 8},
    "12 subjects, 60 times": {},
    "12 subjects, 200 times": {"n_times": 200},
    "8 subjects, 60 times, 3 units": {"n_subjects": 8, "n_units": 3},
}
SLOW = {f"both slow (dwell {d})": partial(slow_pair, dwell=d) for d in (10, 33, 100)}
SLOW["slow regime (dwell 33), event in random blocks of 40"] = partial(in_blocks, random=True)
SESSIONS = {
    "both without memory": no_memory,
    "slow regime (dwell 33), event without memory": slow_regime,
    "slow regime (dwell 33), event in alternating blocks of 40": in_blocks,
}
DRIFTS = {
    "12 subjects, common linear drift": {"make": common_drift},
    "12 subjects, common exponential drift": {"make": partial(common_drift, exponential=True)},
    "12 subjects, common exponential drift, 60 trials": {
        "make": partial(common_drift, exponential=True),
        "n_trials": 60,
    },
}
SUBJECTS = {
    "12 subjects, both slow (dwell 33)": {"make": SLOW["both slow (dwell 33)"]},
    "12 subjects, effects of random sign": {"make": random_signs},
}
LEARNING = {
    f"{n_subjects} subjects, {n_trials} trials, steep common {curve}": {
        "curve": curve,
        "n_subjects": n_subjects,
        "n_trials": n_trials,
    }
    for curve in ("exponential", "sigmoid")
    for n_subjects, n_trials in ((8, 400), (10, 100), (14, 40))
}
AFTER_CHANGES = {
    "12 subjects, uncued changes": {},
    "6 subjects, 200 trials, uncued changes": {"n_subjects": 6, "n_trials": 200},
    "12 subjects, changes and switches rarer and rarer": {"drift": True},
}
MODELS = {
    "6 subjects": {"n_subjects": 6},
    "12 subjects": {},
    "12 subjects, skewness 1": {"skewed": True},
}
FLIP = {"test": "sign-flip"}
flip_logistic = partial(two_stage_logistic, **FLIP)

ROWS = [
    *rows_of("two-stage logistic, t", in_choices, CHOICES, test=two_stage_logistic),
    *rows_of("two-stage logistic, sign-flip", in_choices, CHOICES, test=flip_logistic),
    *rows_of("cluster-robust logistic, t", in_choices, CHOICES | FEW, test=cluster_robust_logistic),
    *rows_of("two-stage linear, t", in_log_rts, LOG_RTS, test=two_stage_linear),
    *rows_of("mixed linear, t", in_log_rts, LOG_RTS, test=mixed_linear),
    *rows_of(
        "slopes with nuisances, t",
        with_nuisances,
        {
            "12 subjects, condition": {},
            "12 subjects, condition and linear drift": {"drift": "linear"},
            "12 subjects, condition and exponential drift": {"drift": "exponential"},
            "12 subjects, score of a trial with memory, condition and drift": {
                "drift": "exponential",
                "graded": True,
            },
        },
    ),
    *rows_of("slopes with the trend chosen, t", with_learning, LEARNING),
    *rows_of("two groups, Welch", of_groups, GROUPS),
    *rows_of("two groups, labels permuted", of_groups, GROUPS, test="permutation"),
    *rows_of("clusters, signs flipped", of_courses, COURSES),
    *rows_of(
        "clusters of two groups, signs of deviations",
        of_two_courses,
        {name: GROUPS[name] for name in list(GROUPS)[:4]},
    ),
    *(
        Row("circular shift, one session", name, partial(shifted_session, make=make))
        for name, make in SESSIONS.items()
    ),
    *(
        Row("circular shift, one session", name, partial(shifted_session, make=make), bound=0.10)
        for name, make in SLOW.items()
    ),
    *rows_of("circular shift, t", shifted, SUBJECTS | DRIFTS),
    *(
        Row(
            "circular shift, t",
            name,
            partial(
                shifted,
                make=partial(learning, curve=d["curve"]),
                n_subjects=d["n_subjects"],
                n_trials=d["n_trials"],
            ),
        )
        for name, d in LEARNING.items()
    ),
    *rows_of("circular shift, sign-flip", shifted, SUBJECTS, **FLIP),
    *rows_of("window after a change, t", after_changes, AFTER_CHANGES),
    Row(
        "window after a change, t",
        "12 subjects, steep common learning of correctness, changes rarer",
        partial(after_changes_correct, drift=True),
    ),
    *rows_of(
        "trial swap, t",
        swapped,
        {
            "12 subjects, both locked to the clock": {},
            "12 subjects, both locked to the clock, 40 to 50 steps": {"lengths": (40, 45, 50)},
        },
    ),
    *rows_of(
        "trial swap, t",
        swapped_with_drift,
        {
            f"8 subjects, {n} trials, common drift over the session": {"n_trials": n}
            for n in (40, 100, 400)
        },
    ),
    Row("q within an outcome", "12 subjects, noise RT beside 10 effects on choice", beside_choices),
    *rows_of("two models, t", of_models, MODELS),
    *rows_of("two models, sign-flip", of_models, MODELS, **FLIP),
    *(
        Row("Benjamini-Hochberg", name, partial(false_discoveries, **design), DISCOVERY)
        for name, design in {
            "100 nulls": {},
            "90 nulls, 10 effects": {"n_effects": 10},
            "100 nulls, correlation .5": {"correlation": 0.5},
            "90 nulls, 10 effects, correlation .5": {"n_effects": 10, "correlation": 0.5},
        }.items()
    ),
    *(
        Row(name, f"slope 0.4, {n} subjects", partial(in_choices, **design), POWER, bound)
        for name, test, bounds in (
            ("two-stage logistic, t", two_stage_logistic, {6: 0.30, 12: 0.70, 24: 0.95}),
            ("two-stage logistic, sign-flip", flip_logistic, {12: 0.70, 24: 0.95}),
            ("cluster-robust logistic, t", cluster_robust_logistic, {12: 0.70, 24: 0.95}),
        )
        for n, bound in bounds.items()
        for design in [{"test": test, "n_subjects": n, "slope": 0.4}]
    ),
    *(
        Row(name, "slope 0.1, 6 subjects", partial(in_log_rts, **design), POWER, 0.90)
        for name, test in (
            ("two-stage linear, t", two_stage_linear),
            ("mixed linear, t", mixed_linear),
        )
        for design in [{"test": test, "n_subjects": 6, "slope": 0.1}]
    ),
    Row(
        "slopes with nuisances, t",
        "slope 0.4, linear drift",
        partial(with_nuisances, effect=0.4, drift="linear"),
        POWER,
        0.90,
    ),
    Row(
        "slopes with the trend chosen, t",
        "slope 1, 10 subjects, 100 trials, steep common sigmoid",
        partial(with_learning, effect=1.0),
        POWER,
        0.70,
    ),
    Row(
        "two groups, Welch",
        "difference of 2 SD, 6 and 20 subjects",
        partial(of_groups, difference=2.0),
        POWER,
        0.90,
    ),
    Row("clusters, signs flipped", "times 40 to 60, overlap > .9", planted_cluster, POWER, 0.90),
    Row(
        "circular shift, t",
        "event rate .45 and .55 in two regimes",
        partial(shifted, make=partial(random_signs, mean=0.1, sd=0.0)),
        POWER,
        0.95,
    ),
    Row(
        "window after a change, t",
        "12 subjects, a switch within 2 to 10 trials of 60 % of changes",
        partial(after_changes, locked=0.6),
        POWER,
        0.80,
    ),
    Row(
        "trial swap, t",
        "40 % of switches follow the event",
        partial(swapped, locked=0.4),
        POWER,
        0.95,
    ),
    Row(
        "trial swap, t",
        "8 subjects, 40 trials, common drift, 30 % of switches follow the event",
        partial(swapped_with_drift, n_trials=40, locked=0.3),
        POWER,
        0.95,
    ),
    Row("two models, t", "0.02 nats, SD 0.02", partial(of_models, mean=0.02, sd=0.02), POWER, 0.80),
    Row("Benjamini-Hochberg", "10 effects of 4 SE, of 100 tests", true_discoveries, POWER, 0.60),
    Row("one SE of the paired difference", "picks the true P", right_by_paired_error, POWER, 0.40),
    Row(
        "pooled logistic",
        "12 subjects, 100 trials",
        partial(in_choices, test=pooled_logistic),
        CONTROL,
    ),
    Row(
        "slopes without a trend",
        "12 subjects, condition and linear drift",
        partial(with_nuisances, drift="linear", n_columns=3),
        CONTROL,
    ),
    Row(
        "cluster-robust logistic without a correction, z",
        "8 subjects, one value of the covariate each",
        partial(
            in_choices, test=plain_clusters, **FEW["8 subjects, one value of the covariate each"]
        ),
        CONTROL,
    ),
    Row(
        "slopes with a cubic, t",
        "14 subjects, 400 trials, steep common sigmoid",
        partial(with_learning, n_subjects=14, n_trials=400, degree=3),
        CONTROL,
    ),
    Row(
        "circular shift, cubic removed, t",
        "14 subjects, 400 trials, steep common sigmoid",
        partial(shifted, make=learning, n_subjects=14, degree=3),
        CONTROL,
    ),
    Row(
        "trial swap over whole sessions, t",
        "8 subjects, 100 trials, common drift over the session",
        partial(swapped_with_drift, bin_trials=10**6),
        CONTROL,
    ),
    Row(
        "q of all outcomes together",
        "12 subjects, noise RT beside 10 effects on choice",
        partial(beside_choices, apart=False),
        CONTROL,
    ),
    Row(
        "mean difference, labels permuted", "6 and 20 subjects, SD 3 and 1", of_group_means, CONTROL
    ),
    Row("trials shuffled, one session", "both slow (dwell 33)", shuffled_session, CONTROL),
    Row(
        "circular shift without a trend, t",
        "12 subjects, common linear drift",
        partial(shifted, make=common_drift, degree=0),
        CONTROL,
    ),
    Row(
        "two models, paired over trials", "12 subjects, 200 trials", of_models_over_trials, CONTROL
    ),
    Row("one SE of the raw score", "picks too small a P", too_few_by_raw_error, CONTROL),
]
