"""Response times against scipy, alone and with the choice."""

from functools import partial
from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy import integrate, stats
from scipy.special import expit, log_softmax, logsumexp

from neuroalrnn.model.observation import OBSERVATION_MODELS

lognormal, shifted, choice_rt = (
    OBSERVATION_MODELS[name] for name in ("lognormal", "shifted_lognormal", "choice_rt")
)
TIMES = np.array([1e-3, 0.05, 0.31, 0.5, 1.0, 4.0, 60.0])
M, LOG_S, U, LOG_LOW, LOG_MAX = SHIFTED = (-0.4, -0.7, 0.6, np.log(0.3), np.log(5.0))
NAN = float("nan")


def double(values):
    return torch.as_tensor(values, dtype=torch.float64)


def log_p(model, eta, t):
    t = double(t)
    return model.log_likelihood(double(eta).expand(*t.shape, -1), {"rt": t}).numpy()


def reference(t, eta=SHIFTED, contaminants=0.01):
    """Mixture of a shifted log-normal and a uniform distribution, by scipy."""
    m, log_s, u, log_low, log_max = eta
    base = stats.lognorm.pdf(t, np.exp(log_s), loc=np.exp(log_low) * expit(u), scale=np.exp(m))
    flat = stats.uniform.pdf(t, 0, np.exp(log_max))
    return np.log((1 - contaminants) * base + contaminants * flat)


@pytest.mark.parametrize("m", [-3.0, 0.0, 2.0])
@pytest.mark.parametrize("log_s", [-1.5, 0.0, 1.0])
def test_lognormal_agrees_with_scipy(m, log_s):
    expected = stats.lognorm.logpdf(TIMES, np.exp(log_s), scale=np.exp(m))
    np.testing.assert_allclose(log_p(lognormal(), [m, log_s], TIMES), expected, rtol=1e-11)


def test_shifted_lognormal_with_contaminants_agrees_with_scipy():
    np.testing.assert_allclose(log_p(shifted(), SHIFTED, TIMES), reference(TIMES), rtol=1e-11)


def test_a_response_before_the_shift_is_impossible_only_without_contaminants():
    with np.errstate(divide="ignore"):
        expected = reference(TIMES, contaminants=0)
    found = log_p(shifted(contaminants=0), SHIFTED, TIMES)
    np.testing.assert_allclose(found, expected, rtol=1e-11)
    assert (found[:2] == -np.inf).all()
    assert log_p(shifted(), SHIFTED, TIMES)[0] == np.log(0.01 / 5)


def test_density_integrates_to_one():
    def density(t):
        return np.exp(log_p(shifted(contaminants=0.2), SHIFTED, [t])[0])

    border = 0.3 * expit(U)
    ends = [0, border, 1, 5, 200]
    total = sum(integrate.quad(density, a, b)[0] for a, b in pairwise(ends))
    np.testing.assert_allclose(total, 1, atol=1e-6)


def test_no_shift_is_the_lognormal_and_a_full_one_starts_at_its_bound():
    rest = (LOG_LOW, LOG_MAX)
    found = log_p(shifted(contaminants=0), [M, LOG_S, -1000.0, *rest], TIMES)
    np.testing.assert_allclose(found, log_p(lognormal(), [M, LOG_S], TIMES), rtol=1e-12)
    close = 0.3 * (1 + np.array([1e-2, 1e-6]))
    found = log_p(shifted(contaminants=0), [M, LOG_S, 1000.0, *rest], close)
    expected = stats.lognorm.logpdf(close - np.exp(LOG_LOW), np.exp(LOG_S), scale=np.exp(M))
    np.testing.assert_allclose(found, expected, rtol=1e-11)


