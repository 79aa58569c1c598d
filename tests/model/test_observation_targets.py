"""Targets of tasks: losses by hand, weights, mixtures of classes."""

import numpy as np
import pytest
import torch
from scipy import special

from neuroalrnn.exceptions import ConfigError, DataError
from neuroalrnn.model.observation import bernoulli, categorical, check_values, targets


def drawn(n_outputs=3, n=20):
    rng = np.random.default_rng(0)
    eta, share = rng.normal(size=(n, n_outputs)), rng.dirichlet(np.ones(n_outputs), n)
    return eta, share, dict(zip("abc", torch.as_tensor(share).unbind(1), strict=True))


EXPECTED = {
    "squared": lambda eta, y: -((y - eta) ** 2) / 2,
    "bernoulli": lambda eta, y: y * eta - np.logaddexp(0, eta),
    "categorical": lambda eta, y: y * special.log_softmax(eta, axis=1),
}


@pytest.mark.parametrize("loss", EXPECTED)
def test_losses_and_their_weights(loss):
    eta, share, values = drawn()
    each = EXPECTED[loss](eta, share)
    found = targets(loss, list("abc")).log_likelihood(torch.as_tensor(eta), values)
    np.testing.assert_allclose(found, each.sum(1), rtol=1e-12)
    weight = np.array([0.0, 1.0, 5.0])
    names = ("u", "v", "w")
    values |= {name: torch.full((20,), value) for name, value in zip(names, weight, strict=True)}
    model = targets(loss, list("abc"), weights=names)
    found = model.log_likelihood(torch.as_tensor(eta), values)
    np.testing.assert_allclose(found, each @ weight, rtol=1e-12)


def test_one_class_is_a_choice():
    eta = torch.as_tensor(drawn()[0])
    code = torch.arange(20) % 3
    one_hot = {name: (code == k).double() for k, name in enumerate("abc")}
    found = targets("categorical", list("abc")).log_likelihood(eta, one_hot)
    expected = categorical(3).log_likelihood(eta, {"choice": code.double()})
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    binary = {"choice": (code > 0).double()}
    found = targets("bernoulli", ("choice",)).log_likelihood(eta[:, :1], binary)
    expected = bernoulli("choice").log_likelihood(eta[:, :1], binary)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_start_is_the_mean_target_and_finite_where_a_class_never_comes():
    mean = targets("squared", ["a"]).start({"a": torch.tensor([1.0, torch.nan, 4.0])})
    np.testing.assert_allclose(mean, [2.5])
    values = {"a": torch.ones(9), "b": torch.zeros(9)}
    assert targets("categorical", list("ab")).start(values).isfinite().all()
    np.testing.assert_allclose(
        targets("bernoulli", list("ab")).start(values), special.logit([0.95, 0.05]), rtol=1e-6
    )


def test_impossible_targets_are_refused_by_name():
    with pytest.raises(ConfigError, match="sqared"):
        targets("sqared", ["a"])
    with pytest.raises(DataError, match=r"'a': 1 values, first 1\.5, expected 0 to 1"):
        check_values(targets("bernoulli", ["a"]), {"a": torch.tensor([0.5, 1.5, torch.nan])})
    check_values(targets("squared", ["a"]), {"a": torch.tensor([1.5])})
