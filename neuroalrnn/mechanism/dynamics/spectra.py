"""Eigenvalues and modes of the linear map of each regime, and what they say about time."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from neuroalrnn.exceptions import DataError, problems
from neuroalrnn.network.eigen import decompose
from neuroalrnn.network.maps import compute_jacobian
from neuroalrnn.regimes import ABSENT

ILL_DEFINED = 1e3


class Modes(NamedTuple):
    """Modes of one regime, by falling modulus of the eigenvalue.

    Attributes
    ----------
    table : DataFrame, one row per mode
        ``mode, real, imag, modulus``; ``time_constant`` (``-1 / log|lambda|`` steps, infinite for
        modulus 1 and beyond), ``time_constant_seconds``, ``time_constant_trials`` (only if asked
        for), ``period`` (``2 pi / |arg lambda|`` steps, infinite without rotation),
        ``doubling_time`` (``log 2 / log|lambda|`` steps, infinite up to modulus 1); ``condition``
        (``|l| |r|``: by how much a small change of the map may move the eigenvalue) and
        ``is_ill_defined`` (above 1e3: look at transient growth instead).
    right, left : array, shape (mode, latent)
        ``J r = lambda r`` with ``|r| = 1``, and ``l' J = lambda l'``, scaled so that ``l' r = 1``
        (no conjugate); ``l`` is not finite where no scale does that.
    """

    table: pd.DataFrame
    right: np.ndarray
    left: np.ndarray


def compute_modes(network, code, *, step_seconds=None, steps_per_trial=None):
    """Eigenvalues and eigenvectors of one regime, with time constants.

    Parameters
    ----------
    network : Network
    code : int
        Sign pattern of the PWL units, see `neuroalrnn.regimes.compute_regimes`.
    step_seconds : float, optional
        Duration of a step.
    steps_per_trial : float, optional
        Steps of a trial, the mean if trials differ.

    Returns
    -------
    Modes

    Raises
    ------
    DataError
    """
    lengths = {"step_seconds": step_seconds, "steps_per_trial": steps_per_trial}
    found = [
        f"{name}: found {each}, expected more than 0"
        for name, each in lengths.items()
        if each is not None and not 0 < each < np.inf
    ]
    if found:
        raise problems(DataError, "modes", found)
    values, right, left = decompose(compute_jacobian(network, code))
    right = right.T
    table = _describe(pd.DataFrame({"mode": np.arange(len(values))}), values)
    if step_seconds is not None:
        table["time_constant_seconds"] = table["time_constant"] * step_seconds
    if steps_per_trial is not None:
        table["time_constant_trials"] = table["time_constant"] / steps_per_trial
    with np.errstate(over="ignore", invalid="ignore"):
        condition = np.linalg.norm(left, axis=1) * np.linalg.norm(right, axis=1)
    table["condition"] = np.where(np.isnan(condition), np.inf, condition)
    table["is_ill_defined"] = table["condition"] > ILL_DEFINED
    return Modes(table, right, left)


def compute_spectra(fit, held_out):
    """Eigenvalues of every regime that held-out trials visit.

    Parameters
    ----------
    fit : Fit
    held_out : HeldOutRegimes

    Returns
    -------
    pandas.DataFrame
        One row per fold, regime and eigenvalue: ``fold, n_pwl, regime, code, n_steps, mode, real,
        imag, modulus, time_constant, period, doubling_time`` (steps, see `Modes`) and
        ``time_constant_trials`` (in trials of mean length). Modes by falling modulus.
    """
    heads, values = [], []
    networks = {fold: fit.folds[fold].network for fold in held_out.codes["fold"].unique()}
    for regime in held_out.codes.itertuples():
        jacobian = compute_jacobian(networks[regime.fold], regime.code)
        head = (regime.fold, regime.n_pwl, regime.regime, regime.code, regime.n_steps)
        heads += [(*head, mode) for mode in range(len(jacobian))]
        values.append(_by_modulus(np.linalg.eigvals(jacobian)))
    names = ["fold", "n_pwl", "regime", "code", "n_steps", "mode"]
    table = _describe(pd.DataFrame(heads, columns=names), np.concatenate(values))
    steps_per_trial = float((held_out.regimes != ABSENT).sum("step").mean())
    return table.assign(time_constant_trials=table["time_constant"] / steps_per_trial)


def _by_modulus(values):
    return values[np.argsort(-np.abs(values), kind="stable")]


def _describe(table, values):
    """Add columns about eigenvalues to a table with one row for each."""
    modulus = np.abs(values)
    with np.errstate(divide="ignore"):
        rate, turn = np.log(modulus), np.abs(np.angle(values))
        return table.assign(
            real=values.real,
            imag=values.imag,
            modulus=modulus,
            time_constant=np.where(rate < 0, -1 / rate, np.inf),
            period=2 * np.pi / turn,
            doubling_time=np.where(rate > 0, np.log(2) / rate, np.inf),
        )
