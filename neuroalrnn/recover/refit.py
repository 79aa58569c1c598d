"""One search over ``n_pwl`` on all subjects, without outer folds: for data whose truth is known."""

import logging
from dataclasses import dataclass

import numpy as np
import pandas as pd

from neuroalrnn.config import Setting, as_setting
from neuroalrnn.data import Fold, SubjectKFold, default_encoding, encode
from neuroalrnn.data.split import as_splitter
from neuroalrnn.exceptions import FitError
from neuroalrnn.network.run import Network
from neuroalrnn.ops import Weights
from neuroalrnn.ops.dispatch import choose_backend
from neuroalrnn.stats import one_standard_error
from neuroalrnn.study.checks import check_search
from neuroalrnn.study.engine import Engine, default_threads
from neuroalrnn.study.plan import make_plan, refit_jobs
from neuroalrnn.study.search import Progress, choose, find_lost, search, train_in_chunks

DEFAULT_GRID = (0, 1, 2, 3, 4)
MEMORY = 2**28
# nats per trial within which a restart counts as near the best one
NEAR = 0.01


@dataclass(frozen=True)
class Refit:
    """What one search found.

    Attributes
    ----------
    n_pwl : int
        Chosen by the one-standard-error rule on the validation subjects.
    table : DataFrame
        One row per P: ``n_pwl, score, difference, standard_error`` (nats per trial on validation
        subjects; difference to the best P), ``chosen``, and ``restarts_near_best``, the share of
        restarts within `NEAR` nats per trial of the best one.
    networks : dict of int -> Network
        Per P, its best restart, trained again on all subjects.
    starts : dict of int -> Network
        The same before training.
    """

    n_pwl: int
    table: pd.DataFrame
    networks: dict
    starts: dict


def refit_all(
    trials,
    setting=None,
    cv=None,
    *,
    n_pwl=None,
    n_restarts=10,
    n_inner=2,
    random_state=0,
    threads=None,
    memory=MEMORY,
    backend="auto",
):
    """Choose P and train on all subjects, as `select_n_pwl` does inside one of its folds.

    Nothing is held out beyond the inner validation: scores are good for choosing only.

    Parameters
    ----------
    trials : xarray.Dataset
        With ``attrs["encoding"]``.
    setting : Setting, optional
    cv : splitter, optional
        Default ``SubjectKFold()``; gives the inner parts.
    n_pwl : sequence of int, optional
        Default 0 to 4, clipped to ``setting.n_latent``.
    n_restarts, n_inner, random_state : int
    threads, memory, backend
        See `select_n_pwl`.

    Returns
    -------
    Refit

    Raises
    ------
    DataError, FitError
    """
    setting, cv = as_setting(setting), as_splitter(cv, SubjectKFold())
    study = {"n_inner": n_inner, "n_restarts": n_restarts, "random_state": random_state}
    options = {"threads": threads, "memory": memory, "default": DEFAULT_GRID}
    grid = check_search(setting, n_pwl, **options, **study)
    engine = Engine(*choose_backend(backend), threads or default_threads(), memory)
    rows = np.arange(trials.sizes["trial"])
    plan = make_plan(
        trials, _encode_quietly(trials), [Fold("all", rows, rows[:0])], cv, [setting], grid=grid,
        **study,
    )  # fmt: skip
    observations = plan.observations(0)
    progress = Progress(plan.most_checks(0), show=False)
    searched = search(plan, observations, 0, engine=engine, progress=progress)
    restart, position = choose(searched, searched.diverged, plan.grid)
    lost = np.array(plan.grid)[find_lost(searched, searched.diverged)]
    if len(lost):
        raise FitError(f"every restart diverged at n_pwl = {', '.join(map(str, lost))}")
    keys = [(plan.setting, *key) for key in zip(plan.grid, restart.tolist(), strict=True)]
    n_checks = searched.best_check[np.arange(len(keys)), restart] + 1
    jobs = refit_jobs(plan, 0, keys, n_checks)
    trained = train_in_chunks(jobs, observations, plan.setting, engine, progress)
    if trained.diverged.any():
        raise FitError("training on all subjects diverged: lower learning_rate or clip_norm")
    starts = Weights(*(part.double() for part in jobs.weights))
    starts = plan.of.scale_inputs(starts, jobs.scaling.after(jobs.observed))
    return Refit(
        n_pwl=plan.grid[position],
        table=_table(searched, restart, plan.grid),
        networks=dict(zip(plan.grid, as_networks(trained.weights, plan.grid), strict=True)),
        starts=dict(zip(plan.grid, as_networks(starts, plan.grid), strict=True)),
    )


def _encode_quietly(trials):
    """Encode; the notes on the data were logged when the data were fitted."""
    logger = logging.getLogger("neuroalrnn.data.encode")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        return encode(trials, **default_encoding(trials))
    finally:
        logger.setLevel(level)


def _table(searched, restart, grid):
    by_subject = searched.by_subject[np.arange(len(grid)), restart]
    table = one_standard_error(by_subject, np.asarray(grid)).table
    score = searched.best_score
    near = (score >= score.max(axis=1, keepdims=True) - NEAR).mean(axis=1)
    columns = ["score", "difference", "standard_error", "chosen"]
    return table[columns].assign(n_pwl=list(grid), restarts_near_best=near)


def as_networks(weights, n_pwl):
    """Single networks in numpy; under the "free" convention self-slopes stay where they are.

    Parameters
    ----------
    weights : Weights
        With a model axis.
    n_pwl : sequence of int
        Of each model.

    Returns
    -------
    list of Network
    """
    arrays = [part.double().numpy() for part in weights]
    return [Network(p, *(part[row] for part in arrays)) for row, p in enumerate(n_pwl)]


def setting_of_fold(fit, fold):
    """The setting of the network chosen in a fold: what all share, and its alternative.

    Parameters
    ----------
    fit : Fit
    fold : int

    Returns
    -------
    Setting
    """
    selection = fit.selection.isel(fold=fold)
    chosen = selection["setting"].sel(n_pwl=int(selection["n_pwl_chosen"]))
    return Setting(**fit.config["setting"] | fit.config["alternatives"][int(chosen)])
