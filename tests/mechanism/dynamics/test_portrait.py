"""Portraits against closed forms: planes, cuts, flow and fixed points of known networks."""

import json

import numpy as np
import pytest

from neuroalrnn.data import encode
from neuroalrnn.exceptions import DataError
from neuroalrnn.mechanism.dynamics.portrait import _choose_plane, compute_portrait
from neuroalrnn.network.maps import compute_jacobian
from neuroalrnn.network.run import Network, compute_latents
from neuroalrnn.regimes import compute_regimes
from neuroalrnn.tasks import addition, flip_flop, integration, scalar_memory, simulate_known


def visited(known, n_trials=30):
    trials = simulate_known(known, 1, n_trials, rng=np.random.default_rng(0))
    return compute_latents(known.network, encode(trials, **json.loads(trials.attrs["encoding"])))


def random_network(n_latent, n_pwl, rng):
    shapes = (n_latent,), (n_latent, n_latent), (n_latent, 2), (n_latent,), (n_latent,)
    parts = [0.4 * rng.standard_normal(shape) for shape in (*shapes, (1, n_latent), (1,))]
    return Network(n_pwl, *parts)


def test_principal_components_are_those_of_an_svd():
    states = np.random.default_rng(1).standard_normal((40, 6)) @ np.diag([5, 3, 1, 1, 1, 1])
    plane = _choose_plane(np.vstack([states, np.full((1, 6), np.nan)]))
    _, values, rows = np.linalg.svd(states - states.mean(axis=0))
    np.testing.assert_allclose(np.abs((plane.axes * rows[:2]).sum(axis=1)), 1)
    assert plane.names[0] == f"PC 1 ({100 * values[0] ** 2 / (values**2).sum():.0f} % of variance)"
    np.testing.assert_allclose(plane.project(plane.centre), 0, atol=1e-12)


def test_named_directions_are_made_orthonormal():
    states = np.random.default_rng(2).standard_normal((10, 3))
    plane = _choose_plane(states, [[2, 0, 0], [5, 4, 0]], ("slow mode", "read-out"))
    np.testing.assert_allclose(plane.axes, [[1, 0, 0], [0, 1, 0]], atol=1e-12)
    assert plane.names == ("slow mode", "read-out")
    for wrong in ([[1, 0, 0], [2, 0, 0]], [[1, 0, 0], [0, 0, 0]], [[1, 0], [0, 1]]):
        with pytest.raises(DataError, match="directions"):
            _choose_plane(states, wrong)
    with pytest.raises(DataError, match="no states"):
        _choose_plane(np.full((3, 2), np.nan))


def test_flow_regions_and_boundaries_are_those_of_the_map():
    rng = np.random.default_rng(3)
    network, inputs = random_network(5, 3, rng), np.array([0.5, -1.0])
    latents = rng.standard_normal((4, 20, 5))
    portrait = compute_portrait(network, latents, inputs=inputs, features=["a", "b"])
    plane = portrait.plane
    start = plane.lift(portrait.flow[["x", "y"]].to_numpy())
    for state, step in zip(start, portrait.flow[["dx", "dy"]].to_numpy(), strict=True):
        code = compute_regimes(state, 3)
        drive = network.input_weight @ inputs + network.bias
        after = compute_jacobian(network, code) @ state + drive
        np.testing.assert_allclose(plane.axes @ (after - state), step, atol=1e-12)
    for row in portrait.boundaries.itertuples():
        ends = plane.lift(np.array([[row.x, row.y], [row.x_end, row.y_end]]))
        np.testing.assert_allclose(ends[:, 2 + row.unit], 0, atol=1e-9)
    codes = compute_regimes(latents, 3)
    counts = np.bincount(codes.ravel(), minlength=8)
    order = np.argsort(-counts, kind="stable")
    x, y = (low + (high - low) * (np.array([3, 170]) + 0.5) / 200 for low, high in portrait.limits)
    code = compute_regimes(plane.lift(np.array([x[0], y[1]])), 3)
    expected = int(np.flatnonzero(order == code)[0]) if counts[code] else -1
    assert portrait.regions[170, 3] == expected
    assert portrait.inputs == {"a": 0.5, "b": -1.0}


def test_flip_flop_has_a_line_between_its_two_memories():
    known = flip_flop()
    portrait = compute_portrait(known.network, visited(known))
    row = portrait.lines.iloc[0]
    ends = np.array([[row["x"], row["y"]], [row["x_end"], row["y_end"]]])
    memories = np.array([[-1, 0, -2], [1, 2, 0]])
    np.testing.assert_allclose(ends, portrait.plane.project(memories), atol=1e-9)
    assert (len(portrait.lines), row["kind"], row["code"]) == (1, "line", 1)
    real = portrait.points[portrait.points["is_real"]]
    np.testing.assert_allclose(real[["x", "y"]], portrait.plane.project(memories[:1]), atol=1e-9)
    assert sorted(portrait.points["code"]) == [0, 3]
    assert portrait.points["is_stable"].all()


def test_lines_depend_on_the_constant_input():
    known = addition()
    latents = visited(known)
    held = compute_portrait(known.network, latents, inputs=[0, 0])
    adding = compute_portrait(known.network, latents, inputs=[0.5, 1])
    assert held.lines["code"].tolist() == [0]
    assert adding.lines.empty
    known = integration()
    latents = visited(known)
    assert compute_portrait(known.network, latents).lines.empty
    held = compute_portrait(known.network, latents, inputs=[0, 0, -1], features=known.features)
    assert held.lines["code"].tolist() == [0]
    assert held.inputs == {"context": -1.0}


def test_frame_holds_the_paths_and_labels_follow_use():
    known = integration()
    latents = visited(known)
    portrait = compute_portrait(known.network, latents, paths=latents[:3])
    paths = portrait.paths
    assert paths["path"].nunique() == 3
    for name, (low, high) in zip("xy", portrait.limits, strict=True):
        assert paths[name].between(low, high).all()
    codes = compute_regimes(latents, 1)
    most = int((codes == 1).sum() > (codes == 0).sum())
    own = compute_regimes(latents[:3], 1).ravel()
    assert paths["regime"].tolist() == [int(code != most) for code in own]
    named = compute_portrait(known.network, latents, labels={0: 5})
    assert set(named.paths["regime"]) == {5, -1}


def test_one_latent_and_no_pwl_unit():
    known = scalar_memory()
    portrait = compute_portrait(known.network, visited(known))
    assert portrait.boundaries.empty
    assert (portrait.regions == 0).all()
    assert portrait.points.empty
    assert portrait.lines["kind"].tolist() == ["line"]
    np.testing.assert_allclose(portrait.paths["y"], 0)
    np.testing.assert_allclose(portrait.flow[["dx", "dy"]], 0)


def test_paths_without_states_are_refused():
    known = flip_flop()
    with pytest.raises(DataError, match="paths"):
        compute_portrait(known.network, visited(known), paths=np.full((2, 3, 3), np.nan))


def test_every_input_needs_its_name():
    network = addition(n_steps=4).network
    latents = np.random.default_rng(0).normal(size=(3, 4, len(network.bias)))
    with pytest.raises(DataError, match="features: found 1 names of 2 inputs"):
        compute_portrait(network, latents, features=["a"])
