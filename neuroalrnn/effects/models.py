"""Models compared by what they compute: effects of their inputs on the same held-out trials."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from neuroalrnn.data.schema import scored_trials
from neuroalrnn.effects._cluster import cluster
from neuroalrnn.effects.compute import compute_input_effects
from neuroalrnn.effects.functional import FunctionalRegimes, find_functional_regimes
from neuroalrnn.regimes.labels import adjusted_rand
from neuroalrnn.results import Fit
from neuroalrnn.results.checks import require_fit

NETWORK = "AL-RNN"
# standard deviation over trials that is rounding of effects in single precision
ROUNDING = 1e-6
_DIMS = ("input", "lag", "option")


@dataclass(frozen=True)
class ComparedModels:
    """How far models compute the same.

    Parameters
    ----------
    pairs : pandas.DataFrame
        One row per pair of models: ``model, other, n_trials``; over all effects that trials are
        grouped by, ``correlation`` (over trials, with the mean of every effect taken out; median
        over folds), ``correlation_low`` (lowest), ``rms_difference``, ``rms_model`` and
        ``rms_other`` (root mean square of the difference and of the effects of each, log-odds);
        ``n_regimes``, ``adjusted_rand`` (median over folds) and ``adjusted_rand_low`` of the groups
        into which the effects of each fall. A value is missing where one of the models has the
        same effects on all trials.
    effects : pandas.DataFrame
        One row per pair of models, input, lag and option: ``model, other, input, lag, option,
        n_trials, correlation, correlation_low, rms_difference``, and the means ``effect`` and
        ``effect_other``.
    """

    pairs: pd.DataFrame
    effects: pd.DataFrame


def compare_effects(
    fit: Fit, regimes: FunctionalRegimes | None = None, *, random_state: int = 0
) -> ComparedModels:
    """Compare models by the effects of their inputs, each trial by models that never saw its group.

    The models are the AL-RNN with the ``n_pwl`` chosen inside each fold and with each of the grid,
    and those whose effects the fit keeps (`Fit.effects`). For their regimes the effects of every
    model are grouped into equally many groups, fold by fold.

    Parameters
    ----------
    fit : Fit
        A cross-validated fit.
    regimes : FunctionalRegimes, optional
        Those of the fit, which say what trials are grouped by, and into how many groups: two, if
        there are no regimes. Default: they are searched for.
    random_state : int
        Seed of the starts of k-means.

    Returns
    -------
    ComparedModels
        Tables of pairs of models.

    Raises
    ------
    NotTestableError
        The fit explains more than choices, or has a single fold.

    Examples
    --------
    >>> from neuroalrnn import Fit
    >>> from neuroalrnn.effects import compare_effects
    >>> fit = Fit.load("fit.nc")  # doctest: +SKIP
    >>> compare_effects(fit).pairs["correlation"].max() <= 1
    True
    """
    require_fit("compare_effects", fit)
    regimes = regimes or find_functional_regimes(fit, random_state=random_state)
    named, effects = _effects_of_models(fit)
    inputs, options = ([str(each) for each in named[dim].values] for dim in ("input", "option"))
    places = [(inputs.index(i), lag, options.index(o)) for i, lag, o in regimes.columns]
    fold = np.where(scored_trials(fit.trials), fit.splits["fold"].values, -1)
    grouped = {
        name: np.stack([values[(slice(None), *place)] for place in places], axis=-1)
        for name, values in effects.items()
    }
    known = np.logical_and.reduce([np.isfinite(each).all(axis=1) for each in grouped.values()])
    n_regimes = max(regimes.n_regimes, 2)
    folds = [np.flatnonzero((fold == k) & known) for k in range(len(fit.folds))]
    folds = [rows for rows in folds if len(rows) > n_regimes]
    groups = {
        name: [_groups(values[rows], n_regimes, random_state) for rows in folds]
        for name, values in grouped.items()
    }
    pairs: list[tuple] = []
    single: list[tuple] = []
    for model, other in combinations(effects, 2):
        both = grouped[model], grouped[other]
        agreement = [
            np.nan if one is None or two is None else adjusted_rand(one, two)
            for one, two in zip(groups[model], groups[other], strict=True)
        ]
        sizes = _rms(both[0] - both[1], folds), *(_rms(each, folds) for each in both)
        row = model, other, sum(map(len, folds)), *_middle(_correlations(*both, folds)), *sizes
        pairs.append((*row, n_regimes, *_middle(agreement)))
        single += _each_effect(model, other, effects, fold, named)
    return ComparedModels(_table(pairs, _PAIRS), _table(single, _SINGLE))


_PAIRS = "model other n_trials correlation correlation_low rms_difference rms_model rms_other "
_PAIRS += "n_regimes adjusted_rand adjusted_rand_low"
_SINGLE = "model other input lag option n_trials correlation correlation_low rms_difference effect "
_SINGLE += "effect_other"


def _table(rows, columns):
    return pd.DataFrame(rows, columns=columns.split())


def _effects_of_models(fit):
    """Labelled effects of the AL-RNN, and those of every model by its name, as arrays."""
    named = compute_input_effects(fit)
    found = {NETWORK: named.values}
    for n_pwl in fit.parameters["n_pwl"].values.tolist():
        name = f"{NETWORK} P={n_pwl}"
        if name in fit.predictions["model"].values:  # not if training failed in some fold
            found[name] = compute_input_effects(fit, n_pwl=n_pwl).values
    if "effects" in fit.tree.children:
        names = fit.effects["model"].values
        found |= dict(zip(names.tolist(), fit.effects.values.astype(float), strict=True))
    return named, found


def _each_effect(model, other, effects, fold, named) -> Iterator[tuple]:
    """Rows of the table of single effects, as far as they are defined."""
    one, two = effects[model], effects[other]
    for i, lag, o in np.ndindex(one.shape[1:]):
        a, b = one[:, i, lag, o], two[:, i, lag, o]
        known = np.isfinite(a) & np.isfinite(b) & (fold >= 0)
        if not known.any():
            continue
        folds = [np.flatnonzero(known & (fold == k)) for k in np.unique(fold[known])]
        labels = [named[dim].values[k] for dim, k in zip(_DIMS, (i, lag, o), strict=True)]
        correlation = _middle(_correlations(a[:, None], b[:, None], folds))
        means = a[known].mean(), b[known].mean()
        yield model, other, *labels, known.sum(), *correlation, _rms(a - b, folds), *means


def _correlations(one, other, folds):
    """Correlation in every fold, of columns whose mean is taken out; NaN where one is flat."""
    found = []
    for rows in folds:
        a, b = one[rows], other[rows]
        if len(rows) < 3 or _is_flat(a) or _is_flat(b):
            found.append(np.nan)
            continue
        a, b = a - a.mean(axis=0), b - b.mean(axis=0)
        found.append(float((a * b).sum() / np.sqrt((a**2).sum() * (b**2).sum())))
    return found


def _is_flat(values):
    """Whether effects are the same on all trials (the first axis), but for rounding."""
    return bool((values.std(axis=0) <= ROUNDING * (1 + np.abs(values).max(axis=0))).all())


def _groups(vectors, n_regimes, random_state):
    """Group trials by their effects; None where all have the same."""
    return None if _is_flat(vectors) else cluster(vectors[None], n_regimes, random_state)[0]


def _middle(values):
    """Median and lowest of values, as far as they are defined."""
    known = np.asarray(values)[np.isfinite(values)]
    return (np.median(known), known.min()) if len(known) else (np.nan, np.nan)


def _rms(values, folds):
    rows = np.concatenate(folds) if folds else np.zeros(0, dtype=int)
    return float(np.sqrt(np.mean(values[rows] ** 2))) if len(rows) else np.nan
