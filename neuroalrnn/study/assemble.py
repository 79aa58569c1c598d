"""From arrays to one labelled `Fit`."""

import json
import platform
import subprocess
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import xarray as xr

from neuroalrnn.data.lags import count_gaps
from neuroalrnn.data.schema import scored_trials
from neuroalrnn.results import FORMAT, Fit
from neuroalrnn.study.doubts import doubtful_scores
from neuroalrnn.study.effects import tabulate_effects
from neuroalrnn.study.final import DIMS, canonical_form
from neuroalrnn.study.resume import trials_digest
from neuroalrnn.study.search import find_lost

PACKAGES = ("torch", "numba", "numpy", "pandas", "xarray", "scikit-learn")


def assemble(
    study, searched, whole, chosen, held_out, *, seconds, effects=None, final=None, adaptive=None,
    states=None,
):  # fmt: skip
    """Label everything and put it into one tree.

    Parameters
    ----------
    study : Study
    searched, whole, chosen : list
        Per fold.
    held_out : HeldOut
    seconds : float
        Time the fit took.
    effects : dict of str -> array, optional
        Of the models beside the AL-RNN, see `neuroalrnn.study.effects.tabulate_effects`.
    final : xarray.Dataset, optional
        See `neuroalrnn.study.final.tabulate_final`.
    adaptive : xarray.Dataset, optional
        See `neuroalrnn.study.adaptive.adapt_all`.
    states : xarray.Dataset, optional
        See `neuroalrnn.study.states.tabulate_states`.

    Returns
    -------
    Fit
    """
    predictions = _predictions(study.trials, held_out)
    scores = score(study.trials, predictions)
    study = study.warn(doubtful_scores(scores, predictions.sizes["option"]))
    plan = study.plan
    config = {
        "setting": plan.setting.model_dump(exclude={"n_pwl"}),
        "alternatives": _alternatives(plan),
        "n_pwl": list(plan.grid),
        "sufficient": plan.sufficient,
        "n_restarts": plan.n_restarts,
        "n_inner": max(len(inner) for inner in plan.inner),
        "random_state": plan.random_state,
        "splitter": repr(study.cv),
        "encoding": study.encoding,
        "steps_to_choice": plan.pieces.steps_to_choice,
        "steps_to_next_choice": plan.pieces.steps_to_next_choice,
        "steps": list(plan.pieces.steps),
        "n_gaps": count_gaps(study.trials),
    }
    if plan.observation:
        names = ("name", "variables", "given", "outputs")
        config["observation"] = {name: getattr(plan.observation, name) for name in names}
    nodes = {
        "/trials": study.trials,
        "/parameters": _parameters(plan, whole),
        "/history": _history(plan, searched),
        "/selection": _selection(plan, searched, whole, chosen),
        "/predictions": predictions,
        "/scores": scores,
        "/splits": _splits(study),
    }
    nodes |= {"/effects": tabulate_effects(study, effects)} if effects else {}
    nodes |= {} if final is None else {"/final": final}
    nodes |= {} if adaptive is None else {"/adaptive": adaptive}
    nodes |= {} if states is None else {"/states": states}
    tree = xr.DataTree.from_dict(nodes)
    tree.attrs = {
        "format": FORMAT,
        "config": json.dumps(config),
        "provenance": json.dumps(_provenance(study, seconds)),
    }
    return Fit(tree)


def _predictions(trials, held_out):
    models = list(held_out.options)
    stacked = np.stack([held_out.options[model] for model in models])
    choice = trials["choice"].values
    scored = scored_trials(trials)
    code = np.where(scored, choice, 0).astype(int)
    log_likelihood = np.where(scored, stacked[:, np.arange(len(code)), code], np.nan)
    empty = np.full(len(choice), np.nan)
    others = {
        f"log_likelihood_{name}": np.stack([by_model.get(model, empty) for model in models])
        for name, by_model in held_out.others.items()
    }
    return xr.Dataset(
        {
            "log_likelihood": (("model", "trial"), log_likelihood, {"units": "nats"}),
            "probability": (("model", "trial", "option"), np.exp(stacked).astype(np.float32)),
        }
        | {
            name: (("model", "trial"), np.where(scored, values, np.nan), {"units": "nats"})
            for name, values in others.items()
        },
        coords={
            "model": models,
            "option": [str(label) for label in trials["choice"].attrs["labels"]],
        },
    )


