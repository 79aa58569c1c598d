"""Regimes of held-out trials, with the labels of all folds brought into agreement."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from neuroalrnn.regimes import (
    ABSENT,
    adjusted_rand,
    match_regimes,
    relabel_by_use,
)
from neuroalrnn.results.fold import label_steps, run_folds


def compute_held_out_latents(fit):
    """Latents of every trial under the network that never saw its group.

    Parameters
    ----------
    fit : Fit

    Returns
    -------
    xarray.DataArray, dims (trial, step, latent)
    """
    sequences = fit.sequences
    values = np.full((*sequences.trial.shape, fit.parameters.sizes["latent"]), np.nan)
    for fold in fit.folds:
        values[fold.is_test] = fold.latents[fold.is_test]
    return label_steps(fit, sequences, values, name="latents")


@dataclass(frozen=True)
class HeldOutRegimes:
    """Regimes of a cross-validated fit.

    Attributes
    ----------
    regimes : xarray.DataArray of int, dims (trial, step)
        Regime of each held-out step, labelled 0, 1, ... by falling use; -1 where there is no step.
    codes : pandas.DataFrame
        One row per fold and regime: ``fold`` (name), ``n_pwl, regime`` (label), ``code`` (sign
        pattern as an integer, see `compute_regimes`) and ``n_steps`` held out in it.
    agreement : pandas.DataFrame
        Adjusted Rand index ``adjusted_rand`` of every pair of folds (``fold, other_fold``) over all
        trials.
    """

    regimes: xr.DataArray
    codes: pd.DataFrame
    agreement: pd.DataFrame


def compute_held_out_regimes(fit):
    """Regime of every held-out step, comparable across folds.

    Each fold has a network of its own, whose regimes carry arbitrary labels. All networks are run
    over all trials; the labels of each are matched to those of the network with most test trials
    by the largest overlap. Only the regimes of a trial's own held-out network are returned.

    Parameters
    ----------
    fit : Fit

    Returns
    -------
    HeldOutRegimes

    Notes
    -----
    Matching looks at inputs, and at earlier choices where these are inputs, never at scores.
    """
    sequences, owner = fit.sequences, fit.owner
    run_folds(fit)
    codes = np.stack([fold.codes for fold in fit.folds])
    reference = np.bincount(owner).argmax()
    matched = np.stack([match_regimes(codes[reference], one) for one in codes])
    own = (owner[:, None], np.arange(len(owner))[:, None], np.arange(codes.shape[2]))
    labels, _ = relabel_by_use(matched[own])
    regimes = label_steps(fit, sequences, np.where(labels == ABSENT, np.nan, labels), name="regime")
    regimes = regimes.fillna(ABSENT).astype(int)
    return HeldOutRegimes(
        regimes=regimes,
        codes=_code_table(fit, codes[own], labels, owner),
        agreement=_agreement(fit, codes),
    )


def _code_table(fit, codes, labels, owner):
    table = pd.DataFrame(
        {
            "fold": np.broadcast_to(owner[:, None], codes.shape)[labels != ABSENT],
            "regime": labels[labels != ABSENT],
            "code": codes[labels != ABSENT],
        }
    )
    table = table.groupby(["fold", "regime", "code"]).size().rename("n_steps").reset_index()
    table.insert(1, "n_pwl", [fit.folds[fold].network.n_pwl for fold in table["fold"]])
    return table.assign(fold=[fit.folds[fold].name for fold in table["fold"]])


def _agreement(fit, codes):
    names = fit.parameters["fold"].values
    rows = [
        (names[i], names[j], adjusted_rand(codes[i], codes[j]))
        for i in range(len(names))
        for j in range(i + 1, len(names))
    ]
    return pd.DataFrame(rows, columns=["fold", "other_fold", "adjusted_rand"])
