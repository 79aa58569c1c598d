"""A Simon task, then a Stroop task, both on the colour (Pratte et al. 2010, Experiment 1)."""

import numpy as np
import xarray as xr

from data_loaders.named import Named, count_reasons, read_embedded
from data_loaders.pratte2010 import NAMED as EXPERIMENT_2
from neuroalrnn.data import from_frame, validate

SOURCE = ["task", "subject", "block", "trial", "color", "distractor", "condition", "response",
          "correct", "rt", "unused"]  # fmt: skip
LABELS = ["red", "green", "blue"]
COLORS, WORDS, OFFERED = (
    [f"{name}_{label}" for label in LABELS] for name in ("color", "word", "offered")
)
STIMULI = [*COLORS, *WORDS, "location", "context"]
ENCODING = {
    "step": "event",
    "choice_event": "response",
    "inputs": dict.fromkeys(STIMULI, "stimulus") | {"choice": "response"},
    "carry": "session",
}
# the first reason that applies is given
UNSCORED = ["a key that the task does not use", "no valid response time"]
PLACE = ["first_in_block", "later_in_block"]
# lags end at the start of a block: later_in_block is 0 on its first trial
HISTORY = [f"{name}[-1]:later_in_block" for name in ("choice", "congruent", "error")]
INDICATORS = [*COLORS, *WORDS, *PLACE, "error"]


def load_pratte2010_exp1() -> xr.Dataset:
    """Load 38 subjects x 2 tasks x 7 blocks x 72 trials.

    The response is a key for the colour: red or green in the Simon task, where the stimulus is on
    the left or right; red, green or blue in the Stroop task, where it is a word.

    Returns
    -------
    trials : xarray.Dataset
        Labelled trials: 38,304, of which 38,246 are scored (a key of the task, with a valid
        response time). One session is one task, "simon" or "stroop". ``choice``: red, green, blue,
        NaN for another key; ``offered_red`` to ``offered_blue`` say which keys the task uses.
        ``color_red`` to ``color_blue``; ``word_red`` to ``word_blue``, all 0 in the Simon task and
        for the neutral XXX; ``first_in_block``, ``later_in_block``, ``error``, ``correct``: 0 / 1.
        ``location``: -1 left, +1 right, 0 in the Stroop task. ``context``: -1 Simon, +1 Stroop.
        ``congruent``: -1 incongruent, 0 neutral, +1 congruent. ``unscored_reason``: why a trial is
        not scored, "" where it is. ``rt`` and ``event_time`` (stimulus 0, response): s, NaN
        without a valid time.

    Notes
    -----
    The source has the Simon task first; whether it was done first is not known, so no state is
    carried from task to task. The subjects share 6 stimulus sequences: split with
    `StimulusSequenceOut`.
    """
    table = read_embedded("pratte2010_exp1.dat.xz", sep=r"\s+", names=SOURCE, dtype={1: str})
    is_stroop = table["task"] == 1
    key, timed = table["response"] < np.where(is_stroop, 3, 2), table["rt"] > 0
    reason = np.select([~key, ~timed], UNSCORED, "")
    for code, label in enumerate(LABELS):
        table[f"color_{label}"] = table["color"] == code
        table[f"word_{label}"] = is_stroop & (table["distractor"] == code)
    table["first_in_block"], table["later_in_block"] = table["trial"] == 0, table["trial"] > 0
    table["session"] = np.where(is_stroop, "stroop", "simon")
    table["location"] = np.where(is_stroop, 0, 2 * table["distractor"] - 1)
    table["context"] = 2 * table["task"] - 1
    table["congruent"] = table["condition"].map({0: -1, 1: 1, 2: 0})
    table["error"] = 1 - table["correct"]
    table["choice"], table["rt"] = table["response"].where(key), table["rt"].where(timed)
    table["scored"], table["unscored_reason"] = reason == "", reason
    table = table.astype(dict.fromkeys([*INDICATORS, "scored"], int))
    roles = ["subject", "session", "block", "trial", "choice", "correct", "rt", "scored"]
    names = [*roles, "unscored_reason", *STIMULI, "congruent", *PLACE, "error"]
    trials = from_frame(
        table,
        {name: name for name in names},
        labels=dict(enumerate(LABELS)),
        events={"stimulus": 0, "response": "rt"},
        after_choice=["error"],
        attrs=_attrs(reason),
    )
    for name in INDICATORS:
        trials[name].attrs["coding"] = "indicator"
    trials["choice"].attrs["offered"] = OFFERED
    uses = {name: is_stroop | (name != "offered_blue") for name in OFFERED}
    return validate(trials.assign({name: ("trial", use * 1.0) for name, use in uses.items()}))


def _attrs(reason) -> dict[str, str]:
    return NAMED.attrs(
        encoding=ENCODING,
        analysis={"conditions": ["context", "congruent"]},
        baselines={"logistic": STIMULI, "history-logistic": [*STIMULI, *HISTORY]},
        unscored=count_reasons(UNSCORED, reason),
        notes=[
            "The distractor is the location in the Simon task, the word in the Stroop task.",
            "38 subjects share 6 stimulus sequences: hold out sequences (StimulusSequenceOut).",
            "Whether the Simon task came first is not stated: the tasks are two sessions.",
            "Feedback is not documented: correct and error are outcomes, not inputs.",
        ],
    )


NAMED = Named(
    load=load_pratte2010_exp1,
    task="Simon task, Stroop task",
    species="human",
    subjects=38,
    sessions=76,
    trials=38_304,
    scored=38_246,
    licence=EXPERIMENT_2.licence,
    citation=EXPERIMENT_2.citation,
    source=f"{EXPERIMENT_2.source}, allsi2.dat",
    embedded=("pratte2010_exp1.dat.xz",),
)
