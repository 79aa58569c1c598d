"""Agents whose computation is known: when they compute what, and what every input does.

The log-odds of option 1 are a function of what an agent has observed so far. So the effect of an
input on them, half the difference that its high and its low value make, is known in closed form,
and so is the functional regime: which inputs decide, and how.

All subjects are alike. ``inputs`` names what an agent observes and the event at which it does;
``decisive`` those inputs whose effects define its regimes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from neuroalrnn.tasks._counter import count, count_otherwise

STIMULUS, RESPONSE, OUTCOME = EVENTS = ("stimulus", "response", "outcome")
Values = dict[str, np.ndarray]


@dataclass(frozen=True)
class CuedRule:
    """Follows one of two cues, as the context says: ``eta = w a`` in context 1, else ``w b``.

    Cues and context are -1 or +1. The context changes with a fixed probability per trial.
    """

    weight: float = 3.0
    p_change: float = 0.1
    task: ClassVar = "cued rule"
    inputs: ClassVar = {"cue_a": STIMULUS, "cue_b": STIMULUS, "context": STIMULUS}
    decisive: ClassVar = ("cue_a", "cue_b")
    regimes: ClassVar = ("cue a decides", "cue b decides")
    rule: ClassVar = "context"

    def show(self, shape: tuple[int, int], rng: np.random.Generator) -> Values:
        """Draw what the task shows, arrays (session, trial)."""
        change = rng.random(shape) < self.p_change
        first = rng.integers(2, size=(shape[0], 1))
        return _cues(shape, rng) | {"context": 1.0 - 2 * ((first + change.cumsum(axis=1)) % 2)}

    def respond(self, now: Values, choice: np.ndarray, rng: np.random.Generator) -> Values:
        """Say what follows a choice."""
        right = np.where(now["context"] > 0, now["cue_a"], now["cue_b"])
        return {"correct": 1.0 * (2 * choice - 1 == right)}

    def start(self, n_sessions: int) -> np.ndarray:
        """Memory before the first trial: none is needed."""
        return np.zeros(n_sessions)

    def update(self, memory: np.ndarray, now: Values) -> np.ndarray:
        """Memory after a trial."""
        return memory

    def log_odds(self, memory: np.ndarray, now: Values) -> np.ndarray:
        """Log-odds of option 1."""
        return self.weight * np.where(now["context"] > 0, now["cue_a"], now["cue_b"])

    def regime(self, values: Values) -> np.ndarray:
        """Computation in use, shape (session, trial)."""
        return 1.0 * (values["context"] < 0)

    def effects(self, values: Values, n_lags: int) -> Values:
        """Effect of every input, arrays (session, trial, lag)."""
        regime, none = self.regime(values), np.zeros((*values["cue_a"].shape, n_lags))
        found = {name: none.copy() for name in self.inputs}
        found["cue_a"][..., 0] = self.weight * (regime == 0)
        found["cue_b"][..., 0] = self.weight * (regime == 1)
        found["context"][..., 0] = self.weight * (values["cue_a"] - values["cue_b"]) / 2
        return found


@dataclass(frozen=True)
class HiddenRule:
    """Follows one of two cues, and finds out from outcomes which one is right.

    The rule changes after blocks of random length, uncued. The outcome tells of each cue whether it
    pointed at the right option, -1 or +1. A counter rises by one where cue a alone did, and falls
    by one where cue b alone did, between limits; the agent follows cue a while it is positive. Cues
    disagree on half of all trials, so an agent at its limit follows the new rule after two such
    trials: the number of trials up to then has a negative binomial distribution.
    """

    weight: float = 3.0
    limit: float = 1.5
    block: tuple[int, int] = (15, 26)
    task: ClassVar = "hidden rule"
    inputs: ClassVar = {
        "cue_a": STIMULUS,
        "cue_b": STIMULUS,
        "a_right": OUTCOME,
        "b_right": OUTCOME,
    }
    decisive: ClassVar = ("cue_a", "cue_b")
    regimes: ClassVar = ("cue a decides", "cue b decides")
    rule: ClassVar = "rule"

    def show(self, shape: tuple[int, int], rng: np.random.Generator) -> Values:
        """Draw what the task shows, and its rule, arrays (session, trial)."""
        n_blocks = shape[1] // self.block[0] + 2
        ends = rng.integers(*self.block, size=(shape[0], n_blocks)).cumsum(axis=1)
        block = (np.arange(shape[1])[None, :, None] >= ends[:, None]).sum(axis=-1)
        first = rng.integers(2, size=(shape[0], 1))
        values = _cues(shape, rng) | {"rule": 1.0 * ((first + block) % 2)}
        agree = values["cue_a"] * values["cue_b"]
        first_holds = values["rule"] == 0
        right = {
            "a_right": np.where(first_holds, 1, agree),
            "b_right": np.where(first_holds, agree, 1),
        }
        return values | right

    def respond(self, now: Values, choice: np.ndarray, rng: np.random.Generator) -> Values:
        """Say what follows a choice."""
        return {"correct": 1.0 * (2 * choice - 1 == now["cue_a"] * now["a_right"])}

    def start(self, n_sessions: int) -> np.ndarray:
        """Memory before the first trial: slightly in favour of cue a."""
        return np.full(n_sessions, 0.5)

    def update(self, memory: np.ndarray, now: Values) -> np.ndarray:
        """Memory after a trial."""
        return np.clip(memory + self._evidence(now), -self.limit, self.limit)

    def log_odds(self, memory: np.ndarray, now: Values) -> np.ndarray:
        """Log-odds of option 1."""
        return self.weight * np.where(memory > 0, now["cue_a"], now["cue_b"])

    def regime(self, values: Values) -> np.ndarray:
        """Computation in use, shape (session, trial)."""
        return 1.0 * (self._level(values) < 0)

    def effects(self, values: Values, n_lags: int) -> Values:
        """Effect of every input, arrays (session, trial, lag)."""
        regime, none = self.regime(values), np.zeros((*values["cue_a"].shape, n_lags))
        found = {name: none.copy() for name in self.inputs}
        found["cue_a"][..., 0] = self.weight * (regime == 0)
        found["cue_b"][..., 0] = self.weight * (regime == 1)
        level, steps = self._level(values), self._evidence(values)
        for name in self.inputs:
            ends = [self._evidence(values | {name: np.full_like(level, v)}) for v in (1, -1)]
            for lag in range(1, n_lags):
                high, low = (count_otherwise(level, steps, e, lag, self.limit) for e in ends)
                difference = self.log_odds(high, values) - self.log_odds(low, values)
                found[name][..., lag] = difference / 2
        return found

    def _evidence(self, now):
        return (now["a_right"] - now["b_right"]) / 2

    def _level(self, values):
        return count(self._evidence(values), self.limit, 0.5)


@dataclass(frozen=True)
class WinStayLoseShift:
    """Repeats a rewarded choice and leaves an unrewarded one, with lapses.

    ``eta = w c`` after a reward and ``-v c`` after none, c = -1 or +1 the choice before; lapses are
    part of w and v: a choice against the rule has probability ``1 / (1 + exp(w))``. One arm pays
    with probability .8, the other with .2; they change places with a fixed probability per trial.
    """

    win: float = 2.5
    lose: float = 1.5
    p_better: float = 0.8
    p_change: float = 0.05
    task: ClassVar = "win-stay lose-shift"
    inputs: ClassVar = {"choice": OUTCOME, "reward": OUTCOME}
    decisive: ClassVar = ("choice",)
    regimes: ClassVar = ("win-stay", "lose-shift")
    rule: ClassVar = "better"

    def show(self, shape: tuple[int, int], rng: np.random.Generator) -> Values:
        """Draw the better arm, arrays (session, trial)."""
        change = rng.random(shape) < self.p_change
        return {"better": 1.0 * ((rng.integers(2, size=(shape[0], 1)) + change.cumsum(axis=1)) % 2)}

    def respond(self, now: Values, choice: np.ndarray, rng: np.random.Generator) -> Values:
        """Say what follows a choice."""
        pays = np.where(choice == now["better"], self.p_better, 1 - self.p_better)
        return {"reward": 1.0 * (rng.random(choice.shape) < pays)}

    def start(self, n_sessions: int) -> np.ndarray:
        """Memory before the first trial: nothing to stay with."""
        return np.zeros(n_sessions)

    def update(self, memory: np.ndarray, now: Values) -> np.ndarray:
        """Memory after a trial: what the choice and its outcome speak for, in log-odds."""
        return (2 * now["choice"] - 1) * np.where(now["reward"] > 0, self.win, -self.lose)

    def log_odds(self, memory: np.ndarray, now: Values) -> np.ndarray:
        """Log-odds of option 1."""
        return memory

    def regime(self, values: Values) -> np.ndarray:
        """Computation in use, shape (session, trial); NaN on the first trial."""
        return _before(1.0 * (values["reward"] == 0))

    def effects(self, values: Values, n_lags: int) -> Values:
        """Effect of every input, arrays (session, trial, lag)."""
        found = {name: np.zeros((*values["choice"].shape, n_lags)) for name in self.inputs}
        rewarded = _before(values["reward"]) > 0
        found["choice"][..., 1] = np.where(rewarded, self.win, -self.lose)
        found["reward"][..., 1] = (2 * _before(values["choice"]) - 1) * (self.win + self.lose) / 2
        return found


@dataclass(frozen=True)
class Engaged:
    """Follows a stimulus while engaged, and prefers one option, whatever is shown, while not.

    Outcomes drive a counter up (reward) and down (none) between limits; the agent is engaged while
    it is positive. So the hidden state is a function of the outcomes so far and can be inferred
    from them. The right response is rewarded with probability .75, the wrong one with .25. While
    not engaged half of all trials are rewarded, and the state is sticky.
    """

    weight: float = 3.0
    bias: float = 1.0
    limit: float = 1.5
    p_right: float = 0.75
    task: ClassVar = "engaged or not"
    inputs: ClassVar = {"stimulus_side": STIMULUS, "reward": OUTCOME}
    decisive: ClassVar = ("stimulus_side",)
    regimes: ClassVar = ("engaged", "not engaged")
    rule: ClassVar = None

    def show(self, shape: tuple[int, int], rng: np.random.Generator) -> Values:
        """Draw what the task shows, arrays (session, trial)."""
        return {"stimulus_side": _signs(shape, rng)}

    def respond(self, now: Values, choice: np.ndarray, rng: np.random.Generator) -> Values:
        """Say what follows a choice."""
        correct = 2 * choice - 1 == now["stimulus_side"]
        pays = np.where(correct, self.p_right, 1 - self.p_right)
        return {"correct": 1.0 * correct, "reward": 1.0 * (rng.random(choice.shape) < pays)}

    def start(self, n_sessions: int) -> np.ndarray:
        """Memory before the first trial: engaged."""
        return np.full(n_sessions, 0.5)

    def update(self, memory: np.ndarray, now: Values) -> np.ndarray:
        """Memory after a trial."""
        return np.clip(memory + 2 * now["reward"] - 1, -self.limit, self.limit)

    def log_odds(self, memory: np.ndarray, now: Values) -> np.ndarray:
        """Log-odds of option 1."""
        return np.where(memory > 0, self.weight * now["stimulus_side"], self.bias)

    def regime(self, values: Values) -> np.ndarray:
        """Computation in use, shape (session, trial)."""
        return 1.0 * (self._level(values) < 0)

    def effects(self, values: Values, n_lags: int) -> Values:
        """Effect of every input, arrays (session, trial, lag)."""
        level, steps = self._level(values), 2 * values["reward"] - 1
        found = {name: np.zeros((*level.shape, n_lags)) for name in self.inputs}
        found["stimulus_side"][..., 0] = self.weight * (level > 0)
        for lag in range(1, n_lags):
            ends = (np.full_like(level, each) for each in (1, -1))
            high, low = (count_otherwise(level, steps, e, lag, self.limit) for e in ends)
            difference = self.log_odds(high, values) - self.log_odds(low, values)
            found["reward"][..., lag] = difference / 2
        return found

    def _level(self, values):
        return count(2 * values["reward"] - 1, self.limit, 0.5)


@dataclass(frozen=True)
class Integrator:
    """Integrates evidence over trials with a leak: ``eta = w sum_l leak^l x(t-l)``.

    Evidence x is normal with mean 0 and SD 1. There is one computation.
    """

    weight: float = 1.5
    leak: float = 0.6
    task: ClassVar = "integrator"
    inputs: ClassVar = {"evidence": STIMULUS}
    decisive: ClassVar = ("evidence",)
    regimes: ClassVar = ("integration",)
    rule: ClassVar = None

    def show(self, shape: tuple[int, int], rng: np.random.Generator) -> Values:
        """Draw what the task shows, arrays (session, trial)."""
        return {"evidence": rng.standard_normal(shape)}

    def respond(self, now: Values, choice: np.ndarray, rng: np.random.Generator) -> Values:
        """Say what follows a choice."""
        return {"correct": 1.0 * (choice == (now["evidence"] > 0))}

    def start(self, n_sessions: int) -> np.ndarray:
        """Memory before the first trial: no evidence."""
        return np.zeros(n_sessions)

    def update(self, memory: np.ndarray, now: Values) -> np.ndarray:
        """Memory after a trial."""
        return self.leak * (memory + now["evidence"])

    def log_odds(self, memory: np.ndarray, now: Values) -> np.ndarray:
        """Log-odds of option 1."""
        return self.weight * (memory + now["evidence"])

    def regime(self, values: Values) -> np.ndarray:
        """Computation in use, shape (session, trial)."""
        return np.zeros(values["evidence"].shape)

    def effects(self, values: Values, n_lags: int) -> Values:
        """Effect of every input, arrays (session, trial, lag): of one SD of evidence."""
        each = self.weight * values["evidence"].std() * self.leak ** np.arange(n_lags)
        return {"evidence": np.broadcast_to(each, (*values["evidence"].shape, n_lags)).copy()}


Computing = CuedRule | HiddenRule | WinStayLoseShift | Engaged | Integrator
COMPUTING: dict[str, Callable[..., Computing]] = {
    agent.task: agent for agent in (CuedRule, HiddenRule, WinStayLoseShift, Engaged, Integrator)
}


def _signs(shape, rng):
    return 2.0 * rng.integers(2, size=shape) - 1


def _cues(shape, rng):
    return {name: _signs(shape, rng) for name in ("cue_a", "cue_b")}


def _before(values):
    """Values of the trial before; NaN on the first."""
    return np.concatenate([np.full((len(values), 1), np.nan), values[:, :-1]], axis=1)
