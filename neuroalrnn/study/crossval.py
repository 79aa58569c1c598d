"""Fit with whole groups held out, and score every held-out trial once."""

import logging
import time
from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any

import numpy as np
import xarray as xr

from neuroalrnn.baselines import cognitive_baselines, standard_baselines
from neuroalrnn.baselines.shared import Baseline
from neuroalrnn.config import Setting, as_setting
from neuroalrnn.config.defaults import FIT, LOSS, MEMORY
from neuroalrnn.data.offered import offered_names
from neuroalrnn.data.split import Splitter
from neuroalrnn.effects.compute import N_LAGS
from neuroalrnn.exceptions import FitError, LeakageWarning
from neuroalrnn.model.observation import ObservationModel
from neuroalrnn.results import Fit
from neuroalrnn.running import announce, one_blas_thread
from neuroalrnn.study.adapted import adapt_all, with_averaged
from neuroalrnn.study.adaptive import adaptation_of, adaptation_of_own
from neuroalrnn.study.answers import with_answers
from neuroalrnn.study.assemble import assemble
from neuroalrnn.study.beside import predict_baselines, sharing
from neuroalrnn.study.checks import check_ensemble, check_saveable_names
from neuroalrnn.study.doubts import lost_values, unexplained
from neuroalrnn.study.effects import effects_of
from neuroalrnn.study.ensemble import choose_inside, members_of, split_averages
from neuroalrnn.study.expected import tell_expected
from neuroalrnn.study.final import tabulate_final, train_final
from neuroalrnn.study.own import check_baselines
from neuroalrnn.study.predict import predict
from neuroalrnn.study.recurrent import recurrent_baselines
from neuroalrnn.study.regression import asks_of_networks, grid_of, on_regression
from neuroalrnn.study.resume import fold_file, keeping, load_fold, parts_digest, save_fold
from neuroalrnn.study.search import Progress, choose, find_lost, search, train_whole
from neuroalrnn.study.states import states_of, tabulate_states
from neuroalrnn.study.study import prepare_study
from neuroalrnn.study.telling import perfect_models

logger = logging.getLogger(__name__)


def cross_validate(
    trials: xr.Dataset,
    setting: Setting | Mapping[str, Any] | None = None,
    cv: Splitter | None = None,
    n_restarts: int = FIT.n_restarts,
    random_state: int = 0,
    **options: Any,
) -> Fit:
    """Fit AL-RNNs of one setting with whole groups held out.

    Parameters
    ----------
    trials : xarray.Dataset
        Trial dataset, see `neuroalrnn.validate`.
    setting : Setting or dict, optional
        Hyperparameters.
    cv : splitter, optional
        Default ``SubjectKFold()``.
    n_restarts : int
        Random initialisations per fold.
    random_state : int
        Seed of every random stream.
    **options : anything
        Arguments of `select_n_pwl`.

    Returns
    -------
    fit : Fit
        Networks, held-out predictions and scores.

    See Also
    --------
    select_n_pwl : The same for several ``n_pwl``, with the choice made inside each fold.

    Examples
    --------
    >>> import data_loaders
    >>> from neuroalrnn import Setting, SubjectKFold, cross_validate
    >>> trials = data_loaders.load("miller_rats")
    >>> trials = trials.isel(trial=trials["trial_in_session"].values < 20)  # few, for the example
    >>> setting = Setting(n_latent=2, n_pwl=1, max_checks=1)
    >>> options = {"baselines": {}, "progress": False}
    >>> fit = cross_validate(trials, setting, SubjectKFold(3), n_restarts=1, **options)
    >>> list(fit.summarise().index)
    ['AL-RNN', 'AL-RNN P=1']
    """
    setting = as_setting(setting)
    options = {"n_pwl": (setting.n_pwl,)} | options
    return select_n_pwl(trials, setting, cv, n_restarts, random_state, **options)


