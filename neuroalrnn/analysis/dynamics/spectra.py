"""Eigenvalues of the linear map of each regime."""

import numpy as np
import pandas as pd

from neuroalrnn.analysis.dynamics.maps import compute_jacobian
from neuroalrnn.analysis.latents import chosen_network


def compute_spectra(fit, held_out):
    """Eigenvalues of every regime that held-out trials visit.

    ``tau = -1 / log|lambda|`` steps is the time constant of a decaying mode.

    Parameters
    ----------
    fit : Fit
    held_out : HeldOutRegimes

    Returns
    -------
    pandas.DataFrame
        One row per fold, regime and eigenvalue: ``fold, n_pwl, label, code, n_steps, mode, real,
        imag, modulus, time_constant`` (steps; infinite for modulus 1 and beyond). Modes by falling
        modulus.
    """
    rows = []
    for regime in held_out.codes.itertuples():
        values = np.linalg.eigvals(compute_jacobian(chosen_network(fit, regime.fold), regime.code))
        values = values[np.argsort(-np.abs(values), kind="stable")]
        head = (regime.fold, regime.n_pwl, regime.label, regime.code, regime.n_steps)
        rows += [(*head, mode, v.real, v.imag, abs(v)) for mode, v in enumerate(values)]
    names = ["fold", "n_pwl", "label", "code", "n_steps", "mode", "real", "imag", "modulus"]
    table = pd.DataFrame(rows, columns=names)
    modulus = table["modulus"].to_numpy()
    with np.errstate(divide="ignore"):
        tau = np.where(modulus < 1, -1 / np.log(np.minimum(modulus, 1)), np.inf)
    return table.assign(time_constant=tau)
