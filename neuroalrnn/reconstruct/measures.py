"""Measures of how well a model that runs freely reconstructs a dynamical system.

They compare the regions visited, the power spectra, and forecasts.
"""

import numpy as np
from numpy.typing import ArrayLike

from neuroalrnn.exceptions import DataError, problems
from neuroalrnn.stats.checks import as_count

MOST_BINNED = 10  # dimensions
_PSEUDO_COUNT = 1e-5
_SPECTRUM_SD = 20  # bins
_CHUNK = 256  # points of a mixture that are compared at once


def compute_state_space_divergence(
    reference: ArrayLike,
    generated: ArrayLike,
    *,
    n_bins: int = 30,
    variance: float = 1.0,
    n_samples: int = 1000,
    rng: np.random.Generator | None = None,
) -> float:
    r"""Compute how much the visited regions differ, ``D_stsp = KL(reference || generated)``.

    Up to 10 dimensions, points are counted in `n_bins` bins per dimension, over the range of the
    reference. All points outside this range fall into one overflow cell, and 1e-5 is added to every
    count. With more dimensions, both sets become mixtures of Gaussians around their points, and the
    divergence is a mean over samples of the reference mixture. The value depends on both numbers of
    points: report them.

    Parameters
    ----------
    reference : array, shape (point, dimension)
        Points of the system.
    generated : array, shape (point, dimension)
        Points of the model. They need not be finite: a trajectory that ran away is outside.
    n_bins : int
        Number of bins per dimension (up to 10 dimensions).
    variance : float
        Variance of the Gaussians, in squared units of the data (more than 10 dimensions).
    n_samples : int
        Number of samples of the reference mixture (more than 10 dimensions).
    rng : numpy.random.Generator, optional
        Draws the samples; needed for more than 10 dimensions.

    Returns
    -------
    float
        Nats; at least 0 when binned, infinite where a mixture has no finite point.

    Raises
    ------
    DataError
        If the arrays do not fit together, or the reference is not finite or constant in a
        dimension.

    Notes
    -----
    Bins and mixtures are those common for piecewise-linear RNNs; the overflow cell is our own
    definition.
    """
    points, others = _check(reference, generated)
    if points.shape[1] > MOST_BINNED:
        if rng is None:
            raise DataError(f"more than {MOST_BINNED} dimensions: give rng, which draws samples")
        return _mixture_divergence(points, others, variance, n_samples, rng)
    return BinnedReference(points, n_bins)(others)


class BinnedReference:
    """A reference that is binned once, to compute ``D_stsp`` of many series from it.

    Parameters
    ----------
    reference : array, shape (point, dimension)
        Points of the system, in up to 10 dimensions.
    n_bins : int
        Number of bins per dimension, see `compute_state_space_divergence`.

    Raises
    ------
    DataError
        If the reference has more dimensions, is not finite or is constant in a dimension, or if
        `n_bins` is no whole number above 0.
    """

    def __init__(self, reference: ArrayLike, n_bins: int = 30):
        n_bins = as_count(n_bins, "n_bins", "reconstruction", least=1)
        points = _check_reference(reference)
        if points.shape[1] > MOST_BINNED:
            raise DataError(f"found {points.shape[1]} dimensions, expected up to {MOST_BINNED}")
        self.low, self.high, self.n_bins = points.min(0), points.max(0), n_bins
        self.n_cells = n_bins ** points.shape[1] + 1
        self.cells, self.counts = self._count(points)

    def __call__(self, generated: ArrayLike) -> float:
        """Compute ``D_stsp`` of a series.

        Parameters
        ----------
        generated : array, shape (point, dimension)
            Points of the model. They need not be finite.

        Returns
        -------
        float
            Nats, at least 0.

        Raises
        ------
        DataError
            If the dimensions differ, or there is no point.
        """
        points = np.asarray(generated, float)
        if points.ndim != 2 or points.shape[1] != len(self.low) or not len(points):
            raise DataError(
                f"generated {points.shape}: expected points of {len(self.low)} dimensions"
            )
        cells, n_points = self._count(points)
        union = np.union1d(self.cells, cells)
        counts = np.zeros((2, len(union)))
        counts[0, np.searchsorted(union, self.cells)] = self.counts
        counts[1, np.searchsorted(union, cells)] = n_points
        total = counts.sum(axis=1, keepdims=True) + _PSEUDO_COUNT * self.n_cells
        p, q = (counts + _PSEUDO_COUNT) / total
        p_empty, q_empty = _PSEUDO_COUNT / total[:, 0]
        empty = (self.n_cells - len(union)) * p_empty * np.log(p_empty / q_empty)
        return float(np.sum(p * np.log(p / q)) + empty)

    def _count(self, points):
        return np.unique(_cells(points, self.low, self.high, self.n_bins), return_counts=True)


def _cells(points, low, high, n_bins):
    """Number of the cell of every point, -1 outside."""
    inside = ((points >= low) & (points <= high)).all(axis=1)
    place = np.where(inside[:, None], (points - low) / (high - low), 0) * n_bins
    place = np.minimum(place.astype(np.int64), n_bins - 1)  # the last edge belongs to the last bin
    return np.where(inside, place @ n_bins ** np.arange(points.shape[1]), -1)


