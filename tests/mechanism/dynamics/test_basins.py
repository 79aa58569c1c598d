"""Basins of maps whose attractors and thresholds are known."""

import numpy as np
import pytest

from neuroalrnn.exceptions import DataError
from neuroalrnn.mechanism.dynamics.basins import _sample_starts, compute_basins
from neuroalrnn.mechanism.dynamics.cycles import find_cycles
from neuroalrnn.network.run import Network
from neuroalrnn.tasks import scalar_memory


def one_latent(on, off, bias):
    """``x' = bias + on x`` above 0, ``bias + off x`` below."""
    arrays = ([off], [[on - off]], [[1.0]], [bias], [0.0], [[1.0]], [0.0])
    return Network(1, *(np.array(each, dtype=float) for each in arrays))


def random_network(n_latent, n_pwl, seed):
    rng = np.random.default_rng(seed)
    weight = rng.standard_normal((n_latent, n_latent))
    zero, slope = np.zeros(n_latent), rng.uniform(-0.5, 0.5, n_latent)
    bias = rng.standard_normal(n_latent)
    return Network(n_pwl, slope, weight, np.zeros((n_latent, 1)), bias, zero, weight, zero)


def test_threshold_between_a_fixed_point_and_divergence():
    starts = np.random.default_rng(0).uniform(-5, 5, (400, 1))
    basins = compute_basins(one_latent(on=2, off=0.5, bias=-1), starts)
    table = basins.table.set_index("kind")
    assert set(table.index) == {"fixed point", "diverges"}
    leaves = starts[:, 0] > 1
    np.testing.assert_array_equal(basins.ends == table.loc["diverges", "end"], leaves)
    np.testing.assert_allclose(table.loc["diverges", "share"], leaves.mean(), atol=1e-12)
    fixed = table.loc["fixed point"]
    assert fixed["regimes"] == (0,)
    np.testing.assert_allclose(fixed["spectral_radius"], 0.5, atol=1e-12)
    np.testing.assert_allclose(basins.points[fixed["end"]], [[-2]], atol=1e-12)


def test_wilson_interval():
    starts = np.r_[np.full(30, 2.0), np.full(70, 0.0)][:, None]
    table = compute_basins(one_latent(on=2, off=0.5, bias=-1), starts).table.set_index("kind")
    z, p, n = 1.959963984540054, 0.3, 100
    centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    found = table.loc["diverges", ["low", "high"]].astype(float)
    np.testing.assert_allclose(found, [centre - half, centre + half], atol=1e-12)
    assert table["n_starts"].tolist() == [70, 30]


def test_flip_attracts_all():
    basins = compute_basins(one_latent(on=-1.5, off=0.2, bias=1), np.linspace(-3.1, 3, 50)[:, None])
    assert basins.table[["kind", "length", "regimes", "share"]].to_numpy().tolist() == [
        ["cycle", 2, (0, 1), 1.0]
    ]
    np.testing.assert_allclose(basins.points[0], [[-5 / 13], [12 / 13]], atol=1e-12)
    assert (basins.ends == 0).all()


def test_ends_are_stable_cycles_of_the_exact_search_where_the_network_goes():
    n_checked = 0
    for seed in range(12):
        network = random_network(3, 2, seed)
        starts = np.random.default_rng(seed).standard_normal((60, 3))
        basins = compute_basins(network, starts, longest=4)
        exact = find_cycles(network, longest=4)
        stable = exact.table[exact.table["is_stable"]].set_index("regimes")
        for row in basins.table.itertuples():
            if row.kind not in ("fixed point", "cycle"):
                continue
            n_checked += 1
            points = exact.points[stable.loc[[row.regimes], "cycle"].iloc[0]]
            np.testing.assert_allclose(basins.points[row.end], points, atol=1e-8)
            z = starts[basins.ends == row.end][0]
            for _ in range(3000):
                phi = np.r_[z[:1], np.maximum(z[1:], 0)]
                z = network.self_slope * z + network.weight @ phi + network.bias
            assert np.linalg.norm(points - z, axis=1).min() < 1e-5
    assert n_checked >= 4


