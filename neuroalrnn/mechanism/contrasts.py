"""Effects of a cue on the networks of all folds, in quantities that can be compared over folds.

Regimes and units of different folds belong to different networks and cannot be matched. Distances
between occupancies, and gains of inputs on the read-out, can be compared over folds. Of subjects
that share a stimulus order only the first counts, see
`neuroalrnn.regimes.replication.is_independent`.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import xarray as xr

from neuroalrnn.exceptions import DataError, NotTestableError, problems
from neuroalrnn.mechanism.inputs import path_gains
from neuroalrnn.mechanism.primitives import Detection, detect_gating
from neuroalrnn.network.run import compute_latents
from neuroalrnn.regimes import ABSENT, compute_regimes
from neuroalrnn.regimes.replication import is_independent, session_labels
from neuroalrnn.results import Fit
from neuroalrnn.results.fold import available_options
from neuroalrnn.stats import paired_difference


def compare_occupancy(
    fit: Fit,
    regimes: xr.DataArray,
    cue: str,
    *,
    step: str | int,
    n_draws: int = 200,
    rng: np.random.Generator | None = None,
) -> pd.DataFrame:
    """Compare the occupancies under two values of a cue, by their distance and that by chance.

    The distance is half the summed difference of shares (definition of this package): 0 if they are
    equal, 1 if no regime is shared. For chance, values of the cue are permuted within a subject:
    over blocks, or over trials where the cue changes within a block or there are none.

    Parameters
    ----------
    fit : Fit
        Fit whose networks are taken apart.
    regimes : DataArray (trial, step) of int
        Held-out regimes, see `compute_held_out_regimes`.
    cue : str
        Numeric trial variable with two values; trials where it is missing are left out.
    step : str or int
        Step of the trial whose regime counts.
    n_draws : int
        Permutations.
    rng : Generator, optional
        Source of random numbers; default ``default_rng(0)``.

    Returns
    -------
    DataFrame, one row per independent subject (the index)
        ``distance`` and ``by_chance`` (mean over permutations); NaN where one value never occurs.

    Raises
    ------
    DataError
    """
    rng = np.random.default_rng(0) if rng is None else rng
    _refuse(fit, cue, step)
    unit = _blocks(fit.trials, cue)
    columns = {
        "subject": fit.trials["subject"].values,
        "unit": np.arange(fit.trials.sizes["trial"]) if unit is None else unit,
        "high": _is_high(fit.trials, cue),
        "regime": regimes.sel(step=step).values,
    }
    table = pd.DataFrame(columns)[is_independent(fit)]
    table = table[table["high"].notna() & (table["regime"] != ABSENT)]
    found = {name: _distances(part, n_draws, rng) for name, part in table.groupby("subject")}
    return pd.DataFrame(found, index=["distance", "by_chance"]).T.rename_axis("subject")


def compare_gains(
    fit: Fit,
    cue: str,
    *,
    step: str | int,
    lag: int,
    feature: str,
    minus: str | None = None,
    n_pwl: int | None = None,
) -> pd.DataFrame:
    """Compare the gain of an input on a later read-out under two values of a cue.

    Gains follow the regimes that the held-out subjects go through, see
    `neuroalrnn.mechanism.inputs.path_gains`: one regime has one gain, so that a network with P = 0
    shows no difference.

    Parameters
    ----------
    fit : Fit
        Fit whose networks are taken apart.
    cue : str
        Numeric trial variable with two values; trials where it is missing are left out.
    step : str or int
        Step of the trial at which the input arrives.
    lag : int
        Steps until the read-out.
    feature : str
        One of ``fit.sequences.features``.
    minus : str, optional
        Another feature, whose gain is subtracted.
    n_pwl : int, optional
        Number of PWL units of the networks; default the number chosen in each fold.

    Returns
    -------
    DataFrame, one row per independent subject (the index)
        ``fold``, and the mean gain on the first output, log-odds per unit of the input, under the
        ``high`` and the ``low`` value of the cue; NaN where one never occurs.

    Raises
    ------
    DataError
    NotTestableError
        No such step is followed by that many steps, or the fit explains more than choices.
    """
    available_options(fit)
    features = [feature] if minus is None else [feature, minus]
    _refuse(fit, cue, step, features)
    rows, high, independent = [], _is_high(fit.trials, cue), is_independent(fit)
    for fold in fit.folds:
        network, part = fold.network_of(n_pwl), fold.test
        codes = compute_regimes(compute_latents(network, part), network.n_pwl)
        gains = path_gains(network, codes, lag)[:, :, lag, 0]
        first, *other = (gains[..., part.features.index(name)] for name in features)
        gain = first - sum(other)
        used = _at(part, step) & independent[part.trial] & np.isfinite(gain)
        trial = part.trial[used]
        columns = {"subject": fit.trials["subject"].values[trial], "high": high[trial]}
        rows.append(pd.DataFrame(columns | {"gain": gain[used]}).assign(fold=fold.name))
    table = pd.concat(rows).dropna(subset="high")
    if table.empty:
        raise NotTestableError(f"no step {step!r} with a value of {cue} has {lag} steps after it")
    means = table.groupby(["subject", "fold", "high"])["gain"].mean().unstack("high")
    return means.reindex(columns=[1, 0]).set_axis(["high", "low"], axis=1).reset_index("fold")


def compare_columns(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Test over subjects whether the two columns of a contrast differ.

    Parameters
    ----------
    tables : dict of str to DataFrame
        From `compare_occupancy` or `compare_gains`, by the name of the effect.

    Returns
    -------
    DataFrame, one row per effect
        ``effect, estimate`` (mean over subjects of distance minus chance, or of high minus low),
        ``ci_low, ci_high`` (95 %), ``p`` (t-test), ``n_subjects``.

    Raises
    ------
    DataError
        A subject lacks a value.
    """
    rows = [
        paired_difference(table.iloc[:, -2], table.iloc[:, -1], effect=name)
        for name, table in tables.items()
    ]
    names = ["effect", "estimate", "ci_low", "ci_high", "p", "n_subjects"]
    return pd.concat(rows, ignore_index=True)[names]