def score(trials, predictions):
    """Held-out scores per model and subject.

    Parameters
    ----------
    trials : xarray.Dataset
    predictions : xarray.Dataset
        ``log_likelihood`` and ``probability``, see `neuroalrnn.results.Fit`.

    Returns
    -------
    xarray.Dataset
        Dims (model, subject): ``n_trials``, ``log_likelihood`` (nats per trial), ``bits`` (per
        trial, against "class frequency" where it was fitted), ``normalised_likelihood``,
        ``accuracy`` (ties share). Where more than choices was observed, ``log_likelihood_joint``
        and one column per further variable, such as ``log_likelihood_rt``: nats per scored trial
        given the choice, to which a trial without a value adds 0, so that they add up; NaN of
        models of the choice alone. They depend on units: compare models only.
    """
    scored = scored_trials(trials)
    subjects, code = np.unique(trials["subject"].values[scored].astype(str), return_inverse=True)
    n_trials = np.bincount(code)

    def per_subject(values):
        return np.stack([np.bincount(code, row[scored]) / n_trials for row in values])

    log_likelihood = per_subject(predictions["log_likelihood"].values)
    names = list(predictions["model"].values)
    floor = log_likelihood[names.index("class frequency")] if "class frequency" in names else np.nan
    columns = {
        "n_trials": np.broadcast_to(n_trials, log_likelihood.shape),
        "log_likelihood": log_likelihood,
        "bits": (log_likelihood - floor) / np.log(2),
        "normalised_likelihood": np.exp(log_likelihood),
        "accuracy": per_subject(_hits(trials, predictions)),
    }
    for name in predictions.data_vars:
        if name.startswith("log_likelihood_"):
            variable = name.removeprefix("log_likelihood_")
            known = trials[variable].notnull().values if variable in trials else scored
            columns[name] = per_subject(_absent_as_zero(predictions[name].values, known))
    dims = ("model", "subject")
    return xr.Dataset(
        {name: (dims, values) for name, values in columns.items()},
        coords={"model": names, "subject": subjects},
    )


def _absent_as_zero(values, known):
    """0 where nothing was observed, but in models that have no value at all."""
    is_model = ~np.isnan(values).all(axis=1, keepdims=True)
    return np.where(~known & is_model, 0.0, values)


def _hits(trials, predictions):
    """1 where the likeliest option was chosen, shared among ties."""
    probability = predictions["probability"].values
    likeliest = probability == probability.max(axis=-1, keepdims=True)
    code = np.nan_to_num(trials["choice"].values).astype(int)
    chosen = likeliest[:, np.arange(len(code)), code]
    return chosen / np.maximum(likeliest.sum(axis=-1), 1)


def _parameters(plan, whole):
    """Whole weights in canonical form, (n_pwl, fold, restart, ...), float64."""
    shape = len(plan.grid), plan.n_restarts
    parts = [
        [part.double().numpy().reshape(*shape, *part.shape[1:]) for part in fold.weights]
        for fold in whole
    ]
    arrays = [np.stack(values, axis=1) for values in zip(*parts, strict=True)]
    n_pwl = np.asarray(plan.grid)[:, None, None]
    arrays[0], arrays[1] = canonical_form(arrays[0], arrays[1], n_pwl)
    lead = ("n_pwl", "fold", "restart")
    variables = {
        name: (lead + tail, values)
        for (name, tail), values in zip(DIMS.items(), arrays, strict=True)
    }
    coords = _coords(plan) | {"feature": list(plan.pieces.features)}
    if plan.observation:
        coords["output"] = list(plan.observation.outputs)
    return xr.Dataset(variables, coords=coords)


