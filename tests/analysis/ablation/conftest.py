"""Fits that hold known networks instead of trained ones."""

import json
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from neuroalrnn.results import FORMAT, Fit
from neuroalrnn.tasks.known import addition
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


@pytest.fixture
def known_fit():
    """Make a fit that holds a known network in every fold, see `_known_fit`."""
    return _known_fit


@pytest.fixture
def with_idle_unit():
    """Addition, part of it through a second PWL unit that is always on.

    ``e' = 10 + x``, ``y' = y + r(q) + (r(e) - 10) / 2``: what is read is the sum of the marked
    values and of half of all values, with another centre.
    """
    known = addition(n_steps=6)
    network = known.network._replace(
        n_pwl=2,
        self_slope=np.zeros(3),
        weight=np.array([[1, 1, 0.5], [0, 0, 0], [0, 0, 0]]),
        input_weight=np.array([[0, 0], [1, 1], [1, 0]]),
        bias=np.array([-5.0, -1.0, 10.0]),
        initial=np.array([0.0, 0.0, 10.0]),
        readout=np.array([[8.0, 0.0, 0.0]]),
        offset=np.array([-8.0 * 2.0]),
    )
    return replace(known, network=network)
