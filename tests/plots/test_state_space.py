"""The drawing of a portrait shows its paths, boundaries, points and lines."""

import json

import numpy as np
import pytest
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.quiver import Quiver

from neuroalrnn.data import encode
from neuroalrnn.mechanism.dynamics.portrait import compute_portrait
from neuroalrnn.network.run import compute_latents
from neuroalrnn.plots import plot_state_space
from neuroalrnn.plots.style import regime_colour
from neuroalrnn.tasks import flip_flop, parity, scalar_memory, simulate_known


def portrait_of(known, **options):
    trials = simulate_known(known, 1, 20, rng=np.random.default_rng(0))
    sequences = encode(trials, **json.loads(trials.attrs["encoding"]))
    latents = compute_latents(known.network, sequences)
    return compute_portrait(known.network, latents, features=known.features, **options)


def entries(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


@pytest.fixture(scope="module")
def portrait():
    return portrait_of(flip_flop())


def test_draws_on_the_axes_given_and_names_them(portrait):
    ax = Figure().add_subplot()
    assert plot_state_space(portrait, ax=ax) is ax
    assert ax.get_xlabel() == portrait.plane.names[0]
    assert ax.get_ylabel() == portrait.plane.names[1]
    np.testing.assert_allclose([ax.get_xlim(), ax.get_ylim()], portrait.limits)
    ax.figure.draw_without_rendering()


def test_paths_have_the_colours_of_the_regimes_they_leave(portrait):
    ax = plot_state_space(portrait)
    drawn = [each for each in ax.collections if isinstance(each, LineCollection)]
    assert len(drawn) == portrait.paths["path"].nunique()
    for lines, (_, path) in zip(drawn, portrait.paths.groupby("path"), strict=True):
        places = path[["x", "y"]].to_numpy()
        starts = [segment[0] for segment in lines.get_segments()]
        np.testing.assert_allclose(starts, places[:-1])
        expected = [to_rgba(regime_colour(label)) for label in path["regime"][:-1]]
        np.testing.assert_allclose(lines.get_colors(), expected)


def test_fixed_points_are_filled_if_real_and_round_if_stable(portrait):
    points = portrait.points.assign(is_stable=[True, False])
    ax = plot_state_space(portrait._replace(points=points))
    drawn = {tuple(line.get_xydata()[0]): line for line in ax.lines if line.get_marker() in "oD"}
    for row in points.itertuples():
        line = drawn[row.x, row.y]
        colour = regime_colour(row.regime) if row.is_real else "white"
        assert line.get_markerfacecolor() == colour
        assert line.get_marker() == ("o" if row.is_stable else "D")
    assert {"real, stable", "virtual, unstable"} <= set(entries(ax))


def test_lines_and_boundaries_are_drawn_from_end_to_end(portrait):
    ax = plot_state_space(portrait)
    drawn = [line.get_xydata().ravel().tolist() for line in ax.lines if len(line.get_xdata()) == 2]
    ends = ["x", "y", "x_end", "y_end"]
    for table in (portrait.lines, portrait.boundaries):
        for row in table[ends].to_numpy().tolist():
            assert row in drawn
    assert [text.get_text() for text in ax.texts] == ["0", "1"]
    assert {"line of fixed points", "boundary of a unit", "step under\nzero input"} <= set(
        entries(ax)
    )


def test_arrows_point_along_the_flow(portrait):
    ax = plot_state_space(portrait)
    quiver = next(each for each in ax.collections if isinstance(each, Quiver))
    step = portrait.flow["dx"] + 1j * portrait.flow["dy"]
    drawn = quiver.U + 1j * quiver.V
    moving = np.abs(step) > 1e-9
    np.testing.assert_allclose(np.angle(drawn[moving] / step[moving]), 0, atol=1e-9)
    cell = np.ptp(portrait.limits, axis=1) / np.sqrt(len(step))
    assert np.hypot(quiver.U / cell[0], quiver.V / cell[1]).max() <= 1


def test_points_outside_the_frame_are_counted():
    portrait = portrait_of(parity())
    assert portrait.points["y"].tolist() > portrait.limits[1, 1:].tolist()
    ax = plot_state_space(portrait)
    assert ax.get_title(loc="right") == "outside: 1 virtual fixed point"
    assert not [line for line in ax.lines if line.get_marker() in "oD"]


def test_the_constant_input_is_named():
    ax = plot_state_space(portrait_of(parity(), inputs=[0, 1]))
    assert "step under\nf = 1" in entries(ax)


def test_one_latent_is_a_line():
    ax = plot_state_space(portrait_of(scalar_memory()))
    assert ax.get_xlabel() == "Latent"
    assert list(ax.get_yticks()) == []
    expected = ["regime 0", "trial, from its start", "line of fixed points"]
    assert entries(ax) == [*expected, "step under\nzero input"]
    ax.figure.draw_without_rendering()
