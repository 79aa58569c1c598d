"""Two rules for the same stimuli, in alternating blocks (Pratte et al. 2010, Experiment 2)."""

import numpy as np
import xarray as xr

from data_loaders.named import Named, count_reasons, read_embedded
from neuroalrnn.arguments import not_one_of, refuse
from neuroalrnn.data import validate
from neuroalrnn.exceptions import DataError

COLUMNS = ["subject", "block", "task", "trial", "word", "location", "congruent", "response",
           "correct", "rt", "unused"]  # fmt: skip
ENCODING = {
    "step": "event",
    "choice_event": "response",
    "inputs": {
        "word": "stimulus",
        "location": "stimulus",
        "context": "stimulus",
        "choice": "response",
    },
    "carry": "session",
}
# the first reason that applies is given
UNSCORED = ["another key than left or right", "no valid response time"]
ANALYSIS = {"conditions": ["context", "congruent"], "rule": "context"}
PRODUCTS = ["word", "location", "context", "context:word", "context:location"]
# lags end at the start of a block: later_in_block is 0 on its first trial
HISTORY = [
    "choice[-1]:later_in_block",
    *(f"first_in_block:{name}" for name in (*PRODUCTS[3:], "word", "location")),
    *(f"congruent[-1]:later_in_block:{name}" for name in ("word", "location", *PRODUCTS[3:])),
    *(f"error[-1]:later_in_block:{name}" for name in PRODUCTS[3:]),
]


def load_pratte2010(*, session: str = "subject") -> xr.Dataset:
    """Load 38 subjects x 10 blocks x 72 trials of stimulus selection.

    The word LEFT or RIGHT appears on the left or right. In one context the response follows the
    word, in the other the location; the same four stimuli occur in both.

    Parameters
    ----------
    session : {"subject", "block"}
        Whether a subject or a block is one session; the length of the pauses is not known.

    Returns
    -------
    trials : xarray.Dataset
        Labelled trials: 27,360, of which 27,316 are scored (a left or right key, with a valid
        response time). ``word``, ``location``: -1 left, +1 right. ``context``: -1 follow the word
        ("simon" in the source file), +1 follow the location ("stroop"). ``congruent``: -1 / +1,
        word equals location. ``first_in_block`` and its complement ``later_in_block``, ``error``,
        ``correct``: 0 / 1. Models get ``correct`` as -1 / +1, and the others, which are marked as
        indicators, as stored. ``choice``: left, right, NaN for another key. ``unscored_reason``:
        why a trial is not scored, "" where it is. ``rt`` and ``event_time`` (stimulus 0, response):
        s, NaN without a valid time.

    Raises
    ------
    DataError
        The session is neither of the two.

    Notes
    -----
    Every subject had the contexts in the same order, context +1 first, so context cannot be told
    from block parity. The subjects share 6 stimulus sequences: split with `StimulusSequenceOut`.
    """
    refuse("pratte2010", not_one_of("session", session, ("subject", "block")), DataError)
    table = read_embedded(
        "pratte2010_exp2.dat.gz", sep=r"\s+", names=COLUMNS, dtype={"subject": str}
    )
    key, timed = table["response"].isin([1, 2]), table["rt"] > 0
    rt = table["rt"].where(timed).to_numpy()
    reason = np.select([~key, ~timed], UNSCORED, "")
    by_block = session == "block"
    after, indicator = {"known": "after_choice"}, {"coding": "indicator"}
    trials = xr.Dataset(
        {
            "choice": ("trial", table["response"].where(key).to_numpy(float) - 1),
            "correct": ("trial", table["correct"].to_numpy(float), after),
            "error": ("trial", 1.0 - table["correct"].to_numpy(), indicator | after),
            "rt": ("trial", rt, {"units": "s"}),
            "scored": ("trial", reason == ""),
            "unscored_reason": ("trial", reason),
            "word": ("trial", 2.0 * table["word"].to_numpy() - 3),
            "location": ("trial", 2.0 * table["location"].to_numpy() - 3),
            "context": ("trial", 2.0 * table["task"].to_numpy() - 1),
            "congruent": ("trial", 2.0 * table["congruent"].to_numpy() - 1),
            "first_in_block": ("trial", (table["trial"] == 0).to_numpy(float), indicator),
            "later_in_block": ("trial", (table["trial"] > 0).to_numpy(float), indicator),
            "event_time": (("trial", "event"), np.c_[np.zeros(len(rt)), rt], {"units": "s"}),
        },
        coords={
            "subject": ("trial", table["subject"].to_numpy(dtype=str)),
            "session": (
                "trial",
                table["block" if by_block else "subject"].astype(str).to_numpy(str),
            ),
            "block": ("trial", table["block"].to_numpy()),
            "trial_in_session": ("trial", (table["trial"] + (not by_block) * 72 * table["block"])),
            "event": ["stimulus", "response"],
        },
        attrs=_attrs(reason),
    )
    trials["choice"].attrs["labels"] = ["left", "right"]
    trials["context"].attrs["labels"] = ["-1: follow the word", "+1: follow the location"]
    return validate(trials)


def _attrs(reason: np.ndarray) -> dict[str, str]:
    notes = [
        "Context is confounded with block parity: every subject had the same order of blocks.",
        "38 subjects share 6 stimulus sequences: hold out sequences (StimulusSequenceOut).",
        "186 response times exceed 2 s, up to 21.8 s: kept; mask them for response-time models.",
        "Feedback is not documented: correct and error are outcomes, not inputs.",
    ]
    return NAMED.attrs(
        encoding=ENCODING,
        analysis=ANALYSIS,
        baselines={"logistic": PRODUCTS, "history-logistic": PRODUCTS + HISTORY},
        unscored=count_reasons(UNSCORED, reason),
        notes=notes,
    )


NAMED = Named(
    load=load_pratte2010,
    task="stimulus selection: follow the word or the location",
    species="human",
    subjects=38,
    sessions=38,
    trials=27_360,
    scored=27_316,
    licence="public use without restriction (files/pratte2010_license.txt)",
    citation=(
        "Pratte MS, Rouder JN, Morey RD, Feng C (2010). Exploring the differences in "
        "distributional properties between Stroop and Simon effects using delta plots. "
        "Attention, Perception, & Psychophysics 72(7), 2013-2025. doi:10.3758/APP.72.7.2013"
    ),
    source="github.com/PerceptionCognitionLab/data0, contexteffects/StroopSimonAPP2010",
    embedded=("pratte2010_exp2.dat.gz",),
)
