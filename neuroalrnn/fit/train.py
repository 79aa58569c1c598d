"""Gradient ascent on the log-likelihood of many models at once, each with its own data."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import torch

from neuroalrnn.fit.objective import compute_eta, of_lanes, sum_scored
from neuroalrnn.fit.optimise import FULL_ROW, Adam
from neuroalrnn.fit.regularise import Penalties, with_latents
from neuroalrnn.model.alrnn import Scaling, select
from neuroalrnn.model.architecture import ALRNN
from neuroalrnn.ops import Weights, torch_eager


@dataclass(frozen=True)
class Jobs:
    """What each model of a batch is trained on.

    Parameters
    ----------
    weights : Weights
        Starting values, with a model axis; those of another architecture in `train` with `of`.
    scaling : Scaling
        Of the inputs as observed, from each model's training data; float64.
    observed : Scaling
        One for all, that the observed inputs have undergone before, in double precision: in single
        precision far offsets would cost all digits.
    n_pwl : Tensor of int, shape (model,)
    settings : list of Setting
        Learning rate, its decay, clipping, weight decay and penalties of each model.
    train : list of int arrays
        Sequences that each model learns from.
    validate : list of int arrays
        Sequences that each model is scored on while it learns; may be empty.
    n_checks : int array, shape (model,)
        When each model stops at the latest, in checks of ``setting.check_every`` updates; at least
        1.
    group : int array, shape (model,)
        Models that stop together, by the mean of their validation scores.
    seeds : list of int sequences
        One per model: the order in which it meets its sequences.
    """

    weights: Weights
    scaling: Scaling
    observed: Scaling
    n_pwl: torch.Tensor
    settings: list
    train: list
    validate: list
    n_checks: np.ndarray
    group: np.ndarray
    seeds: list

    def __len__(self):
        return len(self.n_pwl)

    def take(self, models):
        """The jobs of some models only."""
        pick = [int(m) for m in models]
        return Jobs(
            weights=select(self.weights, torch.as_tensor(pick)),
            scaling=self.scaling.take(pick),
            observed=self.observed,
            n_pwl=self.n_pwl[pick],
            settings=[self.settings[m] for m in pick],
            train=[self.train[m] for m in pick],
            validate=[self.validate[m] for m in pick],
            n_checks=self.n_checks[pick],
            group=self.group[pick],
            seeds=[self.seeds[m] for m in pick],
        )


@dataclass(frozen=True)
class Trained:
    """Weights at the end of training, and the way there.

    Parameters
    ----------
    weights : Weights
        Acting on the inputs as they are; float64, as far offsets need it.
    train_score : array, shape (model, check)
        Mean log-likelihood per scored choice (nats) of the batches since the last check; NaN once
        stopped.
    validation : array, shape (model, check, sequence)
        Summed log-likelihood (nats) of each validation sequence, minus infinity where it
        overflows; NaN where a model does not validate on it, or has stopped.
    diverged : bool array, shape (model,)
    """

    weights: Weights
    train_score: np.ndarray
    validation: np.ndarray
    diverged: np.ndarray


def train(jobs, observations, setting, *, scan=torch_eager.scan, of=ALRNN, on_check=None):
    """Train a batch of models.

    Each model draws its own batches and has its own Adam state and gradient norm, so that a model
    in a batch learns exactly what it learns alone. Validation uses the running average of the
    weights (decay ``setting.averaging``), which is also what is returned.

    Parameters
    ----------
    jobs : Jobs
    observations : Observations
    setting : neuroalrnn.config.Setting
        What all models share: batch size, checks, patience, averaging.
    scan : callable
        A backend of `neuroalrnn.ops`.
    of : Architecture
    on_check : callable, optional
        Called as ``on_check(n_models, score)`` after every check, with the number of models that
        were trained and the best of their latest validation scores (nats per trial; NaN if none
        validates).

    Returns
    -------
    Trained
    """
    run = _Run(jobs, observations, setting, scan, of)
    while run.active.size:
        n_active = run.active.size
        run.advance()
        run.check()
        if on_check is not None:
            on_check(n_active, run.latest_score())
    return run.result()


class _Run:
    """State of one batch of models; models that stopped leave the tensors."""

    def __init__(self, jobs, observations, setting, scan, of):
        self.jobs, self.observations, self.setting = jobs, observations, setting
        self.scan, self.of = scan, of
        n_models, n_checks = len(jobs), int(jobs.n_checks.max())
        self.active = np.arange(n_models)
        self.scaling = jobs.scaling.to(observations.inputs.dtype)
        self.streams = [
            _Stream(ids, seed) for ids, seed in zip(jobs.train, jobs.seeds, strict=True)
        ]
        self.optimiser = Adam(
            jobs.weights,
            frozen=of.frozen(jobs.weights, jobs.n_pwl, setting),
            decayed=of.decayed(jobs.weights),
            learning_rate=[each.learning_rate for each in jobs.settings],
            halving=[each.halve_every or np.inf for each in jobs.settings],
            clip_norm=[each.clip_norm for each in jobs.settings],
            weight_decay=[each.weight_decay for each in jobs.settings],
            averaging=setting.averaging,
        )
        self.penalties = Penalties(jobs.settings)
        n_scored = [observations.n_scored[ids].sum() for ids in jobs.train]
        self.n_scored = torch.stack(n_scored).to(observations.inputs)
        self.final = self.optimiser.averaged()
        self.train_score = np.full((n_models, n_checks), np.nan)
        self.validation = np.full((n_models, n_checks, len(observations.n_steps)), np.nan)
        self.diverged = np.zeros(n_models, dtype=bool)
        self.n_done = 0

    def advance(self):
        """Update every active model ``check_every`` times."""
        n_updates, size = self.setting.check_every, self.setting.batch_size
        lanes = np.stack([self.streams[m].draw(n_updates, size) for m in self.active], axis=1)
        lanes = self._longest_first(lanes)
        score = 0
        for index in torch.as_tensor(lanes):
            score += self.optimiser.update(partial(self._mean_score, index=index))
        self.train_score[self.active, self.n_done] = (score / n_updates).numpy()

    def _longest_first(self, lanes):
        """Lanes in the order in which scans like them best."""
        n_steps = self.observations.n_steps.numpy()[lanes]
        return np.take_along_axis(lanes, np.argsort(-n_steps, axis=-1, kind="stable"), axis=-1)

    def _mean_score(self, weights, index):
        """What an update climbs: log-likelihood per scored choice, less the penalties."""
        read = with_latents(weights) if self.penalties.need_latents else weights
        eta = self._read(read, index, self.active)
        eta, latents = eta.tensor_split([weights.offset.shape[1]], dim=-1)
        score = sum_scored(eta, self.observations, index).sum(1)
        score = score / self.observations.n_scored[index].sum(1).clamp(min=1)
        if self.of.log_prior is not None:
            score = score + self.of.log_prior(weights) / self.n_scored[self.active]
        if not self.penalties.strengths:
            return score
        scored = of_lanes(self.observations.scored[: eta.shape[1]], index)
        n_pwl = self.jobs.n_pwl[self.active]
        return score - self.penalties.compute(self.active, weights, n_pwl, latents, scored)

    def _read(self, weights, index, models):
        weights = self.of.scale_inputs(weights, self.scaling.take(models))
        n_pwl = self.jobs.n_pwl[models]
        return compute_eta(weights, n_pwl, self.observations, index, scan=self.scan, of=self.of)

    def check(self):
        """Score the validation sequences, then retire models that diverged, stalled or finished."""
        weights = self.optimiser.averaged()
        self._validate(weights)
        self._mark_diverged()
        self.n_done += 1
        done = self.n_done >= self.jobs.n_checks[self.active]
        stopped = done | self._in_groups(self.diverged) | self._stalled()
        for kept, now in zip(self.final, weights, strict=True):
            kept[self.active] = now
        if stopped.any():
            self.optimiser.keep(np.flatnonzero(~stopped))
            self.active = self.active[~stopped]

    def _validate(self, weights):
        active, lanes = _full_rows([self.jobs.validate[m] for m in self.active])
        if not len(lanes):
            return
        with torch.no_grad():
            lanes = torch.as_tensor(lanes)
            eta = self._read(select(weights, active), lanes, self.active[active])
            total = sum_scored(eta, self.observations, lanes).numpy()
        lanes = lanes.numpy()
        row, lane = np.nonzero(lanes >= 0)
        # what is not a number must lose, and NaN is kept for "not validated"
        score = np.where(np.isfinite(total), total, -np.inf)
        models = self.active[active[row]]
        self.validation[models, self.n_done, lanes[row, lane]] = score[row, lane]

    def _mark_diverged(self):
        finite = self.optimiser.is_finite()
        finite &= np.isfinite(self.train_score[self.active, self.n_done])
        self.diverged[self.active[~finite]] = True

    def _in_groups(self, marked):
        """Active models of which any member of the group is marked."""
        return np.isin(self.jobs.group[self.active], self.jobs.group[marked])

    def _stalled(self):
        """Active models whose group has not improved for ``patience`` checks."""
        stalled = [g for g in np.unique(self.jobs.group[self.active]) if self._has_stalled(g)]
        return np.isin(self.jobs.group[self.active], stalled)

    def _has_stalled(self, group):
        curve = self.curve(group)
        since_best = self.n_done - 1 - int(np.argmax(curve))
        return curve.any() and since_best >= self.setting.patience

    def curve(self, group):
        """Summed validation log-likelihood of a group at every check so far."""
        members = self.jobs.group == group
        return np.nansum(self.validation[members, : self.n_done], axis=(0, 2))

    def latest_score(self):
        """Best validation score of the last check, nats per trial, over all models in it."""
        total = self.validation[:, self.n_done - 1]
        n_scored = ~np.isnan(total) @ self.observations.n_scored.numpy()
        scores = np.nansum(total, axis=1)[n_scored > 0] / n_scored[n_scored > 0]
        return max(scores, default=np.nan)

    def result(self):
        n = self.n_done
        final = type(self.final)(*(part.double() for part in self.final))
        weights = self.of.scale_inputs(final, self.jobs.scaling.after(self.jobs.observed))
        return Trained(weights, self.train_score[:, :n], self.validation[:, :n], self.diverged)


class _Stream:
    """Endless shuffled passes over one model's sequences, from its own random stream."""

    def __init__(self, ids, seed):
        self.ids, self.rng = np.asarray(ids), np.random.default_rng(seed)
        self.queue = np.empty(0, dtype=np.int64)

    def draw(self, n_updates, batch_size):
        size = min(batch_size, len(self.ids))
        while len(self.queue) < n_updates * size:
            self.queue = np.concatenate([self.queue, self.rng.permutation(self.ids)])
        drawn, self.queue = np.split(self.queue, [n_updates * size])
        drawn = drawn.reshape(n_updates, size)
        absent = -(-batch_size // FULL_ROW) * FULL_ROW - size
        return np.pad(drawn, ((0, 0), (0, absent)), constant_values=-1)


def _full_rows(lists):
    """Lists of sequences cut into rows of `FULL_ROW` lanes; absent lanes are -1.

    Returns
    -------
    owner : int array, shape (row,)
        The list that each row is from.
    lanes : int array, shape (row, lane)
    """
    n_rows = [-(-len(ids) // FULL_ROW) for ids in lists]
    lanes = np.full((sum(n_rows), FULL_ROW), -1)
    owner = np.repeat(np.arange(len(lists)), n_rows)
    for k, ids in enumerate(lists):
        rows = lanes[owner == k].ravel()
        rows[: len(ids)] = ids
        lanes[owner == k] = rows.reshape(-1, FULL_ROW)
    return owner, lanes
