"""Training inside the folds: search on inner validation subjects, choose, train again on all."""

from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch

from neuroalrnn.config.defaults import LOSS
from neuroalrnn.exceptions import FitError
from neuroalrnn.fit import train
from neuroalrnn.model import ALRNN_ARCHITECTURE
from neuroalrnn.ops import Weights
from neuroalrnn.running import progress_bar
from neuroalrnn.stats import best_and_sufficient, one_standard_error
from neuroalrnn.study.engine import one_torch_thread
from neuroalrnn.study.floor import score_floor
from neuroalrnn.study.plan import search_jobs, whole_jobs


@dataclass(frozen=True)
class Searched:
    """What one fold's search found; arrays over (n_pwl, restart) unless said otherwise.

    Attributes
    ----------
    curve : array, shape (n_pwl, restart, check)
        Validation log-likelihood, nats per trial over all inner parts; NaN after stopping.
    train_curve : array, shape (n_pwl, restart, check)
        The same on the training batches.
    by_subject : array, shape (n_pwl, restart, validation subject)
        Validation log-likelihood per subject at the best check, nats per trial.
    subjects : array of str
        The validation subjects; sessions of a single one.
    diverged : bool array, shape (n_pwl, restart)
    setting : int array, shape (n_pwl,)
        Place of the setting that was chosen, to which all of the above belongs.
    setting_score : array, shape (setting, n_pwl)
        Best validation score of any restart, which the choice was made by.
    inner : Weights of arrays, shape (n_pwl, restart, part, ...)
        The networks that were trained on the inner parts, at their best check.
    """

    curve: np.ndarray
    train_curve: np.ndarray
    by_subject: np.ndarray
    subjects: np.ndarray
    diverged: np.ndarray
    setting: np.ndarray
    setting_score: np.ndarray
    inner: Any

    @property
    def best_check(self):
        """Check with the best validation score, counted from 0."""
        return np.argmax(np.where(np.isnan(self.curve), -np.inf, self.curve), axis=-1)

    @property
    def best_score(self):
        """Best validation score; minus infinity where training diverged."""
        return _best_score(self.curve, self.diverged)


def _best_score(curve, diverged):
    score = np.max(np.where(np.isnan(curve), -np.inf, curve), axis=-1)
    return np.where(diverged, -np.inf, score)


@dataclass(frozen=True)
class Whole:
    """The final models of one fold.

    Attributes
    ----------
    weights : Weights
        Model axis in the order (n_pwl, restart).
    train_score : array, shape (n_pwl, restart)
        Mean log-likelihood of the last batches, nats per trial.
    diverged : bool array, shape (n_pwl, restart)
    """

    weights: Weights
    train_score: np.ndarray
    diverged: np.ndarray


def search(plan, observations, fold, *, engine, progress, rival=-np.inf):
    """Train every (setting, n_pwl, restart, inner part) of one fold and score validation subjects.

    For each ``n_pwl`` the setting with the best validation score is kept. Models that are behind a
    `rival`, see `neuroalrnn.fit.train`, give up sooner.

    Returns
    -------
    Searched
    """
    keys, jobs = search_jobs(plan, fold)
    trained = train_in_chunks(
        jobs, observations, plan.setting, engine, progress, plan.observed_architecture, rival
    )
    shape = len(plan.settings), len(plan.grid), plan.n_restarts
    unit = plan.validation_units(fold)
    found = [_score_group(plan, jobs, trained, group, unit) for group in range(len(keys))]
    curve, train_curve, by_subject, diverged = (
        np.array(part).reshape(*shape, *np.shape(part[0])) for part in zip(*found, strict=True)
    )
    subjects = np.unique(unit[np.concatenate([p.validate for p in plan.inner[fold]])])
    setting_score = _best_score(curve, diverged).max(axis=-1)
    setting = np.argmax(setting_score, axis=0)
    curve, train_curve, by_subject, diverged = (
        values[setting, np.arange(len(plan.grid))]
        for values in (curve, train_curve, by_subject, diverged)
    )
    inner = _inner_weights(trained.best, (*shape, len(plan.inner[fold])), setting)
    return Searched(
        curve, train_curve, by_subject, subjects, diverged, setting, setting_score, inner
    )


