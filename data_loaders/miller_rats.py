"""Two-step task in six rats with event times (Venditto, Miller, Brody & Daw 2024)."""

import numpy as np
import pandas as pd
import xarray as xr

from data_loaders.named import Named, count_reasons, read_embedded
from neuroalrnn.data import validate

EVENTS = ["c1", "s1", "c2", "s2"]
ENCODING = {
    "step": "event",
    "choice_event": "s1",
    "inputs": {"forced_side": "c1", "choice": "c2", "mapped_side": "s2", "reward": "s2"},
    "carry": "session",
}
# the first reason that applies is given
UNSCORED = ["forced choice", "first kept trial of a session"]
ANALYSIS = {"conditions": ["common", "reward"], "rule": "p_reward_left"}
HISTORY = [
    term
    for lag in range(1, 6)
    for term in (
        f"choice[-{lag}]",
        f"choice[-{lag}]:reward[-{lag}]",
        f"choice[-{lag}]:common[-{lag}]",
        f"choice[-{lag}]:reward[-{lag}]:common[-{lag}]",
    )
]


def load_miller_rats() -> xr.Dataset:
    """Load 6 rats, 52 sessions, 36,351 two-step trials.

    A rat pokes the centre (c1), chooses a side (s1), pokes the centre again (c2) and enters the
    side that lights up (s2), which pays with probability .8 or .2; the pair reverses in blocks.

    Returns
    -------
    trials : xarray.Dataset
        Labelled trials: 36,351, of which 31,743 are scored (free, and not the first of a session).
        62 rows of the source (violations, bad timing) are removed; their numbers are missing in
        ``trial_in_session``, and no lag reaches over them. ``unscored_reason`` says why a trial is
        not scored, "" where it is.
        ``choice``: left, right (first step). ``forced``: 0 / 1;
        ``forced_side``: the lit side on forced trials, -1 / +1, else 0, known at c1.
        Known after the choice: ``reward`` 0 / 1; ``common`` 0 / 1 (transition, relative
        to the rat's own mapping), both used as -1 / +1; ``second_side`` (1 = right);
        ``mapped_side`` (-1 / +1, second side times mapping); ``correct`` (the better choice was
        taken; an outcome, NaN when forced). ``mapping``: +1 if a choice leads mostly to its own
        side, a property of the rat. ``p_reward_left``: reward probability of the left second side;
        the rat cannot know it, never an input. ``block``: running count of its changes in the
        session. ``event_time``: s from c1, rounded to ms; ``start_time``: c1 in s on the clock of
        the source. ``rt``: s1 - c1.
    """
    table = read_embedded("miller_rats.csv.xz")
    kept = (table["violation"] == 0) & (table["bad_timing"] == 0) & (table["side2"] != "v")
    removed, table = table[~kept], table[kept].reset_index(drop=True)
    session = table.groupby(["subject", "session"], sort=False)
    changed = session["p_left"].diff().fillna(0) != 0
    side, second = np.where(table[["side1", "side2"]] == "r", 1.0, -1.0).T
    forced = table["better"].isna().to_numpy()
    first = (session.cumcount() == 0).to_numpy()
    reason = np.select([forced, first], UNSCORED, "")
    mapping = np.sign(table["p_same_side"].to_numpy() - 0.5)
    after = {"known": "after_choice"}
    outcome = after | {"coding": "signed"}
    times = np.c_[np.zeros(len(table)), table[[f"{e}_after_c1_ms" for e in EVENTS[1:]]]] / 1000
    trials = xr.Dataset(
        {
            "choice": ("trial", (side + 1) / 2, {"labels": ["left", "right"]}),
            "reward": ("trial", table["reward"].to_numpy(float), outcome),
            "correct": ("trial", table["better"].to_numpy(float), after),
            "rt": ("trial", times[:, 1], {"units": "s"}),
            "scored": ("trial", reason == ""),
            "unscored_reason": ("trial", reason),
            "common": ("trial", table["common"].to_numpy(float), outcome),
            "second_side": ("trial", (second + 1) / 2, after),
            "mapped_side": ("trial", second * mapping, after),
            "mapping": ("trial", mapping),
            "forced": ("trial", forced.astype(float)),
            "forced_side": ("trial", np.where(forced, side, 0.0)),
            "p_reward_left": ("trial", table["p_left"].to_numpy()),
            "start_time": ("trial", table["c1_ms"].to_numpy() / 1000, {"units": "s"}),
            "event_time": (("trial", "event"), times, {"units": "s"}),
        },
        coords={
            "subject": ("trial", table["subject"].to_numpy(dtype=str)),
            "session": ("trial", table["session"].astype(str).to_numpy(dtype=str)),
            "block": ("trial", changed.groupby([table["subject"], table["session"]]).cumsum()),
            "trial_in_session": ("trial", table["trial"].to_numpy() - 1),
            "event": EVENTS,
        },
        attrs=_attrs(removed, reason),
    )
    return validate(trials)


def _attrs(removed: pd.DataFrame, reason: np.ndarray) -> dict[str, str]:
    violation = int((removed["violation"] == 1).sum())
    other = len(removed) - violation
    notes = [
        f"{len(removed)} rows of the source removed: {violation} violations, {other} bad timing.",
        "The mapping from first to second side differs between rats: M064, M071, M088 reversed.",
        "correct is an outcome of the choice and p_reward_left is hidden from the rat: no inputs.",
        "Waits are heavy-tailed (first choice up to 1,674 s): cap the number of time steps.",
    ]
    return NAMED.attrs(
        encoding=ENCODING,
        analysis=ANALYSIS,
        baselines={"history-logistic": HISTORY},
        unscored=count_reasons(UNSCORED, reason),
        notes=notes,
    )


NAMED = Named(
    load=load_miller_rats,
    task="two-step",
    species="rat",
    subjects=6,
    sessions=52,
    trials=36_351,
    scored=31_743,
    licence="MIT, copyright 2024 Sarah Jo C. Venditto (files/miller_rats_LICENSE.txt)",
    citation=(
        "Venditto SJC, Miller KJ, Brody CD, Daw ND (2024). Dynamic reinforcement learning reveals "
        "time-dependent shifts in strategy during reward learning. bioRxiv "
        "doi:10.1101/2024.02.28.582617; eLife reviewed preprint 97612."
    ),
    source="github.com/Brody-Lab/MixtureAgentsModels, data/ofc_physdata.mat",
    embedded=("miller_rats.csv.xz",),
)
