"""Tasks with known truth.

`TASKS` is the suite on which networks are asked where they need nonlinearity: each task draws its
trials, and says its floor, its ceiling and, where one is known, a network that solves it. Known
networks (AL-RNNs in closed form) and simulated agents make trials whose answer is known, for
recovery; environments say what a choice leads to in a task, for simulation. numpy and xarray only.
"""

from neuroalrnn.tasks._computing import COMPUTING
from neuroalrnn.tasks._known import Known
from neuroalrnn.tasks._suite import TASKS
from neuroalrnn.tasks.agents import (
    AGENTS,
    simulate_agents,
)
from neuroalrnn.tasks.computing import Computed, simulate_computing
from neuroalrnn.tasks.constructed import CONSTRUCTED, simulate_constructed
from neuroalrnn.tasks.environments import (
    Environment,
    bandit,
    environment_for,
    reversal_bandit,
    stimulus_selection,
    two_step,
)
from neuroalrnn.tasks.known import (
    KNOWN,
    delay_line,
    flip_flop,
    gated_paths,
    integration,
    parity,
    scalar_memory,
)
from neuroalrnn.tasks.marked import addition, decision, decision_by_two_units
from neuroalrnn.tasks.simulate import compute_log_odds, simulate_known

__all__ = [
    "AGENTS",
    "COMPUTING",
    "CONSTRUCTED",
    "KNOWN",
    "TASKS",
    "Computed",
    "Environment",
    "Known",
    "addition",
    "bandit",
    "compute_log_odds",
    "decision",
    "decision_by_two_units",
    "delay_line",
    "environment_for",
    "flip_flop",
    "gated_paths",
    "integration",
    "parity",
    "reversal_bandit",
    "scalar_memory",
    "simulate_agents",
    "simulate_computing",
    "simulate_constructed",
    "simulate_known",
    "stimulus_selection",
    "two_step",
]
