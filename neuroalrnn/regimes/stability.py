"""Whether other restarts and other folds find the same regimes, and the same PWL units.

Regimes are compared by the adjusted Rand index, which ignores labels; units must be matched first.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from neuroalrnn.exceptions import DataError
from neuroalrnn.network.run import compute_latents
from neuroalrnn.network.units import match_units
from neuroalrnn.regimes import ABSENT, compute_regimes
from neuroalrnn.regimes.labels import rand_of_overlap
from neuroalrnn.regimes.replication import session_labels
from neuroalrnn.stats.null_tests import positions
from neuroalrnn.stats.shifts import admissible_shifts

N_SHIFTS = 10
PAIRS = ["across", "fold", "restart", "other_fold", "other_restart"]
PAIRS += ["adjusted_rand", "adjusted_rand_shifted", "unit_correlation"]
UNITS = ["fold", "restart", "unit", "on_share", "unit_correlation", "unit_correlation_low"]
UNITS += ["n_others"]


@dataclass(frozen=True)
class Stability:
    """Agreement of networks about the same steps.

    Attributes
    ----------
    pairs : pandas.DataFrame
        One row per pair of networks. ``across`` is "restarts" (of one fold at its chosen P, about
        the held-out trials of the fold) or "folds" (the chosen networks, about all trials). Then
        ``fold, restart, other_fold, other_restart, adjusted_rand``; ``adjusted_rand_shifted``, the
        mean index after circular shifts of one of the two by whole trials within sessions. This
        keeps the agreement that arises only because both follow the steps of a trial;
        ``unit_correlation``, mean size over PWL units matched by `match_units` (restarts only). The
        indices are missing where both networks stay in one regime.
    units : pandas.DataFrame
        One row per PWL unit of the chosen network of a fold: ``fold, restart, unit, on_share`` (of
        held-out steps), ``unit_correlation`` (size of the correlation with the matched unit,
        median over the other restarts), ``unit_correlation_low`` (lowest), ``n_others``.
    """

    pairs: pd.DataFrame
    units: pd.DataFrame


def compute_stability(fit, *, n_shifts=N_SHIFTS, rng=None):
    """Compare the regimes of all restarts within folds, and of the chosen networks across folds.

    Restarts that diverged are left out.

    Parameters
    ----------
    fit : Fit
    n_shifts : int
        Circular shifts per pair.
    rng : numpy.random.Generator, optional
        For the shifts; ``default_rng(0)`` if absent.

    Returns
    -------
    Stability
    """
    rng = np.random.default_rng(0) if rng is None else rng
    rows_of = positions(pd.factorize(session_labels(fit.trials))[0])
    runs = [_run(fold) for fold in fit.folds]
    pairs, units = [], []
    for run in runs:
        matched = {
            (one, two): match_units(run.pwl[one], run.pwl[two])
            for one, two in combinations(run.pwl, 2)
        }
        for (one, two), (_, correlation) in matched.items():
            pair = ("restarts", run.fold, one, run.fold, two)
            found = _agreement(run.codes[one], run.codes[two], rows_of, n_shifts, rng)
            alike = np.abs(correlation).mean() if correlation.size else np.nan
            pairs.append((*pair, *found, alike))
        units += _describe_units(run)
    for run, other in combinations(runs, 2):
        pair = ("folds", run.fold, run.chosen, other.fold, other.chosen)
        found = _agreement(run.all_codes, other.all_codes, rows_of, n_shifts, rng)
        pairs.append((*pair, *found, np.nan))
    return Stability(pd.DataFrame(pairs, columns=PAIRS), pd.DataFrame(units, columns=UNITS))


@dataclass(frozen=True)
class _Run:
    """Networks of one fold: PWL units (sequence, step, unit) and codes (trial, step) by restart."""

    fold: str
    chosen: int
    pwl: dict
    codes: dict
    all_codes: np.ndarray


def _run(fold):
    n_pwl = fold.network.n_pwl
    selection = fold.selection.sel(n_pwl=n_pwl)
    restarts = np.flatnonzero(~selection["diverged"].values.astype(bool)).tolist()
    held_out, chosen = fold.test, int(selection["restart"])
    latents = {
        r: fold.test_latents
        if r == chosen
        else compute_latents(fold.network_of(n_pwl, r), held_out)
        for r in restarts
    }
    return _Run(
        fold=fold.name,
        chosen=chosen,
        pwl={r: z[..., z.shape[-1] - n_pwl :] for r, z in latents.items()},
        codes={r: _codes_by_trial(held_out, z, n_pwl) for r, z in latents.items()},
        all_codes=_by_trial(fold.fit.sequences, fold.codes),
    )


def _codes_by_trial(sequences, latents, n_pwl):
    return _by_trial(sequences, compute_regimes(latents, n_pwl))


def _by_trial(sequences, codes):
    codes = sequences.to_trials(codes)
    return np.where(np.isnan(codes), ABSENT, codes).astype(np.int64)


def _agreement(one, two, rows_of, n_shifts, rng):
    """Adjusted Rand index, and its mean when trials of the second are shifted within sessions."""
    labels = [pd.factorize(codes.ravel()) for codes in (one, two)]
    if max(np.count_nonzero(used != ABSENT) for _, used in labels) < 2:
        return np.nan, np.nan
    present = (one != ABSENT).any(axis=1)
    rows_of = [rows for rows in rows_of if len(rows) > 1 and present[rows[0]]]
    shifts = Shifts(len(two), rows_of)
    (first, used), (second, other) = ((each[0].reshape(one.shape), each[1]) for each in labels)
    shifted = [
        _rand_of_places(used, first, other, second[shifts.draw(rng)]) for _ in range(n_shifts)
    ]
    return _rand_of_places(used, first, other, second), float(np.mean(shifted))


def _rand_of_places(used, first, other, second):
    """Adjusted Rand index of steps, given the places of their codes among those used."""
    shape = len(used), len(other)
    pairs = np.bincount((first * shape[1] + second).ravel(), minlength=shape[0] * shape[1])
    overlap = pairs.reshape(shape)[used != ABSENT][:, other != ABSENT].astype(float)
    if overlap.sum() < 2:
        raise DataError(f"adjusted Rand index: found {overlap.sum():g} common steps, expected 2")
    return rand_of_overlap(overlap)


class Shifts:
    """Circular shifts of trials within sessions.

    Parameters
    ----------
    n_trials : int
        All trials; those of no session stay where they are.
    rows_of : list of int array
        Trials of each session, in time order.
    """

    def __init__(self, n_trials, rows_of):
        shifts = [admissible_shifts(len(rows)) for rows in rows_of]
        self._n_trials, self._size = n_trials, np.array([len(rows) for rows in rows_of], dtype=int)
        self._smallest = np.array([each[0] for each in shifts], dtype=int)
        self._n_shifts = np.array([len(each) for each in shifts], dtype=int)
        self._rows = np.concatenate([np.empty(0, int), *rows_of])
        self._start = np.repeat(np.cumsum(self._size) - self._size, self._size)
        self._place = np.arange(len(self._rows)) - self._start

    def draw(self, rng):
        """Trials after shifts that are drawn.

        Parameters
        ----------
        rng : numpy.random.Generator

        Returns
        -------
        int array, shape (trial,)
        """
        source = np.arange(self._n_trials)
        shift = self._smallest + rng.integers(0, self._n_shifts)
        shift, size = (np.repeat(each, self._size) for each in (shift, self._size))
        source[self._rows] = self._rows[self._start + (self._place - shift) % size]
        return source


def _describe_units(run):
    """Rows of `Stability.units` for one fold."""
    pwl = run.pwl[run.chosen]
    real = np.isfinite(pwl).all(axis=-1)
    others = [np.abs(match_units(pwl, z)[1]) for r, z in run.pwl.items() if r != run.chosen]
    found = np.array(others).reshape(len(others), pwl.shape[-1])
    return [
        (
            run.fold,
            run.chosen,
            unit,
            (pwl[real][:, unit] > 0).mean(),
            np.median(found[:, unit]) if others else np.nan,
            found[:, unit].min() if others else np.nan,
            len(others),
        )
        for unit in range(pwl.shape[-1])
    ]


def compute_score_spread(fit):
    """How much the restarts of a fold differ in score, at the P that was chosen.

    Parameters
    ----------
    fit : Fit

    Returns
    -------
    spread : DataFrame, one row per fold
        ``fold, n_pwl, n_restarts`` (that did not diverge), and best minus worst of them in nats
        per trial: ``validation_spread`` (the inner networks) and ``training_spread`` (the final
        ones).
    """
    rows = []
    for fold, name in enumerate(fit.parameters["fold"].values):
        selection = fit.selection.isel(fold=fold)
        n_pwl = int(selection["n_pwl_chosen"])
        selection = selection.sel(n_pwl=n_pwl)
        fine = ~selection["diverged"].values.astype(bool)
        row = {"fold": str(name), "n_pwl": n_pwl, "n_restarts": int(fine.sum())}
        row["validation_spread"] = np.ptp(selection["validation_score"].values[fine])
        rows.append(row | {"training_spread": np.ptp(selection["train_score"].values[fine])})
    return pd.DataFrame(rows)


def summarise_stability(pairs):
    """Agreement across restarts and across folds, one row each.

    Parameters
    ----------
    pairs : DataFrame
        `Stability.pairs`.

    Returns
    -------
    summary : DataFrame
        ``across, n_pairs`` (with an index), ``adjusted_rand`` (median), ``adjusted_rand_low,
        adjusted_rand_high`` (lowest and highest), ``adjusted_rand_shifted, unit_correlation``
        (medians). Only what could be compared has a row.
    """
    known = pairs[pairs["adjusted_rand"].notna()]
    return (
        known.groupby("across", sort=False)
        .agg(
            n_pairs=("adjusted_rand", "size"),
            adjusted_rand=("adjusted_rand", "median"),
            adjusted_rand_low=("adjusted_rand", "min"),
            adjusted_rand_high=("adjusted_rand", "max"),
            adjusted_rand_shifted=("adjusted_rand_shifted", "median"),
            unit_correlation=("unit_correlation", "median"),
        )
        .reset_index()
    )
