"""How subjects differ, learned from subjects whom models never saw.

Gain, offset and weights of terms mean the same in every fit. So their means and covariances over
subjects can be learned from the read-outs of validation subjects of all inner parts, by a few steps
of expectation maximisation. Weights of states differ from fit to fit: they stay independent.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from neuroalrnn.adaptive.choose import LEAST, Choice, score_prior
from neuroalrnn.adaptive.filter import last_readout
from neuroalrnn.adaptive.prior import Prior, make_prior
from neuroalrnn.adaptive.rows import Rows

N_STEPS = 3
# subjects that the independent prior counts for
COUNTS = 1.0
# trials of a subject, and of all, that read-outs are learned from; fewer with more weights
LONGEST, ENOUGH, FEW_WEIGHTS = 1000, 100_000, 40
# what the covariance, and then the drift, is multiplied by
FACTORS = (1.0, 0.5, 2.0)


class Learned(NamedTuple):
    """A prior of new subjects, and how well it predicts.

    Parameters
    ----------
    prior : Prior
        For subjects who are new to all that it was learned from.
    score : float
        Score of validation subjects, each with a prior that was learned from the other parts; nats
        per trial.
    inside : list of Prior
        Those priors, one per part.
    """

    prior: Prior
    score: float
    inside: list[Prior]


class Crossed(NamedTuple):
    """Priors that were learned from others than they are for.

    Parameters
    ----------
    priors : list of Prior
        One for each part.
    factors : tuple of float
        What their covariances and drifts were multiplied by, the same for all; see `FACTORS`.
    score : float
        Score of all parts, each with its prior; nats per trial.
    """

    priors: list[Prior]
    factors: tuple[float, float]
    score: float


def learn_prior(parts: Sequence[Rows], choice: Choice, n_own: int = 0) -> Learned | None:
    """Learn how subjects differ, where this predicts subjects of other parts better.

    Parameters
    ----------
    parts : sequence of Rows
        Validation subjects, each as a model says that never saw them.
    choice : Choice
        What was chosen of independent priors, where the search starts.
    n_own : int
        Number of features, behind the constant, that mean something else in every fit.

    Returns
    -------
    Learned, or None
        None where independent weights predict as well, or there is a single part.
    """
    if len(parts) < 2 or not any(choice.spread):
        return None
    start = make_prior(choice.spread, parts[0].log_odds.shape[1], parts[0].features.shape[1])
    crossed = learn_crossed(parts, start, n_own)
    n_trials = sum(int((rows.choice >= 0).sum()) for rows in parts)
    if crossed.score <= choice.score + LEAST / max(n_trials, 1):
        return None
    few = _thin(parts, len(start.mean))
    everybody = _learn([rows for part in few for rows in part], start, _shared(parts[0], n_own))
    return Learned(_scaled(everybody, *crossed.factors), crossed.score, crossed.priors)


def learn_crossed(parts: Sequence[Rows], start: Prior, n_own: int = 0) -> Crossed:
    """Learn for every part how the subjects of the other parts differ.

    Parameters
    ----------
    parts : sequence of Rows
        Validation subjects, each as a model says that never saw them; at least two.
    start : Prior
        Of independent weights.
    n_own : int
        See `learn_prior`.

    Returns
    -------
    Crossed
    """
    few, shared = _thin(parts, len(start.mean)), _shared(parts[0], n_own)
    without = [
        _learn([rows for j, part in enumerate(few) if j != k for rows in part], start, shared)
        for k in range(len(parts))
    ]

    def scale(factors):
        return [_scaled(each, *factors) for each in without]

    def score(factors):
        scores = [score_prior(*each) for each in zip(parts, scale(factors), strict=True)]
        return sum(total for total, _ in scores) / max(sum(n for _, n in scores), 1)

    size = max(FACTORS, key=lambda each: score((each, 1.0)))
    factors = max(((size, each) for each in FACTORS), key=score)
    return Crossed(scale(factors), factors, float(score(factors)))


def _shared(rows, n_own):
    """Which weights mean the same in every fit."""
    of_row = np.r_[True, np.zeros(n_own, bool), np.ones(rows.features.shape[1] - 1 - n_own, bool)]
    return np.r_[True, np.tile(of_row, rows.log_odds.shape[1])]


def _thin(parts, n_weights):
    """The first trials of every subject, or of every second, third, ... one."""
    found = [_subjects(rows) for rows in parts]
    n_trials = sum(len(rows.choice) for part in found for rows in part)
    every = int(np.ceil(n_trials * max(1.0, n_weights / FEW_WEIGHTS) / ENOUGH))
    return [part[::every] for part in found]


def _subjects(rows):
    starts = np.flatnonzero(rows.first)
    ends = np.r_[starts[1:], len(rows.first)]
    return [
        Rows(*(values[start : min(end, start + LONGEST)] for values in rows))
        for start, end in zip(starts, ends, strict=True)
    ]


def _learn(subjects, start, shared):
    """Mean and covariance over subjects, each with one read-out for all of its trials."""
    inside, mean, covariance = np.ix_(shared, shared), start.mean, start.covariance
    for _ in range(N_STEPS):
        known = [last_readout(rows, Prior(mean, covariance)) for rows in subjects]
        mean = np.where(shared, np.mean([each for each, _ in known], axis=0), mean)
        total = sum(np.outer(each - mean, each - mean) + left for each, left in known)
        covariance = covariance.copy()
        new = (total + COUNTS * start.covariance) / (len(known) + COUNTS)
        covariance[inside] = new[inside]
    return start._replace(mean=mean, covariance=covariance)


def _scaled(prior, size, drift):
    return prior._replace(covariance=size * prior.covariance, drift=drift * prior.drift)
