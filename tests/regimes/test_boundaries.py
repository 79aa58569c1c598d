import numpy as np
import pytest
import xarray as xr

from neuroalrnn.exceptions import DataError
from neuroalrnn.network.run import compute_latents
from neuroalrnn.regimes import compute_regimes
from neuroalrnn.regimes.boundaries import (
    boundary_distance,
    compute_boundary_distance,
    compute_fragile_share,
)


class TestDistance:
    def test_by_hand(self):
        latents = np.array([[9, 2.0, -1.0], [0, -2.0, 3.0], [5, np.nan, 1.0]])
        found = boundary_distance(latents, 2)
        np.testing.assert_allclose(found, [1 / 2, 2 / 2, np.nan])
        np.testing.assert_allclose(boundary_distance(latents, 1, scale=[4]), [1 / 4, 3 / 4, np.nan])

    def test_a_smaller_push_never_changes_the_regime_and_a_larger_one_does(self):
        rng = np.random.default_rng(0)
        latents = rng.normal(0.5, [1, 2, 0.1], (200, 3))
        distance, scale = boundary_distance(latents, 3), latents.std(axis=0)
        regimes = compute_regimes(latents, 3)

        def pushed(size):
            moved = [latents + sign * size[:, None] * scale * np.eye(3)[i]
                     for i in range(3) for sign in (-1, 1)]  # fmt: skip
            return np.any([compute_regimes(each, 3) != regimes for each in moved], axis=0)

        assert not pushed(0.999 * distance).any()
        assert pushed(1.001 * distance).all()

    def test_no_unit_and_constant_units_have_no_boundary_in_reach(self):
        latents = np.random.default_rng(0).normal(size=(50, 2))
        assert np.isinf(boundary_distance(latents, 0)).all()
        latents[:, 1] = 0.1 + 0.2
        assert np.isinf(boundary_distance(latents, 1)).all()

    def test_units_of_the_latents_do_not_matter(self):
        latents = np.random.default_rng(0).normal(size=(4, 5, 3))
        scaled = latents * [1, 10, 0.1]
        np.testing.assert_allclose(boundary_distance(scaled, 2), boundary_distance(latents, 2))

    def test_refusals(self):
        with pytest.raises(DataError, match="no present step"):
            boundary_distance(np.full((3, 2), np.nan), 1)
        with pytest.raises(DataError, match="found 3, expected 0 to 2"):
            boundary_distance(np.zeros((3, 2)), 3)


class TestShares:
    def test_by_hand(self, labelled):
        distance = labelled([[0.05, 0.5], [0.2, np.nan]], context=[0, 1])
        found = compute_fragile_share(distance)
        assert found["fragile_share"].tolist() == [0.5, 0.0]
        assert found["median_distance"].tolist() == [0.125, 0.5]
        assert found["n_steps"].tolist() == [2, 1]
        by = compute_fragile_share(distance, by=("context",), limit=0.3)
        assert by["fragile_share"].tolist() == [0.5, 1.0]
        with pytest.raises(DataError, match="limit: found 0, expected a positive number"):
            compute_fragile_share(distance, limit=0)

    def test_every_trial_has_the_distance_of_its_own_network(self, fit):
        found = compute_boundary_distance(fit)
        sequences = fit.sequences
        assert found.dims == ("trial", "step")
        for fold in range(fit.parameters.sizes["fold"]):
            network = fit.folds[fold].network
            latents = compute_latents(network, sequences)
            units = latents[..., latents.shape[-1] - network.n_pwl :]
            spread = np.nanstd(units.reshape(-1, network.n_pwl), axis=0)
            expected = np.min(np.abs(units) / spread, axis=-1, initial=np.inf)
            expected = sequences.to_trials(np.where(sequences.trial < 0, np.nan, expected))
            here = fit.splits["fold"].values == fold
            np.testing.assert_allclose(found.values[here], expected[here])
        share = compute_fragile_share(found, fit.trials, by=("step", "rule"))
        assert isinstance(found, xr.DataArray)
        assert share["n_steps"].sum() == np.isfinite(latents[..., 0]).sum()


def test_scales_and_distances_must_fit():
    latents = np.random.default_rng(0).normal(size=(5, 3))
    for scale in ([1.0], [1.0, 2, 3], [-1.0, 1], [np.nan, 1]):
        with pytest.raises(DataError, match="expected 2 standard deviations"):
            boundary_distance(latents, 2, scale=scale)
    with pytest.raises(DataError, match="expected a DataArray"):
        compute_fragile_share(latents)