def _inner_weights(weights, shape, setting):
    """Those of the settings that were chosen, as arrays."""
    place = setting, np.arange(len(setting))
    arrays = (part.numpy().reshape(*shape, *part.shape[1:])[place] for part in weights)
    return type(weights)(*arrays)


def _score_group(plan, jobs, trained, group, unit):
    members = np.flatnonzero(jobs.group == group)
    held_out = np.concatenate([jobs.validate[m] for m in members])
    n_scored = plan.pieces.scored.sum(axis=1)
    total = np.nansum(trained.validation[members], axis=0)[:, held_out]
    seen = ~np.isnan(trained.validation[members][..., held_out]).all(axis=(0, 2))
    curve = np.where(seen, total.sum(axis=1) / n_scored[held_out].sum(), np.nan)
    best = total[np.argmax(np.where(seen, curve, -np.inf))]
    _, subject = np.unique(unit[held_out], return_inverse=True)
    by_subject = np.bincount(subject, best) / np.bincount(subject, n_scored[held_out])
    train_curve = trained.train_score[members].mean(axis=0)
    return curve, train_curve, by_subject, bool(trained.diverged[members].any())


class Chosen(NamedTuple):
    """What is chosen in one fold.

    Attributes
    ----------
    restart : int array, shape (n_pwl,)
        With the best validation score, for every ``n_pwl``.
    best, sufficient : int
        Places of the best ``n_pwl`` and of the sufficient one in the grid; none of `find_lost`.
    floor : array, shape (validation subject,)
        What the frequency of choices gives to the subjects of the search, nats per trial.
    table : DataFrame
        One row per ``n_pwl``, see `neuroalrnn.stats.best_and_sufficient`.
    """

    restart: np.ndarray
    best: int
    sufficient: int
    floor: np.ndarray
    table: pd.DataFrame


def choose(plan, fold, searched, diverged):
    """Choose restart and ``n_pwl`` from the validation scores of one fold.

    The restart with the best validation score is taken for each ``n_pwl``; then the best ``n_pwl``
    and the sufficient one, see `neuroalrnn.stats.best_and_sufficient`.

    Parameters
    ----------
    plan : Plan
    fold : int
    searched : Searched
    diverged : bool array, shape (n_pwl, restart)
        Restarts whose final training diverged; like those of the search, they are never chosen.

    Returns
    -------
    Chosen

    Raises
    ------
    FitError
        If every restart of every ``n_pwl`` diverged.
    """
    grid, lost = plan.grid, find_lost(searched, diverged)
    if lost.all():
        raise FitError(
            f"every restart diverged at n_pwl = {', '.join(map(str, grid))}; "
            "lower learning_rate or clip_norm, or add restarts, and fit again"
        )
    restart = np.argmax(np.where(diverged, -np.inf, searched.best_score), axis=1)
    by_subject = searched.by_subject[np.arange(len(grid)), restart]
    by_subject, floor = np.where(lost[:, None], np.nan, by_subject), score_floor(plan, fold)
    is_share = not isinstance(plan.sufficient, str)
    loss = plan.sufficient if is_share else LOSS
    found = best_and_sufficient(by_subject, np.asarray(grid), floor, loss)
    if is_share:
        return Chosen(restart, found.best, found.index, floor, found.table)
    index = one_standard_error(by_subject, np.asarray(grid)).index
    # the grid is sorted, and where the error is tiny the best value may be the smaller one
    index = min(index, found.best)
    is_chosen = np.arange(len(grid)) == index
    return Chosen(restart, found.best, index, floor, found.table.assign(chosen=is_chosen))


def find_lost(searched, diverged):
    """Values of ``n_pwl`` of which no restart can be used.

    Parameters
    ----------
    searched : Searched
    diverged : bool array, shape (n_pwl, restart)
        Restarts whose final training diverged.

    Returns
    -------
    bool array, shape (n_pwl,)
    """
    return ~find_usable(searched, diverged).any(axis=1)


def find_usable(searched, diverged):
    """Restarts that can be used.

    Parameters
    ----------
    searched : Searched
    diverged : bool array, shape (n_pwl, restart)
        Restarts whose final training diverged.

    Returns
    -------
    bool array, shape (n_pwl, restart)
    """
    return np.isfinite(searched.best_score) & ~diverged


