"""What must hold before anything is trained, and what a user should hear of then."""

import json
import logging
from collections.abc import Mapping, Sequence, Set
from inspect import signature

import numpy as np
import pandas as pd
import xarray as xr

from neuroalrnn.arguments import (
    not_kind,
    not_names,
    not_number,
    not_path,
    not_seed,
    not_whole,
    refuse,
    shown,
)
from neuroalrnn.config.defaults import FIT, LOSS, ONE_ERROR
from neuroalrnn.data import caution, default_encoding, encode, validate
from neuroalrnn.data.schema import scored_trials, texts
from neuroalrnn.exceptions import ConfigError, DataError, LeakageWarning, problems
from neuroalrnn.model import VARYING
from neuroalrnn.netcdf import find_lost

logger = logging.getLogger(__name__)
NOT_READ = "choice is never read out: without its event, or beyond max_steps"
# share of the training trials below which a fit inside says little about one to all of them
LITTLE_LEFT = 1 / 3


def score_what_is_read(trials, sequences):
    """Mark as not scored what the encoding never reads out, for every model alike.

    Parameters
    ----------
    trials : xarray.Dataset
    sequences : Sequences
        A choice beyond ``max_steps``, or without its event, has no read-out step in them.

    Returns
    -------
    xarray.Dataset
        The same object where all scored choices are read out.

    Raises
    ------
    DataError
        If no scored choice is left, or all are the same.
    """
    read = np.zeros(trials.sizes["trial"], dtype=bool)
    read[sequences.trial[sequences.scored]] = True
    scored = scored_trials(trials)
    options = np.unique(trials["choice"].values[read])
    if len(options) < 2:
        found = ["no choice is scored: look at 'scored', and at the times of the choice event"]
        if len(options):
            label = trials["choice"].attrs["labels"][int(options[0])]
            found = [f"'choice' is {str(label)!r} on every scored trial: nothing to predict"]
        raise problems(DataError, "trial dataset", found)
    if (read == scored).all():
        return trials
    reasons = np.full(len(read), "", dtype=object)
    if "unscored_reason" in trials:
        reasons = texts(trials["unscored_reason"].values)
    reasons = np.where(scored & ~read, NOT_READ, reasons).astype(str)
    return trials.assign(scored=("trial", read), unscored_reason=("trial", reasons))


def check_search(
    setting, n_pwl, *, n_restarts, n_inner, random_state, threads=None, memory=1, resume=None,
    default=FIT.n_pwl, sufficient=LOSS,
):  # fmt: skip
    """Refuse an impossible grid or number, naming everything that is wrong.

    Parameters
    ----------
    setting : Setting
    n_pwl : sequence of int, or None
        None is the default grid; where that goes beyond ``setting.n_latent`` it is clipped, which
        is logged. A grid that was given is refused instead.
    n_restarts, n_inner, random_state, threads, memory, resume, sufficient
        See `neuroalrnn.select_n_pwl`.
    default : sequence of int
        The default grid.

    Returns
    -------
    list of int
        The grid, sorted, each value once.

    Raises
    ------
    ConfigError
    """
    most = setting.n_latent
    if n_pwl is None:
        n_pwl = sorted({min(p, most) for p in default})
        if most < max(default):
            clipped = ", ".join(map(str, n_pwl))
            logger.warning("n_pwl: n_latent = %d, so that the default grid is %s", most, clipped)
    many = isinstance(n_pwl, Sequence | np.ndarray | range) and not isinstance(n_pwl, str | bytes)
    values = list(n_pwl) if many else [n_pwl]
    found = [
        f"n_pwl={shown(p)}: expected 0 (linear) to n_latent={most} (fully rectified)"
        for p in values
        if not_whole("n_pwl", p, most=most)
    ]
    found += [] if values else ["n_pwl is empty: expected at least one value"]
    found += not_whole("n_restarts", n_restarts, least=1)
    found += not_whole("n_inner", n_inner, least=2)
    found += not_seed("random_state", random_state)
    found += [] if threads is None else not_whole("threads", threads, least=1)
    found += not_whole("memory", memory, least=1)
    if not isinstance(sufficient, str):
        found += not_number("sufficient", sufficient, least=0.0, most=1.0)
    elif sufficient != ONE_ERROR:
        found.append(f"sufficient = {shown(sufficient)}: expected a share, or {ONE_ERROR!r}")
    found += [] if resume is None else not_path("resume", resume)
    refuse("n_pwl and counts", found)
    return sorted({int(p) for p in values})


def as_encoding(trials, encoding):
    """The arguments of `neuroalrnn.encode` that an argument ``encoding`` stands for.

    Parameters
    ----------
    trials : xarray.Dataset
    encoding : dict or None
        None is what the trials carry.

    Returns
    -------
    dict

    Raises
    ------
    ConfigError
        If it is no dict, or holds what `encode` does not know.
    """
    if encoding is None:
        return default_encoding(trials)
    known = list(signature(encode).parameters)[1:]
    expected = "a dict of the arguments of encode, such as {'inputs': ['cue', 'choice']}"
    found = not_kind("encoding", encoding, Mapping, expected)
    found = found or not_names("encoding", list(encoding), known=known)
    if not found and "inputs" not in encoding:
        found = [f"encoding has no 'inputs': expected {expected}"]
    found = found or [text for name, each in encoding.items() for text in _not_plain(name, each)]
    refuse("encoding", found)
    return json.loads(json.dumps(dict(encoding), default=_plain))


