"""Who is trained on what: the folds of a fit, their inner parts, and the models of each."""

from dataclasses import dataclass
from itertools import product

import numpy as np
import torch

from neuroalrnn.config.defaults import LOSS
from neuroalrnn.data.scaling import carriers, scale_of, standardise_inputs
from neuroalrnn.data.schema import scored_trials
from neuroalrnn.exceptions import DataError, problems
from neuroalrnn.fit import Jobs, make_observations
from neuroalrnn.model import ALRNN_ARCHITECTURE, Architecture, Scaling, count_outputs, stack
from neuroalrnn.model.observation import ObservationModel
from neuroalrnn.study.observation import with_readout


@dataclass(frozen=True)
class Part:
    """Sequences of one training run: learned from, and validated on (maybe none)."""

    train: np.ndarray
    validate: np.ndarray


@dataclass(frozen=True)
class Plan:
    """Everything that is fixed before training starts.

    Attributes
    ----------
    pieces : Sequences
        Training sequences; none of a fold's test group is ever in its parts.
    folds : list of Split
    inner : list of list of Part
        Per fold, its inner parts.
    whole : list of Part
        Per fold, its whole training part.
    subjects : array of str
        All subjects, sorted.
    settings : tuple of Setting
        Alternatives, one of them chosen inside each fold for every ``n_pwl``; they differ only in
        hyperparameters that may vary within one training batch.
    grid : tuple of int
        Values of ``n_pwl``.
    n_inner, n_restarts, random_state : int
        `n_inner` as asked for; a fold with few groups has fewer parts.
    architecture : Architecture
    observation : ObservationModel, optional
        Of the variables in ``pieces.observed``.
    sufficient : float or str
        Share of what is explained that the sufficient ``n_pwl`` may lose, or the name of a rule.
    shift : array, shape (piece, step, output), optional
        Log-odds that are added to what is read out.
    """

    pieces: object
    folds: list
    inner: list
    whole: list
    subjects: np.ndarray
    settings: tuple
    grid: tuple
    n_inner: int
    n_restarts: int
    random_state: int
    architecture: Architecture = ALRNN_ARCHITECTURE
    observation: ObservationModel | None = None
    sufficient: float | str = LOSS
    shift: np.ndarray | None = None

    @property
    def setting(self):
        """What all settings share; of the rest, the values of the first."""
        return self.settings[0]

    def standardised(self, fold):
        """The pieces with inputs centred and scaled by the whole training part of a fold."""
        return standardise_inputs(self.pieces, self.whole[fold].train)

    def observations(self, fold):
        """The standardised pieces of a fold as tensors in the precision of training."""
        return make_observations(
            self.standardised(fold),
            dtype=getattr(torch, self.setting.dtype),
            subjects=self.subjects,
            observation_model=self.observation,
            shift=self.shift,
        )

    @property
    def observed_architecture(self):
        """The architecture with the read-out that the observation model needs."""
        if self.observation is None:
            return self.architecture
        return with_readout(self.architecture, self.observation)

    def validation_units(self, fold):
        """Units whose scores choose ``n_pwl``: subjects, or sessions if there is one subject.

        Returns
        -------
        array of str, shape (piece,)
        """
        subject = self.pieces.subject
        held_out = np.concatenate([part.validate for part in self.inner[fold]])
        if len(np.unique(subject[held_out])) > 1:
            return subject
        return np.char.add(np.char.add(subject, "/"), self.pieces.session)

    def most_checks(self, fold):
        """Checks of all models of a fold, final training included, if none stops early."""
        n_runs = len(self.inner[fold]) * len(self.settings) + 1
        return len(self.grid) * self.n_restarts * n_runs * self.setting.max_checks


def make_plan(
    trials, sequences, folds, cv, settings, *, grid, n_inner, n_restarts, random_state,
    architecture=ALRNN_ARCHITECTURE, observation=None, sufficient=LOSS,
):  # fmt: skip
    """Lay out a cross-validation.

    Parameters
    ----------
    trials : xarray.Dataset
    sequences : Sequences
    folds : list of Split
    cv : splitter
        Gives the inner parts, of the same kind as `folds`.
    settings : sequence of Setting
    grid : sequence of int
    n_inner, n_restarts, random_state : int
    architecture : Architecture
    observation : ObservationModel, optional
    sufficient : float or str

    Returns
    -------
    Plan
    """
    setting = settings[0]
    counts = _in_scored_groups(trials, cv)
    inner = [cv.inner(trials, fold.train[counts[fold.train]], n_inner) for fold in folds]
    pieces = cut_for_training(sequences, setting)
    owner = pieces.trial[:, 0]

    def part(train, validate):
        return Part(np.flatnonzero(np.isin(owner, train)), np.flatnonzero(np.isin(owner, validate)))

    plan = Plan(
        pieces=pieces,
        folds=folds,
        inner=[[part(*indices) for indices in parts] for parts in inner],
        whole=[part(fold.train, []) for fold in folds],
        subjects=np.unique(sequences.subject),
        settings=tuple(settings),
        grid=tuple(grid),
        n_inner=n_inner,
        n_restarts=n_restarts,
        random_state=random_state,
        architecture=architecture,
        observation=observation,
        sufficient=sufficient,
    )
    _require_two_units(plan)
    _require_starts(plan)
    return plan


