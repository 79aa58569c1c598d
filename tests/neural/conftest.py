"""Trials with neural data that follow regimes with known weights, in autocorrelated noise."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.signal import lfilter

from neuroalrnn.data import from_frame


def slow_regimes(rng, n_trials, n_regimes, dwell):
    """Regimes that change to another one every `dwell` trials on average."""
    change = rng.random(n_trials) < 1 / dwell
    return np.cumsum(change * rng.integers(1, n_regimes, n_trials)) % n_regimes


def slow_noise(rng, shape, memory):
    """AR(1) over the first axis, of variance 1."""
    white = rng.standard_normal((200 + shape[0], *shape[1:])) * np.sqrt(1 - memory**2)
    return lfilter([1.0], [1.0, -memory], white, axis=0)[200:]


def simulate(
    seed,
    *,
    n_subjects=1,
    n_sessions=2,
    n_trials=100,
    n_times=1,
    n_units=3,
    n_regimes=2,
    dwell=8,
    memory=0.8,
    weights=0.0,
    drift=0.0,
):
    """Trials and regimes; ``neural = weights[regime] + drift * position + noise``."""
    rng = np.random.default_rng(seed)
    weights = np.broadcast_to(weights, (n_regimes, n_times, n_units))
    position = np.linspace(-1, 1, n_trials)
    codes, neural = [], []
    for _ in range(n_subjects * n_sessions):
        regime = slow_regimes(rng, n_trials, n_regimes, dwell)
        if drift:
            # the last regime becomes more frequent over the session
            late = rng.random(n_trials) < (1 + position) / 2
            regime = np.where(late, n_regimes - 1, 0)
        noise = slow_noise(rng, (n_trials, n_times, n_units), memory)
        codes.append(regime)
        neural.append(weights[regime] + drift * position[:, None, None] + noise)
    frame = pd.DataFrame(
        {
            "subject": np.repeat([f"s{i}" for i in range(n_subjects)], n_sessions * n_trials),
            "session": np.tile(np.repeat(np.arange(n_sessions), n_trials), n_subjects),
            "choice": rng.integers(0, 2, n_subjects * n_sessions * n_trials),
            "stimulus": rng.standard_normal(n_subjects * n_sessions * n_trials),
        }
    )
    trials = from_frame(frame, {name: name for name in frame}, labels=[0, 1])
    trials["neural"] = (("trial", "time", "unit"), np.concatenate(neural))
    trials["n_steps"] = ("trial", np.full(len(frame), n_times))
    units = [f"unit {i}" for i in range(n_units)]
    trials = trials.assign_coords(time=np.arange(n_times) / 10, unit=units)
    regimes = xr.DataArray(
        np.concatenate(codes)[:, None],
        dims=("trial", "step"),
        coords={"step": ["choice"]}
        | {name: trials[name] for name in ("subject", "session", "trial_in_session")},
    )
    return trials, regimes


@pytest.fixture(scope="session", name="simulate")
def _simulate():
    return simulate