@one_blas_thread
def select_n_pwl(
    trials: xr.Dataset,
    setting: Setting | Mapping[str, Any] | None = None,
    cv: Splitter | None = None,
    n_restarts: int = FIT.n_restarts,
    random_state: int = 0,
    *,
    n_pwl: Sequence[int] | None = None,
    n_inner: int = FIT.n_inner,
    alternatives: Mapping[str, Sequence] | None = None,
    encoding: Mapping[str, Any] | None = None,
    observation: ObservationModel | str | None = None,
    baselines: Mapping[str, Baseline] | str | None = None,
    sufficient: float | str = LOSS,
    threads: int | None = None,
    memory: int = MEMORY,
    backend: str = "auto",
    progress: bool = True,
    resume: PathLike | str | None = None,
    final: bool = False,
    adaptive: bool = False,
    regression: bool = False,
    ensemble: bool = False,
) -> Fit:
    """Fit AL-RNNs over a grid of ``n_pwl`` with whole groups held out.

    In each fold the training groups are split again `n_inner` times. All restarts of all ``n_pwl``
    are trained on the inner training groups and scored on the inner validation groups; these scores
    alone decide how long to train, which restart to keep, and which ``n_pwl``, twice: the best one
    (highest mean over validation subjects) makes the predictions that are compared with other
    models, and the sufficient one (the smallest that loses at most 5 % of what is explained: the
    score of the best minus that of the class frequency) is the network that is taken apart. Every
    model is then trained once more on all training groups for the chosen number of updates, and the
    chosen restart of every ``n_pwl`` is scored on the test group, once.

    Models are scored alike: among the options offered, where an observation model limits them; and
    what no training subject of a fold ever chose has at least the probability that class frequency
    gives it, see `neuroalrnn.data.level.level`. A value of ``n_pwl`` all of whose restarts
    diverge in a fold is not chosen there, and has no scores.

    Parameters
    ----------
    trials : xarray.Dataset
        Trial dataset, see `neuroalrnn.validate`.
    setting : Setting or dict, optional
        Hyperparameters; its ``n_pwl`` is replaced by the grid.
    cv : splitter, optional
        Default ``SubjectKFold()``; `neuroalrnn.StimulusSequenceOut` where subjects share stimulus
        orders.
    n_restarts : int
        Random initialisations per ``n_pwl`` and fold.
    random_state : int
        Seed of every random stream.
    n_pwl : sequence of int, optional
        Grid, each from 0 to ``setting.n_latent``; default 0, 1, 2, 4, clipped to ``n_latent``.
    n_inner : int
        Inner validation parts per fold.
    alternatives : dict of str -> sequence, optional
        Values of hyperparameters to try, such as ``{"weight_decay": [0, 0.1]}``; see
        `neuroalrnn.config.expand`. For every ``n_pwl`` the combination with the best validation
        score is kept, inside each fold.
    encoding : dict, optional
        Arguments of `neuroalrnn.encode`; default `neuroalrnn.data.default_encoding`: those that the
        dataset carries, else event steps.
    observation : ObservationModel or str, optional
        What is explained beside the choice, from the same latents: a model, or the name of one with
        its defaults, such as "choice_rt" for choices and log-normal response times in ``rt``. A
        model without the choice is joined with one of the choice. Default: choices alone. All
        validation scores are then of everything observed in the scored trials; a value that is
        missing (NaN) adds nothing, so set what is not to be explained to NaN. Predictions and
        scores get further columns, and the model "constant": the best one without latents.
    baselines : dict or "all", optional
        ``{name: f(trials, train, test) -> array}`` of log-probabilities, shape (test trial,
        option); default class frequency and logistic regressions. "all" adds those of
        `neuroalrnn.baselines.cognitive_baselines`, a GRU and an LSTM, whose sizes are chosen inside
        each fold; hidden states of GLM-HMMs are kept in `Fit.states`. All are fitted before the
        networks; one of ours that fails is left out.
    sufficient : float or "one standard error"
        Share of what is explained that the sufficient ``n_pwl`` may lose, from 0 to 1; or the rule
        `neuroalrnn.stats.one_standard_error` in place of it.
    threads : int, optional
        Default: all cores.
    memory : int
        Bytes that training may take beside the data: models beyond it wait their turn.
    backend : str
        One of `neuroalrnn.ops.dispatch.BACKENDS`; "auto" takes the fastest that can run here.
        Backends give the same results up to rounding; threads and memory change no bit.
    progress : bool
        Say what is fitted, and about how many minutes and how much memory that takes; then show
        progress bars.
    resume : path-like, optional
        Folder in which every finished fold is kept, and what every baseline that is not the
        caller's own predicts in it. A run with the same data, settings and seed takes them from
        there, so that a killed one goes on where it stopped.
    final : bool
        Train a network on everybody, too, for `Fit.predict` of new subjects. Its ``n_pwl``, restart
        and training time are chosen as in a fold, on inner parts of all groups.
    adaptive : bool
        Predict by every model also with a read-out that learns every held-out subject from its
        choices so far: "AL-RNN adaptive" and so on. All weigh the terms of the history regression,
        networks their states, too; baselines of the caller, which are asked for inner parts, too,
        get gain and offset alone. How far subjects may be
        from the model, and how fast they drift, is chosen on inner validation inside each fold;
        see `neuroalrnn.adaptive`.
    regression : bool
        Also train networks on top of the history regression, whose log-odds are added where they
        are read out: "AL-RNN on regression" learns what the regression does not explain. The
        regression is fitted to the training trials of every part alone, and drives no latent. With
        `adaptive`, "AL-RNN chosen" is, in each fold, the network with or without it that
        validation subjects prefer, or the mean of their probabilities. What is taken apart is
        always the network without.
    ensemble : bool
        Also predict by the mean probability over all restarts of the best ``n_pwl``: "AL-RNN
        ensemble" and, with `regression`, "AL-RNN on regression ensemble"; with `adaptive`, each
        network learns the subject by itself. "AL-RNN chosen" then chooses among these, too. What
        is taken apart is always a single network.

    Returns
    -------
    fit : Fit
        Networks, held-out predictions and scores.

    Raises
    ------
    DataError
        The trials, or a request about them, do not fit the contract.
    LeakageError
        A fold trains on a group that it tests.
    ConfigError
        An argument is unknown or impossible.
    FitError
        Every restart of every value of ``n_pwl`` diverged in some fold.

    References
    ----------
    Brenner & Koppe (2026), TMLR (attenuating nonlinearity by the number of PWL units).

    Examples
    --------
    >>> import data_loaders
    >>> from neuroalrnn import Setting, SubjectKFold, select_n_pwl
    >>> trials = data_loaders.load("miller_rats")
    >>> trials = trials.isel(trial=trials["trial_in_session"].values < 20)  # few, for the example
    >>> setting = Setting(n_latent=2, max_checks=1)
    >>> options = {"n_restarts": 1, "n_inner": 2, "baselines": {}, "progress": False}
    >>> fit = select_n_pwl(trials, setting, SubjectKFold(3), n_pwl=[0, 1], **options)
    >>> list(fit.summarise().index)
    ['AL-RNN', 'AL-RNN P=0', 'AL-RNN P=1']
    """
    started = time.perf_counter()
    own = check_baselines(baselines, regression=regression, adaptive=adaptive)
    check_ensemble(ensemble, n_restarts)
    study = prepare_study(
        trials, setting, cv, n_pwl=n_pwl, n_restarts=n_restarts, n_inner=n_inner,
        random_state=random_state, alternatives=alternatives, encoding=encoding,
        observation=observation, sufficient=sufficient, threads=threads, memory=memory,
        backend=backend, resume=resume,
    )  # fmt: skip
    shared = sharing(study)
    others = _baselines(baselines, shared)
    check_saveable_names(others)
    more = on_regression(shared, others) if regression else {}
    if progress:
        announce(tell_expected(study, others | more, adaptive=adaptive, ensemble=ensemble))
    key = {"adaptive": True} if adaptive else {}
    if not own:
        others = _prepared(shared, others, [adaptation_of(shared)] if adaptive else [], key)
    # before the networks, so that a baseline of the caller that fails costs nothing
    ask = adaptation_of_own(study) if adaptive else None
    others, answers, left_out = predict_baselines(
        study, others, own=own, ask=ask, progress=progress
    )
    if regression:
        key |= {"grid": grid_of(study.plan), "ensemble": ensemble}
        asks = asks_of_networks(shared, adaptive=adaptive, ensemble=ensemble)
        more = _prepared(shared, more, asks, key)
        more, told, failed = predict_baselines(study, more, progress=progress)
        more, told = split_averages(more, told)
        others, left_out = others | more, left_out + failed
        answers = {kind: answers.get(kind, {}) | each for kind, each in (answers | told).items()}
    study = study.warn(left_out).warn(perfect_models(study.trials, others), LeakageWarning)
    searched, whole, chosen = _fit_folds(study, progress)
    lost = np.array([find_lost(one, f.diverged) for one, f in zip(searched, whole, strict=True)])
    study = study.warn(lost_values(lost, study.plan))
    study = study.warn(unexplained(chosen, study.plan), None)
    learned, inside, read_outs, members = {}, {}, None, None
    if adaptive:
        learned, inside, read_outs = adapt_all(
            study, searched, whole, chosen, answers, ensemble=ensemble
        )
    if ensemble:
        members = list(map(members_of, searched, whole, chosen))
    held_out = predict(study, whole, chosen, others, lost=lost, adaptive=learned, members=members)
    if len(inside) > 1:
        found, taken = choose_inside(study, held_out.options, inside)
        held_out.options.update(found)
        read_outs = with_averaged(read_outs, taken)
    networks = {name: each for name, each in held_out.options.items() if name not in others}
    study = study.warn(perfect_models(study.trials, networks), LeakageWarning)
    study, table = _fit_everybody(study, adaptive, progress) if final else (study, None)
    seconds = time.perf_counter() - started
    return assemble(
        study, searched, whole, chosen, held_out, seconds=seconds,
        effects=answers.get("effect"), final=table, adaptive=read_outs,
        states=tabulate_states(study, answers),
    )  # fmt: skip


