"""A table without faults, for first looks."""

import numpy as np
import pandas as pd
import pytest


def make_table(n_subjects=6, n_sessions=2, n_trials=40, seed=0):
    """Choices of people who follow the side of a stimulus, with rewards and times; as text."""
    rng = np.random.default_rng(seed)
    n = n_subjects * n_sessions * n_trials
    side = rng.choice([-1, 1], n)
    strength = rng.choice([0.1, 0.3, 0.6, 1.0], n)
    right = rng.random(n) < 1 / (1 + np.exp(-6 * side * strength))
    correct = right == (side > 0)
    return pd.DataFrame(
        {
            "participant": np.repeat([f"P{k:02d}" for k in range(n_subjects)], n // n_subjects),
            "session": np.tile(np.repeat(np.arange(1, n_sessions + 1), n_trials), n_subjects),
            "block": np.tile(np.arange(n_trials) // 10, n_subjects * n_sessions),
            "trial": np.tile(np.arange(n_trials), n_subjects * n_sessions),
            "coherence": side * strength,
            "target": np.where(side > 0, "right", "left"),
            "choice": np.where(right, "right", "left"),
            "correct": correct.astype(int),
            "reward": (correct & (rng.random(n) < 0.8)).astype(int),
            "rt": np.round(0.25 + rng.gamma(3.0, 0.12, n), 4),
        }
    ).astype(str)


@pytest.fixture(scope="session")
def table():
    """The table without faults."""
    return make_table()
