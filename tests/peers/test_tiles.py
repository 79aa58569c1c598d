"""Squashing functions of tiles against scipy."""

import numpy as np
import pytest
from scipy.special import expit, log_expit

tiles = pytest.importorskip("neuroalrnn.ops.tiles", exc_type=ImportError)
gated_tiles = pytest.importorskip("neuroalrnn.peers._tiles", exc_type=ImportError)
njit = pytest.importorskip("numba").njit
ROWS = (0, 0)


@njit
def squash(x, out, width):
    for k in range(0, len(x), width):
        tile = tiles.load(x, k, ROWS)
        tiles.store(out[0], k, gated_tiles.sigmoid(tile))
        tiles.store(out[1], k, gated_tiles.tanh(tile))
        tiles.store(out[2], k, (1 - tile) * tile + tile)
        tiles.store(out[3], k, gated_tiles.log_sigmoid(tile))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_squashing_agrees_with_scipy(dtype):
    width = 2 * tiles.vector_bytes() // np.dtype(dtype).itemsize
    x = np.concatenate(
        [np.linspace(-1000, 1000, 4001), np.linspace(-4, 4, 4001), [np.nan, -np.inf]]
    )
    x = np.resize(x, -(-len(x) // width) * width).astype(dtype)
    out = np.empty((4, len(x)), dtype=dtype)
    squash(x, out, width)
    tolerance = 2 * np.finfo(dtype).eps
    np.testing.assert_allclose(out[0], expit(x.astype(float)), rtol=0, atol=tolerance)
    np.testing.assert_allclose(out[1], np.tanh(x.astype(float)), rtol=0, atol=tolerance)
    finite = np.abs(x) < 4
    expected = 2 * x[finite].astype(float) - x[finite].astype(float) ** 2
    np.testing.assert_allclose(out[2][finite], expected, rtol=0, atol=32 * tolerance)
    expected = log_expit(x.astype(float))
    np.testing.assert_allclose(out[3], expected, rtol=tolerance, atol=tolerance)
