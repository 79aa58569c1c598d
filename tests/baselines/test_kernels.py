"""Kernels of history against the recursion written out, and on odd data."""

import numpy as np
import pytest
import xarray as xr
from scipy.special import expit

from neuroalrnn.baselines import history_kernel, whole_sessions
from neuroalrnn.baselines._traces import Agent, follow
from neuroalrnn.baselines.kernels import OBLIVIOUS, RFLR, _build
from neuroalrnn.exceptions import DataError

ALPHA, BETA, TAU, BIAS = 0.6, 1.1, 1.5, 0.2


def dataset(choice, reward, n_sessions, n_options=2):
    each = len(choice) // n_sessions
    session = np.repeat(np.arange(n_sessions), each).astype(str)
    labels = [f"arm {i}" for i in range(n_options)]
    return xr.Dataset(
        {
            "choice": ("trial", np.array(choice, float), {"labels": labels}),
            "reward": ("trial", np.array(reward, float)),
        },
        coords={
            "subject": ("trial", session),
            "session": ("trial", session),
            "trial_in_session": ("trial", np.arange(len(choice)) % each),
        },
    )


@pytest.fixture(scope="module")
def simulated():
    """Choices by the recursion of Beron et al. (2022), and its probabilities of option 1."""
    rng = np.random.default_rng(0)
    choice, reward, p = np.zeros((3, 20, 250))
    for k in range(20):
        phi, last = 0.0, 0.0
        for t in range(250):
            p[k, t] = expit(BIAS + ALPHA * last + phi)
            choice[k, t] = rng.random() < p[k, t]
            reward[k, t] = rng.random() < (0.8 if choice[k, t] == t // 50 % 2 else 0.2)
            last = 2 * choice[k, t] - 1
            phi = BETA * last * reward[k, t] + np.exp(-1 / TAU) * phi
    return dataset(choice.ravel(), reward.ravel(), 20), p.ravel()


@pytest.mark.parametrize("unit", [1.0, 1e6])
def test_the_recursion_is_found_again_in_any_unit(simulated, unit):
    trials, p = simulated
    trials = trials.assign(reward=unit * trials["reward"] - 7)
    found = np.exp(history_kernel(trials, np.arange(4000), np.arange(4000, 5000), kernels=RFLR))
    assert np.abs(found[:, 1] - p[4000:]).max() < 0.06
    assert np.abs(found[:, 1] - p[4000:]).mean() < 0.02


def test_reward_is_needed_only_by_kernels_of_it(simulated):
    trials, _ = simulated
    train, test = np.arange(4000), np.arange(4000, 5000)
    made = trials["choice"].values[test].astype(int)
    one, other = (history_kernel(trials, train, test, kernels=k) for k in (RFLR, OBLIVIOUS))
    rows = np.arange(1000), made
    assert one[rows].mean() > other[rows].mean() + 0.01
    plain = history_kernel(trials.drop_vars("reward"), train, test, kernels=OBLIVIOUS)
    np.testing.assert_array_equal(plain, other)
    with pytest.raises(DataError, match="no numeric variable 'reward' for the kernel"):
        history_kernel(trials.drop_vars("reward"), train, test)


@pytest.mark.parametrize(
    ("kernels", "text"),
    [([], "one or more"), (["choices"], "did you mean 'choice'"), ("choice", "list of names")],
)
def test_kernels_are_named_by_a_list(simulated, kernels, text):
    with pytest.raises(DataError, match=text):
        history_kernel(simulated[0], [0, 1], [2], kernels=kernels)


def test_later_trials_and_other_sessions_do_not_matter(simulated):
    trials = simulated[0].isel(trial=slice(1000))
    changed = trials.copy(deep=True)
    changed["choice"][510] = 1 - changed["choice"][510]
    model, test = history_kernel.fit(trials, np.arange(500)), np.arange(500, 1000)
    same = (model(trials, test) == model(changed, test)).all(axis=1)
    assert same[:11].all()
    assert not same[11:14].any()
    assert same[250:].all()


def log_odds(model, choice, reward):
    """Log-odds of option 1 in a session without further choices."""
    session = dataset(choice, reward, 1)
    found = model(session, np.arange(len(choice)))
    return found[:, 1] - found[:, 0]


def test_parameters_are_found_again(simulated):
    model = history_kernel.fit(simulated[0], np.arange(5000), kernels=RFLR)
    paid, unpaid = (log_odds(model, [1, np.nan, np.nan], [r, np.nan, np.nan]) for r in (1, 0))
    np.testing.assert_allclose(paid[0], BIAS, atol=0.1)
    np.testing.assert_allclose(unpaid[1] - unpaid[0], ALPHA, atol=0.1)
    np.testing.assert_allclose(paid[1] - unpaid[1], BETA, atol=0.1)
    np.testing.assert_allclose(unpaid[2], unpaid[0], atol=1e-9)
    share = (paid[2] - paid[0]) / (paid[1] - unpaid[1])
    np.testing.assert_allclose(-1 / np.log(share), TAU, atol=0.2)


def test_kernels_are_those_of_plain_loops():
    rng = np.random.default_rng(1)
    choice, reward = rng.integers(0, 3, 200).astype(float), rng.normal(size=200)
    choice[rng.random(200) < 0.1] = reward[rng.random(200) < 0.1] = np.nan
    trials = dataset(choice, reward, 2, 3)
    scale = low, reach = -3.0, 7.0
    rows, first = whole_sessions(trials, np.arange(200))
    agent = Agent(np.array([0.3, 0.05, 0.6]), np.array([0.4, -0.7, 0.9, 2.0]), np.zeros(3))
    found = follow(agent, _build(trials, rows, first, ("choice", "reward", "choice:reward"), scale))
    paid = np.nan_to_num((reward - low) / reach)
    for t in range(200):
        expected = np.zeros((4, 3))
        for ago in range(1, t % 100 + 1):
            weight = agent.rates * (1 - agent.rates) ** (ago - 1)
            for option in range(3):
                hit = choice[t - ago] == option
                expected[0, option] += weight[0] * hit
                expected[3, option] += weight[2] * hit * paid[t - ago]
            expected[[1, 2], [1, 2]] += weight[1] * paid[t - ago]
        np.testing.assert_allclose(found[t], expected, atol=1e-12)


@pytest.mark.parametrize(
    ("choice", "reward", "n_options"),
    [
        (np.ones(60), np.ones(60), 2),
        (np.arange(60) % 2, np.full(60, np.nan), 2),
        (np.arange(60) % 2, np.zeros(60), 2),
        (np.arange(60) % 3, np.arange(60) * 1e9, 3),
        (np.where(np.arange(60) % 7, np.arange(60) % 2, np.nan), np.arange(60) % 3, 2),
    ],
    ids=["one choice", "no reward known", "never paid", "three options, huge", "missing choices"],
)
@pytest.mark.parametrize("kernels", [RFLR, ("choice", "reward", "choice:reward")])
def test_odd_data_are_predicted(choice, reward, n_options, kernels):
    trials = dataset(choice, reward, 1, n_options)
    train, test = np.flatnonzero(np.isfinite(choice[:40])), np.arange(40, 60)
    found = history_kernel(trials, train, test, kernels=kernels)
    assert np.isfinite(found).all()
    np.testing.assert_allclose(np.exp(found).sum(axis=1), 1)
