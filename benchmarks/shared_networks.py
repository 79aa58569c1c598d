"""Networks for several tasks of which it is known what they share, and their trials.

Each PWL unit has a leak and takes a mixture of noisy inputs. The rule brings the units of its task
to where they switch; all others are held far on one branch. What a task asks for is what the
network gives out: a running sum of its rectified units.
"""

import json

import numpy as np
import xarray as xr

from neuroalrnn.data import encode
from neuroalrnn.network.run import Network, compute_latents

LEAK, HELD, SUM = 0.5, 4.0, 0.7
N_STEPS, N_TRIALS, N_INPUTS = 20, 40, 4
ENCODING = {"step": "time", "inputs": [], "carry": "trial"}


def build(usage, rng, *, own_inputs=False, idle=None) -> Network:
    """Write down a network whose unit i works in task k if ``usage[i, k]``.

    Parameters
    ----------
    usage : bool array, shape (unit, task)
    rng : numpy.random.Generator
    own_inputs : bool
        Whether every unit has an input of its own, so that no two know of each other.
    idle : array, shape (unit,), optional
        1 of units that are on when they do not work, -1 of others; default at random.

    Returns
    -------
    Network
        One linear latent, which is given out, then the units.
    """
    usage = np.asarray(usage, dtype=bool)
    n_units = len(usage)
    mixture = np.eye(n_units) if own_inputs else rng.standard_normal((n_units, N_INPUTS))
    mixture /= np.linalg.norm(mixture, axis=1, keepdims=True)
    threshold = 0.4 * rng.standard_normal(n_units)
    side = rng.choice([-1.0, 1.0], n_units) if idle is None else np.asarray(idle, dtype=float)
    rule = -HELD * (1 - LEAK) * side[:, None] * usage
    bias = HELD * side + threshold
    reads = usage.any(axis=1) * rng.choice([-1.0, 1.0], n_units)
    return _network(mixture, rule, bias, reads)


def single_task(parts, n_units, n_tasks, rng) -> Network:
    """Write down a network that knows one task: the units it takes, and others that do no harm.

    Parameters
    ----------
    parts : array, shape (part, input)
        What each of the units that the task needs takes from the inputs.
    n_units, n_tasks : int
        Number of units, and of tasks that have an input for their rule, which it does not use.
    rng : numpy.random.Generator

    Returns
    -------
    Network
        With its units in an order of its own, all of which switch.
    """
    spare = rng.standard_normal((n_units - len(parts), N_INPUTS))
    mixture = np.concatenate([parts, spare])
    mixture /= np.linalg.norm(mixture, axis=1, keepdims=True)
    reads = np.r_[np.ones(len(parts)), np.zeros(len(spare))]
    threshold = rng.standard_normal(n_units)
    order = rng.permutation(n_units)
    rule = np.zeros((n_units, n_tasks))
    return _network(mixture[order], rule, threshold[order], reads[order])


def _network(mixture, rule, bias, reads):
    n_units = len(mixture)
    weight = np.zeros((n_units + 1, n_units + 1))
    weight[0] = np.r_[SUM, reads]
    drive = np.concatenate([mixture, rule], axis=1)
    return Network(
        n_pwl=n_units,
        self_slope=np.r_[0.0, np.full(n_units, LEAK)],
        weight=weight,
        input_weight=np.concatenate([np.zeros((1, drive.shape[1])), drive]),
        bias=np.r_[0.0, bias * (1 - LEAK)],
        initial=np.zeros(n_units + 1),
        readout=np.eye(1, n_units + 1),
        offset=np.zeros(1),
    )


def simulate(network, n_tasks, rng, *, n_trials=N_TRIALS) -> xr.Dataset:
    """Draw trials of all tasks, in which the network does what is asked for.

    Parameters
    ----------
    network : Network
    n_tasks : int
    rng : numpy.random.Generator
    n_trials : int
        Of each task.

    Returns
    -------
    xarray.Dataset
        Tasks are called "A", "B" and so on, in a variable ``rule``.
    """
    n_inputs = network.input_weight.shape[1] - n_tasks
    total, names = n_tasks * n_trials, [chr(ord("A") + k) for k in range(n_tasks)]
    task = np.repeat(np.arange(n_tasks), n_trials)
    noise = rng.standard_normal((total, N_STEPS, n_inputs))
    rule = np.broadcast_to(np.eye(n_tasks)[task][:, None], (total, N_STEPS, n_tasks))
    steps = ("trial", "time")
    trials = xr.Dataset(
        {
            "inputs": ((*steps, "feature"), np.concatenate([noise, rule], axis=-1)),
            "target": ((*steps, "output"), np.zeros((total, N_STEPS, 1))),
            "scored": (steps, np.broadcast_to(np.arange(N_STEPS) > 1, (total, N_STEPS))),
            "n_steps": ("trial", np.full(total, N_STEPS)),
            "rule": ("trial", np.array(names)[task]),
        },
        coords={
            "subject": ("trial", np.full(total, "000")),
            "session": ("trial", np.full(total, "1")),
            "trial_in_session": ("trial", np.arange(total)),
            "time": np.arange(N_STEPS, dtype=float),
            "feature": [*(f"input {k}" for k in range(n_inputs)), *names],
            "output": ["sum"],
        },
        attrs={"encoding": json.dumps(ENCODING), "loss": "squared"},
    )
    sequences = encode(trials, **ENCODING)
    latents = sequences.to_trials(compute_latents(network, sequences))
    target = latents @ network.readout.T + network.offset
    return trials.assign(target=trials["target"].copy(data=target))