def _mixture_divergence(reference, generated, variance, n_samples, rng):
    generated = generated[np.isfinite(generated).all(axis=1)]
    if not len(generated):
        return np.inf
    centres = reference[rng.integers(len(reference), size=n_samples)]
    samples = centres + np.sqrt(variance) * rng.standard_normal(centres.shape)
    p, q = (_log_density(samples, points, variance) for points in (reference, generated))
    return float(np.mean(p - q))


def _log_density(samples, points, variance):
    """Log density of a mixture, up to a constant that is the same for every mixture."""
    density = np.full(len(samples), -np.inf)
    for first in range(0, len(points), _CHUNK):
        part = points[first : first + _CHUNK]
        squared = (samples**2).sum(1)[:, None] - 2 * samples @ part.T + (part**2).sum(1)
        density = np.logaddexp(density, np.logaddexp.reduce(-squared / (2 * variance), axis=1))
    return density - np.log(len(points))


def compute_spectral_distance(reference: ArrayLike, generated: ArrayLike) -> float:
    r"""Compute the Hellinger distance of power spectra, averaged over dimensions.

    .. math::
        D_H = \sqrt{1 - \sum_k \sqrt{p_k q_k}} = \tfrac{1}{\sqrt 2} |\sqrt p - \sqrt q|_2

    Each series is z-scored; its periodogram, without frequency 0, is smoothed by a Gaussian with a
    standard deviation of 20 bins and normalised.

    Parameters
    ----------
    reference, generated : array, shape (step, dimension)
        Series of the system and of the model, of equal length.

    Returns
    -------
    float
        From 0 (identical) to 1.

    Raises
    ------
    DataError
        If the lengths differ, or a series is not finite or constant in a dimension.
    """
    series, other = _check(reference, generated, is_series=True)
    p, q = np.sqrt(_spectra(series)), np.sqrt(_spectra(other))
    return float(np.mean(np.linalg.norm(p - q, axis=0)) / np.sqrt(2))


def _spectra(series):
    """Smoothed power of every dimension, summing to 1."""
    scaled = (series - series.mean(0)) / series.std(0)
    power = np.abs(np.fft.rfft(scaled, axis=0)[1:]) ** 2
    offsets = np.arange(-4 * _SPECTRUM_SD, 4 * _SPECTRUM_SD + 1)
    window = np.exp(-0.5 * (offsets / _SPECTRUM_SD) ** 2)
    smooth = [np.convolve(column, window)[len(offsets) // 2 :][: len(power)] for column in power.T]
    return np.stack(smooth, axis=1) / np.sum(smooth, axis=1)


def compute_prediction_error(observed: ArrayLike, predicted: ArrayLike) -> np.ndarray:
    """Compute the mean squared error of forecasts at every horizon, ``PE_n``.

    Parameters
    ----------
    observed, predicted : array, shape (start, horizon, dimension)
        Observations and their forecasts from many starts. The first of a start is one step ahead.

    Returns
    -------
    array, shape (horizon,)
        Mean over starts and dimensions, in squared units of the data; ``PE_n`` is entry n - 1.

    Raises
    ------
    DataError
        If the shapes differ.
    """
    true, forecast = np.asarray(observed, float), np.asarray(predicted, float)
    if true.shape != forecast.shape or true.ndim != 3:
        raise DataError(
            f"observed {true.shape} and predicted {forecast.shape}: expected twice the same "
            "(start, horizon, dimension)"
        )
    return np.mean((true - forecast) ** 2, axis=(0, 2))


def _check(reference, generated, *, is_series=False):
    reference, generated = np.asarray(reference, float), np.asarray(generated, float)
    shapes = f"reference {reference.shape} and generated {generated.shape}"
    if reference.ndim != 2 or generated.ndim != 2 or reference.shape[1] != generated.shape[1]:
        raise DataError(f"{shapes}: expected two arrays (point, dimension) of equal dimension")
    faults = _faults("reference", reference)
    if is_series:
        faults += _faults("generated", generated)
        if len(reference) != len(generated):
            faults.append(f"{shapes}: expected equal lengths")
    elif not len(generated):
        faults.append("generated: no points")
    if faults:
        raise problems(DataError, "reconstruction", faults)
    return reference, generated


def _check_reference(reference):
    reference = np.asarray(reference, float)
    if reference.ndim != 2:
        raise DataError(
            f"reference {reference.shape}: expected (point, dimension); join several series"
        )
    if faults := _faults("reference", reference):
        raise problems(DataError, "reconstruction", faults)
    return reference


def _faults(name, points):
    if not len(points):
        return [f"{name}: no points"]
    if not np.isfinite(points).all():
        return [f"{name}: not finite"]
    if (np.ptp(points, axis=0) == 0).any():
        return [f"{name}: constant in a dimension, which has neither range nor spectrum"]
    return []
