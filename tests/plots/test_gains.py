"""Kernels of gains are drawn as the table has them."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from neuroalrnn import plots
from neuroalrnn.exceptions import DataError
from neuroalrnn.mechanism.inputs import compute_gains
from neuroalrnn.plots import plot_gains, plot_gains_panels
from neuroalrnn.plots.style import regime_colour
from neuroalrnn.tasks import integration, scalar_memory


@pytest.fixture
def gains():
    regimes = np.random.default_rng(0).integers(0, 2, (20, 6))
    return compute_gains(integration().network, regimes, 3)


def curves(ax, colour, style):
    return [
        line.get_ydata()
        for line in ax.lines
        if line.get_color() == colour and line.get_linestyle() == style
    ]


def test_curves_are_means_and_what_a_held_regime_would_do(gains):
    ax = plot_gains(gains, feature=2, labels={0: 0, 1: 1})
    assert ax.get_xlabel() == "Lag (steps)"
    for code in (0, 1):
        rows = gains[(gains["feature"] == 2) & (gains["code"] == code)]
        (mean,), (held,) = (curves(ax, regime_colour(code), style) for style in ("-", "--"))
        np.testing.assert_allclose(mean, rows["gain"])
        np.testing.assert_allclose(held, rows["gain_constant"])
    ax.figure.draw_without_rendering()


def test_the_band_is_one_standard_deviation(gains):
    ax = plot_gains(gains[gains["code"] == 0], feature=1)
    rows = gains[(gains["feature"] == 1) & (gains["code"] == 0)]
    edges = ax.collections[0].get_paths()[0].vertices[:, 1]
    assert edges.max() == pytest.approx((rows["gain"] + rows["gain_sd"]).max())
    assert edges.min() == pytest.approx((rows["gain"] - rows["gain_sd"]).min())


def test_labels_default_to_use(gains):
    table = gains.assign(n_steps=np.where(gains["code"] == 1, 90, 30))
    ax = plot_gains(table, feature=0)
    rows = table[(table["feature"] == 0) & (table["code"] == 1)]
    np.testing.assert_allclose(curves(ax, regime_colour(0), "-")[0], rows["gain"])


def test_panels_share_a_scale_and_have_the_names_of_the_inputs(gains):
    figure = plot_gains_panels(gains, features=["x1", "x2", "context"])
    assert [ax.get_title(loc="left") for ax in figure.axes] == ["x1", "x2", "context"]
    assert len({ax.get_ylim() for ax in figure.axes}) == 1
    low, high = figure.axes[0].get_ylim()
    assert gains["gain"].between(low, high).all()
    assert len(figure.legends) == 1
    figure.draw_without_rendering()


def test_a_growing_mode_does_not_flatten_the_rest(gains):
    wild = gains.assign(gain_constant=gains["gain_constant"] * 10.0 ** gains["lag"] ** 2)
    low, high = plot_gains(wild, feature=2).get_ylim()
    ends = np.r_[gains["gain"] - gains["gain_sd"], gains["gain"] + gains["gain_sd"]]
    assert high - low < 4 * np.ptp(ends)


def test_one_regime_one_input_and_lags_beyond_all_paths():
    table = compute_gains(scalar_memory().network, np.zeros((3, 4), dtype=int), 6)
    assert table["gain"].isna().any()
    ax = plot_gains(table)
    (mean,) = curves(ax, regime_colour(0), "-")
    np.testing.assert_allclose(mean[:4], 8.0)
    assert np.isnan(mean[4:]).all()
    figure = plot_gains_panels(table)
    assert figure.get_figwidth() * 25.4 == pytest.approx(88)


def test_nothing_to_draw_is_said(gains):
    ax = Figure().add_subplot()
    assert plot_gains(gains.iloc[:0], ax=ax) is ax
    assert ax.texts[0].get_text() == "no path"
    assert plot_gains(gains.assign(gain=np.nan)).texts[0].get_text() == "no path"
    assert plot_gains_panels(gains.iloc[:0]).axes[0].texts[0].get_text() == "no input"


def test_tables_without_a_column_are_refused_by_name():
    for plot in (plots.plot_gains, plots.plot_gains_panels):
        with pytest.raises(DataError, match="gains: no column 'code'"):
            plot(pd.DataFrame({"feature": [0]}))
