"""Ablation maps and greedy curves show the costs of the tables."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from neuroalrnn import plots
from neuroalrnn.exceptions import DataError
from neuroalrnn.plots import plot_ablation, plot_ablation_panels, plot_greedy
from neuroalrnn.plots.style import REGIME_COLOURS

EPOCHS = ("all", "stimulus", "response")


@pytest.fixture
def costs():
    keys = [(r, k, e) for r in ("identity", "zero") for k in (1, 2) for e in EPOCHS]
    table = pd.DataFrame(keys, columns=["replacement", "rank", "epoch"])
    table["estimate"] = np.linspace(-0.2, 0.9, len(table))
    return table.assign(q=np.where(np.arange(len(table)) % 3 == 2, 0.2, 0.01), n_subjects=9)


@pytest.fixture
def stages():
    rng = np.random.default_rng(0)
    keys = [(s, r, n) for s in "abcdef" for r in ("identity", "affine") for n in (1, 2, 3)]
    table = pd.DataFrame(keys, columns=["subject", "replacement", "n_replaced"])
    table = table[(table["n_replaced"] < 3) | table["subject"].isin(["a", "b"])]
    return table.assign(cost=rng.random(len(table)), n_trials=10)


def hatched(ax):
    """(row, column) of marked cells."""
    boxes = [each for each in ax.patches if isinstance(each, Rectangle) and each.get_hatch()]
    return {(round(each.get_y() + 0.5), round(each.get_x() + 0.5)) for each in boxes}


def test_map_has_the_costs_in_the_order_of_the_table(costs):
    ax = plot_ablation(costs, replacement="zero")
    rows = costs[costs["replacement"] == "zero"]
    np.testing.assert_allclose(
        ax.images[0].get_array(), rows["estimate"].to_numpy().reshape(2, len(EPOCHS))
    )
    names = [text.get_text() for text in ax.get_xticklabels()]
    assert names == ["all steps", "stimulus", "response"]
    assert [text.get_text() for text in ax.get_yticklabels()] == ["1", "2"]
    assert hatched(ax) == {(0, 2), (1, 2)}
    ax.figure.draw_without_rendering()


def test_colours_are_symmetric_and_outliers_do_not_set_them(costs):
    low, high = plot_ablation(costs, replacement="zero").images[0].get_clim()
    assert -low == high == pytest.approx(0.9)
    many = pd.concat([costs.assign(rank=costs["rank"] + 2 * i) for i in range(5)])
    many.iloc[0, many.columns.get_loc("estimate")] = 50.0
    ax = plot_ablation(many, replacement="identity")
    assert ax.images[0].get_clim()[1] < 2
    assert "50.00" in [text.get_text() for text in ax.texts]
    assert ax.images[0].colorbar.extend == "max"
    assert plot_ablation(many, limit=0.05).images[0].colorbar.extend == "both"


def test_conditions_divide_epochs(costs):
    parts = [costs.assign(congruent=c, estimate=costs["estimate"] + c) for c in (-1, 1)]
    table = pd.concat(parts).sort_values(["replacement", "rank"], kind="stable")
    table["epoch"] = pd.Categorical(table["epoch"], EPOCHS)
    table = table.sort_values(["replacement", "rank", "epoch"], kind="stable")
    ax = plot_ablation(table.astype({"epoch": str}), columns=["epoch", "congruent"])
    assert ax.images[0].get_array().shape == (2, 6)
    assert ax.get_xticklabels()[0].get_text() == "congruent \N{MINUS SIGN}1"
    assert {"all steps", "stimulus", "response"} <= {text.get_text() for text in ax.texts}
    first = table[(table["replacement"] == "identity") & (table["rank"] == 1)]
    np.testing.assert_allclose(ax.images[0].get_array()[0], first["estimate"])


def test_missing_cells_stay_empty_and_few_subjects_are_counted(costs):
    table = costs[costs["replacement"] == "zero"].copy()
    table.loc[table.index[-1], ["estimate", "q"]] = np.nan
    table.loc[table["rank"] == 2, "n_subjects"] = 3
    ax = plot_ablation(table)
    assert np.isnan(ax.images[0].get_array().filled(np.nan)[1, 2])
    assert [text.get_text() for text in ax.get_yticklabels()] == ["1 (n = 9)", "2 (n = 3)"]
    ax.figure.draw_without_rendering()


def test_panels_share_the_colours(costs):
    figure = plot_ablation_panels(costs)
    maps = [ax for ax in figure.axes if ax.images]
    assert [ax.get_title(loc="left") for ax in maps] == ["identity", "zero"]
    assert len({ax.images[0].get_clim() for ax in maps}) == 1
    figure.draw_without_rendering()


def test_no_unit_is_said(costs, stages):
    ax = Figure().add_subplot()
    assert plot_ablation(costs.iloc[:0], ax=ax) is ax
    empty = plot_ablation_panels(costs.iloc[:0]).axes[0]
    for each in (ax, empty, plot_greedy(stages.iloc[:0])):
        assert each.texts[0].get_text() == "no unit to replace"


def test_greedy_curves_are_means_over_subjects(stages):
    ax = plot_greedy(stages)
    means = stages.groupby(["replacement", "n_replaced"])["cost"]
    for colour, name in zip(REGIME_COLOURS, ("identity", "affine"), strict=False):
        pieces = [line for line in ax.lines if line.get_color() == colour]
        drawn = np.concatenate([line.get_ydata() for line in pieces])
        np.testing.assert_allclose(drawn.astype(float), means.mean()[name].to_numpy())
        # the last stage has other subjects, and stands alone
        assert [len(line.get_ydata()) for line in pieces] == [2, 1]
    bars = [
        each for each in ax.collections if np.allclose(each.get_color(), to_rgba(REGIME_COLOURS[0]))
    ]
    heights = [np.ptp(path[:, 1]) for each in bars for path in each.get_segments()]
    np.testing.assert_allclose(heights, 2 * means.sem()["identity"].to_numpy())
    assert [text.get_text() for text in ax.texts] == ["6", "6", "2", "n"]


def test_the_reference_is_the_mean_of_subjects(stages):
    ax = plot_greedy(stages, reference=[0.2, 0.4, np.nan])
    line = next(line for line in ax.lines if line.get_label() == "trained with P = 0")
    np.testing.assert_allclose(line.get_ydata(), 0.3)
    plot_greedy(stages[stages["subject"] == "a"], reference=[0.1]).figure.draw_without_rendering()


def test_tables_without_a_column_are_refused_by_name():
    costs = pd.DataFrame({"rank": [1], "estimate": [0.1], "q": [0.5], "epoch": ["all"]})
    with pytest.raises(DataError, match="costs: no column 'n_subjects'"):
        plots.plot_ablation(costs)
    costs = costs.assign(n_subjects=3)
    with pytest.raises(DataError, match="ablation map: no column 'cue'"):
        plots.plot_ablation(costs, columns="cue")
    with pytest.raises(DataError, match="ablation map: no column 'replacement'"):
        plots.plot_ablation_panels(costs)
    with pytest.raises(DataError, match="replacement: found 'zeros', expected one of zero"):
        plots.plot_ablation(costs.assign(replacement="zero"), replacement="zeros")
