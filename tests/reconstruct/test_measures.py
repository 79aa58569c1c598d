"""Reconstruction measures: closed forms, brute force, and what must be worse is worse."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d
from scipy.special import logsumexp

from neuroalrnn.exceptions import DataError
from neuroalrnn.reconstruct import (
    BinnedReference,
    compute_prediction_error,
    compute_spectral_distance,
    compute_state_space_divergence,
    simulate_lorenz,
)


def cloud(n_points, n_dimensions, seed=0):
    return np.random.default_rng(seed).standard_normal((n_points, n_dimensions))


def wave(n_steps=3000, period=(50, 20), seed=0):
    steps = np.arange(n_steps)[:, None]
    noise = 0.1 * np.random.default_rng(seed).standard_normal((n_steps, 2))
    return np.sin(2 * np.pi * steps / np.array(period)) + noise


@pytest.mark.parametrize("n_dimensions", [1, 3, 10])
def test_divergence_of_points_from_themselves_is_zero(n_dimensions):
    points = cloud(200, n_dimensions)
    assert compute_state_space_divergence(points, points) == pytest.approx(0, abs=1e-12)


def test_divergence_by_brute_force_over_all_cells():
    """Dense histograms of numpy; what lies outside goes to one more cell."""
    reference, generated = cloud(500, 2), 2.5 * cloud(300, 2, seed=1)
    edges = [np.linspace(column.min(), column.max(), 8) for column in reference.T]
    shares = []
    for points in (reference, generated):
        inside, _ = np.histogramdd(points, bins=edges)
        counts = np.append(inside.ravel(), len(points) - inside.sum()) + 1e-5
        shares.append(counts / counts.sum())
    assert shares[1][-1] > 0.1
    p, q = shares
    expected = np.sum(p * np.log(p / q))
    found = compute_state_space_divergence(reference, generated, n_bins=7)
    assert found == pytest.approx(expected, rel=1e-12)


def test_a_binned_reference_serves_many_series():
    reference = cloud(500, 3)
    divergence = BinnedReference(reference, n_bins=9)
    for scale in (0.3, 1, 4):
        one = scale * cloud(200, 3, seed=1)
        expected = compute_state_space_divergence(reference, one, n_bins=9)
        assert divergence(one) == pytest.approx(expected, rel=1e-12)
    with pytest.raises(DataError, match=r"generated \(200, 2\): expected points of 3 dimensions"):
        divergence(cloud(200, 2))
    with pytest.raises(DataError, match="found 11 dimensions, expected up to 10"):
        BinnedReference(cloud(50, 11))
    with pytest.raises(DataError, match=r"reference \(2, 50, 3\): .*; join several series"):
        BinnedReference([cloud(50, 3)] * 2)
    for n_bins in (0, -3, 2.5, "a", [3, 4], None):
        with pytest.raises(DataError, match="n_bins"):
            BinnedReference(reference, n_bins=n_bins)


def test_a_far_copy_is_worse_than_a_near_one():
    points = cloud(5000, 3)
    distances = [
        compute_state_space_divergence(points, points + shift) for shift in (0, 0.2, 1, 100)
    ]
    assert distances == sorted(distances)
    assert distances[-1] > distances[-2] + 1


def test_points_that_are_not_finite_are_outside():
    reference = cloud(300, 3)
    far, lost = reference + 1e6, reference.copy()
    lost[::2], lost[1::2] = np.nan, np.inf
    expected = compute_state_space_divergence(reference, far)
    assert compute_state_space_divergence(reference, lost) == expected


def test_units_do_not_matter_to_binned_divergence():
    reference, generated = cloud(500, 3), cloud(400, 3, seed=1)
    expected = compute_state_space_divergence(reference, generated)
    found = compute_state_space_divergence(4 * reference - 8, 4 * generated - 8)
    assert found == pytest.approx(expected, rel=0.05)


def test_mixture_divergence_by_direct_densities():
    reference, generated = cloud(400, 12), cloud(700, 12, seed=1) + 0.3
    rng = np.random.default_rng(5)
    samples = reference[rng.integers(400, size=50)] + 0.5 * rng.standard_normal((50, 12))
    log_p, log_q = (
        logsumexp(-np.sum((samples[:, None] - points) ** 2, axis=2) / (2 * 0.25), axis=1)
        - np.log(len(points))
        for points in (reference, generated)
    )
    found = compute_state_space_divergence(
        reference, generated, variance=0.25, n_samples=50, rng=np.random.default_rng(5)
    )
    assert found == pytest.approx(np.mean(log_p - log_q), rel=1e-10)
    lost = np.full_like(generated, np.nan)
    rng = np.random.default_rng(5)
    assert compute_state_space_divergence(reference, lost, rng=rng) == np.inf


def test_mixtures_need_a_generator():
    with pytest.raises(DataError, match="give rng"):
        compute_state_space_divergence(cloud(20, 11), cloud(20, 11))


def test_spectral_distance_of_a_series_from_itself_is_zero():
    assert compute_spectral_distance(wave(), wave()) == 0


def test_spectral_distance_by_scipy():
    reference, generated = wave(), wave(period=(40, 21), seed=1)
    expected = []
    for x, y in zip(reference.T, generated.T, strict=True):
        spectra = [np.abs(np.fft.rfft((s - s.mean()) / s.std())[1:]) ** 2 for s in (x, y)]
        smooth = [gaussian_filter1d(s, 20, mode="constant") for s in spectra]
        p, q = (s / s.sum() for s in smooth)
        expected.append(np.sqrt(1 - np.sum(np.sqrt(p * q))))
    found = compute_spectral_distance(reference, generated)
    assert found == pytest.approx(np.mean(expected), rel=1e-6)


def test_spectral_distance_ignores_scale_and_offset_and_grows_with_the_period():
    reference = wave()
    near, far = wave(period=(52, 21), seed=1), wave(period=(100, 40), seed=1)
    distance = compute_spectral_distance(reference, near)
    assert compute_spectral_distance(reference, 7 * near + 3) == pytest.approx(distance, rel=1e-9)
    assert distance < compute_spectral_distance(reference, far) <= 1


def test_the_true_system_against_itself_is_at_the_floor():
    """Two runs of Lorenz-63; measured floors: 0.36 to 0.53 and 0.016 to 0.06."""
    reference = simulate_lorenz(40_000, start=(1, 1, 1)).values
    other = simulate_lorenz(10_000, rng=np.random.default_rng(1)).values
    assert 0.2 < compute_state_space_divergence(reference, other) < 0.8
    assert compute_spectral_distance(reference[:10_000], other) < 0.1


def test_prediction_error_grows_as_it_was_made_to():
    observed = cloud(60, 5).reshape(10, 6, 5)
    sizes = np.arange(6.0)
    predicted = observed + sizes[:, None]
    np.testing.assert_allclose(compute_prediction_error(observed, predicted), sizes**2)


@pytest.mark.parametrize(
    ("function", "reference", "generated", "match"),
    [
        (compute_spectral_distance, wave(), np.ones((3000, 2)), "generated: constant"),
        (compute_spectral_distance, np.ones((3000, 2)), wave(), "reference: constant"),
        (compute_spectral_distance, wave(), wave(2000), "expected equal lengths"),
        (compute_spectral_distance, wave(), np.full((3000, 2), np.nan), "generated: not finite"),
        (compute_state_space_divergence, np.ones((9, 2)), cloud(9, 2), "reference: constant"),
        (compute_state_space_divergence, cloud(9, 2), cloud(9, 3), "equal dimension"),
        (compute_state_space_divergence, cloud(9, 2), np.empty((0, 2)), "generated: no points"),
        (compute_prediction_error, np.ones((2, 3, 4)), np.ones((2, 3, 5)), "twice the same"),
    ],
)
def test_what_cannot_be_measured_is_an_error(function, reference, generated, match):
    with pytest.raises(DataError, match=match):
        function(reference, generated)
