"""Regimes of small made-up sessions, and fits that hold known networks."""

import json

import numpy as np
import pytest
import xarray as xr

from neuroalrnn.results import FORMAT, Fit
from neuroalrnn.tasks.simulate import ENCODING, simulate_known

DIMS = {
    "self_slope": ("latent",),
    "weight": ("latent", "latent_in"),
    "input_weight": ("latent", "feature"),
    "bias": ("latent",),
    "initial": ("latent",),
    "readout": ("output", "latent"),
    "offset": ("output",),
}


def _known_fit(known, n_subjects=6, n_trials=300, n_folds=2, seed=0):
    trials = simulate_known(known, n_subjects, n_trials, rng=np.random.default_rng(seed))
    outer = ("n_pwl", "fold", "restart")
    parameters = {
        name: (
            (*outer, *dims),
            np.tile(getattr(known.network, name), (1, n_folds, 1, *[1] * len(dims))),
        )
        for name, dims in DIMS.items()
    }
    coords = {"n_pwl": [known.n_pwl], "fold": [f"fold {i}" for i in range(n_folds)]}
    chosen = {
        "restart": (("n_pwl", "fold"), np.zeros((1, n_folds), dtype=int)),
        "n_pwl_chosen": ("fold", np.full(n_folds, known.n_pwl)),
    }
    owner = np.arange(n_subjects * n_trials) // n_trials % n_folds
    nodes = {
        "trials": trials,
        "parameters": xr.Dataset(parameters, coords=coords),
        "selection": xr.Dataset(chosen, coords=coords),
        "splits": xr.Dataset({"fold": ("trial", owner)}),
        **{name: xr.Dataset() for name in ("history", "predictions", "scores")},
    }
    tree = xr.DataTree.from_dict(nodes)
    tree.attrs = {"format": FORMAT, "config": json.dumps({"encoding": ENCODING})}
    return Fit(tree)


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


@pytest.fixture
def known_fit():
    """Make a fit that holds a known network in every fold, see `_known_fit`."""
    return _known_fit
