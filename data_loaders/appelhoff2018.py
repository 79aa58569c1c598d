"""Matching pennies by hand against a computer that reads the EEG (Appelhoff et al. 2018)."""

from pathlib import Path

import xarray as xr

from data_loaders.formats import load_bids
from data_loaders.named import Named, complete

COMMIT = "ca54a02e55548090fced87f38a28bae13a1f692d"
COLUMNS = {"session": "stage", "trial": "trial", "choice": "hand_raised", "reward": "won"}
COLUMNS |= {"rt": "response_time", "guess": "guess", "trained": "trained", "aborted": "n_repeated"}
WON = ["raised-left/match-false", "raised-right/match-false"]
ENCODING = {
    "step": "event",
    "choice_event": "hand",
    "inputs": {"choice": "hand", "reward": "feedback"},
    "carry": "session",
}
HISTORY = [
    term for lag in range(1, 6) for term in (f"choice[-{lag}]", f"choice[-{lag}]:reward[-{lag}]")
]


def load_appelhoff2018(*, path: str | Path | None = None) -> xr.Dataset:
    """Load 7 subjects x 3 stages x 100 trials.

    A countdown of 3 s ends, and the subject raises one hand. The computer shows the hand that it
    guessed; the subject wins if the guess is wrong. It guesses at random in stage 1, and from the
    EEG in stages 2 and 3, after it was trained on the stages before.

    Parameters
    ----------
    path : str or pathlib.Path, optional
        Folder that holds the files, such as ``eeg_matchingpennies`` of the source; by default they
        are downloaded once.

    Returns
    -------
    trials : xarray.Dataset
        Labelled trials: 2,100, all scored. One session is one stage. ``choice``: left, right, the
        hand that was raised. ``trained``: 0 in stage 1, 1 in stages 2 and 3. ``aborted``: trials
        of the stage so far that were aborted and repeated, as when a hand was raised too early.
        Known after the choice: ``reward`` 0 / 1, used as -1 / +1, the computer was wrong;
        ``guess``: -1 left, +1 right. ``rt``: s after the end of the countdown. ``event_time``:
        end of the countdown 0, hand, feedback (estimated in the source), s.

    Raises
    ------
    DataError
        The files cannot be downloaded, or are not those that are expected.

    Notes
    -----
    The column ``stim_file`` of the source names the picture of the other hand than the guess in all
    rows, and is not used; ``trial_type`` and ``bci_prediction`` agree in all rows.
    """
    return load_bids(
        complete("appelhoff2018", NAMED, path),
        COLUMNS,
        labels=["left", "right"],
        trial="row",
        events={"go": 0, "hand": "onset", "feedback": "feedback_onset_approx"},
        trial_start="countdown_offset",
        derive={
            "won": {"from": "trial_type", "equals": WON},
            "trained": {"from": "stage", "equals": [2, 3]},
            "guess": {"from": "bci_prediction", "map": {"left": -1, "right": 1}},
        },
        after_choice=["guess"],
        signed=["reward"],
        attrs=NAMED.attrs(
            encoding=ENCODING,
            analysis={"conditions": ["trained", "reward"]},
            baselines={"history-logistic": HISTORY},
            notes=[
                "The computer guesses at random in stage 1, later from the EEG of the same trial.",
                "Trials that were aborted and repeated are no rows: aborted counts them.",
                "The time of the feedback is an estimate, 68 ms after the hand in all trials.",
            ],
        ),
    )


FILES = [
    *(f"sub-{n:02}/eeg/sub-{n:02}_task-matchingpennies_events.tsv" for n in range(5, 12)),
    "task-matchingpennies_events.json",
]
SHA256 = """
371336bb792dd9f3246c24c2d142976742f5f754143e6251d581846af6a664e3
8fd65e5ef9e630a7a3ebc06e4469a10cd8e2261b8f39856af124cc19cf565a4d
20d24fe1289317d6cfc9674444b38d8de09e26d19963a2537001af2ff5e5653f
63da52bbb03941370cb1c4fefe8b9ea3c67a0e1db55c19ba55e5680d70ef438e
89916bbcbf16ea84c63b9e53f517599518627e1d7bd3370efa5cb6d70672fe0f
01e5723a6dfbaa1cc127ba2d892d0abf68a94ce2f3afd4ebdcbb916da900ae1c
206ca68fcc8ddfd2d0285da8af5816279804e3564d17ba7d989bb0d96f60b708
5823fd3189658951f9ded4f3269fc8b373b0376e076079c5b31157be0499eaae
"""

NAMED = Named(
    load=load_appelhoff2018,
    task="matching pennies",
    species="human",
    subjects=7,
    sessions=21,
    trials=2_100,
    scored=2_100,
    licence="PDDL 1.0 (opendatacommons.org/licenses/pddl/1-0)",
    citation=(
        "Appelhoff S, Sauer D, Gill SS (2018). Matching Pennies: A Brain Computer Interface "
        "Implementation Dataset. Open Science Framework. doi:10.17605/OSF.IO/CJ2DR"
    ),
    source=f"github.com/bids-standard/bids-examples, eeg_matchingpennies, commit {COMMIT}",
    address=(
        "https://raw.githubusercontent.com/bids-standard/bids-examples/"
        f"{COMMIT}/eeg_matchingpennies"
    ),
    sha256=dict(zip(FILES, SHA256.split(), strict=True)),
    download_bytes=315_274,
)
