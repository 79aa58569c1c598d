"""What interventions do to the log-likelihood of choices, trial by trial."""

from typing import NamedTuple

import numpy as np

from neuroalrnn.data.sequences import Sequences
from neuroalrnn.exceptions import NotTestableError
from neuroalrnn.network.choices import score_choices
from neuroalrnn.network.interventions import Intervention
from neuroalrnn.network.run import Network, run_network

# of all interventions that run at once, so that they fit into memory
MOST_STEPS = 4_000_000


class Scores(NamedTuple):
    """How well scored choices are predicted.

    Parameters
    ----------
    trial : int array, shape (row,)
        Index into the trials of the dataset.
    log_likelihood : array, shape (row,) or (intervention, row)
        In nats.
    accuracy : array, of the same shape
        1 where the choice was the most probable option, shared among ties.
    """

    trial: np.ndarray
    log_likelihood: np.ndarray
    accuracy: np.ndarray


def score_trials(
    network: Network,
    sequences: Sequences,
    interventions: Intervention | list[Intervention] | None = None,
    *,
    available: np.ndarray | None = None,
) -> Scores:
    """Score every scored choice of some sequences under a network.

    With one output, ``log p(1) = log sigmoid(eta)``; with more, ``eta_k - logsumexp(eta)`` over
    the options available.

    Parameters
    ----------
    network : Network
        Trained network.
    sequences : Sequences
        Trials as encoded for the network.
    interventions : Intervention or list of Intervention, optional
        What is done to the running network; default nothing.
    available : bool array, shape (trial, option), optional
        Over all trials of the dataset: what each of them offered.

    Returns
    -------
    Scores
        With a leading axis for a list.
    """
    if not isinstance(interventions, list):
        return _score(network, sequences, interventions, available)
    size = max(1, MOST_STEPS // max(sequences.trial.size, 1))
    starts = range(0, max(len(interventions), 1), size)
    parts = [
        _score(network, sequences, interventions[start : start + size], available)
        for start in starts
    ]
    joined = (np.concatenate([getattr(p, name) for p in parts]) for name in Scores._fields[1:])
    return Scores(parts[0].trial, *joined)


def _score(network, sequences, interventions, available):
    eta, trial, choice = [], [], []
    is_read = sequences.scored.any(axis=0)
    for t, (rows, z) in enumerate(run_network(network, sequences, interventions)):
        if is_read[t]:
            here = sequences.scored[rows, t]
            rows = rows[here]
            eta.append(z[..., here, :] @ network.readout.T + network.offset)
            trial.append(sequences.trial[rows, t])
            choice.append(sequences.target[rows, t].astype(int))
    if not eta:
        raise NotTestableError("there is no scored choice in these sequences")
    trial = np.concatenate(trial)
    eta, choice = np.concatenate(eta, axis=-2), np.concatenate(choice)
    return Scores(trial, *score_choices(eta, choice, available, trial))
