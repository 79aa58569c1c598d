"""One search over ``n_pwl`` on everybody, without outer folds, and the networks that come of it."""

import json
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
import xarray as xr

from neuroalrnn.adaptive.prior import Prior
from neuroalrnn.data.level import count_choices
from neuroalrnn.data.offered import offered_names
from neuroalrnn.data.schema import scored_trials
from neuroalrnn.exceptions import FitError
from neuroalrnn.network.run import Network
from neuroalrnn.ops import Weights
from neuroalrnn.study.adaptive import choose_prior, inside_of, label_prior, terms_of
from neuroalrnn.study.plan import whole_jobs
from neuroalrnn.study.search import Progress, choose, find_lost, search, train_in_chunks

DIMS = {
    "self_slope": ("latent",),
    "weight": ("latent", "latent_in"),
    "input_weight": ("latent", "feature"),
    "bias": ("latent",),
    "initial": ("latent",),
    "readout": ("output", "latent"),
    "offset": ("output",),
}
SHARES = ("explained_share", "ci_low", "ci_high")
# nats per trial within which a restart counts as near the best one
NEAR = 0.01


@dataclass(frozen=True)
class Final:
    """Networks trained on everybody.

    Attributes
    ----------
    best, sufficient : int
        Values of P chosen on the validation subjects, see `neuroalrnn.select_n_pwl`.
    table : DataFrame
        One row per P: ``n_pwl``, ``score``, ``difference`` to the highest score and its
        ``standard_error`` (nats per trial on validation subjects), ``explained_share`` (of what is
        explained) and its interval ``ci_low, ci_high``, ``chosen`` (whether it is the sufficient
        one), and ``restarts_near_best``, the share of restarts within `NEAR` nats per trial of the
        best one.
    networks : dict of int -> Network
        Per P, its best restart, trained again on all subjects. A P is absent where every restart
        diverged.
    starts : dict of int -> Network
        The same before training.
    n_updates : dict of int -> int
        How long each of them was trained.
    centre : array, shape (own feature,)
        Training mean of the inputs that they got centred, else 0.
    prior : Prior, optional
        What is believed of the read-out of a new subject; see `neuroalrnn.adaptive.prior.Prior`.
    """

    best: int
    sufficient: int
    table: pd.DataFrame
    networks: dict
    starts: dict
    n_updates: dict
    centre: np.ndarray
    prior: Prior | None = None


def train_final(study, *, adaptive=False, progress=False):
    """Choose P, restart and training time on inner parts, and train on everybody.

    Nothing is held out beyond the inner validation: scores are good for choosing only.

    Parameters
    ----------
    study : Study
        Prepared with ``everybody=True``.
    adaptive : bool
        Also choose how far subjects are from the best network, on the same inner parts.
    progress : bool
        Show a progress bar.

    Returns
    -------
    Final

    Raises
    ------
    FitError
        If every restart of every value of ``n_pwl`` diverged, or the final training did.
    """
    plan, engine = study.plan, study.engine
    bar = Progress(plan.most_checks(0), show=progress)
    bar.start_fold(plan.folds[0].name)
    observations = plan.observations(0)
    searched = search(plan, observations, 0, engine=engine, progress=bar)
    chosen = choose(plan, 0, searched, searched.diverged)
    kept = np.flatnonzero(~find_lost(searched, searched.diverged))
    grid = [plan.grid[k] for k in kept]
    restart, settings = chosen.restart[kept], [plan.settings[searched.setting[k]] for k in kept]
    keys = list(zip(settings, grid, restart.tolist(), strict=True))
    n_checks = searched.best_check[kept, restart] + 1
    jobs = whole_jobs(plan, 0, keys, n_checks)
    trained = train_in_chunks(
        jobs, observations, plan.setting, engine, bar, plan.observed_architecture
    )
    bar.finish_fold(plan.most_checks(0))
    bar.bar.close()
    if trained.diverged.any():
        raise FitError("training on all subjects diverged: lower learning_rate or clip_norm")
    starts = Weights(*(part.double() for part in jobs.weights))
    scaling = jobs.scaling.after(jobs.observed)
    starts = plan.architecture.scale_inputs(starts, scaling)
    n_updates = (n_checks * plan.setting.check_every).tolist()
    return Final(
        best=plan.grid[chosen.best],
        sufficient=plan.grid[chosen.sufficient],
        table=_table(searched, chosen.table, plan.grid),
        networks=dict(zip(grid, as_networks(trained.weights, grid), strict=True)),
        starts=dict(zip(grid, as_networks(starts, grid), strict=True)),
        n_updates=dict(zip(grid, n_updates, strict=True)),
        centre=scaling.centre[0].numpy(),
        prior=_prior(study, searched, chosen) if adaptive else None,
    )


def _prior(study, searched, chosen):
    inside = inside_of(study, 0, searched, chosen.best, int(chosen.restart[chosen.best]))
    return choose_prior(study.trials, inside)[0]


def tabulate_final(study, final):
    """Lay out the final networks as a node of a saved fit.

    Parameters
    ----------
    study : Study
        Of everybody.
    final : Final

    Returns
    -------
    xarray.Dataset
        See `neuroalrnn.results.Fit`.
    """
    trials, sequences = study.trials, study.sequences
    table, grid = final.table.set_index("n_pwl"), list(final.networks)
    centre = np.zeros(len(sequences.features))
    centre[: len(final.centre)] = final.centre
    n_chosen = count_choices(trials, np.flatnonzero(scored_trials(trials)))
    names = [name for name in Network._fields if name != "n_pwl"]
    networks = [_canonical(each) for each in final.networks.values()]
    variables = {
        name: (("n_pwl", *DIMS[name]), np.stack([getattr(each, name) for each in networks]))
        for name in names
    }
    variables |= {
        "n_pwl_chosen": ((), final.sufficient),
        "n_pwl_best": ((), final.best),
        "n_updates": ("n_pwl", list(final.n_updates.values())),
        "validation_score": ("n_pwl", table.loc[grid, "score"].to_numpy(), {"units": "nats/trial"}),
        "centre": ("feature", centre),
        "n_chosen": ("option", n_chosen),
    }
    coords = {"n_pwl": grid, "feature": list(sequences.features), "option": list(sequences.labels)}
    if study.plan.observation:
        coords["output"] = list(study.plan.observation.outputs)
    attrs = {"present_at": json.dumps(sequences.present_at)}
    attrs |= {"offered": json.dumps(offered_names(trials))}
    if final.prior:
        variables |= label_prior(final.prior)
        attrs |= {"terms": json.dumps(terms_of(study))}
    return xr.Dataset(variables, coords=coords, attrs=attrs)


def _canonical(network):
    slope, weight = canonical_form(network.self_slope, network.weight, network.n_pwl)
    return network._replace(self_slope=slope, weight=weight)


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


def _table(searched, table, grid):
    score = searched.best_score
    near = (score >= score.max(axis=1, keepdims=True) - NEAR).mean(axis=1)
    columns = ["score", "difference", "standard_error", *SHARES, "chosen"]
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


def as_weights(network):
    """Weights of one network, as those of a model without a model axis.

    Parameters
    ----------
    network : Network

    Returns
    -------
    Weights
    """
    return Weights(*(torch.as_tensor(part, dtype=torch.float64) for part in network[1:]))