@pytest.mark.parametrize("extreme", [-1000.0, 1000.0])
def test_lognormal_is_exact_at_extreme_parameters(extreme):
    log_t = np.log(TIMES)
    found = log_p(lognormal(), [extreme, 0.0], TIMES)
    expected = -log_t - np.log(2 * np.pi) / 2 - (log_t - extreme) ** 2 / 2
    np.testing.assert_allclose(found, expected, rtol=1e-13)
    found = log_p(shifted(), [extreme, *SHIFTED[1:]], TIMES[:-1])
    np.testing.assert_allclose(found, np.log(0.01 / 5), rtol=1e-13)


def test_changing_the_unit_shifts_by_its_logarithm():
    milliseconds = log_p(lognormal(), [M + np.log(1000), LOG_S], 1000 * TIMES)
    seconds = log_p(lognormal(), [M, LOG_S], TIMES)
    np.testing.assert_allclose(milliseconds, seconds - np.log(1000), rtol=1e-12)


def test_lognormal_samples():
    drawn = lognormal().sample(double([M, LOG_S]).expand(20_000, -1), np.random.default_rng(1))
    distribution = stats.lognorm(np.exp(LOG_S), scale=np.exp(M))
    assert stats.kstest(drawn["rt"], distribution.cdf).pvalue > 0.01


def test_shifted_samples():
    model = shifted(contaminants=0.2)
    drawn = model.sample(double(SHIFTED).expand(20_000, -1), np.random.default_rng(2))["rt"]
    base = stats.lognorm(np.exp(LOG_S), loc=0.3 * expit(U), scale=np.exp(M))
    flat = stats.uniform(0, 5)
    assert stats.kstest(drawn, lambda t: 0.8 * base.cdf(t) + 0.2 * flat.cdf(t)).pvalue > 0.01


def test_start_of_the_shift_stays_below_the_fastest_response():
    t = double([0.2, 0.5, NAN, 0.9])
    start = shifted(contaminants=0).start({"rt": t})
    np.testing.assert_allclose(start[2:], [0, np.log(0.95 * 0.2), np.log(1.05 * 0.9)])
    decision = np.log(np.array([0.2, 0.5, 0.9]) - 0.095)
    np.testing.assert_allclose(start[:2], [decision.mean(), np.log(decision.std())])
    np.testing.assert_allclose(
        lognormal().start({"rt": double([1.0, np.e**2])}), [1, 0], atol=1e-15
    )


def test_a_few_random_responses_do_not_decide_about_the_shift():
    t = np.random.default_rng(8).lognormal(0, 0.2, size=1000)
    early = np.append(t[5:], np.full(5, 0.01))
    one, other = (shifted().start({"rt": double(each)}) for each in (t, early))
    np.testing.assert_allclose(one, other, atol=0.1)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_slowest_training_response_can_be_a_random_one(dtype):
    t = double(np.append(np.full(99, 0.5), np.random.default_rng(9).uniform(10, 30)))
    model = shifted()
    eta = torch.cat([double([-0.7, -3.0, -1.0]), model.start({"rt": t})[3:]]).to(dtype)
    found = model.log_likelihood(eta, {"rt": t[-1].to(dtype)})
    np.testing.assert_allclose(found, np.log(0.01 / 1.05 / float(t[-1])), rtol=1e-5)


ETA = np.random.default_rng(5).normal(size=(40, 7))
CODE = np.arange(40) % 3
T = np.random.default_rng(6).lognormal(size=40)


def log_p_choice(code=CODE, t=T, **options):
    """Three options: logits, location, log-scale, kappa of the last two."""
    model = choice_rt(3, **options)
    return model.log_likelihood(double(ETA), {"choice": double(code), "rt": double(t)}).numpy()


def expected_parts():
    log_choice = log_softmax(ETA[:, :3], axis=1)
    m = ETA[:, 3:4] + np.column_stack([np.zeros(40), ETA[:, 5:]])
    log_time = stats.lognorm.logpdf(T[:, None], np.exp(ETA[:, 4:5]), scale=np.exp(m))
    return log_choice, log_time


