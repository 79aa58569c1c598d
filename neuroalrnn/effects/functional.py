"""Functional regimes: trials in which the inputs have the same effects on the choice."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from neuroalrnn.arguments import checked, not_kind, not_names, not_seed, not_whole, optional
from neuroalrnn.data.schema import scored_trials
from neuroalrnn.effects._agree import (
    correlate_folds,
    directed_columns,
    is_flat,
)
from neuroalrnn.effects._choices import moves_by_choices
from neuroalrnn.effects._cluster import cluster
from neuroalrnn.effects._over_subjects import mean_over_subjects
from neuroalrnn.effects.compute import compute_input_effects
from neuroalrnn.effects.counterfactuals import Counterfactuals
from neuroalrnn.effects.flips import _pointing_inputs, flips_of
from neuroalrnn.effects.group import MOST_REGIMES, group_effects
from neuroalrnn.effects.names import name_regimes
from neuroalrnn.exceptions import DataError, NotTestableError
from neuroalrnn.network.codes import ABSENT
from neuroalrnn.regimes.labels import adjusted_rand, match_regimes, relabel_by_use
from neuroalrnn.results import Fit
from neuroalrnn.results.checks import not_fit

_DIMS = ("input", "lag", "option")


@dataclass(frozen=True)
class FunctionalRegimes:
    """What the networks of a fit compute, and whether they agree on it.

    Parameters
    ----------
    verdict : {"discrete", "one", "graded", "not reproducible"}
        Regimes that the networks of all folds find alike; effects that are (nearly) the same on all
        trials; effects that vary alike but form no groups; none of these.
    n_regimes : int
        Number of regimes k; 1 unless they are discrete.
    labels : xarray.DataArray of int, dims (trial,)
        Regime of each trial under the network that never saw its group, 0, 1, ... by falling use;
        -1 where an effect is not defined or the trial is not scored.
    regimes : pandas.DataFrame
        One row per regime and input: ``regime, input, lag, option, effect`` (mean over subjects of
        their held-out trials, as their choices correct it, see `describe_effects`), its 95 %
        interval ``ci_low, ci_high`` over ``n_subjects`` and the networks of the folds,
        ``effect_low, effect_high`` (lowest and highest mean of the network of a fold over all
        trials), ``share`` of trials.
    agreement : pandas.DataFrame
        One row per number of regimes: ``n_regimes, n_pairs, adjusted_rand`` (median over pairs of
        folds), ``adjusted_rand_low``, ``adjusted_rand_restarts`` (of the number chosen, median over
        the other restarts of a fold), ``adjusted_rand_methods`` (k-means against Ward, median over
        folds), ``smallest_share``, ``is_chosen``.
    correlation : pandas.DataFrame
        One row per input: ``input, lag, option, effect`` (mean), ``effect_sd`` (over trials),
        ``correlation`` (median over pairs of folds), ``correlation_low``, ``is_clustered``.
    effects : xarray.DataArray, dims (fold, trial, input, lag, option)
        See `neuroalrnn.effects.compute_input_effects`.
    columns : list of (str, int, str)
        Input, lag and option of each effect that trials are grouped by.
    by_fold : int array, shape (fold, trial)
        Regime of each trial under the network of every fold; -1 as in `labels`.
    """

    verdict: str
    n_regimes: int
    labels: xr.DataArray
    regimes: pd.DataFrame
    agreement: pd.DataFrame
    correlation: pd.DataFrame
    effects: xr.DataArray = field(repr=False)
    columns: list[tuple[str, int, str]]
    by_fold: np.ndarray = field(repr=False)

    @property
    def names(self) -> list[str]:
        """Names of the regimes, see `name_regimes`."""
        return name_regimes(self.regimes)


def _not_regimes(name: str, value: Any) -> list[str]:
    """Describe what holds no functional regimes."""
    expected = "what find_functional_regimes returns"
    return not_kind(name, value, FunctionalRegimes, expected)


@checked(
    DataError,
    fit=not_fit,
    inputs=optional(not_names),
    n_pwl=optional(not_whole),
    most=partial(not_whole, least=2),
    random_state=not_seed,
)
def find_functional_regimes(
    fit: Fit,
    inputs: Sequence[str] | None = None,
    *,
    n_pwl: int | None = None,
    most: int = MOST_REGIMES,
    random_state: int = 0,
) -> FunctionalRegimes:
    """Group trials by the effects of their inputs, as far as all networks agree on the groups.

    The networks of all folds are run over all trials. The effects of each are grouped by k-means,
    and the groups of each pair of folds are compared by the adjusted Rand index. A number of
    regimes holds if the median index is at least .9, the lowest is at least .8, and Ward's method
    finds the same groups. Of those that hold, the largest one is taken whose median is within .02
    of the best.

    Parameters
    ----------
    fit : Fit
        A cross-validated fit.
    inputs : sequence of str, optional
        Inputs whose effects group trials. Default: all but the rule of the task, and but inputs
        without a direction of their own, whose effect is only that others have an effect. They say
        when a regime occurs, not what it is.
    n_pwl : int, optional
        A value of the grid; default the one chosen inside each fold.
    most : int
        Largest number of regimes that is tried.
    random_state : int
        Seed of the starts of k-means.

    Returns
    -------
    FunctionalRegimes
        The regimes, and how far networks agree about them.

    Raises
    ------
    DataError
        Naming every input that the fit does not have.
    NotTestableError
        There is a single fold, no effect is defined on most trials, or the fit explains more than
        choices.

    Examples
    --------
    >>> from neuroalrnn import Fit
    >>> from neuroalrnn.effects import find_functional_regimes
    >>> fit = Fit.load("fit.nc")  # doctest: +SKIP
    >>> find_functional_regimes(fit).n_regimes >= 1
    True
    """
    if len(fit.folds) < 2:
        raise NotTestableError("functional regimes: found one fold, expected two to compare")
    named = inputs is not None
    inputs = _pointing_inputs(fit.trials, fit.encoding) if inputs is None else list(inputs)
    effects = compute_input_effects(fit, inputs, n_lags=1, n_pwl=n_pwl, over_folds=True)
    columns, rows = _columns(fit, inputs, effects)
    vectors = _vectors(effects, columns)[:, rows]
    kept = np.ones(len(columns), dtype=bool) if named else directed_columns(vectors, columns)
    correlation = correlate_folds(vectors, columns, kept)
    columns = [column for column, keep in zip(columns, kept, strict=True) if keep]
    vectors = vectors[..., kept]
    verdict, n_regimes, found, agreement = group_effects(vectors, most, random_state)
    agreement["is_chosen"] = agreement["n_regimes"] == n_regimes
    others = list(_other_restarts(fit, columns, rows, n_pwl)) if n_regimes > 1 else []
    same = [
        adjusted_rand(cluster(each[None], n_regimes, random_state)[0], found[fold, here])
        for fold, here, each in others
    ]
    restarts = np.where(agreement["is_chosen"], np.median(same) if same else np.nan, np.nan)
    agreement.insert(4, "adjusted_rand_restarts", restarts)
    by_fold, labels = _label(fit, found, rows)
    groups = [labels.values == regime for regime in range(n_regimes)]
    moves = _pick_from(effects, moves_by_choices(fit, inputs, groups, 1, n_pwl), columns)
    return FunctionalRegimes(
        verdict=verdict,
        n_regimes=n_regimes,
        labels=labels,
        regimes=_describe(fit, vectors, by_fold, labels.values, columns, rows, moves),
        agreement=agreement,
        correlation=correlation,
        effects=effects,
        columns=columns,
        by_fold=by_fold,
    )


def _columns(fit, inputs, effects):
    """Effects that are defined on most scored trials, and the trials on which all of them are."""
    scored = scored_trials(fit.trials)
    first_lag = {name: flip.first_lag for flip in flips_of(fit, inputs) for name in flip.contrasts}
    found = [
        (str(name), first_lag[str(name)], str(option))
        for name in effects["input"].values
        for option in effects["option"].values
    ]
    known = {column: np.isfinite(_vectors(effects, [column])).all(axis=(0, 2)) for column in found}
    found = [column for column in found if known[column][scored].mean() > 0.5]
    if not found:
        raise NotTestableError("functional regimes: no effect is defined on most scored trials")
    rows = scored & np.logical_and.reduce([known[column] for column in found])
    if rows.sum() <= MOST_REGIMES:
        raise NotTestableError(
            f"functional regimes: found {rows.sum()} scored trials on which all effects are "
            "defined; trials that offer different options, or lack different inputs, cannot be "
            "compared: name inputs with `inputs`"
        )
    return found, np.flatnonzero(rows)


def _vectors(effects, columns):
    """Effects by column, shape (..., trial, column)."""
    return _pick_from(effects, effects.values, columns)


def _pick_from(effects, values, columns):
    """Columns of values that have the last three dimensions of effects."""
    inputs, options = ([str(each) for each in effects[dim].values] for dim in ("input", "option"))
    return _pick(values, inputs, options, columns)


def _pick(values, inputs, options, columns):
    """Columns of effects (..., input, lag, option)."""
    places = [(inputs.index(name), lag, options.index(option)) for name, lag, option in columns]
    return np.stack([values[(..., *place)] for place in places], axis=-1)


def _other_restarts(fit, columns, rows, n_pwl):
    """Fold, places among the rows and effects on held-out trials of restarts not chosen."""
    inputs = list(dict.fromkeys(name.split("=")[0] for name, _, _ in columns))
    counterfactuals, held_out = Counterfactuals.of(fit), fit.splits["fold"].values[rows]
    labels = [str(label) for label in fit.trials["choice"].attrs["labels"]]
    options = labels[1:] if len(labels) == 2 else labels
    for fold in fit.folds:
        here = np.flatnonzero(held_out == fold.index)
        chosen = fold.network_of(n_pwl).n_pwl
        selection, flips = fold.selection.sel(n_pwl=chosen), flips_of(fit, inputs, fold.index)
        others = np.flatnonzero(~selection["diverged"].values.astype(bool))
        for restart in others[others != int(selection["restart"])] if len(here) else ():
            network = fold.network_of(n_pwl, int(restart))
            found = counterfactuals.of_network(fold, network, flips, rows[here], 1)
            names = [name for flip in flips for name in flip.contrasts]
            values = _pick(found, names, options, columns)
            if not is_flat(values):
                yield fold.index, here, values


def _label(fit, found, rows):
    """Regimes of all folds with matched labels, and those of each trial's own fold."""
    held_out, n_trials = fit.splits["fold"].values, fit.trials.sizes["trial"]
    by_fold = np.full((len(found), n_trials), ABSENT)
    reference = np.bincount(held_out[rows], minlength=len(found)).argmax()
    for fold, labels in enumerate(found):
        by_fold[fold, rows] = match_regimes(found[reference], labels)
    own = by_fold[held_out, np.arange(n_trials)]
    labels, codes = relabel_by_use(own)
    unused = np.setdiff1d(np.unique(by_fold), [*codes, ABSENT])
    new = np.full(by_fold.max() + 2, ABSENT)
    new[np.r_[codes, unused].astype(int)] = np.arange(len(codes) + len(unused))
    coords = {name: fit.trials[name] for name in ("subject", "session", "trial_in_session")}
    return new[by_fold], xr.DataArray(labels, dims="trial", coords=coords, name="functional_regime")


def _describe(fit, vectors, by_fold, labels, columns, rows, moves):
    held_out, table = fit.splits["fold"].values[rows], []
    own = np.full((len(labels), len(columns)), np.nan)
    own[rows] = vectors[held_out, np.arange(len(rows))]
    for regime in range(labels.max() + 1):
        here = labels == regime
        pairs = zip(vectors, by_fold[:, rows] == regime, strict=True)
        of_folds = np.stack([each[inside].mean(axis=0) for each, inside in pairs if inside.any()])
        for k, column in enumerate(columns):
            sampling = moves[regime, :, k], of_folds[:, k]
            estimate = mean_over_subjects(fit.trials, own[:, k], here, *sampling)
            folds = of_folds[:, k].min(), of_folds[:, k].max()
            table.append((regime, *column, *estimate, *folds, here[rows].mean()))
    names = ["regime", *_DIMS, "effect", "ci_low", "ci_high", "n_subjects", "effect_low"]
    return pd.DataFrame(table, columns=[*names, "effect_high", "share"])
