"""The same grid on trials of subjects: P, latents and numbers of training subjects."""

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from neuroalrnn.arguments import not_kind, not_seed, not_whole, refuse
from neuroalrnn.baselines import class_frequency
from neuroalrnn.config import Setting
from neuroalrnn.config.defaults import FIT
from neuroalrnn.data import SubjectKFold
from neuroalrnn.data.cv import as_splitter
from neuroalrnn.data.schema import scored_trials
from neuroalrnn.dissect._subject_tables import FREQUENCY
from neuroalrnn.dissect.plan import default_grid
from neuroalrnn.dissect.result import OF_SUBJECTS, Dissection
from neuroalrnn.exceptions import ConfigError
from neuroalrnn.running import announce
from neuroalrnn.study import select_n_pwl
from neuroalrnn.study.expected import expected_seconds
from neuroalrnn.study.study import prepare_study

SCORES = ("log_likelihood", "accuracy")


@dataclass(frozen=True)
class FewerSubjects:
    """A splitter that leaves so many subjects in every training part, and test parts as they are.

    Attributes
    ----------
    cv : splitter
    n_subjects : int
        Smaller numbers take the first of the same order of subjects.
    random_state : int
        Seed of this order.
    """

    cv: Any
    n_subjects: int
    random_state: int

    def split(self, trials):
        """The folds.

        Returns
        -------
        list of Split
        """
        return [self._fewer(trials, k, each) for k, each in enumerate(self.cv.split(trials))]

    def _fewer(self, trials, k, fold):
        subject = trials["subject"].values[fold.train]
        names, first = np.unique(subject, return_index=True)
        drawn = np.random.default_rng([self.random_state, k]).permutation(len(names))
        group = pd.Series(np.asarray(self.groups(trials))[fold.train][first[drawn]])
        # one of each group first, so that inner parts are there
        order = names[drawn][np.argsort(group.groupby(group).cumcount(), kind="stable")]
        return replace(fold, train=fold.train[np.isin(subject, order[: self.n_subjects])])

    def inner(self, trials, train, n_inner):
        """Inner parts, see `neuroalrnn.data.split.Splitter`."""
        return self.cv.inner(trials, train, n_inner)

    def groups(self, trials):
        """What is held out as a whole, see `neuroalrnn.data.split.Splitter`."""
        return self.cv.groups(trials)


def dissect_subjects(
    trials, *, cv=None, n_pwl=None, n_latent=None, n_train=(), n_restarts=10,
    n_inner=None, setting=None, random_state=0, resume=None, progress=False, **engine,
):  # fmt: skip
    """Fit the grid with whole subjects held out; see `neuroalrnn.dissect.dissect`.

    Returns
    -------
    Dissection
    """
    setting, cv = setting or Setting(), as_splitter(cv, SubjectKFold())
    n_inner = FIT.n_inner if n_inner is None else n_inner
    latents = (setting.n_latent,) if n_latent is None else n_latent
    refuse("dissect", not_kind("setting", setting, Setting, "a Setting"))
    scored = scored_trials(trials)
    folds, subject = cv.split(trials), trials["subject"].values.astype(str)
    most = min(len(np.unique(subject[each.train[scored[each.train]]])) for each in folds)
    _refuse(folds, subject, latents, n_pwl, n_train, n_restarts, n_inner, random_state, most)
    sizes = _default_sizes(most, n_inner) if not len(n_train) else sorted({*map(int, n_train)})
    cells = [(int(m), n) for m in sorted({*latents}) for n in sizes]
    asked = {
        "setting": setting.model_dump(), "n_restarts": n_restarts, "n_inner": n_inner,
        "random_state": random_state, "cv": repr(cv), "n_folds": len(folds),
    }  # fmt: skip

    def arguments(m, n):
        grid = default_grid(m) if n_pwl is None else sorted({p for p in n_pwl if p <= m})
        return {
            "setting": Setting(**setting.model_dump(exclude={"n_pwl"}) | {"n_latent": m}),
            "cv": FewerSubjects(cv, n, random_state), "n_pwl": grid, "n_restarts": n_restarts,
            "n_inner": n_inner, "random_state": random_state, **engine,
            "resume": None if resume is None else Path(resume) / f"latents-{m}-subjects-{n}",
        }  # fmt: skip

    if progress:
        announce(_plan(trials, cells, arguments, engine.get("threads")))
    parts, heard = [], {}
    for m, n in cells:
        options = arguments(m, n)
        fit = select_n_pwl(
            trials, options.pop("setting"), options.pop("cv"), **options,
            baselines={FREQUENCY: class_frequency}, progress=progress,
        )  # fmt: skip
        heard |= dict.fromkeys(fit.cautions)
        parts.append(_scores(fit).expand_dims(n_latent=[m], n_train=[n]))
    grid = sorted({int(p) for each in parts for p in each["n_pwl"].values})
    found = xr.combine_by_coords(
        [each.reindex(n_pwl=grid) for each in parts], data_vars="all", join="exact"
    )
    return Dissection(
        found.assign_attrs(
            format=OF_SUBJECTS,
            task=str(trials.attrs.get("name", trials.attrs.get("task", "trials"))),
            asked=json.dumps(asked, default=str),
            cautions=json.dumps(list(heard)),
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            neuroalrnn=version("neuroalrnn"),
        )
    )


