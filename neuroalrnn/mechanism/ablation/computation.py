"""What each PWL unit is needed for: how effects change in every functional regime without it."""

import numpy as np
import pandas as pd

from neuroalrnn.effects import Counterfactuals, FunctionalRegimes, flips_of
from neuroalrnn.exceptions import NotTestableError
from neuroalrnn.mechanism.ablation.replace import best_affine
from neuroalrnn.network.branches import SteppedNetwork
from neuroalrnn.network.run import Network, compute_latents_together
from neuroalrnn.results import Fit

# of latents that are kept at once: 160 MB
MOST_VALUES = 2e7


def _make_affine(network, unit, slope, intercept):
    """The network with a unit replaced by an affine function of its own latent, which comes first.

    What the unit passes on is part of the linear part of the network then.
    """
    first = len(network.bias) - network.n_pwl
    order = np.r_[first + unit, np.delete(np.arange(len(network.bias)), first + unit)]
    weight = network.weight[np.ix_(order, order)]
    bias = network.bias[order] + weight[:, 0] * intercept
    weight[:, 0] *= slope
    return Network(
        n_pwl=network.n_pwl - 1,
        self_slope=network.self_slope[order],
        weight=weight,
        input_weight=network.input_weight[order],
        bias=bias,
        initial=network.initial[..., order],
        readout=network.readout[:, order],
        offset=network.offset,
    )


def compute_computing_units(fit: Fit, found: FunctionalRegimes) -> pd.DataFrame:
    """Compute how much the effects of inputs change when a PWL unit is made affine.

    The affine function is the one that fits the unit best on training subjects. Effects are those
    of held-out trials. No network is trained again.

    Parameters
    ----------
    fit : Fit
        A cross-validated fit, whose chosen networks gave the regimes.
    found : FunctionalRegimes
        Its functional regimes.

    Returns
    -------
    pandas.DataFrame
        One row per fold, unit and functional regime: ``fold, unit, regime, effect_size`` (root mean
        square of the effects of the intact network) and ``effect_change`` (of the difference).

    Raises
    ------
    NotTestableError
        No chosen network has PWL units.
    """
    counterfactuals = Counterfactuals.of(fit)
    names = list(dict.fromkeys(name.split("=")[0] for name, _, _ in found.columns))
    held_out, labels, rows = fit.splits["fold"].values, found.labels.values, []
    for fold in fit.folds:
        trials = np.flatnonzero((held_out == fold.index) & (labels >= 0))
        if not len(trials) or not fold.network.n_pwl:
            continue
        flips = flips_of(fit, names, fold.index)
        affine = zip(*best_affine(fold), strict=True)
        changed = [_make_affine(fold.network, k, *each) for k, each in enumerate(affine)]
        intact, *others = (
            _effects(counterfactuals, network, states, flips, trials, found)
            for network, states in _run([fold.network, *changed], fit.sequences)
        )
        for unit, other in enumerate(others):
            change = other - intact
            for regime in range(found.n_regimes):
                here = labels[trials] == regime
                if here.any():
                    sizes = (np.sqrt((each[here] ** 2).mean()) for each in (intact, change))
                    rows.append((fold.name, unit, regime, *sizes))
    if not rows:
        raise NotTestableError("units that a computation needs: no chosen network has PWL units")
    columns = ["fold", "unit", "regime", "effect_size", "effect_change"]
    return pd.DataFrame(rows, columns=columns)


def _run(networks, sequences):
    """Networks with their states (step, latent), some run at once, as many as memory allows."""
    n_values = sequences.trial.size * len(networks[0].bias)
    at_once = max(int(MOST_VALUES // n_values), 1)
    for first in range(0, len(networks), at_once):
        some = networks[first : first + at_once]
        for network, latents in zip(some, compute_latents_together(some, sequences), strict=True):
            yield network, latents[sequences.trial >= 0]


def _effects(counterfactuals, network, states, flips, trials, found):
    """Effects that trials are grouped by, shape (trial, column)."""
    model = SteppedNetwork(network)
    values = counterfactuals.effects(model, states, flips, trials, n_lags=1)
    inputs = [name for flip in flips for name in flip.contrasts]
    options = [str(each) for each in found.effects["option"].values]
    places = [(inputs.index(name), lag, options.index(o)) for name, lag, o in found.columns]
    return np.stack([values[(slice(None), *place)] for place in places], axis=-1)
