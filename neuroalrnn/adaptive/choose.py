"""How much subjects differ and how fast they drift, chosen by how well subjects are predicted."""

from collections.abc import Sequence
from itertools import product
from typing import NamedTuple

import numpy as np

from neuroalrnn.adaptive.filter import predict_adaptively
from neuroalrnn.adaptive.prior import Prior, Spread, make_prior
from neuroalrnn.adaptive.rows import Rows

# values to choose from, in the order of `Spread`, and the place of each where the search starts
SD = (0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1.2, 2.0, 3.0, 5.0)
DRIFT = (0.0, 1e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2)
SESSION = (0.0, 0.01, 0.03, 0.1, 0.3, 1.0)
GRID = (SD, SD, SD, DRIFT, SESSION)
START = (4, 4, 5, 3, 0)
# nats that a step has to gain, over all trials: few subjects are no reason to go far
LEAST = 1.0
# trials that the search looks at: of more subjects than that takes, every second, third, ... one;
# fewer where a read-out has more than so many weights
ENOUGH, FEW_WEIGHTS = 100_000, 40


class Choice(NamedTuple):
    """Spread of subjects that predicts validation subjects best.

    Parameters
    ----------
    spread : Spread
        All of it 0 where the shared model is best as it is.
    score : float
        Score of validation subjects, nats per trial.
    plain : float
        The same of the shared model.
    """

    spread: Spread
    score: float
    plain: float


def choose_spread(parts: Sequence[Rows]) -> Choice:
    """Choose how subjects differ, one value after the other, each a step up or down a grid.

    Parameters
    ----------
    parts : sequence of Rows
        Validation subjects, each as a model says that never saw them.

    Returns
    -------
    Choice
        Of the values tried, those with the best score over the choices of all parts; where there
        are many, of equally spaced subjects. Both scores are of all.
    """
    few = _thin(parts)
    known: dict[tuple[int, ...], float] = {}

    def score(place):
        if place not in known:
            known[place] = score_spread(few, _spread(place))
        return known[place]

    nobody = Spread(0.0, 0.0, 0.0, 0.0, 0.0)
    plain = score_spread(parts, nobody)
    free, least = _free(parts), LEAST / max(sum((rows.choice >= 0).sum() for rows in few), 1)
    place = tuple(at if k in free else 0 for k, at in enumerate(START))
    before = None
    while place != before:
        before = place
        for k, step in product(free, (1, -1)):
            while (further := _step(place, k, step)) and score(further) > score(place) + least:
                place = further
    best = score_spread(parts, _spread(place))
    if best <= plain:
        return Choice(nobody, plain, plain)
    return Choice(_spread(place), best, plain)


def _thin(parts):
    """Parts with as many subjects, equally spaced, as take about as many trials as are enough."""
    n_weights = 1 + parts[0].log_odds.shape[1] * parts[0].features.shape[1]
    enough = ENOUGH * min(1.0, FEW_WEIGHTS / n_weights)
    every = int(np.ceil(sum(len(rows.choice) for rows in parts) / enough))
    found, n_before = [], 0
    for rows in parts:
        subject = n_before + np.cumsum(rows.first) - 1
        n_before += rows.first.sum()
        kept = subject % every == 0
        found.append(Rows(*(values[kept] for values in rows)))
    return [rows for rows in found if len(rows.choice)]


def _spread(place):
    return Spread(*(grid[at] for grid, at in zip(GRID, place, strict=True)))


def _free(parts):
    """Positions of the values that can matter: weights if there are any, sessions if several."""
    several = any((rows.new_session & ~rows.first).any() for rows in parts)
    weights = parts[0].features.shape[1] > 1
    wanted = {"readout": weights, "session_drift": several}
    return [k for k, name in enumerate(Spread._fields) if wanted.get(name, True)]


def _step(place, k, step):
    """The place one step further, None at the end of the grid."""
    at = place[k] + step
    return (*place[:k], at, *place[k + 1 :]) if 0 <= at < len(GRID[k]) else None


def score_spread(parts: Sequence[Rows], spread: Spread) -> float:
    """Score the choices of subjects under a spread.

    Parameters
    ----------
    parts : sequence of Rows
        Subjects, each as a model says that never saw them.
    spread : Spread
        How far subjects are from the model.

    Returns
    -------
    float
        Log-likelihood of all choices, nats per trial.
    """
    total, n_trials = 0.0, 0
    for rows in parts:
        prior = make_prior(spread, rows.log_odds.shape[1], rows.features.shape[1])
        own, n_own = score_prior(rows, prior)
        total, n_trials = total + own, n_trials + n_own
    return float(total / max(n_trials, 1))


def score_prior(rows: Rows, prior: Prior) -> tuple[float, int]:
    """Score the choices of subjects under a prior.

    Parameters
    ----------
    rows : Rows
        Subjects, as a model says that never saw them.
    prior : Prior
        What is believed of a new subject.

    Returns
    -------
    total : float
        Log-likelihood of all choices, nats.
    n_trials : int
        Number of choices.
    """
    said = predict_adaptively(rows, prior)
    made = np.flatnonzero((rows.choice >= 0) & ~np.isnan(said).any(axis=1))
    return float(said[made, rows.choice[made]].sum()), len(made)