def test_line_attractor_and_drift():
    network = scalar_memory().network
    starts = np.linspace(-1, 1, 20)[:, None]
    still = compute_basins(network, starts)
    assert still.table["kind"].tolist() == ["line attractor"]
    assert still.table["spectral_radius"].tolist() == [1.0]
    assert compute_basins(network, starts, inputs=[0.1]).table["kind"].tolist() == ["undecided"]


def test_line_of_cycles():
    # every x comes back after two steps of x' = -x
    basins = compute_basins(one_latent(on=-1, off=-1, bias=0), np.array([[1.0], [2.0], [-3.0]]))
    assert basins.table["kind"].tolist() == ["line of cycles"]
    assert basins.table["length"].tolist() == [2]


def test_slow_runs_are_undecided_until_they_are_given_time():
    network, starts = one_latent(on=0.999, off=0.999, bias=1e-3), np.array([[5.0]])
    # after 10,000 steps each one is below the tolerance, but not what is still to go
    for n_steps in (1000, 10_000):
        assert compute_basins(network, starts, n_steps=n_steps).table["kind"][0] == "undecided"
    late = compute_basins(network, starts, n_steps=30_000)
    assert late.table["kind"][0] == "fixed point"
    np.testing.assert_allclose(late.points[0], [[1.0]], atol=1e-9)


def test_periodic_inputs():
    # x' = x / 2 + s with s = 3, 0, 3, 0, ...: x = 2 after the 0 and 4 after the 3
    inputs = np.array([[3.0], [0.0]])
    network = one_latent(on=0.5, off=0.5, bias=0)
    basins = compute_basins(network, np.array([[0.5], [9.0]]), inputs=inputs, n_steps=501)
    assert basins.table[["kind", "length"]].to_numpy().tolist() == [["cycle", 2]]
    np.testing.assert_allclose(basins.points[0], [[2.0], [4.0]], atol=1e-12)


def test_a_unit_that_settles_on_its_edge_makes_one_end():
    # x' = x / 2 reaches 0 from above and from below
    basins = compute_basins(
        one_latent(on=0.5, off=0.5, bias=0), np.array([[1.0], [-1.0]]), n_steps=40
    )
    assert len(basins.table) == 1


def test_starts_are_drawn_from_visits_or_their_box():
    latents = np.random.default_rng(0).standard_normal((4, 50, 2))
    latents[1, 30:] = np.nan
    visits = latents.reshape(-1, 2)
    visits = visits[~np.isnan(visits).any(axis=1)]
    drawn = _sample_starts(latents, 200, rng=np.random.default_rng(5))
    assert {tuple(row) for row in drawn} <= {tuple(row) for row in visits}
    np.testing.assert_array_equal(drawn, _sample_starts(latents, 200, rng=np.random.default_rng(5)))
    wide = _sample_starts(latents, 20_000, box=2)
    width = np.ptp(visits, axis=0)
    np.testing.assert_allclose(np.ptp(wide, axis=0), 2 * width, rtol=1e-2)
    np.testing.assert_allclose(wide.min(axis=0), visits.min(axis=0) - width / 2, atol=0.1)


def test_errors_name_every_problem():
    network = one_latent(1, 1, 0)
    with pytest.raises(DataError, match=r"(?s)3 problems.*\(start, 1\).*n_steps.*longest"):
        compute_basins(network, np.zeros((3, 2)), n_steps=0, longest=0)
    with pytest.raises(DataError, match="not finite"):
        compute_basins(network, np.array([[np.nan]]))
    with pytest.raises(DataError, match="no step"):
        _sample_starts(np.full((2, 1), np.nan))


def test_impossible_numbers_are_refused():
    network = scalar_memory().network
    latents = np.zeros((5, len(network.bias)))
    for n_starts in (0, -1, 2.5):
        with pytest.raises(DataError, match="n_starts: found"):
            _sample_starts(latents, n_starts)
    for box in (0, -1, np.nan):
        with pytest.raises(DataError, match="box: found"):
            _sample_starts(latents, 3, box=box)
    for options in ({"n_steps": 2.5}, {"longest": 1.5}, {"tolerance": -1}):
        with pytest.raises(DataError, match=f"{next(iter(options))}: found"):
            compute_basins(network, latents, **options)