def train_whole(plan, observations, fold, searched, *, engine, progress):
    """Train every (n_pwl, restart) on the whole training part.

    Every one is trained for the number of updates after which validation subjects were predicted
    best.

    Returns
    -------
    Whole
    """
    settings = [plan.settings[k] for k in searched.setting]
    keys = [
        (setting, n_pwl, restart)
        for setting, n_pwl in zip(settings, plan.grid, strict=True)
        for restart in range(plan.n_restarts)
    ]
    n_checks = searched.best_check.ravel() + 1
    jobs = whole_jobs(plan, fold, keys, n_checks)
    trained = train_in_chunks(
        jobs, observations, plan.setting, engine, progress, plan.observed_architecture
    )
    # all may have diverged before the last check
    last_check = np.minimum(n_checks, trained.train_score.shape[1]) - 1
    last = trained.train_score[np.arange(len(keys)), last_check]
    shape = len(plan.grid), plan.n_restarts
    return Whole(trained.weights, last.reshape(shape), trained.diverged.reshape(shape))


def train_in_chunks(
    jobs, observations, setting, engine, progress, architecture=ALRNN_ARCHITECTURE, rival=-np.inf,
    fresh=None,
):  # fmt: skip
    """Train chunks of models side by side in threads.

    Parameters
    ----------
    jobs : neuroalrnn.fit.train.Jobs
    observations : neuroalrnn.fit.Observations
    setting : Setting
    engine : Engine
    progress : Progress
    architecture : Architecture
    rival : float
    fresh : callable, optional
        See `neuroalrnn.fit.train`; it is called in every thread.

    Returns
    -------
    neuroalrnn.fit.train.Trained
    """
    members, at_once = engine.split(jobs, observations, setting)
    scan = engine.backend.scan(engine.threads // at_once)

    def run(models):
        part = jobs.take(models)
        return train(
            part, observations, setting, scan=scan, architecture=architecture, on_check=progress,
            rival=rival, fresh=fresh,
        )  # fmt: skip

    with one_torch_thread(), ThreadPoolExecutor(at_once) as pool:
        futures = [pool.submit(run, models) for models in members]
        try:
            # a chunk that fails ends the others at their next check
            done, _ = wait(futures, return_when=FIRST_EXCEPTION)
            for each in done:
                each.result()
        except BaseException:
            progress.is_stopped = True
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    order = np.argsort(np.concatenate(members))
    return _join([each.result() for each in futures], order)


def _join(parts, order):
    """Put the models of all chunks back in order; curves that ended early are filled with NaN."""
    n_checks = max(part.train_score.shape[1] for part in parts)

    def longest(values):
        width = [(0, 0), (0, n_checks - values.shape[1])] + [(0, 0)] * (values.ndim - 2)
        return np.pad(values, width, constant_values=np.nan)

    kind = type(parts[0].weights)
    weights, best = (
        kind(*(torch.cat(p)[order] for p in zip(*each, strict=True)))
        for each in ([part.weights for part in parts], [part.best for part in parts])
    )
    return type(parts[0])(
        weights,
        np.concatenate([longest(part.train_score) for part in parts])[order],
        np.concatenate([longest(part.validation) for part in parts])[order],
        np.concatenate([part.diverged for part in parts])[order],
        best,
    )


class Progress:
    """Progress bar over the checks of all models, with the latest validation score."""

    def __init__(self, total, *, show):
        self.bar = progress_bar(total=total, show=show, unit="check", smoothing=0.05)
        self.is_stopped = False

    def __call__(self, n_models, score):
        """Count checks; in a run that was interrupted, end the threads that still train."""
        if self.is_stopped:
            raise KeyboardInterrupt
        self.bar.update(n_models)
        if np.isfinite(score):
            self.bar.set_postfix_str(f"validation {score:.4f} nats/trial")

    def start_fold(self, text):
        """Name the fold in front of the bar."""
        self.bar.set_description(text)

    def finish_fold(self, total):
        """Count the checks that early stopping saved as done, up to `total`."""
        self.bar.update(total - self.bar.n)
