"""Rules of the task of CRCNS pfc-1: blocks, stimuli, and what a response was."""

from typing import Any

import numpy as np
import pandas as pd

from data_loaders.formats._found import listed

CUED, LOCALISATION, PITCH_CUED, PITCH = 1, 2, 3, 4
FUTURE = "future_trial"
OUTCOMES = ("hit", "error", "wrong_port")
NO_RESPONSE = ("short_cpoke", "choice_time_up", "current_trial")
GO = ("go", "nogo", "twoac")
OTHER = {"left": "right", "right": "left"}
# number, block, side (-1 left), pitch (-1 low), whether to go
STIMULI = {
    "lo_pc_go": (1, PITCH_CUED, 0, -1, True),
    "hi_pc_no": (2, PITCH_CUED, 0, 1, False),
    "le_lc_go": (3, CUED, -1, 0, True),
    "ri_lc_no": (4, CUED, 1, 0, False),
    "le_hi_pc": (5, PITCH, -1, 1, False),
    "ri_hi_pc": (6, PITCH, 1, 1, False),
    "le_lo_pc": (7, PITCH, -1, -1, True),
    "ri_lo_pc": (8, PITCH, 1, -1, True),
    "le_hi_lc": (9, LOCALISATION, -1, 1, True),
    "ri_hi_lc": (10, LOCALISATION, 1, 1, False),
    "le_lo_lc": (11, LOCALISATION, -1, -1, True),
    "ri_lo_lc": (12, LOCALISATION, 1, -1, False),
}
NEEDED = ("correct_side", "stim_number", "nonrandom", "outcome", "go_or_nogo", "block", "stim_name")


def block_of(number: np.ndarray) -> np.ndarray:
    """Compute the block that a trial must be of: the cycle has 160 trials.

    Parameters
    ----------
    number : ndarray of int
        Numbers of trials, from 1.

    Returns
    -------
    ndarray of int
        1 cue trials of localisation, 2 localisation, 3 cue trials of pitch, 4 pitch discrimination.
    """
    place = (np.asarray(number) - 1) % 160
    return np.select([place < 20, place < 80, place < 100], [CUED, LOCALISATION, PITCH_CUED], PITCH)


def without_future(table: pd.DataFrame) -> tuple[pd.DataFrame, list[str], list[str]]:
    """Drop rows of trials that were planned and never happened.

    Parameters
    ----------
    table : pandas.DataFrame
        All rows.

    Returns
    -------
    table : pandas.DataFrame
        Rows of trials.
    notes : list of str
        How many were dropped.
    found : list of str
        Texts on such rows before others.
    """
    future = (table["outcome"] == FUTURE).to_numpy()
    last = int(np.flatnonzero(~future)[-1]) if (~future).any() else -1
    early = table.index[future & (np.arange(len(table)) < last)].tolist()
    found = [f"{FUTURE} stands before other trials: {listed(early)}"] if early else []
    notes = [f"{int(future.sum())} rows of {FUTURE} dropped"] if future.any() else []
    return table[~future], notes, found


def contradictions(table: pd.DataFrame) -> list[str]:
    """Compare number, name, block, side and go flag of stimuli with each other and with the cycle.

    Parameters
    ----------
    table : pandas.DataFrame
        Trials by number.

    Returns
    -------
    list of str
        One text per rule that is broken, with the trials.
    """
    known = table["stim_name"].isin(STIMULI)
    rule = pd.DataFrame.from_dict(STIMULI, orient="index").reindex(table["stim_name"])
    rule.index = table.index
    side = np.where(table["block"].isin([CUED, LOCALISATION]), "left", "right")
    go = rule[4].map({True: "go", False: "nogo"})
    checks = {
        "block is not that of the cycle of 160 trials": table["block"]
        != block_of(table.index.to_numpy()),
        "correct_side is not left in blocks 1, 2 and right in 3, 4": table["correct_side"] != side,
        "stim_number is not that of stim_name": known & (table["stim_number"] != rule[0]),
        "stim_name belongs to another block": known & (table["block"] != rule[1]),
        "go_or_nogo is not that of stim_name": known & (table["go_or_nogo"] != go),
    }
    return [
        f"{text}: trials {listed(table.index[wrong].tolist())}"
        for text, wrong in checks.items()
        if wrong.any()
    ] + _unknown(table)


def _unknown(table) -> list[str]:
    known = {"outcome": (*OUTCOMES, *NO_RESPONSE, FUTURE), "go_or_nogo": GO}
    counts = {
        name: table.loc[~table[name].isin(values), name].value_counts(sort=False, dropna=False)
        for name, values in known.items()
    }
    return [
        f"{name} has values that are not known: "
        f"{listed([f'{value} ({n} trials)' for value, n in count.items()])}: expected "
        f"{listed(known[name])}"
        for name, count in counts.items()
        if len(count)
    ]


def responses(table: pd.DataFrame) -> pd.DataFrame:
    """Add what was done, and what was shown, in numbers.

    Parameters
    ----------
    table : pandas.DataFrame
        Trials by number.

    Returns
    -------
    pandas.DataFrame
        The same with ``choice`` (nogo, left, right; missing for any other outcome), ``correct``,
        ``reward`` (a hit on a go trial: a hit on a nogo trial delivers nothing), ``side`` and
        ``pitch`` (-1, 1, 0 on cue trials), ``context`` (-1 localisation, 1 pitch), ``cue``,
        ``scored`` and ``unscored_reason``, and ``run``, which counts blocks.
    """
    go, nogo = table["go_or_nogo"] == "go", table["go_or_nogo"] == "nogo"
    outcome, right = table["outcome"], table["correct_side"]
    choice = pd.Series(np.nan, table.index, dtype=object)
    stayed: Any = pd.Series("nogo", table.index, dtype=object)
    choice = choice.mask((go & (outcome == "hit")) | (nogo & (outcome == "error")), right)
    choice = choice.mask((nogo & (outcome == "hit")) | (go & (outcome == "error")), stayed)
    choice = choice.mask((go | nogo) & (outcome == "wrong_port"), right.map(OTHER))
    shown = pd.DataFrame.from_dict(STIMULI, orient="index").reindex(table["stim_name"])
    reasons = {
        "forced": table["nonrandom"] != 0,
        "cue trial": table["block"].isin([CUED, PITCH_CUED]),
        "no response": ~outcome.isin(OUTCOMES),
        "neither go nor nogo": ~(go | nogo),
    }
    reason = np.select([each.to_numpy() for each in reasons.values()], list(reasons), "")
    block = table["block"]
    return table.assign(
        choice=choice,
        correct=(outcome == "hit").astype(float),
        reward=((outcome == "hit") & go).astype(float),
        side=shown[2].to_numpy(),
        pitch=shown[3].to_numpy(),
        context=np.where(block.isin([CUED, LOCALISATION]), -1, 1),
        cue=block.isin([CUED, PITCH_CUED]).astype(int),
        scored=reason == "",
        unscored_reason=reason,
        run=(block != block.shift()).cumsum(),
    )