def cut_for_training(sequences, setting):
    """The pieces that training draws from: windows of the setting, those with a scored choice.

    Parameters
    ----------
    sequences : Sequences
    setting : Setting

    Returns
    -------
    Sequences
    """
    whole = sequences.windows(setting.window, setting.warm_up) if setting.window else sequences
    return whole.take(whole.scored.any(axis=1))


def _require_two_units(plan):
    """Refuse folds with fewer than two validation units, as P could not be chosen there."""
    found = []
    for fold, parts in enumerate(plan.inner):
        held_out = np.concatenate([part.validate for part in parts])
        units = np.unique(plan.validation_units(fold)[held_out])
        if len(units) < 2:
            found.append(
                f"{plan.folds[fold].name!r}: its training part can validate on "
                f"{', '.join(map(str, units)) or 'nobody'} only, "
                "expected at least 2 subjects (or sessions of one), none with more than half of "
                "the trials: add subjects, or hold out sessions (SessionKFold)"
            )
    if found:
        raise problems(DataError, "folds", found)


def _require_starts(plan):
    """Refuse before training what an observation model could not start from in some fold."""
    if plan.observation:
        for parts in (*plan.inner, plan.whole):
            for part in parts:
                _offset(plan, part.train)


def _in_scored_groups(trials, cv):
    """Trials of groups with a scored choice; the others cannot be used for validation."""
    groups = cv.groups(trials)
    return np.isin(groups, groups[scored_trials(trials)])


def search_jobs(plan, fold):
    """Jobs of one fold's search: groups (setting, n_pwl, restart) of one model per inner part."""
    keys = list(product(plan.settings, plan.grid, range(plan.n_restarts)))
    rows = [
        (group, *key, inner, plan.setting.max_checks)
        for group, key in enumerate(keys)
        for inner in range(len(plan.inner[fold]))
    ]
    return keys, _jobs(plan, fold, plan.inner[fold], rows)


def whole_jobs(plan, fold, keys, n_checks):
    """Jobs that train (setting, n_pwl, restart) on the whole training part, so many checks each."""
    rows = [
        (group, *key, -1, checks)
        for group, (key, checks) in enumerate(zip(keys, n_checks, strict=True))
    ]
    return _jobs(plan, fold, [plan.whole[fold]], rows)


def _jobs(plan, fold, parts, rows):
    dtype = getattr(torch, plan.setting.dtype)
    _, settings, n_pwl, restarts, inner, n_checks = zip(*rows, strict=True)
    drawn = [
        _draw(plan, fold, *key, parts[k])
        for *key, k in zip(settings, n_pwl, restarts, inner, strict=True)
    ]
    weights = stack(drawn)
    return Jobs(
        weights=type(weights)(*(part.to(dtype) for part in weights)),
        scaling=scaling_of(plan.standardised(fold), [part.train for part in parts]).take(inner),
        observed=scaling_of(plan.pieces, [plan.whole[fold].train]),
        n_pwl=torch.tensor(n_pwl),
        settings=list(settings),
        train=[parts[k].train for k in inner],
        validate=[parts[k].validate for k in inner],
        n_checks=np.array(n_checks),
        group=np.array([row[0] for row in rows]),
        seeds=[
            [plan.random_state, fold, restart, k + 1]
            for restart, k in zip(restarts, inner, strict=True)
        ],
    )


def _draw(plan, fold, setting, n_pwl, restart, part):
    """Starting weights of one model, from its training sequences alone."""
    pieces = plan.pieces
    return plan.observed_architecture.draw(
        setting,
        n_pwl,
        pieces.n_own,
        offset=_offset(plan, part.train),
        is_known=np.isin(plan.subjects, pieces.subject[part.train]),
        rng=np.random.default_rng([plan.random_state, fold, restart]),
    )


def scaling_of(pieces, parts):
    """How models get their inputs, from the training part of each alone.

    Parameters
    ----------
    pieces : Sequences
    parts : list of int array
        Pieces that each model learns from.

    Returns
    -------
    Scaling
    """
    found = [scale_of(pieces.take(part)) for part in parts]
    centre, size = (torch.as_tensor(np.stack(each)) for each in zip(*found, strict=True))
    return Scaling(1 / size, centre, torch.as_tensor(carriers(pieces)))


def _offset(plan, train):
    """Starting read-out offset, from training trials alone.

    Log-odds (two options) or log-frequencies of the choices, or what an observation model gives.
    """
    pieces = plan.pieces
    scored = pieces.scored[train]
    if plan.shift is not None:  # what is added knows the frequencies
        return np.zeros(plan.shift.shape[-1])
    if plan.observation:
        observed = {name: values[train][scored] for name, values in pieces.observed.items()}
        return plan.observation.start(observed)
    n_options = len(pieces.labels)
    counts = np.bincount(pieces.target[train][scored].astype(int), minlength=n_options) + 0.5
    log_frequency = np.log(counts / counts.sum())
    return log_frequency if count_outputs(n_options) > 1 else [log_frequency[1] - log_frequency[0]]
