"""The Lorenz-63 system: chaos in three dimensions, a benchmark of reconstruction."""

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from neuroalrnn.exceptions import ConfigError, problems

DIMENSIONS = ("x", "y", "z")


def simulate_lorenz(
    n_steps: int,
    *,
    dt: float = 0.01,
    start: ArrayLike | None = None,
    n_dropped: int = 500,
    rng: np.random.Generator | None = None,
) -> xr.DataArray:
    r"""Integrate the Lorenz-63 system with the classical Runge-Kutta method of fourth order.

    .. math::
        \dot x = 10 (y - x), \qquad \dot y = x (28 - z) - y, \qquad \dot z = x y - \tfrac{8}{3} z

    Parameters
    ----------
    n_steps : int
        Number of samples returned.
    dt : float
        Time between samples, in units of the system; also the step of the integrator.
    start : array-like, shape (3,), optional
        State before the dropped steps; drawn around the attractor if not given.
    n_dropped : int
        Number of steps that are left out at the start, so that the state is on the attractor.
    rng : numpy.random.Generator, optional
        Draws `start`; needed if that is not given.

    Returns
    -------
    xarray.DataArray, shape (time, dimension)
        States; the coordinate ``time`` counts from 0, in units of the system.

    Raises
    ------
    ConfigError
        If a number is out of range, or neither or both of `start` and `rng` are given.

    References
    ----------
    Lorenz (1963), Journal of the Atmospheric Sciences 20, 130-141.
    """
    _check(n_steps, dt, start, n_dropped, rng)
    if rng is not None:
        start = rng.normal((0.0, 0.0, 25.0), 5.0)
    state = tuple(np.asarray(start, dtype=float).tolist())
    states = np.empty((n_steps, len(DIMENSIONS)))
    for t in range(-n_dropped, n_steps):
        if t >= 0:
            states[t] = state
        state = _step(state, dt)
    coords = {"time": dt * np.arange(n_steps), "dimension": list(DIMENSIONS)}
    return xr.DataArray(states, coords, ("time", "dimension"), name="lorenz63")


def _step(state, dt):
    first = _flow(state)
    second = _flow(_along(state, first, dt / 2))
    third = _flow(_along(state, second, dt / 2))
    fourth = _flow(_along(state, third, dt))
    slopes = zip(first, second, third, fourth, strict=True)
    return _along(state, [(a + 2 * b + 2 * c + d) / 6 for a, b, c, d in slopes], dt)


# plain numbers, as arrays of three numbers are ten times slower
def _flow(state):
    x, y, z = state
    return 10 * (y - x), x * (28 - z) - y, x * y - 8 / 3 * z


def _along(state, slope, dt):
    return tuple(value + dt * rate for value, rate in zip(state, slope, strict=True))


def _check(n_steps, dt, start, n_dropped, rng):
    faults = []
    if n_steps < 1:
        faults.append(f"n_steps = {n_steps}: expected at least 1")
    if n_dropped < 0:
        faults.append(f"n_dropped = {n_dropped}: expected at least 0")
    if not 0 < dt <= 0.02:
        faults.append(f"dt = {dt}: expected above 0 and at most 0.02, where the method is accurate")
    if (start is None) == (rng is None):
        faults.append("start and rng: give one of them")
    if start is not None and (np.shape(start) != (3,) or not np.isfinite(start).all()):
        faults.append("start: expected three finite numbers")
    if faults:
        raise problems(ConfigError, "simulate_lorenz", faults)
