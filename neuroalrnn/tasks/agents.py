"""Simulated agents on a two-armed bandit: linear, Q-learning and GLM-HMM, written from equations.

Each arm pays 1 or 0. One arm pays with probability 0.8, the other with 0.2; after every trial they
change places with probability 0.05. An agent is a function from what it remembers to the log-odds
of arm 1, and an update of what it remembers; the parameters of subjects scatter around common ones.
"""

import json

import numpy as np
import xarray as xr

ENCODING = {"step": "trial", "inputs": ["choice", "reward"], "carry": "session"}
P_BETTER, P_CHANGE = 0.8, 0.05


class LinearAgent:
    """Logistic in the last three outcomes: ``eta = sum_k w_k c_{t-k} (2 r_{t-k} - 1)``, c = +-1.

    The second to last outcome weighs most, which no average with a decay can copy.
    """

    def __init__(self, n_subjects, rng):
        self.weight = np.array([0.3, 1.4, 0.5]) + 0.1 * rng.standard_normal((n_subjects, 3))
        self.outcome = np.zeros((n_subjects, 3))

    def log_odds(self):
        """Log-odds of arm 1, shape (subject,)."""
        return (self.weight * self.outcome).sum(axis=1)

    def learn(self, choice, reward, rng):
        """Remember what was chosen and paid."""
        now = (2 * choice - 1) * (2 * reward - 1)
        self.outcome = np.column_stack([now, self.outcome[:, :-1]])


class QLearningAgent:
    """``Q_c += a (r - Q_c)`` for the chosen arm c; ``eta = b (Q_1 - Q_0)``; Q starts at 1/2."""

    def __init__(self, n_subjects, rng):
        self.rate = np.clip(0.35 + 0.03 * rng.standard_normal(n_subjects), 0.05, 0.95)
        self.inverse_temperature = 5 + 0.3 * rng.standard_normal(n_subjects)
        self.value = np.full((n_subjects, 2), 0.5)

    def log_odds(self):
        """Log-odds of arm 1, shape (subject,)."""
        return self.inverse_temperature * (self.value[:, 1] - self.value[:, 0])

    def learn(self, choice, reward, rng):
        """Move the value of the chosen arm towards the reward."""
        chosen = np.arange(len(choice)), choice
        self.value[chosen] += self.rate * (reward - self.value[chosen])


class GLMHMMAgent:
    """Three states that last 50 trials on average: win-stay lose-shift, arm 0, arm 1.

    ``eta = w_s c_{t-1} (2 r_{t-1} - 1) + b_s`` in state s.
    """

    STAY = 0.98

    def __init__(self, n_subjects, rng):
        scatter = 0.1 * rng.standard_normal((2, n_subjects, 3))
        self.weight = np.array([2.5, 0.0, 0.0]) + scatter[0]
        self.bias = np.array([0.0, -2.5, 2.5]) + scatter[1]
        self.state = rng.integers(3, size=n_subjects)
        self.outcome = np.zeros(n_subjects)

    def log_odds(self):
        """Log-odds of arm 1, shape (subject,)."""
        now = np.arange(len(self.state)), self.state
        return self.weight[now] * self.outcome + self.bias[now]

    def learn(self, choice, reward, rng):
        """Remember the outcome; the state moves on, whatever it was."""
        self.outcome = (2 * choice - 1) * (2 * reward - 1)
        leaves = rng.random(len(self.state)) > self.STAY
        self.state = (self.state + leaves * rng.integers(1, 3, size=len(self.state))) % 3


AGENTS = {"logistic": LinearAgent, "Q-learning": QLearningAgent, "GLM-HMM": GLMHMMAgent}


def simulate_agents(name: str, n_subjects: int, n_trials: int, *, rng) -> xr.Dataset:
    """Let agents of one family play the bandit.

    Parameters
    ----------
    name : str
        One of `AGENTS`.
    n_subjects, n_trials : int
        One session of `n_trials` per subject.
    rng : numpy.random.Generator

    Returns
    -------
    trials : xarray.Dataset
        ``choice`` and ``reward``; ``attrs["family"]`` is the name.
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
    n_subjects, n_trials = choices.shape
    subject = np.repeat([f"{i:03d}" for i in range(n_subjects)], n_trials)
    return xr.Dataset(
        {
            "choice": ("trial", choices.ravel(), {"labels": ["0", "1"]}),
            "reward": ("trial", rewards.ravel(), {"coding": "signed"}),
        },
        coords={
            "subject": ("trial", subject),
            "session": ("trial", np.full(len(subject), "1")),
            "trial_in_session": ("trial", np.tile(np.arange(n_trials), n_subjects)),
        },
        attrs={"task": "two-armed bandit", "family": name, "encoding": json.dumps(ENCODING)},
    )
