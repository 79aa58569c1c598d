"""The Lorenz-63 generator against an adaptive integrator and what is known of the system."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from neuroalrnn.exceptions import ConfigError
from neuroalrnn.reconstruct import simulate_lorenz


def flow(_, state):
    x, y, z = state
    return 10 * (y - x), x * (28 - z) - y, x * y - 8 / 3 * z


def test_trajectory_is_that_of_an_adaptive_integrator():
    start = (1.0, 2.0, 20.0)
    found = simulate_lorenz(201, start=start, n_dropped=0)
    times = found["time"].values
    expected = solve_ivp(flow, (0, 2), start, "DOP853", times, rtol=1e-11, atol=1e-11).y.T
    np.testing.assert_allclose(found.values, expected, atol=2e-3)


def test_the_error_falls_with_the_fourth_power_of_the_step():
    errors = []
    for dt, n_steps in ((0.02, 26), (0.01, 51), (0.005, 101)):
        last = simulate_lorenz(n_steps, dt=dt, start=(1.0, 2.0, 20.0), n_dropped=0).values[-1]
        exact = solve_ivp(flow, (0, 0.5), (1.0, 2.0, 20.0), "DOP853", rtol=1e-12, atol=1e-12)
        errors.append(np.abs(last - exact.y[:, -1]).max())
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    assert ((orders > 3) & (orders < 5)).all()


@pytest.mark.parametrize("side", [-1, 1])
def test_fixed_points_stay_where_they_are(side):
    point = (side * np.sqrt(72), side * np.sqrt(72), 27)
    states = simulate_lorenz(50, start=point, n_dropped=0).values
    np.testing.assert_allclose(states, np.tile(point, (50, 1)), atol=1e-10)


def test_mirror_symmetry():
    one = simulate_lorenz(100, start=(3, -2, 20), n_dropped=0).values
    other = simulate_lorenz(100, start=(-3, 2, 20), n_dropped=0).values
    np.testing.assert_allclose(other, one * (-1, -1, 1), atol=1e-12)


def test_dropped_steps_are_left_out_and_time_starts_at_zero():
    whole = simulate_lorenz(60, start=(1, 1, 1), n_dropped=0)
    rest = simulate_lorenz(20, start=(1, 1, 1), n_dropped=40)
    np.testing.assert_array_equal(rest.values, whole.values[40:])
    assert rest.dims == ("time", "dimension")
    np.testing.assert_allclose(rest["time"], 0.01 * np.arange(20))


def test_one_generator_state_gives_one_trajectory_on_the_attractor():
    one, same, other = (
        simulate_lorenz(2000, rng=np.random.default_rng(s)).values for s in (0, 0, 1)
    )
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)
    assert np.abs(one).max() < 60
    assert {-1, 1} == set(np.sign(one[:, 0]))


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"n_steps": 0, "start": (1, 1, 1)}, "n_steps = 0"),
        ({"n_steps": 5}, "give one of them"),
        ({"n_steps": 5, "start": (1, 1), "dt": 0.5}, "(?s)2 problems.*dt = 0.5.*three finite"),
        ({"n_steps": 5, "start": (1, 1, 1), "n_dropped": -1}, "n_dropped = -1"),
    ],
)
def test_impossible_arguments_are_named(arguments, match):
    with pytest.raises(ConfigError, match=match):
        simulate_lorenz(**arguments)
