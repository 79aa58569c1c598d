"""Simulated agents on a two-armed bandit: linear, Q-learning and GLM-HMM.

Each arm pays 1 or 0. One arm pays with probability 0.8, the other with 0.2; after every trial the
two change places with probability 0.05. An agent computes the log-odds of arm 1 from its memory,
and updates its memory after each trial. Its parameters differ between subjects, by normal noise
around common values.
"""

import json
from collections.abc import Callable
from typing import Protocol

import numpy as np
import xarray as xr

from neuroalrnn.tasks._sessions import one_session_each

ENCODING = {"step": "trial", "inputs": ["choice", "reward"], "carry": "session"}
P_BETTER, P_CHANGE = 0.8, 0.05


class _Agent(Protocol):
    """Many subjects of one family, who choose and learn side by side."""

    def log_odds(self) -> np.ndarray:
        """Compute the log-odds (nats) of arm 1, shape (subject,)."""

    def learn(self, choice: np.ndarray, reward: np.ndarray, rng: np.random.Generator) -> None:
        """Update the memory after one trial.

        Parameters
        ----------
        choice : int array, shape (subject,)
            Arm chosen, 0 or 1.
        reward : array, shape (subject,)
            0 or 1.
        rng : numpy.random.Generator
            Source of what is random in the memory itself.
        """


class _LinearAgent:
    """Logistic regression on the last three outcomes.

    ``eta = sum_k w_k c_{t-k} (2 r_{t-k} - 1)`` with c = -1 or +1. The outcome of two trials ago
    has the largest weight, which no exponentially decaying average can reproduce.

    Parameters
    ----------
    n_subjects : int
        Number of subjects.
    rng : numpy.random.Generator
        Draws the parameters of the subjects.
    """

    def __init__(self, n_subjects: int, rng: np.random.Generator):
        self.weight = np.array([0.3, 1.4, 0.5]) + 0.1 * rng.standard_normal((n_subjects, 3))
        self.outcome = np.zeros((n_subjects, 3))

    def log_odds(self) -> np.ndarray:
        """Compute the log-odds (nats) of arm 1, shape (subject,)."""
        return (self.weight * self.outcome).sum(axis=1)

    def learn(self, choice: np.ndarray, reward: np.ndarray, rng: np.random.Generator) -> None:
        """Remember the outcome of the trial."""
        now = (2 * choice - 1) * (2 * reward - 1)
        self.outcome = np.column_stack([now, self.outcome[:, :-1]])


class _QLearningAgent:
    """Learns the value of each arm.

    ``Q_c += a (r - Q_c)`` for the chosen arm c; ``eta = b (Q_1 - Q_0)``; Q starts at 1/2.

    Parameters
    ----------
    n_subjects : int
        Number of subjects.
    rng : numpy.random.Generator
        Draws the parameters of the subjects.
    """

    def __init__(self, n_subjects: int, rng: np.random.Generator):
        self.rate = np.clip(0.35 + 0.03 * rng.standard_normal(n_subjects), 0.05, 0.95)
        self.inverse_temperature = 5 + 0.3 * rng.standard_normal(n_subjects)
        self.value = np.full((n_subjects, 2), 0.5)

    def log_odds(self) -> np.ndarray:
        """Compute the log-odds (nats) of arm 1, shape (subject,)."""
        return self.inverse_temperature * (self.value[:, 1] - self.value[:, 0])

    def learn(self, choice: np.ndarray, reward: np.ndarray, rng: np.random.Generator) -> None:
        """Move the value of the chosen arm towards the reward."""
        chosen = np.arange(len(choice)), choice
        self.value[chosen] += self.rate * (reward - self.value[chosen])


class _GLMHMMAgent:
    """Logistic regression whose weights depend on a hidden state.

    ``eta = w_s c_{t-1} (2 r_{t-1} - 1) + b_s`` in state s. The three states are win-stay
    lose-shift, a preference for arm 0 and one for arm 1. Each lasts 50 trials on average.

    Parameters
    ----------
    n_subjects : int
        Number of subjects.
    rng : numpy.random.Generator
        Draws the parameters and the first states of the subjects.
    """

    STAY = 0.98

    def __init__(self, n_subjects: int, rng: np.random.Generator):
        scatter = 0.1 * rng.standard_normal((2, n_subjects, 3))
        self.weight = np.array([2.5, 0.0, 0.0]) + scatter[0]
        self.bias = np.array([0.0, -2.5, 2.5]) + scatter[1]
        self.state = rng.integers(3, size=n_subjects)
        self.outcome = np.zeros(n_subjects)

    def log_odds(self) -> np.ndarray:
        """Compute the log-odds (nats) of arm 1, shape (subject,)."""
        now = np.arange(len(self.state)), self.state
        return self.weight[now] * self.outcome + self.bias[now]

    def learn(self, choice: np.ndarray, reward: np.ndarray, rng: np.random.Generator) -> None:
        """Remember the outcome of the trial, then draw the next state, whatever the outcome was."""
        self.outcome = (2 * choice - 1) * (2 * reward - 1)
        leaves = rng.random(len(self.state)) > self.STAY
        self.state = (self.state + leaves * rng.integers(1, 3, size=len(self.state))) % 3


AGENTS: dict[str, Callable[[int, np.random.Generator], _Agent]] = {
    "logistic": _LinearAgent,
    "Q-learning": _QLearningAgent,
    "GLM-HMM": _GLMHMMAgent,
}


def simulate_agents(
    name: str, n_subjects: int, n_trials: int, *, rng: np.random.Generator
) -> xr.Dataset:
    """Let agents of one family play the bandit.

    Parameters
    ----------
    name : str
        Family: one of `AGENTS`.
    n_subjects, n_trials : int
        Number of subjects, and trials in the one session of each.
    rng : numpy.random.Generator
        Source of all parameters, choices and rewards.

    Returns
    -------
    trials : xarray.Dataset
        With ``choice`` and ``reward``; ``attrs["family"]`` is `name`.
    """
    agent = AGENTS[name](n_subjects, rng)
    better = rng.integers(2, size=n_subjects)
    choices, rewards = (np.zeros((n_trials, n_subjects)) for _ in range(2))
    for t in range(n_trials):
        p = 1 / (1 + np.exp(-agent.log_odds()))
        choice = (rng.random(n_subjects) < p).astype(int)
        pays = np.where(choice == better, P_BETTER, 1 - P_BETTER)
        reward = (rng.random(n_subjects) < pays).astype(int)
        agent.learn(choice, reward, rng)
        choices[t], rewards[t] = choice, reward
        better = np.where(rng.random(n_subjects) < P_CHANGE, 1 - better, better)
    return _trials(name, choices.T, rewards.T)


def _trials(name, choices, rewards):
    return xr.Dataset(
        {
            "choice": ("trial", choices.ravel(), {"labels": ["0", "1"]}),
            "reward": ("trial", rewards.ravel(), {"coding": "signed"}),
        },
        coords=one_session_each(*choices.shape),
        attrs={"task": "two-armed bandit", "family": name, "encoding": json.dumps(ENCODING)},
    )
