import numpy as np
import pytest

from neuroalrnn.exceptions import DataError
from neuroalrnn.mechanism.classes import (
    compare_regimes,
    compute_dynamical_classes,
    compute_held_out_classes,
)
from neuroalrnn.network.run import Network
from neuroalrnn.regimes import compute_regimes
from neuroalrnn.tasks import gated_paths


def network(outgoing, *, seed=0):
    """Two linear and two PWL units; `outgoing` scales what the last one sends."""
    rng = np.random.default_rng(seed)
    weight = 0.4 * rng.standard_normal((4, 4))
    weight[:, 3] *= outgoing
    slope = rng.uniform(0.1, 0.5, 4)
    inputs, readout = rng.standard_normal((4, 2)), rng.standard_normal((1, 4))
    return Network(2, slope, weight, inputs, np.zeros(4), np.zeros(4), readout, np.zeros(1))


def run(one, n_steps=400, seed=1):
    """Latents of a network driven by noise (step, latent)."""
    rng = np.random.default_rng(seed)
    z, latents = one.initial, []
    for s in rng.standard_normal((n_steps, one.input_weight.shape[1])):
        phi = np.r_[z[: -one.n_pwl], np.maximum(z[-one.n_pwl :], 0)]
        z = one.self_slope * z + one.weight @ phi + one.input_weight @ s + one.bias
        latents.append(z)
    return np.array(latents)


def test_a_unit_that_nothing_listens_to_makes_two_regimes_of_one_class():
    one = network(outgoing=0.0)
    found = compute_dynamical_classes(one, run(one)).set_index("code")
    assert found.index.size == 4
    assert found["dynamical_class"].nunique() == 2
    assert found.loc[0, "dynamical_class"] == found.loc[2, "dynamical_class"]
    assert found.loc[1, "dynamical_class"] == found.loc[3, "dynamical_class"]
    assert (found["n_regimes"] == 2).all()
    assert (found["largest_error"] == 0).all()


def test_a_unit_that_is_listened_to_makes_classes_of_its_own():
    one = network(outgoing=1.0)
    found = compute_dynamical_classes(one, run(one))
    assert found["dynamical_class"].tolist() == [0, 1, 2, 3]
    assert found["n_steps"].is_monotonic_decreasing
    assert found["class_share"].sum() == pytest.approx(1)
    assert compare_regimes(one, run(one))["map_error"].min() > 0.05


def test_the_tolerance_decides_and_every_two_of_a_class_agree():
    one = network(outgoing=0.01)
    latents = run(one)
    pairs = compare_regimes(one, latents)
    errors = np.sort(pairs[["map_error", "gain_error"]].max(axis=1))
    assert 0 < errors[1] < 0.05 < errors[2]
    loose = compute_dynamical_classes(one, latents, tolerance=errors[1] * 1.01)
    tight = compute_dynamical_classes(one, latents, tolerance=errors[0] * 0.99)
    assert loose["dynamical_class"].nunique() == 2
    assert loose["largest_error"].max() == pytest.approx(errors[1])
    assert tight["dynamical_class"].nunique() == 4


def test_agreement_is_not_handed_on():
    """Each unit alone changes little enough, both together do not."""
    one = network(outgoing=0.01)
    one.weight[:, 2] *= np.linalg.norm(one.weight[:, 3]) / np.linalg.norm(one.weight[:, 2])
    latents = run(one)
    pairs = compare_regimes(one, latents).set_index(["code", "other_code"]).max(axis=1)
    single = pairs[[(0, 1), (0, 2), (1, 3), (2, 3)]].max()
    assert pairs[(0, 3)] > 1.02 * single
    found = compute_dynamical_classes(one, latents, tolerance=1.01 * single)
    assert 1 < found["dynamical_class"].nunique() < 4
    assert found["largest_error"].max() <= 1.01 * single


