"""Observations as tensors, and the masked log-likelihood of many models on them."""

from dataclasses import dataclass, field

import numpy as np
import torch

from neuroalrnn.model.architecture import ALRNN
from neuroalrnn.model.observation import Observation
from neuroalrnn.model.readout import log_likelihood
from neuroalrnn.ops import torch_eager


@dataclass(frozen=True)
class Observations:
    """Encoded sequences as tensors, stored once and shared by all models; the last one is empty.

    Parameters
    ----------
    inputs : Tensor, shape (sequence, step, feature)
        Zero in padding.
    choice : Tensor, shape (scored step, sequence)
        Codes; 0 where nothing is scored.
    scored : Tensor, shape (scored step, sequence)
        1 where a choice counts, else 0.
    n_scored : Tensor of int, shape (sequence,)
    read_steps : Tensor of int, shape (scored step,)
        The steps at which any sequence has a scored choice; nothing else is read out.
    n_steps : Tensor of int, shape (sequence,)
    subject : Tensor of int, shape (sequence,)
        Place of each sequence's subject among all subjects.
    observation : Observation, optional
        What explains the values; without one, the choices alone are explained.
    values : dict of str -> Tensor, shape (scored step, sequence)
        Trial variables of `observation`; NaN where missing, and where nothing is scored.
    """

    inputs: torch.Tensor
    choice: torch.Tensor
    scored: torch.Tensor
    n_scored: torch.Tensor
    read_steps: torch.Tensor
    n_steps: torch.Tensor
    subject: torch.Tensor
    observation: Observation | None = None
    values: dict[str, torch.Tensor] = field(default_factory=dict)


def observe(sequences, *, dtype=torch.float32, subjects=None, observation=None):
    """Turn `Sequences` into tensors.

    Parameters
    ----------
    sequences : neuroalrnn.data.Sequences
    dtype : torch.dtype
    subjects : sorted array of str, optional
        All subjects, where `sequences` are of some of them only.
    observation : Observation, optional
        Of variables that `sequences` hold as ``observed``.

    Returns
    -------
    Observations
    """
    subjects = np.unique(sequences.subject) if subjects is None else subjects
    read_steps = np.flatnonzero(sequences.scored.any(axis=0))
    scored = sequences.scored[:, read_steps]
    choice = np.where(scored, sequences.target[:, read_steps], 0)
    values = {
        name: np.where(scored, sequences.observed[name][:, read_steps], np.nan)
        for name in (observation.variables + observation.given if observation else ())
    }
    return Observations(
        inputs=_with_empty(sequences.inputs, dtype),
        choice=_with_empty(choice, dtype).T.contiguous(),
        scored=_with_empty(scored, dtype).T.contiguous(),
        n_scored=_with_empty(scored.sum(axis=1), torch.int64),
        read_steps=torch.as_tensor(read_steps),
        n_steps=_with_empty(sequences.n_steps, torch.int64),
        subject=_with_empty(np.searchsorted(subjects, sequences.subject), torch.int64),
        observation=observation,
        values={
            name: _with_empty(each, dtype, torch.nan).T.contiguous()
            for name, each in values.items()
        },
    )


def _with_empty(values, dtype, empty=0):
    """The sequences and, last, an empty one: index -1 pads batches of unequal size."""
    values = torch.as_tensor(values)
    return torch.cat([values, torch.full_like(values[:1], empty)]).to(dtype)


def compute_eta(
    weights, n_pwl, observations, index, *, read_steps=None, scan=torch_eager.scan, of=ALRNN
):
    """Read-out at some steps (default: all scored ones), (model, read step, lane, output)."""
    read_steps = observations.read_steps if read_steps is None else read_steps
    read_steps = read_steps[read_steps < observations.n_steps[index].max()]
    return of.scan(weights, n_pwl, observations, index, read_steps, scan)


def compute_log_likelihood(weights, n_pwl, observations, index, *, scan=torch_eager.scan, of=ALRNN):
    """Summed log-likelihood and number of scored choices of every lane.

    Parameters
    ----------
    weights : Weights
        Or those of another architecture `of`.
    n_pwl : Tensor of int, shape (model,)
    observations : Observations
    index : Tensor of int, shape (model, lane)

    Returns
    -------
    total : Tensor, shape (model, lane), in nats
    n_scored : Tensor, shape (model, lane)
    """
    eta = compute_eta(weights, n_pwl, observations, index, scan=scan, of=of)
    return sum_scored(eta, observations, index), observations.n_scored[index]


def sum_scored(eta, observations, index):
    """Summed log-likelihood of the scored choices of every lane, shape (model, lane), in nats.

    With an observation model, of everything observed in these trials.
    """
    if observations.observation is not None:
        values = {
            name: of_lanes(each[: eta.shape[1]], index)
            for name, each in observations.values.items()
        }
        return observations.observation.log_likelihood(eta, values).sum(1)
    choice = of_lanes(observations.choice[: eta.shape[1]], index)
    scored = of_lanes(observations.scored[: eta.shape[1]], index)
    each = log_likelihood(eta, choice)
    return torch.where(scored > 0, each, 0.0).sum(1)


def of_lanes(values, index):
    """Values (scored step, sequence) of every lane as (model, scored step, lane), like eta."""
    lanes = index.remainder(values.shape[1]).flatten()
    return values.index_select(1, lanes).unflatten(1, index.shape).transpose(0, 1)
