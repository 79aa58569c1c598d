"""GRU and LSTM on the same trials: what gated networks of as many units make of a task."""

import numpy as np
import torch

from neuroalrnn.dissect._apart import score
from neuroalrnn.dissect._sets import TEST
from neuroalrnn.dissect._training import learn
from neuroalrnn.fit import compute_eta
from neuroalrnn.model import select
from neuroalrnn.peers import GRU, LSTM

PEERS = {each.name: each for each in (GRU, LSTM)}
# dims of all that a cell holds, behind (n_train, model, restart)
DIMS = {
    "peer_score": ("measure",),
    "peer_validation_score": ("measure",),
    "peer_diverged": (),
    "peer_parameters": (),
}


def work_peer(plan, n_train, name, engine, progress):
    """Train gated networks of one family, and score them.

    Parameters
    ----------
    plan : Plan
    n_train : int or None
        Number of training sequences; None draws new ones for every update.
    name : str
        In `PEERS`.
    engine : Engine
    progress : callable

    Returns
    -------
    dict of str to array, shape (restart, ...)
        By the names in `DIMS`.
    """
    restarts, architecture = range(plan.n_restarts), PEERS[name]
    learnt = learn(
        plan.source, plan.setting, [0] * plan.n_restarts, n_train, restarts=restarts,
        n_validation=plan.n_validation, engine=engine, progress=progress,
        architecture=architecture,
    )  # fmt: skip
    parts = plan.source.draw(TEST, plan.n_test), plan.source.stored(plan.n_validation, 0)
    test, validation = (
        np.array([_score(plan, part, select(learnt.weights, [k]), architecture) for k in restarts])
        for part in parts
    )
    n_parameters = sum(each[0].numel() for each in learnt.weights)
    return {
        "peer_score": test,
        "peer_validation_score": validation,
        "peer_diverged": learnt.diverged,
        "peer_parameters": np.full(plan.n_restarts, n_parameters),
    }


def _score(plan, part, weights, architecture):
    """All scores of one network, at every step of every sequence."""
    observations = part.observations("float64")
    index = torch.arange(len(observations.n_steps) - 1)[None]
    steps = torch.arange(observations.inputs.shape[1])
    with torch.no_grad():
        eta = compute_eta(
            weights, torch.zeros(1, dtype=torch.int64), observations, index, read_steps=steps,
            architecture=architecture,
        )  # fmt: skip
    return score(plan.source.task, part, np.nan_to_num(eta[0].transpose(0, 1).numpy()))
