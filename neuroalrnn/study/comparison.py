"""Fit and score models with and without subject vectors on the same folds."""

import logging
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import torch

from neuroalrnn.arguments import not_names, refuse
from neuroalrnn.config.defaults import SUBJECTS
from neuroalrnn.data.level import level
from neuroalrnn.data.schema import scored_trials
from neuroalrnn.exceptions import ConfigError, DataError, FitError, problems
from neuroalrnn.fit import adapt, make_observations
from neuroalrnn.model import ALRNN_ARCHITECTURE, canonical_vectors, select
from neuroalrnn.study.plan import Part, scaling_of
from neuroalrnn.study.predict import predict_trials
from neuroalrnn.study.resume import fold_file, load_tables, save_tables
from neuroalrnn.study.search import Progress, choose, find_lost, search, train_whole
from neuroalrnn.study.study import prepare_study

logger = logging.getLogger(__name__)
OPTIONS = (
    "cv", "n_pwl", "n_restarts", "n_inner", "random_state", "alternatives", "encoding", "backend",
    "threads", "memory", "progress", "resume",
)  # fmt: skip


@dataclass(frozen=True)
class SubjectFit:
    """Held-out scores of models with and without subject vectors, and the vectors.

    Parameters
    ----------
    scores : pandas.DataFrame
        One row per held-out trial set: ``fold, subject, model, n_trials, log_likelihood`` (nats per
        trial); few-shot rows also have ``n_shots``.
    vectors : pandas.DataFrame
        One row per fold and known subject: ``fold, subject, dimension 1, ...``, centred, on the
        principal axes of what they do to the parameters (of inputs centred and scaled).
    choices : pandas.DataFrame
        One row per fold and model: ``n_pwl``, ``n_dimensions``, ``validation`` (nats per trial).
    shared : pandas.DataFrame
        Stimulus orders that test and training parts share, see `neuroalrnn.data.Audit`.
    cautions : list of str
        What a reader of the results must hear of the data, one sentence each.
    """

    scores: pd.DataFrame
    vectors: pd.DataFrame
    choices: pd.DataFrame
    shared: pd.DataFrame
    cautions: list[str]


@dataclass(frozen=True)
class _Fitted:
    """The model chosen in one fold, alone on its model axis."""

    weights: object
    n_pwl: int
    plan: object
    validation: float


