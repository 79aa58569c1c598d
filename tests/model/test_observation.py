"""The contract that every observation model keeps: missing values, gradients, samples, starts."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch

from neuroalrnn.exceptions import ConfigError, DataError
from neuroalrnn.model.observation import (
    OBSERVATION_MODELS,
    check_values,
    joint,
    option_log_probability,
    targets,
)

make = OBSERVATION_MODELS
AVAILABLE = ("left", "middle", "right")
MODELS = {
    "bernoulli": make["bernoulli"](),
    "categorical": make["categorical"](4),
    "restricted": make["categorical"](3, available=AVAILABLE),
    "ordinal": make["ordinal"](5),
    "ordinal of 2": make["ordinal"](2),
    "gaussian": make["gaussian"]("x", "y"),
    "poisson": make["poisson"]("unit_1", "unit_2", exposure=0.2),
    "negative_binomial": make["negative_binomial"](),
    "lognormal": make["lognormal"](),
    "shifted_lognormal": make["shifted_lognormal"](),
    "no contaminants": make["shifted_lognormal"](contaminants=0),
    "choice_rt": make["choice_rt"](),
    "choice_rt of 3": make["choice_rt"](3, available=AVAILABLE, time=make["shifted_lognormal"]),
    "squared targets": targets("squared", list("ab")),
    "binary targets": targets("bernoulli", list("ab")),
    "targets of classes": targets("categorical", list("abc")),
    "choice and counts": joint(make["choice_rt"](), make["negative_binomial"]("unit_1", "unit_2")),
}
every = pytest.mark.parametrize("name", MODELS)


def given(model, n):
    """Availability: the middle option is closed in every other trial."""
    values = {each: torch.ones(n, dtype=torch.float64) for each in model.given}
    if values:
        values["middle"][::2] = 0
    return values


def example(name, n=40, seed=3):
    """A model, eta (trial, output) and values drawn at it; responses are from 0.1 to 20 s."""
    model, rng = MODELS[name], np.random.default_rng(seed)
    eta = torch.as_tensor(rng.standard_normal((n, len(model.outputs))))
    eta[:, torch.tensor(model.fixed)] = (
        torch.tensor([0.1, 20.0][: 2 * any(model.fixed)]).log().double()
    )
    values = given(model, n)
    return model, eta, values | model.sample(eta, rng, values)


def gradient(model, eta, values):
    eta = eta.clone().requires_grad_()
    total = model.log_likelihood(eta, values)
    (found,) = torch.autograd.grad(total.sum(), eta)
    return total.detach(), found


@every
def test_outputs_are_described(name):
    model = MODELS[name]
    n_outputs = len(model.outputs)
    assert len(set(model.outputs)) == n_outputs == len(model.varying) == len(model.fixed)
    assert any(model.varying)
    assert not any(np.logical_and(model.varying, model.fixed))


@every
def test_gradient(name):
    model, eta, values = example(name, n=8)
    eta.requires_grad_()
    assert torch.autograd.gradcheck(lambda e: model.log_likelihood(e, values), eta)


@every
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_extreme_eta_keeps_finite_values_and_gradients(name, dtype):
    model, eta, values = example(name, n=400)
    sizes = torch.tensor([-1e3, -100.0, -20.0, 0.0, 20.0, 100.0, 1e3], dtype=torch.float64)
    extreme = sizes[np.random.default_rng(0).integers(0, len(sizes), eta.shape)]
    eta = torch.where(torch.tensor(model.fixed), eta, extreme)
    total, found = gradient(model, eta.to(dtype), values)
    assert total.dtype == found.dtype == dtype
    assert found.isfinite().all()
    if name != "no contaminants":
        assert total.isfinite().all()


@every
def test_both_precisions_agree(name):
    model, eta, values = example(name)
    double, single = model.log_likelihood(eta, values), model.log_likelihood(eta.float(), values)
    np.testing.assert_allclose(single, double, rtol=2e-5, atol=2e-5)


@every
@pytest.mark.parametrize("garbage", [1e30, -1e30, torch.nan, torch.inf])
def test_nothing_is_read_where_all_is_missing(name, garbage):
    model, eta, values = example(name)
    clean, slope = gradient(model, eta, values)
    gone = torch.arange(40) % 3 == 0
    for key in model.variables:
        values[key] = torch.where(gone, torch.nan, values[key])
    for key in model.given:
        values[key] = torch.where(gone, garbage, values[key])
    total, found = gradient(model, torch.where(gone[:, None], garbage, eta), values)
    assert (total[gone] == 0).all()
    assert (found[gone] == 0).all()
    assert torch.equal(total[~gone], clean[~gone])
    assert torch.equal(found[~gone], slope[~gone])


@every
def test_leading_axes_do_not_matter(name):
    model, eta, values = example(name, n=24)
    flat = model.log_likelihood(eta, values)
    folded = {key: each.reshape(2, 3, 4) for key, each in values.items()}
    found = model.log_likelihood(eta.reshape(2, 3, 4, -1), folded)
    np.testing.assert_allclose(found.flatten(), flat, rtol=1e-14)


@every
def test_doubling_the_trials_doubles_the_sum(name):
    model, eta, values = example(name)
    twice = {key: torch.cat([each, each]) for key, each in values.items()}
    once = model.log_likelihood(eta, values).sum()
    np.testing.assert_allclose(
        model.log_likelihood(torch.cat([eta, eta]), twice).sum(), 2 * once, rtol=1e-13
    )


@every
def test_same_generator_same_samples_and_all_pass_the_check(name):
    model, eta, values = example(name)
    check_values(model, values)
    draw = partial(model.sample, eta, values=values)
    first, second = draw(np.random.default_rng(5)), draw(np.random.default_rng(5))
    assert set(first) == set(model.variables)
    for key in first:
        assert torch.equal(first[key], second[key])
        assert first[key].dtype == torch.float64
        assert first[key].shape == (40,)


@every
def test_a_fit_from_the_start_is_no_worse_than_the_truth(name):
    model, eta, _ = example(name)
    truth = eta[0].expand(4000, -1)
    values = given(model, 4000)
    values |= model.sample(truth, np.random.default_rng(1), values)
    start, free = model.start(values), ~torch.tensor(model.fixed)
    theta = start.clone().requires_grad_()
    optimiser = torch.optim.LBFGS([theta], max_iter=100, line_search_fn="strong_wolfe")

    def loss():
        optimiser.zero_grad()
        eta = torch.where(free, theta, start).expand(4000, -1)
        value = -model.log_likelihood(eta, values).mean()
        value.backward()
        return value

    optimiser.step(loss)
    # 1 % of the responses are random, and the less likely the longer the slowest one took
    wider = [
        max(float(b - a), 0)
        for a, b, key in zip(eta[0], start, model.outputs, strict=True)
        if "t_max" in key
    ]
    assert loss().item() <= -model.log_likelihood(truth, values).mean() + 0.015 * sum(wider)


@every
def test_start_uses_what_is_there_and_names_what_is_not(name):
    model, _, values = example(name)
    gone = torch.arange(40) % 2 == 0
    some = {key: torch.where(gone, torch.nan, each) for key, each in values.items()}
    rest = {key: each[~gone] for key, each in values.items()}
    assert torch.equal(model.start(some), model.start(rest))
    empty = {key: torch.full_like(each, torch.nan) for key, each in values.items()}
    with pytest.raises(DataError, match=f"'{model.variables[0]}': no training value to start from"):
        model.start(empty)


def test_joint_is_the_sum_of_its_parts():
    parts = [make["bernoulli"](), make["poisson"]("a", "b"), make["lognormal"]()]
    both = joint(*parts)
    rng = np.random.default_rng(2)
    eta = torch.as_tensor(rng.standard_normal((30, 5)))
    values = both.sample(eta, rng)
    values["a"][::2] = torch.nan
    values["choice"][::3] = torch.nan
    pieces = eta.split([1, 2, 2], dim=-1)
    expected = sum(m.log_likelihood(e, values) for m, e in zip(parts, pieces, strict=True))
    np.testing.assert_allclose(both.log_likelihood(eta, values), expected, rtol=1e-14)
    assert both.variables == ("choice", "a", "b", "rt")
    assert both.outputs == sum((part.outputs for part in parts), ())
    assert torch.equal(both.start(values), torch.cat([part.start(values) for part in parts]))


def test_joint_draws_each_part_at_its_own_outputs():
    both = joint(make["gaussian"]("x"), make["poisson"]("n"), make["bernoulli"]())
    eta = torch.tensor([50.0, -60.0, 3.0, 40.0]).double().expand(500, -1)
    drawn = both.sample(eta, np.random.default_rng(0))
    assert (drawn["x"] == 50).all()
    assert abs(drawn["n"].mean() - np.exp(3)) < 1
    assert (drawn["choice"] == 1).all()


@pytest.mark.parametrize("name", ["choice and counts", "choice_rt", "bernoulli"])
def test_a_missing_variable_leaves_the_likelihood_of_the_others(name):
    model, eta, values = example(name)
    alone = make["bernoulli"]().log_likelihood(eta[:, :1], values)
    others = {key: torch.full_like(each, torch.nan) for key, each in values.items()}
    found = model.log_likelihood(eta, others | {"choice": values["choice"]})
    np.testing.assert_allclose(found, alone, rtol=1e-14)
    log_p = option_log_probability(model, eta, "choice", 2)
    np.testing.assert_allclose(log_p.exp().sum(-1), 1, rtol=1e-12)
    np.testing.assert_allclose(log_p[:, 1], torch.nn.functional.logsigmoid(eta[:, 0]), rtol=1e-14)


def test_outputs_can_be_made_to_vary():
    model = make["gaussian"]("x")
    assert (model.varying, model.fixed) == ((True, False), (False, False))
    assert replace(model, varying=(True, True)).varying == (True, True)
    shifted = make["shifted_lognormal"]()
    assert shifted.varying == (True, False, False, False, False)
    assert shifted.fixed == (False, False, False, True, True)


@pytest.mark.parametrize(
    ("name", "variable", "bad", "text"),
    [
        ("bernoulli", "choice", 2.0, "'choice': 1 values, first 2, expected codes 0 to 1"),
        ("bernoulli", "choice", 0.5, "first 0.5, expected codes 0 to 1"),
        ("categorical", "choice", -1.0, "first -1, expected codes 0 to 3"),
        ("ordinal", "rating", 5.0, "'rating': 1 values, first 5, expected codes 0 to 4"),
        ("gaussian", "y", np.inf, "'y': 1 values, first inf, expected finite numbers"),
        ("poisson", "unit_2", -1.0, "'unit_2': 1 values, first -1, expected whole numbers from 0"),
        ("negative_binomial", "count", 1.5, "first 1.5, expected whole numbers from 0"),
        ("lognormal", "rt", 0.0, "'rt': 1 values, first 0, expected seconds above 0"),
        ("choice_rt", "rt", -0.2, "first -0.2, expected seconds above 0"),
        ("choice_rt", "choice", 7.0, "first 7, expected codes 0 to 1"),
        ("choice and counts", "unit_1", np.inf, "first inf, expected whole numbers from 0"),
        ("restricted", "choice", 1.0, "'choice': 1 choices of unavailable options, first 1"),
        ("choice_rt of 3", "choice", 1.0, "1 choices of unavailable options, first 1"),
    ],
)
def test_check_names_impossible_values(name, variable, bad, text):
    model, _, values = example(name)
    values[variable][2] = torch.nan
    check_values(model, values)
    values[variable][4] = bad
    with pytest.raises(DataError, match=text):
        check_values(model, values)


def test_check_names_everything_at_once():
    model, _, values = example("choice and counts")
    values["choice"][0], values["unit_2"][3] = 9, -2
    with pytest.raises(DataError, match=r"2 problems\n.*'choice'.*\n.*'unit_2'"):
        check_values(model, values)
    del values["unit_1"], values["rt"]
    with pytest.raises(DataError, match=r"2 problems\n.*'rt' is missing\n.*'unit_1' is missing"):
        check_values(model, values)


@pytest.mark.parametrize(
    ("build", "text"),
    [
        (lambda: make["categorical"](1), "number of options = 1: expected a whole number from 2"),
        (lambda: make["ordinal"](1), "number of options = 1: expected a whole number from 2"),
        (lambda: make["categorical"](3, available=("a", "b")), "2 names in available for 3"),
        (lambda: make["categorical"](2.5), "number of options = 2.5: expected a whole"),
        (lambda: make["categorical"]("3"), "number of options = '3': expected a whole"),
        (lambda: make["choice_rt"](True), "number of options = True: expected a whole"),
        (lambda: make["choice_rt"](2.0), "number of options = 2.0: expected a whole"),
        (lambda: make["choice_rt"](time=3), "time = 3, expected a function"),
        (lambda: make["categorical"](3, available={*AVAILABLE}), "available = {.*expected a list"),
        (lambda: make["categorical"](3, available=iter(AVAILABLE)), "available = tuple_iterator"),
        (lambda: make["categorical"](3, available="abc"), "available = 'abc': expected a list"),
        (lambda: make["categorical"](3, available=[1, 2, 3]), "available: 1 is no name"),
        (lambda: make["categorical"](3, available=["a", "b", "a"]), "expected another variable"),
        (lambda: make["categorical"](3, 3), "variables: 3 is no name"),
        (lambda: make["gaussian"](["a", "b"]), "variables: .'a', 'b'. is no name"),
        (lambda: joint("choice_rt"), "model = 'choice_rt': expected an observation model"),
        (lambda: make["poisson"](exposure="1"), "exposure='1', expected a positive number"),
        (lambda: make["poisson"](exposure=0), "exposure=0, expected a positive number"),
        (lambda: make["shifted_lognormal"](contaminants=1), "contaminants=1, expected a share"),
        (lambda: make["gaussian"](), "no variable named"),
        (lambda: make["poisson"]("a", "a"), "a named more than once"),
        (lambda: joint(make["bernoulli"](), make["choice_rt"]()), "choice named more than once"),
    ],
)
def test_impossible_models_are_refused(build, text):
    with pytest.raises(ConfigError, match=text):
        build()
