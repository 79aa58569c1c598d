"""The Lorenz-63 system: chaos in three dimensions, a benchmark of reconstruction."""

import numpy as np
import xarray as xr

from neuroalrnn.exceptions import ConfigError, problems

DIMENSIONS = ("x", "y", "z")


def simulate(n_steps, *, dt=0.01, start=None, n_dropped=500, rng=None):
    r"""Integrate the Lorenz-63 system with the classical Runge-Kutta method of fourth order.

    .. math::
        \dot x = 10 (y - x), \qquad \dot y = x (28 - z) - y, \qquad \dot z = x y - \tfrac{8}{3} z

    Parameters
    ----------
    n_steps : int
        Samples returned.
    dt : float
        Time between samples, also the step of the integrator.
    start : array-like, shape (3,), optional
        State before the dropped steps; drawn around the attractor if not given.
    n_dropped : int
        Steps at the start that are left out, so that the state is on the attractor.
    rng : numpy.random.Generator, optional
        Draws `start`; needed if that is not given.

    Returns
    -------
    xarray.DataArray, dims (time, dimension)
        States; coordinate ``time`` in units of the system, from 0.

    Raises
    ------
    ConfigError
        If a number is out of range, or neither or both of `start` and `rng` are given.

    References
    ----------
    Lorenz (1963), Journal of the Atmospheric Sciences 20, 130-141.
    """
    _check(n_steps, dt, start, n_dropped, rng)
    if start is None:
        start = rng.normal((0.0, 0.0, 25.0), 5.0)
    state = tuple(float(value) for value in start)
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


# plain numbers: arrays of three are ten times slower
def _flow(state):
    x, y, z = state
    return 10 * (y - x), x * (28 - z) - y, x * y - 8 / 3 * z


def _along(state, slope, dt):
    return tuple(value + dt * rate for value, rate in zip(state, slope, strict=True))


def _check(n_steps, dt, start, n_dropped, rng):
    found = []
    if n_steps < 1:
        found.append(f"n_steps = {n_steps}: expected at least 1")
    if n_dropped < 0:
        found.append(f"n_dropped = {n_dropped}: expected at least 0")
    if not 0 < dt <= 0.02:
        found.append(f"dt = {dt}: expected above 0 and at most 0.02, where the method is accurate")
    if (start is None) == (rng is None):
        found.append("start and rng: give one of them")
    if start is not None and (np.shape(start) != (3,) or not np.isfinite(start).all()):
        found.append("start: expected three finite numbers")
    if found:
        raise problems(ConfigError, "lorenz.simulate", found)
