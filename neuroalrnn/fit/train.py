"""Gradient ascent on the log-likelihood of many models at once, each with its own data."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch

from neuroalrnn.fit._lanes import lane_values, sum_scored
from neuroalrnn.fit._penalties import Penalties, with_latents
from neuroalrnn.fit.likelihood import compute_eta
from neuroalrnn.fit.observations import Observations
from neuroalrnn.fit.optimise import FULL_ROW, Adam
from neuroalrnn.model import ALRNN_ARCHITECTURE, Architecture, Scaling, select
from neuroalrnn.ops import torch_eager

# groups that are behind a rival have so many times less patience
HASTE = 3


@dataclass(frozen=True)
class Jobs:
    """What each model of a batch is trained on.

    Parameters
    ----------
    weights : Weights
        Starting values, with a model axis, of the architecture that is trained.
    scaling : Scaling
        How each model scales the inputs of the observations, from its training data; float64.
    observed : Scaling
        How the inputs of the observations were scaled before, alike for all models. This was done
        in double precision, as inputs far from 0 would lose their digits in single precision.
    n_pwl : Tensor of int, shape (model,)
        Number of PWL units of each model.
    settings : list of neuroalrnn.config.Setting
        Learning rate, its decay, clipping, weight decay and penalties of each model.
    train : list of int array
        Sequences that each model learns from; not used where they are drawn anew, see `train`.
    validate : list of int array
        Sequences that each model is scored on while it learns. There may be none.
    n_checks : int array, shape (model,)
        Number of checks after which each model stops at the latest, at least 1.
    group : int array, shape (model,)
        Models of a group stop together, by the mean of their validation scores.
    seeds : list of sequence of int
        Seed of the order in which each model meets its sequences.
    """

    weights: Any
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

    def take(self, models: Sequence[int]) -> "Jobs":
        """Select the jobs of some models.

        Parameters
        ----------
        models : int array
            Which models.

        Returns
        -------
        Jobs
            Their jobs.
        """
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
    """Weights at the end of training, and how it went.

    Parameters
    ----------
    weights : Weights
        Weights that act on the inputs as they are; float64, as inputs may be far from 0.
    train_score : array, shape (model, check)
        Mean log-likelihood per scored choice (nats) of the batches since the last check; NaN after
        a model has stopped.
    validation : array, shape (model, check, sequence)
        Log-likelihood (nats) of each validation sequence, summed over its scored choices; minus
        infinity where it overflows, NaN where a model does not validate on it or has stopped.
    diverged : bool array, shape (model,)
        Whether parameters or scores of a model were not finite.
    best : Weights
        Weights at the check at which the group of a model had its best validation score; those at
        the end where nothing was validated.
    """

    weights: Any
    train_score: np.ndarray
    validation: np.ndarray
    diverged: np.ndarray
    best: Any


def train(
    jobs: Jobs,
    observations: Observations,
    setting: Any,
    *,
    scan: Callable = torch_eager.scan,
    architecture: Architecture = ALRNN_ARCHITECTURE,
    on_check: Callable[[int, float], None] | None = None,
    rival: float = -np.inf,
    fresh: Callable[[int, int], Observations] | None = None,
) -> Trained:
    """Train a batch of models.

    Each model draws its own batches and has its own Adam state and gradient norm, so that in a
    batch it learns exactly what it would learn alone. Validation uses the running average of the
    weights (decay ``setting.averaging``), which is also what is returned.

    Parameters
    ----------
    jobs : Jobs
        What each model is trained on.
    observations : Observations
        Data of all sequences.
    setting : neuroalrnn.config.Setting
        What all models share: batch size, checks, patience, averaging.
    scan : callable
        A backend of `neuroalrnn.ops`.
    architecture : Architecture
        The family of networks.
    on_check : callable, optional
        ``on_check(n_models, score)`` is called after every check, with the number of models that
        were trained and the best of their latest validation scores (nats per trial; NaN if none
        validates).
    rival : float
        Validation score that others have reached on the same sequences, nats per trial. A group
        whose best score is below it stops after a third of ``setting.patience`` without a gain;
        all others learn as they would without it.
    fresh : callable, optional
        ``fresh(check, n_sequences)`` returns so many new sequences as observations, and is called
        before every check, counted from 0. All models learn them in the order in which they come,
        each once, and the `observations` are for validation only. Thus no more sequences than those
        of one check are stored.

    Returns
    -------
    Trained
        Final weights of all models, and their scores on the way.
    """
    run = _Run(jobs, observations, setting, scan, architecture, rival, fresh)
    while run.active.size:
        n_active = run.active.size
        run.advance()
        run.check()
        if on_check is not None:
            on_check(n_active, run.latest_score())
    return run.result()


class _Run:
    """One batch of models while they train; models that have stopped leave the tensors."""

    def __init__(self, jobs, observations, setting, scan, architecture, rival, fresh):
        self.jobs, self.observations, self.setting = jobs, observations, setting
        self.scan, self.architecture, self.rival = scan, architecture, rival
        self.fresh, self.learnt = fresh, observations
        n_models, n_checks = len(jobs), int(jobs.n_checks.max())
        self.active = np.arange(n_models)
        self.scaling = jobs.scaling.to(observations.inputs.dtype)
        self.streams = [
            _Stream(ids, seed) for ids, seed in zip(jobs.train, jobs.seeds, strict=True)
        ]
        self.optimiser = Adam(
            jobs.weights,
            frozen=architecture.frozen(jobs.weights, jobs.n_pwl, setting),
            decayed=architecture.decayed(jobs.weights),
            learning_rate=[each.learning_rate for each in jobs.settings],
            halving=[each.halve_every or np.inf for each in jobs.settings],
            clip_norm=[each.clip_norm for each in jobs.settings],
            weight_decay=[each.weight_decay for each in jobs.settings],
            averaging=setting.averaging,
        )
        self.penalties = Penalties(jobs.settings)
        self.learner, is_plain = None, fresh is None and not self.penalties.strengths
        if architecture.learner and is_plain:
            weights = architecture.scale_inputs(jobs.weights, self.scaling)
            self.learner = architecture.learner(observations, weights)
        n_scored = [observations.n_scored[ids].sum() for ids in jobs.train]
        self.n_scored = torch.stack(n_scored).to(observations.inputs)
        self.final = self.optimiser.averaged()
        self.best = type(self.final)(*(part.clone() for part in self.final))
        self.train_score = np.full((n_models, n_checks), np.nan)
        self.validation = np.full((n_models, n_checks, len(observations.n_steps)), np.nan)
        self.diverged = np.zeros(n_models, dtype=bool)
        self.n_done = 0

    def advance(self):
        """Update every active model ``check_every`` times."""
        n_updates, size = self.setting.check_every, self.setting.batch_size
        lanes = self._longest_first(self._draw_lanes(n_updates, size))
        climb = self._climb if self.learner is None else self._climb_fast
        self.train_score[self.active, self.n_done] = (sum(climb(lanes)) / n_updates).numpy()

    def _climb(self, lanes):
        """Update the active models by lanes (update, model, lane); yields their scores."""
        for index in torch.as_tensor(lanes):
            yield self.optimiser.update(partial(self._mean_score, index=index))

    def _climb_fast(self, lanes):
        """Do the same where the gradient needs no graph."""
        scaling = self.scaling.take(self.active)
        n_scored = self.learnt.n_scored[lanes].sum(-1).clamp(min=1).to(scaling.gain)
        for blocks, n in zip(self.learner.cut(lanes), n_scored, strict=True):
            weights = self.architecture.scale_inputs(self.optimiser.weights(), scaling)
            score, gradient = self.learner(weights, blocks, 1 / n)
            changed = scaling.fold_gradient(gradient.input_weight, gradient.bias)
            self.optimiser.climb(gradient._replace(input_weight=changed))
            yield score / n

    def _draw_lanes(self, n_updates, size):
        """Choose the sequences of every update, model and lane."""
        if self.fresh is None:
            return np.stack([self.streams[m].draw(n_updates, size) for m in self.active], axis=1)
        self.learnt = self.fresh(self.n_done, n_updates * size)
        lanes = _pad_rows(np.arange(n_updates * size).reshape(n_updates, 1, size))
        return np.repeat(lanes, len(self.active), axis=1)

    def _longest_first(self, lanes):
        """Sort the lanes of each model, longest first, as scans are fastest then."""
        n_steps = self.learnt.n_steps.numpy()[lanes]
        return np.take_along_axis(lanes, np.argsort(-n_steps, axis=-1, kind="stable"), axis=-1)

    def _mean_score(self, weights, index):
        """Log-likelihood per scored choice minus penalties, which an update raises."""
        read = with_latents(weights) if self.penalties.need_latents else weights
        eta, n_outputs = self._read(read, self.learnt, index, self.active), weights.offset.shape[1]
        score = sum_scored(eta[..., :n_outputs], self.learnt, index).sum(1)
        score = score / self.learnt.n_scored[index].sum(1).clamp(min=1)
        if self.architecture.log_prior is not None:
            score = score + self.architecture.log_prior(weights) / self.n_scored[self.active]
        if not self.penalties.strengths:
            return score
        latents = eta[..., n_outputs:]
        scored = lane_values(self.learnt.scored[: eta.shape[1]], index)
        n_pwl = self.jobs.n_pwl[self.active]
        return score - self.penalties.compute(self.active, weights, n_pwl, latents, scored)

    def _read(self, weights, observations, index, models):
        weights = self.architecture.scale_inputs(weights, self.scaling.take(models))
        n_pwl = self.jobs.n_pwl[models]
        return compute_eta(
            weights, n_pwl, observations, index,
            scan=self.scan, architecture=self.architecture,
        )  # fmt: skip

    def check(self):
        """Score the validation sequences, then drop models that diverged, stalled or are done."""
        weights = self.optimiser.averaged()
        self._validate(weights)
        self._mark_diverged()
        self.n_done += 1
        done = self.n_done >= self.jobs.n_checks[self.active]
        since_best = self._since_best()
        stalled = since_best >= np.where(
            self._is_behind(), -(-self.setting.patience // HASTE), self.setting.patience
        )
        stopped = done | self._in_groups(self.diverged) | stalled
        improved = since_best == 0
        for final, best, now in zip(self.final, self.best, weights, strict=True):
            final[self.active] = now
            best[self.active[improved]] = now[improved]
        if stopped.any():
            self.optimiser.keep(np.flatnonzero(~stopped))
            self.active = self.active[~stopped]

    def _validate(self, weights):
        active, lanes = _full_rows([self.jobs.validate[m] for m in self.active])
        if not len(lanes):
            return
        with torch.no_grad():
            lanes = torch.as_tensor(lanes)
            eta = self._read(select(weights, active), self.observations, lanes, self.active[active])
            total = sum_scored(eta, self.observations, lanes).numpy()
        lanes = lanes.numpy()
        row, lane = np.nonzero(lanes >= 0)
        # a score that is not finite must lose, and NaN means that nothing was validated
        score = np.where(np.isfinite(total), total, -np.inf)
        models = self.active[active[row]]
        self.validation[models, self.n_done, lanes[row, lane]] = score[row, lane]

    def _mark_diverged(self):
        finite = self.optimiser.is_finite()
        finite &= np.isfinite(self.train_score[self.active, self.n_done])
        self.diverged[self.active[~finite]] = True

    def _in_groups(self, marked):
        """Which active models are in a group of which any member is marked."""
        return np.isin(self.jobs.group[self.active], self.jobs.group[marked])

    def _since_best(self):
        """Checks since the group of every active model was best; 0 where nothing is validated."""
        groups, place = np.unique(self.jobs.group[self.active], return_inverse=True)
        curves = [self.curve(group) for group in groups]
        since = [self.n_done - 1 - int(np.argmax(c)) if c.any() else 0 for c in curves]
        return np.array(since)[place]

    def _is_behind(self):
        """Whether the group of every active model has yet to reach the rival."""
        groups, place = np.unique(self.jobs.group[self.active], return_inverse=True)
        if np.isneginf(self.rival):
            return np.zeros(len(place), dtype=bool)
        return np.array([self._best(group) < self.rival for group in groups])[place]

    def _best(self, group):
        """Best validation score of a group so far, in nats per trial."""
        members = np.flatnonzero(self.jobs.group == group)
        held_out = np.concatenate([self.jobs.validate[m] for m in members])
        n_scored = self.observations.n_scored.numpy()[held_out].sum()
        return self.curve(group).max() / max(n_scored, 1)

    def curve(self, group):
        """Validation log-likelihood of a group at every check so far, summed."""
        members = self.jobs.group == group
        return np.nansum(self.validation[members, : self.n_done], axis=(0, 2))

    def latest_score(self):
        """Best validation score of all models in the last check, in nats per trial."""
        total = self.validation[:, self.n_done - 1]
        n_scored = ~np.isnan(total) @ self.observations.n_scored.numpy()
        scores = np.nansum(total, axis=1)[n_scored > 0] / n_scored[n_scored > 0]
        return max(scores, default=np.nan)

    def result(self):
        n = self.n_done
        scores = self.train_score[:, :n], self.validation[:, :n], self.diverged
        return Trained(self._unscaled(self.final), *scores, self._unscaled(self.best))

    def _unscaled(self, weights):
        """Weights that act on the inputs as they are, in double precision."""
        weights = type(weights)(*(part.double() for part in weights))
        return self.architecture.scale_inputs(weights, self.jobs.scaling.after(self.jobs.observed))


class _Stream:
    """Endless shuffled passes over the sequences of one model, with a random stream of its own."""

    def __init__(self, ids, seed):
        self.ids, self.rng = np.asarray(ids), np.random.default_rng(seed)
        self.queue = np.empty(0, dtype=np.int64)

    def draw(self, n_updates, batch_size):
        size = min(batch_size, len(self.ids))
        while len(self.queue) < n_updates * size:
            self.queue = np.concatenate([self.queue, self.rng.permutation(self.ids)])
        drawn, self.queue = np.split(self.queue, [n_updates * size])
        drawn = drawn.reshape(n_updates, size)
        absent = batch_size - size
        return _pad_rows(np.pad(drawn, ((0, 0), (0, absent)), constant_values=-1))


def _pad_rows(lanes):
    """Add absent lanes behind the last axis, up to full rows."""
    absent = -lanes.shape[-1] % FULL_ROW
    return np.pad(lanes, [(0, 0)] * (lanes.ndim - 1) + [(0, absent)], constant_values=-1)


def _full_rows(lists):
    """Cut lists of sequences into rows of `FULL_ROW` lanes, absent lanes being -1.

    Returns the list that each row is from, shape (row,), and the rows, shape (row, lane).
    """
    n_rows = [-(-len(ids) // FULL_ROW) for ids in lists]
    lanes = np.full((sum(n_rows), FULL_ROW), -1)
    owner = np.repeat(np.arange(len(lists)), n_rows)
    for k, ids in enumerate(lists):
        rows = lanes[owner == k].ravel()
        rows[: len(ids)] = ids
        lanes[owner == k] = rows.reshape(-1, FULL_ROW)
    return owner, lanes
