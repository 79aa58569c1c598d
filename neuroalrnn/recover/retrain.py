"""Networks trained on without one of their PWL units: what the other units cannot take over."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch

from neuroalrnn.arguments import not_kind, not_names, not_seed, not_whole, refuse
from neuroalrnn.config.defaults import MEMORY
from neuroalrnn.data.scaling import standardise_inputs
from neuroalrnn.exceptions import DataError, FitError, NotTestableError
from neuroalrnn.fit import Jobs, make_observations
from neuroalrnn.mechanism.ablation.ablate import check_by, rank_units, tabulate_costs
from neuroalrnn.mechanism.ablation.replace import best_affine
from neuroalrnn.model import ALRNN_ARCHITECTURE, stack, unscale_inputs
from neuroalrnn.network.linear import linearise
from neuroalrnn.network.scores import Scores, score_trials
from neuroalrnn.ops import Weights
from neuroalrnn.recover.refit import setting_of_fold
from neuroalrnn.results import Fit
from neuroalrnn.study.engine import Engine
from neuroalrnn.study.final import as_networks, as_weights
from neuroalrnn.study.observation import attach_fitted_observation, with_readout
from neuroalrnn.study.plan import cut_for_training, scaling_of
from neuroalrnn.study.search import Progress, train_in_chunks

NOTHING = -1


def retrain_without_units(
    fit: Fit,
    *,
    by: Sequence[str] = (),
    n_checks: int | None = None,
    random_state: int = 0,
    threads: int | None = None,
    memory: int = MEMORY,
    backend: str = "auto",
    progress: bool = False,
) -> pd.DataFrame:
    """Cost every PWL unit before and after the rest of the network learned to do without it.

    The unit is made linear, by its best affine approximation on the training subjects, and the
    network of the fold, now with one PWL unit less, is trained on with them. A cost that stays is
    one that no other unit can take over; a cost that goes says that the unit was used, not that it
    was needed. Training on may help or harm by itself: the intact network is trained on as long,
    with the same batches, and is what the others are compared with.

    Parameters
    ----------
    fit : Fit
        Of choices alone.
    by : list of str
        Trial variables whose values divide the trials.
    n_checks : int, optional
        How long to train, in checks of ``setting.check_every`` updates; default as long as the
        network of the fold was trained. Nobody is left to validate on: all training subjects have
        been seen.
    random_state : int
        Seed of the batches.
    threads : int, optional
        Default: all cores.
    memory : int
        Bytes that training may take beside the data.
    backend : str
        Name of a backend, or "auto".
    progress : bool
        Show a progress bar.

    Returns
    -------
    costs : pandas.DataFrame
        As from `neuroalrnn.mechanism.ablation.ablate.ablate_units`, with ``retrained`` instead of
        the epoch: the cost before (False, against the network as fitted) and after (True, against
        the intact one trained on). Rows of unit -1, rank 0, have the cost of training on alone:
        the intact network trained on, against itself as fitted.

    Raises
    ------
    NotTestableError
        If the fit explains more than choices, or no fold has PWL units and a scored choice that was
        held out.
    DataError
        If there is no such variable of trials, or `n_checks` or `random_state` is no count.
    FitError
        If training diverged.

    Examples
    --------
    >>> from neuroalrnn import Fit, retrain_without_units
    >>> fit = Fit.load("fit.nc")  # doctest: +SKIP
    >>> costs = retrain_without_units(fit, n_checks=1)
    >>> means = costs.groupby(["unit", "retrained"])["cost"].mean()
    """
    found = not_kind("fit", fit, Fit, "a Fit, see Fit.load") + not_names("by", by)
    found += not_seed("random_state", random_state) + not_whole("memory", memory, least=1)
    for name, count in (("n_checks", n_checks), ("threads", threads)):
        found += [] if count is None else not_whole(name, count, least=1)
    refuse("retraining", found, DataError)
    observation, sequences = attach_fitted_observation(fit)
    by = check_by(fit, by)
    folds = [each for each in fit.folds if each.network.n_pwl and each.test.scored.any()]
    if not folds:
        raise NotTestableError("retraining: no fold has a PWL unit to do without, and choices")
    engine = Engine.choose(backend, threads, memory)
    settings = [setting_of_fold(fit, fold.index) for fold in folds]
    pieces = cut_for_training(sequences, settings[0])
    starts = [[fold.network, *_without_units(fold)] for fold in folds]
    jobs = [
        _jobs(fold, setting, networks, pieces, n_checks, random_state)
        for fold, setting, networks in zip(folds, settings, starts, strict=True)
    ]
    bar = Progress(sum(int(each.n_checks.sum()) for each in jobs), show=progress)
    tables = []
    for fold, before, each in zip(folds, starts, jobs, strict=True):
        bar.start_fold(f"training on, {fold.name}")
        after = _train(each, pieces, observation, engine, bar)
        tables.append(_costs(fold, before, after, by))
    return pd.concat(tables, ignore_index=True)


def _train(jobs, pieces, observation, engine, bar):
    """Networks of one fold, trained on."""
    setting = jobs.settings[0]
    observations = make_observations(
        standardise_inputs(pieces, jobs.train[0]),
        dtype=getattr(torch, setting.dtype),
        observation_model=observation,
    )
    architecture = ALRNN_ARCHITECTURE
    if observation:
        architecture = with_readout(architecture, observation)
    trained = train_in_chunks(jobs, observations, setting, engine, bar, architecture)
    if trained.diverged.any():
        raise FitError("training on diverged: set a smaller n_checks")
    return as_networks(trained.weights, jobs.n_pwl.tolist())


def _without_units(fold):
    convention = setting_of_fold(fold.fit, fold.index).convention
    slope, intercept = best_affine(fold)
    return [
        linearise(fold.network, unit, slope[unit], intercept[unit], convention=convention)
        for unit in range(fold.network.n_pwl)
    ]


def _jobs(fold, setting, starts, pieces, n_checks, random_state):
    """One model per start; all see the same batches."""
    owner = fold.fit.splits["fold"].values[pieces.trial[:, 0]]
    train, n = np.flatnonzero(owner != fold.index), len(starts)
    checks = _checks_of_fold(fold.fit, fold.index, setting) if n_checks is None else n_checks
    observed = scaling_of(pieces, [train])
    scaling = scaling_of(standardise_inputs(pieces, train), [train] * n)
    # the saved input weights act on inputs as they are, those in training on scaled ones
    weights = stack([as_weights(each) for each in starts])
    weights = unscale_inputs(weights, scaling.after(observed))
    dtype = getattr(torch, setting.dtype)
    return Jobs(
        weights=Weights(*(part.to(dtype) for part in weights)),
        scaling=scaling,
        observed=observed,
        n_pwl=torch.tensor([each.n_pwl for each in starts]),
        settings=[setting] * n,
        train=[train] * n,
        validate=[np.array([], dtype=int)] * n,
        n_checks=np.full(n, checks),
        group=np.arange(n),
        seeds=[[random_state, fold.index]] * n,
    )


def _checks_of_fold(fit, fold, setting):
    selection = fit.selection.isel(fold=fold)
    selection = selection.sel(n_pwl=int(selection["n_pwl_chosen"]))
    n_updates = int(selection["n_updates"].values[int(selection["restart"])])
    return max(n_updates // setting.check_every, 1)


def _costs(fold, starts, ends, by):
    before, after = ([_score(fold, network) for network in some] for some in (starts, ends))
    ranks = rank_units(fold, ["affine"])
    units = [{"unit": unit, "rank": rank} for (_, unit), rank in ranks.items()]
    units.sort(key=lambda each: each["unit"])
    nothing = [{"unit": NOTHING, "rank": 0}]
    compared = [
        (units, False, before),
        (units, True, after),
        (nothing, True, [before[0], after[0]]),
    ]
    tables = [
        tabulate_costs(
            fold, [name | {"replacement": "affine", "retrained": on} for name in names],
            _join(scores), by,
        )
        for names, on, scores in compared
    ]  # fmt: skip
    return pd.concat(tables, ignore_index=True)


def _score(fold, network):
    return score_trials(network, fold.test, available=fold.available)


def _join(scores):
    """Scores with a leading axis."""
    values = (np.stack([getattr(s, name) for s in scores]) for name in Scores._fields[1:])
    return Scores(scores[0].trial, *values)
