"""Rows whose labels are functional regimes, estimated from the effects of fitted networks."""

from functools import partial

from benchmarks.false_positive_rows import CONTROL, POWER, Row, rows_of
from benchmarks.functional_rejections import (
    N_SUBJECTS,
    STEEP,
    of_occupancy,
    of_reaction_times,
    of_recordings,
    of_rule_changes,
    of_subjects,
    plain_reaction_times,
)

HALF = tuple(f"{each:03d}" for each in range(N_SUBJECTS // 2))
TIRING, LEARNT = {"agent": "tiring"}, {"agent": STEEP}
TO_OTHERS = {"held_out": HALF}

FUNCTIONAL = [
    *rows_of(
        "functional regimes: use in two conditions, t",
        of_occupancy,
        {
            "12 subjects, conditions at random": {},
            "12 subjects, conditions in alternating blocks of 40": {"length": 40},
        },
    ),
    Row(
        "functional regimes: switches at changes of a rule, t",
        "12 subjects, blocks of 12 to 24",
        of_rule_changes,
    ),
    *rows_of(
        "functional regimes: log RT, t",
        of_reaction_times,
        {
            "12 subjects, RT without memory": {},
            "12 subjects, slow RT (dwell 33)": {"dwell": 33},
            "12 subjects, RT slower after no reward": {"slowing": 0.2},
        },
    ),
    *rows_of(
        "functional regimes: two groups, Welch",
        of_subjects,
        {
            "12 subjects, use of a regime": {},
            "12 subjects, a subject's own effect": {"what": "effect"},
        },
    ),
    *rows_of(
        "functional regimes: decoding, t",
        of_recordings,
        {
            "12 subjects, 2 sessions, slow signals that drift": {},
            "12 subjects, 2 sessions, regimes drift as well": TIRING,
            "12 subjects, 2 sessions, steep common sigmoid": LEARNT,
            "6 subjects, decoder of 6 others, steep common sigmoid": LEARNT | TO_OTHERS,
        },
    ),
    Row(
        "functional regimes: use in two conditions, t",
        "12 subjects, condition .55 and .45 in two regimes",
        partial(of_occupancy, effect=0.1),
        POWER,
        0.80,
    ),
    Row(
        "functional regimes: log RT, t",
        "12 subjects, 0.05 apart",
        partial(of_reaction_times, effect=0.05),
        POWER,
        0.80,
    ),
    Row(
        "functional regimes: decoding, t",
        "12 subjects, 2 sessions, 0.5 SD apart in one unit of three",
        partial(of_recordings, effect=0.5),
        POWER,
        0.80,
    ),
    Row(
        "functional regimes: difference of log RT",
        "12 subjects, RT slower after no reward",
        plain_reaction_times,
        CONTROL,
    ),
    Row(
        "functional regimes: decoding, trials shuffled into two parts, t",
        "12 subjects, slow signals that drift",
        partial(of_recordings, dealt=True),
        CONTROL,
    ),
    Row(
        "functional regimes: decoding without a trend, t",
        "12 subjects, 2 sessions, regimes drift as well",
        partial(of_recordings, degree=0, **TIRING),
        CONTROL,
    ),
    Row(
        "functional regimes: decoding, cubic removed, t",
        "6 subjects, decoder of 6 others, steep common sigmoid",
        partial(of_recordings, degree=3, **LEARNT, **TO_OTHERS),
        CONTROL,
    ),
]