def _fit_everybody(study, adaptive, progress):
    """The study, and the final networks as a table; without one if training fails."""
    everybody = study.of_everybody()
    try:
        final = train_final(everybody, adaptive=adaptive, progress=progress)
        return study, tabulate_final(everybody, final)
    except FitError as error:  # it must not take with it what the folds found
        return study.warn([f"there is no final network of everybody: {error}"]), None


def _prepared(study, baselines, asks, key):
    """Our own models, asked for effects, states and more, whose answers are kept."""
    asks = effects_of(study), states_of(study), *asks
    asked = with_answers(baselines, [ask for ask in asks if ask])
    if not study.resume:
        return asked
    return keeping(asked, study.resume, key | _key(study), study.engine.backend.name)


def _baselines(named, study):
    """The models that are fitted on the same folds, by name."""
    if isinstance(named, Mapping):
        return named
    found = standard_baselines(study.trials, study.encoding["inputs"])
    if named is None:
        return found
    found |= cognitive_baselines(study.trials, study.encoding["inputs"], study.inner)
    return found | recurrent_baselines(study)


def _key(study):
    """What decides the predictions of the models beside the AL-RNN, apart from the trials."""
    plan = study.plan
    key = {name: getattr(plan, name) for name in ("n_inner", "n_restarts", "random_state")}
    key |= {"setting": plan.setting.model_dump(mode="json"), "encoding": study.encoding}
    key |= {"offered": offered_names(study.trials), "inner": parts_digest(plan)}
    key |= {"terms": study.trials.attrs.get("baselines"), "effect_lags": N_LAGS}
    return key | {"states": True}


