"""Regimes of small made-up sessions."""

import numpy as np
import pytest
import xarray as xr


def _labelled(values, subject="a", session="1", **coords):
    """Regimes (trial, step) of one session, steps named by events."""
    values = np.asarray(values)
    n = len(values)
    names = {"subject": subject, "session": session, "trial_in_session": np.arange(n), **coords}
    on_trial = {name: ("trial", np.broadcast_to(value, n).copy()) for name, value in names.items()}
    steps = ["stimulus", "choice", "outcome"][: values.shape[1]]
    return xr.DataArray(values, dims=("trial", "step"), coords={**on_trial, "step": steps})


@pytest.fixture
def labelled():
    """Make regimes of one session, see `_labelled`."""
    return _labelled


@pytest.fixture
def two_subjects(labelled):
    rng = np.random.default_rng(0)
    parts = [
        labelled(rng.integers(0, 3, (20, 3)), subject, session, context=np.arange(20) % 2)
        for subject, session in (("b", "1"), ("a", "1"), ("a", "2"))
    ]
    regimes = xr.concat(parts, "trial")
    regimes[4, 2] = regimes[30, 0] = -1
    return regimes
