"""Eigenvalues and modes of the linear map of each regime, and what they say about time."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from neuroalrnn.exceptions import DataError, problems
from neuroalrnn.network.eigen import decompose
from neuroalrnn.network.maps import compute_jacobian
from neuroalrnn.network.run import Network
from neuroalrnn.regimes import ABSENT
from neuroalrnn.regimes.held_out import HeldOutRegimes
from neuroalrnn.results import Fit

ILL_DEFINED = 1e3


class Modes(NamedTuple):
    """Modes of one regime, by falling modulus of the eigenvalue.

    Parameters
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


def compute_modes(
    network: Network,
    code: int,
    *,
    step_seconds: float | None = None,
    steps_per_trial: float | None = None,
) -> Modes:
    """Compute eigenvalues and eigenvectors of one regime, with time constants.

    Parameters
    ----------
    network : Network
        Trained network.
    code : int
        Sign pattern of the PWL units, see `neuroalrnn.regimes.compute_regimes`.
    step_seconds : float, optional
        Duration of a step.
    steps_per_trial : float, optional
        Steps of a trial, the mean if trials differ.

    Returns
    -------
    Modes
        Table and eigenvectors, by falling modulus.

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


def compute_spectra(fit: Fit, held_out: HeldOutRegimes) -> pd.DataFrame:
    """Compute the eigenvalues of every regime that held-out trials visit.

    Parameters
    ----------
    fit : Fit
        Fit whose networks are taken apart.
    held_out : HeldOutRegimes
        Held-out regimes, see `compute_held_out_regimes`.

    Returns
    -------
    pandas.DataFrame
        One row per fold, regime and eigenvalue: ``fold, n_pwl, regime, code, n_steps, mode, real,
        imag, modulus, time_constant, period, doubling_time`` (steps, see `Modes`) and
        ``time_constant_trials`` (in trials of mean length). Modes by falling modulus.
    """
    heads, values = [], []
    networks = {fold: fit.folds[fold].network for fold in held_out.codes["fold"].unique()}
    keys = ["fold", "n_pwl", "regime", "code", "n_steps"]
    for head in held_out.codes[keys].itertuples(index=False, name=None):
        fold, _, _, code, _ = head
        jacobian = compute_jacobian(networks[fold], code)
        heads += [(*head, mode) for mode in range(len(jacobian))]
        values.append(_by_modulus(np.linalg.eigvals(jacobian)))
    table = _describe(pd.DataFrame(heads, columns=[*keys, "mode"]), np.concatenate(values))
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