def test_errors_equal_brute_force():
    one = network(outgoing=1.0, seed=3)
    latents = run(one)
    codes = compute_regimes(latents, 2)
    row = compare_regimes(one, latents, n_lags=3).query("code == 1 and other_code == 2").iloc[0]
    jacobians = [
        np.diag(one.self_slope) + one.weight @ np.diag([1, 1, *on]) for on in ((1, 0), (0, 1))
    ]
    scale = np.sqrt((latents**2).mean(axis=0))
    visited = latents[(codes == 1) | (codes == 2)] / scale
    size, basis = np.linalg.svd(visited, full_matrices=False)[1:]
    rank = np.searchsorted(np.cumsum(size**2) / (size**2).sum(), 0.999) + 1
    seen = [np.diag(1 / scale) @ j @ np.diag(scale) @ basis[:rank].T for j in jacobians]
    gains = [
        np.stack([one.readout @ np.linalg.matrix_power(j, k) @ one.input_weight for k in range(4)])
        for j in jacobians
    ]
    for name, (a, b) in (("map_error", seen), ("gain_error", gains)):
        expected = np.linalg.norm((a - b).ravel()) / max(
            np.linalg.norm(a), np.linalg.norm(b.ravel())
        )
        assert row[name] == pytest.approx(expected)


def test_directions_that_are_never_visited_count_for_the_gains_alone():
    """The last unit hardly moves while the other is off: the maps agree there, the gains do not."""
    one = network(outgoing=1.0)
    latents = np.random.default_rng(0).standard_normal((400, 4))
    latents[:, 3] *= np.where(latents[:, 2] > 0, 5.0, 1e-3)
    found = compare_regimes(one, latents).set_index(["code", "other_code"])
    assert found.loc[(0, 2), "map_error"] < 0.01 < 0.05 < found.loc[(1, 3), "map_error"]
    assert found.loc[(0, 2), "gain_error"] > 0.05
    assert compute_dynamical_classes(one, latents)["dynamical_class"].nunique() == 4


def test_units_of_the_latents_do_not_matter():
    one = network(outgoing=0.3)
    latents, scale = run(one), np.array([1, 100, 0.01, 7])
    other = one._replace(
        weight=one.weight * scale[:, None] / scale,
        input_weight=one.input_weight * scale[:, None],
        readout=one.readout / scale,
    )
    first, second = compare_regimes(one, latents), compare_regimes(other, latents * scale)
    np.testing.assert_allclose(second["map_error"], first["map_error"])
    np.testing.assert_allclose(second["gain_error"], first["gain_error"])


def test_known_network_with_two_paths_has_four_classes():
    known = gated_paths(2)
    inputs, _ = known.design(np.random.default_rng(0).random((200, known.n_draws)))
    one, z = known.network, np.zeros((200, 5))
    latents = []
    for step in range(2):
        phi = np.c_[z[:, :3], np.maximum(z[:, 3:], 0)]
        z = phi @ one.weight.T + inputs[:, step] @ one.input_weight.T + one.bias
        latents.append(z)
    found = compute_dynamical_classes(one, np.stack(latents, axis=1))
    assert found["dynamical_class"].nunique() == len(found) == 4


def test_one_regime_is_one_class_and_refusals():
    one = network(outgoing=1.0)._replace(n_pwl=0)
    found = compute_dynamical_classes(one, np.ones((5, 4)))
    assert found.drop(columns="code").to_numpy().tolist() == [[0, 5, 1.0, 1, 0.0]]
    with pytest.raises(DataError, match="no present step"):
        compute_dynamical_classes(one, np.full((5, 4), np.nan))
    with pytest.raises(DataError, match="tolerance: found 0"):
        compute_dynamical_classes(one, np.ones((5, 4)), tolerance=0)
    with pytest.raises(DataError, match="n_lags: found -1"):
        compare_regimes(one, np.ones((5, 4)), n_lags=-1)


def test_classes_of_every_fold(fit):
    found = compute_held_out_classes(fit)
    assert set(found["fold"]) == {fold.name for fold in fit.folds}
    assert (found["code"] < 2 ** found["n_pwl"]).all()
    assert found.groupby("fold")["n_steps"].sum().sum() == 2 * fit.trials.sizes["trial"]
