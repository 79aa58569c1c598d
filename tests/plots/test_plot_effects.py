"""Forest plots: intervals of the table, filled where clear, cut where far."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from neuroalrnn import plots
from neuroalrnn.exceptions import DataError
from neuroalrnn.plots.effects import shown_range
from neuroalrnn.plots.style import BLUE
from neuroalrnn.stats.effects import effect_table


def make_effects(n, **more):
    rng = np.random.default_rng(2)
    estimate, half = rng.normal(size=n), rng.uniform(0.2, 0.6, n)
    rows = {
        "effect": [f"regime {i}" for i in range(n)],
        "estimate": estimate,
        "ci_low": estimate - half,
        "ci_high": estimate + 2 * half,
        "p": np.linspace(0.001, 0.2, n),
        "n_subjects": 12,
        "scale": "log s",
    }
    return effect_table(pd.DataFrame(rows | more).to_dict("records"))


def points(ax):
    return [line for line in ax.lines if line.get_marker() == "o"]


def texts(ax):
    return [text.get_text() for text in ax.texts]


def test_rows_show_estimates_and_uneven_intervals():
    table = make_effects(5)
    ax = plots.plot_effects(table)
    np.testing.assert_allclose([line.get_xdata()[0] for line in points(ax)], table["estimate"])
    ends = [bar.get_segments()[0][:, 0] for bar in ax.collections]
    np.testing.assert_allclose(ends, table[["ci_low", "ci_high"]])
    assert [label.get_text() for label in ax.get_yticklabels()] == list(table["effect"])
    assert ax.get_ylim()[0] > ax.get_ylim()[1]
    assert ax.get_xlabel() == "Estimate (log s)"


def test_filled_below_five_per_cent_of_q_or_else_p():
    table = make_effects(4)
    for kind, values in (("p", table["p"]), ("q", [0.5, 0.01, 0.05, 0.0004])):
        ax = plots.plot_effects(table.assign(**{kind: values}))
        filled = [to_hex(line.get_markerfacecolor()).upper() == BLUE for line in points(ax)]
        assert filled == [value < 0.05 for value in values]
        assert kind in texts(ax)
    assert "<.001" in texts(ax)


def test_far_interval_is_cut_and_marked():
    table = make_effects(6)
    table.loc[2, "ci_high"] = 500.0
    ax = plots.plot_effects(table)
    assert max(np.abs(ax.get_xlim())) < 20
    marks = [line for line in ax.lines if line.get_marker() in "<>"]
    assert [(line.get_marker(), line.get_ydata()[0]) for line in marks] == [(">", 2)]
    assert marks[0].get_xdata()[0] == ax.get_xlim()[1]


def test_limits_show_zero_and_every_estimate():
    for shift in (-5.0, 0.0, 5.0):
        table = make_effects(8)
        table[["estimate", "ci_low", "ci_high"]] += shift
        low, high = shown_range(table)
        assert low < min(0, table["estimate"].min())
        assert high > max(0, table["estimate"].max())


@pytest.mark.parametrize("n", [1, 30])
def test_few_and_many_rows_are_drawn(n):
    ax = plots.plot_effects(make_effects(n))
    assert len(points(ax)) == n
    ax.figure.draw_without_rendering()


def test_rows_left_out_are_counted():
    ax = plots.plot_effects(make_effects(33))
    assert len(points(ax)) == 30
    assert ax.get_title(loc="left") == "first 30 of 33 effects"


def test_missing_estimates_and_intervals():
    table = make_effects(3)
    table.loc[0, ["estimate", "ci_low", "ci_high", "p"]] = np.nan
    table.loc[1, ["ci_low", "ci_high", "p"]] = np.nan
    ax = plots.plot_effects(table)
    assert len(points(ax)) == 2
    assert "not testable" in texts(ax)
    ax.figure.draw_without_rendering()
    bare = make_effects(3)[["effect", "estimate", "ci_low", "ci_high"]]
    plots.plot_effects(bare).figure.draw_without_rendering()


def test_no_effect_is_said():
    assert texts(plots.plot_effects(make_effects(2)[:0])) == ["no effect"]
    assert texts(plots.plot_effects_panels(make_effects(2)[:0]).axes[0]) == ["no effect"]


def test_same_rows_on_several_scales_are_side_by_side():
    table = pd.concat([make_effects(3), make_effects(3, scale="share")])
    figure = plots.plot_effects_panels(table)
    assert [ax.get_xlabel() for ax in figure.axes] == ["Estimate (log s)", "Estimate (share)"]
    assert [any(t.get_text() for t in ax.get_yticklabels()) for ax in figure.axes] == [True, False]
    figure.draw_without_rendering()


def test_other_rows_are_below_each_other_with_names_of_several_columns():
    table = pd.concat([make_effects(4, step="c1"), make_effects(2, scale="share", step="c2")])
    figure = plots.plot_effects_panels(table, name=["step", "effect"])
    names = [[t.get_text() for t in ax.get_yticklabels()] for ax in figure.axes]
    assert names[1] == ["c2, regime 0", "c2, regime 1"]
    assert len(names[0]) == 4
    figure.draw_without_rendering()


def test_tables_without_a_column_are_refused_by_name():
    with pytest.raises(DataError, match="effects: no column 'ci_low'"):
        plots.plot_effects(pd.DataFrame({"effect": ["a"], "estimate": [1.0], "ci_high": [2.0]}))
    with pytest.raises(DataError, match="effects: no column 'ci_low', 'ci_high'"):
        plots.plot_effects_panels(pd.DataFrame({"estimate": [1.0]}))