def _refuse(folds, subject, latents, n_pwl, n_train, n_restarts, n_inner, random_state, most):
    found = not_whole("n_restarts", n_restarts, least=1) + not_seed("random_state", random_state)
    found += not_whole("n_inner", n_inner, least=2)
    for name, given in (("n_latent", latents), ("n_pwl", n_pwl)):
        found += [f"{name} is empty: expected at least one value"] if given == [] else []
    for each in latents:
        found += not_whole("n_latent", each, least=1)
    for each in () if n_pwl is None else n_pwl:
        found += not_whole("n_pwl", each, least=0, most=None if found else max(latents))
    if n_pwl is not None and not found and min(n_pwl) > min(latents):
        found.append(f"n_pwl: no value fits n_latent = {min(latents)}; give one that is not larger")
    least = 2 if found else n_inner
    if most < least:
        found.append(f"cv: it trains on {most} subjects, expected at least {least}; add subjects")
    for each in n_train:
        found += not_whole("n_train", each, least=least, most=max(least, most))
    if any(np.isin(subject[each.test], subject[each.train]).any() for each in folds):
        found.append("cv: it trains on subjects that it tests; hold whole subjects out")
    refuse("dissect", found, ConfigError)


def _default_sizes(most, n_inner):
    """All training subjects, half of them, a quarter, and so on."""
    halves = [most >> k for k in range(most.bit_length())]
    return sorted(n for n in halves if n >= n_inner)


def _plan(trials, cells, arguments, threads):
    """What is fitted, and how long it takes."""
    seconds, n_networks = 0.0, 0
    for m, n in cells:
        study = prepare_study(trials, **arguments(m, n) | {"resume": None})
        seconds += sum(expected_seconds(study, {}).values())
        n_networks += len(study.folds) * len(study.plan.grid) * study.plan.n_restarts
    minutes = seconds / 60 / (threads or 1)
    sizes = ", ".join(str(n) for n in dict.fromkeys(n for _, n in cells))
    latents = ", ".join(str(m) for m in dict.fromkeys(m for m, _ in cells))
    return (
        f"{n_networks} networks of {latents} latents, trained on {sizes} subjects; whole subjects "
        f"are held out.\nTraining takes about {max(minutes, 0.1):.1f} minutes"
        f"{'' if threads else ' of one core'}."
    )


def _scores(fit):
    """Held-out scores of every subject, and what the search of every fold said."""
    table = fit.scores.set_index(["model", "subject"])
    grid = fit.selection["n_pwl"].values
    subjects = sorted({str(each) for each in fit.scores["subject"]})

    def of(model, name):
        return table[name].xs(model, level="model").reindex(subjects).to_numpy(dtype=float)

    found = {
        name: (("n_pwl", "subject"), np.stack([of(f"AL-RNN P={p}", name) for p in grid]))
        for name in SCORES
    }
    found["class_frequency"] = "subject", of(FREQUENCY, "log_likelihood")
    dims = "n_pwl", "fold", "restart"
    for name in ("validation_score", "diverged"):
        kept = fit.selection[name].transpose("n_pwl", "fold", "restart_id")
        found[name] = dims, kept.values.astype(float)
    for name in ("n_pwl_best", "n_pwl_chosen"):
        found[name] = "fold", fit.selection[name].values.astype(float)
    coords = {"n_pwl": grid, "subject": subjects, "fold": fit.selection["fold"].values.astype(str)}
    return xr.Dataset(found, coords=coords)
