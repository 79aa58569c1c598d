"""Training on a task: all restarts of one number of PWL units, on one training set, at once."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from neuroalrnn.dissect._sets import FRESH
from neuroalrnn.fit import Jobs
from neuroalrnn.model import ALRNN_ARCHITECTURE, no_scaling, stack
from neuroalrnn.study.search import train_in_chunks


@dataclass(frozen=True)
class Learnt:
    """Networks after training, each at its best check, and how they got there.

    Attributes
    ----------
    weights : Weights
        With a model axis.
    train_curve, validation_curve : array, shape (model, check)
        Log-likelihood per scored step (nats, or half the squared error with a minus); NaN after a
        model has stopped.
    diverged : bool array, shape (model,)
    """

    weights: Any
    train_curve: np.ndarray
    validation_curve: np.ndarray
    diverged: np.ndarray


def learn(
    source, setting, n_pwl, n_train, *, restarts, n_validation, engine, progress,
    architecture=ALRNN_ARCHITECTURE,
):  # fmt: skip
    """Train networks on a task.

    Parameters
    ----------
    source : Source
    setting : neuroalrnn.config.Setting
    n_pwl : sequence of int
        Number of PWL units of each network.
    n_train : int or None
        Number of training sequences; None draws new ones for every update.
    restarts : sequence of int
        Which start each network has. Networks of one restart meet the same trials in the same
        order, whatever their number of PWL units.
    n_validation : int
        Number of sequences that say when to stop.
    engine : neuroalrnn.study.engine.Engine
    progress : callable
        See `neuroalrnn.fit.train`.
    architecture : Architecture

    Returns
    -------
    Learnt
    """
    known = source.stored(n_validation, n_train or 0)
    jobs = _jobs(source, setting, n_pwl, restarts, known, n_validation, architecture)

    def fresh(check, n_sequences):
        return source.draw(FRESH, n_sequences, check).observations(setting.dtype)

    trained = train_in_chunks(
        jobs, known.observations(setting.dtype), setting, engine, progress, architecture,
        fresh=fresh if n_train is None else None,
    )  # fmt: skip
    n_scored = known.sequences.scored[:n_validation].sum()
    validation = trained.validation[:, :, :n_validation].sum(axis=2) / n_scored
    return Learnt(trained.best, trained.train_score, validation, trained.diverged)


def _jobs(source, setting, n_pwl, restarts, known, n_validation, architecture):
    """One job per network; the first sequences are for validation, all others for training."""
    dtype, n = getattr(torch, setting.dtype), len(n_pwl)
    n_features = len(known.sequences.features)
    everything = np.arange(len(known.sequences.n_steps))
    validate, train = np.split(everything, [n_validation])
    offset = known.start(train if len(train) else validate)
    weights = stack(
        [
            architecture.draw(
                setting, p, n_features, offset=offset, is_known=None,
                rng=np.random.default_rng([source.random_state, restart]),
            )
            for p, restart in zip(n_pwl, restarts, strict=True)
        ]
    )  # fmt: skip
    return Jobs(
        weights=type(weights)(*(part.to(dtype) for part in weights)),
        scaling=no_scaling(n, n_features),
        observed=no_scaling(1, n_features),
        n_pwl=torch.tensor(n_pwl),
        settings=[setting] * n,
        train=[train] * n,
        validate=[validate] * n,
        n_checks=np.full(n, setting.max_checks),
        group=np.arange(n),
        seeds=[[source.random_state, restart] for restart in restarts],
    )
