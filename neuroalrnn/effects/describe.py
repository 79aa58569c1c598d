"""Mean effects of inputs: how large they are, how uncertain, and how far networks agree."""

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from neuroalrnn.arguments import checked, not_names, not_whole, optional, refuse, shown
from neuroalrnn.data.checks import not_rows
from neuroalrnn.data.schema import scored_trials
from neuroalrnn.effects._choices import moves_by_choices
from neuroalrnn.effects._over_subjects import mean_over_subjects
from neuroalrnn.effects.counterfactuals import Counterfactuals
from neuroalrnn.effects.flips import flips_of
from neuroalrnn.exceptions import DataError
from neuroalrnn.results import Fit
from neuroalrnn.results.checks import not_fit

# trials that the networks of all folds are compared on
COMPARED = 3000
KEYS = ["input", "lag", "option"]


def _not_effects(name: str, value: Any) -> list[str]:
    """Describe what holds no effects of inputs."""
    dims = ("trial", *KEYS)
    if isinstance(value, xr.DataArray) and value.dims == dims and {*KEYS} <= {*value.coords}:
        return []
    return [f"{name} = {shown(value)}: expected what compute_input_effects returns, dims {dims}"]


@checked(
    DataError,
    fit=not_fit,
    effects=_not_effects,
    inputs=optional(not_names),
    n_pwl=optional(not_whole),
)
def describe_effects(
    fit: Fit,
    effects: xr.DataArray,
    rows: np.ndarray | None = None,
    *,
    inputs: Sequence[str] | None = None,
    n_pwl: int | None = None,
) -> pd.DataFrame:
    """Describe mean effects of inputs, and how far the networks of the folds agree on them.

    Networks may be wrong alike: their effects are too small where training stopped early. What they
    miss is told by the choices of subjects that they never saw: a logistic regression of these on
    latents and inputs, with the network's log-odds as offset, of which one Newton step is taken.
    What it says of each subject is added to the subject's mean. The interval is over subjects so
    corrected; how far the networks of the folds are apart is added to the variance.

    Parameters
    ----------
    fit : Fit
        A cross-validated fit.
    effects : xarray.DataArray, dims (trial, input, lag, option)
        See `compute_input_effects`, with the same `inputs` and `n_pwl`.
    rows : int array, optional
        Trials that count; default all that are scored.
    inputs : sequence of str, optional
        Default all.
    n_pwl : int, optional
        A value of the grid; default the one chosen inside each fold.

    Returns
    -------
    pandas.DataFrame
        One row per input, lag and option whose effect is defined somewhere: ``input, lag, option,
        effect`` (mean over subjects, corrected), its 95 % interval ``ci_low, ci_high`` over
        ``n_subjects``, ``effect_sd`` (over trials), ``correlation, correlation_low`` (between the
        networks of the folds on up to 3,000 trials, median and lowest over pairs).

    Raises
    ------
    DataError
        There is no such trial, or the fit has no such `n_pwl`.
    """
    rows = np.flatnonzero(scored_trials(fit.trials)) if rows is None else rows
    refuse("effects", not_rows("rows", rows, fit.trials.sizes["trial"]), DataError)
    is_asked = np.isin(np.arange(fit.trials.sizes["trial"]), rows)
    n_lags = int(effects["lag"].max())
    few = rows[:: max(len(rows) // COMPARED, 1)]
    networks = [_columns(each, effects) for each in _by_fold(fit, inputs, few, n_lags, n_pwl)]
    moves = moves_by_choices(fit, inputs, [is_asked], n_lags, n_pwl)[0]
    moves, means = _columns(moves, effects), pd.DataFrame([each.mean() for each in networks])
    # column by column, as a table of all trials is large
    values, found = effects.values.reshape(effects.sizes["trial"], -1), {}
    for own, each in zip(values.T, moves, strict=True):
        if not np.isnan(own[rows]).all():
            sampling = moves[each].to_numpy(), means[each]
            estimate = mean_over_subjects(fit.trials, own, is_asked, *sampling)
            found[each] = (*estimate, pd.Series(own[rows]).std())
    names = ["effect", "ci_low", "ci_high", "n_subjects", "effect_sd"]
    index = pd.MultiIndex.from_tuples(found, names=KEYS)
    table = pd.DataFrame(found.values(), columns=names, index=index)
    return table.join(_correlate(networks)).reset_index()


def _by_fold(fit, inputs, rows, n_lags, n_pwl):
    """Effects on some trials under the network of every fold."""
    counterfactuals = Counterfactuals.of(fit)
    for fold in fit.folds:
        network, flips = fold.network_of(n_pwl), flips_of(fit, inputs, fold.index)
        yield counterfactuals.of_network(fold, network, flips, rows, n_lags)


def _columns(values, effects):
    """One column per input, lag and option."""
    columns = pd.MultiIndex.from_product([effects[dim].values for dim in KEYS], names=KEYS)
    return pd.DataFrame(values.reshape(len(values), -1), columns=columns)


def _correlate(networks):
    """Correlation of effects between pairs of networks."""
    with np.errstate(invalid="ignore"):
        pairs = [one.corrwith(other) for one, other in combinations(networks, 2)]
    pairs = pd.concat(pairs, axis=1) if pairs else pd.DataFrame(index=networks[0].columns)
    return pd.DataFrame({"correlation": pairs.median(axis=1), "correlation_low": pairs.min(axis=1)})
