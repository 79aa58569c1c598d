"""What interventions do to the log-likelihood of choices, trial by trial."""

from typing import NamedTuple

import numpy as np

from neuroalrnn.data.sequences import Sequences
from neuroalrnn.exceptions import NotTestableError
from neuroalrnn.network.choices import score_choices
from neuroalrnn.network.interventions import Intervention
from neuroalrnn.network.run import Network, run_network


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
        With a leading axis for a list, all of whose interventions run at once.

    Raises
    ------
    NotTestableError
        If no choice in the sequences is scored.
    """
    etas, trials, choices = [], [], []
    is_read = np.any(sequences.scored, axis=0)
    for t, (rows, z) in enumerate(run_network(network, sequences, interventions)):
        if is_read[t]:
            here = sequences.scored[rows, t]
            rows = rows[here]
            etas.append(z[..., here, :] @ network.readout.T + network.offset)
            trials.append(sequences.trial[rows, t])
            choices.append(sequences.target[rows, t].astype(int))
    if not etas:
        raise NotTestableError("there is no scored choice in these sequences")
    eta, trial = np.concatenate(etas, axis=-2), np.concatenate(trials)
    return Scores(trial, *score_choices(eta, np.concatenate(choices), available, trial))
