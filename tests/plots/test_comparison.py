"""Figures of compared models, calibration and stability show the numbers of their tables."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from neuroalrnn import plots
from neuroalrnn.exceptions import DataError
from neuroalrnn.plots.style import DOUBLE, SINGLE, signed

DRAW = {
    "comparison": lambda f, t, **k: plots.plot_comparison(f, t["models"], **k),
    "reliability": lambda f, t, **k: plots.plot_reliability(t["reliability"], "AL-RNN", **k),
    "stability": lambda f, t, **k: plots.plot_stability(t["stability_pairs"], **k),
}


@pytest.mark.parametrize("name", DRAW)
def test_draws_on_the_axes_given_and_leaves_tables_alone(name, fit, analysis):
    before = {key: table.copy(deep=True) for key, table in analysis.tables.items()}
    ax = Figure().add_subplot()
    assert DRAW[name](fit, analysis.tables, ax=ax) is ax
    assert ax.get_xlabel()
    ax.figure.draw_without_rendering()
    assert all(table.equals(before[key]) for key, table in analysis.tables.items())


@pytest.mark.parametrize("name", DRAW)
def test_a_figure_of_its_own_has_journal_width(name, fit, analysis):
    width = DRAW[name](fit, analysis.tables).figure.get_figwidth() * 25.4
    assert width == pytest.approx(SINGLE) or width == pytest.approx(DOUBLE)


def symbols(ax):
    """Places of the mean symbols, from top to bottom."""
    return [line.get_xdata()[0] for line in ax.lines if line.get_marker() in "osD"]


def test_rows_are_the_models_of_the_table_and_bold_ones_the_best(fit, analysis):
    models = analysis.tables["models"]
    ax = plots.plot_comparison(fit, models)
    assert len(ax.get_yticklabels()) == len(models)
    bold = [label.get_weight() == "bold" for label in ax.get_yticklabels()]
    assert bold == models["within_one_error"].tolist()
    assert set(symbols(ax)) <= set(models["difference"])
    texts = [text.get_text() for text in ax.texts]
    row = models[models["model"] == "AL-RNN"].iloc[0]
    assert f"{row['n_favouring']}/{row['n_subjects']}" in texts


def test_no_row_is_said_and_rows_twice_are_refused(fit, analysis):
    models, comparisons = (analysis.tables[name] for name in ("models", "comparisons"))
    ax = plots.plot_comparison(fit, models[:0])
    assert [text.get_text() for text in ax.texts] == ["no model was compared"]
    with pytest.raises(DataError, match="models: column 'model' holds 'AL-RNN' more than once"):
        plots.plot_comparison(fit, pd.concat([models[models["model"] == "AL-RNN"], models]))
    with pytest.raises(DataError, match=r"comparisons: column 'effect' holds .* more than once"):
        plots.plot_score_differences(fit, pd.concat([comparisons] * 2))


def test_far_models_are_written_at_the_edge_and_the_others_to_scale(fit, analysis):
    models = analysis.tables["models"].copy()
    models.loc[len(models) - 1, ["difference", "ci_low", "ci_high"]] = [-90.0, -91.0, -89.0]
    ax = plots.plot_comparison(fit, models)
    assert signed(-90.0) in [text.get_text() for text in ax.texts]
    assert max(map(abs, ax.get_xlim())) < 5
    low, high = ax.get_xlim()
    assert all(low < value < high for value in symbols(ax))


def test_reliability_shows_bins_band_and_diagonal(analysis):
    curve = analysis.tables["reliability"].query("model == 'AL-RNN'")
    ax = plots.plot_reliability(analysis.tables["reliability"], "AL-RNN")
    diagonal, points = ax.lines
    np.testing.assert_array_equal(diagonal.get_xdata(), diagonal.get_ydata())
    low, high = ax.get_xlim()
    assert points.get_xdata() == pytest.approx(np.clip(curve["predicted"], low, high))
    assert points.get_ydata() == pytest.approx(np.clip(curve["observed"], low, high))
    assert ax.get_ylim() == ax.get_xlim() == pytest.approx((low, 1 - low))
    assert len(ax.collections) == 1


def test_every_option_has_a_curve_and_a_name(analysis):
    one = analysis.tables["reliability"].query("model == 'AL-RNN'")
    three = pd.concat([one.assign(option=name) for name in ("left", "right", "none")])
    ax = plots.plot_reliability(three, "AL-RNN")
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["left", "right", "none"]


def test_calibration_has_one_panel_per_model(fit, analysis):
    tables = analysis.tables
    figure = plots.plot_calibration_panels(fit, tables["reliability"], tables["calibration"])
    figure.draw_without_rendering()
    shown = [ax for ax in figure.axes if ax.axison]
    assert len(shown) == tables["calibration"]["model"].nunique()
    slope = tables["calibration"].set_index("model").loc["AL-RNN", "slope"]
    texts = [text.get_text() for ax in shown for text in ax.texts]
    assert any(signed(slope, 2) in text for text in texts)


def test_stability_shows_every_pair_and_the_limits(analysis):
    pairs = analysis.tables["stability_pairs"]
    ax = plots.plot_stability(pairs, limits=(0.5, 0.8))
    found = [x for dots in ax.collections for x in dots.get_offsets()[:, 0]]
    expected = [*pairs["adjusted_rand"].dropna(), *pairs["adjusted_rand_shifted"].dropna()]
    assert sorted(found) == pytest.approx(sorted(expected))
    assert {0.5, 0.8} <= {line.get_xdata()[0] for line in ax.lines}
    none = plots.plot_stability(pairs[:0])
    assert "nothing to compare" in none.texts[0].get_text()


def test_saving_keeps_the_columns_beside_the_axes_within_the_page(tmp_path, fit, analysis):
    figure = plots.plot_comparison(fit, analysis.tables["models"]).figure
    plots.save_figure(figure, tmp_path, "comparison")
    right = [text.get_window_extent().x1 for text in figure.axes[0].texts]
    assert max(right) <= figure.bbox.x1
