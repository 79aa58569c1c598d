"""A network with a unit that is not needed."""

from dataclasses import replace

import numpy as np
import pytest

from neuroalrnn.tasks import addition


@pytest.fixture
def with_idle_unit():
    """Addition, part of it through a second PWL unit that is always on.

    ``e' = 10 + x``, ``y' = y + r(q) + (r(e) - 10) / 2``: what is read is the sum of the marked
    values and of half of all values, with another centre.
    """
    known = addition(n_steps=6)
    network = known.network._replace(
        n_pwl=2,
        self_slope=np.zeros(3),
        weight=np.array([[1, 1, 0.5], [0, 0, 0], [0, 0, 0]]),
        input_weight=np.array([[0, 0], [1, 1], [1, 0]]),
        bias=np.array([-5.0, -1.0, 10.0]),
        initial=np.array([0.0, 0.0, 10.0]),
        readout=np.array([[8.0, 0.0, 0.0]]),
        offset=np.array([-8.0 * 2.0]),
    )
    return replace(known, network=network)
