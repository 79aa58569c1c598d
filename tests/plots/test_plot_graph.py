"""The graph of regimes: nodes by use, arrows by probability, rare regimes in one node."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from matplotlib.colors import to_hex
from matplotlib.patches import Circle, FancyArrowPatch

from neuroalrnn import plots
from neuroalrnn.exceptions import DataError
from neuroalrnn.plots.graph import WIDEST, count_pairs
from neuroalrnn.plots.style import OTHER_COLOUR, REGIME_COLOURS
from neuroalrnn.regimes.transitions import compute_regime_graph, transition_matrix


def graph_of(codes):
    n = len(codes)
    coords = {"subject": ("trial", ["a"] * n), "session": ("trial", ["1"] * n)}
    coords |= {"trial_in_session": ("trial", np.arange(n))}
    values = np.asarray(codes)[:, None]
    return compute_regime_graph(xr.DataArray(values, dims=("trial", "step"), coords=coords))


def random_codes(n_regimes, n=4000):
    rng = np.random.default_rng(0)
    weight = 1 / np.arange(1, n_regimes + 1)
    return rng.choice(n_regimes, n, p=weight / weight.sum())


def nodes_of(ax):
    return [patch for patch in ax.patches if isinstance(patch, Circle)]


def arrows_of(ax):
    return [patch for patch in ax.patches if isinstance(patch, FancyArrowPatch)]


def names_of(ax):
    return [text.get_text() for text in ax.texts if text.get_weight() == "bold"]


def test_arrows_are_as_wide_as_the_transition_is_probable():
    codes = random_codes(3)
    ax = plots.plot_regime_graph(graph_of(codes), least=0.0)
    matrix = transition_matrix(codes)
    widths = [arrow.get_linewidth() for arrow in arrows_of(ax)]
    np.testing.assert_allclose(widths, WIDEST * matrix.ravel())
    written = [text.get_text() for text in ax.texts if text.get_weight() != "bold"]
    assert written == [f"{p:.2f}".removeprefix("0") for p in matrix.ravel()]
    assert names_of(ax) == ["0", "1", "2"]


def test_area_of_nodes_is_use_and_colour_is_the_regime():
    codes = np.tile([0, 0, 0, 0, 1], 200)
    ax = plots.plot_regime_graph(graph_of(codes))
    first, second = nodes_of(ax)
    assert (first.radius / second.radius) ** 2 == pytest.approx(4, rel=0.01)
    assert to_hex(first.get_facecolor()).upper() == REGIME_COLOURS[0]
    assert to_hex(second.get_facecolor()).upper() == REGIME_COLOURS[1]


def test_leaving_has_no_loops():
    edges = graph_of(random_codes(3))
    ax = plots.plot_regime_graph(edges, leaving=True, least=0.0)
    expected = edges[edges["code"] != edges["code_next"]]["leaving_probability"]
    widths = [arrow.get_linewidth() for arrow in arrows_of(ax)]
    np.testing.assert_allclose(widths, WIDEST * expected)


def test_arrows_below_the_least_probability_are_left_out():
    edges = graph_of(random_codes(4))
    for least in (0.0, 0.2, 0.5):
        drawn = len(arrows_of(plots.plot_regime_graph(edges, least=least)))
        assert drawn == (edges["transition_probability"] >= least).sum()


def test_groups_of_edges_are_pooled():
    codes = random_codes(3)
    edges = graph_of(codes)
    halves = edges.assign(half=0), edges.assign(half=1)
    one, two = count_pairs(edges)[0], count_pairs(pd.concat(halves))[0]
    assert (2 * one).equals(two)


def test_rare_regimes_share_a_node_and_no_pair_is_lost():
    edges = graph_of(random_codes(20))
    counts, gray = count_pairs(edges, most=7)
    assert counts.to_numpy().sum() == edges["n_pairs"].sum()
    assert counts.shape == (8, 8)
    assert np.isinf(gray[-1])
    ax = plots.plot_regime_graph(edges)
    assert names_of(ax) == [*map(str, range(7)), "other"]
    assert to_hex(nodes_of(ax)[-1].get_facecolor()).upper() == OTHER_COLOUR


@pytest.mark.parametrize("n_regimes", [1, 2, 16, 40])
@pytest.mark.parametrize("layout", ["use", "similarity"])
def test_nodes_do_not_overlap(n_regimes, layout):
    edges = graph_of(random_codes(n_regimes))
    nodes = nodes_of(plots.plot_regime_graph(edges, layout=layout, most=16))
    assert len(nodes) == min(n_regimes, 17)
    for i, one in enumerate(nodes):
        for other in nodes[:i]:
            distance = np.hypot(*np.subtract(one.center, other.center))
            assert distance > one.radius + other.radius


def test_similar_regimes_are_neighbours_on_the_circle():
    edges = graph_of(random_codes(8))
    labels = {code: code for code in range(8)}
    nodes = nodes_of(plots.plot_regime_graph(edges, labels=labels, layout="similarity", most=8))
    angle = [np.arctan2(*node.center[::-1]) for node in nodes]
    around = np.argsort(angle)
    flips = [int(a ^ b).bit_count() for a, b in zip(around, np.roll(around, 1), strict=True)]
    assert flips == [1] * 8


def test_labels_name_and_colour_the_regimes():
    edges = graph_of(np.tile([5, 5, 9], 50))
    ax = plots.plot_regime_graph(edges, labels={5: 3, 9: 0})
    assert names_of(ax) == ["0", "3"]
    assert to_hex(nodes_of(ax)[1].get_facecolor()).upper() == REGIME_COLOURS[3]
    assert nodes_of(ax)[1].radius > nodes_of(ax)[0].radius


def test_what_is_wrong_is_said():
    edges = graph_of([0, 1, 0, 2])
    with pytest.raises(DataError, match="layout: 'spring' is unknown"):
        plots.plot_regime_graph(edges, layout="spring")
    with pytest.raises(DataError, match="none for sign patterns 1, 2"):
        plots.plot_regime_graph(edges, labels={0: 0})
    ax = plots.plot_regime_graph(edges[:0])
    assert [text.get_text() for text in ax.texts] == ["no transition"]
    ax.figure.draw_without_rendering()


def test_tables_without_a_column_are_refused_by_name():
    with pytest.raises(DataError, match="edges: no column 'n_pairs'"):
        plots.plot_regime_graph(pd.DataFrame({"code": [0], "code_next": [1]}))