def _fit_folds(study, show):
    """Search, train again and choose in every fold; returns three lists."""
    plan, engine, folder = study.plan, study.engine, study.resume
    ends = np.cumsum([plan.most_checks(fold) for fold in range(len(plan.folds))])
    progress = Progress(int(ends[-1]), show=show)
    searched, whole, chosen = [], [], []
    for fold, part in enumerate(plan.folds):
        progress.start_fold(f"{part.name} ({fold + 1}/{len(plan.folds)})")
        kept = fold_file(folder, plan, fold, backend=engine.backend.name) if folder else None
        done = kept and load_fold(kept)
        if done:
            found, final = done
        else:
            observations = plan.observations(fold)
            found = search(plan, observations, fold, engine=engine, progress=progress)
            final = train_whole(plan, observations, fold, found, engine=engine, progress=progress)
            if kept:
                save_fold(kept, found, final)
        searched.append(found)
        whole.append(final)
        chosen.append(choose(plan, fold, found, final.diverged))
        for text in diverged_restarts(found.diverged | final.diverged, plan.grid):
            logger.warning("%s: %s diverged and is not used", part.name, text)
        progress.finish_fold(int(ends[fold]))
    progress.bar.close()
    return searched, whole, chosen


def diverged_restarts(diverged, grid):
    """Name the restarts that diverged.

    Parameters
    ----------
    diverged : bool array, shape (n_pwl, restart)
    grid : sequence of int

    Returns
    -------
    list of str
    """
    return [f"n_pwl={grid[p]}, restart {r}" for p, r in np.argwhere(diverged)]
