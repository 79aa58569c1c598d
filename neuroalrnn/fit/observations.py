"""Observations: the data that models are fitted to, as tensors."""

from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import ArrayLike

from neuroalrnn.data import Sequences
from neuroalrnn.model.observation import ObservationModel


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
        Number of scored choices of each sequence.
    read_steps : Tensor of int, shape (scored step,)
        Steps at which any sequence has a scored choice. Nothing else is read out.
    n_steps : Tensor of int, shape (sequence,)
        Length of each sequence in steps.
    subject : Tensor of int, shape (sequence,)
        Place of the subject of each sequence among all subjects.
    observation_model : ObservationModel, optional
        What explains the values. Without one, only the choices are explained.
    values : dict of str -> Tensor, shape (scored step, sequence)
        Trial variables of the observation model; NaN where missing, and where nothing is scored.
    shift : Tensor, shape (scored step, sequence, output), optional
        Log-odds (nats) that another model gives, which are added to what is read out.
    """

    inputs: torch.Tensor
    choice: torch.Tensor
    scored: torch.Tensor
    n_scored: torch.Tensor
    read_steps: torch.Tensor
    n_steps: torch.Tensor
    subject: torch.Tensor
    observation_model: ObservationModel | None = None
    values: dict[str, torch.Tensor] = field(default_factory=dict)
    shift: torch.Tensor | None = None


def make_observations(
    sequences: Sequences,
    *,
    dtype: torch.dtype = torch.float32,
    subjects: ArrayLike | None = None,
    observation_model: ObservationModel | None = None,
    shift: np.ndarray | None = None,
) -> Observations:
    """Turn sequences into tensors.

    Parameters
    ----------
    sequences : neuroalrnn.data.Sequences
        Encoded trials.
    dtype : torch.dtype
        Floating type of the tensors.
    subjects : sorted array of str, optional
        All subjects, where `sequences` are only those of some.
    observation_model : ObservationModel, optional
        A model of variables that `sequences` hold as ``observed``.
    shift : array, shape (sequence, step, output), optional
        See `Observations`.

    Returns
    -------
    Observations
        The sequences and, last, an empty one.
    """
    names = np.unique(sequences.subject) if subjects is None else np.asarray(subjects)
    read_steps = np.flatnonzero(sequences.scored.any(axis=0))
    scored = sequences.scored[:, read_steps]
    choice = np.where(scored, sequences.target[:, read_steps], 0)
    values = {
        name: np.where(scored, sequences.observed[name][:, read_steps], np.nan)
        for name in _needed(observation_model)
    }
    return Observations(
        inputs=_with_empty(sequences.inputs, dtype),
        choice=_with_empty(choice, dtype).T.contiguous(),
        scored=_with_empty(scored, dtype).T.contiguous(),
        n_scored=_with_empty(scored.sum(axis=1), torch.int64),
        read_steps=torch.as_tensor(read_steps),
        n_steps=_with_empty(sequences.n_steps, torch.int64),
        subject=_with_empty(np.searchsorted(names, sequences.subject), torch.int64),
        observation_model=observation_model,
        values={
            name: _with_empty(each, dtype, torch.nan).T.contiguous()
            for name, each in values.items()
        },
        shift=None if shift is None else _shift(shift[:, read_steps], dtype),
    )


def _shift(values, dtype):
    return _with_empty(values, dtype).transpose(0, 1).contiguous()


def _needed(observation_model):
    """Variables that an observation model needs."""
    return observation_model.variables + observation_model.given if observation_model else ()


def _with_empty(values, dtype, empty=0):
    """Add an empty sequence at the end, so that index -1 pads batches of unequal size."""
    values = torch.as_tensor(values)
    return torch.cat([values, torch.full_like(values[:1], empty)]).to(dtype)