def detect_gating_by_fold(
    fit: Fit,
    cue: str,
    *,
    step: str | int,
    features: Sequence[str],
    n_nulls: int = 39,
    rng: np.random.Generator | None = None,
) -> tuple[list[Detection], list[str]]:
    """Look for gating in the network of every fold, on its held-out subjects.

    Where the cue stays the same within blocks, permutations of its labels exchange whole blocks.

    Parameters
    ----------
    fit : Fit
        Fit whose networks are taken apart.
    cue : str
        Numeric trial variable with two values; trials where it is missing are left out.
    step : str or int
        Step of the trial at which the cue gates the features.
    features : sequence of str
        Some of ``fit.sequences.features``.
    n_nulls : int
        Random networks, and permutations of labels.
    rng : Generator, optional
        Source of random numbers; default ``default_rng(0)``.

    Returns
    -------
    detections : list of Detection
        One per feature and fold with independent subjects.
    names : list of str
        Fold and feature of each.

    Raises
    ------
    DataError, NotTestableError
        See `detect_gating`, and if the fit explains more than choices.
    """
    available_options(fit)
    rng = np.random.default_rng(0) if rng is None else rng
    _refuse(fit, cue, step, features)
    detections, names = [], []
    independent, block = is_independent(fit), _blocks(fit.trials, cue)
    for fold in fit.folds:
        part = fold.test.take(independent[fold.test.trial[:, 0]])
        if not len(part.trial):
            continue
        label = np.where(_at(part, step), fit.trials[cue].values[part.trial], np.nan)
        blocks = None if block is None else block[part.trial]
        for name in features:
            found = detect_gating(
                fold.network, part, label, feature=name, block=blocks, n_nulls=n_nulls, rng=rng
            )
            detections.append(found)
            names.append(f"{fold.name}, {name}")
    return detections, names


def _distances(table, n_draws, rng):
    """Distance between the occupancies of one subject, and its mean over permutations."""
    units = table.groupby(["unit", "high", "regime"]).size().unstack("regime", fill_value=0)
    high = units.index.get_level_values("high").to_numpy()
    draws = np.array([high, *(rng.permutation(high) for _ in range(n_draws))])
    counts = np.stack([draws, 1 - draws]) @ units.to_numpy()
    with np.errstate(invalid="ignore"):
        shares = counts / counts.sum(axis=-1, keepdims=True)
    distance = np.abs(shares[0] - shares[1]).sum(axis=-1) / 2
    return [distance[0], distance[1:].mean()]


def _at(sequences, step):
    """Whether each step (sequence, step) is the named one of its trial."""
    here = sequences.step_in_trial == list(sequences.steps).index(step)
    return here & (sequences.trial >= 0)


def _is_high(trials, cue):
    """1 for the larger value of a cue, 0 for the smaller one, NaN where it is missing (trial,)."""
    values = trials[cue].values.astype(float)
    return np.where(np.isnan(values), np.nan, values == np.nanmax(values))


def _blocks(trials, cue):
    """Number of the block of each trial, if the cue never changes within a block."""
    if "block" not in trials.coords:
        return None
    keys = [session_labels(trials), trials["block"].values]
    grouped = pd.Series(trials[cue].values).groupby(keys)
    return None if (grouped.nunique() > 1).any() else grouped.ngroup().to_numpy()


def _refuse(fit, cue, step, features=()):
    trials, sequences = fit.trials, fit.sequences
    found = [
        f"{kind} {name!r}: expected one of {', '.join(map(str, known))}"
        for kind, names, known in (
            ("step", [step], sequences.steps),
            ("feature", features, sequences.features),
        )
        for name in names
        if name not in known
    ]
    if cue not in trials or trials[cue].dims != ("trial",) or trials[cue].dtype.kind not in "biuf":
        found.append(f"cue {cue!r}: expected a numeric variable of trials")
    elif (n_values := pd.Series(trials[cue].values).nunique()) != 2:
        found.append(f"cue {cue!r}: found {n_values} values, expected 2")
    if found:
        raise problems(DataError, "contrast", found)
