"""A fit whose network and predictions are known, of trials that were read from any table."""

import json

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from neuroalrnn.results import FORMAT, Fit
from tests.conftest import DIMS


@pytest.fixture
def fitted():
    """Make a fit of trials with the input cue, predicted by their place in the dataset."""

    def make(trials, n_folds=2):
        n = trials.sizes["trial"]
        owner = np.unique(trials["subject"].values, return_inverse=True)[1] % n_folds
        left = (1 + np.arange(n)) / (n + 1)
        # the latent follows the cue, half of which is left at the next step
        weights = {
            "self_slope": [0.5],
            "weight": [[0.0]],
            "input_weight": [[1.0, 0.0]],
            "bias": [0.0],
            "initial": [0.0],
            "readout": [[1.0]],
            "offset": [0.0],
        }
        outer = ("n_pwl", "fold", "restart")
        parameters = {
            name: ((*outer, *DIMS[name]), np.tile(value, (1, n_folds, 1, *[1] * np.ndim(value))))
            for name, value in weights.items()
        }
        coords = {"n_pwl": [1], "fold": [f"fold {k}" for k in range(n_folds)]}
        chosen = {
            "restart": (("n_pwl", "fold"), np.zeros((1, n_folds), dtype=int)),
            "n_pwl_chosen": ("fold", np.ones(n_folds, dtype=int)),
        }
        labels = trials["choice"].attrs["labels"]
        code = trials["choice"].values
        value = np.where(np.isnan(code), np.nan, np.log(np.where(code == 0, left, 1 - left)))
        predictions = xr.Dataset(
            {
                "log_likelihood": (("model", "trial"), value[None]),
                "probability": (("model", "trial", "option"), np.stack([left, 1 - left], -1)[None]),
            },
            coords={"model": ["AL-RNN"], "option": list(labels)},
        )
        tree = xr.DataTree.from_dict({
            "trials": trials,
            "parameters": xr.Dataset(parameters, coords=coords),
            "selection": xr.Dataset(chosen, coords=coords),
            "splits": xr.Dataset({"fold": ("trial", owner)}),
            "predictions": predictions,
            "history": xr.Dataset(),
            "scores": xr.Dataset(),
        })  # fmt: skip
        encoding = {
            "step": "event",
            "events": ["stimulus", "response"],
            "inputs": {"cue": "stimulus"},
            "choice_event": "response",
            "mark_events": False,
        }
        tree.attrs = {"format": FORMAT, "config": json.dumps({"encoding": encoding})}
        return Fit(tree)

    return make


@pytest.fixture
def table():
    """Two people, three practice rows each, choices of which some are missing, texts to be kept."""
    n = 12
    return pd.DataFrame({
        "ID": ["01"] * n + ["02"] * n,
        "phase": (["practice"] * 3 + ["main"] * (n - 3)) * 2,
        "n": [*range(1, n + 1)] * 2,
        "cue": [1, -1, 0.5] * (2 * n // 3),
        "resp": (["f", "j", "j", "f", "none", "f", "j", "f"] * 3)[: 2 * n],
        "note": ['a "b"; ünd,', "", " 007", "1.50"] * (2 * n // 4),
    })  # fmt: skip
