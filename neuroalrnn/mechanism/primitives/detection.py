"""The result of a detector of a primitive, and summaries of several results."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from neuroalrnn.exceptions import DataError, NotTestableError
from neuroalrnn.stats.defaults import LEVEL
from neuroalrnn.stats.effects import one_sample

SHARE = 0.8


@dataclass(frozen=True)
class Detection:
    """One primitive looked for in one network.

    Parameters
    ----------
    primitive : str
        Name of the primitive.
    effect : float
        Between 0 and 1 for gating and rule-based integration; see the detector.
    nulls : dict of str to array
        Effects of each null distribution.
    p : dict of str to float
        Share of each null at or above the effect, ``(b + 1) / (n + 1)``.
    causal : float
        Effect of the causal test; 1 if the intervention does all that the primitive predicts.
    causal_p : float
        Sign test over samples, times the number of units tested.
    units : tuple of int
        PWL units involved, from 0.
    regimes : tuple of int
        Codes of the regimes involved.
    steps : (int, int)
        First and last step of the sequences at which it was looked for.
    by_subject : Series indexed by subject
        The effect on the sequences of each subject.
    details : DataFrame
        What the detector measured, see there.
    explanation : str
        One sentence.
    """

    primitive: str
    effect: float
    nulls: dict
    p: dict
    causal: float
    causal_p: float
    units: tuple
    regimes: tuple
    steps: tuple
    by_subject: pd.Series
    details: pd.DataFrame
    explanation: str

    @property
    def present(self) -> bool:
        """Whether the effect exceeds every null at 5 % and the causal test holds at 5 %."""
        beyond = self.effect > 0 and max(self.p.values()) <= LEVEL
        return bool(beyond and self.causal > 0 and self.causal_p <= LEVEL)


def tabulate(detections: list[Detection], names: Sequence | None = None) -> pd.DataFrame:
    """Tabulate detections, one row for each.

    Parameters
    ----------
    detections : list of Detection
        From one of the detectors, one or more.
    names : sequence, optional
        Names of the networks, such as folds or restarts; default their positions.

    Returns
    -------
    DataFrame
        ``network, primitive, effect, p`` (largest over nulls), ``p`` of each null, ``causal,
        causal_p, units, regimes, first_step, last_step, present, explanation``.
    """
    names = range(len(detections)) if names is None else names
    rows = []
    for name, one in zip(names, detections, strict=True):
        row = {"network": name, "primitive": one.primitive, "effect": one.effect}
        row |= {"p": max(one.p.values())} | {f"p {null}": value for null, value in one.p.items()}
        row |= {"causal": one.causal, "causal_p": one.causal_p}
        row |= {"units": one.units, "regimes": one.regimes}
        row |= {"first_step": one.steps[0], "last_step": one.steps[1]}
        rows.append(row | {"present": one.present, "explanation": one.explanation})
    return pd.DataFrame(rows)


def combine(detections: list[Detection]) -> pd.DataFrame:
    """Summarise one detector over several networks, such as restarts or folds.

    Parameters
    ----------
    detections : list of Detection
        Detections of one primitive. A subject of several networks enters by its mean over them.

    Returns
    -------
    DataFrame, one row
        ``primitive, effect`` (mean over networks), ``low, high`` (95 % t interval over networks),
        ``subject_effect, subject_low, subject_high`` (the same over subjects), ``n_networks,
        n_subjects, share`` (of networks in which it is present), ``present`` (share at least
        80 %). Intervals are NaN where fewer than two values differ.

    Raises
    ------
    DataError
        No detection, or several primitives.
    """
    primitives = {one.primitive for one in detections}
    if len(primitives) != 1:
        raise DataError(f"combine: expected one primitive, found {sorted(primitives)}")
    effects = np.array([one.effect for one in detections])
    subjects = pd.concat([one.by_subject for one in detections]).groupby(level=0).mean()
    share = np.mean([one.present for one in detections])
    row: dict = {"primitive": primitives.pop()}
    row |= dict(zip(("effect", "low", "high"), _interval(effects), strict=True))
    names = ("subject_effect", "subject_low", "subject_high")
    row |= dict(zip(names, _interval(subjects.dropna().to_numpy()), strict=True))
    row |= {"n_networks": len(effects), "n_subjects": subjects.notna().sum(), "share": share}
    return pd.DataFrame([row | {"present": bool(share >= SHARE)}])


def _interval(values):
    """Mean with its t interval."""
    mean = values.mean() if values.size else np.nan
    try:
        row = one_sample(values, test="t")
    except NotTestableError:
        return mean, np.nan, np.nan
    return mean, row["ci_low"], row["ci_high"]
