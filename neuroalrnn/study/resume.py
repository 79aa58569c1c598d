"""Finished folds and predictions on disk, so that a killed run goes on where it stopped."""

import hashlib
import io
import json
import warnings
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from neuroalrnn.data.roles import TABLE_ROW
from neuroalrnn.exceptions import ResultError, ResultWarning
from neuroalrnn.ops import Weights
from neuroalrnn.store import explain, replace_file
from neuroalrnn.study.observation import fingerprint
from neuroalrnn.study.search import Searched, Whole


@dataclass(frozen=True)
class Kept:
    """A file of something that was computed: its checksum, what it is of, and the bytes.

    Attributes
    ----------
    path : pathlib.Path
    identity : dict of str -> str
        What decides the bytes, by name.
    """

    path: Path
    identity: dict

    def save(self, data):
        """Write the bytes, all or nothing."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ResultError(explain(error, self.path.parent) or str(error)) from error
        content = json.dumps(self.identity).encode() + b"\n" + data
        checksum = hashlib.sha256(content).hexdigest().encode()
        replace_file(self.path, checksum + b"\n" + content)

    def load(self):
        """The bytes; None where there are none, or damaged or foreign ones, which are set aside.

        Warns
        -----
        ResultWarning
        """
        if not self.path.is_file():
            return None
        checksum, _, content = self.path.read_bytes().partition(b"\n")
        if checksum != hashlib.sha256(content).hexdigest().encode():
            return self._set_aside("is damaged", "damaged")
        head, _, data = content.partition(b"\n")
        written = json.loads(head)
        names = [name for name, value in self.identity.items() if written.get(name) != value]
        other = [f"{name} {written.get(name)}" for name in names]
        if other:
            return self._set_aside(f"is of {', '.join(other)}", "foreign")
        return data

    def _set_aside(self, text, suffix):
        aside = self.path.with_name(f"{self.path.name}.{suffix}")
        self.path.replace(aside)
        warnings.warn(
            f"{self.path} {text}: set aside as {aside.name}, and computed again",
            ResultWarning,
            stacklevel=4,
        )


def fold_file(folder, plan, fold, key=(), backend=""):
    """Where a fold is kept; the name holds a digest of the data, the split and the settings.

    Parameters
    ----------
    folder : path-like
    plan : Plan
    fold : int
    key : sequence
        Whatever else decides what is found; names, numbers and sequences of them.
    backend : str
        What it is computed with.

    Returns
    -------
    Kept
    """
    digest = hashlib.sha256()
    choices = [plan.grid, plan.n_restarts, plan.random_state, fold, torch.__version__]
    settings = [each.model_dump(mode="json") for each in plan.settings]
    digest.update(json.dumps([settings, choices, plan.pieces.labels, *key]).encode())
    pieces, parts = plan.pieces, [*plan.inner[fold], plan.whole[fold]]
    arrays = [pieces.inputs, pieces.target, pieces.scored, pieces.n_steps]
    arrays += [values for part in parts for values in (part.train, part.validate)]
    arrays += fingerprint(plan.observation, pieces)
    for values in arrays:
        digest.update(np.ascontiguousarray(values).tobytes())
        digest.update(str(values.shape).encode())
    for names in (pieces.subject, pieces.session):
        digest.update("\n".join(map(str, names)).encode())
    # what is centred and what is not may hold the same numbers
    digest.update(json.dumps(pieces.present_at).encode())
    return _kept(
        folder, f"fold-{fold:03d}", digest, fold=str(plan.folds[fold].name), backend=backend
    )


def _kept(folder, name, digest, **identity):
    identity |= {"neuroalrnn": version("neuroalrnn"), "torch": torch.__version__}
    identity |= {"digest": digest.hexdigest()}
    return Kept(Path(folder) / f"{name}-{digest.hexdigest()[:16]}.kept", identity)


def parts_digest(plan):
    """SHA-256 of who is validated on inside every fold, which splitters of one split may differ in.

    Parameters
    ----------
    plan : Plan

    Returns
    -------
    str
    """
    parts = [[part.train.tolist(), part.validate.tolist()] for one in plan.inner for part in one]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def save_fold(kept, searched, whole):
    """Keep a finished fold, all or nothing.

    Parameters
    ----------
    kept : Kept
    searched : Searched
    whole : Whole
    """
    arrays = {f"searched.{n}": v for n, v in vars(searched).items() if n != "inner"}
    arrays |= {f"inner.{n}": v for n, v in searched.inner._asdict().items()}
    arrays |= {f"weights.{n}": v.numpy() for n, v in whole.weights._asdict().items()}
    arrays |= {f"refitted.{n}": getattr(whole, n) for n in ("train_score", "diverged")}
    kept.save(as_bytes(arrays))


def as_bytes(arrays):
    """Arrays by name as the bytes of an npz file."""
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def load_fold(kept):
    """Read what `save_fold` kept.

    Parameters
    ----------
    kept : Kept

    Returns
    -------
    tuple of (Searched, Whole), or None
        Nothing, where it is still to be computed.
    """
    data = kept.load()
    if data is None:
        return None
    with np.load(io.BytesIO(data)) as arrays:

        def group(kind):
            names = [name for name in arrays.files if name.startswith(kind + ".")]
            return {name.removeprefix(kind + "."): arrays[name] for name in names}

        searched, whole, weights = group("searched"), group("refitted"), group("weights")
        inner = group("inner")
    if not inner:  # of a version that did not keep them
        return None
    weights = Weights(**{name: torch.as_tensor(value) for name, value in weights.items()})
    return Searched(**searched, inner=Weights(**inner)), Whole(weights, **whole)


def save_tables(kept, tables):
    """Keep tables of names and numbers, all or nothing, to the last bit.

    Parameters
    ----------
    kept : Kept
    tables : sequence of pandas.DataFrame, or None
        Nothing, where there was nothing to do.

    Returns
    -------
    list of pandas.DataFrame
        The same.
    """
    tables = list(tables or ())
    kept.save(json.dumps([table.to_dict("list") for table in tables]).encode())
    return tables


def load_tables(kept):
    """Read what `save_tables` kept.

    Parameters
    ----------
    kept : Kept

    Returns
    -------
    list of pandas.DataFrame, or None
        None, where they are still to be computed.
    """
    data = kept.load()
    return None if data is None else [pd.DataFrame(columns) for columns in json.loads(data)]


def keeping(baselines, folder, study, backend):
    """The same models, whose answers are kept on disk, and taken from there where they are.

    Parameters
    ----------
    baselines : dict of str -> callable
        ``f(trials, train, test)`` returns log-probabilities, or a dict of arrays; see
        `neuroalrnn.study.answers.with_answers`.
    folder : path-like
    study : dict
        Whatever decides what they predict, beside the trials.
    backend : str
        What those that are networks are computed with.

    Returns
    -------
    dict of str -> callable
    """
    key = json.dumps(study, sort_keys=True)
    return {
        name: _keeping(name, baseline, folder, key, backend) for name, baseline in baselines.items()
    }


def _keeping(name, baseline, folder, key, backend):
    def predict(trials, train, test):
        digest = hashlib.sha256(f"{name}\n{key}\n{_content(trials)}".encode())
        for part in (train, test):
            digest.update(np.ascontiguousarray(part).tobytes() + b"|")
        kept = _kept(folder, "predictions", digest, model=name, backend=backend)
        data = kept.load()
        if data is not None:
            with np.load(io.BytesIO(data)) as arrays:
                return dict(arrays)
        answer = baseline(trials, train, test)
        answer = answer if isinstance(answer, dict) else {"predicted": answer}
        kept.save(as_bytes(answer))
        return answer

    return predict


def run_digest(trials, key):
    """SHA-256 of trials, attributes included, of what else decides a fit, and of versions.

    Parameters
    ----------
    trials : xarray.Dataset
    key : list
        Of names, numbers, lists and dicts.

    Returns
    -------
    str
    """
    versions = [version(name) for name in ("neuroalrnn", "torch", "numpy")]
    content = [key, versions, _content(trials), str(sorted(trials.attrs.items()))]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _content(trials):
    """Digest of the variables of trials, and the attributes that say how they are used."""
    attrs = {str(name): str(values.attrs) for name, values in trials.variables.items()}
    return f"{trials_digest(trials)}\n{sorted(attrs.items())}"


def trials_digest(trials):
    """SHA-256 of the names and values of all variables of a dataset of trials.

    Where a trial stood in its table decides nothing.
    """
    digest = hashlib.sha256()
    for name in sorted({*map(str, trials.variables)} - {TABLE_ROW}):
        values = trials[name].values
        values = values.astype(str) if values.dtype.kind in "OTU" else values
        digest.update(name.encode() + np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()
