"""Data sets with no (or a known) effect in the population, but with differences of subjects."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.special import expit

N_REPEATS = 400


def upper_limit(n_repeats=N_REPEATS, level=0.05):
    """Largest rejection rate that a sound 5 % test may show, three standard errors up."""
    return level + 3 * np.sqrt(level * (1 - level) / n_repeats)


def rejections(draw_p, *, seed, n_repeats=N_REPEATS):
    """Share of data sets with p < .05; `draw_p(rng)` simulates one and returns its p."""
    rng = np.random.default_rng(seed)
    return float(np.mean([draw_p(rng) < 0.05 for _ in range(n_repeats)]))


def keeps_level(rate, n_repeats=N_REPEATS):
    """Whether a null rejection rate is within its bounds: neither too many nor a dead test."""
    return 0.005 < rate <= upper_limit(n_repeats)


def labels(n_subjects, n_trials):
    """Subject names, one per trial (subject * trial,)."""
    return np.repeat([f"s{i:02d}" for i in range(n_subjects)], n_trials)


def choices(rng, n_subjects, n_trials, *, slope=0.0, slope_sd=0.4, base=0.0, binary=False):
    """Choices with random intercepts (SD 0.8) and random slopes (subject, trial)."""
    x = rng.normal(size=(n_subjects, n_trials))
    if binary:
        x = (x > 0) * 1.0
    intercept = base + rng.normal(0, 0.8, (n_subjects, 1))
    eta = intercept + rng.normal(slope, slope_sd, (n_subjects, 1)) * x
    return (rng.random(x.shape) < expit(eta)) * 1.0, x


def slow_regimes(rng, shape, dwell):
    """Two-state regimes of mean dwell `dwell`, along the last axis."""
    flips = rng.random(shape) < 1 / dwell
    flips[..., 0] = rng.random(shape[:-1]) < 0.5
    return np.cumsum(flips, axis=-1) % 2.0


def drifting(rng, shape, low=0.15, high=0.85):
    """Independent events whose rate rises linearly over the session."""
    return (rng.random(shape) < np.linspace(low, high, shape[-1])) * 1.0


def clock_locked(rng, shape, *, centre=25, spread=3.0, locked=0.0):
    """Event step per trial and one switch per trial, both tied to the clock of the trial.

    A share `locked` of switches follows the event by 0 or 1 steps.
    """
    n_trials, n_steps = shape
    event = np.clip(np.rint(rng.normal(centre, spread, n_trials)), 0, n_steps - 3).astype(int)
    switch = np.clip(np.rint(rng.normal(centre + 1, spread, n_trials)), 0, n_steps - 1).astype(int)
    follows = rng.random(n_trials) < locked
    switch[follows] = event[follows] + rng.integers(0, 2, follows.sum())
    switches = np.zeros(shape)
    switches[np.arange(n_trials), switch] = 1.0
    return switches, event


@pytest.fixture(scope="session")
def simulate():
    return SimpleNamespace(
        choices=choices,
        clock_locked=clock_locked,
        drifting=drifting,
        keeps_level=keeps_level,
        labels=labels,
        rejections=rejections,
        slow_regimes=slow_regimes,
    )
