"""What is no table, fit or axes is named before anything is drawn."""

import numpy as np
import pandas as pd
import pytest

from neuroalrnn import plots
from neuroalrnn.exceptions import DataError

TREND = pd.DataFrame(
    {
        "subject": ["a"],
        "first_trial": [0],
        "last_trial": [9],
        "regime": [0],
        "occupancy": [1.0],
        "n_steps": [10],
    }
)


@pytest.mark.parametrize(
    ("trend", "message"),
    [
        (None, r"trend = None: expected a table \(DataFrame\)"),
        (np.ones((2, 2)), r"trend = ndarray of shape \(2, 2\): expected a table"),
        (
            TREND.drop(columns=["regime", "n_steps"]),
            r"trend: no column 'regime', 'n_steps' \(there",
        ),
        (TREND.drop(columns="subject"), r"trend: no column 'subject' \(there"),
        (TREND.assign(regime="a"), "trend: column 'regime' holds .*, expected numbers"),
        (pd.concat([TREND, TREND[["regime"]]], axis=1), "trend: column 'regime' is there twice"),
    ],
)
def test_wrong_tables_are_named(trend, message):
    with pytest.raises(DataError, match=message):
        plots.plot_occupancy_trend(trend)


def test_all_that_is_wrong_is_named_at_once():
    with pytest.raises(
        DataError, match=r"(?s)plot_gains: 3 problems.*gains.*feature = -1.*ax = 'x'"
    ):
        plots.plot_gains(3, feature=-1, ax="x")


@pytest.mark.parametrize(
    "plot", [plots.plot_scores, plots.plot_n_pwl_panels, plots.example_session]
)
def test_what_is_no_fit_is_named(plot):
    with pytest.raises(DataError, match=r"fit = 'fit.nc': expected a Fit; .* Fit.load"):
        plot("fit.nc")


def test_every_argument_of_every_plot_has_a_check():
    from inspect import signature

    from neuroalrnn.plots.checks import CHECKS

    for name in (each for each in plots.__all__ if each.startswith("plot_")):
        for argument in signature(getattr(plots, name)).parameters:
            assert argument in CHECKS or f"{name}.{argument}" in CHECKS, f"{name}: {argument}"
