"""What each PWL unit is needed for: how effects change in every functional regime without it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from neuroalrnn.effects import Counterfactuals, FunctionalRegimes, flips_of
from neuroalrnn.exceptions import NotTestableError
from neuroalrnn.mechanism.ablation.replace import best_affine
from neuroalrnn.network.branches import SteppedNetwork
from neuroalrnn.results import Fit


@dataclass(frozen=True)
class _WithoutUnit(SteppedNetwork):
    """A network with one unit replaced by an affine function of its own latent."""

    unit: int
    slope: float
    intercept: float

    def step(self, state, drive):
        """Compute the state after a step."""
        phi = state.copy()
        first = phi.shape[1] - self.network.n_pwl
        last = phi[:, first:]
        np.maximum(last, 0.0, out=last)
        phi[:, first + self.unit] = self.slope * state[:, first + self.unit] + self.intercept
        return phi @ self.network.weight.T + self.network.self_slope * state + drive


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
        intact = _effects(counterfactuals, SteppedNetwork(fold.network), flips, trials, found)
        for unit, (slope, intercept) in enumerate(zip(*best_affine(fold), strict=True)):
            model = _WithoutUnit(fold.network, unit, float(slope), float(intercept))
            change = _effects(counterfactuals, model, flips, trials, found) - intact
            for regime in range(found.n_regimes):
                here = labels[trials] == regime
                if here.any():
                    sizes = (np.sqrt((each[here] ** 2).mean()) for each in (intact, change))
                    rows.append((fold.name, unit, regime, *sizes))
    if not rows:
        raise NotTestableError("units that a computation needs: no chosen network has PWL units")
    columns = ["fold", "unit", "regime", "effect_size", "effect_change"]
    return pd.DataFrame(rows, columns=columns)


def _effects(counterfactuals, model, flips, trials, found):
    """Effects that trials are grouped by, shape (trial, column)."""
    states = model.run(counterfactuals.sequences)
    values = counterfactuals.effects(model, states, flips, trials, n_lags=1)
    inputs = [name for flip in flips for name in flip.contrasts]
    options = [str(each) for each in found.effects["option"].values]
    places = [(inputs.index(name), lag, options.index(o)) for name, lag, o in found.columns]
    return np.stack([values[(slice(None), *place)] for place in places], axis=-1)
