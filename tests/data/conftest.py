"""Small trial datasets whose every value is known."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr


@pytest.fixture
def make_trials():
    """Factory: subjects x sessions x trials with two stimuli, events cue, go, end."""

    def make(n_subjects=3, n_sessions=2, n_per_session=6, seed=0) -> xr.Dataset:
        rng = np.random.default_rng(seed)
        n_trials = n_subjects * n_sessions * n_per_session
        subject = np.repeat(np.arange(n_subjects), n_sessions * n_per_session)
        session = np.tile(np.repeat(np.arange(n_sessions), n_per_session), n_subjects)
        number = np.tile(np.arange(n_per_session), n_subjects * n_sessions)
        choice = rng.integers(0, 2, n_trials).astype(float)
        times = np.c_[np.zeros(n_trials), rng.uniform(0.2, 0.5, (n_trials, 2)).cumsum(axis=1)]
        return xr.Dataset(
            {
                "choice": ("trial", choice, {"labels": ["left", "right"]}),
                "reward": (
                    "trial",
                    rng.integers(0, 2, n_trials).astype(float),
                    {"coding": "signed"},
                ),
                "rt": ("trial", times[:, 1]),
                "scored": ("trial", number > 0),
                "unscored_reason": ("trial", np.where(number > 0, "", "first trial")),
                "stimulus": ("trial", rng.normal(size=n_trials)),
                "flag": ("trial", rng.integers(0, 2, n_trials).astype(float)),
                "event_time": (("trial", "event"), times),
            },
            coords={
                "subject": ("trial", np.array([f"s{k}" for k in subject])),
                "session": ("trial", session.astype(str)),
                "block": ("trial", number // 3),
                "trial_in_session": ("trial", number),
                "event": ["cue", "go", "end"],
            },
        )

    return make


@pytest.fixture
def trials(make_trials):
    return make_trials()


@pytest.fixture
def table():
    """A good table of 3 subjects x 2 sessions x 4 trials."""
    n_trials = 24
    rng = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "subject": np.repeat(["a", "b", "c"], 8),
            "session": np.tile(np.repeat([1, 2], 4), 3),
            "trial": np.tile(np.arange(4), 6),
            "choice": rng.choice(["left", "right"], n_trials),
            "reward": rng.integers(0, 2, n_trials).astype(float),
            "rt": rng.uniform(0.3, 0.9, n_trials),
            "cue": rng.normal(size=n_trials),
            "comment": "x",
        }
    )
