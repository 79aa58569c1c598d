"""Primitives in terms of effects: gating, exchanged weights, and how long an input acts."""

from itertools import combinations, permutations

import numpy as np
import pandas as pd

from neuroalrnn.arguments import checked, not_whole
from neuroalrnn.data.schema import scored_trials
from neuroalrnn.effects.compute import N_LAGS, compute_input_effects
from neuroalrnn.effects.counterfactuals import Counterfactuals
from neuroalrnn.effects.describe import KEYS, describe_effects
from neuroalrnn.effects.flips import JOINT, flips_of
from neuroalrnn.effects.functional import FunctionalRegimes, _not_regimes
from neuroalrnn.effects.names import LEAST
from neuroalrnn.exceptions import DataError, NotTestableError
from neuroalrnn.results import Fit
from neuroalrnn.results.checks import not_fit

INTERVAL = ["effect", "ci_low", "ci_high", "n_subjects"]
NONE = np.nan, np.nan, np.nan, 0


@checked(DataError, fit=not_fit)
def compute_interactions(fit: Fit) -> pd.DataFrame:
    """Compute how far the effect of each input depends on another input: gating.

    Both inputs of a trial are changed together, so that the interaction is exact:
    ``I = 1/4 (eta_++ - eta_+- - eta_-+ + eta_--)``, half the change of the effect of one of them
    when the other goes from low to high.

    Parameters
    ----------
    fit : Fit
        A cross-validated fit.

    Returns
    -------
    pandas.DataFrame
        One row per ordered pair of inputs with two levels that are known at the same time: ``input,
        gate, lag, option, effect`` (of the input, mean over subjects, see `describe_effects`),
        ``interaction``, its 95 % interval ``ci_low, ci_high`` over ``n_subjects``, and
        ``gating_index``, ``|I| / (|I| + |E|)``: 0 where the gate does not matter, 1/2 where it
        switches the input on and off, 1 where it reverses it.

    Raises
    ------
    NotTestableError
        There are no two such inputs.
    """
    flips = [flip for flip in flips_of(fit) if len(flip.levels) == 2]
    pairs = [
        (one, other) for one, other in combinations(flips, 2) if one.first_lag == other.first_lag
    ]
    if not pairs:
        raise NotTestableError("interactions: found no two inputs that are known at the same time")
    names = [JOINT.join((one.name, other.name)) for one, other in pairs]
    alone = [flip.name for flip in flips]
    known, both = compute_input_effects(fit), compute_input_effects(fit, names, n_lags=1)
    places = [list(known["input"].values).index(name) for name in alone]
    values = np.concatenate([known.values[:, places, :2], both.values], axis=1)
    effects = Counterfactuals.of(fit).label(values, flips_of(fit, [*alone, *names]))
    means = _means(describe_effects(fit, effects, inputs=[*alone, *names]))
    rows = []
    for (one, other), name in zip(pairs, names, strict=True):
        for option in effects["option"].values:
            where = one.first_lag, str(option)
            both = means.get((name, *where), NONE)
            for flip, gate in permutations((one, other)):
                effect = means.get((flip.name, *where), NONE)[0]
                index = abs(both[0]) / max(abs(both[0]) + abs(effect), np.finfo(float).tiny)
                rows.append((flip.name, gate.name, *where, effect, *both, index))
    columns = ["input", "gate", "lag", "option", "effect", "interaction", "ci_low", "ci_high"]
    return pd.DataFrame(rows, columns=[*columns, "n_subjects", "gating_index"])


def _means(table):
    """Effect, its interval and the number of subjects, by input, lag and option."""
    rows = zip(*(table[name] for name in (*KEYS, *INTERVAL)), strict=True)
    return {tuple(row[: len(KEYS)]): row[len(KEYS) :] for row in rows}


@checked(DataError, found=_not_regimes)
def compute_exchange(found: FunctionalRegimes) -> pd.DataFrame:
    """Find pairs of regimes in which inputs exchange their weights: rule-based integration.

    Parameters
    ----------
    found : FunctionalRegimes
        Regimes of a fit.

    Returns
    -------
    pandas.DataFrame
        One row per pair of regimes and pair of inputs: ``regime, other_regime, input, other_input,
        lag, option`` and ``exchange``, the smaller of ``|E_i| - |E_j|`` in the one regime and
        ``|E_j| - |E_i|`` in the other (log-odds): positive where the first input counts more in the
        first regime and less in the second. Of the two orders the larger is kept.
    """
    table = found.regimes.set_index(["regime", "input", "lag", "option"])["effect"].abs()
    columns = ["regime", "other_regime", "input", "other_input", "lag", "option", "exchange"]
    rows = []
    for one, other in combinations(range(found.n_regimes), 2):
        for first, second in combinations(found.columns, 2):
            if first[1:] != second[1:]:
                continue
            apart = [table[(regime, *first)] - table[(regime, *second)] for regime in (one, other)]
            exchange, swapped = min(apart[0], -apart[1]), min(-apart[0], apart[1])
            names = (first[0], second[0]) if exchange >= swapped else (second[0], first[0])
            rows.append((one, other, *names, *first[1:], max(exchange, swapped)))
    return pd.DataFrame(rows, columns=columns)


@checked(DataError, fit=not_fit, n_lags=not_whole)
def compute_memory(fit: Fit, n_lags: int = N_LAGS) -> pd.DataFrame:
    """Compute how long each input acts: memory-dependent transients.

    Parameters
    ----------
    fit : Fit
        A cross-validated fit.
    n_lags : int
        How many trials back an input is followed.

    Returns
    -------
    pandas.DataFrame
        One row per input, lag (in trials) and option: ``input, lag, option, effect`` (mean over
        subjects of their held-out trials), ``ci_low, ci_high, n_subjects``, ``effect_size`` (root
        mean square over scored trials) and ``kept``, the size relative to that of the lag before
        (NaN at the first lag, and where that is below .1 log-odds).
    """
    effects = compute_input_effects(fit, n_lags=n_lags)
    means = _means(describe_effects(fit, effects))
    scored, rows = scored_trials(fit.trials), []
    for name in effects["input"].values:
        for option in effects["option"].values:
            before = np.nan
            for lag in effects["lag"].values:
                values = effects.sel(input=name, option=option, lag=lag).values
                known = values[scored & np.isfinite(values)]
                if not len(known):
                    continue
                size = float(np.sqrt((known**2).mean()))
                kept = size / before if before >= LEAST else np.nan
                rows.append((name, int(lag), option, *means[name, lag, option], size, kept))
                before = size
    return pd.DataFrame(rows, columns=[*KEYS, *INTERVAL, "effect_size", "kept"])
