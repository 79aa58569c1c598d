"""What a detector of a primitive returns, and what several of them say together."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from neuroalrnn.exceptions import DataError, NotTestableError
from neuroalrnn.stats.effects import one_sample

LEVEL = 0.05
SHARE = 0.8


@dataclass(frozen=True)
class Detection:
    """One primitive looked for in one network.

    Attributes
    ----------
    primitive : str
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
        return is_present(self.effect, self.p, self.causal, self.causal_p)


def is_present(effect, p, causal, causal_p) -> bool:
    """Whether an effect exceeds every null at 5 % and its causal test holds at 5 %."""
    beyond = effect > 0 and max(p.values()) <= LEVEL
    return bool(beyond and causal > 0 and causal_p <= LEVEL)


def conclude(look, primitive, effect, nulls, causal, finding, **parts) -> Detection:
    """Put a detection together.

    Parameters
    ----------
    look : Look
        What was looked at.
    primitive : str
    effect : float
    nulls : dict of str to (array, float)
        Each null distribution with the p that it gives.
    causal : (float, float)
        Effect and p of the causal test.
    finding : str
        What the effect consists of, for the sentence.
    **parts
        ``units, regimes, steps, by_subject, details`` of the detection.

    Returns
    -------
    Detection
    """
    p = {name: value for name, (_, value) in nulls.items()}
    verdict = "present" if is_present(effect, p, *causal) else "not shown"
    listed = ", ".join(f"{name} p = {value:.3f}" for name, value in p.items())
    sentence = (
        f"{primitive}: {verdict}; {finding}; effect {effect:.2f} ({listed}), "
        f"causal effect {causal[0]:.2f} (p = {causal[1]:.3f})"
    )
    steps = int(look.cue.step.min()), int(look.cue.step.max())
    parts = {"steps": steps} | parts
    draws = {name: each for name, (each, _) in nulls.items()}
    head = (primitive, float(effect), draws, p, *causal)
    return Detection(*head, explanation=sentence, **parts)


def by_subject(look, measure) -> pd.Series:
    """An effect on the sequences of each subject that has both labels.

    Parameters
    ----------
    look : Look
    measure : callable
        ``measure(steps, labels) -> float`` of chosen labelled steps (mask) and their labels
        (1, step).

    Returns
    -------
    Series indexed by subject
    """
    names = np.asarray(look.sequences.subject)[look.cue.sequence].astype(str)
    effects = {}
    for name in np.unique(names):
        steps = names == name
        labels = look.cue.label[steps].astype(float)
        if 0 < labels.sum() < len(labels):
            effects[str(name)] = measure(steps, labels[None])
    return pd.Series(effects, dtype=float).rename_axis("subject")


def tabulate(detections, names=None) -> pd.DataFrame:
    """One row per detection.

    Parameters
    ----------
    detections : list of Detection
    names : sequence, optional
        Of the networks, such as folds or restarts; default their positions.

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


def combine(detections) -> pd.DataFrame:
    """What one detector says over several networks: restarts, or folds.

    Parameters
    ----------
    detections : list of Detection
        Of one primitive. A subject that occurs in several networks enters by its mean.

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
    row = {"primitive": primitives.pop()}
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
