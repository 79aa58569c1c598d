"""Shares of regimes against step or epoch: pooled by steps, in the order of the task."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from neuroalrnn import plots
from neuroalrnn.exceptions import DataError
from neuroalrnn.plots.stream import mean_shares
from neuroalrnn.regimes import assign_epochs, compute_occupancy

N_TRIALS = 60


def make_regimes(steps, n_regimes=3):
    rng = np.random.default_rng(1)
    number = np.arange(N_TRIALS)
    coords = {
        "step": steps,
        "subject": ("trial", np.where(number < 40, "a", "b")),
        "session": ("trial", ["1"] * N_TRIALS),
        "trial_in_session": ("trial", number),
        "rule": ("trial", (number % 5 == 0).astype(float)),
    }
    values = rng.integers(0, n_regimes, (N_TRIALS, len(steps)))
    return xr.DataArray(values, dims=("trial", "step"), coords=coords)


def heights(ax, n_bars):
    return np.array([bar.get_height() for bar in ax.patches]).reshape(-1, n_bars)


def test_conditions_are_pooled_by_steps():
    regimes = make_regimes(["stimulus", "choice"])
    ax = plots.plot_occupancy_stream(compute_occupancy(regimes, by=("step", "rule")))
    pooled = compute_occupancy(regimes, by=("step",))
    expected = pooled.groupby(["regime", "step"], observed=True)["occupancy"].mean().unstack()
    np.testing.assert_allclose(heights(ax, 2), expected)
    np.testing.assert_allclose(heights(ax, 2).sum(axis=0), 1)
    # in the order of the task, not of the alphabet
    assert [label.get_text() for label in ax.get_xticklabels()] == ["stimulus", "choice"]


def test_epochs_follow_the_order_given():
    regimes = make_regimes(["0", "1", "2"])
    events = {"stimulus": np.ones(N_TRIALS), "choice": np.full(N_TRIALS, 2.0)}
    table = compute_occupancy(assign_epochs(regimes, events), by=("epoch",))
    order = ["start", "stimulus", "choice", "reward"]
    ax = plots.plot_occupancy_stream(table, along="epoch", order=order)
    assert [label.get_text() for label in ax.get_xticklabels()] == order[:3]
    first = table[(table["epoch"] == "start") & (table["regime"] == 0)]["occupancy"].mean()
    assert heights(ax, 3)[0, 0] == pytest.approx(first)
    assert ax.get_xlabel() == "Epoch"


def test_time_steps_are_on_an_axis_in_seconds():
    regimes = make_regimes([f"{0.05 * i:.3f} s" for i in range(12)])
    ax = plots.plot_occupancy_stream(compute_occupancy(regimes))
    assert ax.get_xlabel() == "Time in the trial (s)"
    assert ax.get_xlim() == pytest.approx((0, 0.6))
    assert heights(ax, 12).shape == (3, 12)


def test_one_panel_per_condition_with_its_own_shares():
    regimes = make_regimes(["stimulus", "choice"])
    table = compute_occupancy(regimes, by=("step", "rule"))
    figure = plots.plot_occupancy_stream_panels(table, condition="rule")
    assert [ax.get_title(loc="left") for ax in figure.axes] == ["rule 0", "rule 1"]
    for value, ax in enumerate(figure.axes):
        expected = mean_shares(table[table["rule"] == value], "step").T
        np.testing.assert_allclose(heights(ax, 2), expected)
    assert len(figure.legends[0].get_texts()) == 3
    figure.draw_without_rendering()


def test_rare_regimes_are_one_part_and_one_regime_fills_the_axis():
    table = compute_occupancy(make_regimes(["a", "b"], n_regimes=18))
    ax = plots.plot_occupancy_stream(table)
    assert heights(ax, 2).shape == (8, 2)
    assert ax.get_legend().get_texts()[-1].get_text() == "other regimes"
    ax = plots.plot_occupancy_stream(compute_occupancy(make_regimes(["a"], n_regimes=1)))
    np.testing.assert_allclose(heights(ax, 1), 1)


def test_no_steps_are_said():
    empty = pd.DataFrame(columns=["subject", "step", "rule", "regime", "occupancy", "n_steps"])
    ax = plots.plot_occupancy_stream(empty)
    assert [text.get_text() for text in ax.texts] == ["no steps"]
    figure = plots.plot_occupancy_stream_panels(empty, condition="rule")
    assert [text.get_text() for text in figure.axes[0].texts] == ["no steps"]


def test_tables_without_a_column_are_refused_by_name():
    table = pd.DataFrame({"subject": ["a"], "regime": [0], "occupancy": [1.0], "n_steps": [3]})
    with pytest.raises(DataError, match="occupancy: no column 'step'"):
        plots.plot_occupancy_stream(table)
    with pytest.raises(DataError, match="occupancy: no column 'cue', 'step'"):
        plots.plot_occupancy_stream_panels(table, condition="cue")
