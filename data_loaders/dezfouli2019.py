"""Two-armed bandit with freely timed presses, 101 people (Dezfouli et al. 2019)."""

import numpy as np
import xarray as xr

from data_loaders.named import Named, count_reasons, read_embedded
from neuroalrnn.data import validate

EVENTS = ["outcome", "press"]
ENCODING = {
    "step": "event",
    "choice_event": "press",
    "inputs": {"choice": "press", "reward": "press", "second_outcome": "press"},
    "carry": "session",
}
UNSCORED = ["first press of a game"]
ANALYSIS = {"conditions": ["reward"]}
HISTORY = [
    term for lag in range(1, 11) for term in (f"choice[-{lag}]", f"choice[-{lag}]:reward[-{lag}]")
]
# reward probability of the better key by condition, from the source; of the other key always .05
P_BETTER = {1: 0.25, 2: 0.25, 3: 0.125, 4: 0.125, 5: 0.08, 6: 0.08}
P_OTHER = 0.05


def load_dezfouli2019() -> xr.Dataset:
    """Load 101 subjects x 12 games, 132,251 presses on one of two keys.

    A game lasts 38 s, with new keys: one of them is rewarded more often than the other. The subject
    presses as often as it likes.

    Returns
    -------
    trials : xarray.Dataset
        Labelled trials (presses): 132,251, of which 131,039 are scored. These are all but the first
        of a game, as ``unscored_reason`` says. One session is one game. ``choice``: R1, R2 (the
        physical key).
        Known after the choice: ``reward`` 0 / 1; ``first_outcome``, ``second_outcome`` 0 / 1, which
        of two rewards it was; ``correct`` 0 / 1, the better key was pressed. Hidden from the
        subject, never inputs: ``p_reward_R1``, ``p_reward_R2``. ``condition``: 1-6, names the
        reward probabilities. ``block``: 1 or 2, half of the visit. ``rt``: s since the previous
        press, NaN on the first of a game. ``event_time``: s from the outcome of the previous press
        (0) to the press.

    Notes
    -----
    The subjects came from clinical and healthy groups. The groups are not part of this file.
    """
    table = read_embedded("dezfouli2019.csv.xz")
    place = table.groupby(["subject", "game"]).cumcount().to_numpy()
    reason = np.where(place == 0, UNSCORED[0], "")
    rt = np.where(place == 0, np.nan, table["interval_ms"] / 1000)
    after = {"known": "after_choice"}
    signed = after | {"coding": "signed"}
    p_better = table["condition"].map(P_BETTER)
    trials = xr.Dataset(
        {
            "choice": ("trial", table["key"].to_numpy(float) - 1, {"labels": ["R1", "R2"]}),
            "reward": ("trial", (table["outcome"] > 0).to_numpy(float), after),
            "first_outcome": ("trial", (table["outcome"] == 1).to_numpy(float), after),
            "second_outcome": ("trial", (table["outcome"] == 2).to_numpy(float), after),
            "correct": ("trial", (table["key"] == table["better"]).to_numpy(float), signed),
            "rt": ("trial", rt, {"units": "s"}),
            "scored": ("trial", reason == ""),
            "unscored_reason": ("trial", reason),
            **{
                f"p_reward_R{key}": (
                    "trial",
                    np.where(table["better"] == key, p_better, P_OTHER),
                    {"known": "after_choice"},
                )
                for key in (1, 2)
            },
            "condition": ("trial", table["condition"].to_numpy(float), after),
            "event_time": (("trial", "event"), np.c_[np.zeros(len(rt)), rt], {"units": "s"}),
        },
        coords={
            "subject": ("trial", table["subject"].map("{:03d}".format).to_numpy(dtype=str)),
            "session": ("trial", table["game"].map("{:02d}".format).to_numpy(dtype=str)),
            "block": ("trial", table["half"].to_numpy()),
            "trial_in_session": ("trial", place),
            "event": EVENTS,
        },
        attrs=_attrs(reason),
    )
    return validate(trials)


def _attrs(reason: np.ndarray) -> dict[str, str]:
    notes = [
        "Which key is better changes between games: nothing carries over from game to game.",
        "correct, condition and the reward probabilities tell the better key: no inputs.",
        "Games last 38 s and hold 6 to 202 presses.",
    ]
    return NAMED.attrs(
        encoding=ENCODING,
        analysis=ANALYSIS,
        baselines={"history-logistic": HISTORY},
        unscored=count_reasons(UNSCORED, reason),
        notes=notes,
    )


NAMED = Named(
    load=load_dezfouli2019,
    task="two-armed bandit",
    species="human",
    subjects=101,
    sessions=1_212,
    trials=132_251,
    scored=131_039,
    licence="Apache-2.0 (files/dezfouli2019_LICENSE.txt, files/dezfouli2019_CHANGES.txt)",
    citation=(
        "Dezfouli A, Griffiths K, Ramos F, Dayan P, Balleine BW (2019). Models that learn how "
        "humans learn: the case of decision-making and its disorders. PLoS Computational "
        "Biology 15(6), e1006903. doi:10.1371/journal.pcbi.1006903"
    ),
    source="github.com/adezfouli/rnn_hypercoder, data/BD/choices_diagno.csv.zip, changed",
    embedded=("dezfouli2019.csv.xz",),
)
