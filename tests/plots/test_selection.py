"""Selection vectors are drawn as the table has them."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

from neuroalrnn import plots
from neuroalrnn.exceptions import DataError
from neuroalrnn.mechanism.inputs import compute_selection
from neuroalrnn.plots import plot_selection, plot_selection_map
from neuroalrnn.plots.style import regime_colour
from neuroalrnn.tasks import integration


@pytest.fixture
def selection():
    return compute_selection(integration().network, [1, 0], 5)


def arrows(ax):
    """Ends and colours of all arrows."""
    drawn = [each for each in ax.texts if getattr(each, "arrow_patch", None) is not None]
    return {tuple(np.round(each.xy, 9) + 0.0): each.arrow_patch for each in drawn}


def test_each_context_selects_its_own_stream(selection):
    ax = plot_selection(selection, features=["x1", "x2", "context"])
    found = arrows(ax)
    assert set(found) == {(1.0, 0.0), (0.0, 1.0)}
    assert ax.get_xlabel() == "Uptake of x1"
    assert ax.get_ylabel() == "Uptake of x2"
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        "0: 1.00, 1.00",
        "1: 1.00, 1.00",
    ]
    ax.figure.draw_without_rendering()


def test_labels_give_the_colours_and_must_cover_all_regimes(selection):
    ax = plot_selection(selection, labels={0: 3, 1: 9})
    found = {end: patch.get_edgecolor() for end, patch in arrows(ax).items()}
    assert found == {(1.0, 0.0): to_rgba(regime_colour(9)), (0.0, 1.0): to_rgba(regime_colour(3))}
    assert ax.get_legend().get_texts()[-1].get_text() == "other regimes"
    with pytest.raises(DataError, match=r"\[0\]"):
        plot_selection(selection, labels={1: 0})


def test_wide_arrows_are_aligned_with_the_read_out(selection):
    ax = plot_selection(selection.assign(alignment=np.where(selection["code"] == 1, 1.0, 0.1)))
    found = arrows(ax)
    assert found[1.0, 0.0].get_linewidth() > 2 * found[0.0, 1.0].get_linewidth()


def test_map_shows_every_input_and_the_alignment(selection):
    ax = plot_selection_map(selection, features=["x1", "x2", "context"])
    np.testing.assert_allclose(ax.images[0].get_array(), [[1, 0, 2.5], [0, 1, -2.5]], atol=1e-12)
    low, high = ax.images[0].get_clim()
    assert -low == high == 2.5
    assert [text.get_text() for text in ax.get_xticklabels()] == ["x1", "x2", "context"]
    assert [text.get_text() for text in ax.texts].count("1.00") == 2 + 2
    ax.figure.draw_without_rendering()


def test_complex_pairs_are_one_row_of_sizes(selection):
    table = selection[selection["mode"] < 2].assign(real=0.6, slow=True)
    table["imag"] = np.where(table["mode"] == 0, 0.3, -0.3)
    table["weight"], table["weight_imag"] = -3.0, 4.0
    ax = plot_selection_map(table)
    np.testing.assert_allclose(ax.images[0].get_array(), 5.0)
    assert ax.images[0].get_array().shape == (2, 3)
    assert "0.60 \N{PLUS-MINUS SIGN} 0.30i" in ax.get_yticklabels()[0].get_text()
    ends = arrows(plot_selection(table))
    assert set(ends) == {(5.0, 5.0)}


@pytest.mark.parametrize("draw", [plot_selection, plot_selection_map])
def test_nothing_to_draw_is_said(draw, selection):
    ax = Figure().add_subplot()
    assert draw(selection.assign(slow=False), ax=ax) is ax
    assert ax.texts[0].get_text() == "no slow mode"
    assert draw(selection.iloc[:0]).texts[0].get_text() == "no slow mode"
    missing = selection.assign(weight=np.nan, weight_imag=np.nan)
    draw(missing).figure.draw_without_rendering()
    with pytest.raises(DataError, match="modes"):
        draw(selection, modes="fast")


def test_tables_without_a_column_are_refused_by_name():
    for plot in (plots.plot_selection, plots.plot_selection_map):
        with pytest.raises(DataError, match="selection: no column 'code'"):
            plot(pd.DataFrame({"feature": [0]}))
