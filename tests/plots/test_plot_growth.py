"""Growth and exponents: the numbers of the tables, on axes that hold them."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from neuroalrnn import plots
from neuroalrnn.exceptions import DataError
from neuroalrnn.mechanism.dynamics.growth import compute_functional_growth, compute_path_growth
from neuroalrnn.mechanism.dynamics.lyapunov import compute_lyapunov
from neuroalrnn.network.run import Network
from neuroalrnn.plots.style import FAINT


def make_network(n_features=3, slope=0.5):
    rng = np.random.default_rng(3)
    return Network(
        n_pwl=1,
        self_slope=np.full(3, slope),
        weight=0.3 * rng.normal(size=(3, 3)),
        input_weight=rng.normal(size=(3, n_features)),
        bias=np.zeros(3),
        initial=np.zeros(3),
        readout=rng.normal(size=(2, 3)),
        offset=np.zeros(2),
    )


def named(ax, label):
    return next(line for line in ax.lines if line.get_label() == label)


def texts(ax):
    return [text.get_text() for text in ax.texts]


@pytest.fixture
def paths():
    return np.random.default_rng(4).integers(0, 2, (5, 30))


def test_path_growth_shows_median_band_and_largest(paths):
    growth = compute_path_growth(make_network(), paths, 10)
    ax = plots.plot_path_growth(growth)
    np.testing.assert_array_equal(named(ax, "median").get_ydata(), growth["growth"])
    np.testing.assert_array_equal(named(ax, "largest").get_ydata(), growth["growth_largest"])
    corners = ax.collections[0].get_paths()[0].vertices
    assert corners[corners[:, 0] == 4, 1].max() == pytest.approx(growth["growth_high"][4])


def test_axis_is_logarithmic_only_over_wide_ranges(paths):
    fast = compute_path_growth(make_network(slope=0.0), paths, 10)
    assert fast["growth_low"].min() < fast["growth_largest"].max() / 30
    assert plots.plot_path_growth(fast).get_yscale() == "log"
    assert plots.plot_path_growth(fast[:1]).get_yscale() == "linear"


def test_lags_without_a_path_are_left_out():
    growth = compute_path_growth(make_network(), np.zeros((2, 3), int), 6)
    ax = plots.plot_path_growth(growth)
    np.testing.assert_array_equal(named(ax, "median").get_xdata(), [0, 1, 2, 3])
    assert texts(plots.plot_path_growth(growth[5:])) == ["no path"]


def test_functional_growth_has_a_line_per_input():
    growth = compute_functional_growth(make_network(), [0, 1], 8)
    ax = plots.plot_functional_growth(growth, code=1, features=["left", "right", "reward"])
    own = growth[(growth["code"] == 1) & (growth["feature"] == 2)]
    np.testing.assert_array_equal(named(ax, "reward").get_ydata(), own["growth"])
    assert len(ax.get_legend().get_texts()) == 3
    default = plots.plot_functional_growth(growth)
    first = growth[(growth["code"] == 0) & (growth["feature"] == 1)]["growth"]
    np.testing.assert_array_equal(named(default, "input 1").get_ydata(), first)


def test_inputs_with_the_highest_peaks_are_named():
    growth = compute_functional_growth(make_network(n_features=10), [0], 5)
    ax = plots.plot_functional_growth(growth)
    ranked = growth.groupby("feature")["growth"].max().sort_values(ascending=False).index
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    assert names == [*(f"input {feature}" for feature in ranked[:7]), "3 more"]
    faint = [line for line in ax.lines if to_hex(line.get_color()).upper() == FAINT]
    assert sum(len(line.get_xdata()) > 0 for line in faint) == 3


def test_unknown_and_missing_regimes():
    growth = compute_functional_growth(make_network(), [0, 1], 2)
    with pytest.raises(DataError, match=r"found 5, expected one of \[0, 1\]"):
        plots.plot_functional_growth(growth, code=5)
    assert texts(plots.plot_functional_growth(growth[:0])) == ["no regime"]


def test_lyapunov_shows_sequences_and_their_mean(paths):
    table = compute_lyapunov(make_network(), paths)
    ax = plots.plot_lyapunov(table)
    expected = table.groupby("direction")["exponent"].mean()
    np.testing.assert_allclose(ax.lines[0].get_ydata(), expected)
    np.testing.assert_allclose(ax.collections[0].get_offsets()[:, 1], table["exponent"])
    assert "nats per step" in ax.get_ylabel()


def test_lyapunov_per_subject_epoch_and_second(paths):
    epoch = np.tile(np.where(np.arange(30) < 10, "early", "late"), (5, 1))
    table = compute_lyapunov(make_network(), paths, epoch=epoch, step_seconds=0.1)
    subject = np.where(table["sequence"] < 3, "a", "b")
    ax = plots.plot_lyapunov(table.assign(subject=subject))
    early = table[(table["epoch"] == "early") & (table["direction"] == 0)]
    per_subject = early.groupby(subject[early.index])["exponent_per_second"].mean()
    assert named(ax, "early").get_ydata()[0] == pytest.approx(per_subject.mean())
    assert len(ax.collections[0].get_offsets()) == 2 * 3
    assert "nats per second" in ax.get_ylabel()


def test_minus_infinity_is_counted_not_averaged(paths):
    table = compute_lyapunov(make_network(), paths)
    collapsed = (table["direction"] == 2) & (table["sequence"] < 2)
    table.loc[collapsed, "exponent"] = -np.inf
    ax = plots.plot_lyapunov(table)
    assert texts(ax) == ["2 at \N{MINUS SIGN}\N{INFINITY}"]
    rest = table[(table["direction"] == 2) & ~collapsed]["exponent"].mean()
    assert ax.lines[0].get_ydata()[2] == pytest.approx(rest)
    ax.figure.draw_without_rendering()
    ax = plots.plot_lyapunov(table.assign(exponent=-np.inf))
    assert texts(ax) == ["all exponents at \N{MINUS SIGN}\N{INFINITY}"]
    assert texts(plots.plot_lyapunov(pd.DataFrame(table[:0]))) == ["no sequence"]


def test_tables_without_a_column_are_refused_by_name():
    for plot, name in (
        (plots.plot_path_growth, "growth"),
        (plots.plot_functional_growth, "growth"),
        (plots.plot_lyapunov, "lyapunov"),
    ):
        with pytest.raises(DataError, match=f"{name}: no column"):
            plot(pd.DataFrame({"code": [0]}))
