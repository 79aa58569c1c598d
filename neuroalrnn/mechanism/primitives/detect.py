"""Primitives of a saved fit: the network of each fold, on the subjects that it never saw."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from neuroalrnn.exceptions import DataError, NotTestableError, problems
from neuroalrnn.mechanism.ablation.activations import choose_steps
from neuroalrnn.mechanism.primitives.detection import combine, tabulate
from neuroalrnn.mechanism.primitives.gating import detect_gating
from neuroalrnn.mechanism.primitives.integration import detect_integration
from neuroalrnn.mechanism.primitives.transients import detect_transients
from neuroalrnn.results import Fit
from neuroalrnn.running import progress_bar
from neuroalrnn.stats.checks import as_whole_numbers


class Primitives(NamedTuple):
    """Results of all detectors for a fit.

    Parameters
    ----------
    summary : DataFrame
        One row per primitive and target, see `combine`; networks are those of the folds.
    networks : DataFrame
        One row per primitive, target and fold, see `tabulate`.
    not_testable : DataFrame
        ``primitive, target, network, reason`` of detections that could not be carried out.
    detections : list of (str, str, Detection)
        Target, network and all that was found, in the order of `networks`.
    """

    summary: pd.DataFrame
    networks: pd.DataFrame
    not_testable: pd.DataFrame
    detections: list


def detect_primitives(
    fit: Fit,
    cue: str,
    *,
    features: Sequence[str],
    relevant: Mapping[Any, str] | None = None,
    steps: Sequence[int] | None = None,
    ahead: int = 0,
    n_nulls: int = 39,
    n_samples: int = 100,
    rng: np.random.Generator | None = None,
    progress: bool = False,
) -> Primitives:
    """Look for all primitives in the network of each fold, on its held-out trials.

    Gating is looked for on the path of each feature, rule-based integration where `relevant` is
    given, and transients after each feature, whose values above and below the middle of its range
    are the two events.

    Parameters
    ----------
    fit : Fit
        Fit whose networks are taken apart.
    cue : str
        A variable of trials with two values; missing values are left out. Where it stays the same
        within blocks, permutations exchange these as wholes.
    features : sequence of str
        Inputs as encoded (``fit.sequences.features``).
    relevant : dict of label to str, optional
        The feature that each value of the cue makes relevant.
    steps : sequence of int, optional
        Steps within the trial at which the features come; default those at which each is ever
        different from 0.
    ahead : int
        For transients: how many read-outs to pass over. 0 tests the choice of the same trial.
    n_nulls : int
        Random networks, and permutations of labels, of each detection.
    n_samples : int
        Samples per label in the causal test.
    rng : numpy.random.Generator, optional
        Source of random numbers; default ``default_rng(0)``.
    progress : bool
        Show a progress bar over folds.

    Returns
    -------
    Primitives
        Tables over folds and networks, with all detections.

    Raises
    ------
    DataError
    """
    rng = np.random.default_rng(0) if rng is None else rng
    sequences = fit.sequences
    _refuse(fit, cue, features, relevant, sequences.features)
    _refuse_numbers(sequences, steps, ahead, n_nulls, n_samples)
    options = {"n_nulls": n_nulls, "n_samples": n_samples}
    folds = [each for each in fit.folds if each.is_test.any()]
    found, skipped = [], []
    for fold in progress_bar(folds, desc="primitives", unit="fold", show=progress):
        network, part = fold.network, fold.test
        block = _blocks(fit, cue, part)
        jobs = _jobs(part, fit.trials[cue].values, features, relevant, steps, ahead, block)
        for primitive, target, detect in jobs:
            try:
                found.append((target, fold.name, detect(network, part, **options, rng=rng)))
            except NotTestableError as error:
                skipped.append((primitive, target, fold.name, str(error)))
    columns = ["primitive", "target", "network", "reason"]
    order = list(dict.fromkeys(map(_key, found)))
    found.sort(key=lambda one: order.index(_key(one)))
    summary, networks = _tables(found)
    return Primitives(summary, networks, pd.DataFrame(skipped, columns=columns), found)


def _key(one):
    """Primitive and target of a detection."""
    target, _, detection = one
    return detection.primitive, target


def _jobs(sequences, values, features, relevant, steps, ahead, block):
    """Detections to be carried out: (primitive, target, detect(network, sequences, ...))."""
    trial = np.maximum(sequences.trial, 0)
    for name in features:
        inputs = sequences.inputs[..., sequences.features.index(name)]
        here = _present(sequences, inputs, steps)
        labels = np.where(here, values[trial], np.nan)
        yield "gating", name, partial(detect_gating, cue=labels, feature=name, block=block)
        middle = (inputs[here].min() + inputs[here].max()) / 2
        event = np.where(here & (inputs != middle), np.sign(inputs - middle), np.nan)
        detect = partial(detect_transients, event=event, feature=name, ahead=ahead)
        yield "memory-dependent transient", name, detect
    if relevant is not None:
        both = [sequences.features.index(name) for name in relevant.values()]
        here = _present(sequences, np.abs(sequences.inputs[..., both]).sum(axis=-1), steps)
        labels = np.where(here, values[trial], np.nan)
        detect = partial(detect_integration, cue=labels, relevant=relevant, block=block)
        yield "rule-based integration", " or ".join(relevant.values()), detect


def _blocks(fit, cue, sequences):
    """Block of every step, where the cue stays the same within all blocks of a session."""
    if "block" not in fit.trials.coords:
        return None
    names = ("subject", "session", "block")
    table = pd.DataFrame({name: fit.trials[name].values for name in names})
    block = table.groupby(list(names)).ngroup().to_numpy()
    if (pd.Series(fit.trials[cue].values).groupby(block).nunique() > 1).any():
        return None
    return block[np.maximum(sequences.trial, 0)]


def _present(sequences, inputs, steps):
    """Steps of the trial at which an input may come."""
    if steps is None:
        steps = np.unique(sequences.step_in_trial[(inputs != 0) & (sequences.trial >= 0)])
    return np.isin(sequences.step_in_trial, steps) & (sequences.trial >= 0)


def _tables(found):
    """Summary and table of networks."""
    networks, summary = [], []
    for key in dict.fromkeys(map(_key, found)):
        target = key[1]
        rows = [(name, d) for t, name, d in found if (d.primitive, t) == key]
        names, detections = zip(*rows, strict=True)
        networks.append(tabulate(list(detections), names))
        summary.append(combine(list(detections)))
        for table in (networks[-1], summary[-1]):
            table.insert(1, "target", target)
    return tuple(
        pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()
        for tables in (summary, networks)
    )


def _refuse_numbers(sequences, steps, ahead, n_nulls, n_samples):
    wanted = {"ahead": (ahead, 0), "n_nulls": (n_nulls, 1), "n_samples": (n_samples, 1)}
    for name, (value, least) in wanted.items():
        as_whole_numbers(value, name, "primitives", least=least)
    if steps is not None:
        choose_steps(sequences, steps)  # refuses what no trial has


def _refuse(fit, cue, features, relevant, known):
    if isinstance(features, str):
        raise DataError(f"primitives: features is the text {features!r}, expected a list of names")
    wanted = [*features, *(relevant or {}).values()]
    found = [
        f"feature {name!r}: expected one of {', '.join(known)}"
        for name in dict.fromkeys(wanted)
        if name not in known
    ]
    if cue not in fit.trials or fit.trials[cue].dims != ("trial",):
        found.append(f"cue {cue!r}: expected a variable of trials")
    elif other := [key for key in relevant or {} if key not in fit.trials[cue].values]:
        found.append(f"relevant: the cue never takes {', '.join(map(repr, other))}")
    if found:
        raise problems(DataError, "primitives", found)
