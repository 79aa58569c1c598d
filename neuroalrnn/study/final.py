"""One search over ``n_pwl`` on everybody, without outer folds, and the networks that come of it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from neuroalrnn.data.level import count_choices
from neuroalrnn.data.offered import offered_names
from neuroalrnn.data.schema import scored_trials
from neuroalrnn.exceptions import FitError
from neuroalrnn.network.predict import Predictor
from neuroalrnn.network.run import Network
from neuroalrnn.ops import Weights
from neuroalrnn.stats import one_standard_error
from neuroalrnn.study.plan import whole_jobs
from neuroalrnn.study.search import Progress, choose, find_lost, search, train_in_chunks

# nats per trial within which a restart counts as near the best one
NEAR = 0.01


@dataclass(frozen=True)
class Final:
    """Networks trained on everybody.

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
    n_updates : dict of int -> int
        How long each of them was trained.
    centre : array, shape (own feature,)
        Training mean of the inputs that they got centred, else 0.
    """

    n_pwl: int
    table: pd.DataFrame
    networks: dict
    starts: dict
    n_updates: dict
    centre: np.ndarray


def train_final(study, *, progress=False):
    """Choose P, restart and training time on inner parts, and train on everybody.

    Nothing is held out beyond the inner validation: scores are good for choosing only.

    Parameters
    ----------
    study : Study
        Prepared with ``everybody=True``.
    progress : bool
        Show a progress bar.

    Returns
    -------
    Final

    Raises
    ------
    FitError
        If every restart of a value of ``n_pwl`` diverged, or the final training did.
    """
    plan, engine = study.plan, study.engine
    bar = Progress(plan.most_checks(0), show=progress)
    bar.start_fold(plan.folds[0].name)
    observations = plan.observations(0)
    searched = search(plan, observations, 0, engine=engine, progress=bar)
    restart, position = choose(searched, searched.diverged, plan.grid)
    lost = np.array(plan.grid)[find_lost(searched, searched.diverged)]
    if len(lost):
        raise FitError(f"every restart diverged at n_pwl = {', '.join(map(str, lost))}")
    settings = [plan.settings[k] for k in searched.setting]
    keys = list(zip(settings, plan.grid, restart.tolist(), strict=True))
    n_checks = searched.best_check[np.arange(len(keys)), restart] + 1
    jobs = whole_jobs(plan, 0, keys, n_checks)
    trained = train_in_chunks(jobs, observations, plan.setting, engine, bar, plan.architecture)
    bar.finish_fold(plan.most_checks(0))
    bar.bar.close()
    if trained.diverged.any():
        raise FitError("training on all subjects diverged: lower learning_rate or clip_norm")
    starts = Weights(*(part.double() for part in jobs.weights))
    scaling = jobs.scaling.after(jobs.observed)
    starts = plan.of.scale_inputs(starts, scaling)
    n_updates = (n_checks * plan.setting.check_every).tolist()
    return Final(
        n_pwl=plan.grid[position],
        table=_table(searched, restart, plan.grid),
        networks=dict(zip(plan.grid, as_networks(trained.weights, plan.grid), strict=True)),
        starts=dict(zip(plan.grid, as_networks(starts, plan.grid), strict=True)),
        n_updates=dict(zip(plan.grid, n_updates, strict=True)),
        centre=scaling.centre[0].numpy(),
    )


def make_predictor(study, final):
    """What predicts the choices of other trials by the network that was chosen.

    Parameters
    ----------
    study : Study
        Of everybody.
    final : Final

    Returns
    -------
    neuroalrnn.network.predict.Predictor
        Its network is in canonical form: linear units have no self-slope.
    """
    trials, sequences = study.trials, study.sequences
    network = final.networks[final.n_pwl]
    slope, weight = canonical_form(network.self_slope, network.weight, network.n_pwl)
    centre = np.zeros(len(sequences.features))
    centre[: len(final.centre)] = final.centre
    return Predictor(
        network=network._replace(self_slope=slope, weight=weight),
        encoding=study.encoding,
        features=sequences.features,
        present_at=sequences.present_at,
        centre=centre,
        labels=sequences.labels,
        n_chosen=count_choices(trials, np.flatnonzero(scored_trials(trials))),
        offered=tuple(offered_names(trials)),
    )


def canonical_form(self_slope, weight, n_pwl):
    """Move the self-slopes of linear units into the diagonal of ``W``, changing no output.

    Parameters
    ----------
    self_slope : array, shape (..., latent)
    weight : array, shape (..., latent, latent_in)
    n_pwl : int, or array of shape (...)

    Returns
    -------
    self_slope, weight : arrays of the same shapes
    """
    n_latent = self_slope.shape[-1]
    linear = np.arange(n_latent) < n_latent - np.asarray(n_pwl)[..., None]
    moved = np.where(linear, self_slope, 0.0)
    return self_slope - moved, weight + moved[..., None] * np.eye(n_latent)


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
