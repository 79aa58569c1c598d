"""Primitives are drawn with their nulls."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from neuroalrnn.mechanism.primitives import Detection
from neuroalrnn.plots import plot_primitives

TRANSIENT = "memory-dependent transient"


def detection(primitive, effect, p, seed=0):
    rng = np.random.default_rng(seed)
    nulls = {"labels permuted": rng.random(99) / 5, "random AL-RNN": rng.random(99) / 3}
    head = (primitive, effect, nulls, dict.fromkeys(nulls, p), 0.5, 0.001)
    parts = (1,), (0, 1), (0, 3), pd.Series(dtype=float), pd.DataFrame(), "why"
    return Detection(*head, *parts)


@pytest.fixture
def found():
    return [
        detection("gating", 0.8, 0.01),
        detection(TRANSIENT, 0.3, 0.02, seed=1),
        detection("gating", 0.1, 0.6, seed=2),
    ]


def markers(ax):
    return [line for line in ax.lines if line.get_marker() == "o"]


def test_rows_are_grouped_and_filled_where_present(found):
    ax = Figure().add_subplot()
    assert plot_primitives(found, ["one", "two", "three"], ax=ax) is ax
    assert [text.get_text() for text in ax.get_yticklabels()] == ["one", "three", "two"]
    assert [line.get_xdata()[0] for line in markers(ax)] == [0.8, 0.1, 0.3]
    white = [line.get_markerfacecolor() == "white" for line in markers(ax)]
    assert white == [False, True, False]
    texts = [text.get_text() for text in ax.texts]
    assert "gating: present in 1 of 2" in texts
    assert f"{TRANSIENT}: present in 1 of 1" in texts
    assert {"0.80", "0.600", "0.50", "0.001"} <= set(texts)
    ax.figure.draw_without_rendering()


def test_bands_end_at_the_upper_quantile_of_each_null(found):
    ax = plot_primitives(found)
    widths = [bar.get_width() for bar in ax.patches]
    first, second, third = (found[i].nulls for i in (0, 2, 1))
    expected = [np.quantile(null, 0.95) for nulls in (first, second) for null in nulls.values()]
    # the permuted labels of transients are distances, and have no place on the axis
    expected.append(np.quantile(third["random AL-RNN"], 0.95))
    np.testing.assert_allclose(widths, expected)


def test_names_default_to_positions_within_a_primitive(found):
    ax = plot_primitives(found)
    names = [text.get_text() for text in ax.get_yticklabels()]
    assert names == ["network 0", "network 1", "network 0"]


def test_no_detection_is_said():
    assert plot_primitives([]).texts[0].get_text() == "no detection"
