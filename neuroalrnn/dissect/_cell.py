"""One cell of a dissection: all restarts of some numbers of PWL units on one training set."""

import time

import numpy as np

from neuroalrnn.dissect._again import retrained
from neuroalrnn.dissect._apart import (
    REPLACEMENTS,
    attenuated,
    count_regimes,
    replaced,
    run,
    score,
)
from neuroalrnn.dissect._sets import TEST
from neuroalrnn.dissect._training import learn
from neuroalrnn.dissect.plan import SLOPES
from neuroalrnn.network import Network

# networks are taken apart on so many of the test sequences
N_APART = 200
# dims of all that a cell holds, behind (n_train, n_pwl, restart)
DIMS = {
    "score": ("measure",),
    "validation_score": ("measure",),
    "train_curve": ("check",),
    "validation_curve": ("check",),
    "diverged": (),
    "seconds": (),
    "self_slope": ("latent",),
    "weight": ("latent", "latent_in"),
    "input_weight": ("latent", "feature"),
    "bias": ("latent",),
    "initial": ("latent",),
    "readout": ("output", "latent"),
    "offset": ("output",),
}
# the same of what only networks of the largest training size have, behind (n_pwl, restart)
INSIDE = {
    "intact": (),
    "attenuated": ("slope",),
    "replaced": ("replacement", "unit"),
    "trained_on": (),
    "retrained": ("unit",),
    "n_used": (),
    "effective_n_pwl": (),
}


def work_cell(plan, n_train, grid, engine, progress):
    """Train, score, and where trials are most numerous take apart.

    Parameters
    ----------
    plan : Plan
    n_train : int or None
        Number of training sequences; None draws new ones for every update.
    grid : tuple of int
        Numbers of PWL units.
    engine : Engine
    progress : callable

    Returns
    -------
    dict of str to array, shape (n_pwl, restart, ...)
        By the names in `DIMS`, and where trials are most numerous in `INSIDE`.
    """
    started, n_pwl = time.perf_counter(), np.repeat(grid, plan.n_restarts).tolist()
    restarts = [*range(plan.n_restarts)] * len(grid)
    learnt = learn(
        plan.source, plan.setting, n_pwl, n_train, restarts=restarts,
        n_validation=plan.n_validation, engine=engine, progress=progress,
    )  # fmt: skip
    seconds = time.perf_counter() - started
    networks = learnt.networks
    task, test = plan.source.task, plan.source.draw(TEST, plan.n_test)
    known = plan.source.stored(plan.n_validation, 0)
    scores, validation = (
        np.array([_score(task, part, network) for network in networks]) for part in (test, known)
    )
    found = {
        "score": scores,
        "validation_score": validation,
        "train_curve": _full(plan, learnt.train_curve),
        "validation_curve": _full(plan, learnt.validation_curve),
        "diverged": learnt.diverged,
        "seconds": np.full(len(networks), seconds / len(networks)),
        **{name: np.stack(parts) for name, parts in _weights(networks)},
    }
    if n_train == plan.cells[-1][0]:
        n = min(N_APART, plan.n_test)
        parts = plan.source.draw(TEST, n), plan.source.stored(n, 0)
        found |= _apart(plan, networks, learnt.diverged, parts)
        found |= retrained(plan, n_train, learnt, restarts, parts, engine=engine, progress=progress)
    shape = len(grid), plan.n_restarts
    return {name: each.reshape(*shape, *each.shape[1:]) for name, each in found.items()}


def _score(task, test, network):
    with np.errstate(over="ignore", invalid="ignore"):
        return score(task, test, np.nan_to_num(run(network, test.sequences)))


def _full(plan, curve):
    """Curves of all checks, NaN after the last one."""
    more = plan.setting.max_checks - curve.shape[1]
    return np.pad(curve, ((0, 0), (0, more)), constant_values=np.nan)


def _weights(networks):
    """Weights of all networks, by name."""
    names = Network._fields[1:]
    return zip(names, zip(*(each[1:] for each in networks), strict=True), strict=True)


def _apart(plan, networks, diverged, parts):
    """What is found inside every network; NaN where training diverged."""
    (few, known), task, most = parts, plan.source.task, max(plan.grid)
    slopes = np.full((len(networks), len(SLOPES)), np.nan)
    units = np.full((len(networks), len(REPLACEMENTS), most), np.nan)
    counts = np.full((len(networks), 2), np.nan)
    intact = np.full(len(networks), np.nan)
    for k in np.flatnonzero(~diverged):
        counts[k] = count_regimes(networks[k], few)
        intact[k] = _score(task, few, networks[k])[0]
        slopes[k] = intact[k]
        if networks[k].n_pwl:
            slopes[k] = attenuated(networks[k], few, task, SLOPES)
            units[k, :, : networks[k].n_pwl] = replaced(networks[k], few, known, task)
    return {
        "intact": intact,
        "attenuated": slopes,
        "replaced": units,
        "n_used": counts[:, 0],
        "effective_n_pwl": counts[:, 1],
    }
