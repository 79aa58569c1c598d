"""Two accounts of the same primitives: from the effects of inputs, and from detectors."""

import numpy as np
import pandas as pd

from neuroalrnn.effects import (
    FunctionalRegimes,
    compute_exchange,
    compute_interactions,
    compute_memory,
)
from neuroalrnn.exceptions import NotTestableError
from neuroalrnn.mechanism.primitives.detect import Primitives
from neuroalrnn.results import Fit

# smallest gating index, and share of an effect that is left a trial later, that count
GATED, KEPT = 0.1, 0.25
SEEN, UNSEEN, UNASKED = "yes", "no", "not asked"
COLUMNS = ["primitive", "target", "by", "effect", "ci_low", "ci_high", "seen_in_effects"]
COLUMNS += ["detector_effect", "detector_share", "seen_by_detectors"]


def compare_accounts(
    fit: Fit, found: FunctionalRegimes, detected: Primitives | None = None, cue: str = ""
) -> pd.DataFrame:
    """Set what effects of inputs say of each primitive beside what the detectors found.

    Gating is an input whose effect depends on another one. Rule-based integration is a pair of
    regimes in which two inputs exchange their weights. A memory-dependent transient is an effect
    that is left a trial later. Effects speak of what a network computes, on held-out trials;
    detectors of how it does so, in its units. The two need not agree: a computation that comes from
    inputs crossing a boundary leaves no unit that detectors would call a gate.

    Parameters
    ----------
    fit : Fit
        A cross-validated fit.
    found : FunctionalRegimes
        Its functional regimes.
    detected : Primitives, optional
        From `detect_primitives`, which takes minutes.
    cue : str
        The cue that detectors were given; they speak of no other gate.

    Returns
    -------
    pandas.DataFrame
        One row per primitive, ``target`` (input) and ``by`` (the gate, other input, or lag):
        ``effect`` with ``ci_low, ci_high`` over subjects: the interaction, the exchange (log-odds),
        or the share of the effect that is kept; ``seen_in_effects``; ``detector_effect,
        detector_share`` (of networks), ``seen_by_detectors``. What was seen is "yes", "no" or "not
        asked".
    """
    rows = [*_gates(fit), *_exchanges(found), *_memories(fit)]
    table = pd.DataFrame([(*row, np.nan, np.nan, UNASKED) for row in rows], columns=COLUMNS)
    if detected is None:
        return table
    for each in detected.summary.itertuples():
        which = (table["primitive"] == each.primitive) & (table["target"] == each.target)
        if each.primitive == "gating":
            which &= table["by"] == cue
        if each.primitive == "rule-based integration":
            both = table["target"] + " or " + table["by"]
            swapped = table["by"] + " or " + table["target"]
            is_own = table["primitive"] == each.primitive
            which = is_own & ((both == each.target) | (swapped == each.target))
        seen = SEEN if each.present else UNSEEN
        for name, value in zip(COLUMNS[-3:], (each.effect, each.share, seen), strict=True):
            table[name] = table[name].where(~which, value)
    return table


def _seen(condition):
    return SEEN if condition else UNSEEN


def _gates(fit):
    try:
        table = compute_interactions(fit)
    except NotTestableError:
        return
    for row in table.itertuples():
        beyond = row.ci_low > 0 or row.ci_high < 0
        seen = _seen(beyond and row.gating_index >= GATED)
        yield "gating", row.input, row.gate, row.interaction, row.ci_low, row.ci_high, seen


def _exchanges(found):
    for row in compute_exchange(found).itertuples():
        own = (row.input, row.other_input, row.exchange, np.nan, np.nan, _seen(row.exchange > 0))
        yield "rule-based integration", *own


def _memories(fit):
    table = compute_memory(fit)
    table = table[np.isfinite(table["kept"])].groupby(["input", "option"], as_index=False).first()
    for row in table.itertuples():
        own = (row.input, f"lag {row.lag}", row.kept, np.nan, np.nan, _seen(row.kept >= KEPT))
        yield "memory-dependent transient", *own
