"""Few-shot: the vector of a stranger is found again from the choices that it makes."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from neuroalrnn.config import Setting
from neuroalrnn.fit import adapt, compute_eta, make_observations
from neuroalrnn.model import stack, subject_architecture

N_STEPS = 40


@pytest.fixture(scope="module")
def family():
    of = subject_architecture(2, ("bias", "input_weight", "readout"))
    is_known = np.array([True, True, False, True])
    drawn = of.draw(
        Setting(n_latent=4), 1, 2, offset=[0.0], is_known=is_known, rng=np.random.default_rng(4)
    )
    vectors = torch.tensor([[0.5, 1.0], [-1.0, 0.3], [0.0, 0.0], [0.5, -1.3]]).double()
    drawn = drawn._replace(vectors=vectors)
    # maps that matter
    drawn = drawn._replace(by_input_weight=10 * drawn.by_input_weight, by_bias=5 * drawn.by_bias)
    return of, stack([drawn])


def choices(family, vector, n_sequences=30, seed=0):
    """Choices of subject 2, drawn from the model with this vector."""
    of, weights = family
    rng = np.random.default_rng(seed)
    shape = n_sequences, N_STEPS
    sequences = SimpleNamespace(
        inputs=rng.standard_normal((*shape, 2)), target=np.zeros(shape),
        scored=np.ones(shape, bool), n_steps=np.full(n_sequences, N_STEPS),
        subject=np.full(n_sequences, "c"),
    )  # fmt: skip
    subjects = np.array(["a", "b", "c", "d"])
    vectors = weights.vectors.clone()
    vectors[0, 2] = torch.as_tensor(vector)
    observations = make_observations(sequences, dtype=torch.float64, subjects=subjects)
    index = torch.arange(n_sequences)[None]
    eta = compute_eta(
        weights._replace(vectors=vectors), torch.tensor([1]), observations, index, architecture=of
    )
    probability = torch.sigmoid(eta[0, :, :, 0]).T.numpy()
    sequences.target = (rng.random(shape) < probability) * 1.0
    return make_observations(sequences, dtype=torch.float64, subjects=subjects)


def test_a_vector_is_recovered(family):
    true = [0.8, -0.6]
    found = adapt(family[1], 1, choices(family, true, n_sequences=200))
    np.testing.assert_allclose(found.vectors[0, 2], true, atol=0.15)
    for name in ("group", "maps"):
        for one, other in zip(getattr(found, name), getattr(family[1], name), strict=True):
            assert torch.equal(one, other)
    others = [0, 1, 3]
    assert torch.equal(found.vectors[0, others], family[1].vectors[0, others])


def test_with_nothing_to_learn_from_it_stays_the_average(family):
    observations = choices(family, [0.5, 0.5], n_sequences=1)
    nothing = replace(observations, scored=torch.zeros_like(observations.scored))
    assert (adapt(family[1], 1, nothing).vectors[0, 2] == 0).all()


def test_it_is_the_maximum_of_the_posterior(family):
    observations = choices(family, [0.5, 0.5], n_sequences=3)
    found = adapt(family[1], 1, observations).vectors[0, 2].clone().requires_grad_()
    of, weights = family
    vectors = weights.vectors.index_put((torch.tensor([0]), torch.tensor([2])), found[None])
    index = torch.arange(3)[None]
    eta = compute_eta(
        weights._replace(vectors=vectors), torch.tensor([1]), observations, index, architecture=of
    )
    sign = 2 * observations.choice[:, :3] - 1
    posterior = torch.nn.functional.logsigmoid(sign * eta[0, :, :, 0]).sum()
    known = weights.centred[0, [0, 1, 3]]
    precision = torch.linalg.inv(known.T @ known / 3)
    prior = -0.5 * found @ precision @ found
    (gradient,) = torch.autograd.grad(posterior + prior, found)
    np.testing.assert_allclose(gradient, 0, atol=1e-3)


def test_known_subjects_are_not_fitted_again(family):
    observations = choices(family, [0.0, 0.0], n_sequences=2)
    _, weights = family
    with pytest.raises(ValueError, match="trained on a subject"):
        adapt(weights._replace(is_known=torch.ones(1, 4).double()), 1, observations)
