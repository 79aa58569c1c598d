"""What tasks share is drawn as it is tabulated."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from benchmarks.shared_networks import build, simulate
from neuroalrnn.mechanism.sharing import measure_sharing
from neuroalrnn.plots import plot_sharing_panels


@pytest.fixture(scope="module")
def sharing():
    rng = np.random.default_rng(0)
    usage = np.array([[1, 1]] * 3 + [[0, 0]] * 3, dtype=bool)
    network = build(usage, rng)
    return measure_sharing(network, simulate(network, 2, rng, n_trials=20), n_draws=20, n_random=19)


def test_maps_show_the_tables(sharing):
    variance, freezing, overlap, nulls = plot_sharing_panels(sharing).axes[:4]
    assert variance.images[0].get_array().shape == (7, 2)
    cost = np.asarray(freezing.images[0].get_array())
    np.testing.assert_allclose(cost.max(axis=0), 1)
    assert len(freezing.lines) == sharing.freezing["hurts"].sum() == 6
    shown = np.asarray(overlap.images[0].get_array().filled(np.nan))
    assert shown[1, 0] == sharing.overlap["overlap"].iloc[0]
    assert np.isnan(shown.diagonal()).all()
    deciding = sharing.summary.query("decides")
    points = [line.get_xdata()[0] for line in nulls.lines if line.get_marker() == "o"]
    np.testing.assert_allclose(points, deciding["value"])


def test_pairs_that_share_are_marked(sharing):
    assert sharing.pairs["is_shared"].all()
    assert len(plot_sharing_panels(sharing).axes[2].lines) == 1
    assert plot_sharing_panels(sharing).axes[3].get_title(loc="left") == "d  Shared"


def test_a_network_of_which_no_unit_was_frozen_is_drawn(sharing):
    ax = plot_sharing_panels(replace(sharing, freezing=pd.DataFrame())).axes[1]
    assert ax.texts[0].get_text() == "no unit was frozen"
