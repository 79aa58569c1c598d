"""Finished folds and predictions on disk, so that a killed run goes on where it stopped."""

import hashlib
import json
import os
import tempfile
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from neuroalrnn.evaluate.observation import fingerprint
from neuroalrnn.evaluate.search import Refitted, Searched
from neuroalrnn.model.alrnn import Weights


def fold_file(folder, plan, fold, told=()):
    """Where a fold is kept; the name holds a digest of the data, the split and the settings.

    Parameters
    ----------
    folder : path-like
    plan : Plan
    fold : int
    told : sequence
        Whatever else decides what is found; names, numbers and sequences of them.

    Returns
    -------
    pathlib.Path
    """
    digest = hashlib.sha256()
    choices = [plan.grid, plan.n_restarts, plan.random_state, fold, torch.__version__]
    settings = [each.model_dump(mode="json") for each in plan.settings]
    digest.update(json.dumps([settings, choices, *told]).encode())
    pieces, parts = plan.pieces, [*plan.inner[fold], plan.whole[fold]]
    arrays = [pieces.inputs, pieces.target, pieces.scored, pieces.n_steps]
    arrays += [values for part in parts for values in (part.train, part.validate)]
    arrays += fingerprint(plan.observation, pieces)
    for values in arrays:
        digest.update(np.ascontiguousarray(values).tobytes())
        digest.update(str(values.shape).encode())
    digest.update("\n".join(map(str, pieces.subject)).encode())
    # what is centred and what is not may hold the same numbers
    digest.update(json.dumps(pieces.present_at).encode())
    return Path(folder) / f"fold-{fold:03d}-{digest.hexdigest()[:16]}.npz"


def save_fold(path, searched, refitted):
    """Keep a finished fold, all or nothing.

    Parameters
    ----------
    path : pathlib.Path
    searched : Searched
    refitted : Refitted
    """
    arrays = {f"searched.{name}": value for name, value in vars(searched).items()}
    arrays |= {f"weights.{n}": v.numpy() for n, v in refitted.weights._asdict().items()}
    arrays |= {f"refitted.{n}": getattr(refitted, n) for n in ("train_score", "diverged")}
    _save(path, arrays)


def _save(path, arrays):
    _replace(path, lambda file: np.savez(file, **arrays))


def _replace(path, write):
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, part = tempfile.mkstemp(dir=path.parent, suffix=".part")
    with os.fdopen(handle, "wb") as file:
        write(file)
    os.replace(part, path)


def load_fold(path):
    """Read what `save_fold` kept.

    Returns
    -------
    searched : Searched
    refitted : Refitted
    """
    with np.load(path) as arrays:

        def group(kind):
            names = [name for name in arrays.files if name.startswith(kind + ".")]
            return {name.removeprefix(kind + "."): arrays[name] for name in names}

        searched, refitted, weights = group("searched"), group("refitted"), group("weights")
    weights = Weights(**{name: torch.as_tensor(value) for name, value in weights.items()})
    return Searched(**searched), Refitted(weights, **refitted)


def save_tables(path, tables):
    """Keep tables of names and numbers, all or nothing, to the last bit.

    Parameters
    ----------
    path : pathlib.Path
    tables : sequence of pandas.DataFrame, or None
        Nothing, where there was nothing to do.
    """
    columns = [table.to_dict("list") for table in tables or ()]
    _replace(path, lambda file: file.write(json.dumps(columns).encode()))


def load_tables(path):
    """Read what `save_tables` kept.

    Returns
    -------
    list of pandas.DataFrame
    """
    return [pd.DataFrame(columns) for columns in json.loads(path.read_text(encoding="utf-8"))]


def keeping(baselines, folder, study):
    """The same models, whose predictions are kept on disk, and taken from there where they are.

    Parameters
    ----------
    baselines : dict of str -> callable
        ``f(trials, train, test) -> log-probabilities``.
    folder : path-like
    study : dict
        Whatever decides what they predict, beside the trials; goes into the name of a file.

    Returns
    -------
    dict of str -> callable
    """
    told = json.dumps([study, version("neuroalrnn"), torch.__version__], sort_keys=True)
    return {
        name: _kept(baseline, Path(folder), f"{name}\n{told}")
        for name, baseline in baselines.items()
    }


def _kept(baseline, folder, told):
    def predict(trials, train, test):
        digest = hashlib.sha256(f"{told}\n{trials_digest(trials)}".encode())
        for part in (train, test):
            digest.update(np.ascontiguousarray(part).tobytes() + b"|")
        path = folder / f"predictions-{digest.hexdigest()[:16]}.npz"
        if path.exists():
            with np.load(path) as arrays:
                return arrays["predicted"]
        predicted = baseline(trials, train, test)
        _save(path, {"predicted": predicted})
        return predicted

    return predict


def trials_digest(trials):
    """SHA-256 of the names and values of all variables of a dataset of trials."""
    digest = hashlib.sha256()
    for name in sorted(map(str, trials.variables)):
        values = trials[name].values
        values = values.astype(str) if values.dtype.kind in "OTU" else values
        digest.update(name.encode() + np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()
