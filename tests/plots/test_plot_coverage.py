"""Coverage: bars and running sum of the table, and what the title says of it."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from neuroalrnn import plots
from neuroalrnn.exceptions import DataError
from neuroalrnn.plots.style import OTHER_COLOUR, REGIME_COLOURS
from neuroalrnn.regimes import compute_coverage


def test_bars_are_shares_and_the_line_is_their_running_sum():
    codes = np.repeat([3, 0, 2], [60, 30, 10])
    ax = plots.plot_coverage(compute_coverage(codes, 2))
    np.testing.assert_allclose([bar.get_height() for bar in ax.patches], [0.6, 0.3, 0.1])
    np.testing.assert_allclose(ax.lines[0].get_ydata(), [0.6, 0.9, 1.0])
    assert ax.get_title(loc="left") == "3 of 4 regimes visited,\n3 cover 95 % of steps"
    assert [to_hex(bar.get_facecolor()).upper() for bar in ax.patches] == list(REGIME_COLOURS[:3])
    assert ax.get_xlabel()
    assert ax.get_ylabel()


def test_ninety_five_per_cent_reached_exactly_counts_as_covered():
    ax = plots.plot_coverage(compute_coverage(np.repeat([0, 1], [95, 5]), 1))
    assert "1 cover 95 %" in ax.get_title(loc="left")


def test_several_networks_have_a_line_each():
    tables = [compute_coverage(np.arange(n), n_pwl).assign(fold=n) for n, n_pwl in ((2, 1), (5, 3))]
    ax = plots.plot_coverage(pd.concat(tables))
    curves = [
        line.get_ydata()
        for line in ax.lines
        if len(line.get_xdata()) != 2 or line.get_ydata()[0] == 0.5
    ]
    np.testing.assert_allclose(curves[0], [0.5, 1])
    np.testing.assert_allclose(curves[1], np.arange(1, 6) / 5)
    assert not ax.patches
    title = ax.get_title(loc="left")
    assert "2\N{EN DASH}5 of 2\N{EN DASH}8 regimes visited (2 networks)" in title


def test_one_regime_and_many_regimes():
    ax = plots.plot_coverage(compute_coverage(np.zeros(5, int), 0))
    assert "1 of 1 regimes visited" in ax.get_title(loc="left")
    ax = plots.plot_coverage(compute_coverage(np.arange(40), 20))
    assert "40 of 1,048,576 regimes" in ax.get_title(loc="left")
    assert to_hex(ax.patches[-1].get_facecolor()).upper() == OTHER_COLOUR
    ax.figure.draw_without_rendering()


def test_no_regime_is_said():
    ax = plots.plot_coverage(compute_coverage([0], 0)[:0])
    assert [text.get_text() for text in ax.texts] == ["no regime visited"]


def test_tables_without_a_column_are_refused_by_name():
    with pytest.raises(DataError, match="coverage: no column 'rank'"):
        plots.plot_coverage(pd.DataFrame({"occupancy": [1.0]}))
