"""Regimes of held-out trials, with the labels of all folds brought into agreement."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from neuroalrnn.analysis.latents import (
    chosen_network,
    encode_trials,
    label_steps,
    latents_of_fold,
)
from neuroalrnn.analysis.regimes import (
    ABSENT,
    adjusted_rand,
    compute_regimes,
    match_regimes,
    relabel_by_use,
)


@dataclass(frozen=True)
class HeldOutRegimes:
    """Regimes of a cross-validated fit.

    Attributes
    ----------
    regimes : xarray.DataArray of int, dims (trial, step)
        Regime of each held-out step, labelled 0, 1, ... by falling use; -1 where there is no step.
    codes : pandas.DataFrame
        One row per fold and label: ``fold, n_pwl, label, code`` (sign pattern as an integer, see
        `compute_regimes`) and ``n_steps`` held out in it.
    agreement : pandas.DataFrame
        Adjusted Rand index ``adjusted_rand`` of every pair of folds (``fold, other``) over all
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
    sequences = encode_trials(fit)
    networks = [chosen_network(fit, fold) for fold in range(fit.parameters.sizes["fold"])]
    codes = np.stack(
        [compute_regimes(latents_of_fold(fit, i), each.n_pwl) for i, each in enumerate(networks)]
    )
    owner = fit.splits["fold"].values[sequences.trial[:, 0]]
    reference = np.bincount(owner).argmax()
    matched = np.stack([match_regimes(codes[reference], one) for one in codes])
    own = (owner[:, None], np.arange(len(owner))[:, None], np.arange(codes.shape[2]))
    labels, _ = relabel_by_use(matched[own])
    regimes = label_steps(fit, sequences, np.where(labels == ABSENT, np.nan, labels), name="regime")
    regimes = regimes.fillna(ABSENT).astype(int)
    return HeldOutRegimes(
        regimes=regimes,
        codes=_code_table(fit, networks, codes[own], labels, owner),
        agreement=_agreement(fit, codes),
    )


def _code_table(fit, networks, codes, labels, owner):
    table = pd.DataFrame(
        {
            "fold": np.broadcast_to(owner[:, None], codes.shape)[labels != ABSENT],
            "label": labels[labels != ABSENT],
            "code": codes[labels != ABSENT],
        }
    )
    table = table.groupby(["fold", "label", "code"]).size().rename("n_steps").reset_index()
    table.insert(1, "n_pwl", [networks[fold].n_pwl for fold in table["fold"]])
    return table


def _agreement(fit, codes):
    names = fit.parameters["fold"].values
    rows = [
        (names[i], names[j], adjusted_rand(codes[i], codes[j]))
        for i in range(len(names))
        for j in range(i + 1, len(names))
    ]
    return pd.DataFrame(rows, columns=["fold", "other", "adjusted_rand"])
