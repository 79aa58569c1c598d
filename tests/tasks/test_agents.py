"""Simulated agents choose as their equations say."""

import numpy as np
import pytest

from neuroalrnn.data import validate
from neuroalrnn.tasks import AGENTS, simulate_agents
from neuroalrnn.tasks.agents import _GLMHMMAgent, _LinearAgent, _QLearningAgent


@pytest.mark.parametrize("name", AGENTS)
def test_trials_are_valid_and_rewards_follow_the_arms(name):
    trials = simulate_agents(name, 10, 300, rng=np.random.default_rng(0))
    validate(trials)
    assert set(trials["reward"].values) == set(trials["choice"].values) == {0, 1}
    # half of all trials would be paid to one who chose at random
    assert (trials["reward"].mean() > 0.55) == (name != "GLM-HMM")


def test_equal_seeds_give_equal_choices():
    first, again, other = (
        simulate_agents("GLM-HMM", 3, 50, rng=np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    assert first.equals(again)
    assert not first.equals(other)


def test_q_learning_moves_the_chosen_value_by_its_rate():
    rng = np.random.default_rng(0)
    agent = _QLearningAgent(2, rng)
    assert agent.log_odds().tolist() == [0, 0]
    agent.learn(np.array([1, 0]), np.array([1, 0]), rng)
    rate = agent.rate
    assert np.allclose(agent.value[0], [0.5, 0.5 + 0.5 * rate[0]])
    assert np.allclose(agent.value[1], [0.5 - 0.5 * rate[1], 0.5])
    assert np.allclose(agent.log_odds(), agent.inverse_temperature * 0.5 * rate)


def test_the_linear_agent_weighs_the_outcome_of_two_trials_ago_most():
    rng = np.random.default_rng(0)
    agent = _LinearAgent(1, rng)
    seen = []
    for choice, reward in ((1, 1), (0, 1), (0, 0)):
        agent.learn(np.array([choice]), np.array([reward]), rng)
        seen.append(agent.log_odds()[0])
    w = agent.weight[0]
    assert np.allclose(seen, [w[0], -w[0] + w[1], w[0] - w[1] + w[2]])
    assert w.argmax() == 1


def test_states_of_the_glm_hmm_last_as_long_as_stated():
    rng = np.random.default_rng(0)
    agent = _GLMHMMAgent(200, rng)
    states = []
    for _ in range(200):
        agent.learn(np.zeros(200, dtype=int), np.zeros(200), rng)
        states.append(agent.state)
    stays = np.mean(np.diff(states, axis=0) == 0)
    assert stays == pytest.approx(_GLMHMMAgent.STAY, abs=0.003)
    assert np.bincount(np.ravel(states)) / np.size(states) == pytest.approx(1 / 3, abs=0.06)
