"""Models compared by what they compute: effects of their inputs on the same held-out trials."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, combinations

import numpy as np
import pandas as pd

from neuroalrnn.arguments import checked, not_seed, optional
from neuroalrnn.data.schema import scored_trials
from neuroalrnn.effects._cluster import cluster
from neuroalrnn.effects.compute import compute_input_effects
from neuroalrnn.effects.functional import FunctionalRegimes, _not_regimes, find_functional_regimes
from neuroalrnn.exceptions import DataError
from neuroalrnn.regimes.labels import adjusted_rand
from neuroalrnn.results import Fit
from neuroalrnn.results.checks import not_fit
from neuroalrnn.results.summary import NETWORK

# standard deviation over trials that is rounding of effects in single precision
ROUNDING = 1e-6
_DIMS = ("input", "lag", "option")


@dataclass(frozen=True)
class ComparedModels:
    """How far models compute the same.

    Parameters
    ----------
    pairs : pandas.DataFrame
        One row per pair of models: ``model, other_model, unread`` (inputs that one of them does not
        read, and which are left out), ``n_trials``; over the other effects that trials are grouped
        by, ``model_correlation`` (over held-out trials, with the mean of every effect taken out;
        median over folds), ``model_correlation_low`` (lowest), ``rms_difference``,
        ``rms_model`` and ``rms_other`` (root mean square of the difference and of the effects of
        each, log-odds); ``n_regimes``, ``adjusted_rand`` (median over folds) and
        ``adjusted_rand_low`` of the groups into which the effects of each fall. A value is missing
        where one of the models has the same effects on all trials.
    effects : pandas.DataFrame
        One row per pair of models, input, lag and option: ``model, other_model, input, lag,
        option, n_trials, model_correlation, model_correlation_low, rms_difference``, and the means
        ``input_effect`` and ``other_effect``.
    """

    pairs: pd.DataFrame
    effects: pd.DataFrame


@checked(DataError, fit=not_fit, regimes=optional(_not_regimes), random_state=not_seed)
def compare_effects(
    fit: Fit, regimes: FunctionalRegimes | None = None, *, random_state: int = 0
) -> ComparedModels:
    """Compare models by the effects of their inputs, each trial by models that never saw its group.

    The models are the AL-RNN with the best ``n_pwl`` of each fold, with the sufficient one where it
    is another, and with each of the grid, and those whose effects the fit keeps (`Fit.effects`).
    For their regimes the effects of every model are grouped into equally many groups, fold by fold.

    A regression may read variables that follow from inputs, such as whether an outcome was common.
    These stay as they were when an input is changed, so that its effects are those of the input
    itself, not of what follows from it.

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
    >>> bool(compare_effects(fit).pairs["model_correlation"].max() <= 1)
    True
    """
    regimes = regimes or find_functional_regimes(fit, random_state=random_state)
    named, effects = _effects_of_models(fit)
    fold = np.where(scored_trials(fit.trials), fit.splits["fold"].values, -1)
    grouped = _Grouped.of(named, effects, regimes, fold, random_state)
    pairs: list[tuple] = []
    for model, other in combinations(effects, 2):
        pairs.append((model, other, *grouped.compare(model, other)))
    single = _each_effect(effects, fold, named)
    return ComparedModels(_table(pairs, _PAIRS), _table(single, _SINGLE))


@dataclass(frozen=True, eq=False)
class _Grouped:
    """Effects that trials are grouped by, of every model, where those of all are known."""

    inputs: list
    values: dict
    folds: list
    n_regimes: int
    random_state: int
    kept: dict = field(default_factory=dict)

    @classmethod
    def of(cls, named, effects, regimes, fold, random_state):
        names = {dim: [str(each) for each in named[dim].values] for dim in ("input", "option")}
        places = [
            (slice(None), names["input"].index(name), lag, names["option"].index(option))
            for name, lag, option in regimes.columns
        ]
        values = {
            name: np.stack([each[place] for place in places], axis=-1).astype(float, copy=False)
            for name, each in effects.items()
        }
        known = np.logical_and.reduce([np.isfinite(each).all(axis=1) for each in values.values()])
        n_regimes = max(regimes.n_regimes, 2)
        folds = [np.flatnonzero((fold == k) & known) for k in np.unique(fold[fold >= 0])]
        folds = [rows for rows in folds if len(rows) > n_regimes]
        return cls([name for name, _, _ in regimes.columns], values, folds, n_regimes, random_state)

    def compare(self, model, other):
        """Row of the table of pairs, without the names of the models."""
        reads = self.reads(model) & self.reads(other)
        columns, folds = tuple(np.flatnonzero(reads)), self.folds if reads.any() else []
        unread = [name for name, read in zip(self.inputs, reads, strict=True) if not read]
        one, two = (self.values[name][:, columns] for name in (model, other))
        pairs = zip(self.groups(model, columns), self.groups(other, columns), strict=True)
        agreement = [np.nan if a is None or b is None else adjusted_rand(a, b) for a, b in pairs]
        row = ", ".join(dict.fromkeys(unread)), sum(map(len, folds))
        row += *_middle(_correlations(one, two, folds)), *(_rms(v, folds) for v in (one - two, one))
        return *row, _rms(two, folds), self.n_regimes, *_middle(agreement)

    def reads(self, model):
        """Inputs that have an effect on some trial, shape (column,)."""
        rows = np.concatenate([np.zeros(0, dtype=int), *self.folds])
        return np.abs(self.values[model][rows]).max(axis=0, initial=0.0) > ROUNDING

    def groups(self, model, columns):
        """Groups of the trials of every fold; None where all have the same effects."""
        if (model, columns) not in self.kept:
            parts = [self.values[model][rows][:, columns] for rows in self.folds]
            self.kept[model, columns] = [self._group(vectors) for vectors in parts]
        return self.kept[model, columns]

    def _group(self, vectors):
        if not vectors.shape[1] or _is_flat(vectors):
            return None
        return cluster(vectors[None], self.n_regimes, self.random_state)[0]


_PAIRS = "model other_model unread n_trials model_correlation model_correlation_low rms_difference "
_PAIRS += "rms_model rms_other n_regimes adjusted_rand adjusted_rand_low"
_SINGLE = "model other_model input lag option n_trials model_correlation model_correlation_low "
_SINGLE += "rms_difference input_effect other_effect"


def _table(rows, columns):
    return pd.DataFrame(rows, columns=columns.split())


def _effects_of_models(fit):
    """Labelled effects of the AL-RNN, and those of every model by its name, as arrays."""
    named = compute_input_effects(fit.best)
    found = {NETWORK: named.values}
    if fit.best is not fit:
        found[fit.model] = compute_input_effects(fit).values
    for n_pwl in fit.parameters["n_pwl"].values.tolist():
        name = f"{NETWORK} P={n_pwl}"
        if name in fit.predictions["model"].values:  # not if training failed in some fold
            # those of all trials are large, and known where all folds have this P
            same = [
                e.model for e in (fit, fit.best) if {f.network.n_pwl for f in e.folds} == {n_pwl}
            ]
            known = found[same[0]] if same else compute_input_effects(fit, n_pwl=n_pwl).values
            found[name] = known
    if "effects" in fit.tree.children:
        found |= dict(zip(fit.effects["model"].values.tolist(), fit.effects.values, strict=True))
    return named, found


def _each_effect(effects, fold, named) -> list[tuple]:
    """Rows of the table of single effects, as far as they are defined, pair by pair of models."""
    names, first = list(effects), next(iter(effects.values()))
    labels = {dim: named[dim].values for dim in _DIMS}
    rows: dict[tuple, list] = {pair: [] for pair in combinations(range(len(names)), 2)}
    for place in np.ndindex(first.shape[1:]):
        label = [labels[dim][k] for dim, k in zip(_DIMS, place, strict=True)]
        values = np.stack([each[(slice(None), *place)] for each in effects.values()])
        for pair, found in _all_pairs(values, fold):
            rows[pair].append((names[pair[0]], names[pair[1]], *label, *found))
    return list(chain.from_iterable(rows.values()))


def _all_pairs(values, fold) -> Iterator[tuple]:
    """Pairs of models, and what is said of an effect, shape (model, trial), in both."""
    known = np.isfinite(values) & (fold >= 0)
    sets: dict[bytes, list] = {}
    for pair in combinations(range(len(values)), 2):
        both = known[pair[0]] & known[pair[1]]
        if both.any():
            sets.setdefault(both.tobytes(), [both, []])[1].append(pair)
    for both, pairs in sets.values():
        models = np.unique(pairs)
        found = _Together(values[np.ix_(models, np.flatnonzero(both))], fold[both])
        for pair in pairs:
            yield pair, found.compare(*np.searchsorted(models, pair))


class _Together:
    """An effect in several models, shape (model, trial), on trials on which all have it."""

    def __init__(self, values, fold):
        self.values, self.means = values, values.mean(axis=1)
        parts = [values[:, fold == k] for k in np.unique(fold)]
        self.correlation = np.stack([_correlate_all(each) for each in parts])

    def compare(self, one, other):
        """Number of trials, correlation, size of the difference, and means of two models."""
        rms = np.sqrt(np.mean((self.values[one] - self.values[other]) ** 2))
        middle = _middle(self.correlation[:, one, other])
        return self.values.shape[1], *middle, float(rms), self.means[one], self.means[other]


def _correlate_all(values):
    """Correlations of every pair of rows, NaN where one is flat."""
    found = np.full((len(values), len(values)), np.nan)
    varies = np.flatnonzero([not _is_flat(each[:, None]) for each in values])
    if values.shape[1] >= 3 and len(varies):
        found[np.ix_(varies, varies)] = np.corrcoef(values[varies])
    return found


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


def _middle(values):
    """Median and lowest of values, as far as they are defined."""
    known = np.asarray(values)[np.isfinite(values)]
    return (np.median(known), known.min()) if len(known) else (np.nan, np.nan)


def _rms(values, folds):
    rows = np.concatenate(folds) if folds else np.zeros(0, dtype=int)
    return float(np.sqrt(np.mean(values[rows] ** 2))) if len(rows) else np.nan
