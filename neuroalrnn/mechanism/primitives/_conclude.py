"""How a detector puts together what it found."""

from dataclasses import replace

import numpy as np
import pandas as pd

from neuroalrnn.mechanism.primitives.detection import Detection


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
    draws = {name: each for name, (each, _) in nulls.items()}
    steps = int(look.cue.step.min()), int(look.cue.step.max())
    head = (primitive, float(effect), draws, p, *causal)
    found = Detection(*head, **{"steps": steps, "explanation": "", **parts})
    verdict = "present" if found.present else "not shown"
    listed = ", ".join(f"{name} p = {value:.3f}" for name, value in p.items())
    sentence = (
        f"{primitive}: {verdict}; {finding}; effect {effect:.2f} ({listed}), "
        f"causal effect {causal[0]:.2f} (p = {causal[1]:.3f})"
    )
    return replace(found, explanation=sentence)


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
