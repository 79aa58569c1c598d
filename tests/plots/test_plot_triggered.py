"""Averages around switches: group, band and subjects as in the data set."""

import numpy as np
import pytest
import xarray as xr
from matplotlib.colors import to_hex

from neuroalrnn import plots
from neuroalrnn.exceptions import DataError
from neuroalrnn.plots.layout import say_some, some_of
from neuroalrnn.plots.style import BLUE, FAINT, new_figure

LAGS = np.arange(-2, 3)


def test_of_very_many_subjects_some_are_drawn_and_that_is_said():
    ax = new_figure(60, 40).subplots()
    names = np.array([f"s{k}" for k in range(1201)])
    assert len(some_of(names)) == 500
    assert some_of(names)[[0, -1]].tolist() == ["s0", "s1200"]
    assert some_of(names[:500]).tolist() == names[:500].tolist()
    for n in (500, 1201, 1201):
        say_some(ax, n)
    assert [text.get_text() for text in ax.texts] == ["500 of 1,201 subjects drawn"]


@pytest.fixture
def triggered():
    """Two outcomes of three subjects, of which the third cannot be tested."""
    rng = np.random.default_rng(0)
    shape = (2, 3, len(LAGS))
    average, null = rng.uniform(0.4, 0.9, shape), rng.uniform(0.4, 0.9, shape)
    average[:, 2] = null[:, 2] = np.nan
    group = np.nanmean(null, axis=1)
    each, over = ("outcome", "subject", "lag"), ("outcome", "lag")
    return xr.Dataset(
        {
            "average": (each, average),
            "null_mean": (each, null),
            "group_average": (over, np.nanmean(average, axis=1)),
            "group_null_mean": (over, group),
            "group_null_low": (over, group - 0.1),
            "group_null_high": (over, group + 0.1),
            "group_p": (over, np.full((2, len(LAGS)), 0.01)),
            "group_q": (over, [[0.5, 0.01, 0.5, 0.049, 0.05], [0.5] * 5]),
        },
        coords={"outcome": ["correct", "log rt"], "subject": list("abc"), "lag": LAGS},
        attrs={"n_draws": 99},
    )


def lines_of(ax, colour):
    return [line for line in ax.lines if to_hex(line.get_color()).upper() == colour]


def test_group_mean_and_clear_lags(triggered):
    ax = plots.plot_triggered(triggered)
    mean, clear = lines_of(ax, BLUE)
    np.testing.assert_array_equal(mean.get_ydata(), triggered["group_average"][0])
    np.testing.assert_array_equal(clear.get_xdata(), [-1, 1])
    assert ax.get_ylabel() == "Share correct"
    assert ax.get_xlabel() == "Trials after the switch"


def test_band_is_that_of_the_shifts(triggered):
    ax = plots.plot_triggered(triggered, outcome="log rt")
    corners = ax.collections[0].get_paths()[0].vertices
    for lag, low in zip(LAGS, triggered["group_null_low"].values[1], strict=True):
        assert corners[corners[:, 0] == lag, 1].min() == pytest.approx(low)
        assert corners[corners[:, 0] == lag, 1].max() == pytest.approx(low + 0.2)


def test_subjects_are_moved_by_their_null_means(triggered):
    ax = plots.plot_triggered(triggered)
    curves = lines_of(ax, FAINT)
    one = triggered.isel(outcome=0)
    moved = one["average"] - one["null_mean"] + one["group_null_mean"]
    assert len(curves) == 2
    np.testing.assert_allclose(curves[1].get_ydata(), moved.sel(subject="b"))
    assert "2 subjects, around the null mean" in [t.get_text() for t in ax.get_legend().get_texts()]


def test_without_q_the_p_counts(triggered):
    single = triggered.isel(outcome=0, drop=True).drop_vars("group_q")
    ax = plots.plot_triggered(single, outcome="confidence")
    assert len(lines_of(ax, BLUE)[1].get_xdata()) == len(LAGS)
    assert ax.get_ylabel() == "confidence"
    assert "mean (filled: p < .05)" in [t.get_text() for t in ax.get_legend().get_texts()]


def test_missing_band_leaves_the_mean(triggered):
    names = ["group_null_mean", "group_null_low", "group_null_high"]
    bare = triggered.assign({name: triggered[name] * np.nan for name in names})
    ax = plots.plot_triggered(bare)
    np.testing.assert_array_equal(lines_of(ax, BLUE)[0].get_ydata(), triggered["group_average"][0])
    assert not lines_of(ax, FAINT)
    ax.figure.draw_without_rendering()


def test_one_panel_per_outcome_and_what_is_missing_is_said(triggered):
    triggered["group_average"][1] = np.nan
    figure = plots.plot_triggered_panels(triggered)
    assert [ax.get_title(loc="left") for ax in figure.axes] == ["Correctness", "Reaction time"]
    said = [text.get_text() for text in figure.axes[1].texts]
    assert said == ["no subject with enough switches"]
    assert len(figure.legends[0].get_texts()) == 3
    figure.draw_without_rendering()
    triggered["group_average"][:] = np.nan
    assert not plots.plot_triggered_panels(triggered).legends


def test_other_tables_and_outcomes_are_refused(triggered):
    with pytest.raises(DataError, match="outcome: found 'speed', expected one of correct, log rt"):
        plots.plot_triggered(triggered, outcome="speed")
    for wrong in (triggered["average"], triggered.drop_vars("group_average")):
        with pytest.raises(DataError, match=r"triggered (=|has)"):
            plots.plot_triggered(wrong)