class Comparison:
    """Models with and without subject vectors, fitted and scored in the folds of one study."""

    def __init__(self, study, *, progress=True):
        self.study, self.trials, self.folds = study, study.trials, study.folds
        self.plan, self.engine = study.plan, study.engine
        self.scored = scored_trials(self.trials)
        self.subject = self.trials["subject"].values.astype(str)
        self.progress = Progress(0, show=progress)

    def over_folds(self, of_fold, key):
        """Join the tables of all folds; those of finished ones are kept if there is a folder."""
        found, folder = [], self.study.resume
        for fold in range(len(self.folds)):
            if folder is None:
                found.append(of_fold(fold))
                continue
            kept = fold_file(folder, self.plan, fold, key, self.engine.backend.name)
            tables = load_tables(kept)
            found.append(save_tables(kept, of_fold(fold)) if tables is None else tables)
        parts = zip(*(each for each in found if each), strict=True)
        tables = [_joined(part) for part in parts]
        return SubjectFit(*tables, shared=self.study.sharing.shared, cautions=self.study.cautions)

    def tables(self, fold, scores, pooled, shared):
        """Scores, vectors and choices of a fold."""
        chosen = {"pooled": pooled, "subject vectors": shared}
        choices = [self.choice(fold, name, fitted) for name, fitted in chosen.items()]
        return _joined(scores), self.vectors(fold, shared), _joined(choices)

    def fit(self, fold, architecture, plan=None):
        """Search, choose and train again in one fold."""
        plan = replace(plan or self.plan, architecture=architecture)
        observations = plan.observations(fold)
        self.progress.start_fold(f"{plan.folds[fold].name}: {architecture.name}")
        found = search(plan, observations, fold, engine=self.engine, progress=self.progress)
        final = train_whole(
            plan, observations, fold, found, engine=self.engine, progress=self.progress
        )
        restart, position, *_ = choose(plan, fold, found, final.diverged)
        for n_pwl in np.array(plan.grid)[find_lost(found, final.diverged)]:
            name = plan.folds[fold].name
            logger.warning("%s: n_pwl=%d is left out, every restart diverged", name, n_pwl)
        row = position * plan.n_restarts + int(restart[position])
        return _Fitted(
            weights=select(final.weights, torch.tensor([row])),
            n_pwl=plan.grid[position],
            plan=plan,
            validation=float(found.best_score[position, restart[position]]),
        )

    def best(self, fitted):
        """Choose the model that predicts validation groups best."""
        return max(fitted, key=lambda each: np.nan_to_num(each.validation, nan=-np.inf))

    def test_sequences(self, fold):
        """Take the sequences of the test part of a fold."""
        sequences = self.study.sequences
        return sequences.take(np.isin(sequences.trial[:, 0], self.folds[fold].test))

    def after(self, n_shots):
        """Find the scored trials after the first `n_shots` scored trials of their subject."""
        place = pd.Series(self.scored).groupby(self.subject).cumsum().to_numpy()
        return self.scored & (place > n_shots)

    def score(self, fold, name, fitted, test, *, within=None):
        """Held-out log-likelihood per trial of every test subject."""
        values = self._log_likelihood(fold, fitted, test)
        own = np.zeros(len(values), dtype=bool)
        own[test.trial[test.scored]] = True
        rows = np.flatnonzero(own if within is None else own & within)
        lost = np.unique(self.subject[rows][~np.isfinite(values[rows])])
        if lost.size:
            raise FitError(
                f"{self.plan.folds[fold].name}: {name} overflows on trials of {', '.join(lost)}; "
                "lower learning_rate, or raise the penalty stability"
            )
        table = pd.DataFrame({"subject": self.subject[rows], "value": values[rows]})
        table = table.groupby("subject")["value"].agg(n_trials="size", log_likelihood="mean")
        return table.reset_index().assign(fold=self.plan.folds[fold].name, model=name)

    def _log_likelihood(self, fold, fitted, test):
        rows, values = predict_trials(
            fitted.weights, [fitted.n_pwl], test, fitted.plan, self.engine
        )
        train = self.folds[fold].train
        values = level(values[0], self.trials, train[self.scored[train]], rows)
        choice = self.trials["choice"].values[rows].astype(int)
        found = np.full(len(self.scored), np.nan)
        found[rows] = values[np.arange(len(rows)), choice]
        return found

    def score_per_subject(self, fold, test):
        """Fit every test subject on its own training sessions alone."""
        tables = []
        for subject in np.unique(test.subject):
            own = self.plan.pieces.subject == subject
            plan = replace(
                self.plan,
                inner=[[_only(part, own) for part in parts] for parts in self.plan.inner],
                whole=[_only(part, own) for part in self.plan.whole],
            )
            plan.inner[fold] = _usable(plan.inner[fold])
            fitted = self.fit(fold, ALRNN_ARCHITECTURE, plan)
            part = test.take(test.subject == subject)
            tables.append(self.score(fold, "per subject", fitted, part))
        return pd.concat(tables)

    def known_subjects(self):
        """Subjects that every fold can fit alone, two inner parts or more; others are named."""
        pieces, known = self.plan.pieces, []
        for parts in self.plan.inner:
            own = {name: pieces.subject == name for name in np.unique(pieces.subject)}
            known.append(
                [n for n, o in own.items() if len(_usable([_only(p, o) for p in parts])) > 1]
            )
        for fold, names in zip(self.folds, known, strict=True):
            left_out = sorted(set(self.subject[fold.test]) - set(names))
            if left_out:
                logger.warning(
                    "%s: %s left out of all scores, fewer than two training sessions",
                    fold.name, ", ".join(left_out),
                )  # fmt: skip
        if not any(
            set(self.subject[f.test]) & set(n) for f, n in zip(self.folds, known, strict=True)
        ):
            found = ["no subject has two training sessions in any fold: give 3 or more sessions"]
            raise problems(DataError, "compare_pooling", found)
        return known

    def require_strangers(self):
        """Refuse folds that train on other sessions of a subject whom they test."""
        met = {
            n for f in self.folds for n in set(self.subject[f.train]) & set(self.subject[f.test])
        }
        if met:
            found = [
                f"cv trains on subject {', '.join(sorted(met))} and tests it: hold out subjects"
            ]
            raise problems(ConfigError, "few_shot", found)

    def adapt(self, fitted, test, n_shots):
        """The model with the vectors of test subjects fitted to their first trials."""
        if n_shots == 0:
            return fitted
        shown = self.scored & ~self.after(n_shots)
        first = test.take(np.isin(test.trial[:, 0], _sessions_of(test, shown)))
        seen = first.scored & shown[np.maximum(first.trial, 0)]
        first = replace(first, scored=seen)
        kind = {"subjects": fitted.plan.subjects, "observation_model": self.plan.observation}
        observations = make_observations(first, dtype=torch.float64, **kind)
        scan = self.engine.backend.scan(self.engine.threads)
        return replace(fitted, weights=adapt(fitted.weights, fitted.n_pwl, observations, scan=scan))

    def vectors(self, fold, fitted):
        """Labelled vectors of the subjects that a model knows."""
        known = fitted.weights.is_known[0].numpy() > 0
        scaling = scaling_of(fitted.plan.pieces, [fitted.plan.whole[fold].train])
        values = canonical_vectors(fitted.weights, scaling)[0][known]
        table = pd.DataFrame(values, columns=[f"dimension {k + 1}" for k in range(values.shape[1])])
        table.insert(0, "subject", fitted.plan.subjects[known])
        table.insert(0, "fold", self.plan.folds[fold].name)
        return table

    def choice(self, fold, name, fitted):
        """Say in a table of one row what was chosen in a fold."""
        n_dimensions = getattr(fitted.weights, "vectors", torch.empty(1, 0, 0)).shape[-1]
        row = {
            "fold": self.plan.folds[fold].name,
            "model": name,
            "n_pwl": fitted.n_pwl,
            "n_dimensions": n_dimensions,
            "validation": fitted.validation,
        }
        return pd.DataFrame([row])


def prepare_comparison(trials, setting, default_cv, options):
    """Prepare the study that the options ask for, and refuse unknown options."""
    refuse("options", not_names("options", list(options), known=OPTIONS))
    given = {"n_restarts": SUBJECTS.n_restarts, "n_inner": SUBJECTS.n_inner} | options
    given |= {"default_n_pwl": SUBJECTS.n_pwl, "default_cv": default_cv}
    progress = given.pop("progress", True)
    return Comparison(prepare_study(trials, setting, **given), progress=progress)


def _usable(parts):
    return [part for part in parts if len(part.train) and len(part.validate)]


def _only(part, own):
    return Part(part.train[own[part.train]], part.validate[own[part.validate]])


def _sessions_of(sequences, trials):
    """First trials of the sequences that hold any of some trials."""
    inside = (sequences.trial >= 0) & trials[np.maximum(sequences.trial, 0)]
    return sequences.trial[inside.any(axis=1), 0]


def _joined(tables):
    return pd.concat(tables, ignore_index=True)
