"""The choice between candidates inside a training part."""

import numpy as np
import pytest
import xarray as xr

from neuroalrnn.baselines import choose_inside
from neuroalrnn.exceptions import FitError

CHOICE = ("trial", np.tile([0.0, 1.0], 8), {"labels": ["left", "right"]})
TRIALS = xr.Dataset({"choice": CHOICE}).assign_coords(
    subject=("trial", np.repeat(["a", "b", "c", "d"], 4))
)
TRAIN = np.arange(16)


def inner(train):
    return [(train[8:], train[:8]), (train[:8], train[8:])]


def baseline(trials, fit, validate, candidate):
    """Every option half likely; "sharp" is right, "broken" and "empty" overflow."""
    values = np.full((len(validate), 2), np.log(0.5))
    if candidate == "sharp":
        made = trials["choice"].values[validate].astype(int)
        values[np.arange(len(validate)), made] = np.log(0.9)
    if candidate == "broken":
        values[:] = np.log(0.99)
        values[1] = np.nan
    return values * np.nan if candidate == "empty" else values


@pytest.mark.parametrize("candidates", [("flat", "broken"), ("empty", "flat"), ("broken", "flat")])
def test_what_is_not_a_number_never_wins(candidates):
    assert choose_inside(baseline, candidates, TRIALS, TRAIN, inner) == "flat"


def test_the_best_wins_and_nothing_is_chosen_from_nothing():
    assert choose_inside(baseline, ("flat", "sharp"), TRIALS, TRAIN, inner) == "sharp"
    with pytest.raises(FitError, match="no candidate"):
        choose_inside(baseline, ("empty", "broken"), TRIALS, TRAIN, inner)
