"""Training on a task: all restarts of one number of PWL units, on one training set, at once."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from neuroalrnn.dissect._sets import FRESH
from neuroalrnn.fit import Jobs
from neuroalrnn.model import ALRNN_ARCHITECTURE, no_scaling, stack
from neuroalrnn.network import Network
from neuroalrnn.study.final import as_networks, as_weights
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
    n_pwl : list of int
        Number of PWL units of each model.
    """

    weights: Any
    train_curve: np.ndarray
    validation_curve: np.ndarray
    diverged: np.ndarray
    n_pwl: list[int]

    @property
    def networks(self) -> list[Network]:
        """AL-RNNs in numpy."""
        return as_networks(self.weights, self.n_pwl)


def learn(
    source, setting, n_pwl, n_train, *, restarts, n_validation, engine, progress,
    architecture=ALRNN_ARCHITECTURE, starts=None, n_checks=None,
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
    starts : list of Network, optional
        Networks that are trained on, with trials that they have not met where trials are drawn
        anew; default new ones.
    n_checks : int array, shape (model,), optional
        Checks after which each stops at the latest; default those of the setting.

    Returns
    -------
    Learnt
    """
    known = source.stored(n_validation, n_train or 0)
    if starts is None:
        weights = _draw(source, setting, n_pwl, restarts, known, n_validation, architecture)
    else:
        weights = stack([as_weights(each) for each in starts])
    jobs = _jobs(source, setting, n_pwl, restarts, known, n_validation, weights)
    if n_checks is not None:
        jobs = replace(jobs, n_checks=n_checks)
    met = 0 if starts is None else setting.max_checks

    def fresh(check, n_sequences):
        return source.draw(FRESH, n_sequences, met + check).observations(setting.dtype)

    trained = train_in_chunks(
        jobs, known.observations(setting.dtype), setting, engine, progress, architecture,
        fresh=fresh if n_train is None else None,
    )  # fmt: skip
    n_scored = known.sequences.scored[:n_validation].sum()
    validation = trained.validation[:, :, :n_validation].sum(axis=2) / n_scored
    return Learnt(
        trained.best, trained.train_score, validation, trained.diverged, [int(p) for p in n_pwl]
    )


def _parts(known, n_validation):
    """The first sequences are for validation, all others for training."""
    return np.split(np.arange(len(known.sequences.n_steps)), [n_validation])


def _draw(source, setting, n_pwl, restarts, known, n_validation, architecture):
    """Weights to start from."""
    validate, train = _parts(known, n_validation)
    n_features = len(known.sequences.features)
    offset = known.start(train if len(train) else validate)
    return stack(
        [
            architecture.draw(
                setting, p, n_features, offset=offset, is_known=None,
                rng=np.random.default_rng([source.random_state, restart]),
            )
            for p, restart in zip(n_pwl, restarts, strict=True)
        ]
    )  # fmt: skip


def _jobs(source, setting, n_pwl, restarts, known, n_validation, weights):
    """One job per network."""
    dtype, n = getattr(torch, setting.dtype), len(n_pwl)
    n_features = len(known.sequences.features)
    validate, train = _parts(known, n_validation)
    return Jobs(
        weights=type(weights)(*(part.to(dtype) for part in weights)),
        scaling=no_scaling(n, n_features),
        observed=no_scaling(1, n_features),
        n_pwl=torch.tensor([int(p) for p in n_pwl]),
        settings=[setting] * n,
        train=[train] * n,
        validate=[validate] * n,
        n_checks=np.full(n, setting.max_checks),
        group=np.arange(n),
        seeds=[[source.random_state, int(restart)] for restart in restarts],
    )
