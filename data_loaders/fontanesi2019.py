"""Values of four stimuli, learned from pairs with both outcomes shown (Fontanesi et al. 2019)."""

import numpy as np
import pandas as pd
import xarray as xr

from data_loaders.named import Named, read_embedded
from neuroalrnn.data import validate

STIMULI = ["A", "B", "C", "D"]
OFFERED, OUTCOME, AVERAGE, MEAN = (
    [f"{name}_{stimulus}" for stimulus in STIMULI]
    for name in ("offered", "outcome", "average", "mean")
)
ENCODING = {
    "step": "event",
    "choice_event": "response",
    "inputs": dict.fromkeys(OFFERED, "stimuli") | dict.fromkeys(["choice", *OUTCOME], "response"),
    "mark_events": False,
    "carry": "session",
}
ANALYSIS = {"conditions": ["value_difference"]}
HISTORY = [
    *AVERAGE,
    *(f"choice[-{lag}]" for lag in range(1, 4)),
    *(f"{outcome}[-{lag}]" for lag in range(1, 3) for outcome in OUTCOME),
]


def load_fontanesi2019() -> xr.Dataset:
    """Load 27 subjects x 3 blocks x 80 choices between two of four stimuli.

    Every block has four new stimuli, whose outcomes are normal with means 36, 40, 50 and 54 and
    standard deviation 5. They are shown in four of the six pairs. After the choice both outcomes
    are shown; that of the chosen stimulus is paid.

    Returns
    -------
    trials : xarray.Dataset
        Labelled trials: 6,464, all scored. One session is one block. ``choice``: A, B, C, D, among
        the two that are offered. ``offered_A`` to ``offered_D``: 0 / 1. ``average_A`` to
        ``average_D``: mean of the outcomes that were shown of a stimulus so far in the block, NaN
        before the first.
        Known after the choice: ``outcome_A`` to ``outcome_D``, points, NaN where a stimulus was not
        offered; ``reward``, the outcome of the chosen stimulus, and ``foregone``, that of the
        other; ``correct`` 0 / 1, the better one was chosen. Hidden from the subject, never inputs:
        ``mean_A`` to ``mean_D``; ``value_difference`` 4 / 14 and ``overall_value``, of the
        means of the pair. ``rt`` and ``event_time`` (stimuli 0, response): s.

    Notes
    -----
    Names of stimuli tell nothing of their values: neighbours in A-B-C-D-A are the pairs, and which
    of the eight ways to name them so was drawn for each block of a subject (every eight blocks have
    all ways).
    """
    table = read_embedded("fontanesi2019.csv.xz")
    n_trials = len(table)
    names = table[["better", "worse"]].to_numpy(str)
    offered = (names[:, :, None] == STIMULI).any(axis=1)
    outcome = _spread(names, table[["outcome_better", "outcome_worse"]])
    better = table["better_chosen"].to_numpy() == 1
    chosen = np.where(better, names[:, 0], names[:, 1])
    rt = table["rt_ms"].to_numpy() / 1000
    session = table.groupby(["subject", "block"])
    means = table[["mean_better", "mean_worse"]].to_numpy(float)
    hidden = pd.DataFrame(_spread(names, means)).groupby(session.ngroup()).transform("max")
    after = {"known": "after_choice"}
    is_chosen = chosen[:, None] == STIMULI
    trials = xr.Dataset(
        {
            "choice": ("trial", is_chosen.argmax(axis=1) * 1.0),
            "reward": ("trial", outcome[is_chosen], after),
            "foregone": ("trial", outcome[offered & ~is_chosen], after),
            "correct": ("trial", better * 1.0, after),
            "rt": ("trial", rt, {"units": "s"}),
            "scored": ("trial", np.full(n_trials, True)),
            **_columns(OFFERED, offered * 1.0, {"coding": "indicator"}),
            **_columns(AVERAGE, _average_so_far(outcome, session.ngroup())),
            **_columns(OUTCOME, outcome, after),
            **_columns(MEAN, hidden.to_numpy(), after),
            "value_difference": ("trial", means[:, 0] - means[:, 1], after),
            "overall_value": ("trial", means.mean(axis=1), after),
            "event_time": (("trial", "event"), np.c_[np.zeros(n_trials), rt], {"units": "s"}),
        },
        coords={
            "subject": ("trial", table["subject"].map("{:02d}".format).to_numpy(dtype=str)),
            "session": ("trial", table["block"].astype(str).to_numpy(dtype=str)),
            "block": ("trial", table["block"].to_numpy()),
            "trial_in_session": ("trial", table["trial"].to_numpy() - 1),
            "event": ["stimuli", "response"],
        },
        attrs=_attrs(),
    )
    trials["choice"].attrs |= {"labels": STIMULI, "offered": OFFERED}
    return validate(trials)


def _spread(names, values) -> np.ndarray:
    """A column per stimulus, from what is known of the two that are named; NaN of the others."""
    spread = np.full((len(names), len(STIMULI)), np.nan)
    at = names[:, :, None] == STIMULI
    for k, column in enumerate(np.asarray(values, dtype=float).T):
        spread[at[:, k]] = column
    return spread


def _average_so_far(outcome, session) -> np.ndarray:
    shown = pd.DataFrame(outcome)
    before = shown.groupby(session).transform(lambda values: values.expanding().mean().shift())
    return before.groupby(session).ffill().to_numpy()


def _columns(names, values, attrs=None) -> dict:
    return {
        name: ("trial", column, attrs or {}) for name, column in zip(names, values.T, strict=True)
    }


def _attrs() -> dict[str, str]:
    notes = [
        "Names of stimuli were drawn for each block of a subject: they tell no values.",
        "Only the pairs AB, BC, CD and DA are offered.",
        "Means, value_difference and correct tell the better stimulus: no inputs.",
        "Sides of the screen are not known. In 14 blocks one or two trials of 80 are "
        "missing in the source, which does not say where.",
    ]
    return NAMED.attrs(
        encoding=ENCODING, analysis=ANALYSIS, baselines={"history-logistic": HISTORY}, notes=notes
    )


NAMED = Named(
    load=load_fontanesi2019,
    task="choice between two of four stimuli, both outcomes shown",
    species="human",
    subjects=27,
    sessions=81,
    trials=6_464,
    scored=6_464,
    licence="MIT, copyright 2021 laurafontanesi (files/fontanesi2019_LICENSE.txt)",
    citation=(
        "Fontanesi L, Gluth S, Spektor MS, Rieskamp J (2019). A reinforcement learning diffusion "
        "decision model for value-based decisions. Psychonomic Bulletin & Review 26, 1099-1121. "
        "doi:10.3758/s13423-018-1554-2"
    ),
    source="github.com/laurafontanesi/rlssm, data/data_experiment.csv, changed",
    embedded=("fontanesi2019.csv.xz",),
)
