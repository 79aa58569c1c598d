"""Figures of individual differences show what the tables hold."""

import numpy as np
import pandas as pd
import pytest

from neuroalrnn.plots.subjects import plot_few_shot, plot_subject_vectors


@pytest.fixture
def scores():
    rng = np.random.default_rng(0)
    rows = [("pooled", f"s{i}", np.nan, -0.6) for i in range(4)]
    rows += [
        ("subject vectors", f"s{i}", n, -0.6 + 0.01 * k + 0.02 * rng.standard_normal())
        for i in range(4)
        for k, n in enumerate((0, 10, 40))
    ]
    return pd.DataFrame(rows, columns=["model", "subject", "n_shots", "log_likelihood"])


def test_few_shot_shows_the_gain_over_the_pooled_model(scores):
    ax = plot_few_shot(scores)
    shared = scores[scores["model"] == "subject vectors"]
    mean = shared.groupby("n_shots")["log_likelihood"].mean() + 0.6
    (line,) = [line for line in ax.get_lines() if line.get_marker() == "o"]
    np.testing.assert_allclose(line.get_ydata(orig=False), mean)
    assert [text.get_text() for text in ax.get_xticklabels()] == ["0", "10", "40"]
    assert "nats per trial" in ax.get_ylabel()


@pytest.mark.parametrize("n_dimensions", [1, 2])
def test_vectors_are_named_and_of_one_fold(n_dimensions):
    table = pd.DataFrame({"fold": ["a", "a", "b"], "subject": ["x", "y", "x"]})
    for k in range(n_dimensions):
        table[f"dimension {k + 1}"] = [1.0, -1.0, 5.0]
    ax = plot_subject_vectors(table)
    assert {text.get_text() for text in ax.texts} == {"x", "y"}
    np.testing.assert_array_equal(ax.collections[0].get_offsets()[:, 0], [1, -1])
    assert bool(ax.get_ylabel()) == (n_dimensions == 2)
    assert ax is plot_subject_vectors(table, fold="b", ax=ax)