def _not_plain(name, value):
    try:
        json.dumps(value, default=_plain)
    except (TypeError, ValueError):
        return [
            f"encoding, {name} = {shown(value)}: expected numbers, texts, and lists or dicts of "
            "them; a set has no order, and a generator can be read but once"
        ]
    return []


def _plain(value):
    """Numbers and arrays of numpy as those of Python."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    raise TypeError


def caution_of_inner_parts(trials, plan, groups):
    """Say where ``n_pwl`` and training time were not chosen as one would like.

    Parameters
    ----------
    trials : xarray.Dataset
    plan : Plan
    groups : array of str, shape (trial,)
        What the splitter holds out together.

    Returns
    -------
    xarray.Dataset
    """
    first, n_scored = plan.pieces.trial[:, 0], plan.pieces.scored.sum(axis=1)
    found, sharing = [], []
    for fold, parts, whole in zip(plan.folds, plan.inner, plan.whole, strict=True):
        left = min(n_scored[part.train].sum() for part in parts) / n_scored[whole.train].sum()
        if left < LITTLE_LEFT:
            found.append(
                f"{fold.name}: most training trials belong to one group, so that n_pwl and "
                f"training time are chosen on fits to as little as {left:.0%} of them; both may "
                "come out too small"
            )
        own = groups[first]
        if any(np.isin(own[part.train], own[part.validate]).any() for part in parts):
            sharing.append(fold.name)
    if sharing:
        found.append(
            f"{', '.join(sharing)}: the training subjects are joined by stimulus orders that they "
            "share, so that n_pwl and training time are chosen on subjects whose orders were "
            "trained on; a network that memorises them can win there. Held-out scores are of other "
            "orders: they can suffer from this, not gain"
        )
    return caution(trials, found, LeakageWarning, stacklevel=4)


def check_saveable(trials):
    """Refuse before training trials that could not be saved after it, by saving them to memory.

    Parameters
    ----------
    trials : xarray.Dataset

    Raises
    ------
    DataError
    """
    refuse("saving the fit", find_lost(trials), DataError)


def check_saveable_names(models):
    """Refuse before training names of models that could not be saved after it.

    Parameters
    ----------
    models : iterable of str

    Raises
    ------
    DataError
    """
    found = find_lost(xr.Dataset(coords={"model": list(models)}))
    refuse("saving the fit", [f"models: {text}" for text in found], DataError)


def check_shots(trials, n_shots):
    """Refuse numbers of shots that cannot be scored, before anything is trained.

    Parameters
    ----------
    trials : xarray.Dataset
    n_shots : sequence of int

    Raises
    ------
    ConfigError
        If they are not different whole numbers from 0.
    DataError
        If a subject has no scored trial after the largest of them.
    """
    many = isinstance(n_shots, Sequence | np.ndarray) and not isinstance(n_shots, str | bytes)
    values = list(n_shots) if many else []
    good = values and not any(not_whole("n_shots", n) for n in values)
    if not good or len(set(values)) < len(values):
        expected = "different whole numbers from 0, such as (0, 50)"
        refuse("few_shot", [f"n_shots = {shown(n_shots)}: expected {expected}"])
    subject = validate(trials)["subject"].values.astype(str)
    count = pd.Series(scored_trials(trials)).groupby(subject).sum()
    short = count.index[count <= max(n_shots)]
    if len(short):
        found = [f"subject {', '.join(short)} has no scored trial after the first {max(n_shots)}"]
        raise problems(DataError, "few_shot", found)


def check_dimensions(n_dimensions, varying):
    """Refuse subject vectors that cannot be.

    Parameters
    ----------
    n_dimensions : sequence of int
    varying : collection of str

    Raises
    ------
    ConfigError
    """
    many = isinstance(n_dimensions, Sequence | np.ndarray)
    if not many or isinstance(n_dimensions, str | bytes) or not len(n_dimensions):
        expected = "a list of one or more whole numbers from 1"
        found = [f"n_dimensions = {shown(n_dimensions)}: expected {expected}"]
    else:
        found = [t for n in n_dimensions for t in not_whole("n_dimensions", n, least=1)]
    varying = sorted(varying, key=str) if isinstance(varying, Set) else varying
    wrong = not_names("varying", varying, known=VARYING)
    found += wrong or ([] if varying else ["varying is empty: expected at least one parameter"])
    refuse("subject vectors", found)


def check_ensemble(ensemble, n_restarts):
    """Refuse to average over a single restart.

    Parameters
    ----------
    ensemble : bool
    n_restarts : int

    Raises
    ------
    ConfigError
    """
    if ensemble and n_restarts == 1:
        found = ["ensemble averages over restarts, and there is one: give n_restarts = 2 or more"]
        raise problems(ConfigError, "ensemble", found)