def test_choice_and_time():
    log_choice, log_time = expected_parts()
    rows = np.arange(40)
    both = log_choice[rows, CODE] + log_time[rows, CODE]
    np.testing.assert_allclose(log_p_choice(), both, rtol=1e-11)
    nothing = np.full(40, NAN)
    np.testing.assert_allclose(log_p_choice(t=nothing), log_choice[rows, CODE], rtol=1e-11)
    marginal = logsumexp(log_choice + log_time, axis=1)
    np.testing.assert_allclose(log_p_choice(code=nothing), marginal, rtol=1e-11)
    assert (log_p_choice(code=nothing, t=nothing) == 0).all()


def test_time_alone_integrates_to_one():
    eta = double([0.4, -0.3, -0.5, 0.8])

    def density(t):
        values = {"choice": double(NAN), "rt": double(t)}
        return float(choice_rt().log_likelihood(eta, values).exp())

    np.testing.assert_allclose(integrate.quad(density, 1e-9, np.inf)[0], 1, atol=1e-6)


def test_without_kappa_choice_and_time_are_independent():
    eta = double(ETA[:, :4]) * double([1, 1, 1, 0])
    values = {"choice": double(CODE % 2), "rt": double(T)}
    separate = OBSERVATION_MODELS["bernoulli"]().log_likelihood(eta[:, :1], values)
    separate = separate + lognormal().log_likelihood(eta[:, 1:3], values)
    np.testing.assert_allclose(choice_rt().log_likelihood(eta, values), separate, rtol=1e-12)


def test_unavailable_options_drop_out_of_the_sum_over_choices():
    names = ("a", "b", "c")
    model = choice_rt(3, available=names)
    is_open = dict(zip(names, double([[1, 0, 1]]).expand(40, 3).unbind(1), strict=True))
    eta = double(ETA).requires_grad_()
    values = {"choice": torch.full((40,), NAN), "rt": double(T), **is_open}
    found = model.log_likelihood(eta, values)
    _, log_time = expected_parts()
    kept = [0, 2]
    log_choice = log_softmax(ETA[:, kept], axis=1)
    np.testing.assert_allclose(
        found.detach(), logsumexp(log_choice + log_time[:, kept], axis=1), rtol=1e-11
    )
    found.sum().backward()
    assert eta.grad.isfinite().all()
    assert (eta.grad[:, 1] == 0).all()
    drawn = model.sample(double(ETA), np.random.default_rng(0), is_open)["choice"]
    assert not (drawn == 1).any()


def test_impossible_time_without_a_choice_keeps_finite_gradients():
    model = choice_rt(time=partial(shifted, contaminants=0))
    eta = double([0.3, *SHIFTED, 0.2]).requires_grad_()
    found = model.log_likelihood(eta, {"choice": double(NAN), "rt": double(0.01)})
    assert found == -np.inf
    found.backward()
    assert eta.grad.isfinite().all()


def test_samples_of_choice_and_time():
    eta = double([0.5, -0.3, -0.6, 0.9]).expand(20_000, -1)
    drawn = choice_rt().sample(eta, np.random.default_rng(3))
    one = drawn["choice"] == 1
    count = [int((~one).sum()), int(one.sum())]
    assert stats.chisquare(count, 20_000 * expit([-0.5, 0.5])).pvalue > 0.01
    for chosen, m in ((~one, -0.3), (one, 0.6)):
        distribution = stats.lognorm(np.exp(-0.6), scale=np.exp(m))
        assert stats.kstest(drawn["rt"][chosen], distribution.cdf).pvalue > 0.01


def test_outputs():
    assert choice_rt(3).outputs == (
        "choice.logit_0", "choice.logit_1", "choice.logit_2", "rt.location", "rt.log_scale",
        "rt.kappa_1", "rt.kappa_2",
    )  # fmt: skip
    assert choice_rt().varying == (True, True, False, False)
