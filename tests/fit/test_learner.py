"""Training by scores that come with their gradient, against training by autograd."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from neuroalrnn.fit import make_observations, train
from neuroalrnn.model import Scaling, stack
from neuroalrnn.peers import GRU, LSTM
from tests.fit.test_train import SETTING, TRAIN_ON, behaviour, jobs
from tests.model.scaled import make_scaling

pytest.importorskip("numba")


@pytest.mark.parametrize("family", [GRU, LSTM], ids=["GRU", "LSTM"])
def test_known_gradients_train_as_autograd_does(family):
    """Models of one batch that stop at different times, with centred and scaled inputs."""
    rng = np.random.default_rng(0)
    own = [family.draw(SETTING, 0, 2, offset=[0.2], is_known=None, rng=rng) for _ in range(3)]
    gain, centre = (torch.from_numpy(rng.uniform(0.5, 1, (3, 2))) for _ in range(2))
    carrier = torch.tensor([[0.0, 0.0, 1.0], [0.0, 0.0, 1.0]]).double()
    todo = jobs([0, 0, 0], train_on=TRAIN_ON, validate_on=[10, 11])
    todo = replace(
        todo, weights=stack(own), scaling=Scaling(gain, centre, carrier),
        n_checks=np.array([3, 1, 2]),
    )  # fmt: skip
    observations = make_observations(behaviour(), dtype=torch.float64)
    found, expected = (
        train(todo, observations, SETTING, architecture=each)
        for each in (family, replace(family, learner=None))
    )
    np.testing.assert_allclose(found.train_score, expected.train_score, atol=1e-10)
    np.testing.assert_allclose(found.validation, expected.validation, atol=1e-9)
    for one, other in zip(found.weights, expected.weights, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-9)


@pytest.mark.parametrize("is_moved", [True, False])
def test_the_gradient_of_folded_weights_is_that_of_autograd(is_moved):
    scaling = make_scaling(2)
    scaling = scaling if is_moved else scaling._replace(carrier=0 * scaling.carrier)
    weight = torch.randn(2, 3, 4, dtype=torch.float64, requires_grad=True)
    folded = scaling.fold(weight)[: 1 + is_moved]
    given = [torch.randn(each.shape, dtype=torch.float64) for each in folded]
    (expected,) = torch.autograd.grad(folded, weight, given)
    found = scaling.fold_gradient(given[0], given[-1] if is_moved else torch.zeros(2, 3))
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)