def _history(plan, searched):
    longest = max(one.curve.shape[-1] for one in searched)

    def stacked(name):
        curves = [getattr(one, name) for one in searched]
        width = [(0, 0), (0, 0)]
        padded = [
            np.pad(c, [*width, (0, longest - c.shape[-1])], constant_values=np.nan) for c in curves
        ]
        return np.stack(padded, axis=1)

    dims = ("n_pwl", "fold", "restart", "check")
    return xr.Dataset(
        {
            "validation": (dims, stacked("curve"), {"units": "nats/trial"}),
            "training": (dims, stacked("train_curve"), {"units": "nats/trial"}),
        },
        coords=_coords(plan)
        | {"n_updates": ("check", (np.arange(longest) + 1) * plan.setting.check_every)},
    )


def _selection(plan, searched, whole, chosen):
    dims = ("n_pwl", "fold")
    restart = np.stack([each.restart for each in chosen], axis=1)
    subjects = sorted({name for one in searched for name in one.subjects})
    by_subject = np.full((len(plan.grid), len(searched), len(subjects)), np.nan)
    floor = by_subject[0].copy()
    for fold, (one, final) in enumerate(zip(searched, whole, strict=True)):
        place = np.searchsorted(subjects, one.subjects)
        floor[fold, place] = chosen[fold].floor
        scores = one.by_subject[np.arange(len(plan.grid)), restart[:, fold]]
        lost = find_lost(one, final.diverged)
        by_subject[:, fold, place] = np.where(lost[:, None], np.nan, scores)
    n_checks = np.stack([one.best_check + 1 for one in searched], axis=1)
    diverged = [a.diverged | b.diverged for a, b in zip(searched, whole, strict=True)]
    return xr.Dataset(
        {
            "restart": (dims, restart),
            "setting": (dims, np.stack([one.setting for one in searched], axis=1)),
            "n_pwl_chosen": ("fold", np.array([plan.grid[each.sufficient] for each in chosen])),
            "n_pwl_best": ("fold", np.array([plan.grid[each.best] for each in chosen])),
            "n_updates": ((*dims, "restart_id"), n_checks * plan.setting.check_every),
            "validation_score": (
                (*dims, "restart_id"),
                np.stack([one.best_score for one in searched], axis=1),
                {"units": "nats/trial"},
            ),
            "validation_by_subject": ((*dims, "subject"), by_subject, {"units": "nats/trial"}),
            "validation_floor": (("fold", "subject"), floor, {"units": "nats/trial"}),
            "train_score": (
                (*dims, "restart_id"),
                np.stack([one.train_score for one in whole], axis=1),
                {"units": "nats/trial"},
            ),
            "diverged": ((*dims, "restart_id"), np.stack(diverged, axis=1)),
        },
        coords=_coords(plan) | {"subject": subjects},
    )


def _alternatives(plan):
    """What differs between the settings, one dict per setting; one empty dict for a single one."""
    values = [each.model_dump(exclude={"n_pwl"}) for each in plan.settings]
    names = [name for name in values[0] if len({str(each[name]) for each in values}) > 1]
    return [{name: each[name] for name in names} for each in values]


def _splits(study):
    fold = np.full(study.trials.sizes["trial"], -1)
    for index, part in enumerate(study.folds):
        fold[part.test] = index
    sharing, groups = study.sharing, study.cv.groups(study.trials)
    attrs = {"audit": sharing.note, "shared": sharing.shared.to_json(orient="records")}
    return xr.Dataset({"fold": ("trial", fold), "group": ("trial", groups)}, attrs=attrs)


def _coords(plan):
    return {"n_pwl": list(plan.grid), "fold": [part.name for part in plan.folds]}


def _provenance(study, seconds):
    engine = study.engine
    return {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(seconds, 1),
        "neuroalrnn": version("neuroalrnn"),
        "versions": _versions(),
        "python": platform.python_version(),
        "backend": f"{engine.backend.name} ({engine.reason})",
        "dtype": study.plan.setting.dtype,
        "device": "cpu",
        "dataset_sha256": trials_digest(study.trials),
        "git_commit": _commit(),
    }


def _versions():
    """Versions of what a result depends on; numba may be missing."""
    found = {}
    for name in PACKAGES:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def _commit():
    """Commit of a source checkout, or an empty text for an installed package."""
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return ""
    command = ["git", "-C", str(root), "rev-parse", "HEAD"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""
