"""Predictive figures show subjects, band and misfit as the table has them."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from neuroalrnn.plots.predictive import plot_predictive, plot_predictive_panels


@pytest.fixture
def comparison():
    parts = []
    panels = {"runs": (["all"], [1, 2, 3]), "stay": (["common", "rare"], ["win", "loss"])}
    for name, (curves, places) in panels.items():
        for curve in curves:
            table = pd.DataFrame({"x": pd.Series(places, dtype=object), "curve": curve})
            table["signature"], table["quantity"], table["x_name"] = name, "P(same)", "lag (trials)"
            parts.append(table)
    table = pd.concat(parts, ignore_index=True)
    n = len(table)
    table["mean"], table["standard_error"] = np.linspace(0.2, 0.8, n), 0.05
    table["simulated_mean"] = table["mean"] + 0.02
    table["simulated_low"], table["simulated_high"] = table["mean"] - 0.03, table["mean"] + 0.06
    return table.assign(inside=np.arange(n) != 1)


def offsets(ax, colour_is_white):
    """Places of the points of subjects, filled or open."""
    found = []
    for each in ax.collections:
        if hasattr(each, "get_sizes") and len(each.get_sizes()) and len(each.get_offsets()):
            white = np.allclose(each.get_facecolor()[0], 1.0)
            found += [tuple(place) for place in each.get_offsets() if white == colour_is_white]
    return sorted(found)


def test_points_are_the_subjects_and_open_outside_the_band(comparison):
    ax = plot_predictive(comparison, signature="runs")
    rows = comparison[comparison["signature"] == "runs"]
    places = list(zip(rows["x"].astype(float), rows["mean"], strict=True))
    np.testing.assert_allclose(offsets(ax, True), [places[1]])
    np.testing.assert_allclose(offsets(ax, False), [places[0], places[2]])


def test_the_band_spans_the_simulated_interval(comparison):
    ax = plot_predictive(comparison, signature="runs")
    band = ax.collections[0].get_paths()[0].vertices[:, 1]
    rows = comparison[comparison["signature"] == "runs"]
    assert band.min() == pytest.approx(rows["simulated_low"].min())
    assert band.max() == pytest.approx(rows["simulated_high"].max())


def test_bars_of_curves_stand_side_by_side_in_named_places(comparison):
    ax = plot_predictive(comparison, signature="stay")
    assert [text.get_text() for text in ax.get_xticklabels()] == ["win", "loss"]
    bars = [(bar.get_y(), bar.get_y() + bar.get_height()) for bar in ax.patches]
    rows = comparison[comparison["signature"] == "stay"]
    expected = zip(rows["simulated_low"], rows["simulated_high"], strict=True)
    np.testing.assert_allclose(sorted(bars), sorted(expected))
    middles = sorted(bar.get_x() + bar.get_width() / 2 for bar in ax.patches)
    assert len(np.unique(np.round(middles, 6))) == 4
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["common", "rare"]
    low, high = ax.get_ylim()
    assert low < rows["simulated_low"].min()
    assert high > rows["simulated_high"].max()


@pytest.mark.parametrize("name", ["runs", "stay"])
def test_draws_on_the_axes_given_and_names_them(name, comparison):
    before, ax = comparison.copy(), Figure().add_subplot()
    assert plot_predictive(comparison, signature=name, ax=ax) is ax
    assert ax.get_xlabel() == "Lag (trials)"
    assert ax.get_ylabel() == "P(same)"
    ax.figure.draw_without_rendering()
    pd.testing.assert_frame_equal(comparison, before)


@pytest.mark.parametrize("n_panels", [1, 2, 3, 4, 5])
def test_panels_have_journal_width_and_one_axes_per_signature(n_panels, comparison):
    runs = comparison[comparison["signature"] == "runs"]
    many = pd.concat([runs.assign(signature=f"panel {i}") for i in range(n_panels)])
    figure = plot_predictive_panels(many)
    figure.draw_without_rendering()
    assert figure.get_figwidth() * 25.4 == pytest.approx(180)
    assert [ax.get_title(loc="left") for ax in figure.axes] == [
        f"Panel {i}" for i in range(n_panels)
    ]
    assert len(figure.legends) == 1


def test_nothing_to_compare_is_said(comparison):
    figure = plot_predictive_panels(comparison.iloc[:0])
    assert "no signature" in figure.axes[0].texts[0].get_text()
